"""Stands where torch calls its engine, so that each backward is seen, and no frame of ours lies around it.

All backwards (`Tensor.backward`, `autograd.backward`, `autograd.grad`) end in one call of the engine's `run_backward`.
A function of ours around it would stand in the tracebacks and warnings of whatever fails inside. Looking up the method
is what we see instead: what it returns is called by torch itself, and let go as soon as that call has ended, well or
not.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any

import torch

_CALLER = torch.autograd.graph._engine_run_backward.__code__


class Engine:
    """Stands in for `torch.autograd.Variable._execution_engine`; all but `run_backward` is the engine's own.

    Args:
        before: called when a backward begins, with its roots, arguments and keywords. Returns what is to be called when
            it has ended, or None.
    """

    def __init__(self, before: Callable[[Sequence[Any], Sequence[Any], dict[str, Any]], Callable[[], None] | None]):
        self._engine: Any = None
        self._before = before
        self._endings: set[weakref.ref[Any]] = set()
        self.late: BaseException | None = None
        """What was raised at a backward's end (Ctrl-C): python ignores it there, so it is to be raised soon after."""

    def start(self) -> None:
        """Put ourselves where torch looks for the engine."""
        self._engine = torch.autograd.Variable._execution_engine
        _hold(self)

    def stop(self) -> None:
        """Put the engine back."""
        if self._engine is not None:
            _hold(self._engine)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    @property
    def run_backward(self) -> Any:
        """The engine's own method; who looks it up is about to call it."""
        run = self._engine.run_backward
        caller: Any = sys._getframe(1)
        while caller.f_code is _LOOK_UP:  # one recording inside another
            caller = caller.f_back
        if caller.f_code is not _CALLER:
            return run
        given = caller.f_locals
        after = self._before(given["t_outputs"], given["args"], given["kwargs"])
        if after is None:
            return run
        # No variable holds it: whoever holds this frame a little longer (a profiler, `sys._current_frames`) would hold
        # it too, and the backward would end later and in another thread.
        called = [partial(run)]
        self._endings.add(weakref.ref(called[0], self._ending(after)))
        return called.pop()

    def _ending(self, after: Callable[[], None]) -> Callable[[object], Any]:
        """Return what is to be told when what torch calls is gone: then that backward has ended.

        A generator that waits in a `try`: of a Ctrl-C while the engine ran, python tells the first code that runs
        then, before a function's own `try` has begun.
        """

        def wait() -> Generator[None, object]:
            ended: object = None
            try:
                ended = yield
            except GeneratorExit:  # nobody waits any more: no backward has ended
                return
            except BaseException as error:  # noqa: BLE001 - kept, and raised where it is not ignored
                self.late = error
            # In place: backwards of other threads begin and end meanwhile.
            self._endings.difference_update(
                [each for each in list(self._endings) if each is ended or (ended is None and each() is None)]
            )
            try:
                after()
            except BaseException as error:  # noqa: BLE001 - as above
                self.late = error
            yield

        waiting = wait()
        next(waiting)
        return waiting.send

    def raise_late(self) -> None:
        """Raise what could not be raised at a backward's end."""
        if self.late is not None:
            error, self.late = self.late, None
            raise error


_LOOK_UP = vars(Engine)["run_backward"].fget.__code__


def _hold(engine: Any) -> None:
    setattr(torch.autograd.Variable, "_execution_engine", engine)  # noqa: B010 - torch types it more narrowly
