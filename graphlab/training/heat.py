"""Parameters against steps: the norm of each gradient, updates against weights, the share of exact zeros.

Of the steps that share a cell the largest shows, so that a spike of one step is never lost; a NaN stands before all.
Gradients of light steps are read from the packed blocks as they lie in the file, whole blocks at a time, so that a
hundred parameters over a hundred thousand steps take a tenth of a second.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy

from graphlab.store.light import absent_mask

if TYPE_CHECKING:
    from graphlab.series import Leaf, Measure, Series
    from graphlab.store.light import Block

    Array = numpy.ndarray[Any, Any]

HeatMeasure = Literal["gradients", "updates", "zeros"]
HEAT_MEASURES: tuple[HeatMeasure, ...] = ("gradients", "updates", "zeros")
"""Norm of the gradient; norm of the update over that of the value; share of the gradient's entries that are 0."""

_NONE = -numpy.inf
"""Stands for no number while maxima are taken."""


@dataclass(frozen=True)
class HeatMap:
    """A measure of some leaves (rows) over groups of steps (columns)."""

    numbers: Array
    is_there: Array
    """False where no step of the group has a number that is known."""

    def finite(self) -> Array:
        """Return the numbers that are there and finite, as one row."""
        kept: Array = self.numbers[self.is_there & numpy.isfinite(self.numbers)]
        return kept


class Heat:
    """The heat maps of a recording, read in instalments. Grows with it."""

    def __init__(self, series: Series) -> None:
        self.series = series
        self.recording = series.recording
        self._whole: dict[tuple[int, int], Array] = {}
        """By first step and number of steps: the largest figures of blocks that lay in one group as a whole."""
        self._scheduled: dict[tuple[int, int], tuple[Array, dict[HeatMeasure, Array]]] = {}
        """By leaf and the number of events: the light steps on the schedule (from 0), and their figures."""
        self._full_steps = (-1, True)

    @property
    def has_full_steps(self) -> bool:
        """Whether any step is in full detail: such are read through `Series`, in instalments."""
        count = self.recording.event_count
        if self._full_steps[0] != count:
            light = sum(block.count for block in self.recording.light.blocks)
            self._full_steps = (count, light < len(self.recording.steps))
        return self._full_steps[1]

    def read_on(self, leaves: Sequence[Leaf], what: HeatMeasure, seconds: float) -> bool:
        """Read more of what a measure needs, for so long at most (but a little in any case); True once all is read."""
        end = time.perf_counter() + seconds
        if self.has_full_steps:
            return self.series.read_on(leaves, seconds) if leaves else True
        if what == "gradients":
            return True
        for leaf in leaves:
            if (leaf.node, self.recording.event_count) not in self._scheduled:
                self._read_scheduled(leaf)
                if time.perf_counter() > end:
                    break
        return all((leaf.node, self.recording.event_count) in self._scheduled for leaf in leaves)

    def map(self, leaves: Sequence[Leaf], what: HeatMeasure, starts: Array, stop: int) -> HeatMap:
        """Return what is known so far of a measure, each column the largest of a group of steps.

        Args:
            starts: the first step of each group, ascending, counted from 0.
            stop: the step after the last group.
        """
        numbers = numpy.full((len(leaves), len(starts)), _NONE)
        if len(starts) and leaves:
            if what == "gradients":
                self._add_blocks(leaves, starts, stop, numbers)
            for row, leaf in enumerate(leaves):
                if self.has_full_steps:
                    self._add_curve(leaf, what, starts, stop, numbers[row])
                elif what != "gradients":
                    self._add_scheduled(leaf, what, starts, stop, numbers[row])
        is_there = numbers != _NONE
        return HeatMap(numpy.where(is_there, numbers, 0.0), is_there)

    # -- light steps -----------------------------------------------------------------------------------------------

    def _add_blocks(self, leaves: Sequence[Leaf], starts: Array, stop: int, numbers: Array) -> None:
        nodes = [leaf.node for leaf in leaves]
        places: dict[int, tuple[Array, Array]] = {}
        for block in self.recording.light.blocks:
            first, last = max(block.first - 1, int(starts[0])), min(block.first - 1 + block.count, stop)
            if first >= last:
                continue
            if id(block.outline) not in places:  # an outline lives as long as the recording
                places[id(block.outline)] = _places(block, nodes)
            rows, columns = places[id(block.outline)]
            if not rows.size:
                continue
            begin, end = (starts.searchsorted((first, last - 1), "right") - 1).tolist()
            if begin == end and last - first == block.count:
                largest = self._largest_of(block)[columns, 0]
                numbers[rows, begin] = numpy.maximum(numbers[rows, begin], largest)
                continue
            bounds = numpy.maximum(starts[begin : end + 1], first) - (block.first - 1)
            largest = _largest(block, bounds, last - (block.first - 1))[columns]
            numbers[rows, begin : end + 1] = numpy.maximum(numbers[rows, begin : end + 1], largest)

    def _largest_of(self, block: Block) -> Array:
        key = block.first, block.count
        if key not in self._whole:
            self._whole[key] = _largest(block, numpy.array([0]), block.count)
        return self._whole[key]

    def _read_scheduled(self, leaf: Leaf) -> None:
        steps = len(self.recording.steps)
        noted = self.series.scheduled(leaf, 1, steps) if steps else {}
        places = numpy.array([number - 1 for number in noted], dtype="i8")
        figures: dict[HeatMeasure, Array] = {
            "updates": numpy.array([_ratio(each.get("update"), each.get("value")) for each in noted.values()], "f8"),
            "zeros": numpy.array([_or_none(each.get("zeros")) for each in noted.values()], "f8"),
        }
        self._scheduled = {key: kept for key, kept in self._scheduled.items() if key[1] == self.recording.event_count}
        self._scheduled[leaf.node, self.recording.event_count] = places, figures

    def _add_scheduled(self, leaf: Leaf, what: HeatMeasure, starts: Array, stop: int, row: Array) -> None:
        found = self._scheduled.get((leaf.node, self.recording.event_count))
        if found is None:
            return
        places, figures = found
        is_shown = (places >= starts[0]) & (places < stop)
        groups = numpy.searchsorted(starts, places[is_shown], "right") - 1
        numpy.maximum.at(row, groups, figures[what][is_shown])

    # -- steps in full ---------------------------------------------------------------------------------------------

    def _add_curve(self, leaf: Leaf, what: HeatMeasure, starts: Array, stop: int, row: Array) -> None:
        """Add what the curves of `Series` hold; light steps among them are there too."""
        names: dict[HeatMeasure, Measure] = {"gradients": "gradient", "updates": "update", "zeros": "zeros"}
        curve = self.series.curve(leaf, names[what])
        first = int(starts[0])
        figures = numpy.abs(curve.numbers[first:stop])
        is_there = curve.is_there[first:stop]
        if what == "updates":
            value = self.series.curve(leaf, "value")
            with numpy.errstate(all="ignore"):
                figures = figures / numpy.abs(value.numbers[first:stop])
            figures[numpy.isnan(figures) & (curve.numbers[first:stop] == 0)] = 0.0
            is_there = is_there & value.is_there[first:stop]
        padded = numpy.where(is_there, figures, _NONE)
        numpy.maximum(row, numpy.maximum.reduceat(padded, starts - first), out=row)


def _places(block: Block, nodes: Sequence[int]) -> tuple[Array, Array]:
    """Return which of some leaves a block knows, and at which place it has each."""
    places = block.outline.places
    known = [(row, places[node]) for row, node in enumerate(nodes) if node in places]
    pairs = numpy.array(known, dtype="i8").reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _largest(block: Block, bounds: Array, stop: int) -> Array:
    """Return the largest figure of each leaf in groups of a block's steps: a row a leaf."""
    figures = block.reals[bounds[0] : stop, block.outline.reals - len(block.outline.leaves) :]
    sizes = numpy.abs(figures)
    largest: Array = numpy.maximum.reduceat(sizes, bounds - bounds[0], axis=0)
    if numpy.isnan(largest).any():  # what is not there is a NaN too; to look for it takes longer than all the rest
        sizes[absent_mask(figures)] = _NONE
        largest = numpy.maximum.reduceat(sizes, bounds - bounds[0], axis=0)
    return largest.T


def _ratio(update: float | None, value: float | None) -> float:
    if update is None or value is None:
        return _NONE
    if update == 0:
        return 0.0
    return abs(update / value) if value else numpy.inf


def _or_none(number: float | None) -> float:
    return _NONE if number is None else number
