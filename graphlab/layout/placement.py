"""One connected graph as boxes and routes: the steps of a layered layout, put together.

Layers and their order come from `layers`, columns from `columns`, tracks from `channels`; here boxes get their ports
and rows, and every edge its polyline. All of it works for points on a page and for cells of a terminal alike: lengths
are distances between what is first and what is last, so a box of five cells spans four.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from graphlab.layout.channels import Wire, assign_tracks
from graphlab.layout.columns import Extents, Gaps, place_columns
from graphlab.layout.layers import Layered, Link, layer, topological_order


@dataclass(frozen=True, slots=True)
class Spacing:
    """The free space between things, in the caller's unit."""

    gaps: Gaps
    ports: float
    """Between two places where lines enter or leave the same box."""
    lead: float
    """From a box to the first track below it, and from the last track to the box below."""
    track: float
    """Between two horizontal lines."""
    least: float
    """Between two layers that only straight lines join."""
    clearance: float
    """Between two vertical lines that go different ways."""
    unit: float
    """Every column is a multiple of this."""
    apart: float
    """Between unconnected parts below one another."""


@dataclass(frozen=True, slots=True)
class Item:
    """A box to be placed: how far it reaches to either side of its middle, and down."""

    left: float
    right: float
    height: float
    inset: float
    """How far from its corners a line may leave it or enter it."""
    is_minor: bool = False


@dataclass(frozen=True, slots=True)
class Tag:
    """Room kept beside the end of an edge, right above the box it enters, for a label."""

    left: float = 0.0
    right: float = 0.0
    height: float = 0.0


@dataclass(slots=True)
class Placement:
    """Where everything of one connected graph is, from (0, 0)."""

    width: float
    height: float
    anchors: list[float]
    tops: list[float]
    items: list[Item]
    points: list[list[tuple[float, float]]]
    nets: list[int]
    rows: list[tuple[float, float]]
    """The top and the bottom of every layer."""


@dataclass(slots=True)
class _Ports:
    """The column at which every net leaves its box, and every edge enters its own."""

    out: dict[tuple[int, int], float] = field(default_factory=dict)
    into: dict[int, float] = field(default_factory=dict)


def place(items: Sequence[Item], links: Sequence[Link], tags: Sequence[Tag], spacing: Spacing) -> Placement:
    """Place one connected graph."""
    layered = layer(len(items), links)
    wide = _widen(layered, items, links, tags, spacing)
    bends = len(layered.ranks) - len(items)
    extents = Extents([item.left for item in wide] + [0.0] * bends, [item.right for item in wide] + [0.0] * bends)
    columns = place_columns(layered, extents, spacing.gaps, _importance(wide, links))
    unit = spacing.unit
    anchors = [math.floor(column / unit) * unit for column in columns]
    low = min(anchor - left for anchor, left in zip(anchors, extents.left, strict=True))
    anchors = [anchor - low for anchor in anchors]
    ports = _place_ports(layered, wide, links, tags, spacing, anchors)
    wires, tracks = _wire(layered, links, ports, anchors, spacing)
    rows, tops = _place_rows(layered, wide, links, tags, spacing, tracks)
    points = _routes(layered, wide, links, ports, anchors, wires, rows, tops, spacing)
    right = max(anchor + reach for anchor, reach in zip(anchors, extents.right, strict=True))
    columns_used = [x for route in points for x, _ in route]
    # An additional bend may reach beyond the boxes.
    shift = -min(0.0, *columns_used) if columns_used else 0.0
    if shift:
        anchors = [anchor + shift for anchor in anchors]
        points = [[(x + shift, y) for x, y in route] for route in points]
    width = max([right + shift, *(x + shift for x in columns_used)])
    return Placement(width, rows[-1][1], anchors[: len(items)], tops, wide, points, layered.nets, rows)


def _importance(items: Sequence[Item], links: Sequence[Link]) -> dict[tuple[int, int], int]:
    """Return how much each edge should be straight: 2 along the longest ways, 1 along others, 0 from parameters.

    A parameter gives way to the chain of ops, and so does what is made of a single one, as its transpose is.
    """
    count = len(items)
    sources: list[list[int]] = [[] for _ in items]
    targets: list[list[int]] = [[] for _ in items]
    for link in links:
        sources[link.target].append(link.source)
        targets[link.source].append(link.target)
    minor = [item.is_minor for item in items]
    depth = [0] * count
    height = [0] * count
    order = topological_order(count, links)
    for vertex in order:
        if len(sources[vertex]) == 1 and minor[sources[vertex][0]]:
            minor[vertex] = True
        elif not minor[vertex]:
            depth[vertex] = 1 + max((depth[source] for source in sources[vertex]), default=0)
    for vertex in reversed(order):
        height[vertex] = 1 + max((height[target] for target in targets[vertex]), default=0)
    importance = {}
    for link in links:
        # Of two ways of about the same length neither is the longer: both are drawn aside, symmetrically.
        is_deepest = depth[link.source] + 2 >= max(depth[source] for source in sources[link.target])
        is_highest = height[link.target] + 2 >= max(height[target] for target in targets[link.source])
        is_main = is_deepest and is_highest
        importance[link.source, link.target] = 0 if minor[link.source] else 2 if is_main else 1
    return importance


def _widen(
    layered: Layered, items: Sequence[Item], links: Sequence[Link], tags: Sequence[Tag], spacing: Spacing
) -> list[Item]:
    """Make boxes wide enough for their ports and for the labels above these."""
    below: list[set[int]] = [set() for _ in items]
    above = [0.0] * len(items)
    for link, tag, net in zip(links, tags, layered.nets, strict=True):
        below[link.source].add(net)
        above[link.target] += tag.left + tag.right + spacing.ports
    wide = []
    for index, item in enumerate(items):
        needed = max(above[index], len(below[index]) * spacing.ports) - spacing.ports + 2 * item.inset
        lack = max(0.0, needed - item.left - item.right)
        half = math.ceil(lack / 2 / spacing.unit) * spacing.unit
        wide.append(replace(item, left=item.left + half, right=item.right + half))
    return wide


def _place_ports(
    layered: Layered,
    items: Sequence[Item],
    links: Sequence[Link],
    tags: Sequence[Tag],
    spacing: Spacing,
    anchors: Sequence[float],
) -> _Ports:
    """Put ports where lines become straight, as far as boxes are wide and ports need room."""
    ports = _Ports()
    leaving: list[list[tuple[int, list[tuple[int, int | None]]]]] = [[] for _ in items]
    entering: list[list[tuple[int, int, int]]] = [[] for _ in items]
    for gap in layered.legs:
        for leg in gap:
            if leg.upper < layered.count:
                leaving[leg.upper].append((leg.net, leg.lowers))
            for lower, edge in leg.lowers:
                if edge is not None:
                    entering[lower].append((leg.net, leg.upper, edge))
    for box, nets in enumerate(leaving):
        _place_leaving(box, nets, items, spacing, anchors, ports)
    for box, edges in enumerate(entering):
        _place_entering(box, edges, items, links, tags, spacing, anchors, ports)
    for box, nets in enumerate(leaving):
        _follow(box, nets, items, spacing, anchors, ports)
    return ports


def _place_leaving(
    box: int,
    nets: list[tuple[int, list[tuple[int, int | None]]]],
    items: Sequence[Item],
    spacing: Spacing,
    anchors: Sequence[float],
    ports: _Ports,
) -> None:
    if not nets:
        return
    middle = anchors[box]
    low = middle - items[box].left + items[box].inset
    high = middle + items[box].right - items[box].inset
    wishes = []
    for net, lowers in nets:
        goals = [anchors[lower] for lower, _ in lowers]
        wish = sum(goals) / len(goals)
        if len(nets) == 1:
            wish = middle
            lower = lowers[0][0]
            if len(lowers) == 1:
                reach = items[lower] if lower < len(items) else Item(0.0, 0.0, 0.0, 0.0)
                near, far = goals[0] - reach.left + reach.inset, goals[0] + reach.right - reach.inset
                straight = min(max(middle, near), far)
                # From the middle, unless the line becomes straight elsewhere.
                wish = straight if low <= straight <= high else middle
        wishes.append((wish, net))
    wishes.sort()
    spread = spread_out([min(max(wish, low), high) for wish, _ in wishes], [spacing.ports] * len(nets), low, high)
    for (_, net), column in zip(wishes, spread, strict=True):
        ports.out[net, box] = math.floor(column / spacing.unit) * spacing.unit


def _follow(
    box: int,
    nets: list[tuple[int, list[tuple[int, int | None]]]],
    items: Sequence[Item],
    spacing: Spacing,
    anchors: Sequence[float],
    ports: _Ports,
) -> None:
    """Move a port above where its nearest edge enters a box, where that makes a line straight after all."""
    low = anchors[box] - items[box].left + items[box].inset
    high = anchors[box] + items[box].right - items[box].inset
    for net, lowers in nets:
        now = ports.out[net, box]
        goals = [ports.into[edge] if edge is not None else anchors[lower] for lower, edge in lowers]
        goal = min(goals, key=lambda column: (abs(column - now), column))
        others = [ports.out[other, box] for other, _ in nets if other != net]
        if low <= goal <= high and all(
            abs(goal - other) >= spacing.ports and (goal < other) == (now < other) for other in others
        ):
            ports.out[net, box] = goal
        elif len(nets) == 1:
            # A line that must bend leaves from the middle.
            ports.out[net, box] = anchors[box]


def _place_entering(
    box: int,
    edges: list[tuple[int, int, int]],
    items: Sequence[Item],
    links: Sequence[Link],
    tags: Sequence[Tag],
    spacing: Spacing,
    anchors: Sequence[float],
    ports: _Ports,
) -> None:
    if not edges:
        return
    arriving = sorted(
        (ports.out.get((net, upper), anchors[upper]), links[edge].slot, edge) for net, upper, edge in edges
    )
    low = anchors[box] - items[box].left + items[box].inset + tags[arriving[0][2]].left
    high = anchors[box] + items[box].right - items[box].inset - tags[arriving[-1][2]].right
    needs = [0.0]
    for (_, _, one), (_, _, two) in pairwise(arriving):
        needs.append(tags[one].right + spacing.ports + tags[two].left)
    wishes = [min(max(column, low), high) for column, _, _ in arriving]
    if len(arriving) == 1 and wishes[0] != arriving[0][0]:
        wishes = [anchors[box]]
    # A line that can be straight counts far more than one that bends anyway.
    weights = [64.0 if wish == column else 1.0 for wish, (column, _, _) in zip(wishes, arriving, strict=True)]
    spread = spread_out(wishes, needs, low, high, weights)
    for (_, _, edge), column in zip(arriving, spread, strict=True):
        ports.into[edge] = math.floor(column / spacing.unit) * spacing.unit


def spread_out(
    wishes: Sequence[float], needs: Sequence[float], low: float, high: float, weights: Sequence[float] | None = None
) -> list[float]:
    """Return places near the wishes, in their order, each `needs[i]` or more after the one before it.

    The sum of weighted squared distances is the least possible (pooling adjacent violators), then all is pushed
    between `low` and `high`.
    """
    offsets: list[float] = []
    for index, need in enumerate(needs):
        offsets.append(offsets[-1] + need if index else 0.0)
    pools: list[tuple[float, float, int]] = []
    for index, wish in enumerate(wishes):
        weight = weights[index] if weights else 1.0
        pool = (wish - offsets[index], weight, 1)
        while pools and pools[-1][0] >= pool[0]:
            mean, mass, count = pools.pop()
            total = mass + pool[1]
            pool = ((mean * mass + pool[0] * pool[1]) / total, total, count + pool[2])
        pools.append(pool)
    top = high - offsets[-1]
    levels = [min(max(mean, low), top) for mean, _, count in pools for _ in range(count)]
    return [level + offset for level, offset in zip(levels, offsets, strict=True)]


def _wire(
    layered: Layered, links: Sequence[Link], ports: _Ports, anchors: Sequence[float], spacing: Spacing
) -> tuple[list[dict[tuple[int, int], Wire]], list[int]]:
    """Route every gap; return for each gap its wires by net and upper vertex, and the number of its tracks."""
    wires: list[dict[tuple[int, int], Wire]] = []
    tracks: list[int] = []
    for gap in layered.legs:
        found = {
            (leg.net, leg.upper): Wire(
                ports.out.get((leg.net, leg.upper), anchors[leg.upper]),
                [anchors[lower] if edge is None else ports.into[edge] for lower, edge in leg.lowers],
            )
            for leg in gap
        }
        tracks.append(assign_tracks(list(found.values()), spacing.clearance, spacing.unit))
        wires.append(found)
    return wires, tracks


def _place_rows(
    layered: Layered,
    items: Sequence[Item],
    links: Sequence[Link],
    tags: Sequence[Tag],
    spacing: Spacing,
    tracks: Sequence[int],
) -> tuple[list[tuple[float, float]], list[float]]:
    """Return the top and bottom of every layer, and the top of every box."""
    heights = [0.0] * len(layered.layers)
    bands = [0.0] * len(layered.layers)
    for index, item in enumerate(items):
        heights[layered.ranks[index]] = max(heights[layered.ranks[index]], item.height)
    for link, tag in zip(links, tags, strict=True):
        rank = layered.ranks[link.target]
        bands[rank] = max(bands[rank], tag.height)
    rows: list[tuple[float, float]] = []
    y = 0.0
    for rank, height in enumerate(heights):
        if rank:
            count = tracks[rank - 1]
            y += max(spacing.least, 2 * spacing.lead + (count - 1) * spacing.track if count else 0.0) + bands[rank]
        rows.append((y, y + height))
        y += height
    unit = spacing.unit
    tops = []
    for index, item in enumerate(items):
        top, bottom = rows[layered.ranks[index]]
        # What only gives stands close to what takes it; everything else in the middle of its layer.
        room = bottom - top - item.height
        tops.append(top + (room if item.is_minor else math.floor(room / 2 / unit) * unit))
    return rows, tops


def _routes(
    layered: Layered,
    items: Sequence[Item],
    links: Sequence[Link],
    ports: _Ports,
    anchors: Sequence[float],
    wires: Sequence[dict[tuple[int, int], Wire]],
    rows: Sequence[tuple[float, float]],
    tops: Sequence[float],
    spacing: Spacing,
) -> list[list[tuple[float, float]]]:
    routes = []
    for edge, (link, path) in enumerate(zip(links, layered.paths, strict=True)):
        net = layered.nets[edge]
        source = link.source
        points = [(ports.out[net, source], tops[source] + items[source].height)]
        for upper, lower in pairwise(path):
            rank = layered.ranks[upper]
            wire = wires[rank][net, upper]
            bottom = ports.into[edge] if lower < layered.count else anchors[lower]
            first = rows[rank][1] + spacing.lead
            points += [(x, first + track * spacing.track) for x, track in wire.turns(bottom)]
        points.append((ports.into[edge], tops[link.target]))
        routes.append(simplify(points))
    return routes


def simplify(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Leave out points that lie between their neighbours on a straight line."""
    kept: list[tuple[float, float]] = []
    for point in points:
        if kept and kept[-1] == point:
            continue
        while len(kept) > 1 and (kept[-2][0] == kept[-1][0] == point[0] or kept[-2][1] == kept[-1][1] == point[1]):
            kept.pop()
        kept.append(point)
    return kept
