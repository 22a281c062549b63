"""What capture asks of whoever keeps the facts: capture and store are strangers, the recorder introduces them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(slots=True)
class LightEvent:
    """An event of a step in light detail."""

    number: int
    kind: str
    file: int | None
    line: int | None
    graph: int = 0
    """Of a backward_start: the structure that it ran through, 0 where that was not kept."""
    call: str | None = None
    losses: Sequence[float] = ()
    again: bool = False
    optimizer: str | None = None


@dataclass(slots=True)
class LightStep:
    """A training step in light detail, when it has ended."""

    step: int
    first: int
    """The number of its first event."""
    events: Sequence[LightEvent]
    nodes: int
    edges: int
    leaves: Sequence[int]
    figures: Sequence[float | None]
    """Of each leaf the norm of its gradient; None where it got none."""
    rates: Sequence[tuple[str, float]]
    """The learning rate of each group of parameters, and whose it is."""
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Pieces:
    """Where many small tensors of float32 lie in one run of bytes."""

    shapes: tuple[tuple[int, ...], ...]
    starts: tuple[int, ...]
    """Of each, how many numbers lie before it."""


class Sink(Protocol):
    """Takes facts in the order in which they happen and numbers them."""

    event_count: int
    """The number of the last event."""

    def begin_event(self) -> int:
        """Give the next event its number, so that facts can name it before it is complete."""

    def end_event(
        self,
        event: int,
        kind: str,
        place: tuple[int | None, int | None, int | None],
        *,
        node: int | None = None,
        text: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Complete an event; place is its file, line and frame."""

    def end_open_events(self) -> None:
        """Complete what was begun and never ended, because noting it failed: event numbers have no gaps."""

    def add_file(self, path: str, text: str) -> int:
        """Add one of the script's own files."""

    def add_frame(self, parent: int | None, function: str, file: int) -> int:
        """Add a call of one of the script's functions."""

    def end_frame(self, frame: int) -> None:
        """Say that a call has returned."""

    def set_modules(self, classes: Mapping[str, str]) -> None:
        """Say of which class the module at each path is."""

    def add_node(
        self,
        kind: str,
        event: int,
        *,
        op: str | None = None,
        call: str | None = None,
        name: str | None = None,
        module: str | None = None,
        file: int | None = None,
        line: int | None = None,
        shape: tuple[int, ...] | None = None,
        dtype: str | None = None,
        device: str | None = None,
    ) -> int:
        """Add a node of the graph."""

    def add_op(
        self,
        event: int,
        op: str,
        call: str | None,
        module: str | None,
        file: int | None,
        line: int | None,
        shape: tuple[int, ...] | None,
        dtype: str | None,
        device: str | None,
        edges: Sequence[tuple[int, int, int]],
        saved: Sequence[tuple[str, tuple[int, ...], str]],
    ) -> int:
        """Add a node that an op made, with the edges into it (slot, source, output) and the tensors that it keeps."""

    def add_arguments(
        self,
        node: int,
        numbers: str,
        states: Sequence[tuple[str, int]],
        values: Sequence[tuple[str, int]],
        made_by: int | None,
    ) -> None:
        """Say with what a node's backward will reckon: numbers as JSON, states of tensors, and snapshots of others.

        made_by: the node of a backward that made it, where one did.
        """

    def end_op(
        self,
        event: int,
        place: tuple[int | None, int | None, int | None],
        node: int,
        text: str,
        call: str,
        output: int,
        used: Sequence[int],
    ) -> None:
        """Complete the event of an op that made a node and one tensor, with the tensors that it read."""

    def set_node(self, node: int, kind: str, name: str | None) -> None:
        """Say anew what kind of leaf a node is, and what it is called."""

    def set_node_module(self, node: int, module: str) -> None:
        """Say after all which module's forward made a node."""

    def add_edge(self, source: int, target: int, slot: int, output: int, event: int, label: str = "") -> None:
        """Add an edge of the graph."""

    def add_tensor(
        self,
        origin: int | None,
        event: int,
        node: int | None,
        output: int,
        label: str,
        shape: tuple[int, ...],
        dtype: str,
        device: str,
        requires_grad: bool,
        snapshot: int | None,
    ) -> int:
        """Add a state of a tensor; origin is its first state, None where this is the first."""

    def set_tensor_node(self, tensor: int, node: int, *, requires_grad: bool) -> None:
        """Say that a tensor of data is a node after all, or has become a leaf."""

    def add_use(self, event: int, position: int, tensor: int) -> None:
        """Say that an op read a tensor."""

    def add_binding(
        self, event: int, frame: int, name: str, kind: str, origin: int | None, text: str, *, is_element: bool
    ) -> None:
        """Say what a variable holds from an event on."""

    def add_gradients(
        self,
        event: int,
        node: int,
        place: tuple[int | None, int | None, int | None],
        gradients: Sequence[tuple[int, int | None]],
    ) -> None:
        """Complete the event of a node of the backward, with slot and snapshot of its gradients."""

    def add_gradient(self, node: int, slot: int, event: int, snapshot: int | None) -> None:
        """Add a gradient that the engine handed over."""

    def add_change(
        self,
        event: int,
        node: int,
        what: str,
        before: int | None,
        added: int | None,
        after: int | None,
        difference: float | None,
    ) -> None:
        """Add what an event changed in a leaf."""

    def add_changes(
        self,
        event: int,
        nodes: Sequence[int],
        what: str,
        before: Sequence[int | None],
        after: Sequence[int | None],
        differences: Sequence[float | None],
    ) -> None:
        """Add what an event changed in many leaves."""

    def add_state(self, event: int, node: int, name: str, snapshot: int) -> None:
        """Add what an optimizer keeps for a parameter, as of an update."""

    def add_snapshot(
        self,
        shape: tuple[int, ...],
        dtype: str,
        device: str,
        stored: str,
        stride: int,
        data: bytes | None,
        norm: float | None,
        minimum: float | None,
        maximum: float | None,
    ) -> int:
        """Add what is kept of a tensor's values."""

    def add_values(self, shape: tuple[int, ...], dtype: str, stored: str, data: bytes) -> int:
        """Add all values of a small tensor on the CPU."""

    def add_pieces(self, pieces: Pieces, data: bytes) -> int:
        """Add all values of many small tensors on the CPU; return the number of the first, which the rest follow."""

    def add_graph(
        self,
        key: str,
        torchviz: str | None,
        nodes: Sequence[int] | None = None,
        roots: Sequence[int] | None = None,
        measured: Sequence[int] | None = None,
    ) -> int:
        """Add a distinct structure that a backward ran through.

        Light steps share it: with its nodes, its output nodes, and pairs of node and slot in the order of its norms.
        """

    def add_edge_norms(self, event: int, graph: int, norms: Sequence[float | None]) -> None:
        """Add the norms of the gradients inside a graph, as of the event at which the backward ended."""

    def add_gone(self, node: int, event: int | None) -> None:
        """Say that a leaf's tensor was let go, before the first backward after an event.

        None: it lives after all, for another tensor stands in its place.
        """

    def add_backward(self, event: int, graph: int, nodes: Sequence[int], edges: int) -> None:
        """Say which nodes a backward reaches from its roots."""

    def add_span(self, first: int, last: int, step: int, phase: str) -> None:
        """Say that a run of events belongs to a step and a phase."""

    def add_step(
        self,
        step: int,
        first: int,
        last: int,
        nodes: int,
        edges: int,
        losses: Sequence[float],
        again: Sequence[int],
    ) -> None:
        """Say that a training step has ended; again: which of its losses an optimizer ran once more."""

    def number_event(self) -> int:
        """Give the next event of a light step its number; `add_light_step` completes it."""

    def add_light_step(self, step: LightStep) -> None:
        """Say that a training step in light detail has ended."""

    def add_remark(
        self,
        event: int,
        kind: str,
        place: tuple[int | None, int | None, int | None],
        text: str,
        tensor: int | None,
        data: Mapping[str, Any] | None,
    ) -> None:
        """Add what is no event but means much for gradients (see `remarks`), as of an event."""

    def add_thread(self, step: int, name: str) -> None:
        """Say that a step, or a part of it, ran in another thread than the one that the recording began in."""

    @property
    def has_open_events(self) -> bool:
        """Whether an event is begun and not complete: no moment to commit."""

    def add_note(self, text: str) -> None:
        """Add something that the person should know about the recording."""
