"""All steps of a run as columns: losses, learning rates, and each leaf's gradient, update and value as norms.

What finders ask of a whole run is read here once, in bulk: 100,000 steps are to be checked in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy

from graphlab.analysis.findings.snapshots import Figures, read_figures
from graphlab.recording import leaf_name
from graphlab.store.light import absent_mask

if TYPE_CHECKING:
    from graphlab.recording import Recording

Column = numpy.ndarray[Any, Any]


@dataclass(frozen=True)
class Curve:
    """One figure of a leaf, at the steps that have it, in order."""

    steps: Column
    numbers: Column

    def at(self, step: int) -> float | None:
        """Return the figure of a step, or None."""
        place = int(numpy.searchsorted(self.steps, step))
        is_there = place < len(self.steps) and self.steps[place] == step
        return float(self.numbers[place]) if is_there else None

    def __len__(self) -> int:
        return len(self.steps)


_NONE = Curve(numpy.zeros(0, "i8"), numpy.zeros(0))


@dataclass(frozen=True)
class Updates:
    """What the steps that kept it did to a parameter: norms of the change and of the value before, in order."""

    steps: Column
    events: Column
    changes: Column
    before: Column
    is_finite: Column
    """Whether the value after it holds only numbers."""

    @property
    def ratios(self) -> Column:
        """The change against the weight; NaN where that was 0."""
        with numpy.errstate(all="ignore"):
            return numpy.where(self.before > 0, self.changes / self.before, numpy.nan)


_NO_UPDATES = Updates(*(numpy.zeros(0, kind) for kind in ("i8", "i8", "f8", "f8", "?")))


class Training:
    """The steps of a recording; ask `training_of`, which reads each recording once."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.ends = numpy.asarray(recording.steps.ends, "i8")
        losses = recording.losses
        self.losses: Column = numpy.array([numpy.nan if loss is None else loss for loss in losses], "f8")
        """The loss of each step; NaN also where there is none."""
        self.has_loss: Column = numpy.array([loss is not None for loss in losses], bool)

    @property
    def count(self) -> int:
        """How many steps there are."""
        return len(self.losses)

    @cached_property
    def skipped(self) -> Column:
        """Steps at which a gradient scaler skipped the update: what is not finite there is expected."""
        events = self.recording.find_events("kind = 'skipped_update' ORDER BY id")
        found = [event.step for event in events]
        for block in self.recording.light.blocks:
            if any(event.kind == "skipped_update" for event in block.outline.events):
                found += range(block.first, block.first + block.count)
        return numpy.unique(numpy.array(found, "i8"))

    @cached_property
    def parameters(self) -> list[int]:
        """The nodes of all parameters."""
        rows = self.recording.reader.rows("SELECT id FROM nodes WHERE kind = 'parameter' ORDER BY id")
        return [row[0] for row in rows]

    def name(self, node: int) -> str:
        """Return what a leaf is called."""
        at = self.recording.event_count
        return leaf_name(self.recording, self.recording.node(node), self.recording.names(at)) if node else ""

    def gradient(self, node: int) -> Curve:
        """Return the norm of a leaf's `.grad` at each step that gave it one; NaN where it holds one."""
        return self._gradients.get(node, _NONE)

    def update(self, node: int) -> Updates:
        """Return what was kept of the updates of a parameter."""
        return self._updates.get(node, _NO_UPDATES)

    def looked_at(self, node: int) -> Column:
        """Return the steps whose gradient of a leaf was kept with what became of its value."""
        rest = "changes WHERE what = 'grad' AND after IS NOT NULL AND node = ?"
        (events,) = self.recording.reader.columns(["event"], rest, node)
        return numpy.unique(self.steps_of(events))

    @cached_property
    def has_optimizer(self) -> bool:
        """Whether the steps ended with updates by an optimizer."""
        if self.count == 0:
            return False
        last = self.recording.step(1)
        events = self.recording.events_between(last.first, last.last, ["update"])
        return any(event.details.get("optimizer") for event in events)

    @cached_property
    def leaves(self) -> list[int]:
        """The leaves that got a gradient at some step."""
        return sorted(self._gradients)

    @cached_property
    def _gradients(self) -> dict[int, Curve]:
        parts: dict[int, list[tuple[Column, Column]]] = {}
        for block in self.recording.light.blocks:
            numbers = numpy.arange(block.first, block.first + block.count)
            leaves = block.outline.leaves
            figures = numpy.abs(block.reals[:, block.reals.shape[1] - len(leaves) :])
            is_there = ~absent_mask(block.reals[:, block.reals.shape[1] - len(leaves) :])
            is_whole = numpy.asarray(is_there.all(axis=0)).tolist()
            for place, leaf in enumerate(leaves):
                kept = is_there[:, place]
                if is_whole[place]:  # the usual case, and many times faster
                    parts.setdefault(leaf, []).append((numbers, figures[:, place]))
                elif kept.any():
                    parts.setdefault(leaf, []).append((numbers[kept], figures[kept, place]))
        steps, nodes, norms = self._full_gradients()
        for node in numpy.unique(nodes).tolist():
            mine = nodes == node
            parts.setdefault(node, []).append((steps[mine], norms[mine]))
        return {node: _joined(pieces) for node, pieces in parts.items()}

    def _full_gradients(self) -> tuple[Column, Column, Column]:
        """Return step, leaf and norm of each gradient of a step in full detail: the last that accumulated."""
        events, nodes, snapshots = self.recording.reader.columns(
            ["c.event", "c.node", "c.after"],
            "changes c JOIN events e ON e.id = c.event "
            "WHERE c.what = 'grad' AND e.kind = 'accumulate' AND c.after IS NOT NULL",
        )
        steps = self.steps_of(events)
        order = numpy.lexsort((events, nodes, steps))
        steps, nodes, snapshots = steps[order], nodes[order], snapshots[order]
        is_last = numpy.ones(len(steps), bool)
        is_last[:-1] = (numpy.diff(steps) != 0) | (numpy.diff(nodes) != 0)
        return steps[is_last], nodes[is_last], self._figures(snapshots[is_last]).norms

    def _figures(self, snapshots: Column) -> Figures:
        return read_figures(self.recording.reader, snapshots)

    @cached_property
    def _updates(self) -> dict[int, Updates]:
        reader = self.recording.reader
        rows = reader.rows(
            "SELECT event, node, before, after, difference FROM changes "
            "WHERE what = 'value' AND before IS NOT NULL AND after IS NOT NULL"
        )
        events, nodes, before, after = (numpy.array([row[place] for row in rows], "i8") for place in range(4))
        moved = numpy.array([numpy.nan if row[4] is None else float(row[4]) for row in rows], "f8")
        first, last = self._figures(before), self._figures(after)
        found = {}
        for node in numpy.unique(nodes).tolist():
            mine = numpy.flatnonzero(nodes == node)
            mine = mine[numpy.argsort(events[mine], kind="stable")]
            found[node] = Updates(
                self.steps_of(events[mine]), events[mine], moved[mine], first.norms[mine], last.is_finite[mine]
            )
        return found

    def steps_of(self, events: Column) -> Column:
        """Return the step that each of some events lies in."""
        return numpy.clip(numpy.searchsorted(self.ends, events) + 1, 1, max(self.count, 1))


def _joined(pieces: list[tuple[Column, Column]]) -> Curve:
    steps, numbers = (numpy.concatenate([piece[index] for piece in pieces]) for index in (0, 1))
    order = numpy.argsort(steps, kind="stable")
    return Curve(steps[order], numbers[order])


_KNOWN: WeakKeyDictionary[Recording, tuple[int, Training]] = WeakKeyDictionary()


def training_of(recording: Recording) -> Training:
    """Return the steps of a recording as columns, read once for all finders."""
    known = _KNOWN.get(recording)
    if known is None or known[0] != recording.event_count:
        known = _KNOWN[recording] = (recording.event_count, Training(recording))
    return known[1]
