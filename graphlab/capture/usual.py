"""Notes the usual op on a short way: plain tensors went in, one new tensor came out, and nothing was changed in place.

By far the most calls are such, and what recording costs is what it costs for them. Whatever is unusual about a call
(`read` or `note` say so) is left to `ops`, which asks about all that can be; both write the same facts.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FrameType
from typing import Any

import torch

from graphlab.capture.calls import Call, flatten, name_of_op
from graphlab.capture.identity import ACCUMULATE, TensorState, node_number
from graphlab.capture.registry import Place, Registry, Sources
from graphlab.capture.snapshots import PLAIN_TYPES

_SIMPLE: frozenset[type] = frozenset({int, float, bool, type(None), str, torch.dtype, torch.device, torch.Size})
"""Arguments in which there is no tensor to look for."""


class UsualOps:
    """The short way for the ops of one run.

    Args:
        registry: knows the tensors and nodes, and is told of new ones.
        op_made: told of each node that an op made, with its event.
        module_at: says which module's forward is running.
    """

    def __init__(
        self, registry: Registry, op_made: Callable[[int, int], None], module_at: Callable[[FrameType], str | None]
    ) -> None:
        self.registry = registry
        self.sink = registry.sink
        self._op_made = op_made
        self._module_at = module_at
        self._states = registry.states.entries

    def read(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[list[torch.Tensor], list[TensorState]] | None:
        """Return the tensors that a call is given, and their states; None where one of them is of a special class."""
        given: list[Any] = []
        is_flat = not kwargs or _SIMPLE.issuperset(map(type, kwargs.values()))
        for value in args:
            kind = type(value)
            if kind in PLAIN_TYPES:
                given.append(value)
            elif kind not in _SIMPLE:
                is_flat = False
                break
        if not is_flat:
            given = flatten((args, kwargs))
            for tensor in given:
                if type(tensor) not in PLAIN_TYPES:
                    return None
        try:
            used = self._look_up(given)
        except RuntimeError:  # an inference tensor, which counts no versions
            return None
        return None if used is None else (given, used)

    def _look_up(self, given: list[torch.Tensor]) -> list[TensorState] | None:
        used = []
        states, last = self._states, self.sink.event_count
        for tensor in given:
            entry = states.get(id(tensor))
            if entry is not None and entry() is tensor:
                state = entry.value
                if (
                    state.version == tensor._version
                    and state.requires_grad is tensor.requires_grad
                    and not state.is_stale
                ):
                    used.append(state)
                    continue
            state = self.registry.state(tensor, last)
            if state.is_stale or tensor.is_inference():
                return None
            used.append(state)
        return used

    def note(
        self, caller: FrameType, call: Call, given: list[torch.Tensor], used: list[TensorState], result: Any
    ) -> bool:
        """Note what a call has made; False where that is unusual, and nothing has been noted."""
        if type(result) is not torch.Tensor:
            return False
        for tensor, state in zip(given, used, strict=True):
            if state.version != tensor._version or tensor is result:
                return False
        entry = self._states.get(id(result))
        if entry is not None and entry() is result:
            return False
        fn = result.grad_fn
        if fn is None or node_number(fn, self.registry.run) is not None:
            return False
        below = fn.next_functions
        order = self._find(fn, below)
        registry, sink = self.registry, self.sink
        module, place = self._module_at(caller), registry.find_place()
        if len(order) > 1:
            self._note_all(order, call, module, place, given, result)
            return True
        event = sink.begin_event()
        number = registry.add_op(fn, event, below=below, place=place, call=call.title, module=module, like=result)
        self._op_made(event, number)
        for tensor in given:
            if not tensor.requires_grad:
                registry.add_data_edges(number, below, [each for each in given if not each.requires_grad], event)
                break
        made = registry.add_result(result, fn, number, event)
        sink.end_op(event, place, number, call.name, call.title, made, [each.number for each in used])
        registry.end_call()
        return True

    def _note_all(
        self, order: list[tuple[Any, Sources]], call: Call, module: str | None, place: Place,
        given: list[torch.Tensor], result: torch.Tensor,
    ) -> None:  # fmt: skip
        """Note the nodes of a call that autograd knows as several, the oldest first."""
        registry, sink = self.registry, self.sink
        data = [tensor for tensor in given if not tensor.requires_grad]
        events = [sink.begin_event() for _ in order]
        numbers = []
        for (fn, below), event in zip(order, events, strict=True):
            like = result if event == events[-1] else None
            number = registry.add_op(fn, event, below=below, place=place, call=call.title, module=module, like=like)
            numbers.append(number)
            self._op_made(event, number)
            if data:
                # What no node keeps for its backward went into the last, as far as can be told.
                mine = data if like is not None else [tensor for tensor in data if registry.keeps(number, tensor)]
                registry.add_data_edges(number, below, mine, event)
                data = [tensor for tensor in data if not any(tensor is each for each in mine)]
        last = registry.add_result(result, order[-1][0], numbers[-1], events[-1])
        states = [registry.add_inner_state(number, event) for number, event in zip(numbers[:-1], events, strict=False)]
        for (fn, _), event, number, state in zip(order, events, numbers, [*states, last], strict=True):
            sink.end_op(event, place, number, name_of_op(fn.name()), call.title, state, registry.inputs_of(number))
        registry.end_call()

    def _find(self, fn: Any, below: Sources) -> list[tuple[Any, Sources]]:
        """Return the nodes that a call made, the oldest first."""
        run = self.registry.run
        found = [(fn, below)]
        while True:
            fresh = None
            for source, _ in below:
                if source is not None and type(source) is not ACCUMULATE and run not in source.metadata:
                    if fresh is not None and fresh is not source:
                        return [(each, each.next_functions) for each in self.registry.find_new([fn])]
                    fresh = source
            if fresh is None:
                found.reverse()
                return found
            below = fresh.next_functions
            found.append((fresh, below))
