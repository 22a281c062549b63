// Moving through the run: the moments of a step, the steps, their losses, keys; and what starts the page.

const now = { step: 0, moment: 0, state: null };
let playing = 0;

const PHASES = {
  setup: "setup", forward: "forward_phase", backward: "backward", update: "update", between: "between", after: "after",
};

const phaseAt = (step, moment) => step.spans.filter(([, begin]) => begin <= moment).at(-1)?.[0] ?? "setup";

/** Go to a moment of a step, both by their places in this page. */
const go = (stepIndex, moment) => {
  const isOtherStep = stepIndex !== now.step || !now.state;
  const before = now.state?.structure;
  const step = data.steps[stepIndex];
  now.step = stepIndex;
  now.moment = Math.max(0, Math.min(moment, step.events.length - 1));
  now.state = stateAt(stepIndex, now.moment);
  if (now.state.structure !== before) changeStructure();
  showScene(now.state);
  showSource(now.state);
  if (before) showAbout(false);
  showWalk(now.state);
  if (isOtherStep) showStep(step);
  showMoment(step);
  if (chosen) fillPanel();
  if (byId("query").value) { matches = findNodes(byId("query").value); match = Math.min(match, matches.length - 1); showMatches(); }
  const ran = scene.boxes.find((box) => box.element.classList.contains("is-now"));
  if (ran && before) reveal(ran, false);
};

const showMoment = (step) => {
  const slider = byId("moment"), sentence = data.said[step.said[now.moment]];
  slider.value = now.moment;
  slider.setAttribute("aria-valuetext", sentence);
  const phase = phaseAt(step, now.moment);
  const words = byId("sentence");
  words.replaceChildren();
  if (data.hasMoments) make("i", `phase ${phase}`, say(PHASES[phase]), words).style.fontStyle = "normal";
  make("span", "", sentence, words).title = sentence;
  const places = [data.run.scenario];
  if (data.count.steps) places.push(say("step_of", { step: step.step, steps: data.count.steps }));
  if (data.count.events) places.push(say("event_of", { event: step.events[now.moment], events: data.count.events }));
  const nodes = now.state.structure.nodes.length;
  if (scene.boxes.length < nodes) places.push(say("folded", { nodes, boxes: scene.boxes.length }));
  byId("place").textContent = [...places, ...data.run.facts].filter(Boolean).join("  ·  ");
  const isFirst = now.step === 0 && now.moment === 0;
  const isLast = now.step === data.steps.length - 1 && now.moment === step.events.length - 1;
  byId("back").disabled = byId("first").disabled = isFirst;
  byId("forward").disabled = byId("last").disabled = isLast;
  byId("step-back").disabled = now.step === 0;
  byId("step-on").disabled = now.step === data.steps.length - 1;
};

const showStep = (step) => {
  byId("moment").max = step.events.length - 1;
  const phases = byId("phases");
  phases.replaceChildren();
  step.spans.forEach(([phase, begin], at) => {
    const end = step.spans[at + 1]?.[1] ?? step.events.length;
    const part = make("i", `phase ${phase}`, "", phases);
    part.style.flexGrow = end - begin;
    part.title = say(PHASES[phase]);
  });
  byId("step").value = now.step;
  byId("step").setAttribute("aria-valuetext", say("step_of", { step: step.step, steps: data.count.steps }));
  const loss = step.loss === null ? say("no_loss") : `${say("loss")} ${step.loss}`;
  byId("loss").textContent = `${say("step_of", { step: step.step, steps: data.count.steps })}\n${loss}`;
  const mark = document.querySelector("#curve .mark");
  if (mark) mark.setAttribute("d", `M${curvePlace(step.step)} 0V100`);
};

const curvePlace = (step) => number((step - 1) / Math.max(1, data.count.steps - 1) * 1000);

/** Draw the losses of all steps; what is not finite leaves a gap. */
const writeCurve = () => {
  const curve = byId("curve");
  curve.setAttribute("viewBox", "0 0 1000 100");
  const finite = data.losses.filter(([, loss]) => typeof loss === "number");
  curve.toggleAttribute("hidden", finite.length < 2);
  if (finite.length < 2) return;
  const lowest = Math.min(...finite.map(([, loss]) => loss)), highest = Math.max(...finite.map(([, loss]) => loss));
  let path = "", isPen = false;
  for (const [step, loss] of data.losses) {
    const isThere = typeof loss === "number";
    if (isThere) path += `${isPen ? "L" : "M"}${curvePlace(step)} ${number(96 - 92 * (loss - lowest) / (highest - lowest || 1))}`;
    isPen = isThere;
  }
  if (data.steps.length < data.count.steps) {
    for (const step of data.steps) drawing("path", { class: "kept", d: `M${curvePlace(step.step)} 92V100` }, curve);
  }
  drawing("path", { d: path }, curve);
  drawing("path", { class: "mark", d: "" }, curve);
  curve.addEventListener("click", (event) => {
    const room = curve.getBoundingClientRect();
    const wanted = 1 + (event.clientX - room.left - 8) / Math.max(1, room.width - 16) * (data.count.steps - 1);
    const near = data.steps.map((step, at) => [Math.abs(step.step - wanted), at]).sort((one, other) => one[0] - other[0])[0][1];
    goToStep(near);
  });
};

/** Go to another step: to the same moment where both have the same ones, else to its end. */
const goToStep = (index) => {
  if (index < 0 || index >= data.steps.length) return;
  const from = data.steps[now.step], to = data.steps[index];
  const isAlike = from.kinds.length === to.kinds.length || now.moment < from.events.length - 1;
  const fromEnd = from.events.length - 1 - now.moment;
  go(index, isAlike ? Math.max(0, to.events.length - 1 - fromEnd) : to.events.length - 1);
};

const stepMoment = (offset) => {
  const moment = now.moment + offset, count = data.steps[now.step].events.length;
  if (moment >= 0 && moment < count) go(now.step, moment);
  else if (offset > 0 && now.step + 1 < data.steps.length) go(now.step + 1, 0);
  else if (offset < 0 && now.step > 0) go(now.step - 1, data.steps[now.step - 1].events.length - 1);
  else return false;
  return true;
};

const pause = () => {
  clearInterval(playing);
  playing = 0;
  byId("play").classList.remove("is-playing");
};

const play = () => {
  if (playing) { pause(); return; }
  byId("play").classList.add("is-playing");
  playing = setInterval(() => { if (!stepMoment(1)) pause(); }, 600);
};

const toggleTheme = () => {
  const isDark = getComputedStyle(document.documentElement).getPropertyValue("--is-dark").trim() === "1";
  document.documentElement.dataset.theme = isDark ? "light" : "dark";
};

const showKeys = () => {
  const keys = byId("keys");
  keys.replaceChildren();
  make("h2", "", say("keys"), keys);
  for (const line of ["keys_moments", "keys_steps", "keys_walk", "keys_view", "keys_other"]) make("p", "", say(line), keys);
  const close = make("button", "", "×", keys);
  close.title = say("close");
  close.addEventListener("click", () => keys.close());
  keys.showModal();
};

const lastOf = (index) => data.steps[index].events.length - 1;
const KEYS = {
  ArrowLeft: () => stepMoment(-1),
  ArrowRight: () => stepMoment(1),
  Home: () => go(0, 0),
  End: () => go(data.steps.length - 1, lastOf(data.steps.length - 1)),
  "[": () => goToStep(now.step - 1),
  "]": () => goToStep(now.step + 1),
  " ": play,
  "+": () => zoomMiddle(1.25),
  "=": () => zoomMiddle(1.25),
  "-": () => zoomMiddle(0.8),
  0: () => fit(),
  t: toggleTheme,
  "/": () => byId("query").focus(),
  "?": showKeys,
  PageUp: () => stepChapter(-1),
  PageDown: () => stepChapter(1),
  i: () => showAbout(!document.body.classList.contains("is-about")),
  v: () => showPane("values"),
  q: () => { if (data.quiz.length) showPane("quiz"); },
  ...Object.fromEntries([1, 2, 3, 4, 5, 6, 7, 8, 9].map((digit) => [digit, () => pressChoice(digit)])),
  Escape: () => choose(null),
};

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("keys").open || !KEYS[event.key]) return;
  // A list of chapters and a button have keys of their own.
  if (event.target.tagName === "SELECT" || (event.key === " " && event.target.closest("#script button"))) return;
  event.preventDefault();
  if (playing && event.key !== " ") pause();
  KEYS[event.key]();
});

const BUTTONS = { first: "Home", back: "ArrowLeft", play: " ", forward: "ArrowRight", last: "End", "step-back": "[",
  "step-on": "]", theme: "t", help: "?" };

const writeNotes = () => {
  const notes = byId("notes");
  if (data.run.error) {
    make("span", "alarm", `${say("error")}: ${data.run.error.text}`, notes);
    if (data.notes.length) notes.append("  ");
  }
  notes.append(data.notes.join("  ·  "));
};

const start = () => {
  writeSource();
  startWalk();
  writeCurve();
  writeNotes();
  for (const [id, key] of Object.entries(BUTTONS)) {
    byId(id).addEventListener("click", () => { if (playing && key !== " ") pause(); KEYS[key](); });
  }
  byId("moment").addEventListener("input", (event) => { pause(); go(now.step, Number(event.target.value)); });
  byId("step").addEventListener("input", (event) => { pause(); goToStep(Number(event.target.value)); });
  byId("step").max = data.steps.length - 1;
  byId("steps").hidden = data.steps.length < 2;
  byId("moments").hidden = !data.hasMoments;
  // The sliders' own arrow keys would move them twice.
  for (const id of ["moment", "step"]) {
    byId(id).addEventListener("keydown", (event) => { if (KEYS[event.key]) event.preventDefault(); });
  }
  go(...data.start);
  if (!data.hasMoments) {
    writeLegend(); // now that the one moment is drawn, it is known what occurs
    document.body.classList.add("has-no-moments");
  }
  // In the picture of two graphs colours and dashes are what it is about.
  byId("legend").open = Boolean(data.isComparison) && stage.clientWidth > 900;
  showAbout(data.isCover);
  fit();
  let width = stage.clientWidth;
  new ResizeObserver(() => { if (stage.clientWidth !== width) { width = stage.clientWidth; fit(); } }).observe(stage);
};

start();
