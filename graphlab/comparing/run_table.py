"""One run as columns over its steps: where each ends, its loss, and of each leaf what the steps left of it.

Separate from `series`, which serves curves to a screen in instalments: here two runs are laid side by side, leaf after
leaf, and nothing of a leaf is kept when its turn is over; so 100,000 steps take no more memory than one leaf needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy

from graphlab.series import Leaf, Series
from graphlab.store.light import absent_mask

if TYPE_CHECKING:
    from graphlab.recording import Recording

Array = numpy.ndarray[Any, Any]

_SNAPSHOTS = 500
"""Snapshots that one query asks for by their numbers."""
_STORED = "SELECT id, stored, stride, data, norm FROM snapshots WHERE id IN ({})"


Stored = tuple[str, int, bytes | None, float | None]
"""How the values of a tensor are stored: dtype, stride, bytes, and the norm where these are not all of it."""


@dataclass(frozen=True)
class LeafTable:
    """What the steps left of a leaf, a place a step."""

    norms: Array
    """Of light steps the 2-norm of its gradient (of one element the number itself); NaN where none is kept."""
    gradients: Array
    """The number of the snapshot that holds its gradient; 0 where no values were kept, -1 where a None came."""
    came: Array
    """Whether a gradient came."""
    values: Array
    """The number of the snapshot that holds its value at the end of the step; 0 where it is not kept."""


class RunTable:
    """The steps of a recording that have ended, as columns.

    Args:
        skipped: steps at the beginning that are left out, because the other run begins after them.
    """

    def __init__(self, recording: Recording, skipped: int = 0) -> None:
        self.recording = recording
        self.series = Series(recording)
        self.skipped = skipped
        unfinished = recording.facts.is_unfinished and len(recording.steps) > 1
        self._all = len(recording.steps) - unfinished
        self.count = max(self._all - skipped, 0)

    def number(self, step: int) -> int:
        """Return the number that the recording gives a step, counted from 1 after what is left out."""
        return step + self.skipped

    @cached_property
    def ends(self) -> Array:
        """The last event of each step, and before these of what is left out; so place 0 is before the first step."""
        known = numpy.array(self.recording.steps.ends, "i8")[: self._all]
        if len(known) < self._all:
            known = numpy.append(known, [step.last for step in self.recording.steps[len(known) : self._all]])
        return numpy.append([0], known)[self.skipped :]

    @cached_property
    def is_light(self) -> Array:
        """Which steps were recorded in light detail."""
        found = numpy.zeros(self._all, bool)
        for block in self.recording.light.blocks:
            found[block.first - 1 : block.first - 1 + block.count] = True
        return found[self.skipped :]

    @cached_property
    def backward_ends(self) -> Array:
        """Of each step the event that left its gradients: the end of its last backward; 0 where it has none."""
        rows = self.recording.reader.rows("SELECT id FROM events WHERE kind IN ('backward_end', 'unscale') ORDER BY id")
        events = numpy.array([0, *(row[0] for row in rows)], "i8")
        found = events[numpy.searchsorted(events, self.ends[1:], "right") - 1]
        found = numpy.where(found > self.ends[:-1], found, 0)
        for block in self.recording.light.blocks:
            places = numpy.arange(block.first - 1, block.first - 1 + block.count) - self.skipped
            is_inside = (places >= 0) & (places < self.count)
            found[places[is_inside]] = block.integers[is_inside, block.outline.last_end]
        return numpy.asarray(found)

    @cached_property
    def leaves(self) -> list[Leaf]:
        """The leaves of all steps; of one name the last."""
        if not self.count:
            return []
        found: dict[str, Leaf] = {}
        for number in dict.fromkeys((self.number(1), self.number(self.count))):
            found.update((leaf.name, leaf) for leaf in self.series.leaves(number))
        return list(found.values())

    def losses(self) -> Array:
        """Return the loss of each step; NaN also where there is none."""
        losses = numpy.where(self.series.has_loss(), self.series.losses(), numpy.nan)
        return losses[self.skipped : self._all]

    def figures(self) -> dict[str, Array]:
        """Return the learning rates and the script's own figures, by name."""
        figures = {**self.series.rates(), **self.series.metrics()}
        return {name: numbers[self.skipped : self._all] for name, numbers in figures.items()}

    # -- one leaf --------------------------------------------------------------------------------------------------

    def read(self, leaf: Leaf) -> LeafTable:
        """Read what the steps left of a leaf."""
        norms = numpy.full(self._all, numpy.nan)
        came = numpy.zeros(self._all, bool)
        for block in self.recording.light.blocks:
            if leaf.node in block.outline.places:
                figures = block.figures(leaf.node)
                places = slice(block.first - 1, block.first - 1 + block.count)
                came[places] = ~absent_mask(figures)
                norms[places] = figures
        gradients = self._last_in_steps(leaf, "grad", self.backward_ends)
        values = self._last_in_steps(leaf, "value", self.ends[1:])
        came = came[self.skipped :] | (gradients > 0)
        return LeafTable(norms[self.skipped :], gradients, came, numpy.maximum(values, 0))

    def _last_in_steps(self, leaf: Leaf, what: str, until: Array) -> Array:
        """Return of each step the snapshot after the last change up to an event of it, 0 where there is none."""
        rows = self.recording.reader.rows(
            "SELECT event, coalesce(after, -1) FROM changes WHERE node = ? AND what = ? AND event > ? ORDER BY event",
            leaf.node, what, int(self.ends[0]),
        )  # fmt: skip
        found = numpy.zeros(self.count, "i8")
        if not rows:
            return found
        table = numpy.array(rows, "i8")
        steps = numpy.searchsorted(self.ends[1:], table[:, 0])
        is_inside = steps < self.count
        table, steps = table[is_inside], steps[is_inside]
        is_by_then = table[:, 0] <= until[steps]
        # Of several in a step the last is written last.
        found[steps[is_by_then]] = table[is_by_then, 1]
        return found

    def dtype(self, leaf: Leaf) -> str:
        """Return the dtype that a leaf came to have: a module that is cast changes those of its parameters."""
        row = self.recording.reader.row(
            "SELECT s.dtype FROM changes c JOIN snapshots s ON s.id = c.after WHERE c.node = ? "
            "ORDER BY c.event DESC LIMIT 1",
            leaf.node,
        )  # fmt: skip
        return str(row[0]) if row is not None else self.recording.node(leaf.node).dtype or "float32"

    def first_value(self, leaf: Leaf) -> int:
        """Return the snapshot that holds a leaf as it was before the first step changed it; 0 where it is not kept."""
        reader = self.recording.reader
        begin = int(self.ends[0])
        change = reader.row(
            "SELECT before FROM changes WHERE node = ? AND what = 'value' AND event > ? ORDER BY event LIMIT 1",
            leaf.node, begin,
        )  # fmt: skip
        if change is not None and change[0] is not None:
            return int(change[0])
        if change is not None and self.recording.light.blocks:
            return 0
        until = int(self.backward_ends[0]) if self.count else 0
        number = reader.number(
            "SELECT snapshot FROM tensors WHERE node = ? AND label = '' AND output = 0 AND event <= ? "
            "ORDER BY event DESC, id DESC LIMIT 1",
            leaf.node, until,
        )  # fmt: skip
        return number or 0

    def arrays(self, numbers: Array) -> dict[int, Stored]:
        """Return of snapshots how they are stored, their stride, their bytes and norm."""
        wanted = [int(number) for number in numpy.unique(numbers) if number > 0]
        found: dict[int, Stored] = {}
        for start in range(0, len(wanted), _SNAPSHOTS):
            part = wanted[start : start + _SNAPSHOTS]
            marks = ",".join("?" * len(part))
            rows = self.recording.reader.rows(_STORED.format(marks), *part)
            found.update((row[0], row[1:]) for row in rows)
        return found
