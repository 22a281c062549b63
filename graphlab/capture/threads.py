"""Watches the threads that the script starts, each with watchers of its own, and puts what they did onto the timeline.

Modes, trace functions and sequence numbers are a thread's own, so each thread gets a session of its own
(`thread_session`). What it gathers comes onto the timeline step by step, when the thread that owns the timeline (the
one that the recording began in) is between two steps of its own, or waits.
"""

from __future__ import annotations

import concurrent.futures.thread
import queue
import selectors
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from operator import attrgetter, call, methodcaller
from types import CodeType
from typing import TYPE_CHECKING, Any

from graphlab.capture.guard import uncollected
from graphlab.capture.placing import Shared
from graphlab.capture.shared_updates import SharedUpdates
from graphlab.capture.thread_sink import Piece

if TYPE_CHECKING:
    import torch

    from graphlab.capture.session import Session
    from graphlab.capture.thread_session import ThreadSession

_NAME = "_bootstrap_inner"
_WAITS = {module.__file__ for module in (threading, queue, selectors, concurrent.futures.thread)}
_WAITING = {"wait", "join", "_wait_for_tstate_lock", "acquire", "get", "put", "select", "_worker"}
"""Where a thread is that waits for others: files, and functions of them."""
_STILL_SECONDS = 5.0
"""How long the owner of the timeline does nothing that we see until it counts as waiting."""
_PATIENCE_SECONDS = 0.05
_MOST_WAITING = 500_000
"""Facts beyond which they are put onto the timeline even in the midst of a step."""
_LIBRARIES = (
    "torch.utils.data", "torch.multiprocessing", "torch.distributed", "torch._inductor", "torch._dynamo",
    "multiprocessing.queues", "multiprocessing.managers", "multiprocessing.resource_sharer",
    "multiprocessing.connection", "concurrent.futures.process", "logging", "tqdm", "tensorboard",
)  # fmt: skip
"""Whose threads carry data or words about: nothing of the script's training runs in them."""


class Threads:
    """The threads of a run beside the one that owns its timeline.

    Args:
        main: the session of the thread that owns it.
        commit: called when something has come onto the timeline: it may end the run.
    """

    def __init__(self, main: Session, commit: Callable[[], None]) -> None:
        self._main = main
        self._commit = commit
        self.shared = Shared(main.sink, self._find_leaf)
        self.ending: BaseException | None = None
        """What ended the run while another thread than its own ran a step."""
        self.most_steps: int | None = None
        """After so many steps the run ends: those that other threads have run beyond them are none of it."""
        self.updates = SharedUpdates(main.sink)
        self._original: Any = None
        self._begun: dict[int, threading.Thread] = {}
        """By ident: the threads that run."""
        self._sessions: dict[int, ThreadSession] = {}
        self._ready: deque[Piece] = deque()
        self._lock = threading.Lock()
        self._thread = 0
        self._seen = (-1, 0.0)
        """How many events there were when the timeline was last seen to have grown, and when that was."""
        self._is_on = False

    def _find_leaf(self, tensor: torch.Tensor) -> Any:
        return self._main.registry.leaves.get(tensor)

    # -- their beginning and end -----------------------------------------------------------------------------------

    def start(self) -> None:
        """Watch threads that start from now on.

        What stands around python's own bootstrap is in no traceback: that catches and tells what a thread raises.
        """
        self._thread = threading.get_ident()
        self._is_on = True
        original = self._original = getattr(threading.Thread, _NAME)

        def _bootstrap_inner(thread: threading.Thread) -> None:
            self._begin(thread)
            try:
                original(thread)
            finally:
                self._end()

        setattr(threading.Thread, _NAME, _bootstrap_inner)

    def stop(self) -> None:
        """Watch no longer; threads that still run (daemons) go on unseen."""
        if self._original is not None:
            setattr(threading.Thread, _NAME, self._original)
            self._original = None
        self._is_on = False
        for session in list(self._sessions.values()):
            session.let_go_thread()
        self._sessions.clear()
        self._begun.clear()
        with self._main.registry.guard:
            is_ours = self._lock.acquire(timeout=1.0)
            try:
                self._place_all(is_forced=True)
            finally:
                if is_ours:
                    self._lock.release()

    def let_go(self) -> None:
        """Let everything pass unseen (in a forked child)."""
        self._is_on = False

    def _begin(self, thread: threading.Thread) -> None:
        if not self._is_on or _is_library(thread):
            return
        self._main.registry.guard.share(self._main.steps.lock)
        self.updates.is_on = True
        self._begun[threading.get_ident()] = thread
        if self._main.plan.is_full:
            self.here()

    def here(self) -> ThreadSession | None:
        """Return the session of the thread that calls; None for one that is not watched."""
        if not self._is_on:
            return None
        ident = threading.get_ident()
        session = self._sessions.get(ident)
        if session is None and (thread := self._begun.get(ident)) is not None:
            from graphlab.capture.thread_session import ThreadSession  # which is a session itself

            try:
                session = self._sessions[ident] = ThreadSession(self._main, thread.name)
                session.start()
            except Exception as error:  # noqa: BLE001 - what goes wrong in us never reaches the script
                self._begun.pop(ident, None)
                self._main.registry.guard.failed(error)
        return session

    def _end(self) -> None:
        """A thread has run, well or not: all that it did is known."""
        ident = threading.get_ident()
        self._begun.pop(ident, None)
        session = self._sessions.pop(ident, None)
        if session is not None and self._is_on:
            try:
                session.stop()
                session.sink.cut(session.sink.event_count)
                self.deliver(session)
            except Exception as error:  # noqa: BLE001 - what goes wrong in us never reaches the script
                session.registry.guard.failed(error)

    def raise_ending(self) -> None:
        """End the thread that calls, where the run was to end: python would tell of it, though it is no failure."""
        if self.ending is None:
            return
        thread = self._begun.get(threading.get_ident())
        if thread is not None:
            setattr(thread, "_invoke_excepthook", lambda thread: None)  # noqa: B010 - no public name
        raise type(self.ending)

    # -- the timeline ----------------------------------------------------------------------------------------------

    @property
    def is_waiting(self) -> bool:
        """Whether anything waits to come onto the timeline."""
        return bool(self._ready)

    def deliver(self, session: ThreadSession) -> None:
        """Take the pieces of a thread that are ready, and put onto the timeline what can be."""
        pieces, session.sink.ready = session.sink.ready, []
        self._ready += pieces
        if self._ready and self.place():
            self._commit_placed()

    def _commit_placed(self) -> None:
        """Commit what has come onto the timeline, unless its owner is in the midst of an event."""
        lock = self._main.steps.lock
        if not lock.acquire(timeout=_PATIENCE_SECONDS):
            return
        try:
            if not self._main.sink.has_open_events:
                with uncollected():
                    self._commit()
        except BaseException as ending:  # noqa: BLE001 - the end of the run, which each thread hears in its turn
            self.ending = ending
        finally:
            lock.release()

    def place(self) -> bool:
        """Put onto the timeline what can be, unless another thread is at it; return whether anything was."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            return self._place_all(is_forced=sum(len(piece.rows) for piece in list(self._ready)) > _MOST_WAITING)
        except Exception as error:  # noqa: BLE001 - what goes wrong in us never reaches the script
            self._main.registry.guard.failed(error)
            return False
        finally:
            self._lock.release()

    def _place_all(self, *, is_forced: bool) -> bool:
        """Put pieces there in the order in which they were ready: later ones of a thread build on earlier ones."""
        is_any = False
        steps = self._main.steps
        while self._ready:
            # A finaliser of the script's that ran in here might wait for what waits for us.
            if not steps.lock.acquire(timeout=_PATIENCE_SECONDS):
                break
            try:
                with uncollected():
                    if not self._place(self._ready[0], is_forced=is_forced):
                        break
            finally:
                steps.lock.release()
            is_any = True
        return is_any

    def _place(self, piece: Piece, *, is_forced: bool) -> bool:
        sink, steps = self._main.sink, self._main.steps
        if piece.part is not None or piece.light is not None:
            if self.most_steps is not None and steps.completed >= self.most_steps:
                self._drop(piece)
                return True
            if not steps.has_room(is_ended=piece.is_ended, is_still=self._is_still()):
                if not is_forced:
                    return False
                steps.make_room(sink.event_count)
            steps.end_updated()
        self._ready.popleft()
        placing = piece.placing
        placing.put(piece)
        if placing.is_broken:
            return True
        if piece.part is not None:
            sink.add_thread(steps.step, placing.name)
            steps.absorb(placing.part(piece.part))
        elif piece.light is not None:
            light = placing.light(piece.light, steps.step, steps.first)
            sink.add_thread(steps.step, placing.name)
            sink.add_light_step(light)
            steps.absorb_light(light.events[-1].number)
        self._seen = (sink.event_count, time.monotonic())
        return True

    def _drop(self, piece: Piece) -> None:
        """Leave out a piece, and with it what its thread did after it."""
        self._ready.popleft()
        piece.placing.is_broken = True

    def _is_still(self) -> bool:
        """Whether the owner of the timeline waits for others, or has done nothing that we see for a while."""
        if threading.get_ident() == self._thread:
            return False
        code = code_of(self._thread)
        if code is None or (code.co_name in _WAITING and code.co_filename in _WAITS):
            return True
        count, now = self._main.sink.event_count, time.monotonic()
        if count != self._seen[0]:
            self._seen = (count, now)
        return now - self._seen[1] > _STILL_SECONDS


def code_of(thread: int) -> CodeType | None:
    """Return the code that a thread runs just now, None where it has ended.

    Asked in one go, in which no other thread runs: who holds a frame that its thread leaves meanwhile holds what its
    variables held, too, and lets go of that in the wrong thread, at the wrong time.
    """
    frames = map(methodcaller("get", thread), map(call, (sys._current_frames,)))
    return next(map(attrgetter("f_code"), filter(None, frames)), None)


def _is_library(thread: threading.Thread) -> bool:
    """Whether a thread is one of those that carry data about for a library."""
    target = getattr(thread, "_target", None)
    owner = target if target is not None else type(thread)
    module = getattr(owner, "__module__", None) or ""
    return any(module == name or module.startswith(f"{name}.") for name in _LIBRARIES)
