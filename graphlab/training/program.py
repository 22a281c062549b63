"""The forward of a training step as a program of numpy functions, from its data and parameters to its loss.

Read from what a step in full detail left: which ops ran, on which tensors. Steps that ran the same ops share one
program, whose functions were checked against the recorded values; so it can be asked what the model says to other data,
without the model and without torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy

from graphlab.errors import UsageError
from graphlab.language import _
from graphlab.model import LEAF_KINDS
from graphlab.training.kernels import Kernel, find_kernel

if TYPE_CHECKING:
    from graphlab.model import Event, Tensor
    from graphlab.recording import Recording

    Array = numpy.ndarray[Any, Any]

_MOST_OPS = 2_000


class NoPictureError(UsageError):
    """Why there is no picture of a step, in one line."""


@dataclass(frozen=True)
class Call:
    """An op of the forward: tensors are slots, numbered as they turn up."""

    op: str
    call: str
    inputs: tuple[int, ...]
    output: int


@dataclass(frozen=True)
class Trace:
    """What one step ran: the ops that its loss needs, in order, and the tensors that stood in the slots."""

    step: int
    calls: tuple[Call, ...]
    tensors: tuple[Tensor, ...]
    """By slot."""
    lines: tuple[int | None, ...]
    """Of each call."""
    sources: tuple[int, ...]
    """The slots that no op of the forward filled: parameters, and data."""
    leaves: frozenset[int]
    """Of the sources those that get a gradient."""
    loss: int


def read_trace(recording: Recording, number: int) -> Trace:
    """Return what a step ran from its data to the loss at which its first backward began.

    Raises:
        NoPictureError: it was not recorded, or there is no such loss.
    """
    step = recording.step(number)
    if step.detail == "light":
        raise NoPictureError(
            _("step {number} is light: no op and no data of it were recorded (r records it in full)").format(
                number=number
            )
        )
    with recording.reading():
        starts = recording.events_between(step.first, step.last, ("backward_start",))
        roots = starts[0].details.get("roots", ()) if starts else ()
        row = recording.reader.row("SELECT source FROM edges WHERE target = ?", roots[0]) if roots else None
        if row is None:
            raise NoPictureError(_("no backward of step {number} began at a loss").format(number=number))
        ops = recording.events_between(step.first, starts[0].id, ("op",))
        loss = recording.value_tensor(row[0], starts[0].id)
        if loss is None:
            raise NoPictureError(_("the loss of step {number} was not recorded").format(number=number))
        return _Tracer(recording, number).trace(ops, loss)


class _Tracer:
    """Follows a loss back to the tensors that it was made of."""

    def __init__(self, recording: Recording, number: int) -> None:
        self.recording = recording
        self.number = number
        self.slots: dict[int, int] = {}
        self.tensors: list[Tensor] = []

    def trace(self, ops: list[Event], loss: Tensor) -> Trace:
        needed = {loss.id: loss}
        used: list[tuple[Event, list[Tensor], Tensor]] = []
        read = self._inputs(ops)
        for event in reversed(ops):
            made = [number for number in event.details.get("outputs", ()) if number in needed]
            if not made:
                continue
            inputs = read.get(event.id, [])
            used.append((event, inputs, needed[made[0]]))
            # What needs no gradient is data, however it came about; a leaf may have been filled by ops before.
            needed.update(
                (tensor.id, tensor) for tensor in inputs if tensor.requires_grad and not self._is_leaf(tensor)
            )
            if len(used) > _MOST_OPS:
                raise NoPictureError(
                    _("the forward of step {number} has more than {most:,} ops").format(
                        number=self.number, most=_MOST_OPS
                    )
                )
        used.reverse()
        calls = []
        for event, inputs, output in used:
            slots = tuple(self._slot(tensor) for tensor in inputs)
            calls.append(Call(event.text, str(event.details.get("call", "")), slots, self._slot(output)))
        filled = {call.output for call in calls}
        sources = tuple(slot for slot in range(len(self.tensors)) if slot not in filled)
        leaves = frozenset(slot for slot in sources if self._is_leaf(self.tensors[slot]))
        lines = tuple(event.line for event, _, _ in used)
        return Trace(self.number, tuple(calls), tuple(self.tensors), lines, sources, leaves, self._slot(loss))

    def _inputs(self, ops: list[Event]) -> dict[int, list[Tensor]]:
        """Return what each op read, with two questions for all of them."""
        reader = self.recording.reader
        span = (ops[0].id, ops[-1].id) if ops else (1, 0)
        uses = reader.rows("SELECT event, tensor FROM uses WHERE event BETWEEN ? AND ? ORDER BY event, position", *span)
        where = "WHERE id IN (SELECT tensor FROM uses WHERE event BETWEEN ? AND ?)"
        tensors = {tensor.id: tensor for tensor in reader.tensors(where, *span)}
        found: dict[int, list[Tensor]] = {}
        for event, number in uses:
            found.setdefault(event, []).append(tensors[number])
        return found

    def _is_leaf(self, tensor: Tensor) -> bool:
        return tensor.node is not None and self.recording.node(tensor.node).kind in LEAF_KINDS

    def _slot(self, tensor: Tensor) -> int:
        if tensor.id not in self.slots:
            self.slots[tensor.id] = len(self.tensors)
            self.tensors.append(tensor)
        return self.slots[tensor.id]


def values_of(recording: Recording, tensor: Tensor) -> Array | None:
    """Return all values of a tensor, real ones with 64 bits, or None if not all were kept."""
    snapshot = recording.snapshot(tensor.snapshot)
    array = snapshot.array if snapshot is not None and snapshot.is_complete else None
    if array is None or array.dtype.kind == "c":
        return None
    return array.astype("f8") if array.dtype.kind == "f" else array


class Program:
    """The functions of a trace. They are found when they are first needed."""

    def __init__(self, recording: Recording, trace: Trace) -> None:
        self.recording = recording
        self.trace = trace
        self._kernels: dict[int, Kernel] = {}
        self._plan = lru_cache(16)(self._find_plan)

    def fits(self, trace: Trace) -> bool:
        """Whether another step ran the same ops on tensors that stand in the same places."""
        return trace.calls == self.trace.calls and trace.sources == self.trace.sources

    def sources(self, trace: Trace) -> dict[int, Array]:
        """Return what stood in the sources at a step, by slot, without what was not kept."""
        found = {slot: values_of(self.recording, trace.tensors[slot]) for slot in trace.sources}
        return {slot: values for slot, values in found.items() if values is not None}

    def run(self, given: Mapping[int, Array], wanted: int) -> Array:
        """Return what stands in a slot, given what stands in others.

        Raises:
            NoPictureError: an op on the way is none of those that are known, or a tensor was not kept.
        """
        values = dict(given)
        with numpy.errstate(all="ignore"):
            for kernel, inputs, output in self._plan(frozenset(given), wanted):
                values[output] = kernel(*[values[slot] for slot in inputs])
        return numpy.asarray(values[wanted])

    def _find_plan(self, given: frozenset[int], wanted: int) -> list[tuple[Kernel, tuple[int, ...], int]]:
        """Return the calls between what is given and what is wanted, in order."""
        open_slots = {wanted} - given
        needed: list[int] = []
        for index in range(len(self.trace.calls) - 1, -1, -1):
            call = self.trace.calls[index]
            if call.output in open_slots:
                needed.append(index)
                open_slots.discard(call.output)
                open_slots |= set(call.inputs) - given
        if open_slots:
            raise NoPictureError(self._missing(min(open_slots)))
        calls = [(index, self.trace.calls[index]) for index in reversed(needed)]
        return [(self._kernel(index), call.inputs, call.output) for index, call in calls]

    def _missing(self, slot: int) -> str:
        tensor = self.trace.tensors[slot]
        shape = "x".join(map(str, tensor.shape)) or "()"
        return _(
            "a tensor of {shape} that the forward needs was not kept whole: a recording keeps up to 4,096 values"
        ).format(shape=shape)

    def _kernel(self, index: int) -> Kernel:
        if index not in self._kernels:
            call = self.trace.calls[index]
            inputs = [self._recorded(slot) for slot in call.inputs]
            kernel = find_kernel(call.op, inputs, self._recorded(call.output))
            if kernel is None:
                line = self.trace.lines[index]
                where = _(" at line {line}").format(line=line) if line else ""
                raise NoPictureError(
                    _("{op}{where} is no op that can be reckoned without torch").format(op=call.op, where=where)
                )
            self._kernels[index] = kernel
        return self._kernels[index]

    def _recorded(self, slot: int) -> Array:
        values = values_of(self.recording, self.trace.tensors[slot])
        if values is None:
            raise NoPictureError(self._missing(slot))
        return values
