// Where boxes and lines go once groups are opened and closed: a layered layout, from top to bottom.
//
// Every open group is laid out by itself and is then one large box in what is around it; tensors enter through its upper
// edge and leave through its lower one. Between two layers lines run along tracks only, and through a layer only where a
// place is kept for them, so that no line crosses a box. Nothing is random: the same groups give the same picture.

const GAP = 28, LINE_GAP = 14, TRACK = 9, LEAD = 13, ARROW_ROOM = 9, PILL_ROOM = 17;
const PADDING = 16, HEADER = 30;
const PORT = 12;

/** Return the rank of every item: below all that it takes from; what only gives stands close to what takes it. */
const rankItems = (items, edges) => {
  const ins = items.map(() => []), outs = items.map(() => []);
  edges.forEach((edge) => { ins[edge.to].push(edge.from); outs[edge.from].push(edge.to); });
  const waiting = ins.map((sources) => sources.length);
  const order = items.map((_, at) => at).filter((at) => !waiting[at]);
  for (const at of order) for (const target of outs[at]) if (!(waiting[target] -= 1)) order.push(target);
  const ranks = items.map(() => 0), isLoose = items.map(() => false);
  for (const at of order) {
    for (const source of ins[at]) ranks[at] = Math.max(ranks[at], ranks[source] + 1);
    isLoose[at] = !items[at].isEntry && (!ins[at].length || (ins[at].length === 1 && isLoose[ins[at][0]]));
  }
  for (const at of [...order].reverse()) {
    if (isLoose[at] && outs[at].length) ranks[at] = Math.min(...outs[at].map((target) => ranks[target])) - 1;
  }
  const last = 1 + Math.max(...ranks.filter((_, at) => !items[at].isExit), 0);
  return ranks.map((rank, at) => (items[at].isExit ? last : rank));
};

/** Cut edges into hops from one layer to the next; a tensor that goes further has one place in each layer between. */
const cutEdges = (items, edges, ranks) => {
  const cells = items.map((item, at) => ({ item: at, rank: ranks[at], width: item.width, ups: [], downs: [] }));
  const places = new Map(), hops = [];
  const join = (from, to, net, edge) => {
    const hop = { from, to, net, edge, width: edge === null ? 0 : edges[edge].width };
    hops.push(hop);
    from.downs.push(hop);
    to.ups.push(hop);
  };
  edges.forEach((edge, at) => {
    let cell = cells[edge.from];
    edge.way = [];
    for (let rank = ranks[edge.from] + 1; rank < ranks[edge.to]; rank += 1) {
      const key = `${edge.from}/${edge.net}/${rank}`;
      if (!places.has(key)) {
        const place = { item: -1, rank, width: 0, ups: [], downs: [] };
        places.set(key, place);
        cells.push(place);
        join(cell, place, edge.net, null);
      }
      cell = places.get(key);
      edge.way.push(cell);
    }
    join(cell, cells[edge.to], edge.net, at);
  });
  const layers = [];
  for (const cell of cells) (layers[cell.rank] ??= []).push(cell);
  return { cells, hops, layers: Array.from(layers, (layer) => layer ?? []) };
};

const countCrossings = (layers) => {
  let crossings = 0;
  for (const layer of layers) {
    const ends = layer.flatMap((cell) => cell.downs.map((hop) => [cell.at, hop.to.at]));
    for (let one = 0; one < ends.length; one += 1) {
      for (let other = one + 1; other < ends.length; other += 1) {
        crossings += (ends[one][0] - ends[other][0]) * (ends[one][1] - ends[other][1]) < 0;
      }
    }
  }
  return crossings;
};

/** Order each layer so that few lines cross: again and again each cell goes to the middle of what it is tied to. */
const orderLayers = (layers, items) => {
  const number = (layer) => layer.forEach((cell, at) => { cell.at = at; });
  layers.forEach(number);
  let best = layers.map((layer) => [...layer]), least = countCrossings(layers);
  // A port of a wide group lies left or right in it.
  const lean = (cell, net, side) => {
    const ports = cell.item >= 0 && items[cell.item][side];
    return ports && ports.has(net) ? ports.get(net) / items[cell.item].width - 0.5 : 0;
  };
  for (let sweep = 0; sweep < 12 && least; sweep += 1) {
    const isDown = sweep % 2 === 0;
    for (const layer of isDown ? layers : [...layers].reverse()) {
      for (const cell of layer) {
        const hops = isDown ? cell.ups : cell.downs;
        const ends = hops.map((hop) => (isDown ? hop.from.at + lean(hop.from, hop.net, "outs") : hop.to.at + lean(hop.to, hop.net, "ins")));
        cell.wish = ends.length ? ends.reduce((sum, end) => sum + end, 0) / ends.length : cell.at;
      }
      layer.sort((one, other) => one.wish - other.wish || one.at - other.at);
      number(layer);
    }
    const crossings = countCrossings(layers);
    if (crossings < least) { least = crossings; best = layers.map((layer) => [...layer]); }
  }
  best.forEach(number);
  return best;
};

/** Say where on its cells each hop begins and ends: lines into a box in the order in which they come, with room for labels. */
const placePorts = (layers, items) => {
  for (const layer of layers) {
    for (const cell of layer) {
      const item = items[cell.item];
      const middle = cell.width / 2;
      const coming = [...cell.ups].sort((one, other) => one.from.at - other.from.at);
      const room = (hop) => Math.max(PORT, hop.width + 6);
      const total = coming.reduce((sum, hop) => sum + room(hop), 0);
      let at = middle - total / 2;
      // What comes from the one op right above enters in the middle, that a chain of ops stands straight.
      const ops = coming.filter((hop) => hop.from.item >= 0 && items[hop.from.item].child && !items[hop.from.item].isMinor);
      if (ops.length === 1 && cell.width > total + 8) {
        const before = coming.slice(0, coming.indexOf(ops[0])).reduce((sum, hop) => sum + room(hop), 0);
        at = Math.max(4, Math.min(cell.width - total - 4, middle - before - room(ops[0]) / 2));
      }
      for (const hop of coming) {
        hop.enters = item?.ins?.get(hop.net) ?? at + room(hop) / 2;
        at += room(hop);
      }
      const nets = [...new Set([...cell.downs].sort((one, other) => one.to.at - other.to.at).map((hop) => hop.net))];
      for (const hop of cell.downs) {
        hop.leaves = item?.outs?.get(hop.net) ?? middle + (nets.indexOf(hop.net) - (nets.length - 1) / 2) * PORT;
      }
    }
  }
};

/** Place the cells of a layer as near to their wishes as their order and the gaps between them allow. */
const settle = (layer) => {
  let offset = 0;
  const blocks = [];
  layer.forEach((cell, at) => {
    if (at) offset += layer[at - 1].width + (cell.item < 0 || layer[at - 1].item < 0 ? LINE_GAP : GAP);
    cell.offset = offset;
    let block = { sum: (cell.wish - offset) * cell.weight, weight: cell.weight, cells: [cell] };
    // Neighbours that wish to pass one another move as one.
    while (blocks.length && blocks.at(-1).sum / blocks.at(-1).weight > block.sum / block.weight) {
      const before = blocks.pop();
      block = { sum: before.sum + block.sum, weight: before.weight + block.weight, cells: [...before.cells, ...block.cells] };
    }
    blocks.push(block);
  });
  for (const block of blocks) for (const cell of block.cells) cell.x = block.sum / block.weight + cell.offset;
};

/** Let a box's only line enter where it comes down, if that is but a little aside. */
const straighten = (cell, items) => {
  if (cell.ups.length !== 1 || cell.item < 0 || !items[cell.item].child || items[cell.item].ins) return;
  const [hop] = cell.ups, at = hop.from.x + hop.leaves - cell.x;
  if (Math.abs(at - hop.enters) < 24 && at > 14 && at < cell.width - 14) hop.enters = at;
};

/** Place all cells across: lines straight where that can be, a long line above all. */
const placeAcross = (layers, items) => {
  for (const layer of layers) {
    for (const cell of layer) Object.assign(cell, { wish: 0, weight: 1, x: 0 });
    settle(layer);
    const middle = layer.length ? (layer.at(-1).x + layer.at(-1).width) / 2 : 0;
    for (const cell of layer) cell.x -= middle;
  }
  const isPlace = (cell) => cell.item < 0 || !items[cell.item].child;
  const isMinor = (cell) => cell.item >= 0 && items[cell.item].isMinor;
  const weigh = ({ from, to }) => (isPlace(from) && isPlace(to) ? 8 : isPlace(from) || isPlace(to) ? 2 : 1);
  const wishOf = (cell, hops, isDown) => {
    // A parameter follows its op, never the op its parameters.
    const strong = hops.filter((hop) => !isMinor(hop.from));
    let sum = 0, weight = 0;
    for (const hop of strong.length ? strong : hops) {
      const pull = weigh(hop);
      sum += pull * (isDown ? hop.from.x + hop.leaves - hop.enters : hop.to.x + hop.enters - hop.leaves);
      weight += pull;
    }
    cell.wish = weight ? sum / weight : cell.x;
    cell.weight = strong.length || !isDown ? Math.max(weight, 0.05) : 0.05;
  };
  for (let sweep = 0; sweep < 9; sweep += 1) {
    const isDown = sweep % 2 === 0;
    for (const layer of isDown ? layers : [...layers].reverse()) {
      for (const cell of layer) wishOf(cell, isDown ? cell.ups : cell.downs, isDown);
      settle(layer);
    }
  }
  // Lines stand straight now from above; what only gives moves over what takes it.
  for (const layer of [...layers].reverse()) {
    for (const cell of layer) {
      wishOf(cell, cell.ups.length ? [] : cell.downs, false);
      if (cell.ups.length) cell.weight = 100;
    }
    settle(layer);
  }
  const cells = layers.flat();
  const left = Math.min(...cells.map((cell) => cell.x)), right = Math.max(...cells.map((cell) => cell.x + cell.width));
  for (const cell of cells) cell.x -= left;
  for (const cell of cells) straighten(cell, items);
  return right - left;
};

/** Give each tensor that turns between two layers a track of its own there; returns how many tracks there are. */
const assignTracks = (hops) => {
  const nets = new Map();
  for (const hop of hops) {
    hop.x1 = hop.from.x + hop.leaves;
    hop.x2 = hop.to.x + hop.enters;
    if (Math.abs(hop.x1 - hop.x2) < 0.75) hop.x2 = hop.x1;
    const key = `${hop.x1}/${hop.net}`;
    if (!nets.has(key)) nets.set(key, { hops: [], ends: [], start: hop.x1, track: -1, above: [] });
    nets.get(key).hops.push(hop);
  }
  const turning = [...nets.values()].filter((net) => net.hops.some((hop) => hop.x1 !== hop.x2));
  for (const net of turning) {
    net.ends = net.hops.map((hop) => hop.x2).filter((x) => x !== net.start);
    net.left = Math.min(net.start, ...net.ends);
    net.right = Math.max(net.start, ...net.ends);
  }
  // Where one goes down on the way on which another comes, the other must turn first.
  for (const net of turning) net.above = turning.filter((other) => other !== net && net.ends.some((x) => Math.abs(x - other.start) < 5));
  const waiting = [...turning].sort((one, other) => one.left - other.left || one.right - other.right);
  const tracks = [];
  while (waiting.length) {
    const free = waiting.findIndex((net) => net.above.every((other) => other.track >= 0));
    const [net] = waiting.splice(Math.max(free, 0), 1);
    let track = Math.max(0, ...net.above.map((other) => other.track + 1));
    while (tracks[track]?.some((other) => other.left < net.right + 6 && net.left < other.right + 6)) track += 1;
    (tracks[track] ??= []).push(net);
    net.track = track;
    for (const hop of net.hops) hop.track = track;
  }
  return tracks.length;
};

/** Place layers below one another and bend the lines between them. */
const placeDown = (layers, hops, items) => {
  const between = layers.map(() => []);
  for (const hop of hops) between[hop.from.rank].push(hop);
  let y = 0;
  layers.forEach((layer, rank) => {
    for (const cell of layer) cell.y = y;
    const bottom = y + Math.max(0, ...layer.map((cell) => (cell.item < 0 ? 0 : items[cell.item].height)));
    const tracks = assignTracks(between[rank]);
    const labels = Math.max(0, ...between[rank].map((hop) => (hop.width ? PILL_ROOM : 0)));
    if (rank < layers.length - 1) y = bottom + LEAD + tracks * TRACK + (labels ? labels + ARROW_ROOM : LEAD);
    else y = bottom;
    for (const hop of between[rank]) hop.turn = bottom + LEAD + (hop.track ?? 0) * TRACK;
  });
  return y;
};

/** Lay out items and the edges between them; returns the size, and gives items their x and y and edges their points. */
const layered = (items, edges) => {
  const ranks = rankItems(items, edges);
  const cut = cutEdges(items, edges, ranks);
  const layers = orderLayers(cut.layers, items);
  placePorts(layers, items);
  const width = placeAcross(layers, items);
  const height = placeDown(layers, cut.hops, items);
  items.forEach((item, at) => { item.x = cut.cells[at].x; item.y = cut.cells[at].y; });
  const hopTo = new Map();
  for (const hop of cut.hops) hopTo.set(hop.edge === null ? hop.to : hop.edge, hop);
  edges.forEach((edge, at) => {
    const way = [...edge.way.map((place) => hopTo.get(place)), hopTo.get(at)];
    const from = items[edge.from];
    edge.points = [[way[0].x1, from.y + from.height]];
    for (const hop of way) if (hop.x1 !== hop.x2) edge.points.push([hop.x1, hop.turn], [hop.x2, hop.turn]);
    edge.points.push([way.at(-1).x2, items[edge.to].y]);
  });
  return { width, height };
};

/** Lay out what is in one group, or the whole: first the open groups in it, then its boxes, ports and lines. */
const layOutInside = (container, links) => {
  const items = [], edges = [], known = new Map();
  const itemOf = (key, make) => {
    if (!known.has(key)) { known.set(key, items.length); items.push(make()); }
    return known.get(key);
  };
  for (const child of container.children) {
    if (child.children) layOutInside(child, links);
    const isOpen = Boolean(child.children);
    itemOf(child, () => ({
      child, width: isOpen ? child.width : child.box.size[0], height: isOpen ? child.height : child.box.size[1],
      isMinor: !isOpen && child.box.isMinor, ins: isOpen ? child.ins : null, outs: isOpen ? child.outs : null,
    }));
  }
  const seen = new Map();
  container.edges = new Map();
  for (const link of links) {
    const source = link.fromWay.indexOf(container), target = link.toWay.indexOf(container);
    if (source < 0 && target < 0) continue;
    const port = (isEntry) => ({ width: 0, height: 0, isEntry, isExit: !isEntry, net: link.net });
    const from = source >= 0 ? link.fromWay[source + 1] : `entry ${link.net}`;
    const to = target >= 0 ? link.toWay[target + 1] : `exit ${link.net}`;
    if (from === to) continue;
    const isFinal = target >= 0 && target === link.toWay.length - 2;
    const key = `${itemOf(from, () => port(true))}/${link.net}/${itemOf(to, () => port(false))}${isFinal ? `/${link.index}` : ""}`;
    if (!seen.has(key)) {
      seen.set(key, edges.length);
      edges.push({ from: known.get(from), to: known.get(to), net: link.net, width: isFinal ? link.width : 0 });
    }
    container.edges.set(link, edges[seen.get(key)]);
  }
  // A box is as wide as the labels of what comes in need.
  items.forEach((item, at) => {
    if (!item.child || item.ins) return;
    const room = edges.filter((edge) => edge.to === at).reduce((sum, edge) => sum + Math.max(PORT, edge.width + 6), 0);
    item.width = Math.max(item.width, room + 8);
  });
  const { width, height } = items.length ? layered(items, edges) : { width: 0, height: 0 };
  container.items = items;
  const isRoot = !container.group;
  const [pad, top] = isRoot ? [0, 0] : [PADDING, HEADER];
  const wide = Math.max(width, isRoot ? 0 : container.titleWidth);
  const shift = (wide - width) / 2;
  Object.assign(container, { width: wide + 2 * pad, height: height + top + pad, left: pad + shift, top, ins: new Map(), outs: new Map() });
  for (const item of items) {
    if (item.isEntry) container.ins.set(item.net, item.x + pad + shift);
    if (item.isExit) container.outs.set(item.net, item.x + pad + shift);
  }
};

/** Say where everything in a container lies in the whole picture. */
const anchor = (container, x, y) => {
  Object.assign(container, { x, y });
  for (const item of container.items) {
    if (!item.child) continue;
    const left = x + container.left + item.x, top = y + container.top + item.y;
    if (item.child.children) anchor(item.child, left, top);
    else item.child.box.place = [left, top, item.width, item.height];
  }
};

const isSame = (one, other) => Math.abs(one - other) < 0.01;

/** Return a line's corners, without those that it runs straight through. */
const corners = (points) => points.filter(([x, y], at) => {
  const before = points[at - 1], after = points[at + 1];
  if (!before || !after) return true;
  if (isSame(x, before[0]) && isSame(y, before[1])) return false;
  return !(isSame(x, before[0]) && isSame(x, after[0])) && !(isSame(y, before[1]) && isSame(y, after[1]));
});

/** Lay out a tree of open groups and boxes; boxes get their places, links their points and the room of their labels. */
const layOutTree = (root, links) => {
  layOutInside(root, links);
  anchor(root, 0, 0);
  for (const link of links) {
    // From the innermost group of the source out to the one that holds both, and in again.
    const shared = link.toWay.filter((container) => link.fromWay.includes(container)).length;
    const way = [...link.fromWay.slice(shared - 1, -1).reverse(), ...link.toWay.slice(shared, -1)];
    const points = way.flatMap((container) => container.edges.get(link).points
      .map(([x, y]) => [x + container.x + container.left, y + container.y + container.top]));
    // Between two containers a line goes on where it left off: through the frame.
    link.points = corners(points);
    const [x, y] = link.points.at(-1);
    link.room = link.width ? [x - link.width / 2, y - PILL_ROOM - ARROW_ROOM, link.width, PILL_ROOM + ARROW_ROOM] : null;
  }
  return [root.width, root.height];
};
