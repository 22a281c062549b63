"""Finds what comes again and again in a sequence of ops and groups: repeated blocks, and the steps of a loop.

By structure alone: the same ops on parameters of the same shapes, wired the same way inside a block and from block to
block. Names take no part, so it finds the layers of a model that somebody else wrote.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from graphlab.layout.sketch import Sketch

_CANDIDATES = 4
"""How many distances between equal stretches are looked into, for each length of a stretch."""
_NEARLY = 0.9
_OUT = (0, -1)
_Block = list[list[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class Run:
    """Blocks alike that follow one another."""

    start: int
    """Where in the sequence the first begins."""
    period: int
    """How many members each block has."""
    count: int
    is_varied: bool = False
    """Whether no two members of a block are alike, so that there are no runs within it."""

    @property
    def end(self) -> int:
        return self.start + self.period * self.count


def find_runs(sketch: Sketch, sequence: Sequence[Sequence[int]], op_labels: Sequence[int]) -> list[Run]:
    """Return the runs of blocks alike in a sequence of members, each given by the places of its ops in their order.

    The runs do not overlap and stand in the order of the sequence; of several ways to cut one stretch, that with the
    shortest blocks is taken.

    Args:
        op_labels: those of the sketch.
    """
    known: dict[tuple[int, ...], int] = {}
    labels = [known.setdefault(tuple([op_labels[place] for place in member]), len(known)) for member in sequence]
    if len(known) == len(labels):
        return []
    wiring = _Wiring(sketch, sequence)
    found: list[Run] = []
    for period in _periods(labels):
        for start, end in _stretches(labels, period):
            found += wiring.runs(start, end, period)
    # The most covered first; of the same, the shortest blocks.
    found.sort(key=lambda run: (-run.period * (run.count - 1), run.period, run.start))
    taken = [False] * len(labels)
    kept = []
    for run in found:
        if not any(taken[run.start : run.end]):
            taken[run.start : run.end] = [True] * (run.end - run.start)
            is_varied = len(set(labels[run.start : run.start + run.period])) == run.period
            kept.append(replace(run, is_varied=is_varied))
    return sorted(kept, key=lambda run: run.start)


def _periods(labels: Sequence[int]) -> list[int]:
    """Return the distances at which equal stretches of ever greater length follow one another, ascending.

    A stretch as long as a block is at least as far from the next one like it as the block is long, even where one
    label comes several times in a block.
    """
    names, length = list(labels), 1
    periods: set[int] = set()
    while length <= len(labels) // 2 or length == 1:
        last: dict[int, int] = {}
        gaps: Counter[int] = Counter()
        for index, name in enumerate(names):
            if name in last:
                gaps[index - last[name]] += 1
            last[name] = index
        if not gaps:
            break
        # `most_common` keeps the order of insertion among equals, which is that of the sequence.
        periods.update(gap for gap, _ in gaps.most_common(_CANDIDATES))
        gap, hits = gaps.most_common(1)[0]
        if gap <= length and hits >= _NEARLY * (len(names) - gap):
            # All but a few repeat at this distance: longer stretches would say the same.
            break
        pairs: dict[tuple[int, int], int] = {}
        names = [
            pairs.setdefault((names[index], names[index + length]), len(pairs)) for index in range(len(names) - length)
        ]
        length *= 2
    return sorted(periods)


def _stretches(labels: Sequence[int], period: int) -> Iterator[tuple[int, int]]:
    """Yield where labels come again after `period`, for long enough to make two blocks: from and to."""
    start = 0
    for index in range(len(labels) - period + 1):
        is_end = index == len(labels) - period or labels[index] != labels[index + period]
        if is_end:
            if index - start >= period:
                yield start, index + period
            start = index + 1


class _Wiring:
    """Compares how blocks are wired, inside and with the blocks before them."""

    def __init__(self, sketch: Sketch, sequence: Sequence[Sequence[int]]) -> None:
        self._sketch = sketch
        self._sequence = sequence
        self._member_of = {place: index for index, member in enumerate(sequence) for place in member}
        self._within = {place: offset for member in sequence for offset, place in enumerate(member)}

    def runs(self, start: int, end: int, period: int) -> Iterator[Run]:
        """Yield the runs in a stretch of equal labels, cut where fewest tensors pass from block to block."""
        start += self._best_cut(start, end, period)
        count = (end - start) // period
        blocks = [self._block(start + index * period, start, period) for index in range(count)]
        first = 0
        for index in range(1, count + 1):
            if index == count or not self._is_alike(blocks[index - 1], blocks[index], index - first):
                if index - first > 1:
                    yield Run(start + first * period, period, index - first)
                first = index

    def _best_cut(self, start: int, end: int, period: int) -> int:
        """Return by how many members the first block shall begin later: not so many that a block is lost."""
        spare = (end - start) % period
        # Blocks of a whole module or function begin where these do.
        if period == 1 or not spare:
            return 0
        second = start + period
        widths = [self._passing(second + shift, start) for shift in range(spare + 1)]
        return widths.index(min(widths))

    def _passing(self, cut: int, start: int) -> int:
        """Return how many ops between `start` and `cut` are used from there on."""
        last = len(self._sequence)
        return sum(
            any(cut <= self._member_of.get(user, -1) < last for user in self._sketch.users[place])
            for member in self._sequence[start:cut]
            for place in member
        )

    def _block(self, first: int, start: int, period: int) -> _Block:
        """Return for each op of a block how many blocks back its inputs were made, and where in that block."""
        block = []
        for member in self._sequence[first : first + period]:
            for place in member:
                found = []
                for source in self._sketch.inputs[place]:
                    at = self._member_of.get(source)
                    if at is None or at < start:
                        found.append(_OUT)
                    else:
                        back = (first - start) // period - (at - start) // period
                        found.append((back + 1, (at - start) % period * 100_000 + self._within[source]))
                block.append(found)
        return block

    @staticmethod
    def _is_alike(before: _Block, after: _Block, number: int) -> bool:
        """Whether two neighbours are wired alike; what reaches back beyond the first block comes from outside there.

        Or from nowhere: a state that is zero before the first step of a loop takes no part in the graph, or as data.
        """
        return len(before) == len(after) and all(
            one == two
            or (len(one) == len(two) and all(map(_is_same(number), one, two)))
            or (number == 1 and _within_block(one) == _within_block(two))
            for one, two in zip(before, after, strict=True)
        )


def _is_same(number: int) -> Callable[[tuple[int, int], tuple[int, int]], bool]:
    return lambda one, two: one == two or (one == _OUT and two[0] > number)


def _within_block(inputs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    return [at for at in inputs if at[0] == 1]


def has_shared_leaf(sketch: Sketch, sequence: Sequence[Sequence[int]]) -> bool:
    """Whether two members of a sequence take the same parameter: without that, none are steps of a loop."""
    seen: set[int] = set()
    for member in sequence:
        leaves = {at for place in member for at in sketch.learned[place]}
        if not seen.isdisjoint(leaves):
            return True
        seen |= leaves
    return False


def shares_leaves(sketch: Sketch, blocks: Sequence[Sequence[int]]) -> bool:
    """Whether neighbouring blocks use the same parameters, and take what the one before made: steps of a loop."""
    for before, after in pairwise(blocks[:3]):
        leaves = [{at for place in block for at in sketch.learned[place]} for block in (before, after)]
        made = set(before)
        flows = any(source in made for place in after for source in sketch.inputs[place])
        if not flows or not leaves[0] & leaves[1]:
            return False
    return True
