// Which boxes there are: the groups that are closed, and every node that is in none of them.

const QUIET = new Set(["transpose", "views", "unused"]);
const MOST_BOXES = 1200;

/** For each structure its groups: their members, and which of them are open. */
const prepareGroups = (structure) => {
  const groups = structure.groups;
  for (const group of groups) group.inside = [];
  groups.forEach((group, index) => { if (group.parent >= 0) groups[group.parent].inside.push(index); });
  // Children come after their parents.
  for (let index = groups.length - 1; index >= 0; index -= 1) {
    const group = groups[index];
    group.members = [...group.own, ...group.inside.flatMap((child) => groups[child].members)].sort((one, other) => one - other);
  }
  structure.open = new Set(groups.map((_, index) => index).filter((index) => !groups[index].closed));
  structure.homes = structure.nodes.map(() => -1);
  groups.forEach((group, index) => { for (const node of group.own) structure.homes[node] = index; });
};
data.structures.forEach(prepareGroups);

/** Return the groups around a node or group, the outermost first. */
const groupsAround = (structure, group) => {
  const around = [];
  for (let at = group; at >= 0; at = structure.groups[at].parent) around.unshift(at);
  return around;
};

/** Return the group that stands for a node: the outermost closed one around it, or none. */
const closedAround = (structure, node) => groupsAround(structure, structure.homes[node]).find((group) => !structure.open.has(group)) ?? -1;

const membersOf = (box) => (box.group === undefined ? [box.node] : now.state.structure.groups[box.group].members);

const boxOf = (node) => scene.boxes.find((box) => membersOf(box).includes(node));

const pairs = (numbers) => {
  const points = [];
  for (let at = 0; at < numbers.length; at += 2) points.push([numbers[at], numbers[at + 1]]);
  return points;
};

/** Return the scene that `layout` of Python has placed: no group is closed, and none needs a frame. */
const plainScene = (structure) => ({
  size: structure.layout.size,
  frames: [],
  boxes: structure.nodes.map((node, index) => ({ node: index, kind: node.kind, place: structure.layout.boxes[index] })),
  links: structure.edges.map(([from, to, , , label], index) => ({
    from, to, label, edges: [index], points: pairs(structure.layout.routes[index][0]), room: structure.layout.routes[index][1] || null,
  })),
});

/** Return one link for each edge between boxes; those of a closed group to the same box are one. */
const linksBetween = (structure, boxAt, boxes) => {
  const links = [], bundles = new Map();
  structure.edges.forEach(([source, target, , output, label, width], index) => {
    const from = boxAt[source], to = boxAt[target];
    if (from === to) return;
    const isBundle = boxes[from].group !== undefined || boxes[to].group !== undefined;
    const key = `${from}/${to}`;
    if (isBundle && bundles.has(key)) { bundles.get(key).edges.push(index); return; }
    const link = { from, to, label, width, edges: [index], net: `${from}.${boxes[from].group === undefined ? output : 0}` };
    if (isBundle) bundles.set(key, link);
    links.push(link);
  });
  for (const link of bundles.values()) {
    if (link.edges.length < 2) continue;
    link.label = say("edges", { count: link.edges.length });
    link.width = Math.max(link.width, 104);
  }
  return links;
};

const groupedScene = (structure) => {
  const boxes = [], places = new Map(), boxAt = [];
  structure.nodes.forEach((node, index) => {
    const group = closedAround(structure, index);
    const key = group < 0 ? `node ${index}` : `group ${group}`;
    if (!places.has(key)) {
      places.set(key, boxes.length);
      const about = group < 0 ? node : structure.groups[group];
      boxes.push({ kind: group < 0 ? node.kind : "group", size: about.size, [group < 0 ? "node" : "group"]: group < 0 ? index : group,
        isMinor: group < 0 ? isLeaf(node) || node.kind === "data" : about.kind === "transpose",
        home: group < 0 ? structure.homes[index] : about.parent });
    }
    boxAt[index] = places.get(key);
  });
  const links = linksBetween(structure, boxAt, boxes);
  const root = { children: [] }, containers = new Map([[-1, root]]);
  const containerOf = (group) => {
    if (group < 0) return root;
    // A transpose with its parameter is drawn without a frame.
    if (QUIET.has(structure.groups[group].kind)) return containerOf(structure.groups[group].parent);
    if (!containers.has(group)) {
      const container = { group: structure.groups[group], index: group, children: [], titleWidth: structure.groups[group].size[0], parent: null };
      containers.set(group, container);
      container.parent = containerOf(structure.groups[group].parent);
      container.parent.children.push(container);
    }
    return containers.get(group);
  };
  for (const box of boxes) {
    box.leaf = { box };
    box.container = containerOf(box.home);
    box.container.children.push(box.leaf);
  }
  const wayTo = (box) => {
    const way = [box.leaf];
    for (let at = box.container; at; at = at.parent) way.unshift(at);
    return way;
  };
  links.forEach((link, index) => Object.assign(link, { index, fromWay: wayTo(boxes[link.from]), toWay: wayTo(boxes[link.to]) }));
  const size = layOutTree(root, links);
  const frames = [...containers.values()].filter((container) => container.group);
  return { size, boxes, links, frames };
};

const buildScene = (structure) => {
  const isPlain = structure.layout && structure.groups.every((group, index) => structure.open.has(index));
  return isPlain ? plainScene(structure) : groupedScene(structure);
};

const drawFrame = (frame) => {
  const element = make("div", "frame", "", world);
  Object.assign(element.style, { left: `${frame.x}px`, top: `${frame.y}px`, width: `${frame.width}px`, height: `${frame.height}px` });
  const button = make("button", "", `⊟ ${frame.group.title}`, element);
  button.title = say("fold", { name: frame.group.title });
  button.dataset.group = frame.index;
  button.addEventListener("click", () => toggleGroup(frame.index));
};

const unfoldButton = (box, row) => {
  const button = make("button", "unfold", "⊞", row);
  button.title = say("unfold", { name: now.state.structure.groups[box.group].title });
  button.addEventListener("click", () => toggleGroup(box.group));
};

/** Show the structure anew, with `node` where it was on the screen. */
const redraw = (node) => {
  const before = node === undefined ? null : boxOf(node).place;
  const chosenNode = chosen && membersOf(chosen)[0];
  tip.hidden = true;
  drawScene(buildScene(now.state.structure));
  showScene(now.state);
  showMoment(now.state.step);
  showMatches();
  chosen = null;
  if (chosenNode !== null) choose(boxOf(chosenNode));
  if (before) {
    const after = boxOf(node).place;
    view.x += (before[0] - after[0]) * view.scale;
    view.y += (before[1] - after[1]) * view.scale;
    world.classList.remove("is-gliding");
    applyView();
  }
  byId("fold-all").disabled = !now.state.structure.open.size;
};

/** Open a closed group, or close an open one. */
const toggleGroup = (group) => {
  const { structure } = now.state;
  if (structure.open.has(group)) structure.open.delete(group);
  else structure.open.add(group);
  writeLegendAfter(() => redraw(structure.groups[group].members[0]));
};

/** Open everything that hides a node; returns its box. */
const unfoldTo = (node) => {
  const { structure } = now.state;
  const hidden = groupsAround(structure, structure.homes[node]).filter((group) => !structure.open.has(group));
  if (hidden.length) {
    for (const group of hidden) structure.open.add(group);
    writeLegendAfter(() => redraw());
  }
  return boxOf(node);
};

const foldAll = () => {
  now.state.structure.open.clear();
  writeLegendAfter(() => { redraw(); fit(); });
};

/** Open all groups, the outer ones first, as long as the boxes can be drawn. */
const unfoldAll = () => {
  const { structure } = now.state;
  let boxes = scene.boxes.length;
  structure.groups.forEach((group, index) => {
    if (structure.open.has(index) || (group.parent >= 0 && !structure.open.has(group.parent))) return;
    const more = group.own.length + group.inside.length - 1;
    if (boxes + more > MOST_BOXES) return;
    structure.open.add(index);
    boxes += more;
  });
  writeLegendAfter(() => { redraw(); fit(); });
};

const writeLegendAfter = (change) => {
  change();
  writeLegend();
};

byId("fold-all").addEventListener("click", foldAll);
byId("unfold-all").addEventListener("click", unfoldAll);

const changeStructure = () => {
  const { structure } = now.state;
  choose(null);
  drawScene(buildScene(structure));
  writeLegend();
  byId("fold-all").hidden = byId("unfold-all").hidden = !structure.groups.length;
  byId("fold-all").disabled = !structure.open.size;
};

// -- what a closed group says ---------------------------------------------------------------------------------------

const short = (norm) => Number(norm.toPrecision(3));

/** Return several norms as one: that of all their tensors as one long vector. */
const joinNorms = (tensors, isEdge) => {
  const known = tensors.filter((tensor) => tensor && tensor.d !== undefined);
  if (!known.length) return null;
  if (known.length === 1) return gradientOf(known[0], isEdge);
  const broken = known.find((tensor) => tensor.d === "invalid");
  if (broken) return { text: `${isEdge ? "" : "‖∇‖ "}${numberWords(broken.n)}`, tone: "invalid", level: 5 };
  const norm = Math.hypot(...known.map((tensor) => tensor.n));
  const level = norm ? Math.max(-5, Math.min(5, Math.round(Math.log10(norm)))) : -5;
  return { text: `${isEdge ? "" : "‖∇‖ "}${numberWords(short(norm))}`, tone: norm ? "level" : "zero", level };
};

/** Return the tensors that flowed back along some edges: of one that several of them carry, the sum, where it is known. */
const flowsBack = (edges, state) => {
  const { structure } = state, tensors = new Map();
  for (const edge of edges) {
    const [source, , , output] = structure.edges[edge];
    const key = `${source}.${output}`;
    tensors.set(key, [...(tensors.get(key) ?? []), edge]);
  }
  return [...tensors.values()].map((same) => {
    if (same.length === 1) return tensorOf(state.edges[same[0]]);
    const [source, , , output] = structure.edges[same[0]];
    const every = structure.edges.filter((edge) => edge[0] === source && edge[3] === output).length;
    return every === same.length && !output ? tensorOf(state.gradients[source]) : null;
  });
};

const gradientOfBundle = (link, state) => joinNorms(flowsBack(link.edges, state), true);

/** Return which nodes and edges say something of a group; that does not depend on the moment. */
const factsOf = (structure, group) => {
  if (group.facts) return group.facts;
  const inside = new Set(group.members), isLeafAt = (node) => isLeaf(structure.nodes[node]);
  const from = structure.edges.map((_, index) => index).filter((index) => inside.has(structure.edges[index][0]));
  const results = from.filter((index) => !inside.has(structure.edges[index][1])
    && (group.kind === "transpose" || !isLeafAt(structure.edges[index][0])));
  group.facts = { from, results, leaves: group.members.filter(isLeafAt),
    result: group.members.filter((node) => structure.nodes[node].kind === "op").at(-1) };
  return group.facts;
};

const faceOfGroup = (box, state) => {
  const { structure } = state, group = structure.groups[box.group];
  const { from, results, leaves, result } = factsOf(structure, group);
  const parameters = joinNorms(leaves.map((node) => tensorOf(state.gradients[node])));
  const more = parameters ? [[say(leaves.length === 1 ? "parameter" : "parameters"), parameters]] : [];
  const within = [...group.members.map((node) => tensorOf(state.gradients[node])), ...from.map((edge) => tensorOf(state.edges[edge]))];
  const broken = within.find((tensor) => tensor?.d === "invalid");
  const largest = within.reduce((most, tensor) => (typeof tensor?.n === "number" && tensor.n > (most?.n ?? -1) ? tensor : most), null);
  if (!broken && largest) more.push([say("worst"), gradientOf(largest)]);
  if (broken) more.push(["", { text: say("inside", { word: numberWords(broken.n) }), tone: "invalid", level: 5 }]);
  const isThere = group.members.some((node) => state.isNode(node));
  const isTranspose = group.kind === "transpose";
  return {
    mark: group.mark, change: group.change,
    title: isTranspose && leaves.length ? titleOf(state, leaves[0]).title : group.title, tags: [], more,
    shape: group.shape, detail: group.detail, place: group.line ? say("line", group) : "",
    value: isTranspose && isThere && result !== undefined ? valueWords(tensorOf(state.values[result])) : "",
    gradient: joinNorms(flowsBack(results, state)),
    missing: isThere && leaves.length && !parameters && state.isOver && state.hasLeafGradients ? say("parameters_none") : "",
    states: { "is-future": !isThere, "is-now": group.members.some((node) => state.isNow(node)), "is-idle": false },
  };
};

const describeGroup = (box, state) => {
  const group = state.structure.groups[box.group];
  make("p", "", [group.shape, say("members", { count: group.members.length })].filter(Boolean).join("  ·  "), panel);
  make("p", "", group.about, panel);
  const button = make("button", "", `⊞ ${say("unfold", { name: group.title })}`, panel);
  button.addEventListener("click", () => toggleGroup(box.group));
};

/** Name the open groups around a box in the panel, each to be folded. */
const addGroups = (box, state, parent) => {
  const { structure } = state;
  const around = groupsAround(structure, box.group === undefined ? structure.homes[box.node] : structure.groups[box.group].parent);
  for (const group of around) {
    const button = make("button", "around", `⊟ ${say("fold", { name: structure.groups[group].title })}`, parent);
    button.addEventListener("click", () => toggleGroup(group));
  }
};
