"""Puts the facts of another thread onto the timeline, under the recording's own numbers.

Separate from `thread_sink`, which gathers them while the thread runs.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch

from graphlab.capture.identity import LeafState, TensorMap, TensorRef
from graphlab.capture.sink import LightStep, Pieces, Sink
from graphlab.capture.steps import StepPart

if TYPE_CHECKING:
    from graphlab.capture.thread_sink import Piece

SCRIPT = 1
"""The frame of the script itself: what a function declares global is its own."""
Row = tuple[Callable[..., None], tuple[Any, ...]]
_Place = tuple[int | None, int | None, int | None]


class Shared:
    """What the threads of a run have in common: leaves and graphs that each of them may come upon.

    Args:
        sink: the timeline's.
        main_leaf: says what a leaf is to the thread that owns the timeline, or None.
    """

    def __init__(self, sink: Sink, main_leaf: Callable[[torch.Tensor], LeafState | None]) -> None:
        self.sink = sink
        self.leaves: TensorMap[int] = TensorMap()
        """The node of each leaf that a thread was the first to come upon."""
        self.graphs: dict[str, int] = {}
        self.gone: set[int] = set()
        self.count = 0
        """How many threads there have been."""
        self.main_leaf = main_leaf

    def find(self, tensor: torch.Tensor) -> int | None:
        """Return the node of a leaf that is on the timeline already."""
        leaf = self.main_leaf(tensor)
        return leaf.node if leaf is not None else self.leaves.get(tensor)


class Placing:
    """Puts the facts of one thread onto the timeline, in the order in which they were kept.

    Numbers that the thread gave are exchanged for those of the recording, which lie here by what they were.
    """

    def __init__(self, shared: Shared, name: str) -> None:
        self.name = name
        self.number = shared.count = shared.count + 1
        self._shared = shared
        self._sink = shared.sink
        self.is_broken = False
        """Whether a piece could not be put there: those after it build on it."""
        self._numbers = {table: array("q", [0]) for table in ("events", "nodes", "tensors", "snapshots", "graphs")}
        self._frames = {SCRIPT: SCRIPT}
        self._events = self._numbers["events"]
        self._nodes = self._numbers["nodes"]
        self._tensors = self._numbers["tensors"]
        self._snapshots = self._numbers["snapshots"]
        self._graphs = self._numbers["graphs"]
        self._foreign: dict[int, TensorRef] = {}
        """Nodes of leaves that were on the timeline before this thread came upon them."""

    def put(self, piece: Piece) -> None:
        """Put the facts of a piece there."""
        if piece.first == 1:
            self._events[0] = self._sink.event_count
        if self.is_broken:
            return
        self.is_broken = True  # should it fail: numbers are amiss then
        for row, facts in piece.rows:
            row(*facts)
        self.is_broken = False

    def _event(self, event: int) -> int:
        """Return the recording's number of an event; what a call binds belongs to the one that comes next."""
        return self._events[event] if event < len(self._events) else self._sink.event_count + 1

    def part(self, part: StepPart) -> StepPart:
        """Return what a piece adds to a step, under the recording's numbers."""
        first, last = self._events[part.first], self._events[part.last]
        spans = [(self._events[end], phase) for end, phase in part.spans]
        return replace(part, first=first, last=last, spans=spans)

    def light(self, light: LightStep, step: int, first: int) -> LightStep:
        """Return a light step under the recording's numbers."""
        events = [
            replace(event, number=self._events[event.number], graph=self._graphs[event.graph]) for event in light.events
        ]
        return replace(
            light, step=step, first=first, events=events, leaves=[self._nodes[each] for each in light.leaves]
        )

    def begin_event(self, event: int) -> None:
        self._events.append(self._sink.begin_event())

    def number_event(self, event: int) -> None:
        self._events.append(self._sink.number_event())

    def end_event(
        self, event: int, kind: str, place: _Place, node: int | None, text: str, details: Mapping[str, Any] | None
    ) -> None:
        if details is not None:
            numbers = {"op": {"outputs": self._tensors}, "backward_start": {"roots": self._nodes}}.get(kind, {})
            details = {
                key: [numbers[key][each] for each in value] if key in numbers and isinstance(value, list) else value
                for key, value in details.items()
            }
        number = None if node is None else self._nodes[node]
        self._sink.end_event(
            self._event(event), kind, self._place(place), node=number, text=text, details=details
        )  # fmt: skip

    def add_frame(self, number: int, parent: int, function: str, file: int) -> None:
        self._frames[number] = self._sink.add_frame(self._frames.get(parent, SCRIPT), function, file)

    def end_frame(self, frame: int) -> None:
        self._sink.end_frame(self._frames[frame])

    def add_node(self, number: int, kind: str, event: int, facts: dict[str, Any], leaf: TensorRef | None) -> None:
        tensor = leaf() if leaf is not None else None
        known = self._shared.find(tensor) if tensor is not None else None
        if known is not None and leaf is not None:
            self._foreign[number] = leaf
            self._nodes.append(known)
            return
        node = self._sink.add_node(kind, self._event(event), **facts)
        self._nodes.append(node)
        if tensor is not None:
            self._shared.leaves.set(tensor, node)

    def set_node(self, node: int, kind: str, name: str | None, plain: str | None) -> None:
        if node in self._foreign:  # its own thread names it, unless that has none for it
            tensor = self._foreign[node]()
            leaf = self._shared.main_leaf(tensor) if tensor is not None else None
            if leaf is None or leaf.name is not None:
                return
            leaf.kind, leaf.name, name = kind, plain, plain
        self._sink.set_node(self._nodes[node], kind, name)

    def set_node_module(self, node: int, module: str) -> None:
        self._sink.set_node_module(self._nodes[node], module)

    def add_edge(self, source: int, target: int, slot: int, output: int, event: int, label: str) -> None:
        self._sink.add_edge(self._nodes[source], self._nodes[target], slot, output, self._event(event), label)

    def add_op(self, event: int, facts: Any, edges: Any, saved: Any) -> None:
        op, call, module, file, line, shape, dtype, device = facts
        number = self._sink.add_op(
            self._event(event), op, call, module, file, line, shape, dtype, device,
            [(slot, self._nodes[source], output) for slot, source, output in edges], saved,
        )  # fmt: skip
        self._nodes.append(number)

    def add_arguments(self, node: int, numbers: str, states: Any, values: Any, made_by: int | None) -> None:
        own = [(name, number) for name, value in values if (number := self._snapshot(value)) is not None]
        known = [(name, self._tensors[state]) for name, state in states]
        maker = None if made_by is None else self._nodes[made_by]
        self._sink.add_arguments(self._nodes[node], numbers, known, own, maker)

    def end_op(
        self, event: int, place: _Place, node: int, text: str, call: str, output: int, used: Sequence[int]
    ) -> None:
        read = [self._tensors[each] for each in used]
        self._sink.end_op(
            self._event(event), self._place(place), self._nodes[node], text, call, self._tensors[output], read
        )

    def add_gradients(
        self, event: int, node: int, place: _Place, gradients: Sequence[tuple[int, int | None]]
    ) -> None:  # fmt: skip
        found = [(slot, self._snapshot(snapshot)) for slot, snapshot in gradients]
        self._sink.add_gradients(self._event(event), self._nodes[node], self._place(place), found)

    def add_values(self, shape: tuple[int, ...], dtype: str, stored: str, data: bytes) -> None:
        self._snapshots.append(self._sink.add_values(shape, dtype, stored, data))

    def add_pieces(self, pieces: Pieces, data: bytes) -> None:
        first = self._sink.add_pieces(pieces, data)
        self._snapshots.extend(range(first, first + len(pieces.shapes)))

    def _place(self, place: _Place) -> _Place:
        file, line, frame = place
        return file, line, self._frames[frame] if frame is not None else None

    def add_tensor(
        self, origin: int | None, event: int, node: int | None, output: int, facts: Any, snapshot: int | None
    ) -> None:
        label, shape, dtype, device, requires_grad = facts
        number = self._sink.add_tensor(
            None if origin is None else self._tensors[origin], self._event(event),
            None if node is None else self._nodes[node], output, label, shape, dtype, device, requires_grad,
            self._snapshot(snapshot),
        )  # fmt: skip
        self._tensors.append(number)

    def set_tensor_node(self, tensor: int, node: int, requires_grad: bool) -> None:
        self._sink.set_tensor_node(self._tensors[tensor], self._nodes[node], requires_grad=requires_grad)

    def add_use(self, event: int, position: int, tensor: int) -> None:
        self._sink.add_use(self._event(event), position, self._tensors[tensor])

    def add_binding(
        self, event: int, frame: int, name: str, kind: str, origin: int | None, text: str, is_element: bool
    ) -> None:
        number = None if origin is None else self._tensors[origin]
        self._sink.add_binding(
            self._event(event), self._frames[frame], name, kind, number, text, is_element=is_element
        )  # fmt: skip

    def add_gradient(self, node: int, slot: int, event: int, snapshot: int | None) -> None:
        self._sink.add_gradient(self._nodes[node], slot, self._event(event), self._snapshot(snapshot))

    def add_change(
        self, event: int, node: int, what: str, before: int | None, added: int | None, after: int | None,
        difference: float | None,
    ) -> None:  # fmt: skip
        self._sink.add_change(
            self._event(event), self._nodes[node], what, self._snapshot(before), self._snapshot(added),
            self._snapshot(after), difference,
        )  # fmt: skip

    def add_state(self, event: int, node: int, name: str, snapshot: int) -> None:
        self._sink.add_state(self._event(event), self._nodes[node], name, self._snapshots[snapshot])

    def add_snapshot(self, *facts: Any) -> None:
        self._snapshots.append(self._sink.add_snapshot(*facts))

    def _snapshot(self, number: int | None) -> int | None:
        return None if number is None else self._snapshots[number]

    def add_graph(
        self, key: str, torchviz: str | None, nodes: Sequence[int] | None, roots: Sequence[int] | None,
        measured: Sequence[int] | None,
    ) -> None:  # fmt: skip
        if nodes is None:  # it is the shape alone: threads that run through the same share it
            key = f"{key} beside"
            number = self._shared.graphs.get(key)
            if number is None:
                number = self._shared.graphs[key] = self._sink.add_graph(key, torchviz)
            self._graphs.append(number)
            return
        own = sorted(self._nodes[node] for node in nodes)
        outputs = [self._nodes[node] for node in roots or ()]
        pairs = [*(measured or ())]  # of node and slot
        pairs[::2] = [self._nodes[node] for node in pairs[::2]]
        key = f"{key} {self.number} {len(self._graphs)}"
        self._graphs.append(self._sink.add_graph(key, torchviz, own, outputs, pairs))

    def add_edge_norms(self, event: int, graph: int, norms: Sequence[float | None]) -> None:
        self._sink.add_edge_norms(self._event(event), self._graphs[graph], norms)

    def add_remark(
        self, event: int, kind: str, place: _Place, text: str, tensor: int | None, data: Mapping[str, Any] | None
    ) -> None:
        """Add what is no event; where it names nodes, a tensor or an event, these get the recording's numbers."""
        facts = dict(data or {})
        for key in ("nodes", "frozen"):
            if key in facts:
                facts[key] = [self._nodes[node] for node in facts[key]]
        if "made" in facts:
            facts["made"] = self._tensors[facts["made"]]
        number = None if tensor is None else self._tensors[tensor]
        self._sink.add_remark(self._event(event), kind, self._place(place), text, number, facts or None)

    def add_gone(self, node: int, event: int | None) -> None:
        number = self._nodes[node]
        if event is None:
            self._shared.gone.discard(number)
            self._sink.add_gone(number, None)
        elif node not in self._foreign and number not in self._shared.gone:
            self._shared.gone.add(number)
            self._sink.add_gone(number, self._event(event))

    def add_backward(self, event: int, graph: int, nodes: Sequence[int], edges: int) -> None:
        numbers = sorted({self._nodes[node] for node in nodes})
        self._sink.add_backward(self._event(event), self._graphs[graph], numbers, edges)
