"""One parameter over the steps: the histogram of its gradient, its entries one by one, what the optimizer keeps for it.

Read in instalments, for the values of every step are looked at. The histogram's bins are those of the logarithm of an
entry's size, on either side of zero: gradients live on many scales, and exact zeros are a bin of their own.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy

from graphlab.recording.states import read_states

if TYPE_CHECKING:
    from graphlab.series import Leaf, Measure, Series

    Array = numpy.ndarray[Any, Any]

_LOWEST, _HIGHEST = -14, 10
_PER_DECADE = 8
_SIDE = (_HIGHEST - _LOWEST) * _PER_DECADE
_BINS = 2 * _SIDE + 1
"""From the most negative to the most positive; the one in the middle holds 0 and what is smaller than all others."""
_MOST_GROUPS = 1_024
_CHUNK_STEPS = 128
_CHUNK_ELEMENTS = 300_000
_DECADES = 6
"""So many decades below the largest are told apart; what is smaller counts as about 0."""
MOST_ENTRIES = 64
"""A parameter of at most so many entries shows each of them."""


@dataclass(frozen=True)
class Histogram:
    """Shares of a gradient's entries by size (rows, the largest first) over groups of steps (columns)."""

    shares: Array
    is_there: Array
    """By column: whether any step of the group has a gradient whose values were kept."""
    edges: Array
    """The sizes between which the rows of either side lie, ascending; the row in the middle is below the first."""
    is_sampled: bool
    """Whether the values are a sample of each gradient."""

    @property
    def middle(self) -> int:
        """The row of zeros."""
        return len(self.shares) // 2


class History:
    """What is known of one leaf over the steps of a recording."""

    def __init__(self, series: Series, leaf: Leaf) -> None:
        self.series = series
        self.recording = series.recording
        self.leaf = leaf
        self._per_group = max(-(-len(self.recording.steps) // _MOST_GROUPS), 1)
        groups = -(-len(self.recording.steps) // self._per_group)
        self._shares = numpy.zeros((_BINS, groups), "f4")
        self._is_there = numpy.zeros(groups, bool)
        self._is_sampled = False
        self._entries: dict[Measure, list[tuple[int, Array]]] = {"value": [], "gradient": [], "update": []}
        self.known = 0
        """How many steps have been read."""

    # -- reading ---------------------------------------------------------------------------------------------------

    def read_on(self, seconds: float) -> bool:
        """Read more steps, for so long at most (but a few in any case); True once all are read."""
        end = time.perf_counter() + seconds
        steps = self._complete
        while self.known < steps:
            self._read_chunk(steps)
            if time.perf_counter() > end:
                break
        return self.known >= steps

    @property
    def _complete(self) -> int:
        """The steps that there were when it was made, and that will not change any more."""
        steps = len(self.recording.steps) - self.recording.facts.is_unfinished
        return min(max(steps, 0), len(self._is_there) * self._per_group)

    def _read_chunk(self, steps: int) -> None:
        start = self.known
        blocks = self.recording.light.blocks
        block = blocks.block_of(start + 1)
        if block is not None:
            stop = min(block.first - 1 + block.count, steps)
            while (block := blocks.block_of(stop + 1)) is not None and stop < steps and stop - start < 65_536:
                stop = min(block.first - 1 + block.count, steps)
            rows = self._scheduled(start + 1, stop)
        else:
            size = min(max(_CHUNK_ELEMENTS // max(self.leaf.size, 1), 4), _CHUNK_STEPS)
            following = blocks.next_step(start + 1, 1)
            stop = min(start + size, steps, steps if following is None else following - 1)
            rows = self._full(start, stop)
        with self.recording.reading():
            for number, value, gradient, before, after in rows:
                self._add(number - 1, value, gradient, before, after)
        self.known = stop

    def _full(self, start: int, stop: int) -> list[tuple[int, int | None, int | None, int | None, int | None]]:
        with self.recording.reading():
            picks = self.series.picks(self.leaf.node, self.recording.steps[start:stop])
        numbers = range(start + 1, stop + 1)
        return list(zip(numbers, picks.value, picks.gradient, picks.before, picks.after, strict=True))

    def _scheduled(self, first: int, last: int) -> list[tuple[int, int | None, int | None, int | None, int | None]]:
        recording = self.recording
        found: dict[int, list[int | None]] = {}
        rows = recording.reader.rows(
            "SELECT event, what, before, after FROM changes WHERE node = ? AND event BETWEEN ? AND ? ORDER BY event",
            self.leaf.node, recording.step(first).first, recording.step(last).last,
        )  # fmt: skip
        for event, what, before, after in rows:
            noted = found.setdefault(recording.number_at(event), [None] * 4)
            if what == "grad":
                noted[1] = after
            else:
                noted[0] = noted[3] = after
                noted[2] = before if noted[2] is None else noted[2]
        return [(number, *noted) for number, noted in sorted(found.items())]  # type: ignore[misc]  # four of them

    def _add(self, step: int, value: int | None, gradient: int | None, before: int | None, after: int | None) -> None:
        array = self._array(gradient)
        if array is not None and array.size:
            group = step // self._per_group
            self._shares[:, group] = numpy.maximum(self._shares[:, group], _histogram(array))
            self._is_there[group] = True
            self._is_sampled = self._is_sampled or array.size < self.leaf.size
        if self.leaf.size > MOST_ENTRIES:
            return
        first, last = self._array(before), self._array(after)
        both = first is not None and last is not None and first.shape == last.shape
        moved = last - first if both and first is not None and last is not None else None
        for measure, entries in (("value", self._array(value)), ("gradient", array), ("update", moved)):
            if entries is not None and entries.size == self.leaf.size:
                self._entries[measure].append((step, entries.ravel()))  # type: ignore[index]  # one of the measures

    def _array(self, number: int | None) -> Array | None:
        snapshot = self.recording.snapshot(number)
        array = snapshot.array if snapshot is not None else None
        if array is None:
            return None
        return numpy.abs(array) if array.dtype.kind == "c" else array.astype("f8")

    # -- what it says ----------------------------------------------------------------------------------------------

    def histogram(self, starts: Array, stop: int, rows: int) -> Histogram:
        """Return the histogram of the gradient, each column the largest shares of a group of steps.

        Args:
            starts: the first step of each group, ascending, counted from 0.
            stop: the step after the last group.
            rows: how many rows there is room for; an odd number of them is used.
        """
        groups = numpy.unique(starts // self._per_group)
        places = numpy.searchsorted(groups, starts // self._per_group)
        last = min((stop - 1) // self._per_group + 1, self._shares.shape[1])
        shares = numpy.maximum.reduceat(self._shares[:, :last], groups, axis=1)[:, places]
        is_there = numpy.logical_or.reduceat(self._is_there[:last], groups)[places]
        side = max((rows - 1) // 2, 1)
        used = numpy.nonzero(shares.any(axis=1))[0]
        distances = numpy.abs(used - _SIDE)
        top = int(distances.max()) if distances.any() else _PER_DECADE
        small = distances[distances > 0].min() if distances.any() else 1
        bottom = max(int(small) - 1, top - _DECADES * _PER_DECADE, 0)
        while (top - bottom) % side:
            top += 1
        top = min(top, _SIDE)
        cuts = numpy.linspace(bottom, top, min(side, top - bottom) + 1).round().astype("i8")
        above = numpy.add.reduceat(shares[_SIDE + 1 :], cuts[:-1], axis=0)
        above[-1] = shares[_SIDE + 1 + cuts[-2] : _SIDE + 1 + top].sum(axis=0)
        mirrored = shares[:_SIDE][::-1]
        below = numpy.add.reduceat(mirrored, cuts[:-1], axis=0)
        below[-1] = mirrored[cuts[-2] : top].sum(axis=0)
        middle = shares[_SIDE - bottom : _SIDE + 1 + bottom].sum(axis=0)
        table = numpy.concatenate([above[::-1], middle[None, :], below])
        return Histogram(table, is_there, 10.0 ** (_LOWEST + cuts / _PER_DECADE), self._is_sampled)

    def entries(self, measure: Measure) -> tuple[Array, Array] | None:
        """Return the steps (from 0) at which a small leaf is known, and its entries at each; None for a large one."""
        if self.leaf.size > MOST_ENTRIES or measure not in self._entries:
            return None
        rows = self._entries[measure]
        steps = numpy.array([step for step, _ in rows], dtype="i8")
        return steps, numpy.array([entries for _, entries in rows]).reshape(len(rows), self.leaf.size)

    def states(self) -> dict[str, tuple[Array, Array]]:
        """Return what the optimizer keeps for it (Adam's moments, momentum): by name the steps (from 0) and norms."""
        return read_states(self.recording, self.leaf.node)


def _histogram(array: Array) -> Array:
    """Return the share of the entries in each bin; what is not finite is in the outermost."""
    flat = array.ravel()
    with numpy.errstate(all="ignore"):
        sizes = numpy.floor((numpy.log10(numpy.abs(flat)) - _LOWEST) * _PER_DECADE)
    sizes = numpy.nan_to_num(sizes, nan=_SIDE - 1, posinf=_SIDE - 1, neginf=-1.0)
    places = numpy.clip(sizes, -1, _SIDE - 1).astype("i8") + 1
    bins = numpy.where(flat < 0, _SIDE - places, _SIDE + places)
    shares: Array = numpy.bincount(bins, minlength=_BINS) / flat.size
    return shares
