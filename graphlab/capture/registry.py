"""Numbers every node, edge and state of a tensor on first sight, and tells the sink of each once.

The graph is read from autograd itself: from `grad_fn.next_functions`, walked with a stack of our own, so that a
chain of 100,000 ops is no problem. Ops, lines and backwards ask here who a tensor is.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import torch

from graphlab.capture.anomaly import clean_stack
from graphlab.capture.arguments import Arguments
from graphlab.capture.calls import name_of_op
from graphlab.capture.deep import deep_graphs
from graphlab.capture.figures import Figures
from graphlab.capture.guard import Guard
from graphlab.capture.identity import (
    ACCUMULATE,
    LeafState,
    TensorMap,
    TensorRef,
    TensorState,
    grad_fn_of,
    is_accumulate,
    is_lazy_view,
    keep_node,
    keep_output,
    leaf_below,
    needs_grad,
    node_number,
    state_of_output,
    storage_of,
    version_of,
)
from graphlab.capture.node_order import put_in_order
from graphlab.capture.remarks import Remarks
from graphlab.capture.saved import SavedTensors, see_view
from graphlab.capture.sink import Sink
from graphlab.capture.snapshots import device_name, dtype_name, name_device, sizes_of, take_snapshot
from graphlab.capture.unwritten import Unwritten

_runs = itertools.count(1)
Place = tuple[int | None, int | None, int | None]
"""File, line and frame of the script."""
Sources = tuple[tuple[Any, int], ...]
"""What autograd calls `next_functions`."""


class Registry:
    """Who is who among the tensors and grad_fns of one run.

    Args:
        sink: who is told of new nodes, edges and states.
        has_values: whether values are kept, or shapes and norms only.
        find_place: says where in the script we are.
    """

    def __init__(self, sink: Sink, *, has_values: bool, find_place: Callable[[], Place]) -> None:
        self.sink = sink
        self.run = f"graphlab {next(_runs)}"
        """Under what a node's number lies in its `metadata`."""
        self.has_values = has_values
        self.is_spent = False
        """Whether the recording is as large as it may be: to the end of the step nothing is kept of values."""
        self.find_place = find_place
        self.op_found: Callable[[int, int], None] = lambda event, node: None
        """Told of a node that no call was seen to make: its event and number."""
        self._first_sequence: int = torch.autograd._get_sequence_nr()  # type: ignore[attr-defined]  # held, not exported
        self.guard = Guard(sink)
        self.unwritten = Unwritten()
        self.figures = Figures()
        self.remarks = Remarks(self)
        self.states: TensorMap[TensorState] = TensorMap()
        self._gone: list[LeafState] = []
        self.leaves: TensorMap[LeafState] = TensorMap(self._gone)
        self.has_unnamed = False
        """Whether parameters came up that no model was known to have when it was named: one that was replaced."""
        self.data_names: TensorMap[str] = TensorMap()
        """What buffers of models are called."""
        self.grads: TensorMap[LeafState] = TensorMap()
        self.grad_storages: dict[int | None, LeafState] = {}
        """By the address of its storage: whose `.grad` a tensor shares memory with (`w.grad.data` does)."""
        self.built_ops = 0
        self.built_edges = 0
        self.used_leaves: set[int] = set()
        self._saved = SavedTensors()
        self.arguments = Arguments(sink, self.run, self.states, self.snapshot, has_values=has_values)
        self._new: dict[int, tuple[Any, Sources]] = {}
        """Of the call at hand: each new node's grad_fn, and what that leads to."""
        self._kept: dict[int, list[tuple[str, torch.Tensor]]] = {}
        self._outputs: dict[int, list[torch.Tensor]] = {}
        """By autograd's sequence number of who made them: what nodes of this call keep."""
        self._unsorted: list[torch.Tensor] = []
        self._read: dict[int, list[tuple[int, int]]] = {}

    # -- tensors ---------------------------------------------------------------------------------------------------

    def snapshot(self, tensor: torch.Tensor) -> int | None:
        """Keep what the budget allows of a tensor's present values."""
        if self.unwritten.storages and tensor in self.unwritten:
            return None
        if self.is_spent:
            about = sizes_of(tensor), dtype_name(tensor), device_name(tensor)
            return self.sink.add_snapshot(*about, "<f4", 1, None, None, None, None)
        return take_snapshot(self.sink, tensor, self.figures, has_values=self.has_values)

    def state(self, tensor: torch.Tensor, event: int) -> TensorState:
        """Return the present state of a tensor; where it is new, or changed unseen, it is noted as of an event."""
        known = self.states.get(tensor)
        if known is None:
            return self._first_state(tensor, event)
        if (known.is_stale or known.version != version_of(tensor)) and is_lazy_view(tensor):
            is_same = known.version == version_of(tensor)
            return known if is_same else self.make_state(tensor, event, origin=known.origin, stale=known)
        grad_fn = grad_fn_of(tensor)
        if grad_fn is not None:
            node = node_number(grad_fn, self.run)
            if node is not None and node == known.node and known.version == version_of(tensor):
                return known
            return self.make_state(tensor, event, origin=known.origin)
        if known.version != version_of(tensor):
            return self.make_state(tensor, event, origin=known.origin)
        if needs_grad(tensor) and leaf_below(tensor) is None:
            leaf = self.leaf(tensor, event)
            if leaf.node != known.node:  # it was data when it was first seen
                known.node = leaf.node
                self.sink.set_tensor_node(known.number, known.node, requires_grad=True)
        known.requires_grad = needs_grad(tensor)
        return known

    def is_known(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor's present state is known, and with it the node that made it."""
        known = self.states.get(tensor)
        return (
            known is not None
            and known.node is not None
            and known.requires_grad
            and not known.is_stale
            and known.version == version_of(tensor)
        )

    def is_stale(self, tensor: torch.Tensor) -> bool:
        """Whether a view's `grad_fn` is out of date, and not ours to ask for."""
        known = self.states.get(tensor)
        is_changed = known is not None and (known.is_stale or known.version != version_of(tensor))
        return is_changed and is_lazy_view(tensor)

    def settle(self, tensor: torch.Tensor, state: TensorState, event: int) -> TensorState:
        """An op has asked for the `grad_fn` of what it read: where that was out of date, note it as it is now."""
        return self.make_state(tensor, event, origin=state.origin) if state.is_stale else state

    def _first_state(self, tensor: torch.Tensor, event: int) -> TensorState:
        base = tensor._base if not needs_grad(tensor) and tensor._is_view() else None
        if base is not None and not base.requires_grad:
            known = self.state(base, event)
            return self.make_state(tensor, event, base=base, label=" view", node=known.node)
        return self.make_state(tensor, event)

    def make_state(
        self,
        tensor: torch.Tensor,
        event: int,
        *,
        origin: int | None = None,
        snapshot: int | None = None,
        base: torch.Tensor | None = None,
        label: str = "",
        node: int | None = None,
        stale: TensorState | None = None,
    ) -> TensorState:
        """Note a state of a tensor, with the node that it is an output of.

        Args:
            origin: the first state of the same tensor, None where this is it.
            snapshot: its values, where they were kept already.
            base: for a view of data, the data.
            label: how the view was made from the base (`.t()`).
            stale: for a view whose `grad_fn` is out of date, the state before.
        """
        output = 0
        fn = None if stale is not None else grad_fn_of(tensor)
        if stale is not None:
            node, output, label = stale.node, stale.output, stale.label
        elif fn is not None:
            last = self.sink.event_count
            node, output = self.discover(fn, event), tensor.output_nr
            if self.sink.event_count > last:
                event = self.sink.event_count
        elif (leaf := leaf_below(tensor)) is not None and self.leaves.get(tensor) is None:
            node, label = self.leaf(leaf, event).node, label or " view"
        elif needs_grad(tensor):
            node = self.leaf(tensor, event).node
        elif origin is not None and node is None:
            known = self.states.get(tensor)
            if known is not None:
                node, base, label = known.node if known.base is None else node, known.base, known.label
        if snapshot is None:
            if origin is not None:
                self.figures.forget(tensor)
            snapshot = self.snapshot(tensor)
        number = self.sink.add_tensor(
            origin, event, node, output, label, sizes_of(tensor), dtype_name(tensor), device_name(tensor),
            needs_grad(tensor), snapshot,
        )  # fmt: skip
        if fn is not None:
            keep_output(fn, self.run, output, number)
        state = TensorState(
            number, origin or number, version_of(tensor), node, output, label, event, snapshot, base,
            needs_grad(tensor), is_stale=stale is not None,
        )  # fmt: skip
        before = self.states.get(tensor) if origin is not None else None
        state.is_bound = before is not None and before.is_bound
        self.states.set(tensor, state, is_prompt=base is not None)
        return state

    def detached(self, tensor: torch.Tensor) -> None:
        """A tensor was cut from its graph in place: from now on it is data."""
        known = self.states.get(tensor)
        if known is not None and grad_fn_of(tensor) is None and not needs_grad(tensor):
            known.node, known.output, known.label, known.base, known.requires_grad = None, 0, "", None, False

    def leaf(self, tensor: torch.Tensor, event: int) -> LeafState:
        """Return what is known of a leaf that requires grad; its node is made on first sight."""
        known = self.leaves.get(tensor)
        if known is not None:
            return known
        kind = "parameter" if isinstance(tensor, torch.nn.Parameter) else "leaf"
        state = self.states.get(tensor)
        made = state.event if state is not None else event
        known = LeafState(self._add_tensor_node(kind, tensor, made), TensorRef(tensor), kind, None)
        self.leaves.set(tensor, known)
        self.has_unnamed |= kind == "parameter"
        if tensor.grad is not None:
            self.note_grad(known, tensor.grad)
        return known

    def note_gone(self) -> None:
        """Say which leaves were let go since the backward before: they belong to no later step."""
        while self._gone:
            self.sink.add_gone(self._gone.pop(0).node, self.sink.event_count)

    def replace_leaf(self, node: int, tensor: torch.Tensor) -> None:
        """Let a tensor stand where another leaf of the same graph stood before: it is that node from now on."""
        self.leaves.set(tensor, LeafState(node, TensorRef(tensor), "leaf", None))
        self.sink.add_gone(node, None)

    def note_grad(self, leaf: LeafState, grad: torch.Tensor | None, snapshot: int | None = None) -> int | None:
        """Keep a leaf's present `.grad` in mind, and return the number of its snapshot."""
        leaf.has_grad = grad is not None
        if grad is None:
            leaf.grad_snapshot, leaf.grad_version = None, -1
            return None
        leaf.grad_snapshot = snapshot if snapshot is not None else self.snapshot(grad)
        leaf.grad_version = version_of(grad)
        self.grads.set(grad, leaf)
        self.grad_storages.pop(leaf.grad_storage, None)
        leaf.grad_storage = storage_of(grad)
        if leaf.grad_storage is not None:
            self.grad_storages[leaf.grad_storage] = leaf
        return leaf.grad_snapshot

    def name_leaf(self, leaf: LeafState, kind: str, name: str | None) -> None:
        """Say what kind of leaf it is after all, and what it is called."""
        if (leaf.kind, leaf.name) != (kind, name):
            leaf.kind, leaf.name = kind, name
            self.sink.set_node(leaf.node, kind, name)

    def data_node(self, tensor: torch.Tensor, event: int) -> tuple[int, str]:
        """Return the node of a data tensor, and the views between that node and the tensor."""
        state = self.state(tensor, event)
        if state.base is not None:
            return self.data_node(state.base, event)[0], state.label
        if state.node is None:
            state.node = self._add_tensor_node("data", tensor, state.event)
            self.sink.set_tensor_node(state.number, state.node, requires_grad=False)
        return state.node, ""

    def bind(self, tensor: torch.Tensor, event: int) -> TensorState:
        """Return the state of a tensor that a variable holds: where it is data, it is a node.

        A view of data that no variable has ever held (`torch.arange(12).reshape(3, 4)`) is data of its own; a view of
        data with a name (`x[0:32]`) stays one.
        """
        state = self.state(tensor, event)
        base = self.states.get(state.base) if state.base is not None else None
        if state.base is not None and (base is None or not base.is_bound):
            state.base, state.label = None, ""
            state.node = self._add_tensor_node("data", tensor, state.event)
            self.sink.set_tensor_node(state.number, state.node, requires_grad=False)
        elif state.node is None:
            self.data_node(tensor, event)
        state.is_bound = True
        return state

    def _add_tensor_node(self, kind: str, tensor: torch.Tensor, event: int) -> int:
        file, line, _ = self.find_place()
        return self.sink.add_node(
            kind, event, name=self.data_names.get(tensor) if kind == "data" else None, file=file, line=line,
            shape=sizes_of(tensor), dtype=dtype_name(tensor), device=device_name(tensor),
        )  # fmt: skip

    def name_data(self, tensor: torch.Tensor, name: str) -> None:
        """Say what a buffer of a model is called, which becomes a node when an op reads it."""
        if self.data_names.get(tensor) != name:
            self.data_names.set(tensor, name)
            known = self.states.get(tensor)
            if known is not None and known.node is not None and known.base is None and not known.requires_grad:
                self.sink.set_node(known.node, "data", name)

    # -- grad_fns --------------------------------------------------------------------------------------------------

    def discover(self, grad_fn: Any, event: int) -> int:
        """Return the number of a grad_fn; add it and all it leads to, where they are new.

        What no call was seen to make (a backward with `create_graph`, compiled code) is an op of its own.
        """
        known = node_number(grad_fn, self.run)
        if known is not None:
            return known
        for fn in self.find_new([grad_fn]):
            if not event or fn._sequence_nr() < self._first_sequence:
                self.op_found(event, self.add_op(fn, event))  # it was there before us
                continue
            own = self.sink.begin_event()
            number = self.add_op(fn, own)
            states = [] if fn is grad_fn else [self.add_inner_state(number, own)]
            self.op_found(own, number)
            self.sink.end_event(
                own, "op", self.find_place(), node=number, text=name_of_op(fn.name()), details={"outputs": states}
            )
        self.end_call()
        known = node_number(grad_fn, self.run)
        assert known is not None
        return known

    def find_new(self, roots: Sequence[Any]) -> Sequence[Any]:
        """Return the nodes from some roots on down that have no number yet, the oldest first."""
        found: dict[int, Any] = {}
        stack = list(roots)
        while stack:
            fn = stack.pop()
            if id(fn) in found or is_accumulate(fn) or node_number(fn, self.run) is not None:
                continue
            found[id(fn)] = fn  # holding it keeps its address, and so this key, its own
            stack += [below for below, _ in fn.next_functions if below is not None]
        return put_in_order(found.values())

    def add_op(
        self, fn: Any, event: int, *, below: Sources | None = None, place: Place | None = None,
        call: str | None = None, module: str | None = None, like: torch.Tensor | None = None,
    ) -> int:  # fmt: skip
        """Add a grad_fn, the edges into it, and what it keeps for its backward.

        Args:
            like: its first output, where that is at hand: autograd is slow to say what it knows of it.
        """
        below = fn.next_functions if below is None else below
        file, line, _ = place or self.find_place()
        edges: list[tuple[int, int, int]] = []
        run = self.run
        for slot, (source, output) in enumerate(below):
            if type(source) is ACCUMULATE:  # a leaf that turns up here was made before this event
                node = self.leaf(source.variable, event - 1).node
                self.used_leaves.add(node)
                edges.append((slot, node, output))
            elif source is not None:
                edges.append((slot, source.metadata[run], output))
        kept = self._saved.of(fn)
        shape, dtype, device = self._kind_of_output(fn, like)
        number = self.sink.add_op(
            event, fn.name(), call, module, file, line, shape, dtype, device, edges,
            [(name, sizes_of(tensor), dtype_name(tensor)) for name, tensor in kept],
        )  # fmt: skip
        self.built_ops += 1
        self.built_edges += len(edges)
        clean_stack(fn)
        keep_node(fn, run, number, len(edges))
        deep_graphs.add(fn, below)
        self._new[number] = fn, below
        self._kept[number] = kept
        self._unsorted += [tensor for _, tensor in kept]
        return number

    def _kind_of_output(
        self, fn: Any, like: torch.Tensor | None
    ) -> tuple[tuple[int, ...] | None, str | None, str | None]:
        """Return shape, dtype and device of a node's first output."""
        if like is not None and like.output_nr == 0:
            return sizes_of(like), dtype_name(like), device_name(like)
        metadata = fn._input_metadata
        if not metadata:
            return None, None, None
        return sizes_of(metadata[0]), dtype_name(metadata[0]), name_device(metadata[0].device)

    def add_result(self, tensor: torch.Tensor, fn: Any, node: int, event: int) -> int:
        """Add the first state of what a call has just made, a plain tensor; return its number."""
        output = tensor.output_nr
        snapshot = self.snapshot(tensor)
        number = self.sink.add_tensor(
            None, event, node, output, "", sizes_of(tensor), dtype_name(tensor), device_name(tensor), True, snapshot
        )
        keep_output(fn, self.run, output, number)
        state = TensorState(
            number, number, tensor._version, node, output, "", event, snapshot, None, requires_grad=True
        )
        self.states.set(tensor, state)
        return number

    def add_data_edges(self, number: int, below: Sources, inputs: Sequence[torch.Tensor], event: int) -> None:
        """Join the data tensors that an op read to its node.

        They take the slots that autograd left empty, in order, where they could have had a gradient; indices, masks
        and what is left over count on behind the slots.
        """
        slots = [slot for slot, (source, _) in enumerate(below) if source is None]
        beyond = len(below)
        for tensor in inputs:
            node, label = self.data_node(tensor, event - 1)
            is_differentiable = tensor.is_floating_point() or tensor.is_complex()
            if is_differentiable and slots:
                slot = slots.pop(0)
            else:
                slot, beyond = beyond, beyond + 1
            self.sink.add_edge(node, number, slot, 0, event, label)
            self._read.setdefault(number, []).append((slot, self.state(tensor, event - 1).number))

    def keeps(self, number: int, tensor: torch.Tensor) -> bool:
        """Whether a node that was just added keeps a data tensor for its backward."""
        return any(tensor is each for _, each in self._kept.get(number, ()))

    def inputs_of(self, node: int) -> list[int]:
        """Return the states of the tensors that a node which was just added reads."""
        states = list(self._read.get(node, ()))
        for slot, (source, output) in enumerate(self._new[node][1]):
            if source is None:
                continue
            if type(source) is ACCUMULATE:
                leaf = self.states.get(source.variable)
                number = leaf.number if leaf is not None else None
            else:
                number = state_of_output(source, self.run, output)
            if number is not None:
                states.append((slot, number))
        return [number for _, number in sorted(states)]

    def add_inner_state(self, node: int, event: int) -> int:
        """Note the output of a node inside a call, as far as autograd lets it be seen.

        The value is what another node of the call (or the node itself) keeps of it for the backward, or a view of
        what is known; else only its shape is.
        """
        fn, sources = self._new[node]
        below = [each for each, _ in sources if each is not None]
        for tensor in self._unsorted:  # a recurrent layer is one call of thousands of nodes
            if (maker := grad_fn_of(tensor)) is not None:
                self._outputs.setdefault(maker._sequence_nr(), []).append(tensor)
        self._unsorted.clear()
        value = next((each for each in self._outputs.get(fn._sequence_nr(), ()) if grad_fn_of(each) is fn), None)
        if value is None and len(below) == 1 and is_accumulate(below[0]):
            value = see_view(fn, below[0].variable)
        first = fn._input_metadata[0]
        snapshot = self.snapshot(value) if value is not None else None
        state = self.sink.add_tensor(
            None, event, node, 0, "", sizes_of(first), dtype_name(first), name_device(first.device),
            True, snapshot,
        )  # fmt: skip
        keep_output(fn, self.run, 0, state)
        return state

    def end_call(self) -> None:
        """A call's nodes and states are written: say what they keep, and let go of it."""
        try:
            for number, kept in self._kept.items():
                fn = self._new[number][0]
                self.arguments.note(number, fn, self._saved.numbers_of(fn), kept)
        finally:
            self.arguments.region = []
            for each in (self._new, self._kept, self._outputs, self._unsorted, self._read):
                each.clear()
