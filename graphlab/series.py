"""What each training step left of every parameter, over all steps: losses, values, gradients, updates, metrics.

Beside `recording`, which answers for one step at a time: a curve over 100,000 steps needs few queries that read many
rows, and an answer in instalments, so that a reader with a screen never waits for the whole.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy

from graphlab.recording import leaf_name
from graphlab.recording.rates import read_rates
from graphlab.recording.steps import LIVING
from graphlab.store.light import absent_mask

if TYPE_CHECKING:
    from graphlab.model import Snapshot, Step
    from graphlab.recording import Recording
    from graphlab.store.light import Block

Measure = Literal["value", "gradient", "update", "zeros"]
MEASURES: tuple[Measure, ...] = ("value", "gradient", "update")
"""Those that have a figure at every step; `zeros`, the share of exact zeros in the gradient, is a curve alone."""
_CURVES: tuple[Measure, ...] = (*MEASURES, "zeros")

_CHUNK = 256
_CHUNK_ELEMENTS = 400_000
"""Of large parameters fewer steps are read at once, so that an instalment stays short."""
_CHUNK_BLOCKS = 256
"""Blocks of light steps that are read at once."""
_SNAPSHOT = "SELECT id, stored, stride, data, norm FROM snapshots WHERE id IN ({})"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A parameter, or another leaf that a step's backwards reached."""

    node: int
    name: str
    shape: tuple[int, ...]
    size: int
    is_parameter: bool


@dataclass(frozen=True, slots=True)
class LeafStep:
    """A leaf at one step."""

    value: Snapshot | None
    gradient: Snapshot | None
    """None where none came."""
    before: Snapshot | None
    after: Snapshot | None
    """What the step's updates made of `before`; both None where nothing changed it."""
    update_norm: float | None
    """The 2-norm of the change; None where nothing changed it."""


@dataclass
class Curve:
    """One measure of one leaf over the steps: of a leaf with one element the number itself, else the 2-norm."""

    numbers: numpy.ndarray[Any, Any]
    is_there: numpy.ndarray[Any, Any]
    """False where there is none (a gradient that did not come), and where it has not been read yet."""
    known: int = 0
    """How many steps have been read."""


@dataclass
class _Picks:
    """Which snapshots the steps of a chunk need."""

    value: list[int | None] = field(default_factory=list)
    gradient: list[int | None] = field(default_factory=list)
    before: list[int | None] = field(default_factory=list)
    after: list[int | None] = field(default_factory=list)
    difference: list[float | None] = field(default_factory=list)


class Series:
    """The steps of a recording, measured in instalments. Grows with the recording."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._curves: dict[tuple[int, Measure], Curve] = {}
        self._metrics: tuple[int, dict[str, numpy.ndarray[Any, Any]]] = (-1, {})
        self.leaf_step = lru_cache(4096)(self._leaf_step)
        self._leaves_cache = lru_cache(16)(self._leaves)
        self._rates: tuple[int, dict[str, numpy.ndarray[Any, Any]]] = (-1, {})
        self._ends: tuple[int, list[int]] = (-1, [])
        self._losses = (-1, Curve(numpy.zeros(0), numpy.zeros(0, bool)))

    # -- one step --------------------------------------------------------------------------------------------------

    def leaves(self, number: int) -> list[Leaf]:
        """Return the parameters known at a step, and the other leaves that got a gradient in it."""
        return self._leaves_cache(number, self.recording.event_count)

    def _leaves(self, number: int, count: int) -> list[Leaf]:
        recording = self.recording
        step = recording.step(number)
        with recording.reading():
            moment = self._backward_end(step)
            names = recording.names(moment)
            parameters = recording.reader.nodes(f"{LIVING} AND kind = 'parameter' ORDER BY id", step.last, moment)
            reached = recording.reader.nodes(
                "WHERE kind = 'leaf' AND id IN "
                "(SELECT node FROM changes WHERE what = 'grad' AND event BETWEEN ? AND ?) ORDER BY id",
                step.first, step.last,
            )  # fmt: skip
            light = recording.light.step(number)
            if light is not None:
                nodes = [recording.node(leaf) for leaf in light.outline.leaves]
                reached = [node for node in nodes if node.kind == "leaf" and light.figure(node.id) is not None]
            return [
                Leaf(
                    node.id, leaf_name(recording, node, names), node.shape or (), math.prod(node.shape or ()),
                    node.kind == "parameter",
                )
                for node in (*parameters, *reached)
            ]  # fmt: skip

    def at(self, node: int, number: int) -> LeafStep:
        """Return a leaf at one step."""
        is_last = number >= len(self.recording.steps)
        return self.leaf_step(node, number, self.recording.event_count if is_last else 0)

    def _leaf_step(self, node: int, number: int, count: int) -> LeafStep:
        recording = self.recording
        step = recording.step(number)
        with recording.reading():
            gradient = recording.gradient(node, self._backward_end(step))
            value = recording.value(node, step.last)
            changes = recording.changes_of(node, "value", step.first, step.last)
        if not changes:
            return LeafStep(value, gradient, None, None, None)
        before, after = changes[0].before, changes[-1].after
        norm = changes[0].difference if len(changes) == 1 else _distance(before, after)
        return LeafStep(value, gradient, before, after, norm)

    def _backward_end(self, step: Step) -> int:
        """Return the event at which a step's last backward ended, or the step's end."""
        light = self.recording.light.step(step.step)
        if light is not None:
            return light.events[light.outline.last_end]
        ends = self._backward_ends()
        index = bisect_right(ends, step.last) - 1
        return ends[index] if index >= 0 and ends[index] >= step.first else step.last

    def _backward_ends(self) -> list[int]:
        count = self.recording.event_count
        if self._ends[0] != count:
            known = self._ends[1]
            rows = self.recording.reader.rows(
                "SELECT id FROM events WHERE kind IN ('backward_end', 'unscale') AND id > ? ORDER BY id",
                known[-1] if known else 0,
            )
            self._ends = (count, known + [row[0] for row in rows])
        return self._ends[1]

    # -- all steps -------------------------------------------------------------------------------------------------

    def losses(self) -> numpy.ndarray[Any, Any]:
        """Return the loss of every step; NaN where there is none."""
        return self._loss_curve().numbers

    def has_loss(self) -> numpy.ndarray[Any, Any]:
        """Say which steps have a loss: one that is NaN is one."""
        return self._loss_curve().is_there

    def _loss_curve(self) -> Curve:
        count = self.recording.event_count
        if self._losses[0] != count:
            losses = self.recording.losses
            numbers = numpy.array([numpy.nan if loss is None else loss for loss in losses], dtype="f8")
            is_there = numpy.array([loss is not None for loss in losses], dtype=bool)
            self._losses = (count, Curve(numbers, is_there, len(losses)))
        return self._losses[1]

    def metrics(self) -> dict[str, numpy.ndarray[Any, Any]]:
        """Return the script's own figures at the end of each step: those that change, and are not just the loss."""
        recording = self.recording
        if self._metrics[0] != recording.event_count:
            steps = numpy.arange(1, len(recording.steps) + 1)
            losses = self.losses()
            new = {}
            for name, metric in recording.metrics().items():
                index = metric.steps.searchsorted(steps, "right") - 1
                curve = numpy.where(index < 0, numpy.nan, metric.figures[index])
                # A variable that holds the loss says nothing new.
                if metric.changes and not _are_alike(curve, losses):
                    new[name] = curve
            self._metrics = (recording.event_count, new)
        return self._metrics[1]

    def rates(self) -> dict[str, numpy.ndarray[Any, Any]]:
        """Return the learning rate of each group of parameters at every step, NaN where none is known."""
        if self._rates[0] != self.recording.event_count:
            self._rates = (self.recording.event_count, read_rates(self.recording))
        return self._rates[1]

    def curve(self, leaf: Leaf, measure: Measure) -> Curve:
        """Return what is known so far of a leaf over the steps."""
        count = len(self.recording.steps)
        curve = self._curves.get((leaf.node, measure))
        if curve is None:
            curve = self._curves[leaf.node, measure] = Curve(numpy.zeros(count), numpy.zeros(count, bool))
        elif len(curve.numbers) != count:
            more = count - len(curve.numbers)
            curve.numbers = numpy.concatenate([curve.numbers, numpy.zeros(more)])
            curve.is_there = numpy.concatenate([curve.is_there, numpy.zeros(more, bool)])
        return curve

    def figures(self, leaf: Leaf, number: int) -> dict[Measure, float | None]:
        """Return a leaf's measures at one step: from its curves where they have come so far, which is quick."""
        found: dict[Measure, float | None] = {}
        for measure in MEASURES:
            curve = self.curve(leaf, measure)
            if number > curve.known:
                return self._figures_of(leaf, self.at(leaf.node, number))
            found[measure] = float(curve.numbers[number - 1]) if curve.is_there[number - 1] else None
        return found

    def _figures_of(self, leaf: Leaf, state: LeafStep) -> dict[Measure, float | None]:
        update = state.update_norm
        before, after = _figure(leaf, state.before), _figure(leaf, state.after)
        if leaf.size == 1 and before is not None and after is not None:
            update = after - before
        return {"value": _figure(leaf, state.value), "gradient": _figure(leaf, state.gradient), "update": update}

    def read_on(self, leaves: Sequence[Leaf], seconds: float) -> bool:
        """Read more of the leaves' curves, for so long at most (but a little in any case); True once all is read."""
        end = time.perf_counter() + seconds
        while True:
            curves = [(leaf, self.curve(leaf, "gradient").known) for leaf in leaves]
            behind = [(known, index) for index, (_, known) in enumerate(curves) if known < self._complete]
            if not behind:
                return True
            self._read_chunk(leaves[min(behind)[1]])
            if time.perf_counter() > end:
                return not any(self.curve(leaf, "gradient").known < self._complete for leaf in leaves)

    @property
    def _complete(self) -> int:
        """How many steps will not change any more."""
        return len(self.recording.steps) - self.recording.facts.is_unfinished

    def _read_chunk(self, leaf: Leaf) -> None:
        curves = {measure: self.curve(leaf, measure) for measure in _CURVES}
        start = curves["gradient"].known
        stop = min(start + min(max(_CHUNK_ELEMENTS // max(leaf.size, 1), 8), _CHUNK), self._complete)
        blocks = self._blocks_from(start + 1)
        if blocks:
            stop = min(blocks[-1].first + blocks[-1].count - 1, self._complete)
            self._read_blocks(leaf, blocks, start, stop, curves)
            return
        following = self.recording.light.blocks.next_step(start + 1, 1)
        stop = stop if following is None else min(stop, following - 1)
        with self.recording.reading():
            picks = self.picks(leaf.node, self.recording.steps[start:stop])
            changed = {*picks.before, *picks.after} if leaf.size == 1 else set()
            numbers, shares = self._measure(leaf, {*picks.value, *picks.gradient, *changed})
        for offset in range(stop - start):
            found: dict[Measure, float | None] = {
                "value": numbers.get(picks.value[offset]),
                "gradient": numbers.get(picks.gradient[offset]),
                "update": picks.difference[offset],
                "zeros": shares.get(picks.gradient[offset]),
            }
            before, after = numbers.get(picks.before[offset]), numbers.get(picks.after[offset])
            if leaf.size == 1 and before is not None and after is not None:
                found["update"] = after - before
            for measure, number in found.items():
                curves[measure].is_there[start + offset] = number is not None
                curves[measure].numbers[start + offset] = 0.0 if number is None else number
        for curve in curves.values():
            curve.known = stop

    def _blocks_from(self, number: int) -> list[Block]:
        """Return the blocks of light steps in a row that begin with the one that holds a step."""
        found: list[Block] = []
        block = self.recording.light.blocks.block_of(number)
        while block is not None and len(found) < _CHUNK_BLOCKS:
            found.append(block)
            block = self.recording.light.blocks.block_of(block.first + block.count)
        return found

    def _read_blocks(
        self, leaf: Leaf, blocks: Sequence[Block], start: int, stop: int, curves: dict[Measure, Curve]
    ) -> None:
        """Read light steps: the figures of all, value, update and zeros of those on the schedule."""
        gradient = curves["gradient"]
        for block in blocks:
            if leaf.node not in block.outline.places:
                continue
            first, last = max(block.first - 1, start), min(block.first - 1 + block.count, stop)
            figures = block.figures(leaf.node)[first + 1 - block.first : last + 1 - block.first]
            gradient.is_there[first:last] = ~absent_mask(figures)
            figures = figures if leaf.size == 1 else numpy.abs(figures)
            gradient.numbers[first:last] = numpy.where(gradient.is_there[first:last], figures, 0.0)
        for number, noted in self.scheduled(leaf, start + 1, stop).items():
            for measure, figure in noted.items():
                curves[measure].is_there[number - 1] = figure is not None
                curves[measure].numbers[number - 1] = figure or 0.0
        for curve in curves.values():
            curve.known = stop

    def scheduled(self, leaf: Leaf, first: int, last: int) -> dict[int, dict[Measure, float | None]]:
        """Return value, update and zeros of a leaf at the light steps on the schedule, from one to another."""
        recording = self.recording
        found: dict[int, dict[Measure, float | None]] = {}
        with recording.reading():
            rows = recording.reader.rows(
                "SELECT event, what, before, after, difference FROM changes WHERE node = ? "
                "AND event BETWEEN ? AND ? ORDER BY event",
                leaf.node, recording.step(first).first, recording.step(last).last,
            )  # fmt: skip
            numbers, shares = self._measure(leaf, {number for row in rows for number in row[2:4]})
        for event, what, before, after, difference in rows:
            noted = found.setdefault(recording.number_at(event), {})
            if what == "grad":
                noted["zeros"] = shares.get(after)
                continue
            moved: float | None = difference
            if leaf.size == 1 and before in numbers and after in numbers:
                moved = numbers[after] - numbers[before]
            noted["value"], noted["update"] = numbers.get(after), moved
        return found

    def picks(self, node: int, steps: Sequence[Step]) -> _Picks:
        """Find which snapshots hold a leaf's value, gradient and update at each of some steps."""
        reader = self.recording.reader
        first, last = steps[0].first, steps[-1].last
        gradients = reader.rows(
            "SELECT event, after FROM changes WHERE node = ? AND what = 'grad' AND event BETWEEN "
            "IFNULL((SELECT MAX(event) FROM changes WHERE node = ? AND what = 'grad' AND event < ?), 0) AND ? "
            "ORDER BY event",
            node, node, first, last,
        )  # fmt: skip
        values = reader.rows(
            "SELECT event, snapshot FROM tensors WHERE node = ? AND label = '' AND output = 0 AND event BETWEEN "
            "IFNULL((SELECT MAX(event) FROM tensors WHERE node = ? AND label = '' AND output = 0 AND event < ?), 0) "
            "AND ? ORDER BY event, id",
            node, node, first, last,
        )  # fmt: skip
        changes = reader.rows(
            "SELECT event, before, after, difference FROM changes WHERE node = ? AND what = 'value' "
            "AND event BETWEEN ? AND ? ORDER BY event",
            node, first, last,
        )  # fmt: skip
        picks = _Picks()
        gradient_events, value_events = [row[0] for row in gradients], [row[0] for row in values]
        change_events = [row[0] for row in changes]
        for step in steps:
            picks.gradient.append(_latest(gradients, gradient_events, self._backward_end(step)))
            picks.value.append(_latest(values, value_events, step.last))
            own = changes[bisect_left(change_events, step.first) : bisect_right(change_events, step.last)]
            picks.before.append(own[0][1] if own else None)
            picks.after.append(own[-1][2] if own else None)
            picks.difference.append(self._difference(own))
        return picks

    def _difference(self, changes: list[Any]) -> float | None:
        if not changes:
            return None
        if len(changes) == 1:
            return None if changes[0][3] is None else float(changes[0][3])
        return _distance(self.recording.snapshot(changes[0][1]), self.recording.snapshot(changes[-1][2]))

    def _measure(self, leaf: Leaf, wanted: set[int | None]) -> tuple[dict[int | None, float], dict[int | None, float]]:
        """Return of each of many snapshots the number or the 2-norm, and the share of entries that are exactly 0."""
        measured: dict[int | None, float] = {}
        shares: dict[int | None, float] = {}
        ids = sorted(number for number in wanted if number is not None)
        for start in range(0, len(ids), 500):
            part = ids[start : start + 500]
            rows = self.recording.reader.rows(_SNAPSHOT.format(",".join("?" * len(part))), *part)
            alike: dict[tuple[str, int, int], list[Any]] = {}
            for row in rows:
                if row[3] is not None:
                    alike.setdefault((row[1], row[2], len(row[3])), []).append(row)
                if row[4] is not None:
                    measured[row[0]] = float(row[4])
            for (stored, stride, length), same in alike.items():
                table = numpy.frombuffer(b"".join(row[3] for row in same), stored).reshape(len(same), -1)
                names = [row[0] for row in same]
                if length:
                    shares.update(zip(names, (table == 0).mean(axis=1).tolist(), strict=True))
                if stride == 1:
                    measured.update(zip(names, _measure_rows(table, leaf.size), strict=True))
        return measured, shares


def _are_alike(curve: numpy.ndarray[Any, Any], other: numpy.ndarray[Any, Any]) -> bool:
    """Whether two curves say the same wherever both say anything."""
    both = ~numpy.isnan(curve) & ~numpy.isnan(other)
    return bool(both.any()) and bool(numpy.allclose(curve[both], other[both], rtol=1e-5))


def _measure_rows(table: numpy.ndarray[Any, Any], size: int) -> list[float]:
    with numpy.errstate(all="ignore"):
        if table.dtype.kind == "c":
            table = numpy.abs(table)
        wide = table.astype("f8")
        numbers: list[float] = (wide[:, 0] if size == 1 else numpy.linalg.norm(wide, axis=1)).tolist()
    return numbers


def _figure(leaf: Leaf, snapshot: Snapshot | None) -> float | None:
    """Return a leaf's one number, or its 2-norm."""
    if snapshot is None:
        return None
    array = snapshot.array
    if leaf.size == 1 and array is not None:
        return _measure_rows(array.reshape(1, 1), 1)[0]
    return snapshot.statistics.norm


def _latest(rows: list[Any], events: list[int], moment: int) -> int | None:
    """Return the snapshot that the last row at or before a moment names."""
    index = bisect_right(events, moment) - 1
    return rows[index][1] if index >= 0 else None


def _distance(before: Snapshot | None, after: Snapshot | None) -> float | None:
    if before is None or after is None or not before.is_complete or not after.is_complete:
        return None
    first, last = before.array, after.array
    assert first is not None and last is not None
    with numpy.errstate(all="ignore"):
        return float(numpy.linalg.norm((last.astype("f8") - first.astype("f8")).ravel()))
