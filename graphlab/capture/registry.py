"""Numbers every node, edge and state of a tensor on first sight, and tells the sink of each once.

The graph is read from autograd itself: from `grad_fn.next_functions`, walked with a stack of our own, so that a
chain of 100,000 ops is no problem. Ops, lines and backwards ask here who a tensor is.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import torch

from graphlab.capture.identity import (
    LeafState,
    TensorMap,
    TensorState,
    is_accumulate,
    node_number,
    set_node_number,
    version_of,
)
from graphlab.capture.sink import Sink
from graphlab.capture.snapshots import dtype_name, take_snapshot

_runs = itertools.count(1)
Place = tuple[int | None, int | None, int | None]
"""File, line and frame of the script."""


class Registry:
    """Who is who among the tensors and grad_fns of one run.

    Args:
        sink: who is told of new nodes, edges and states.
        has_values: whether values are kept, or shapes and norms only.
        find_place: says where in the script we are.
    """

    def __init__(self, sink: Sink, *, has_values: bool, find_place: Callable[[], Place]) -> None:
        self.sink = sink
        self.run = next(_runs)
        self.has_values = has_values
        self.find_place = find_place
        self.states: TensorMap[TensorState] = TensorMap()
        self.leaves: TensorMap[LeafState] = TensorMap()
        self.grads: TensorMap[LeafState] = TensorMap()
        self.edge_counts: dict[int, int] = {}
        """For each op node: how many edges autograd counts into it."""
        self.node_events: dict[int, int] = {}
        self._saved_names: dict[type, tuple[str, ...]] = {}

    # -- tensors ---------------------------------------------------------------------------------------------------

    def snapshot(self, tensor: torch.Tensor) -> int | None:
        """Keep what the budget allows of a tensor's present values."""
        return take_snapshot(self.sink, tensor, has_values=self.has_values)

    def state(self, tensor: torch.Tensor, event: int) -> TensorState:
        """Return the present state of a tensor; where it is new, or changed unseen, it is noted as of an event."""
        known = self.states.get(tensor)
        if known is None:
            return self._first_state(tensor, event)
        grad_fn = tensor.grad_fn
        if grad_fn is not None:
            node = node_number(grad_fn, self.run)
            if node == known.node and known.version == version_of(tensor):
                return known
            return self.make_state(tensor, event, origin=known.origin)
        if known.version != version_of(tensor):
            return self.make_state(tensor, event, origin=known.origin)
        if tensor.requires_grad and self.leaves.get(tensor) is None:
            known.node = self.leaf(tensor, event).node
            self.sink.set_tensor_node(known.number, known.node)
        return known

    def _first_state(self, tensor: torch.Tensor, event: int) -> TensorState:
        base = tensor._base if not tensor.requires_grad and tensor._is_view() else None
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
    ) -> TensorState:
        """Note a state of a tensor, with the node that it is an output of.

        Args:
            origin: the first state of the same tensor, None where this is it.
            snapshot: its values, where they were kept already.
            base: for a view of data, the data.
            label: how the view was made from the base (`.t()`).
        """
        output = 0
        if tensor.grad_fn is not None:
            node, output = self.discover(tensor.grad_fn, event), tensor.output_nr
        elif tensor.requires_grad:
            node = self.leaf(tensor, event).node
        elif origin is not None and node is None:
            known = self.states.get(tensor)
            if known is not None:
                node, base, label = known.node if known.base is None else node, known.base, known.label
        if snapshot is None:
            snapshot = self.snapshot(tensor)
        number = self.sink.add_tensor(
            origin, event, node, output, label, tuple(tensor.shape), dtype_name(tensor), str(tensor.device),
            tensor.requires_grad, snapshot,
        )  # fmt: skip
        state = TensorState(number, origin or number, version_of(tensor), node, output, label, event, snapshot, base)
        self.states.set(tensor, state)
        return state

    def leaf(self, tensor: torch.Tensor, event: int) -> LeafState:
        """Return what is known of a leaf that requires grad; its node is made on first sight."""
        known = self.leaves.get(tensor)
        if known is not None:
            return known
        kind = "parameter" if isinstance(tensor, torch.nn.Parameter) else "leaf"
        state = self.states.get(tensor)
        made = state.event if state is not None else event
        known = LeafState(self._add_tensor_node(kind, tensor, made), weakref.ref(tensor), kind, None)
        self.leaves.set(tensor, known)
        if tensor.grad is not None:
            self.note_grad(known, tensor.grad)
        return known

    def note_grad(self, leaf: LeafState, grad: torch.Tensor | None, snapshot: int | None = None) -> int | None:
        """Keep a leaf's present `.grad` in mind, and return the number of its snapshot."""
        leaf.has_grad = grad is not None
        if grad is None:
            leaf.grad_snapshot, leaf.grad_version = None, -1
            return None
        leaf.grad_snapshot = snapshot if snapshot is not None else self.snapshot(grad)
        leaf.grad_version = version_of(grad)
        self.grads.set(grad, leaf)
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
            self.sink.set_tensor_node(state.number, state.node)
        return state.node, ""

    def _add_tensor_node(self, kind: str, tensor: torch.Tensor, event: int) -> int:
        file, line, _ = self.find_place()
        number = self.sink.add_node(
            kind, event, file=file, line=line, shape=tuple(tensor.shape), dtype=dtype_name(tensor),
            device=str(tensor.device),
        )  # fmt: skip
        self.node_events[number] = event
        return number

    # -- grad_fns --------------------------------------------------------------------------------------------------

    def discover(
        self,
        grad_fn: Any,
        event: int,
        *,
        events: dict[int, int] | None = None,
        call: str | None = None,
        module: str | None = None,
    ) -> int:
        """Return the number of a grad_fn; number it and all it leads to, where they are new.

        Args:
            event: the event that made the new nodes.
            events: for some sequence numbers another event (the inner ops of a composite call).
        """
        known = node_number(grad_fn, self.run)
        if known is not None:
            return known
        place = self.find_place()
        for fn in self._unknown(grad_fn):
            made = event if events is None else events.get(fn._sequence_nr(), event)
            self._add_op(fn, made, call, module, place)
        number = node_number(grad_fn, self.run)
        assert number is not None
        return number

    def _unknown(self, grad_fn: Any) -> Sequence[Any]:
        """Return the nodes that are new from here on down, the oldest first."""
        found, stack = {}, [grad_fn]
        while stack:
            fn = stack.pop()
            if id(fn) in found:
                continue
            found[id(fn)] = fn  # holding it keeps its address, and so this key, its own
            for below, _ in fn.next_functions:
                if below is not None and not is_accumulate(below) and node_number(below, self.run) is None:
                    stack.append(below)
        if len(found) == 1:
            return (grad_fn,)
        return sorted(found.values(), key=lambda fn: fn._sequence_nr())

    def _add_op(self, fn: Any, event: int, call: str | None, module: str | None, place: Place) -> None:
        metadata = fn._input_metadata
        first = metadata[0] if metadata else None
        is_known = first is not None and first.dtype is not None
        number = self.sink.add_node(
            "op", event, op=fn.name(), call=call, module=module, file=place[0], line=place[1],
            shape=tuple(first.shape) if first is not None and is_known else None,
            dtype=str(first.dtype).removeprefix("torch.") if first is not None and is_known else None,
            device=str(first.device) if first is not None and is_known else None,
        )  # fmt: skip
        set_node_number(fn, self.run, number)
        self.node_events[number] = event
        count = 0
        for slot, (below, output) in enumerate(fn.next_functions):
            if below is None:
                continue
            count += 1
            source = self.leaf(below.variable, event).node if is_accumulate(below) else node_number(below, self.run)
            assert source is not None
            self.sink.add_edge(source, number, slot, output, event)
        self.edge_counts[number] = count
        self._add_saved(fn, number)

    def add_data_edges(self, fn: Any, inputs: Sequence[torch.Tensor], event: int) -> None:
        """Join the data tensors that an op read to its node.

        They take the slots that autograd left empty, in order, where they could have had a gradient; indices, masks
        and what is left over count on behind the slots.
        """
        number = node_number(fn, self.run)
        assert number is not None
        slots = [slot for slot, (below, _) in enumerate(fn.next_functions) if below is None]
        beyond = len(fn.next_functions)
        for tensor in inputs:
            if tensor.requires_grad:
                continue
            node, label = self.data_node(tensor, event - 1)
            is_differentiable = tensor.is_floating_point() or tensor.is_complex()
            if is_differentiable and slots:
                slot = slots.pop(0)
            else:
                slot, beyond = beyond, beyond + 1
            self.sink.add_edge(node, number, slot, 0, event, label)

    def _add_saved(self, fn: Any, number: int) -> None:
        if torch._C._autograd._top_saved_tensors_default_hooks(False) is not None:
            return  # unpacking would run the user's own hooks
        kind = type(fn)
        names = self._saved_names.get(kind)
        if names is None:
            names = self._saved_names[kind] = tuple(name for name in dir(kind) if name.startswith("_saved_"))
        for name in names:
            try:
                value = getattr(fn, name)
            except RuntimeError:
                continue  # already freed, or changed in place since: autograd itself will say so
            parts = value if isinstance(value, tuple) else (value,)
            for index, part in enumerate(parts):
                if isinstance(part, torch.Tensor):
                    label = name.removeprefix("_saved_") + (f"[{index}]" if len(parts) > 1 else "")
                    self.sink.add_saved(number, label, tuple(part.shape), dtype_name(part))
