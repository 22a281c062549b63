"""Sees every op that runs: the torch calls of script and libraries, and what happens inside composite ones.

A function mode sees calls as they are written (`F.linear`), with the tensors that the script gets. What autograd
knows as several ops (attention, cross entropy) is called once more under a dispatch mode, which sees the parts; the
sequence number that is next when a part is dispatched tells which grad_fn it belongs to.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any, Protocol

import torch
from torch.overrides import TorchFunctionMode, handle_torch_function
from torch.utils._python_dispatch import TorchDispatchMode

from graphlab.capture.calls import DATA_SETTER, GRAD_SETTER, Call, Trampolines, flatten, label_view
from graphlab.capture.identity import TensorState, node_number, version_of
from graphlab.capture.registry import Registry

_next_sequence = torch._C._autograd._get_sequence_nr


class OpWatcher(Protocol):
    """Who wants to know of ops that change leaves or gradients."""

    def before_change(self, targets: list[torch.Tensor]) -> None:
        """Tensors are about to be changed in place."""

    def after_change(self, targets: list[torch.Tensor]) -> None:
        """They were."""

    def gradient_set(self, tensor: torch.Tensor) -> None:
        """The script assigned a leaf's `.grad`."""

    def op_made(self, event: int, node: int) -> None:
        """An op made a node."""

    def module_at(self, frame: FrameType | None) -> str | None:
        """Return the path of the module whose forward is running."""


@dataclass(slots=True)
class _Part:
    """One op inside a composite call, until the call has returned and its nodes can be found."""

    name: str
    sequence: int | None
    """The number of the grad_fn that it made, or None where it made none."""
    inputs: list[TensorState | tuple[int, int]]
    """Tensors from before the call, or (part, output) of an earlier part."""
    data: list[torch.Tensor]
    """Inputs from before the call that need no gradient."""
    changed: list[torch.Tensor]
    outputs: list[tuple[tuple[int, ...], str, str, int | None]]
    """Shape, dtype, device and snapshot of what it made."""
    states: list[int] = field(default_factory=list)


class Ops(TorchFunctionMode):
    """The function mode. It is active in the thread that enters it."""

    def __init__(self, registry: Registry, watcher: OpWatcher) -> None:
        super().__init__()
        self.registry = registry
        self.sink = registry.sink
        self.watcher = watcher
        self.trampolines = Trampolines()
        self.suspended = 0
        """Above zero: calls pass through unseen (an optimizer at work)."""
        self._calls: dict[Any, Call] = {}

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Pass a call on, and note what it did."""
        kwargs = kwargs or {}
        caller = sys._getframe(1)
        if caller.f_code is handle_torch_function.__code__ and caller.f_back is not None:
            caller = caller.f_back.f_back or caller
        run = self.trampolines.for_frame(caller)
        if self.suspended:
            return run(func, args, kwargs)
        call = self._calls.get(func)
        if call is None:
            call = self._calls[func] = Call(func)
        if call.is_passed:
            result = run(func, args, kwargs)
            if func == GRAD_SETTER:
                self.watcher.gradient_set(args[0])
            elif func == DATA_SETTER:
                self.watcher.after_change([args[0]])
            return result
        if not call.is_single:
            return self._composite(run, caller, call, func, args, kwargs)
        return self._single(run, caller, call, func, args, kwargs)

    # -- calls that are one op -------------------------------------------------------------------------------------

    def _single(
        self, run: Any, caller: FrameType, call: Call, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        targets = self._targets(call, args, kwargs)
        used: list[TensorState] = []
        if targets:
            used = self._states(args, kwargs)
            self.watcher.before_change(targets)
        result = run(func, args, kwargs)
        outputs = targets or list(flatten(result))
        if not outputs:
            return result
        if not targets:
            used = self._states(args, kwargs)
            if all(self._is_unchanged(output) for output in outputs):
                return result
        event = self.sink.begin_event()
        module = self.watcher.module_at(caller)
        node, made = self._note_outputs(event, call, args, kwargs, outputs, module)
        self._note_uses(event, used)
        self._end_op(event, node, call.name, call.title, made, is_in_place=bool(targets))
        if targets:
            self.watcher.after_change(targets)
        return result

    def _targets(self, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[torch.Tensor]:
        """Return the tensors that a call changes in place."""
        if "out" in kwargs:
            return list(flatten(kwargs["out"]))
        return list(flatten(args[0])) if call.is_in_place and args and call.name != "requires_grad_" else []

    def _states(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[TensorState]:
        last = self.sink.event_count
        return [self.registry.state(tensor, last) for tensor in flatten((args, kwargs))]

    def _is_unchanged(self, tensor: torch.Tensor) -> bool:
        """Whether a result is a tensor that was there before, as it was (`contiguous`, `to`, `requires_grad_`)."""
        known = self.registry.states.get(tensor)
        if known is None or known.version != version_of(tensor):
            return False
        return tensor.grad_fn is None or node_number(tensor.grad_fn, self.registry.run) == known.node

    def _note_outputs(
        self,
        event: int,
        call: Call,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        outputs: list[torch.Tensor],
        module: str | None,
    ) -> tuple[int | None, list[int]]:
        """Write what a call made or changed; return the node that it made, and the states of its tensors."""
        node = None
        made: list[int] = []
        for output in outputs:
            known = self.registry.states.get(output)
            grad_fn = output.grad_fn
            if grad_fn is not None and node_number(grad_fn, self.registry.run) is None:
                number = self.registry.discover(grad_fn, event, call=call.title, module=module)
                self.registry.add_data_edges(grad_fn, [t for t in flatten((args, kwargs)) if t is not output], event)
                self.watcher.op_made(event, number)
                node = node or number
            base, label = (None, "") if known else self._data_base(output, call, args, kwargs)
            state = self.registry.make_state(output, event, origin=known.origin if known else None, base=base, label=label)
            if base is not None:
                self.registry.data_node(output, event)
            made.append(state.number)
            node = node or (state.node if grad_fn is not None else None)
        return node, made

    def _data_base(
        self, output: torch.Tensor, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[torch.Tensor | None, str]:
        """For a view of data: the data that it is a view of, and all views on the way."""
        if output.requires_grad or not output._is_view() or output._base is None or output._base.requires_grad:
            return None, ""
        origin = args[0] if args and isinstance(args[0], torch.Tensor) else None
        state = self.registry.states.get(origin) if origin is not None else None
        before = state.label if state is not None and origin is not output._base else ""
        return output._base, before + label_view(call, args, kwargs)

    def _note_uses(self, event: int, used: list[TensorState]) -> None:
        for position, state in enumerate(used):
            self.sink.add_use(event, position, state.number)

    def _end_op(
        self, event: int, node: int | None, name: str, title: str, made: list[int], *, is_in_place: bool
    ) -> None:
        details: dict[str, Any] = {"call": title, "outputs": made}
        if is_in_place:
            details["inplace"] = True
        self.sink.end_event(event, "op", self.registry.find_place(), node=node, text=name, details=details)

    # -- calls that are several ops --------------------------------------------------------------------------------

    def _composite(
        self, run: Any, caller: FrameType, call: Call, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        targets = self._targets(call, args, kwargs)
        if targets:
            self.watcher.before_change(targets)
        inner = _Inner(self, run, call.name)
        with inner:
            result = run(func, args, kwargs)
        if inner.parts:
            module = self.watcher.module_at(caller)
            label = label_view(call, args, kwargs) if call.name == "__getitem__" or call.name in _VIEW_ATTRIBUTES else ""
            self._note_parts(inner, call, list(flatten(result)) + targets, module, label)
            changed = [tensor for part in inner.parts for tensor in part.changed]
            if changed:
                self.watcher.after_change(changed)
        return result

    def _note_parts(
        self, inner: _Inner, call: Call, outputs: list[torch.Tensor], module: str | None, view: str
    ) -> None:
        """Write the events of a composite call's parts, now that its nodes can be found from its outputs."""
        events = [self.sink.begin_event() for _ in inner.parts]
        by_sequence = {part.sequence: event for part, event in zip(inner.parts, events, strict=True)}
        made: dict[int, Any] = {}
        for tensor in [*outputs, *(tensor for part in inner.parts for tensor in part.changed)]:
            if tensor.grad_fn is not None:
                for fn in _new_nodes(tensor.grad_fn, self.registry.run):
                    made[fn._sequence_nr()] = fn
                self.registry.discover(tensor.grad_fn, events[-1], events=by_sequence, call=call.title, module=module)  # type: ignore[arg-type]
        for index, (part, event) in enumerate(zip(inner.parts, events, strict=True)):
            fn = made.get(part.sequence) if part.sequence is not None else None
            node = node_number(fn, self.registry.run) if fn is not None else None
            if fn is not None and node is not None:
                self.registry.add_data_edges(fn, part.data, event)
                self.watcher.op_made(event, node)
            self._note_part_states(inner, index, event, node, outputs, view)
            uses = [each.number if isinstance(each, TensorState) else _state_of(inner, each) for each in part.inputs]
            for position, number in enumerate(number for number in uses if number is not None):
                self.sink.add_use(event, position, number)
            self._end_op(event, node, part.name, call.title, part.states, is_in_place=bool(part.changed))
        for tensor in outputs:
            self.registry.state(tensor, events[-1])

    def _note_part_states(
        self, inner: _Inner, index: int, event: int, node: int | None, outputs: list[torch.Tensor], view: str
    ) -> None:
        part = inner.parts[index]
        for tensor in part.changed:
            known = self.registry.states.get(tensor)
            state = self.registry.make_state(tensor, event, origin=known.origin if known else None)
            part.states.append(state.number)
        for position, (shape, dtype, device, snapshot) in enumerate(part.outputs):
            final = inner.final(index, position, outputs)
            if final is not None and self.registry.states.get(final) is None:
                base = final._base if not final.requires_grad and final._is_view() else None
                base = None if base is None or base.requires_grad else base
                known = self.registry.states.get(base) if base is not None else None
                if base is not None and known is None:
                    self.registry.state(base, event)
                part.states.append(
                    self.registry.make_state(
                        final, event, snapshot=snapshot, base=base, label=view or f".{part.name}(…)" if base is not None else ""
                    ).number
                )
            else:
                has_grad = node is not None
                part.states.append(
                    self.sink.add_tensor(None, event, node, position, "", shape, dtype, device, has_grad, snapshot)
                )

    @contextmanager
    def paused(self) -> Any:
        """Let calls pass unseen."""
        self.suspended += 1
        try:
            yield
        finally:
            self.suspended -= 1


_PLUMBING = {"detach", "alias", "lift_fresh"}
"""What torch's bindings and saved tensors do on their own account."""
_VIEW_ATTRIBUTES = {"T", "mT", "H", "mH", "real", "imag", "reshape", "flatten"}


def _state_of(inner: _Inner, each: tuple[int, int]) -> int | None:
    states = inner.parts[each[0]].states
    return states[each[1]] if each[1] < len(states) else None


def _new_nodes(grad_fn: Any, run: int) -> list[Any]:
    """Return the nodes from here on down that have no number yet."""
    found, stack = {}, [grad_fn]
    while stack:
        fn = stack.pop()
        if id(fn) in found or hasattr(fn, "variable") or node_number(fn, run) is not None:
            continue
        found[id(fn)] = fn
        stack += [below for below, _ in fn.next_functions if below is not None]
    return list(found.values())


class _Inner(TorchDispatchMode):
    """Sees the ops inside one composite call."""

    def __init__(self, ops: Ops, run: Any, name: str) -> None:
        super().__init__()
        self.ops = ops
        self.name = name
        self.registry = ops.registry
        self.run = run
        self.parts: list[_Part] = []
        self._last = _next_sequence()
        self._made: dict[int, tuple[torch.Tensor, tuple[int, int]]] = {}
        """By address: what the parts made, held until the call returns, so that no address comes back."""
        self._views: dict[tuple[Any, ...], tuple[int, int]] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Pass an op on, and keep what it did."""
        kwargs = kwargs or {}
        upcoming = _next_sequence()
        sequence = upcoming - 1 if upcoming > self._last else None
        self._last = upcoming
        given = list(flatten((args, kwargs)))
        inputs, data = self._inputs(given)
        changed = list(flatten(args[0])) if func._schema.is_mutable and args else []
        result = self.run(func, args, kwargs)
        index = len(self.parts)
        name = func._schema.name.partition("::")[2]
        if name in _PLUMBING and sequence is None and name != self.name:
            return result
        made = [tensor for tensor in flatten(result) if not any(tensor is each for each in given)]
        if not made and not changed:
            return result
        outputs = []
        for position, tensor in enumerate(made):
            snapshot = self.registry.snapshot(tensor)
            outputs.append((tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."), str(tensor.device), snapshot))
            place = index, position + len(changed)
            if func.is_view or tensor.is_nested:
                # Autograd makes a view anew where somebody else holds it: remember what it looks like instead.
                self._views[_look(tensor)] = place
            else:
                self._made[id(tensor)] = tensor, place
        self.parts.append(_Part(name, sequence, inputs, data, changed, outputs))
        return result

    def _inputs(self, given: list[torch.Tensor]) -> tuple[list[TensorState | tuple[int, int]], list[torch.Tensor]]:
        inputs: list[TensorState | tuple[int, int]] = []
        data = []
        for tensor in given:
            known = self.registry.states.get(tensor)
            if known is not None:
                inputs.append(known)
            elif id(tensor) in self._made:
                inputs.append(self._made[id(tensor)][1])
                continue
            elif _look(tensor) in self._views:
                inputs.append(self._views[_look(tensor)])
                continue
            else:
                inputs.append(self.registry.state(tensor, self.ops.sink.event_count))
            if not tensor.requires_grad:
                data.append(tensor)
        return inputs, data

    def final(self, index: int, position: int, outputs: list[torch.Tensor]) -> torch.Tensor | None:
        """Return which of the call's own results an output of a part is, or None."""
        place = index, position + len(self.parts[index].changed)
        for tensor in outputs:
            made = self._made.get(id(tensor))
            if (made is not None and made[1] == place) or (made is None and self._views.get(_look(tensor)) == place):
                return tensor
        return None


def _look(tensor: torch.Tensor) -> tuple[Any, ...]:
    if tensor.layout is not torch.strided or tensor.is_nested:
        return (id(tensor),)
    return tensor.data_ptr(), tuple(tensor.shape), tensor.stride(), tensor.dtype


OUR_CODES: set[CodeType] = {
    Ops.__torch_function__.__code__, Ops._single.__code__, Ops._composite.__code__, _Inner.__torch_dispatch__.__code__,
    handle_torch_function.__code__,
}  # fmt: skip
"""Frames that stand between the script and torch only because we watch."""
