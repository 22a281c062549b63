// What the page holds: the run, unpacked, and what the graph is at any moment of it.
// `steps.py`, `structures.py` and `tensors.py` say what is packed how.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);

/** Return the page's own words, with what stands in {braces} filled in. */
const say = (key, facts = {}) => data.words[key].replace(/\{(\w+)\}/g, (_, name) => facts[name]);

/** Make an element with a class and a text; never from HTML, since all texts come from somebody's script. */
const make = (tag, kind, text, parent) => {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  if (text) made.textContent = text;
  if (parent) parent.append(made);
  return made;
};

const drawing = (tag, facts, parent) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(facts)) made.setAttribute(name, value);
  if (parent) parent.append(made);
  return made;
};

/** Return a number as every picture of graphlab writes it; it has been rounded to the digits that are shown. */
const numberWords = (number) => {
  if (typeof number !== "number") return number;
  const size = Math.abs(number);
  if (size && (size < 1e-3 || size >= 1e4)) return number.toExponential().replace("e+", "e");
  return String(number);
};

const tensorOf = (number) => (number < 0 ? null : data.tensors[number]);

/** Return a tensor's value in a few words. */
const valueWords = (tensor) => {
  if (!tensor) return "";
  if (tensor.x !== undefined) return tensor.x;
  return tensor.n === undefined ? "" : `${say("norm")} ${numberWords(tensor.n)}`;
};

/** Return a gradient's number and its colour: on an edge with three digits, in a node with four and its sign. */
const gradientOf = (tensor, isEdge) => {
  if (!tensor || tensor.d === undefined) return null;
  const norm = numberWords(tensor.n);
  const text = isEdge ? tensor.e ?? norm : tensor.g ?? norm;
  const level = { zero: -5, invalid: 5 }[tensor.d] ?? tensor.d;
  const tone = typeof tensor.d === "number" ? "level" : tensor.d;
  return { text: isEdge ? text : `${tensor.c === 1 ? "∇" : "‖∇‖"} ${text}`, tone, level };
};

/** Return norm and extremes of a tensor, each with its word. */
const figuresOf = (tensor) => {
  const figures = [["norm", tensor.n], ["min", tensor.l], ["max", tensor.h], ["mean", tensor.m]]
    .filter(([, figure]) => figure !== undefined)
    .map(([word, figure]) => [say(word), numberWords(figure)]);
  if (tensor.nan) figures.push(["NaN", String(tensor.nan)]);
  if (tensor.inf) figures.push(["∞", String(tensor.inf)]);
  return figures;
};

const VALUE = 0, GRADIENT = 1, EDGE = 2, NAMES = 3, PARAMETERS = 4;

/** Return the graph at a moment: which tensor each node and edge has, and what is there at all. */
const stateAt = (stepIndex, moment) => {
  const step = data.steps[stepIndex];
  const structure = data.structures[step.structure];
  const nodes = structure.nodes.length, edges = structure.edges.length;
  const state = {
    step, stepIndex, moment, structure,
    values: new Int32Array(nodes).fill(-1), gradients: new Int32Array(nodes).fill(-1),
    edges: new Int32Array(edges).fill(-1), names: new Int32Array(nodes), parameters: new Int32Array(nodes).fill(-1),
  };
  const columns = [state.values, state.gradients, state.edges, state.names, state.parameters];
  const changes = step.changes;
  for (let at = 0; at < changes.length && changes[at] <= moment; at += 4) {
    columns[changes[at + 1]][changes[at + 2]] = changes[at + 3];
  }
  const backward = step.kinds.slice(0, moment + 1).filter((kind) => kind === "backward_start" || kind === "backward_end");
  state.isOver = backward.at(-1) === "backward_end";
  state.isNode = (node) => step.born[node] <= moment;
  state.isEdge = (edge) => step.edges[edge] <= moment;
  state.isNow = (node) => step.now[moment] === node || step.born[node] === moment;
  state.hasLeafGradients = structure.nodes.some((node, index) => isLeaf(node) && state.gradients[index] >= 0);
  return state;
};

const isLeaf = (node) => node.kind === "parameter" || node.kind === "leaf";

/** Return the first name that a variable gives a node in a step. */
const firstName = (step, index) => {
  const changes = step.changes;
  for (let at = 0; at < changes.length; at += 4) {
    if (changes[at + 1] === NAMES && changes[at + 2] === index && changes[at + 3]) return data.names[changes[at + 3]][0];
  }
  return "";
};

/** Return what a node is called at a moment, and the other variables that mean it. */
const titleOf = (state, index) => {
  const node = state.structure.nodes[index];
  const names = data.names[state.names[index]];
  if (node.kind === "op" || node.kind === "group") return { title: node.title, tags: names };
  // What has no name yet is called what it will be called.
  const title = (node.name && node.title) || names[0] || firstName(state.step, index) || node.title;
  return { title, tags: names.filter((name) => name !== title) };
};
