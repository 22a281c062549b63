"""Sees every op that runs: a function mode sees the torch calls of script and libraries, autograd tells their parts.

What autograd knows as several ops (`F.linear`, attention, cross entropy) is one call; its nodes are found from its
results and put in order by their sequence numbers. A dispatch mode would see the parts at work, but under one torch
itself takes other ways (`reshape` makes another node, some kernels another formula), so what is recorded would not be
what runs unrecorded.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from types import CodeType, FrameType
from typing import Any, Protocol

import torch
from torch import overrides
from torch.overrides import (  # type: ignore[attr-defined]  # held but not exported
    TorchFunctionMode,
    _get_current_function_mode,
    _len_torch_function_stack,
    _pop_mode,
    _push_mode,
    handle_torch_function,
)

from graphlab.capture.arguments import region_of
from graphlab.capture.calls import Call, Trampolines, flatten, label_view, name_of_op
from graphlab.capture.identity import TensorState, grad_fn_of, is_lazy_view, needs_grad, node_number, version_of
from graphlab.capture.registry import Registry
from graphlab.capture.unwritten import MAKERS, WRITERS
from graphlab.capture.usual import UsualOps

_getframe, _gettrace, _settrace = sys._getframe, sys.gettrace, sys.settrace
_is_tracing = torch._C._is_tracing
_are_transforms_active = torch._C._are_functorch_transforms_active
_len_torch_dispatch_stack = torch._C._len_torch_dispatch_stack
_top_saved_tensors_default_hooks = torch._C._autograd._top_saved_tensors_default_hooks
_HANDLES = handle_torch_function.__code__
_TORCHS_OWN: frozenset[tuple[type, ...]] = frozenset({(), (torch.nn.Parameter,)})
"""The classes that torch names with a call where no class of anybody else's takes part in it."""


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

    def modes_at(self, frame: FrameType | None) -> list[bool]:
        """Return for each module whose forward is running whether it is in training mode, the innermost first."""


class Ops(TorchFunctionMode):
    """The function mode. It is active in the thread that enters it."""

    def __init__(self, registry: Registry, watcher: OpWatcher) -> None:
        super().__init__()
        self.registry = registry
        self.sink = registry.sink
        self.watcher = watcher
        self.trampolines = Trampolines()
        self.main: Ops | None = None
        """For another thread than the one that the recording began in: the mode of that."""
        self.suspended = 0
        """Above zero: calls pass through unseen (an optimizer at work)."""
        self._is_set_aside = False
        self._calls: dict[Any, Call] = {}
        self.usual = UsualOps(registry, watcher.op_made, watcher.module_at)

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Pass a call on, and note what it did."""
        call = self._calls.get(func)
        if call is None:
            call = self._calls[func] = Call(func)
        if (call.is_quiet or (call.reads_grad and args[0].is_leaf)) and tuple(types) in _TORCHS_OWN:
            return func(*args, **kwargs) if kwargs else func(*args)
        kwargs = kwargs or {}
        caller = _getframe(1)
        if caller.f_code is _HANDLES and caller.f_back is not None:
            caller = caller.f_back.f_back or caller
        # Until our trace function is set aside, it is called with each function of Python's that we call here, and that
        # costs more than what most of them do.
        made = self.trampolines.made.get((id(caller.f_code), caller.f_lasti))
        run = made[1] if made is not None else self.trampolines.for_frame(caller)
        guard = self.registry.guard
        # While torch traces, what we ask of a tensor would be traced with it.
        if self.suspended or _is_tracing() or (_are_transforms_active() and guard.is_transformed):
            return run(func, args, kwargs)
        if call.is_passed:
            return self._pass(run, call, func, args, kwargs)
        # Neither the script's own tensor classes, modes and hooks see what we ask, nor code of its own runs inside.
        if (
            not call.is_plain or guard.is_shared or _len_torch_function_stack() or _len_torch_dispatch_stack()
            or "out" in kwargs or _top_saved_tensors_default_hooks(False) is not None
        ):  # fmt: skip
            return self.watch(run, caller, call, func, args, kwargs)
        trace = guard.trace_function
        if trace is not None:
            if _gettrace() is trace:
                _settrace(None)
            else:
                trace = None
        try:
            known = self._read(caller, call, args, kwargs)
            if known is not None:
                result = run(func, args, kwargs)
                self._note_usual(caller, call, args, kwargs, *known, result)
                return result
        finally:
            if trace is not None:
                _settrace(trace)
        return self._watch_any(run, caller, call, func, args, kwargs)

    def _read(
        self, caller: FrameType, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[list[torch.Tensor], list[TensorState]] | None:
        """Note in which mode a call runs, and return the tensors that it is given, should these be usual ones."""
        try:
            if call.has_mode:
                self._note_mode(caller, call, args, kwargs)
            return self.usual.read(args, kwargs)
        except Exception as error:  # noqa: BLE001 - as the guard does
            self.registry.guard.failed(error)
            return None

    def _note_usual(
        self, caller: FrameType, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any],
        given: list[torch.Tensor], used: list[TensorState], result: Any,
    ) -> None:  # fmt: skip
        """Note what a call has made that was given usual tensors."""
        try:
            if not self.usual.note(caller, call, given, used, result):
                self._note(caller, call, args, kwargs, given, used, result)
        except Exception as error:  # noqa: BLE001 - as the guard does
            self.registry.guard.failed(error)

    def _note_mode(self, caller: FrameType, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """A dropout or batch norm is about to run."""
        with self.registry.guard, torch._C.DisableTorchFunction():
            remarks, watcher = self.registry.remarks, self.watcher
            remarks.mode(call.name, args, kwargs, watcher.module_at(caller), watcher.modes_at(caller))

    def suspend(self) -> None:
        """Let calls pass unseen until `resume`: an optimizer is at work, which asks much of each tensor."""
        self.suspended += 1
        if self.suspended == 1 and _get_current_function_mode() is self:
            _pop_mode()
            self._is_set_aside = True

    def resume(self) -> None:
        """See calls again."""
        self.suspended = max(0, self.suspended - 1)
        if self._is_set_aside and not self.suspended:
            self._is_set_aside = False
            _push_mode(self)

    def _pass(self, run: Any, call: Call, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Pass on a call that is no op; some of them change what the recording knows."""
        guard = self.registry.guard
        if call.sets_data:
            with guard, torch._C.DisableTorchFunction():
                self.watcher.before_change(flatten(args[:1]))
        result = run(func, args, kwargs)
        if call.name in WRITERS:
            with guard, torch._C.DisableTorchFunction():
                self.registry.unwritten.discard(args[0])
        if call.leaves_graph or (call.reads_grad and result is None):
            with guard, torch._C.DisableTorchFunction():
                note = self.registry.remarks.left if call.leaves_graph else self.registry.remarks.grad_read
                note(args[0], call.name, result)
        if call.sets_grad:
            with guard, torch._C.DisableTorchFunction():
                self.watcher.gradient_set(args[0])
        elif call.sets_data:
            with guard, torch._C.DisableTorchFunction():
                self.watcher.after_change(flatten(args[:1]))
        return result

    def watch(
        self, run: Any, caller: FrameType, call: Call, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Make an unusual call, and note what it read, made and changed."""
        if call.has_mode:
            self._note_mode(caller, call, args, kwargs)
        return self._watch_any(run, caller, call, func, args, kwargs)

    def _watch_any(
        self, run: Any, caller: FrameType, call: Call, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Make any call, however unusual."""
        guard = self.registry.guard
        given: list[torch.Tensor] = []
        used: list[TensorState] = []
        # The script's own tensor classes are asked about nothing that is ours to know.
        with guard, torch._C.DisableTorchFunction():
            given = flatten((args, kwargs))
            last = self.sink.event_count
            used = [self.registry.state(tensor, last) for tensor in given]
            if call.is_in_place or "out" in kwargs:
                self.watcher.before_change(given)
        if len(used) < len(given):  # it failed, and was told
            given, used = [], []
        result = run(func, args, kwargs)
        with guard, torch._C.DisableTorchFunction():
            self._note(caller, call, args, kwargs, given, used, result)
        return result

    def _note(
        self,
        caller: FrameType,
        call: Call,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        given: list[torch.Tensor],
        used: list[TensorState],
        result: Any,
    ) -> None:
        """Note what a call has made and changed."""
        changed = [tensor for tensor, state in zip(given, used, strict=True) if state.version != version_of(tensor)]
        if call.is_in_place and given and given[0].is_inference():
            changed = given[:1]  # which counts no versions
        if call.name == "detach_":
            self.registry.detached(given[0])
        made = [tensor for tensor in flatten(result) if not self._is_known(tensor)]
        if call.name in MAKERS:
            for tensor in made:
                self.registry.unwritten.add(tensor)
        for tensor in changed:
            self.registry.unwritten.discard(tensor)
        if not made and not changed:
            return
        target = given[0] if changed else None
        # What shares memory with the target has changed with it: that is for whoever reads it next.
        changed = [tensor for tensor in changed if tensor is target or not is_lazy_view(tensor)]
        stale = target if target is not None and _leaves_views(call) and is_lazy_view(target) else None
        outputs = made + [tensor for tensor in changed if not any(tensor is each for each in made)]
        # What changed a view changed its base's node, and that is there already.
        asked = (tensor if tensor is not stale else tensor._base for tensor in outputs)
        makers = (grad_fn_of(tensor) for tensor in asked if tensor is not None)
        nodes = self.registry.find_new([fn for fn in makers if fn is not None])
        events = [self.sink.begin_event() for _ in nodes] or [self.sink.begin_event()]
        if nodes:
            self._note_nodes(nodes, events, call, self.watcher.module_at(caller), given)
            used = [self.registry.settle(*each, events[0]) for each in zip(given, used, strict=True)]
        view = label_view(call, args, kwargs) if made and not nodes else ""
        if changed and nodes:
            self.registry.arguments.region = region_of(call.name, args)
        source = given[0] if given else None
        self._note_results(events, nodes, call, outputs, used, (source, view), is_in_place=bool(changed))
        for tensor in call.moved(args, kwargs):
            known = self.registry.states.get(tensor)
            if known is not None:
                self.registry.make_state(tensor, events[-1], origin=known.origin)
        self.registry.end_call()
        if changed:
            self.watcher.after_change(changed)

    def _is_known(self, tensor: torch.Tensor) -> bool:
        """Whether a result is a tensor that was there before, as it was (`contiguous`, `to`, `requires_grad_`)."""
        known = self.registry.states.get(tensor)
        if known is None or known.version != version_of(tensor):
            return False
        if known.is_stale:
            return True
        fn = grad_fn_of(tensor)
        return fn is None or node_number(fn, self.registry.run) == known.node is not None

    def _note_nodes(
        self, nodes: Sequence[Any], events: Sequence[int], call: Call, module: str | None, given: list[torch.Tensor]
    ) -> None:
        """Add the nodes that a call made, and join the data that it read to them."""
        data = [tensor for tensor in given if not needs_grad(tensor)]
        for fn, event in zip(nodes, events, strict=True):
            below = fn.next_functions
            number = self.registry.add_op(fn, event, below=below, call=call.title, module=module)
            self.watcher.op_made(event, number)
            mine = [tensor for tensor in data if self.registry.keeps(number, tensor)]
            if fn is nodes[-1]:
                mine = data  # what no node keeps for its backward went into the last, as far as can be told
            self.registry.add_data_edges(number, below, mine, event)
            data = [tensor for tensor in data if not any(tensor is each for each in mine)]

    def _note_results(
        self,
        events: Sequence[int],
        nodes: Sequence[Any],
        call: Call,
        outputs: list[torch.Tensor],
        used: list[TensorState],
        viewed: tuple[torch.Tensor | None, str],
        *,
        is_in_place: bool,
    ) -> None:
        """Write the states of what a call made or changed, and its events."""
        source, view = viewed
        registry = self.registry
        numbers = [node_number(fn, registry.run) for fn in nodes]
        states: dict[int, list[int]] = {event: [] for event in events}
        finals = set()
        for tensor in outputs:
            known = registry.states.get(tensor)
            if _leaves_views(call) and registry.is_stale(tensor):
                states[events[-1]].append(registry.state(tensor, events[-1]).number)
                continue
            fn = grad_fn_of(tensor)
            node = node_number(fn, registry.run) if fn is not None else None
            event = events[numbers.index(node)] if node in numbers else events[-1]
            finals.add(node)
            base, label = (None, "") if known else self._data_base(tensor, source, view)
            origin = known.origin if known else None
            states[event].append(registry.make_state(tensor, event, origin=origin, base=base, label=label).number)
        for number, event in zip(numbers, events, strict=False):
            if number is not None and number not in finals:
                states[event].append(registry.add_inner_state(number, event))
        for index, event in enumerate(events):
            node = numbers[index] if index < len(numbers) else None
            self._note_uses(event, node, used, is_whole_call=len(events) == 1)
            name = call.name if len(events) == 1 else name_of_op(nodes[index].name())
            details: dict[str, Any] = {"call": call.title, "outputs": states[event]}
            if is_in_place and index == len(events) - 1:
                details["inplace"] = True
            self.sink.end_event(event, "op", registry.find_place(), node=node, text=name, details=details)

    def _note_uses(self, event: int, node: int | None, used: list[TensorState], *, is_whole_call: bool) -> None:
        read = [state.number for state in used] if is_whole_call or node is None else self.registry.inputs_of(node)
        for position, number in enumerate(read):
            self.sink.add_use(event, position, number)

    def _data_base(
        self, tensor: torch.Tensor, source: torch.Tensor | None, view: str
    ) -> tuple[torch.Tensor | None, str]:
        """For a view of data: the data that it is a view of, and all views on the way from there."""
        if needs_grad(tensor) or not tensor._is_view() or tensor._base is None or tensor._base.requires_grad:
            return None, ""
        known = self.registry.states.get(source) if source is not None else None
        if source is None or known is None or tensor._base is not (source if source._base is None else source._base):
            return tensor._base, view
        return (source, view) if known.base is None else (known.base, known.label + view)


def _leaves_views(call: Call) -> bool:
    """Whether torch leaves the `grad_fn` of a view that a call changes as it was: until the script asks for it.

    `view[0] = x` changes a view of the view, and brings only that one up to date.
    """
    return call.name == "setitem" or not torch.is_grad_enabled()


class Overrides:
    """Hides our mode from torch's question whether anything overrides an op.

    `nn.TransformerEncoderLayer` and `nn.MultiheadAttention` leave their fast path, and so their bits, where anything
    does.
    """

    def __init__(self, ours: Ops) -> None:
        self._ours = ours
        self._asked: Callable[..., bool] | None = None

    def start(self) -> None:
        """Put ourselves where modules of torch ask."""
        asked = self._asked = overrides.has_torch_function

        def has_torch_function(relevant_args: Any) -> bool:
            mode = _get_current_function_mode() if _len_torch_function_stack() == 1 else None
            if not isinstance(mode, Ops) or self._ours not in {mode, mode.main}:
                return asked(relevant_args)
            _pop_mode()
            try:
                return asked(relevant_args)
            finally:
                _push_mode(mode)

        setattr(overrides, "has_torch_function", has_torch_function)  # noqa: B010 - torch types it more narrowly

    def stop(self) -> None:
        """Put torch's own back."""
        if self._asked is not None:
            overrides.has_torch_function = self._asked
            self._asked = None


def is_watched_alone(ours: Ops) -> bool:
    """Whether our mode is the only one in this thread."""
    return _len_torch_function_stack() == 1 and _get_current_function_mode() is ours


OUR_CODES: set[CodeType] = {
    Ops.__torch_function__.__code__, Ops.watch.__code__, Ops._watch_any.__code__, Ops._pass.__code__,
    handle_torch_function.__code__,
}  # fmt: skip
"""Frames that stand between the script and torch only because we watch."""
