"""The way of nets through the gap between two layers: down, along a track, down again.

A wire enters the channel at the top and leaves it at the bottom at fixed columns; this module chooses the track of its
horizontal part so that no two wires lie on one another and few cross. Lines are ordered by what crosses least; where
two wires would each need the upper track, because one ends under the other's beginning and the other way round, one
of them takes a bend more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class Wire:
    """A net within one channel."""

    top: float
    bottoms: list[float]
    track: int | None = None
    """The track of the horizontal part, None where the wire is straight."""
    via: float | None = None
    """Where a wire with a bend more comes down to `track` from `early`."""
    early: int | None = None

    @property
    def low(self) -> float:
        return min(self.top, *self.bottoms)

    @property
    def high(self) -> float:
        return max(self.top, *self.bottoms)

    @property
    def is_straight(self) -> bool:
        return self.low == self.high

    def turns(self, bottom: float) -> list[tuple[float, int]]:
        """Return the corners on the way to one of the bottoms, as column and track."""
        if self.track is None or (bottom == self.top and self.via is None):
            return []
        corners = [(self.top, self.track), (bottom, self.track)]
        if self.via is not None and self.early is not None:
            corners = [(self.top, self.early), (self.via, self.early), (self.via, self.track), (bottom, self.track)]
        return corners


@dataclass(slots=True)
class _Piece:
    """One horizontal part: of a whole wire, or of either half of one with a bend more."""

    wire: Wire
    tops: list[float]
    bottoms: list[float]
    low: float
    high: float
    above: _Piece | None = None
    """The other half, which must lie above."""
    track: int = 0


def assign_tracks(wires: Sequence[Wire], clearance: float, step: float) -> int:
    """Give each wire its track; return the number of tracks. `step` is the raster of columns for additional bends."""
    bent = [wire for wire in wires if not wire.is_straight]
    if not bent:
        return 0
    pieces = [_Piece(wire, [wire.top], wire.bottoms, wire.low, wire.high) for wire in bent]
    taken = [column for wire in wires for column in (wire.top, *wire.bottoms)]
    for _ in range(len(pieces) + 1):
        ordered, clash = _arrange(pieces, clearance)
        if clash is None:
            break
        _split(pieces, clash, taken, clearance, step)
    for piece in ordered:
        if piece.wire.via is None or piece.above is not None:
            piece.wire.track = piece.track
        else:
            piece.wire.early = piece.track
    return 1 + max(piece.track for piece in pieces)


def _arrange(pieces: list[_Piece], clearance: float) -> tuple[list[_Piece], _Piece | None]:
    """Order the pieces from top to bottom and give them tracks; name a piece that must give way, if one must."""
    count = len(pieces)
    near: list[list[int]] = [[] for _ in range(count)]
    must: list[set[int]] = [set() for _ in range(count)]
    weights: list[dict[int, int]] = [{} for _ in range(count)]
    by_low = sorted(range(count), key=lambda index: (pieces[index].low, pieces[index].high, index))
    for position, first in enumerate(by_low):
        for second in by_low[position + 1 :]:
            if pieces[second].low > pieces[first].high + clearance:
                break
            near[first].append(second)
            near[second].append(first)
            _compare(pieces, first, second, clearance, must, weights)
    order = _least_conflicting(count, must, weights)
    rank = {index: position for position, index in enumerate(order)}
    for index in order:
        for other in must[index]:
            if rank[other] < rank[index]:
                # What must be above comes below: of the two, the one that is still whole takes a bend more.
                giver = pieces[index] if pieces[index].wire.via is None else pieces[other]
                if giver.wire.via is None:
                    return [], giver
    for index in order:
        above = [pieces[other].track for other in near[index] if rank[other] < rank[index]]
        pieces[index].track = 1 + max(above, default=-1)
    return [pieces[index] for index in order], None


def _compare(
    pieces: list[_Piece],
    first: int,
    second: int,
    clearance: float,
    must: list[set[int]],
    weights: list[dict[int, int]],
) -> None:
    """Note which of two pieces should be above the other, and which must."""
    one, two = pieces[first], pieces[second]
    costs = (_crossings(one, two), _crossings(two, one))
    if costs[0] != costs[1]:
        upper, lower = (first, second) if costs[0] < costs[1] else (second, first)
        weights[upper][lower] = abs(costs[0] - costs[1])
    if two.above is one or _touches(one.tops, two.bottoms, clearance, is_same=one.above is two):
        must[first].add(second)
    if one.above is two or _touches(two.tops, one.bottoms, clearance, is_same=two.above is one):
        must[second].add(first)


def _touches(tops: list[float], bottoms: list[float], clearance: float, *, is_same: bool) -> bool:
    return not is_same and any(abs(top - bottom) < clearance for top in tops for bottom in bottoms)


def _crossings(upper: _Piece, lower: _Piece) -> int:
    """Return how often two pieces cross if the first lies above the second."""
    return sum(1 for column in upper.bottoms if lower.low < column < lower.high) + sum(
        1 for column in lower.tops if upper.low < column < upper.high
    )


def _least_conflicting(count: int, must: list[set[int]], weights: list[dict[int, int]]) -> list[int]:
    """Order the pieces so that little of what should be above lies below (the greedy order of Eades and others)."""
    out = [0] * count
    into = [0] * count
    followers: list[dict[int, int]] = [{} for _ in range(count)]
    leaders: list[dict[int, int]] = [{} for _ in range(count)]
    for upper in range(count):
        for lower in sorted(weights[upper].keys() | must[upper]):
            weight = weights[upper].get(lower, 0) + (1_000_000 if lower in must[upper] else 0)
            followers[upper][lower] = weight
            leaders[lower][upper] = weight
            out[upper] += weight
            into[lower] += weight
    left = dict.fromkeys(range(count))
    first: list[int] = []
    last: list[int] = []
    free = [index for index in range(count) if not into[index]]
    while left:
        if not free:
            # Nothing is without a leader: a sink can go last, else who leads most goes first.
            sink = next((index for index in left if not out[index]), None)
            if sink is not None:
                last.append(sink)
                del left[sink]
                for leader, weight in leaders[sink].items():
                    out[leader] -= weight if leader in left else 0
                continue
            free = [max(left, key=lambda index: (out[index] - into[index], -index))]
        chosen = free.pop(0)
        first.append(chosen)
        del left[chosen]
        for follower, weight in followers[chosen].items():
            into[follower] -= weight
            if follower in left and not into[follower]:
                free.append(follower)
    return first + last[::-1]


def _split(pieces: list[_Piece], giver: _Piece, taken: list[float], clearance: float, step: float) -> None:
    """Cut a piece in two: a short one at the top that leaves the crowded column, and the rest."""
    wire = giver.wire
    distance = step
    while True:
        free = [
            column
            for column in (wire.top + distance, wire.top - distance)
            if all(abs(column - other) >= clearance for other in taken)
        ]
        if free:
            break
        distance += step
    # Towards the end of the wire where there is a choice.
    via = min(free, key=lambda column: abs(column - wire.bottoms[0]))
    wire.via = via
    taken.append(via)
    upper = _Piece(wire, [wire.top], [via], min(wire.top, via), max(wire.top, via))
    giver.tops = [via]
    giver.low = min(via, *giver.bottoms)
    giver.high = max(via, *giver.bottoms)
    giver.above = upper
    pieces.append(upper)
