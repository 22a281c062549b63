"""Where each vertex of a layered graph stands from left to right.

This is the method of Brandes and Köpf with boxes of different widths: vertices that belong under one another are
aligned into blocks four times (towards each of the four corners), each alignment is packed, and the mean of the two
middle results is taken. A net that passes many layers stays straight, as do chains of ops: a leg between two ops
outranks one that comes from a parameter, so that parameters stand beside the chain and do not push it sideways.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from graphlab.layout.layers import Layered


@dataclass(frozen=True, slots=True)
class Gaps:
    """The free space kept between neighbours in a layer."""

    boxes: float
    box_and_net: float
    nets: float


@dataclass(frozen=True, slots=True)
class Extents:
    """How far each vertex reaches to the left and to the right of its anchor."""

    left: Sequence[float]
    right: Sequence[float]


def place_columns(layered: Layered, extents: Extents, gaps: Gaps, importance: Importance) -> list[float]:
    """Return the anchor of every vertex."""
    if not layered.layers:
        return []
    segments = _alignable(layered, importance)
    results = []
    for is_up in (False, True):
        for is_mirrored in (False, True):
            layers = [members[::-1] for members in layered.layers] if is_mirrored else layered.layers
            if is_mirrored:
                mirrored = Extents(extents.right, extents.left)
                placed = _pack(layered, layers, mirrored, gaps, _align(layers, segments, is_up=is_up))
                placed = [-anchor for anchor in placed]
            else:
                placed = _pack(layered, layers, extents, gaps, _align(layers, segments, is_up=is_up))
            results.append(placed)
    return _balance(results, extents)


Importance = Mapping[tuple[int, int], int]
"""How much an edge between two boxes should be straight: 0 to 2. Nets that pass layers rank before all of them."""

Segments = list[list[tuple[int, int]]]
"""For each gap between layers, the pairs (upper, lower) that may be aligned."""


def _alignable(layered: Layered, importance: Importance) -> Segments:
    """Return the pairs worth aligning: of each vertex its highest ranks, and none that a higher crosses."""
    count = layered.count
    place = {vertex: index for members in layered.layers for index, vertex in enumerate(members)}

    def rank(upper: int, lower: int) -> int:
        bends = (upper >= count) + (lower >= count)
        return importance[upper, lower] if not bends else 3 if bends == 2 else 1

    kept: Segments = []
    for gap in layered.legs:
        pairs = sorted({(leg.upper, lower) for leg in gap for lower, _ in leg.lowers})
        ranks = {pair: rank(*pair) for pair in pairs}
        best_up: dict[int, int] = {}
        best_down: dict[int, int] = {}
        for (upper, lower), value in ranks.items():
            best_down[upper] = max(best_down.get(upper, 0), value)
            best_up[lower] = max(best_up.get(lower, 0), value)
        free: list[tuple[int, int]] = []
        for level in (3, 2, 1, 0):
            level_pairs = [pair for pair in pairs if ranks[pair] == level]
            higher = _Crossed([(place[upper], place[lower]) for upper, lower in free])
            free += [
                (upper, lower)
                for upper, lower in level_pairs
                if best_down[upper] == level == best_up[lower] and not higher.crosses(place[upper], place[lower])
            ]
        kept.append(free)
    return kept


class _Crossed:
    """Answers whether a segment crosses any of a set of segments."""

    def __init__(self, segments: list[tuple[int, int]]) -> None:
        segments = sorted(segments)
        self._uppers = [upper for upper, _ in segments]
        self._highest = [-1]
        for _, lower in segments:
            self._highest.append(max(self._highest[-1], lower))
        self._lowest = [1 << 60]
        for _, lower in reversed(segments):
            self._lowest.append(min(self._lowest[-1], lower))
        self._lowest.reverse()

    def crosses(self, upper: int, lower: int) -> bool:
        return (
            self._highest[bisect_left(self._uppers, upper)] > lower
            or self._lowest[bisect_left(self._uppers, upper + 1)] < lower
        )


def _align(layers: list[list[int]], segments: Segments, *, is_up: bool) -> list[int]:
    """Return the block of every vertex, as the number of one of its members.

    Downwards each vertex is aligned with the middle one of its partners above; upwards with the one below. In a
    mirrored drawing `layers` are mirrored already, which makes the other of two middles the first.
    """
    size = sum(len(members) for members in layers)
    root = list(range(size))
    place = {vertex: index for members in layers for index, vertex in enumerate(members)}
    sequence = range(len(segments))
    for gap in reversed(sequence) if is_up else sequence:
        partners: dict[int, list[int]] = {}
        for upper, lower in segments[gap]:
            vertex, partner = (upper, lower) if is_up else (lower, upper)
            partners.setdefault(vertex, []).append(partner)
        last = -1
        for vertex in layers[gap] if is_up else layers[gap + 1]:
            near = sorted(partners.get(vertex, ()), key=place.__getitem__)
            if not near:
                continue
            middle = (len(near) - 1) // 2
            for partner in near[middle : len(near) // 2 + 1]:
                if place[partner] > last:
                    root[vertex] = root[partner]
                    last = place[partner]
                    break
    return root


def _pack(layered: Layered, layers: list[list[int]], extents: Extents, gaps: Gaps, root: list[int]) -> list[float]:
    """Place the blocks as far to the left as they go, then each as near to its right neighbours as room allows."""
    size, count = len(root), layered.count
    after: list[list[tuple[int, float]]] = [[] for _ in range(size)]
    waiting = [0] * size
    reach_left, reach_right = extents.left, extents.right
    between = gaps.boxes, gaps.box_and_net, gaps.nets
    for members in layers:
        for left, right in pairwise(members):
            # The least distance between the anchors of two neighbours.
            distance = reach_right[left] + between[(left >= count) + (right >= count)] + reach_left[right]
            after[root[left]].append((root[right], distance))
            waiting[root[right]] += 1
    order = [vertex for vertex in range(size) if root[vertex] == vertex and not waiting[vertex]]
    anchor = [0.0] * size
    for block in order:
        for other, distance in after[block]:
            anchor[other] = max(anchor[other], anchor[block] + distance)
            waiting[other] -= 1
            if not waiting[other]:
                order.append(other)
    for block in reversed(order):
        if after[block]:
            anchor[block] = max(anchor[block], min(anchor[other] - distance for other, distance in after[block]))
    return [anchor[root[vertex]] for vertex in range(size)]


def _balance(results: list[list[float]], extents: Extents) -> list[float]:
    """Return the mean of the two middle results, each shifted so that all agree with the narrowest."""
    lows = [min(x - left for x, left in zip(placed, extents.left, strict=True)) for placed in results]
    highs = [max(x + right for x, right in zip(placed, extents.right, strict=True)) for placed in results]
    widths = [high - low for low, high in zip(lows, highs, strict=True)]
    narrowest = widths.index(min(widths))
    shifted = []
    for index, placed in enumerate(results):
        # Odd results were packed to the right.
        shift = highs[narrowest] - highs[index] if index % 2 else lows[narrowest] - lows[index]
        shifted.append([x + shift for x in placed])
    low = lows[narrowest]
    return [sum(sorted(values)[1:3]) / 2 - low for values in zip(*shifted, strict=True)]
