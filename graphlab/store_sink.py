"""Takes the facts that capture tells, numbers them, and lays them into the store's rows.

Separate from the recorder, which decides what is watched; it knows nothing of torch.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphlab.capture.sink import LightStep, Pieces
from graphlab.errors import RecordingError
from graphlab.language import _
from graphlab.store import Writer
from graphlab.store.format import encode_details, encode_real, encode_shape
from graphlab.store.light import ABSENT, OpenBlock, Outline, OutlineEvent, pack_reals
from graphlab.structure import pack_numbers

_KEPT = 512
_NEVER = 2**62


class StoreSink:
    """Numbers facts and lays them into the store's rows.

    When the disk fails the run goes on to its end: the person is told once, and what was written stays readable.
    """

    def __init__(self, writer: Writer, tell: Callable[[str], None]) -> None:
        self.writer = writer
        self.event_count = 0
        self.step_ended: Callable[[int, Sequence[float]], bool] | None = None
        """Told of each training step that has ended; False: the run is to end."""
        self.is_to_end = False
        self._tell = tell
        self._began = time.perf_counter()
        tables = "files", "frames", "nodes", "tensors", "snapshots", "graphs", "bindings", "outlines", "remarks"
        self._counts = {table: itertools.count(1) for table in tables}
        self._open: set[int] = set()
        self._numbers = itertools.count(1)
        self._notes: list[str] = []
        self._is_broken = False
        self._kept: dict[tuple[Any, ...], int] = {}  # the snapshots of late
        self._values: dict[bytes, tuple[int, tuple[int, ...], str]] = {}  # of these the small ones, by their values
        self._insert: Callable[..., None] = writer.insert
        self._insert_pieces: Callable[..., None] = writer.insert_pieces
        # What each op writes goes straight to where the writer gathers it: a call of Python's would cost more.
        self._add = {kind: values.extend for kind, values in writer.rows.items()}
        self._put_block: Callable[..., None] = writer.put_block
        self._spans: list[str] = []
        """The phases of the step under way, each with its last event."""
        self._outlines: dict[Outline, int] = {}
        self._last_outline: tuple[Outline | None, int] = None, 0
        self._block: OpenBlock | None = None

    def _next(self, table: str) -> int:
        return next(self._counts[table])  # in one go: other threads count here too

    def begin_event(self) -> int:
        """Give the next event its number."""
        event = next(self._numbers)  # in one go: other threads print
        if event - self.event_count != 1:  # a Ctrl-C came when a number was taken and nobody had it yet
            self._open.update(range(self.event_count + 1, event))
        self._open.add(event)
        self.event_count = event
        return event

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
        """Complete an event."""
        seconds = time.perf_counter() - self._began
        if text or details:
            data = encode_details(details) if details else None
            self._insert("events", (event, kind, seconds, place[0], place[1], place[2], node, text, data))
        elif kind == "line":
            self._add["line_events"]((event, seconds, place[0], place[1], place[2]))
        else:
            self._add["bare_events"]((event, kind, seconds, place[0], place[1], place[2], node))
        self._open.discard(event)  # last: what a Ctrl-C keeps from its row is completed at the end

    def end_open_events(self) -> None:
        """Complete what was begun and never ended: what has its row after all keeps that."""
        following = next(self._numbers)
        self._numbers = itertools.count(following)
        self._open.update(range(self.event_count + 1, following))  # as in `begin_event`
        self.event_count, seconds = following - 1, time.perf_counter() - self._began
        self._add["open_events"]([part for event in sorted(self._open) for part in (event, seconds, "?")])
        self._open.clear()

    def add_file(self, path: str, text: str) -> int:
        """Add one of the script's own files."""
        number = self._next("files")
        self._insert("files", (number, path, text))
        return number

    def add_frame(self, parent: int | None, function: str, file: int) -> int:
        """Add a call of one of the script's functions."""
        number = self._next("frames")
        self._insert("frames", (number, parent, function, file, self.event_count + 1, None))
        return number

    def end_frame(self, frame: int) -> None:
        """Say that a call has returned."""
        self.writer.end_frame(frame, self.event_count)

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
        number = self._next("nodes")
        row = (number, kind, event, op, call, name, module, file, line, encode_shape(shape), dtype, device)
        self._insert("nodes", row)
        return number

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
        """Add a node that an op made, with the edges into it and the tensors that it keeps."""
        number = next(self._counts["nodes"])
        add = self._add
        add["op_nodes"]((number, event, op, call, module, file, line, encode_shape(shape), dtype, device))
        for slot, source, output in edges:
            add["plain_edges"]((number, slot, source, output, event))
        for name, size, kind in saved:
            add["saved"]((number, name, encode_shape(size), kind))
        return number

    def add_arguments(
        self,
        node: int,
        numbers: str,
        states: Sequence[tuple[str, int]],
        values: Sequence[tuple[str, int]],
        made_by: int | None,
    ) -> None:
        """Say with what a node's backward will reckon."""
        named = [f"{name} {number}" for name, number in states]
        if values:
            named += [f"{name} -{number}" for name, number in values]
        if made_by is not None:
            numbers = f'{numbers[:-1]}{", " if len(numbers) > 2 else ""}"made_by": {made_by}}}'
        self._add["arguments"]((node, numbers, "\n".join(named)))

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
        """Complete the event of an op that made a node and one tensor."""
        seconds = time.perf_counter() - self._began
        data = f'{{"call": "{call}", "outputs": [{output}]}}'
        add = self._add
        add["op_events"]((event, seconds, place[0], place[1], place[2], node, text, data))
        for position, number in enumerate(used):
            add["uses"]((event, position, number))
        self._open.discard(event)

    def set_node(self, node: int, kind: str, name: str | None) -> None:
        """Say anew what kind of leaf a node is, and what it is called."""
        self.writer.set_node(node, kind, name)

    def set_node_module(self, node: int, module: str) -> None:
        """Say after all which module's forward made a node."""
        self.writer.set_node_module(node, module)

    def add_edge(self, source: int, target: int, slot: int, output: int, event: int, label: str = "") -> None:
        """Add an edge of the graph."""
        self._insert("edges", (target, slot, source, output, event, label))

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
        """Add a state of a tensor."""
        number = next(self._counts["tensors"])
        self._add["tensors"](
            (number, origin or number, event, node, output, label, encode_shape(shape), dtype, device,
             int(requires_grad), snapshot),
        )  # fmt: skip
        return number

    def set_tensor_node(self, tensor: int, node: int, *, requires_grad: bool) -> None:
        """Say that a tensor of data is a node after all, or has become a leaf."""
        self.writer.set_tensor_node(tensor, node, requires_grad=requires_grad)

    def add_use(self, event: int, position: int, tensor: int) -> None:
        """Say that an op read a tensor."""
        self._insert("uses", (event, position, tensor))

    def add_binding(
        self, event: int, frame: int, name: str, kind: str, origin: int | None, text: str, *, is_element: bool
    ) -> None:
        """Say what a variable holds from an event on."""
        number = self._next("bindings")
        if origin is None:
            self._insert("text_bindings", (number, event, frame, name, kind, text, int(is_element)))
        else:
            self._insert("bindings", (number, event, frame, name, kind, origin, text, int(is_element)))

    def add_gradients(
        self,
        event: int,
        node: int,
        place: tuple[int | None, int | None, int | None],
        gradients: Sequence[tuple[int, int | None]],
    ) -> None:
        """Complete the event of a node of the backward, with slot and snapshot of its gradients."""
        seconds = time.perf_counter() - self._began
        self._add["bare_events"]((event, "gradient", seconds, place[0], place[1], place[2], node))
        add = self._add["gradients"]
        for slot, snapshot in gradients:
            add((node, slot, event, snapshot))
        self._open.discard(event)

    def add_gradient(self, node: int, slot: int, event: int, snapshot: int | None) -> None:
        """Add a gradient that the engine handed over."""
        self._insert("gradients", (node, slot, event, snapshot))

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
        if before is None and difference is None and what == "grad":
            self._insert("first_gradients", (event, node, added, after))
        else:
            self._insert("changes", (event, node, what, before, added, after, encode_real(difference)))

    def add_changes(
        self, event: int, nodes: Sequence[int], what: str, before: Sequence[int | None], after: Sequence[int | None],
        differences: Sequence[float | None],
    ) -> None:  # fmt: skip
        """Add what an event changed in many leaves."""
        if what == "grad":
            self._insert(
                "given_gradients", [part for pair in zip(nodes, after, strict=True) for part in (event, *pair)]
            )
        else:
            moves = zip(nodes, before, after, map(encode_real, differences), strict=True)
            self._insert("moved_values", [part for move in moves for part in (event, *move)])

    def add_state(self, event: int, node: int, name: str, snapshot: int) -> None:
        """Add what an optimizer keeps for a parameter, as of an update."""
        self._insert("optimizer_states", (event, node, name, snapshot))

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
        # What goes along an edge is what comes in at its end, and often what a leaf is given: it is written once.
        known = self._kept.get((data, shape, dtype, device)) if norm is None else None
        if known is not None:
            return known
        if len(self._kept) >= _KEPT:  # not at a commit: when that comes is chance, and rows must not be
            self._kept.clear()
        number = self._next("snapshots")
        if norm is None:
            self._kept[data, shape, dtype, device] = number
        figures = (encode_real(norm), encode_real(minimum), encode_real(maximum))
        self._insert("snapshots", (number, encode_shape(shape), dtype, device, stored, stride, data, *figures))
        return number

    def add_values(self, shape: tuple[int, ...], dtype: str, stored: str, data: bytes) -> int:
        """Add all values of a small tensor on the CPU."""
        # What goes along an edge is what comes in at its end, and often what a leaf is given: it is written once.
        kept = self._values
        known = kept.get(data)
        if known is not None and known[1] == shape and known[2] == dtype:
            return known[0]
        if len(kept) >= _KEPT:  # not at a commit: when that comes is chance, and rows must not be
            kept.clear()
        number = next(self._counts["snapshots"])
        kept[data] = number, shape, dtype
        # For bytes, as for None, Python's sqlite3 would look for an adapter.
        self._add["values"]((number, encode_shape(shape), dtype, stored, bytearray(data)))
        return number

    def add_pieces(self, pieces: Pieces, data: bytes) -> int:
        """Add all values of many small tensors on the CPU; return the number of the first, which the rest follow."""
        # In one go: other threads count here too.
        numbers = list(itertools.islice(self._counts["snapshots"], len(pieces.shapes)))
        self._insert_pieces(numbers[0], pieces, data)
        return numbers[0]

    def add_graph(
        self,
        key: str,
        torchviz: str | None,
        nodes: Sequence[int] | None = None,
        roots: Sequence[int] | None = None,
        measured: Sequence[int] | None = None,
    ) -> int:
        """Add a distinct structure that a backward ran through."""
        number = self._next("graphs")
        packed = [None if numbers is None else pack_numbers(numbers) for numbers in (nodes, roots, measured)]
        self._insert("graphs", (number, key, torchviz, *packed))
        return number

    def add_edge_norms(self, event: int, graph: int, norms: Sequence[float | None]) -> None:
        """Add the norms of the gradients inside a graph."""
        self._insert("edge_norms", (event, graph, pack_reals([ABSENT if norm is None else norm for norm in norms])))

    def add_gone(self, node: int, event: int | None) -> None:
        """Say that a leaf's tensor was let go."""
        self._insert("gone", (node, _NEVER if event is None else event))

    def add_backward(self, event: int, graph: int, nodes: Sequence[int], edges: int) -> None:
        """Say which nodes a backward reaches from its roots."""
        self._insert("backwards", (event, graph, pack_numbers(nodes), edges))

    def add_span(self, first: int, last: int, step: int, phase: str) -> None:
        """Say that a run of events belongs to a step and a phase."""
        self._spans.append(f"{phase} {last}")
        self._insert("spans", (first, last, step, phase))

    def add_step(
        self, step: int, first: int, last: int, nodes: int, edges: int, losses: Sequence[float], again: Sequence[int]
    ) -> None:
        """Say that a training step has ended."""
        spans, self._spans = " ".join(self._spans), []
        self.writer.drop_spans()
        numbers = ",".join(map(str, again))
        self._insert("steps", (step, first, last, nodes, edges, pack_reals(losses), numbers, spans))
        self._tell_step(step, losses)

    def _tell_step(self, step: int, losses: Sequence[float]) -> None:
        if self.step_ended is not None and not self.step_ended(step, losses):
            self.is_to_end = True

    def number_event(self) -> int:
        """Give the next event of a light step its number."""
        self.event_count = event = next(self._numbers)
        return event

    def add_light_step(self, step: LightStep) -> None:
        """Say that a training step in light detail has ended."""
        events = step.events
        outline = self._outline(
            Outline(
                tuple(
                    OutlineEvent(
                        each.kind, each.file, each.line, each.call, len(each.losses), each.again, each.optimizer
                    )
                    for each in events
                ),
                tuple(optimizer for optimizer, _ in step.rates),
                tuple(step.metrics),
                tuple(step.leaves),
            )
        )
        block = self._block
        if block is None or not block.takes(step.step, events[-1].number, outline):
            block = self._block = OpenBlock(step.step, step.first, outline)
        integers = [event.number - block.event for event in events]
        integers += [event.graph for event in events if event.kind == "backward_start"]
        reals = [time.perf_counter() - self._began]
        for event in events:
            reals += event.losses
        reals += [rate for _, rate in step.rates]
        reals += step.metrics.values()
        reals += [ABSENT if figure is None else figure for figure in step.figures]
        block.add([*integers, step.nodes, step.edges], reals)
        self._put_block(block)
        self._tell_step(step.step, [loss for event in events for loss in event.losses])

    def _outline(self, outline: Outline) -> int:
        last, number = self._last_outline
        if outline == last:  # which costs less than looking it up
            return number
        number = self._outlines.get(outline, 0)
        if not number:
            number = self._outlines[outline] = self._next("outlines")
            self._insert("outlines", (number, outline.write()))
        self._last_outline = outline, number
        return number

    def add_remark(
        self, event: int, kind: str, place: tuple[int | None, int | None, int | None], text: str, tensor: int | None,
        data: Mapping[str, Any] | None,
    ) -> None:  # fmt: skip
        """Add what is no event but means much for gradients (see `remarks`), as of an event."""
        facts = encode_details(data) if data else None
        self._insert("remarks", (self._next("remarks"), event, kind, place[0], place[1], tensor, text, facts))

    def add_thread(self, step: int, name: str) -> None:
        """Say that a step, or a part of it, ran in another thread."""
        self._insert("step_threads", (step, name))

    @property
    def has_open_events(self) -> bool:
        """Whether an event is begun and not complete."""
        return bool(self._open)

    def add_note(self, text: str) -> None:
        """Add something that the person should know about the recording."""
        self._notes.append(text)
        self.writer.set_meta("notes", self._notes)
        self._tell(text)

    def set_modules(self, classes: Mapping[str, str]) -> None:
        """Note of which class the module at each path is."""
        self.writer.set_meta("modules", dict(classes))

    def commit(self, *, is_asked: bool = False) -> None:
        """Write what has gathered, when it is due or asked for."""
        if is_asked or self.writer.is_due:
            self._guard(self.writer.commit)

    def say_place(self, file: int, line: int, step: int) -> None:
        """Note where the script is, for whoever opens the recording after a crash."""
        self.writer.say_place(file, line, step)

    def close(self) -> None:
        """Write the rest and close the file."""
        self._guard(self.writer.close)

    @property
    def is_whole(self) -> bool:
        """Whether all that happened could be written."""
        return not self._is_broken

    @property
    def size(self) -> int:
        """About how large the recording is by now, in bytes."""
        return self.writer.size

    def _guard(self, write: Callable[[], None]) -> None:
        try:
            write()
        except RecordingError as error:
            if not self._is_broken:
                self._is_broken = True
                self._tell(_("{error}; the run goes on unrecorded").format(error=error))
            self._insert = self._insert_pieces = self._put_block = _drop


def _drop(*row: Any) -> None:
    """Take a row that can no longer be written."""
