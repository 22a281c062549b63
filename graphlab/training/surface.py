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
_RUNAWAY = 100.0
"""How many times as long as its first move a training's longest one is, where it runs away instead of settling."""
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
        self._surfaces: dict[tuple[int, int, tuple[int, int], tuple[int, ...]], Surface] = {}
        """By what the data holds, and how much of the path: steps of the whole data share one."""
        self._paths: dict[tuple[int, tuple[int, ...]], tuple[Array, Array]] = {}

    def surface(self, number: int, size: tuple[int, int] = _GRID) -> Surface:
        """Return the error of a step's data over the two numbers of a model that has two.

        Raises:
            NoPictureError: there is no picture, and why.
        """
        full = self.space.full_step(number)
        trace = self.space.trace(full)
        given = self.space.program(trace).sources(trace)
        data = [(slot, given[slot].tobytes()) for slot in trace.sources if slot in given and slot not in trace.leaves]
        slots = _slots_of(trace)
        path, steps = _seen(*self._path(slots, trace), full)
        # Steps that see the same data share one surface; another training of the script has numbers of its own.
        seen = (len(path), *_nodes_of(slots, trace))
        key = (hash(tuple(data)), self.space.recording.event_count, size, seen)
        if key not in self._surfaces:
            self._surfaces = dict(list(self._surfaces.items())[-_KEPT:])
            self._surfaces[key] = self._reckon_surface(trace, slots, path, steps, size)
        surface = self._surfaces[key]
        return Surface(number, surface.names, surface.axes, surface.errors, surface.path, surface.steps)

    def _reckon_surface(
        self, trace: Trace, slots: list[int], path: Array, steps: Array, size: tuple[int, int]
    ) -> Surface:
        program, number = self.space.program(trace), trace.step
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

    def _path(self, slots: list[int], trace: Trace) -> tuple[Array, Array]:
        """Return where two numbers stood before the update of each step, and after the last."""
        nodes = _nodes_of(slots, trace)
        key = (self.space.recording.event_count, nodes)
        if key not in self._paths:
            self._paths = {key: self._read_path(nodes, slots, trace)}
        return self._paths[key]

    def _read_path(self, nodes: tuple[int, ...], slots: list[int], trace: Trace) -> tuple[Array, Array]:
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
            columns[trace.step] = [float(entry) for value in values if value is not None for entry in value.ravel()]
        return numpy.array(list(columns.values())), numpy.array(list(columns))

    def _parameter_names(self, trace: Trace, slots: list[int]) -> tuple[str, str]:
        recording = self.space.recording
        names = recording.names(recording.step(trace.step).last)
        found = [leaf_name(recording, recording.node(trace.tensors[slot].node or 0), names) for slot in slots]
        return (found[0], found[1]) if len(found) == 2 else (f"{found[0]}[0]", f"{found[0]}[1]")


def _slots_of(trace: Trace) -> list[int]:
    """Return the slots that hold the two numbers of a model, in the order in which they were made.

    Raises:
        NoPictureError: it has fewer, or more.
    """
    slots = sorted(trace.leaves, key=lambda slot: trace.tensors[slot].node or 0)
    count = sum(int(numpy.prod(trace.tensors[slot].shape, dtype="i8")) for slot in slots)
    if count != 2:
        said = _("the model has {count:,} numbers: an error surface is drawn over two")
        raise NoPictureError(said.format(count=count))
    return slots


def _nodes_of(slots: list[int], trace: Trace) -> tuple[int, ...]:
    return tuple(trace.tensors[slot].node or 0 for slot in slots)


def _seen(path: Array, steps: Array, step: int) -> tuple[Array, Array]:
    """Return the part of a path that is drawn: all of it, or of one that runs away what lies behind a step.

    Where a rate is too large each move is longer than the one before: beside the last of them all others are a point.
    """
    moves = numpy.linalg.norm(numpy.diff(path, axis=0), axis=1)
    if not (moves.size and moves[0] and numpy.nanmax(moves) > _RUNAWAY * moves[0]):
        return path, steps
    end = int(numpy.searchsorted(steps, step + 1, "right"))
    return path[: max(end, 2)], steps[: max(end, 2)]
