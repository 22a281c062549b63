// Which boxes there are: every node by itself.

const membersOf = (box) => [box.node];

const boxOf = (node) => scene.boxes.find((box) => membersOf(box).includes(node));

const unfoldTo = (node) => boxOf(node);

const pairs = (numbers) => {
  const points = [];
  for (let at = 0; at < numbers.length; at += 2) points.push([numbers[at], numbers[at + 1]]);
  return points;
};

const plainScene = (structure) => ({
  size: structure.layout.size,
  frames: [],
  boxes: structure.nodes.map((node, index) => ({ node: index, kind: node.kind, place: structure.layout.boxes[index] })),
  links: structure.edges.map(([from, to, , , label], index) => ({
    from, to, label, edges: [index], points: pairs(structure.layout.routes[index][0]), room: structure.layout.routes[index][1] || null,
  })),
});

const changeStructure = () => {
  choose(null);
  drawScene(plainScene(now.state.structure));
  writeLegend();
};
