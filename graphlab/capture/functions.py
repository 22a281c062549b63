"""Sees calls of custom `autograd.Function`s: `apply` is no torch function, so no mode is told of it."""

from __future__ import annotations

import sys
import weakref
from typing import Any

import torch
from torch.autograd import Function

from graphlab.capture.calls import Call, name_of_op
from graphlab.capture.modes import is_watching
from graphlab.capture.ops import Ops


class Functions:
    """Stands in for `Function.apply` while a run is recorded."""

    def __init__(self, ops: Ops) -> None:
        self._ops = ops
        self._original: Any = None
        self._calls: weakref.WeakKeyDictionary[type, Call] = weakref.WeakKeyDictionary()

    def start(self) -> None:
        """Put ourselves where scripts call."""
        original = self._original = vars(Function)["apply"]

        def apply(cls: Any, *args: Any, **kwargs: Any) -> Any:
            inner = original.__get__(None, cls)
            guard = self._ops.registry.guard
            other = None if guard.is_here else guard.elsewhere()
            ops = self._ops if other is None else other.ops
            is_passed = ops.suspended or not is_watching(ops) or torch._C._is_tracing()
            if is_passed or ops.registry.guard.is_transformed:
                return inner(*args, **kwargs)
            caller = sys._getframe(1)
            return ops.watch(ops.trampolines.for_frame(caller), caller, self._call_of(cls), inner, args, kwargs)

        self._ops.trampolines.codes.add(apply.__code__)
        setattr(Function, "apply", classmethod(apply))  # noqa: B010 - torch types it more narrowly

    def stop(self) -> None:
        """Put torch's own back."""
        if self._original is not None:
            setattr(Function, "apply", self._original)  # noqa: B010 - as above
            self._original = None

    def _call_of(self, kind: type) -> Call:
        call = self._calls.get(kind)
        if call is None:
            call = self._calls[kind] = Call(kind)
            call.name, call.title, call.is_in_place = name_of_op(kind.__name__), f"{kind.__name__}.apply", False
            call.is_plain = False  # it is the script's own code
        return call
