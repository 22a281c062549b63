// The picture: boxes are elements of the page, lines are one SVG below them. A scene is what is drawn (boxes, links and
// where they are); it is built once, and then only what a moment changes is changed.

const world = byId("world");
let scene = null;

const CORNER = 7, ARROW = 6;

const number = (value) => String(Math.round(value * 100) / 100);

/** Return the outline of a box: kinds differ in shape as well as in colour. */
const outlinePath = (kind, width, height) => {
  const rounded = (radius) => {
    const r = Math.min(radius, width / 2, height / 2);
    return `M${r} 0H${width - r}a${r} ${r} 0 0 1 ${r} ${r}V${height - r}a${r} ${r} 0 0 1 ${-r} ${r}`
      + `H${r}a${r} ${r} 0 0 1 ${-r} ${-r}V${r}a${r} ${r} 0 0 1 ${r} ${-r}z`;
  };
  const cut = Math.min(8, height / 3);
  if (kind === "parameter") return `M0 0H${width}V${height}H0z`;
  if (kind === "output") return rounded(24);
  if (kind === "leaf") {
    return `M${cut} 0H${width - cut}L${width} ${cut}V${height - cut}L${width - cut} ${height}H${cut}L0 ${height - cut}V${cut}z`;
  }
  if (kind === "data") return `M0 0H${width - cut}L${width} ${cut}V${height}H0z`;
  return rounded(9);
};

const drawOutline = (kind, width, height, parent) => {
  const svg = drawing("svg", { class: "outline" }, parent);
  drawing("rect", { class: "halo", x: -6, y: -6, width: width + 12, height: height + 12, rx: 14 }, svg);
  if (kind === "group") drawing("path", { class: "shape", d: outlinePath(kind, width, height), transform: "translate(4 4)" }, svg);
  drawing("path", { class: "shape", d: outlinePath(kind, width, height) }, svg);
  const cut = Math.min(8, height / 3);
  if (kind === "parameter") drawing("rect", { class: "bar", width: 5, height }, svg);
  if (kind === "data") drawing("path", { class: "bar", d: `M${width - cut} 0V${cut}H${width}z` }, svg);
};

/** Return a line through points that run along the axes, its corners rounded. */
const linePath = (points) => {
  let path = `M${number(points[0][0])} ${number(points[0][1])}`;
  for (let at = 1; at < points.length; at += 1) {
    const [x, y] = points[at], [beforeX, beforeY] = points[at - 1], after = points[at + 1];
    if (!after) { path += `L${number(x)} ${number(y)}`; break; }
    const length = Math.hypot(x - beforeX, y - beforeY), next = Math.hypot(after[0] - x, after[1] - y);
    const radius = Math.min(CORNER, length / 2, next / 2);
    if (!radius) continue;
    const from = [x + (beforeX - x) / length * radius, y + (beforeY - y) / length * radius];
    const to = [x + (after[0] - x) / next * radius, y + (after[1] - y) / next * radius];
    path += `L${number(from[0])} ${number(from[1])}Q${number(x)} ${number(y)} ${number(to[0])} ${number(to[1])}`;
  }
  return path;
};

const drawLink = (link, lines, labels) => {
  const points = link.points.map((point) => [...point]);
  const [x, y] = points.at(-1), [beforeX, beforeY] = points.at(-2);
  const isDown = Math.abs(x - beforeX) < 0.01;
  const away = isDown ? [0, Math.sign(beforeY - y) || -1] : [Math.sign(beforeX - x) || -1, 0];
  points[points.length - 1] = [x + away[0] * ARROW * 0.8, y + away[1] * ARROW * 0.8];
  link.line = drawing("path", { class: "edge", d: linePath(points) }, lines);
  const half = ARROW * 0.62, back = [x + away[0] * ARROW, y + away[1] * ARROW];
  const wing = [away[1] * half, away[0] * half];
  link.arrow = drawing("path", { class: "arrow",
    d: `M${number(x)} ${number(y)}L${number(back[0] + wing[0])} ${number(back[1] + wing[1])}L${number(back[0] - wing[0])} ${number(back[1] - wing[1])}z` }, lines);
  link.pill = null;
  if (!link.room) return;
  const [left, top, width, height] = link.room;
  const pill = make("div", "pill", "", labels);
  // Of the room the arrow's part stays free: it lies below, or at the right.
  pill.style.left = `${left + (height > 17.5 ? width : width - 9) / 2}px`;
  pill.style.top = `${top + 8.5}px`;
  link.pill = pill;
};

const drawNode = (box, index) => {
  const [x, y, width, height] = box.place;
  const element = make("div", `node ${box.kind}`, "", world);
  Object.assign(element.style, { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` });
  element.id = `box-${index}`;
  element.tabIndex = 0;
  element.setAttribute("role", "button");
  element.box = box;
  drawOutline(box.kind, width, height, element);
  box.rows = [0, 1, 2, 3].map(() => make("div", "row", "", element));
  box.element = element;
  box.signature = "";
};

/** Put a scene on the page. */
const drawScene = (next) => {
  scene = next;
  world.replaceChildren();
  const [width, height] = scene.size;
  Object.assign(world.style, { width: `${width}px`, height: `${height}px` });
  for (const frame of scene.frames) drawFrame(frame);
  const lines = drawing("svg", { width, height }, world);
  const labels = document.createDocumentFragment();
  for (const link of scene.links) drawLink(link, lines, labels);
  scene.boxes.forEach(drawNode);
  world.append(labels);
  scene.lines = lines;
  byId("empty").hidden = scene.boxes.length > 0;
};

const chip = (gradient, parent) => {
  const made = make("span", `chip is-${gradient.tone}`, gradient.text, parent);
  if (gradient.tone === "level") paintChip(made, gradient.level);
  return made;
};

const paintChip = (element, level) => {
  element.style.setProperty("--chip", `var(--chip${level + 5})`);
  element.style.setProperty("--on-chip", `var(--on-chip${level + 5})`);
};

const showBox = (box, state) => {
  const face = faceOf(box, state);
  const signature = JSON.stringify(face);
  if (signature === box.signature) return;
  box.signature = signature;
  const { element, rows } = box;
  if (face.mark) element.classList.add("is-marked", `is-${face.mark}`);
  for (const [name, is] of Object.entries(face.states)) element.classList.toggle(name, is);
  element.setAttribute("aria-label", [face.title, ...face.tags, face.shape, face.value, face.gradient?.text].filter(Boolean).join(", "));
  for (const row of rows) row.replaceChildren();
  if (box.group !== undefined) unfoldButton(box, rows[0]);
  if (face.mark) make("span", `mark is-${face.mark}`, data.signs[face.mark], rows[0]);
  make("b", "", face.title, rows[0]);
  for (const tag of face.tags.slice(0, 3)) make("span", "tag", tag, rows[0]);
  if (face.tags.length > 3) make("span", "tag", `+${face.tags.length - 3}`, rows[0]);
  if (face.shape) make("code", "", face.shape, rows[0]);
  make("span", "", face.detail, rows[1]);
  if (face.place) make("span", "", face.place, rows[1]);
  if (face.change) make("span", "", face.change, rows[3]);
  if (face.value) make("code", "", face.value, rows[2]);
  for (const [words, gradient] of face.more) {
    const text = words ? `${words} ${gradient.text}` : gradient.text;
    chip({ ...gradient, text }, rows[2]);
  }
  if (face.missing) make("span", "", face.missing, rows[2]);
  if (face.gradient) chip(face.gradient, rows[2]).classList.add("right");
  else if (face.states["is-idle"]) make("span", "right", say("no_gradient"), rows[2]);
};

/** Return what stands in a box at a moment. */
const faceOf = (box, state) => {
  if (box.group !== undefined) return faceOfGroup(box, state);
  const index = box.node, node = state.structure.nodes[index];
  const isThere = state.isNode(index);
  const { title, tags } = titleOf(state, index);
  const gradient = gradientOf(tensorOf(state.gradients[index]));
  const parameters = gradientOf(tensorOf(state.parameters[index]));
  // What a gradient has flowed back to, and has none now, was cleared since: no lack.
  const wasReached = () => state.structure.edges.some(([source], edge) => source === index && state.edges[edge] >= 0);
  const isIdle = isThere && isLeaf(node) && state.isOver && state.hasLeafGradients && state.gradients[index] < 0 && !wasReached();
  const more = parameters ? [[say("parameters"), parameters]] : [];
  if (node.invalid) more.push(["", { text: say("inside", { word: node.invalid }), tone: "invalid", level: 5 }]);
  return {
    title, tags, more, shape: node.shape ?? "", detail: node.detail, place: node.line ? say("line", node) : "",
    value: isThere ? valueWords(tensorOf(state.values[index])) : "", gradient, mark: node.mark, change: node.change,
    states: { "is-future": !isThere, "is-now": state.isNow(index), "is-idle": isIdle },
  };
};

const strength = (gradient, isThere) => {
  if (!gradient) return isThere ? 0 : -1;
  return { zero: 1, level: 2 + Math.abs(gradient.level), invalid: 99 }[gradient.tone];
};

const showLink = (link, state) => {
  const isThere = link.edges.some((edge) => state.isEdge(edge));
  const gradient = isThere ? gradientOfLink(link, state) : null;
  link.strength = strength(gradient, isThere);
  const classes = { "is-future": !isThere, "has-gradient": gradient !== null, "is-zero": gradient?.tone === "zero",
    "is-invalid": gradient?.tone === "invalid" };
  for (const [name, is] of Object.entries(classes)) {
    link.line.classList.toggle(name, is);
    link.arrow.classList.toggle(name, is);
  }
  const marks = new Set(link.edges.map((edge) => state.structure.marks[edge]));
  const mark = marks.size === 1 ? [...marks][0] : [...marks].some(Boolean) ? "changed" : "";
  if (mark) for (const part of [link.line, link.arrow]) part.classList.add("is-marked", `is-${mark}`);
  const color = gradient?.tone === "level" ? `var(--line${gradient.level + 5})` : "";
  link.line.style.stroke = color;
  link.arrow.style.fill = color;
  if (!link.pill) return;
  link.pill.replaceChildren();
  if (link.label) make("code", "", link.label, link.pill);
  if (gradient) chip(gradient, link.pill);
  link.pill.style.opacity = isThere ? "" : "0.45";
};

/** Return the gradient of all edges that a link stands for; of several only where one tensor tells all of it. */
const gradientOfLink = (link, state) => {
  if (link.edges.length === 1) return gradientOf(tensorOf(state.edges[link.edges[0]]), true);
  return gradientOfBundle(link, state);
};

/** Show the scene as it is at a moment. */
const showScene = (state) => {
  for (const box of scene.boxes) showBox(box, state);
  for (const link of scene.links) showLink(link, state);
  // Where links share their way the strongest is seen.
  const order = [...scene.links].sort((one, other) => one.strength - other.strength);
  if (order.some((link, at) => link !== scene.order?.[at])) {
    for (const link of order) scene.lines.append(link.line, link.arrow);
    scene.order = order;
  }
};
