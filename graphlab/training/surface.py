"""The error of a model with two numbers over both of them, and the way that training took there.

The program of a step (`program`) is run with the step's own data at every place of a grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy

from graphlab.language import _
from graphlab.recording import leaf_name
from graphlab.training.program import NoPictureError, Trace, values_of
from graphlab.training.scene import DataSpace, axis_of

if TYPE_CHECKING:
    Array = numpy.ndarray[Any, Any]

_GRID = (72, 48)
_MARGIN = 0.35
_KEPT = 32
"""Surfaces that are remembered."""


@dataclass(frozen=True)
class Surface:
    """The error of a step's data over the two numbers that a model has, and the way that training took."""

    step: int
    names: tuple[str, str]
    axes: tuple[Array, Array]
    errors: Array
    """A row for each place of the second axis."""
    path: Array
    """Where the two numbers stood before the update of each step in `steps`, and at last after it: a row each."""
    steps: Array
    """The step of each row of the path."""

    def here(self) -> int:
        """Return the row of the path that belongs to the step."""
        return max(int(numpy.searchsorted(self.steps, self.step, "right")) - 1, 0)


class Surfaces:
    """The error surfaces of one recording. Grows with it."""

    def __init__(self, space: DataSpace) -> None:
        self.space = space
        self._surfaces: dict[tuple[int, int, tuple[int, int]], Surface] = {}
        """By what the data holds: steps of the whole data share one."""

    def surface(self, number: int, size: tuple[int, int] = _GRID) -> Surface:
        """Return the error of a step's data over the two numbers of a model that has two.

        Raises:
            NoPictureError: there is no picture, and why.
        """
        full = self.space.full_step(number)
        trace = self.space.trace(full)
        given = self.space.program(trace).sources(trace)
        data = [(slot, given[slot].tobytes()) for slot in trace.sources if slot in given and slot not in trace.leaves]
        # Steps that see the same data share one surface.
        key = (hash(tuple(data)), self.space.recording.event_count, size)
        if key not in self._surfaces:
            self._surfaces = dict(list(self._surfaces.items())[-_KEPT:])
            self._surfaces[key] = self._reckon_surface(trace, size)
        surface = self._surfaces[key]
        return Surface(number, surface.names, surface.axes, surface.errors, surface.path, surface.steps)

    def _reckon_surface(self, trace: Trace, size: tuple[int, int]) -> Surface:
        program, number = self.space.program(trace), trace.step
        slots = sorted(trace.leaves, key=lambda slot: trace.tensors[slot].node or 0)
        sizes = [int(numpy.prod(trace.tensors[slot].shape, dtype="i8")) for slot in slots]
        if sum(sizes) != 2:
            raise NoPictureError(
                _("the model has {count:,} numbers: an error surface is drawn over two").format(count=sum(sizes))
            )
        path, steps = self._path([trace.tensors[slot].node or 0 for slot in slots], number, slots, trace)
        axes = axis_of(path[:, 0], size[0], _MARGIN), axis_of(path[:, 1], size[1], _MARGIN)
        given = program.sources(trace)
        errors = numpy.empty((size[1], size[0]))
        shapes = [trace.tensors[slot].shape for slot in slots]
        for row, second in enumerate(axes[1]):
            for column, first in enumerate(axes[0]):
                both = numpy.array([first, second])
                pieces = (
                    [both.reshape(shapes[0])]
                    if len(slots) == 1
                    else [numpy.full(shape, number) for shape, number in zip(shapes, both, strict=True)]
                )
                given.update(zip(slots, pieces, strict=True))
                errors[row, column] = float(program.run(given, trace.loss))
        return Surface(number, self._parameter_names(trace, slots), axes, errors, path, steps)

    def _path(self, nodes: list[int], number: int, slots: list[int], trace: Trace) -> tuple[Array, Array]:
        """Return where two numbers stood before the update of each step, and after the last."""
        columns: dict[int, list[float]] = {}
        rows_of: list[dict[int, Array]] = []
        for node in nodes:
            noted: dict[int, Array] = {}
            for change in self.space.recording.changes_of(node, "value", 1, self.space.recording.event_count):
                step = self.space.recording.number_at(change.event)
                for place, snapshot in ((step, change.before), (step + 1, change.after)):
                    if snapshot is not None and snapshot.array is not None:
                        noted.setdefault(place, snapshot.array.astype("f8").ravel())
            rows_of.append(noted)
        for step in sorted(set.intersection(*(set(noted) for noted in rows_of))):
            columns[step] = [float(value) for noted in rows_of for value in noted[step]]
        if not columns:
            values = [values_of(self.space.recording, trace.tensors[slot]) for slot in slots]
            columns[number] = [float(entry) for value in values if value is not None for entry in value.ravel()]
        return numpy.array(list(columns.values())), numpy.array(list(columns))

    def _parameter_names(self, trace: Trace, slots: list[int]) -> tuple[str, str]:
        recording = self.space.recording
        names = recording.names(recording.step(trace.step).last)
        found = [leaf_name(recording, recording.node(trace.tensors[slot].node or 0), names) for slot in slots]
        return (found[0], found[1]) if len(found) == 2 else (f"{found[0]}[0]", f"{found[0]}[1]")
