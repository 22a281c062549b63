"""Layers of a directed graph and the order within them: the first half of a layered layout.

Everything here works on plain integers (vertices 0..n-1) and without recursion, so that a chain of any length can be
laid out. The second half, coordinates and routes, is in `columns` and `channels`.

The `fast-sugiyama` package does this first half too, and was measured against it (500 vertices: 30 ms there, 130 ms
here; about as many crossings). It is not used, because it recurses: a chain of 2,000 on a thread with the stack of
macOS, or of 5,000 with that of Windows, ends the process with a segmentation fault, and the explorer with it.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass, field

from graphlab.errors import RenderError
from graphlab.language import _

_VERY_MANY = 20_000
"""Vertices from which on half as many sweeps must do: nobody follows so many lines, and everybody waits for them."""


@dataclass(frozen=True, slots=True)
class Link:
    """An edge as the layout needs it."""

    source: int
    target: int
    slot: int = 0
    output: int = 0


@dataclass(slots=True)
class Leg:
    """The part of a net between two neighbouring layers: it leaves one vertex and reaches one or more below."""

    net: int
    upper: int
    lowers: list[tuple[int, int | None]] = field(default_factory=list)
    """Each vertex below, and the edge that ends there (None: the net goes on)."""


@dataclass(slots=True)
class Layered:
    """A graph cut into layers, in which every leg spans exactly one gap between two layers."""

    count: int
    """Vertices below this number are boxes; the others are bends, where a net passes a layer."""
    ranks: list[int]
    layers: list[list[int]]
    legs: list[list[Leg]]
    """`legs[r]` lie between the layers r and r + 1."""
    nets: list[int]
    """The net of every edge: edges that carry the same tensor share the way until they part."""
    paths: list[list[int]]
    """The vertices that every edge passes, from its source to its target."""


def layer(count: int, links: Sequence[Link]) -> Layered:
    """Cut a graph into layers, insert bends where an edge passes a layer, and order each layer."""
    layered = _insert_bends(count, links, assign_ranks(count, links))
    _order(layered, links)
    return layered


def topological_order(count: int, links: Sequence[Link]) -> list[int]:
    """Return the vertices so that every source stands before its targets."""
    waiting = [0] * count
    targets: list[list[int]] = [[] for _ in range(count)]
    for link in links:
        waiting[link.target] += 1
        targets[link.source].append(link.target)
    order = [vertex for vertex in range(count) if not waiting[vertex]]
    for vertex in order:
        for target in targets[vertex]:
            waiting[target] -= 1
            if not waiting[target]:
                order.append(target)
    if len(order) < count:
        raise RenderError(
            _("the graph has a cycle, so it cannot be drawn; autograd's graphs have none: record it again")
        )
    return order


def assign_ranks(count: int, links: Sequence[Link]) -> list[int]:
    """Return the layer of every vertex: sources above targets, and edges short.

    After the longest path has fixed what must lie below what, a vertex with slack goes where its edges are shortest
    in sum; where that makes no difference it goes down, so that a parameter, its transpose and the like end up right
    above the op that uses them.
    """
    order = topological_order(count, links)
    above: list[list[int]] = [[] for _ in range(count)]
    below: list[list[int]] = [[] for _ in range(count)]
    for link in links:
        above[link.target].append(link.source)
        below[link.source].append(link.target)
    ranks = [0] * count
    for vertex in order:
        ranks[vertex] = max((ranks[source] + 1 for source in above[vertex]), default=0)
    weights = _weights(order, above, below)
    goes_down = [bool(below[vertex]) and len(below[vertex]) >= weights[vertex] for vertex in range(count)]
    for _unused in range(4):
        has_moved = False
        for vertex in reversed(order):
            if goes_down[vertex]:
                lowest = min(ranks[target] for target in below[vertex]) - 1
                has_moved |= lowest != ranks[vertex]
                ranks[vertex] = lowest
        for vertex in order:
            if not goes_down[vertex] and above[vertex]:
                highest = max(ranks[source] for source in above[vertex]) + 1
                has_moved |= highest != ranks[vertex]
                ranks[vertex] = highest
        if not has_moved:
            break
    return ranks


def _weights(order: list[int], above: list[list[int]], below: list[list[int]]) -> list[float]:
    """Return for each vertex how much longer lines get for each layer that it goes down.

    A source that nothing else uses goes along if that is cheaper than a longer line; one that others use too has a
    line that goes on to them anyway.
    """
    weights = [0.0] * len(order)
    for vertex in order:
        weights[vertex] = sum(0.25 if len(below[source]) > 1 else min(1.0, weights[source]) for source in above[vertex])
    return weights


def _insert_bends(count: int, links: Sequence[Link], ranks: list[int]) -> Layered:
    """Give every edge its net, and every net one bend in each layer that it passes."""
    nets: dict[tuple[int, int, int], int] = {}
    parallel: dict[tuple[int, int, int], int] = {}
    net_of: list[int] = []
    for link in links:
        # The second edge between the same two vertices is a net of its own: `x * x` shows two lines.
        twin = parallel[link.source, link.output, link.target] = (
            parallel.get((link.source, link.output, link.target), -1) + 1
        )
        net_of.append(nets.setdefault((link.source, link.output, twin), len(nets)))

    ranks = list(ranks)
    layers: list[list[int]] = [[] for _ in range(max(ranks, default=-1) + 1)]
    legs: list[list[Leg]] = [[] for _ in layers[1:]]
    ends: list[list[int]] = [[] for _ in nets]
    for index, net in enumerate(net_of):
        ends[net].append(index)
    paths: list[list[int]] = [[] for _ in links]
    for (source, _unused, _unused), net in nets.items():
        ends[net].sort(key=lambda index: ranks[links[index].target])
        trunk = [source]
        leg: Leg | None = None
        for index in ends[net]:
            target = links[index].target
            while ranks[trunk[-1]] + 1 < ranks[target]:
                bend = len(ranks)
                ranks.append(ranks[trunk[-1]] + 1)
                leg = _leg_from(legs, leg, net, trunk[-1], ranks)
                leg.lowers.append((bend, None))
                trunk.append(bend)
            leg = _leg_from(legs, leg, net, trunk[-1], ranks)
            leg.lowers.append((target, index))
            paths[index] = [*trunk, target]
    return Layered(count, ranks, layers, legs, net_of, paths)


def _leg_from(legs: list[list[Leg]], current: Leg | None, net: int, upper: int, ranks: list[int]) -> Leg:
    if current is not None and current.upper == upper:
        return current
    leg = Leg(net, upper)
    legs[ranks[upper]].append(leg)
    return leg


def _order(layered: Layered, links: Sequence[Link]) -> None:
    """Order every layer so that few legs cross: sweeps of barycentres, then exchanges of neighbours."""
    size = len(layered.ranks)
    inputs: list[list[tuple[int, int]]] = [[] for _ in range(size)]
    lowers: list[list[int]] = [[] for _ in range(size)]
    for gap in layered.legs:
        for leg in gap:
            for lower, edge in leg.lowers:
                inputs[lower].append((0 if edge is None else links[edge].slot, leg.upper))
                lowers[leg.upper].append(lower)
    uppers = [[upper for _, upper in sorted(found)] for found in inputs]
    best = _first_order(layered, uppers, lowers)
    fewest = _count_crossings(best, lowers)
    # Fixed numbers of rounds, not a time limit: the same graph must give the same picture on every machine.
    is_small = size < 3_000
    sweeps = 8 if size < _VERY_MANY else 4
    stale = 0
    for first in range(4 if is_small else 1):
        layers, before = best, fewest
        for sweep in range(first, first + sweeps):
            is_down = sweep % 2 == 0
            layers = _sweep(layers, uppers if is_down else lowers, is_down=is_down)
            if is_small:
                layers = _exchange(layers, uppers, lowers, rounds=2)
            crossings = _count_crossings(layers, lowers)
            if crossings < fewest:
                best, fewest = layers, crossings
        stale = 0 if fewest < before else stale + 1
        if stale == 2 or not fewest:
            break
    layered.layers = best


def _first_order(layered: Layered, uppers: list[list[int]], lowers: list[list[int]]) -> list[list[int]]:
    """Walk up from the results, inputs in the order of their slots: a tree is then drawn without a crossing."""
    layers: list[list[int]] = [[] for _ in layered.layers]
    is_seen = [False] * len(layered.ranks)
    stack = [vertex for vertex in reversed(range(len(layered.ranks))) if not lowers[vertex]]
    while stack:
        vertex = stack.pop()
        if is_seen[vertex]:
            continue
        is_seen[vertex] = True
        layers[layered.ranks[vertex]].append(vertex)
        stack.extend(upper for upper in reversed(uppers[vertex]) if not is_seen[upper])
    return layers


def _sweep(layers: list[list[int]], neighbours: list[list[int]], *, is_down: bool) -> list[list[int]]:
    """Order each layer by the mean place of its neighbours in the layer before it, from top or from bottom."""
    swept = [list(members) for members in layers]
    place = [0.0] * len(neighbours)
    for members in layers:
        for index, vertex in enumerate(members):
            place[vertex] = float(index)
    for members in swept if is_down else reversed(swept):
        means = {}
        for index, vertex in enumerate(members):
            near = neighbours[vertex]
            if len(near) == 1:  # most are bends, which have one
                means[vertex] = place[near[0]]
            else:
                # Without a neighbour there, a vertex keeps its place.
                means[vertex] = sum([place[other] for other in near]) / len(near) if near else float(index)
        members.sort(key=means.__getitem__)
        for index, vertex in enumerate(members):
            place[vertex] = float(index)
    return swept


def _count_crossings(layers: list[list[int]], lowers: list[list[int]]) -> int:
    place = [0] * len(lowers)
    for members in layers:
        for index, vertex in enumerate(members):
            place[vertex] = index
    total = 0
    for members in layers:
        seen: list[int] = []
        for upper in members:
            below = lowers[upper]
            if not below:
                continue
            # Most have one line down, and most of these lie at the right of all before: counted in the shortest way.
            ends = [place[below[0]]] if len(below) == 1 else sorted(place[lower] for lower in below)
            if not seen or ends[0] >= seen[-1]:
                seen += ends
                continue
            total += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def _exchange(
    layers: list[list[int]], uppers: list[list[int]], lowers: list[list[int]], rounds: int
) -> list[list[int]]:
    """Exchange neighbours in a layer wherever that saves a crossing, until nothing does."""
    layers = [list(members) for members in layers]
    place = {vertex: index for members in layers for index, vertex in enumerate(members)}
    # A layer is looked at again only if it, or one beside it, has changed since.
    now = 0
    seen = [-1] * len(layers)
    changed = [0] * (len(layers) + 2)
    for _unused in range(rounds):
        has_improved = False
        for row, members in enumerate(layers):
            if max(changed[row : row + 3]) < seen[row]:
                continue
            now += 1
            seen[row] = now
            for index in range(len(members) - 1):
                left, right = members[index], members[index + 1]
                gain = 0
                for neighbours in (uppers, lowers):
                    before, after = neighbours[left], neighbours[right]
                    if before and after:
                        gain += _saved(before, after, place)
                if gain > 0:
                    members[index], members[index + 1] = right, left
                    place[left], place[right] = index + 1, index
                    changed[row + 1] = now
                    has_improved = True
        if not has_improved:
            break
    return layers


def _saved(before: list[int], after: list[int], place: dict[int, int]) -> int:
    """Return how many crossings fewer there are if the vertex with the neighbours `after` stands first."""
    if len(before) == len(after) == 1:
        one, two = place[before[0]], place[after[0]]
        return (one > two) - (one < two)
    lefts, rights = [place[other] for other in before], [place[other] for other in after]
    return sum((left > right) - (left < right) for left in lefts for right in rights)
