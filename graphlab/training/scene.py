"""The picture of a model in the space of its data: its line through the points, or the regions of its classes.

The program of a step (`program`) is asked for other data, or other parameters, than those that it ran on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy

from graphlab.errors import UsageError
from graphlab.language import _
from graphlab.training.program import NoPictureError, Program, Trace, read_trace, values_of
from graphlab.training.roles import Roles, find_roles

if TYPE_CHECKING:
    from graphlab.recording import Recording

    Array = numpy.ndarray[Any, Any]

_MOST_COLUMNS = 64
_MOST_POINTS = 2_000
_MOST_STEPS = 256
"""From so many steps at most points are gathered."""
_MARGIN = 0.08
_GRID = (72, 48)


@dataclass(frozen=True)
class Points:
    """Rows of data with what each should become."""

    inputs: Array
    """A row each."""
    targets: Array
    """One number each: a class, or what is to be predicted."""


@dataclass(frozen=True)
class Scene:
    """What a model says at a step, over the space of its data."""

    kind: Literal["line", "regions"]
    step: int
    points: Points
    """Those of many steps."""
    batch: Points
    """Those of this step."""
    columns: tuple[int, ...]
    """One or two columns of the inputs; the others stand at their means."""
    count: int
    """How many columns the inputs have."""
    axes: tuple[Array, ...]
    """Where it was asked, along each column."""
    prediction: Array
    """`line`: a number at each place; `regions`: a row for each place of the second axis, classes or numbers."""
    threshold: float | None
    """What parts two classes, None where there are not two."""
    has_classes: bool
    names: tuple[str, str]
    """What the script calls inputs and targets."""

    def border(self) -> float | None:
        """Return where the line first crosses the threshold, or None."""
        if self.kind != "line" or self.threshold is None:
            return None
        above = self.prediction > self.threshold
        (crossings,) = numpy.nonzero(above[1:] != above[:-1])
        if not crossings.size:
            return None
        place = int(crossings[0])
        low, high = self.prediction[place : place + 2]
        share = (self.threshold - low) / (high - low)
        return float(self.axes[0][place] + share * (self.axes[0][place + 1] - self.axes[0][place]))


class DataSpace:
    """The pictures of one recording in the space of its data. Grows with it."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._programs: list[tuple[Program, Roles | str]] = []
        self._trace = lru_cache(512)(self._read_trace)
        self._points = lru_cache(4)(self._gather_points)
        self.scene = lru_cache(64)(self._scene)

    # -- steps and their programs ----------------------------------------------------------------------------------

    def _read_trace(self, number: int, events: int) -> Trace:
        return read_trace(self.recording, number)

    def full_step(self, number: int) -> int:
        """Return the step itself, or of a light one the nearest in full: its data is alike."""
        blocks = self.recording.light.blocks
        if not blocks or self._has_forward(number):
            return number
        steps = len(self.recording.steps)
        before, after = number - 1, number + 1
        while before >= 1 and not self._has_forward(before):
            block = blocks.block_of(before)
            before = block.first - 1 if block is not None else before - 1
        while after <= steps and not self._has_forward(after):
            block = blocks.block_of(after)
            after = block.first + block.count if block is not None else after + 1
        full = [step for step in (before, after) if 1 <= step <= steps]
        if not full:
            raise NoPictureError(
                _(
                    "step {number} is light: no op and no data were recorded (r in the explorer, or graphlab "
                    "replay, records it in full)"
                ).format(number=number)
            )
        return min(full, key=lambda step: abs(step - number))

    def _has_forward(self, number: int) -> bool:
        """Whether the ops of a step were recorded: of one that turned full at its end they were not."""
        if self.recording.step(number).detail == "light":
            return False
        try:
            return bool(self.trace(number).calls)
        except NoPictureError:
            return False

    def trace(self, number: int) -> Trace:
        """Return what a step in full ran.

        Raises:
            NoPictureError: it was not recorded.
        """
        return self._trace(number, self.recording.event_count if number == len(self.recording.steps) else 0)

    def program(self, trace: Trace) -> Program:
        """Return the program of a trace, shared by all steps that ran the same."""
        return self._known(trace)[0]

    def roles(self, trace: Trace) -> Roles:
        """Return who is who in a trace.

        Raises:
            NoPictureError: it cannot be told.
        """
        roles = self._known(trace)[1]
        if isinstance(roles, str):
            raise NoPictureError(roles)
        return roles

    def _known(self, trace: Trace) -> tuple[Program, Roles | str]:
        for known in self._programs:
            if known[0].fits(trace):
                return known
        try:
            roles: Roles | str = find_roles(trace)
        except NoPictureError as reason:
            roles = str(reason)
        self._programs.append((Program(self.recording, trace), roles))
        return self._programs[-1]

    def _given(self, trace: Trace, number: int) -> dict[int, Array]:
        """Return what stood in the sources of a trace, the parameters as they were at a step."""
        given = self.program(trace).sources(trace)
        if trace.step != number:
            for slot in trace.leaves:
                node = trace.tensors[slot].node
                value = self.recording.value(node, self.recording.step(number).last) if node is not None else None
                if value is None or not value.is_complete or value.array is None:
                    raise NoPictureError(
                        _(
                            "step {number} is light and not on the schedule: the values of its parameters were not kept"
                        ).format(number=number)
                    )
                given[slot] = value.array.astype("f8")
        return given

    # -- points ----------------------------------------------------------------------------------------------------

    def _rows(self, trace: Trace, roles: Roles) -> Points:
        """Return the rows of a step's data."""
        inputs, targets = (values_of(self.recording, trace.tensors[slot]) for slot in (roles.inputs, roles.targets))
        if inputs is None or targets is None:
            shape = "x".join(map(str, trace.tensors[roles.inputs].shape))
            raise NoPictureError(
                _("the data ({shape}) was not kept whole: a recording keeps up to 4,096 values").format(shape=shape)
            )
        if inputs.ndim > 2 or (inputs.ndim == 2 and inputs.shape[1] > _MOST_COLUMNS):
            shape = "x".join(map(str, inputs.shape))
            raise NoPictureError(
                _("the data is {shape}: a picture needs rows of at most {most} columns").format(
                    shape=shape, most=_MOST_COLUMNS
                )
            )
        outputs = trace.tensors[roles.prediction].shape
        return Points(inputs.reshape(len(inputs), -1).astype("f8"), _one_number_each(targets, outputs))

    def _gather_points(self, first: int, events: int) -> Points:
        """Return the different rows of many steps that ran the same program as one."""
        trace = self.trace(first)
        roles = self.roles(trace)
        program = self.program(trace)
        found = [self._rows(trace, roles)]
        steps = [step.step for step in self.recording.steps[: _MOST_STEPS * 4] if step.detail == "full"][:_MOST_STEPS]
        for number in steps:
            try:
                other = self.trace(number)
            except NoPictureError:
                continue
            if _runs_alike(program.trace, other) and number != first:
                found.append(self._rows(other, roles))
        table = numpy.concatenate(
            [numpy.column_stack([points.inputs, points.targets]) for points in found if points.inputs.size]
        )
        table = numpy.unique(table, axis=0)
        if len(table) > _MOST_POINTS:
            table = table[:: -(-len(table) // _MOST_POINTS)]
        return Points(table[:, :-1], table[:, -1])

    # -- scenes ----------------------------------------------------------------------------------------------------

    def _scene(self, number: int, columns: tuple[int, ...] = (), size: tuple[int, int] = _GRID) -> Scene:
        """Return what the model says at a step.

        Args:
            columns: the two columns of the data to draw, counted from 0; those that part it best where none are given.
            size: at how many places along each axis it is asked.

        Raises:
            NoPictureError: there is no picture, and why.
            UsageError: there are no such columns.
        """
        full = self.full_step(number)
        trace = self.trace(full)
        roles, program = self.roles(trace), self.program(trace)
        batch = self._rows(trace, roles)
        count = self.recording.event_count if self.recording.is_running else 0
        points = self._points(program.trace.step, count)
        has_classes = _has_classes(points.targets, trace.tensors[roles.targets].dtype, trace, roles)
        chosen = _choose_columns(points, columns, has_classes=has_classes)
        axes = tuple(axis_of(points.inputs[:, column], places) for column, places in zip(chosen, size, strict=False))
        places = numpy.meshgrid(*axes)
        asked = numpy.tile(points.inputs.mean(axis=0), (places[0].size, 1))
        for column, values in zip(chosen, places, strict=True):
            asked[:, column] = values.ravel()
        given = self._given(trace, number)
        shape = given[roles.inputs].shape[1:]
        given[roles.inputs] = asked.reshape(-1, *shape)
        for slot in trace.sources:
            if (
                slot not in trace.leaves
                and slot != roles.inputs
                and trace.tensors[slot].shape[:1] == (len(batch.inputs),)
            ):
                given.pop(slot, None)
        try:
            said = program.run(given, roles.prediction)
        except ValueError:
            raise NoPictureError(
                _("the forward cannot be asked for other rows than those that it was run on")
            ) from None
        prediction, threshold = _read_prediction(said, len(asked), roles, has_classes=has_classes)
        kind: Literal["line", "regions"] = "line" if len(chosen) == 1 else "regions"
        return Scene(
            kind, number, points, batch, chosen, points.inputs.shape[1], axes,
            prediction if kind == "line" else prediction.reshape(len(axes[1]), len(axes[0])), threshold,
            has_classes, self._names(trace, roles),
        )  # fmt: skip

    def _names(self, trace: Trace, roles: Roles) -> tuple[str, str]:
        names = self.recording.names(self.recording.step(trace.step).last)
        found = []
        for slot, usual in ((roles.inputs, "x"), (roles.targets, "y")):
            node = trace.tensors[slot].node
            known = names.get(node, []) if node is not None else []
            found.append(known[0] if known else usual)
        return found[0], found[1]


def _runs_alike(trace: Trace, other: Trace) -> bool:
    return trace.calls == other.calls and trace.sources == other.sources


def _one_number_each(targets: Array, outputs: tuple[int, ...]) -> Array:
    """Return a class or a number for each row of targets."""
    flat = targets.reshape(len(targets), -1)
    if flat.shape[1] == 1:
        return numpy.asarray(flat[:, 0].astype("f8"))
    is_one_hot = bool(((flat == 0) | (flat == 1)).all()) and bool((flat.sum(axis=1) == 1).all())
    if is_one_hot:
        return numpy.asarray(flat.argmax(axis=1).astype("f8"))
    raise NoPictureError(
        _("each row of the targets has {count} numbers: a picture shows one").format(count=flat.shape[1])
    )


def _has_classes(targets: Array, dtype: str, trace: Trace, roles: Roles) -> bool:
    outputs = trace.tensors[roles.prediction].shape
    has_many = len(outputs) > 1 and outputs[-1] > 1
    if has_many and not bool((targets == numpy.rint(targets)).all()):
        raise NoPictureError(
            _("the prediction has {count} columns that are no classes: a picture shows one").format(count=outputs[-1])
        )
    return has_many or bool(numpy.isin(targets, (0.0, 1.0)).all()) or dtype == "bool"


def _choose_columns(points: Points, asked: tuple[int, ...], *, has_classes: bool) -> tuple[int, ...]:
    """Return the columns to draw: those asked for, else the two that say most about the targets."""
    count = points.inputs.shape[1]
    if asked:
        if len(set(asked)) != 2 or not all(0 <= column < count for column in asked):
            raise UsageError(
                _("the data has columns 0 to {last}: name two different ones of them").format(last=count - 1)
            )
        return asked
    if count <= 2:
        return tuple(range(count))
    spread = points.inputs.std(axis=0)
    with numpy.errstate(all="ignore"):
        if has_classes:
            means = [points.inputs[points.targets == each].mean(axis=0) for each in numpy.unique(points.targets)]
            scores = numpy.std(means, axis=0) / spread
        else:
            shifted = points.inputs - points.inputs.mean(axis=0)
            scores = numpy.abs(shifted.T @ (points.targets - points.targets.mean())) / spread
    best = numpy.argsort(-numpy.nan_to_num(scores), kind="stable")[:2]
    return tuple(sorted(int(column) for column in best))


def axis_of(values: Array, places: int, margin: float = _MARGIN) -> Array:
    """Return so many places along an axis that holds some values, with room beside them."""
    low, high = float(values.min()), float(values.max())
    room = (high - low) * margin or max(abs(high), 1.0) * margin
    return numpy.linspace(low - room, high + room, places)


def _read_prediction(said: Array, rows: int, roles: Roles, *, has_classes: bool) -> tuple[Array, float | None]:
    """Return a number or a class for each row that was asked, and what parts two classes."""
    if said.shape[:1] != (rows,):
        raise NoPictureError(_("the prediction has no row for each row of the data"))
    flat = said.reshape(rows, -1)
    if flat.shape[1] > 1:
        return flat.argmax(axis=1).astype("f8"), None
    if not has_classes:
        return flat[:, 0], None
    return flat[:, 0], 0.0 if roles.is_logit else 0.5
