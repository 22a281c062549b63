// What one asks of a node: a word while the pointer is on it, and everything on a click.

const tip = byId("tip"), panel = byId("panel");
let chosen = null;

const addFigures = (tensor, parent) => {
  const row = make("div", "figures", "", parent);
  const value = tensor.c <= 3 ? valueWords(tensor) : "";
  if (value) make("code", "", value, row);
  if (tensor.c === 1) return;
  for (const [word, figure] of figuresOf(tensor)) {
    const pair = make("div", "", "", row);
    make("span", "", `${word} `, pair);
    make("code", "", figure, pair);
  }
};

/** Draw a tensor's numbers as a small heat map: blue below zero, orange above, what is not finite in the alarm's colour. */
const addHeat = (tensor, columns, parent) => {
  const rows = Math.ceil(tensor.v.length / columns);
  const canvas = make("canvas", "heat", "", parent);
  canvas.width = columns;
  canvas.height = rows;
  canvas.style.height = `${Math.min(170, Math.max(10, 336 / columns) * rows)}px`;
  const most = Math.max(...tensor.v.map((value) => (typeof value === "number" ? Math.abs(value) : 0))) || 1;
  const paint = canvas.getContext("2d");
  tensor.v.forEach((value, at) => {
    const part = typeof value === "number" ? value / most : 0;
    paint.fillStyle = typeof value !== "number" ? "#ffe34d" : part < 0 ? `rgb(33 113 181 / ${-part})` : `rgb(217 95 14 / ${part})`;
    paint.fillRect(at % columns, Math.floor(at / columns), 1, 1);
  });
};

const addTable = (tensor, columns, parent) => {
  const table = make("table", "", "", make("div", "numbers-table", "", parent));
  for (let at = 0; at < tensor.v.length; at += columns) {
    const row = make("tr", "", "", table);
    for (const value of tensor.v.slice(at, at + columns)) make("td", "", numberWords(value), row);
  }
};

const addTensor = (title, tensor, parent) => {
  make("h3", "", title, parent);
  addFigures(tensor, parent);
  if (!tensor.v) {
    if (tensor.c > 3 && tensor.n !== undefined) make("p", "", say("too_large", { count: tensor.c.toLocaleString("en") }), parent);
    return;
  }
  if (tensor.c <= 3) return;
  // A column is shown as a row, as the explorer does.
  const columns = tensor.w ?? tensor.v.length;
  addHeat(tensor, columns, parent);
  addTable(tensor, columns, parent);
};

const addNeighbours = (title, links, parent) => {
  if (!links.length) return;
  make("h3", "", title, parent);
  const list = make("ul", "", "", parent);
  for (const [box, words, gradient] of links.slice(0, 30)) {
    const button = make("button", "", words, make("li", "", "", list));
    if (gradient) chip(gradient, button);
    button.addEventListener("click", () => choose(box, true));
  }
};

const linkWords = (box, link) => {
  const face = faceOf(box, now.state);
  return [face.title, ...face.tags.slice(0, 2), link.label, face.shape].filter(Boolean).join("  ");
};

const fillPanel = () => {
  const state = now.state, box = chosen, face = faceOf(box, state);
  const scroll = panel.scrollTop;
  panel.replaceChildren();
  const close = make("button", "close", "×", panel);
  close.title = say("close");
  close.addEventListener("click", () => choose(null));
  make("h2", "", [face.title, ...face.tags].join("  "), panel);
  if (box.group !== undefined) describeGroup(box, state);
  else describeNode(box, state);
  addGroups(box, state, panel);
  const links = (end, other) => scene.links.filter((link) => scene.boxes[link[end]] === box)
    .map((link) => [scene.boxes[link[other]], linkWords(scene.boxes[link[other]], link), gradientOfLink(link, state)]);
  addNeighbours(say("from"), links("to", "from"), panel);
  addNeighbours(say("to"), links("from", "to"), panel);
  panel.scrollTop = scroll;
};

const describeNode = (box, state) => {
  const index = box.node, node = state.structure.nodes[index];
  make("p", "", [`#${state.step.ids[index]}`, node.kind, node.call, node.kind === "op" ? node.detail : ""].filter(Boolean).join("  ·  "), panel);
  make("p", "", [node.shape, node.about].filter(Boolean).join("  ·  "), panel);
  const place = [node.module && `${say("module")} ${node.module}`, node.line && `${node.file ? `${node.file}, ` : ""}${say("line", node)}`];
  if (place.some(Boolean)) make("p", "", place.filter(Boolean).join("  ·  "), panel);
  if (node.members) make("p", "", node.members, panel);
  if (!state.isNode(index)) { make("p", "", say("not_yet"), panel); return; }
  const value = tensorOf(state.values[index]), gradient = tensorOf(state.gradients[index]);
  if (value) addTensor(say("value"), value, panel);
  if (gradient) addTensor(node.kind === "op" ? say("upstream") : say("gradient"), gradient, panel);
  else if (faceOf(box, state).states["is-idle"]) make("p", "", say("no_gradient"), panel);
};

/** Show everything about a box, or nothing. */
const choose = (box, isMoving = false) => {
  chosen?.element.classList.remove("is-chosen");
  chosen = box;
  panel.hidden = !box;
  if (!box) return;
  box.element.classList.add("is-chosen");
  panel.scrollTop = 0;
  fillPanel();
  if (isMoving) reveal(box, false);
};

const fillTip = (box) => {
  const face = faceOf(box, now.state);
  tip.replaceChildren();
  make("b", "", [face.title, ...face.tags].join("  "), tip);
  make("div", "", [face.detail, face.shape, face.place].filter(Boolean).join("  ·  "), tip);
  if (face.states["is-future"]) make("div", "", say("not_yet"), tip);
  if (box.group !== undefined) return;
  for (const [word, tensor] of [["value", tensorOf(now.state.values[box.node])], ["gradient", tensorOf(now.state.gradients[box.node])]]) {
    if (!tensor) continue;
    make("h3", "", say(word), tip);
    addFigures(tensor, tip);
    if (tensor.v && tensor.c > 3 && tensor.c <= 32) addTable(tensor, tensor.w ?? tensor.v.length, tip);
  }
};

stage.addEventListener("pointermove", (event) => {
  const box = event.pointerType === "mouse" && !stage.classList.contains("is-moving") ? event.target.closest(".node")?.box : null;
  tip.hidden = !box;
  if (!box) return;
  fillTip(box);
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(8, Math.min(event.clientX + 14, innerWidth - width - 8))}px`;
  tip.style.top = `${event.clientY + 18 + height > innerHeight ? Math.max(8, event.clientY - height - 12) : event.clientY + 18}px`;
});
stage.addEventListener("pointerleave", () => { tip.hidden = true; });

stage.addEventListener("click", (event) => {
  if (moved > 4 || event.target.closest("button, #panel, #legend, #tools")) return;
  choose(event.target.closest(".node")?.box ?? null);
});
stage.addEventListener("keydown", (event) => {
  if ((event.key === "Enter" || event.key === " ") && event.target.classList.contains("node")) {
    event.preventDefault();
    event.stopPropagation();
    choose(event.target.box, true);
  }
});
