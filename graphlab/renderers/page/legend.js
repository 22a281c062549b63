// What the colours and shapes mean: only what occurs in the graph is explained.

const legendEntry = (words, parent) => {
  const entry = make("div", "entry", "", parent);
  return { entry, tell: () => make("span", "", words, entry) };
};

const legendBox = (kind, words, parent, states = "") => {
  const { entry, tell } = legendEntry(words, parent);
  const box = make("span", `node ${kind} ${states}`, "", entry);
  drawOutline(kind, 26, 15, box);
  tell();
};

/** Whether something with these classes is, or at another moment may be, in the picture. */
const occurs = (selector) => data.hasMoments || byId("world").querySelector(selector) !== null;

const writeLegend = () => {
  const entries = byId("legend-entries");
  entries.replaceChildren();
  const kinds = new Set(scene.boxes.map((box) => box.kind));
  for (const [kind, words] of Object.entries(data.kinds)) if (kinds.has(kind)) legendBox(kind, words, entries);
  if (occurs(".node.is-now")) legendBox("op", say("just_ran"), entries, "is-now");
  if (occurs(".is-future")) legendBox("op", say("not_yet"), entries, "is-future");
  const { nodes, marks } = now.state.structure;
  const marked = new Set([...nodes.map((node) => node.mark), ...marks]);
  for (const [mark, words] of Object.entries(data.marks)) {
    if (!marked.has(mark)) continue;
    const { entry, tell } = legendEntry(words, entries);
    make("span", `mark is-${mark}`, data.signs[mark], entry);
    const stroke = drawing("svg", { viewBox: "0 0 30 4", class: "stroke" }, entry);
    drawing("path", { d: "M0 2H30", class: `edge is-marked is-${mark}` }, stroke);
    tell();
  }
  const variable = legendEntry(say("variable"), entries);
  make("span", "tag", "ab", variable.entry).style.setProperty("--border", "var(--muted)");
  variable.tell();
  const scale = make("div", "scale", "", entries);
  make("span", "", say("scale"), scale);
  const bar = make("span", "", "1e-5 ", scale);
  for (let level = -5; level <= 5; level += 1) paintChip(make("i", "", "", bar), level);
  bar.append(" 1e5");
  for (const tone of ["zero", "invalid"]) {
    if (!occurs(`.chip.is-${tone}`)) continue;
    const { entry, tell } = legendEntry(say(tone), entries);
    chip({ tone, text: tone === "zero" ? "0" : "NaN" }, entry);
    tell();
  }
};
