// The lesson beside the graph: what it is about, its chapters, and the values of the names at the moment.

const PANES = ["code", "values", "quiz"];

/** Make elements of a text that `prose.py` has read. */
const writeProse = (pieces, parent) => {
  for (const piece of pieces) {
    if (typeof piece === "string") { parent.append(piece); continue; }
    const [tag, ...inside] = piece;
    const made = make(tag, "", "", parent);
    if (tag === "a") {
      made.href = inside.shift();
      made.target = "_blank";
      made.rel = "noopener noreferrer";
    }
    writeProse(inside, made);
  }
};

/** Write a comment of the script: its paragraphs, and what stands between backticks as code. */
const writeTold = (text, parent) => {
  text.split(/`([^`\n]+)`/).forEach((words, at) => {
    if (at % 2) make("code", "", words, parent);
    else parent.append(words);
  });
};

const hasAbout = () => data.hasMoments && (data.run.about.length > 0 || data.run.question !== "" || data.chapters.length > 0);

/** Show what the lesson is about, or the lesson itself. */
const showAbout = (isShown) => {
  document.body.classList.toggle("is-about", isShown && hasAbout());
  byId("about-button").setAttribute("aria-pressed", String(isShown));
};

const writeAbout = () => {
  const about = byId("about");
  writeProse(data.run.about, about);
  if (data.run.question) make("p", "question", data.run.question, about);
  if (data.chapters.length) {
    make("h2", "", say("chapters"), about);
    const list = make("ol", "", "", about);
    data.chapters.forEach(([, title], at) => {
      make("button", "", title, make("li", "", "", list)).addEventListener("click", () => goToChapter(at, true));
    });
  }
  const start = make("button", "start", say("start"), about);
  start.addEventListener("click", () => { pause(); go(0, 0); code.focus({ preventScroll: true }); });
};

// -- chapters ---------------------------------------------------------------------------------------------------------

/** For each moment the place of its chapter, -1 before the first; what has no line of the script goes on with it. */
const placeChapters = () => {
  let chapter = -1;
  for (const step of data.steps) {
    step.chapters = step.events.map((_, at) => {
      if (step.lines[at] && step.files[at] === 1) chapter = data.chapters.filter(([begin]) => begin <= step.lines[at]).length - 1;
      return chapter;
    });
  }
};

/** Go to where a chapter begins: in this step where it does so there (in a loop), else in the first such step. */
const goToChapter = (chapter, isFirst = false) => {
  const order = isFirst ? [...data.steps.keys()] : [now.step, ...data.steps.keys()];
  for (const index of order) {
    const { chapters } = data.steps[index];
    const before = (at) => (at ? chapters[at - 1] : data.steps[index - 1]?.chapters.at(-1) ?? -1);
    const found = chapters.findIndex((one, at) => one === chapter && before(at) !== chapter);
    if (found < 0) continue;
    pause();
    return go(index, found);
  }
  return undefined;
};

const stepChapter = (offset) => {
  const next = now.state.step.chapters[now.moment] + offset;
  if (next >= 0 && next < data.chapters.length) goToChapter(next);
  else if (next < 0) { pause(); go(0, 0); }
};

const writeChapters = () => {
  const select = byId("chapter");
  placeChapters();
  byId("chapters").hidden = !hasAbout();
  for (const id of ["chapter", "chapter-back", "chapter-on"]) byId(id).hidden = !data.chapters.length;
  make("option", "", say("before_chapters"), select).value = "-1";
  data.chapters.forEach(([, title], at) => { make("option", "", `${at + 1}. ${title}`, select).value = String(at); });
  select.addEventListener("change", () => {
    const chapter = Number(select.value);
    if (chapter < 0) go(0, 0);
    else goToChapter(chapter);
    // What no moment of this page lies in cannot be shown.
    showChapter();
  });
};

const showChapter = () => {
  const chapter = now.state.step.chapters[now.moment];
  byId("chapter").value = String(chapter);
  byId("chapter-back").disabled = chapter < 0;
  byId("chapter-on").disabled = chapter >= data.chapters.length - 1;
};

// -- values -----------------------------------------------------------------------------------------------------------

const MOST_ROWS = 200, MOST_NUMBERS = 6;

/** Return a tensor in a cell: few numbers themselves, else its norm. */
const cellWords = (tensor) => {
  if (!tensor || !tensor.v || tensor.c > MOST_NUMBERS || tensor.c <= 3) return valueWords(tensor);
  return `[${tensor.v.map(numberWords).join(", ")}]`;
};

/** Return the nodes that have a name at a moment, the leaves first. */
const namedNodes = (state) => {
  const { nodes } = state.structure;
  const named = nodes.map((_, index) => index)
    .filter((index) => state.isNode(index) && nodes[index].kind !== "output" && (isLeaf(nodes[index]) || data.names[state.names[index]].length));
  return [...named.filter((index) => isLeaf(nodes[index])), ...named.filter((index) => !isLeaf(nodes[index]))];
};

/** Return the nodes of which the moment itself has changed the value, the gradient or the names. */
const changedNodes = ({ step, moment }) => {
  const changed = new Set();
  for (let at = 0; at < step.changes.length && step.changes[at] <= moment; at += 4) {
    if (step.changes[at] === moment && step.changes[at + 1] !== EDGE) changed.add(step.changes[at + 2]);
  }
  return moment ? changed : new Set();
};

const showValues = (state) => {
  const pane = byId("values"), nodes = namedNodes(state), changed = changedNodes(state);
  pane.replaceChildren();
  if (!nodes.length) { make("p", "", say("no_names"), pane); return; }
  const table = make("table", "", "", pane), head = make("tr", "", "", make("thead", "", "", table));
  for (const word of ["name", "value", "gradient"]) make("th", "", say(word), head).scope = "col";
  const body = make("tbody", "", "", table);
  for (const index of nodes.slice(0, MOST_ROWS)) {
    const node = state.structure.nodes[index], { title, tags } = titleOf(state, index);
    const row = make("tr", changed.has(index) ? "is-changed" : "", "", body);
    const name = make("th", "", "", row);
    name.scope = "row";
    const button = make("button", "", node.kind === "op" ? tags.join(", ") : [title, ...tags].join(", "), name);
    make("span", "", ` ${node.shape ?? ""}`, name);
    button.addEventListener("click", () => choose(unfoldTo(index), true));
    make("td", "mono", cellWords(tensorOf(state.values[index])), row);
    const cell = make("td", "", "", row), tensor = tensorOf(state.gradients[index]), gradient = gradientOf(tensor, false);
    if (!gradient) continue;
    const words = cellWords(tensor);
    if (tensor.c > 1 && tensor.c <= MOST_NUMBERS && words) make("code", "", words, cell);
    else chip(gradient, cell);
  }
  if (nodes.length > MOST_ROWS) make("p", "", say("more_names", { count: nodes.length - MOST_ROWS }), pane);
};

// -- panes ------------------------------------------------------------------------------------------------------------

/** Show one of the panes below the narration; where there is room the script stays beside it. */
const showPane = (name) => {
  document.body.dataset.pane = name;
  for (const pane of PANES) byId(`tab-${pane}`).setAttribute("aria-selected", String(pane === name));
  showAbout(false);
  pauseQuiz();
  if (name === "values" && now.state) showValues(now.state);
};

const showWalk = (state) => {
  showChapter();
  if (document.body.dataset.pane === "values") showValues(state);
};

const startWalk = () => {
  writeAbout();
  writeChapters();
  for (const pane of PANES) byId(`tab-${pane}`).addEventListener("click", () => showPane(pane));
  byId("tabs").addEventListener("keydown", (event) => {
    const shown = PANES.filter((pane) => byId(`tab-${pane}`).offsetParent);
    const next = shown[shown.indexOf(document.body.dataset.pane) + { ArrowLeft: -1, ArrowRight: 1 }[event.key]];
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    showPane(next);
    byId(`tab-${next}`).focus();
  });
  byId("chapter-back").addEventListener("click", () => stepChapter(-1));
  byId("chapter-on").addEventListener("click", () => stepChapter(1));
  byId("about-button").addEventListener("click", () => showAbout(!document.body.classList.contains("is-about")));
  byId("about-button").hidden = !hasAbout();
  startQuiz();
  showPane(innerWidth > 760 ? "values" : "code");
};
