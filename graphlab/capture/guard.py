"""Keeps watching apart from what is watched: what goes wrong in it never reaches the script.

A script of somebody else's will do what nobody here thought of. Then a fact is missing in the recording, and the
recording says so; the script itself goes on as if nobody looked. Each thread that is watched has a guard of its own
(`threads`); forked children, and threads that nobody saw begin, run as they are, unwatched.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any

import torch
from torch.utils._python_dispatch import _disable_current_modes

from graphlab.capture.sink import Sink

if TYPE_CHECKING:
    from graphlab.capture.session import Session

_gettrace, _settrace = sys.gettrace, sys.settrace
_len_torch_dispatch_stack = torch._C._len_torch_dispatch_stack


class Guard:
    """A with-block around our own work; an exception in it is told once and goes no further.

    What is no `Exception` (Ctrl-C, the end of a run) passes.
    """

    is_shared = False
    """Whether other threads put onto the timeline what they did: not while a guard's block runs."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._is_told = False
        self._is_told_of_threads = False
        self._is_told_of_transforms = False
        self._thread = threading.get_ident()
        self._is_on = True
        self._lock: AbstractContextManager[Any] = contextlib.nullcontext()
        self.elsewhere: Callable[[], Session | None] = lambda: None
        """Returns who watches the thread that calls, where that is another one than ours."""
        self._set_aside: list[tuple[AbstractContextManager[Any] | None, Callable[..., Any] | None]] = []
        """For each block that is under way: the script's dispatch modes, which must not see what we do, and our trace
        function, which need not.
        """
        self.trace_function: Callable[..., Any] | None = None
        """Our trace function while lines are followed, where it pays to set it aside."""

    def start(self) -> None:
        """Watch the thread that calls."""
        self._thread = threading.get_ident()

    def switch_off(self) -> None:
        """Let everything pass unseen from now on (in a forked child)."""
        self._is_on = False

    @property
    def is_here(self) -> bool:
        """Whether what runs now is to be watched: the script's own thread, in its own process."""
        return self._is_on and threading.get_ident() == self._thread

    def share(self, lock: AbstractContextManager[Any]) -> None:
        """Other threads are at work: hold a lock of theirs whenever we are."""
        self._lock = lock
        self.__class__ = _SharedGuard

    def pass_thread(self) -> None:
        """Say that something of a thread that is not watched went by unseen."""
        if self._is_on and not self._is_told_of_threads:
            self._is_told_of_threads = True
            self._sink.add_note("threads that began before the recording, or without `threading`, are not recorded")

    @property
    def is_transformed(self) -> bool:
        """Whether `torch.func` is at work: its tensors, ops and backwards are its own, none of the script's graph."""
        if not torch._C._are_functorch_transforms_active():
            return False
        if self._is_on and not self._is_told_of_transforms:
            self._is_told_of_transforms = True
            self._sink.add_note("inside torch.func (grad, vmap and the like) no ops are recorded, only what comes out")
        return True

    def failed(self, error: Exception) -> None:
        """Say that something could not be recorded."""
        if isinstance(error, RecursionError):  # the script's depth leaves no room to say anything
            return
        if os.environ.get("GRAPHLAB_DEBUG"):
            traceback.print_exception(error, file=sys.__stderr__)
        if not self._is_told and self._is_on:
            self._is_told = True
            text = " ".join(str(error).split())[:200]
            self._sink.add_note(f"not everything could be recorded: {type(error).__name__}: {text}")

    def __enter__(self) -> None:
        trace = _gettrace()
        if trace is not self.trace_function:
            trace = None
        elif trace is not None:
            _settrace(None)
        if _len_torch_dispatch_stack():
            modes = _disable_current_modes()
            self._set_aside.append((modes, trace))
            modes.__enter__()
        else:
            self._set_aside.append((None, trace))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        modes, function = self._set_aside.pop()
        if modes is not None:
            modes.__exit__(None, None, None)
        if function is not None and self.trace_function is not None:
            _settrace(function)
        if error is None:
            return False
        if isinstance(error, Exception):
            self.failed(error)
            return True
        return False


class _SharedGuard(Guard):
    """A guard of its own kind: while there is one thread alone, nothing is to be locked."""

    is_shared = True

    def __enter__(self) -> None:
        self._lock.__enter__()
        super().__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        try:
            return super().__exit__(kind, error, trace)
        finally:
            self._lock.__exit__(None, None, None)


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Keep Python's collector still: we make thousands of small objects at a time, and a collection costs more."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
