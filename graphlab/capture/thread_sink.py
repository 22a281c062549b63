"""Keeps the facts of another thread until they can come onto the timeline, and puts them there.

A recording is one list of events, and a step a run of them. What a thread beside the one that is watched does is
therefore gathered here under numbers of its own. A piece of it (a whole step, or what belongs to none) is put onto
the timeline in one go; its events, nodes and tensors get the recording's numbers then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphlab.capture.identity import TensorRef
from graphlab.capture.placing import SCRIPT, Placing, Row, Shared
from graphlab.capture.sink import LightStep, Pieces
from graphlab.capture.steps import StepPart

_Place = tuple[int | None, int | None, int | None]


@dataclass(slots=True)
class Piece:
    """Some events of a thread, in one run."""

    placing: Placing
    rows: list[Row]
    first: int
    """Its first event."""
    part: StepPart | None = None
    """What it adds to the step under way, where it holds backwards in full detail."""
    light: LightStep | None = None
    """The step in light detail that it is."""

    @property
    def is_ended(self) -> bool:
        """Whether it is a whole step."""
        return self.light is not None or (self.part is not None and self.part.is_ended)


class ThreadSink:
    """Takes facts as a sink does, numbers them for the thread alone, and cuts them into pieces.

    Args:
        shared: what the threads have in common.
        name: what the thread is called.
    """

    def __init__(self, shared: Shared, name: str) -> None:
        self.event_count = 0
        self.name = name
        self.ready: list[Piece] = []
        """Pieces that are to come onto the timeline."""
        self.leaf: TensorRef | None = None
        """The tensor of the leaf whose node is about to be added."""
        self.is_whole_script = False
        """Whether names that are given now are names of the script itself, and not of this thread alone."""
        self._placing = Placing(shared, name)
        self._sink = shared.sink
        self._open: set[int] = set()
        self._counts = dict.fromkeys(("nodes", "tensors", "snapshots", "graphs"), 0)
        self._counts["frames"] = SCRIPT
        self._rows: list[Row] = []
        self._first = 1
        self._begins: list[int] = []
        """Of each event since the first that is in no piece: where its rows begin."""
        self._spans: list[tuple[int, str]] = []

    # -- pieces ----------------------------------------------------------------------------------------------------

    @property
    def waiting(self) -> int:
        """How many facts are in no piece yet."""
        return len(self._rows)

    def cut(self, last: int, part: StepPart | None = None, light: LightStep | None = None) -> None:
        """Make a piece of all events up to one."""
        count = last - self._first + 1
        end = self._begins[count] if count < len(self._begins) else len(self._rows)
        if end or part is not None or light is not None:
            self.ready.append(Piece(self._placing, self._rows[:end], self._first, part, light))
        del self._rows[:end]
        self._begins = [begin - end for begin in self._begins[count:]]
        self._first = last + 1

    def add_span(self, first: int, last: int, step: int, phase: str) -> None:
        """Say that a run of events belongs to a phase."""
        self._spans.append((last, phase))

    def add_step(
        self, step: int, first: int, last: int, nodes: int, edges: int, losses: Sequence[float], again: Sequence[int]
    ) -> None:
        """Say that a training step has ended; or the thread's work, which need not have been one."""
        spans, self._spans = self._spans, []
        kinds = [phase for _, phase in spans]
        part = None
        if "backward" in kinds:
            while spans[-1][1] == "setup":  # what came after it is nothing of the step
                spans.pop()
            part = StepPart(first, last, spans, list(losses), list(again), nodes, edges, "update" in kinds)
        self.cut(last, part)

    def add_light_step(self, step: LightStep) -> None:
        """Say that a training step in light detail has ended."""
        self._spans.clear()
        self.cut(step.events[-1].number, light=step)

    # -- facts -----------------------------------------------------------------------------------------------------

    def _next(self, table: str) -> int:
        number = self._counts[table] + 1
        self._counts[table] = number
        return number

    def _begin(self, row: Callable[..., None]) -> int:
        self.event_count += 1
        self._begins.append(len(self._rows))
        self._rows.append((row, (self.event_count,)))
        return self.event_count

    def _keep(self, row: Callable[..., None], *facts: Any) -> None:
        self._rows.append((row, facts))

    def begin_event(self) -> int:
        """Give the next event its number."""
        event = self._begin(self._placing.begin_event)
        self._open.add(event)
        return event

    def number_event(self) -> int:
        """Give the next event of a light step its number."""
        return self._begin(self._placing.number_event)

    def end_event(
        self, event: int, kind: str, place: _Place, *, node: int | None = None, text: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Complete an event."""
        self._open.discard(event)
        self._keep(self._placing.end_event, event, kind, place, node, text, details)

    def end_open_events(self) -> None:
        """Complete what was begun and never ended."""
        for event in sorted(self._open):
            self.end_event(event, "op", (None, None, None), text="?")

    @property
    def has_open_events(self) -> bool:
        """Whether an event is begun and not complete."""
        return bool(self._open)

    def add_file(self, path: str, text: str) -> int:
        """Add a file: all threads share them."""
        return self._sink.add_file(path, text)

    def add_frame(self, parent: int | None, function: str, file: int) -> int:
        """Add a call of one of the script's functions; its name says in which thread."""
        number = self._next("frames")
        self._keep(self._placing.add_frame, number, parent or SCRIPT, f"{function} [{self.name}]", file)
        return number

    def end_frame(self, frame: int) -> None:
        """Say that a call has returned."""
        self._keep(self._placing.end_frame, frame)

    def add_node(
        self, kind: str, event: int, *, op: str | None = None, call: str | None = None, name: str | None = None,
        module: str | None = None, file: int | None = None, line: int | None = None,
        shape: tuple[int, ...] | None = None, dtype: str | None = None, device: str | None = None,
    ) -> int:  # fmt: skip
        """Add a node of the graph."""
        number = self._next("nodes")
        facts = {"op": op, "call": call, "name": name, "module": module, "file": file, "line": line, "shape": shape,
                 "dtype": dtype, "device": device}  # fmt: skip
        leaf, self.leaf = self.leaf, None
        self._keep(self._placing.add_node, number, kind, event, facts, leaf)
        return number

    def set_node(self, node: int, kind: str, name: str | None) -> None:
        """Say anew what kind of leaf a node is, and what it is called."""
        if name is not None and not self.is_whole_script:
            self._keep(self._placing.set_node, node, kind, f"{self.name}.{name}", name)
        else:
            self._keep(self._placing.set_node, node, kind, name, name)

    def set_node_module(self, node: int, module: str) -> None:
        """Say after all which module's forward made a node."""
        self._keep(self._placing.set_node_module, node, module)

    def add_edge(self, source: int, target: int, slot: int, output: int, event: int, label: str = "") -> None:
        """Add an edge of the graph."""
        self._keep(self._placing.add_edge, source, target, slot, output, event, label)

    def add_op(
        self, event: int, op: str, call: str | None, module: str | None, file: int | None, line: int | None,
        shape: tuple[int, ...] | None, dtype: str | None, device: str | None,
        edges: Sequence[tuple[int, int, int]], saved: Sequence[tuple[str, tuple[int, ...], str]],
    ) -> int:  # fmt: skip
        """Add a node that an op made, with the edges into it and the tensors that it keeps."""
        facts = op, call, module, file, line, shape, dtype, device
        self._keep(self._placing.add_op, event, facts, edges, saved)
        return self._next("nodes")

    def add_arguments(
        self,
        node: int,
        numbers: str,
        states: Sequence[tuple[str, int]],
        values: Sequence[tuple[str, int]],
        made_by: int | None,
    ) -> None:
        """Say with what a node's backward will reckon."""
        self._keep(self._placing.add_arguments, node, numbers, states, values, made_by)

    def end_op(
        self, event: int, place: _Place, node: int, text: str, call: str, output: int, used: Sequence[int]
    ) -> None:
        """Complete the event of an op that made a node and one tensor."""
        self._open.discard(event)
        self._keep(self._placing.end_op, event, place, node, text, call, output, used)

    def add_gradients(
        self, event: int, node: int, place: _Place, gradients: Sequence[tuple[int, int | None]]
    ) -> None:  # fmt: skip
        """Complete the event of a node of the backward, with slot and snapshot of its gradients."""
        self._open.discard(event)
        self._keep(self._placing.add_gradients, event, node, place, gradients)

    def add_values(self, shape: tuple[int, ...], dtype: str, stored: str, data: bytes) -> int:
        """Add all values of a small tensor on the CPU."""
        self._keep(self._placing.add_values, shape, dtype, stored, data)
        return self._next("snapshots")

    def add_pieces(self, pieces: Pieces, data: bytes) -> int:
        """Add all values of many small tensors on the CPU; return the number of the first."""
        self._keep(self._placing.add_pieces, pieces, data)
        first = self._counts["snapshots"] + 1
        self._counts["snapshots"] += len(pieces.shapes)
        return first

    def set_modules(self, classes: Mapping[str, str]) -> None:
        """Say of which class the module at each path is: the thread that owns the timeline says it of all."""

    def add_tensor(
        self, origin: int | None, event: int, node: int | None, output: int, label: str, shape: tuple[int, ...],
        dtype: str, device: str, requires_grad: bool, snapshot: int | None,
    ) -> int:  # fmt: skip
        """Add a state of a tensor."""
        facts = label, shape, dtype, device, requires_grad
        self._keep(self._placing.add_tensor, origin, event, node, output, facts, snapshot)
        return self._next("tensors")

    def set_tensor_node(self, tensor: int, node: int, *, requires_grad: bool) -> None:
        """Say that a tensor of data is a node after all, or has become a leaf."""
        self._keep(self._placing.set_tensor_node, tensor, node, requires_grad)

    def add_use(self, event: int, position: int, tensor: int) -> None:
        """Say that an op read a tensor."""
        self._keep(self._placing.add_use, event, position, tensor)

    def add_binding(
        self, event: int, frame: int, name: str, kind: str, origin: int | None, text: str, *, is_element: bool
    ) -> None:
        """Say what a variable holds from an event on."""
        self._keep(self._placing.add_binding, event, frame, name, kind, origin, text, is_element)

    def add_gradient(self, node: int, slot: int, event: int, snapshot: int | None) -> None:
        """Add a gradient that the engine handed over."""
        self._keep(self._placing.add_gradient, node, slot, event, snapshot)

    def add_change(
        self, event: int, node: int, what: str, before: int | None, added: int | None, after: int | None,
        difference: float | None,
    ) -> None:  # fmt: skip
        """Add what an event changed in a leaf."""
        self._keep(self._placing.add_change, event, node, what, before, added, after, difference)

    def add_changes(
        self, event: int, nodes: Sequence[int], what: str, before: Sequence[int | None], after: Sequence[int | None],
        differences: Sequence[float | None],
    ) -> None:  # fmt: skip
        """Add what an event changed in many leaves."""
        for node, old, new, difference in zip(nodes, before, after, differences, strict=True):
            self.add_change(event, node, what, old, None, new, difference)

    def add_state(self, event: int, node: int, name: str, snapshot: int) -> None:
        """Add what an optimizer keeps for a parameter, as of an update."""
        self._keep(self._placing.add_state, event, node, name, snapshot)

    def add_snapshot(
        self, shape: tuple[int, ...], dtype: str, device: str, stored: str, stride: int, data: bytes | None,
        norm: float | None, minimum: float | None, maximum: float | None,
    ) -> int:  # fmt: skip
        """Add what is kept of a tensor's values."""
        self._keep(self._placing.add_snapshot, shape, dtype, device, stored, stride, data, norm, minimum, maximum)
        return self._next("snapshots")

    def add_graph(
        self, key: str, torchviz: str | None, nodes: Sequence[int] | None = None, roots: Sequence[int] | None = None,
        measured: Sequence[int] | None = None,
    ) -> int:  # fmt: skip
        """Add a distinct structure that a backward ran through."""
        self._keep(self._placing.add_graph, key, torchviz, nodes, roots, measured)
        return self._next("graphs")

    def add_edge_norms(self, event: int, graph: int, norms: Sequence[float | None]) -> None:
        """Add the norms of the gradients inside a graph."""
        self._keep(self._placing.add_edge_norms, event, graph, norms)

    def add_gone(self, node: int, event: int | None) -> None:
        """Say that a leaf's tensor was let go."""
        self._keep(self._placing.add_gone, node, event)

    def add_backward(self, event: int, graph: int, nodes: Sequence[int], edges: int) -> None:
        """Say which nodes a backward reaches from its roots."""
        self._keep(self._placing.add_backward, event, graph, nodes, edges)

    def add_remark(
        self, event: int, kind: str, place: _Place, text: str, tensor: int | None, data: Mapping[str, Any] | None
    ) -> None:
        """Add what is no event but means much for gradients (see `remarks`), as of an event."""
        self._keep(self._placing.add_remark, event, kind, place, text, tensor, data)

    def add_thread(self, step: int, name: str) -> None:
        """Say in which thread a step ran: of these it is always this one."""

    def add_note(self, text: str) -> None:
        """Add something that the person should know about the recording."""
        self._sink.add_note(text)
