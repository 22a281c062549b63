"""One thread beside the one that owns the timeline, being watched.

It has all that is a thread's own: lines, ops, backwards, updates, steps. What stands in the way of the whole process
(the engine's stand-in, the hooks around optimizers, the copies of streams) is the run's session's, which hands on to
us what happens in this thread.
"""

from __future__ import annotations

import concurrent.futures.thread
import multiprocessing.pool
import sys
import threading
from pathlib import Path
from types import FrameType

import torch

from graphlab.capture.identity import TensorRef
from graphlab.capture.lines import TracedFrame
from graphlab.capture.made_static import MadeStatic
from graphlab.capture.modes import put_mode, take_mode
from graphlab.capture.registry import Registry
from graphlab.capture.schedule import Plan
from graphlab.capture.session import Session
from graphlab.capture.thread_sink import ThreadSink

_STARTERS = {threading.__file__, concurrent.futures.thread.__file__, multiprocessing.pool.__file__}
"""Who calls the function that a thread, or a task of a pool's thread, is."""
_FOR_GOOD = 1_000_000
_LONGEST = 20_000
"""Facts of a thread that trains nothing that are kept until they come onto the timeline."""


class ThreadSession(Session):
    """Watches one thread, from the thread itself."""

    sink: ThreadSink

    def __init__(self, main: Session, name: str) -> None:
        super().__init__(
            ThreadSink(main.threads.shared, name), Path(), texts={}, has_values=main.has_values,
            plan=_plan_of(main), before_line=lambda file, line: None, after_line=self._deliver,
        )  # fmt: skip
        self._main = main
        self.threads = main.threads
        self.files = self.tracer.files = main.files
        self.made_static = MadeStatic(self.sink, self.files.path_of)
        self.ops.main = main.ops
        # A call looks as if it were made from where it was made; that is the same in all threads.
        self.ops.trampolines = main.ops.trampolines
        self.tracer.hidden = main.tracer.hidden

    def make_registry(self) -> Registry:
        """Return who numbers tensors and nodes of this thread."""
        return ThreadRegistry(self.sink, has_values=self.has_values, find_place=self.place)

    def start(self, frame: FrameType | None = None) -> None:
        """Begin to watch the thread that calls."""
        self.is_started = True
        self.registry.guard.start()
        self.remember()
        if self.is_full:
            self._go_full([])
        else:
            self._go_light()

    def let_go_thread(self) -> None:
        """Let the thread go on unseen, which still runs when the run has ended."""
        self.registry.guard.switch_off()
        self.ops.suspended += _FOR_GOOD
        self.tracer.is_on = self.is_started = False

    def end_threads(self) -> None:
        """Others go on."""

    def settle_detail(self) -> None:
        """As the run does: its windows count its own steps, so they are none of ours."""
        self.plan = _plan_of(self._main)
        super().settle_detail()

    def frame_ends(self, frame: TracedFrame) -> None:
        """A function of the script has returned; with the outermost a task has ended that a pool gave its thread."""
        super().frame_ends(frame)
        caller = frame.frame.f_back if frame.frame is not None else None
        if frame.depth == 0 and caller is not None and caller.f_code.co_filename in _STARTERS:
            with self.registry.guard, torch._C.DisableTorchFunction():
                self.look_at_leaves()
                self.variables.forget_frame(frame.number)
                self.steps.hand_over(self.sink.event_count)
            self._deliver()

    def name_leaves(self) -> None:
        """A graph is new, in light detail: what the functions of this thread hold, and what is the whole script's."""
        super().name_leaves()
        for frame in self.tracer.own_frames(sys._getframe(1))[:1]:
            held = list(frame.f_globals.items())
            self.sink.is_whole_script = True
            for name, value in held:
                if isinstance(value, torch.nn.Module):
                    self._name_known(value)
                elif isinstance(value, torch.Tensor):
                    leaf = self.registry.leaves.get(value)
                    if leaf is not None and leaf.name is None:
                        self.registry.name_leaf(leaf, leaf.kind, name)
            self.sink.is_whole_script = False

    def _name_known(self, model: torch.nn.Module) -> None:
        """Name those leaves of a model that this thread has come upon."""
        for path, parameter in model.named_parameters():
            leaf = self.registry.leaves.get(parameter)
            if leaf is not None and leaf.name is None:
                self.registry.name_leaf(leaf, "parameter", path)
                for name, part in model.named_modules():
                    self.variables.module_paths.setdefault(part, name)

    def _deliver(self) -> None:
        """Hand on what is complete."""
        sink = self.sink
        if sink.waiting > _LONGEST and not self.steps.has_begun:
            sink.cut(sink.event_count)
        if sink.ready or self.threads.is_waiting:
            self.threads.deliver(self)
        if self.is_started:
            self.threads.raise_ending()

    def _printed(self, stream: str, text: str) -> None:
        super()._printed(stream, text)
        if not self.steps.has_begun:
            self.sink.cut(self.sink.event_count)
            self.threads.deliver(self)

    # What is the whole process's is in place already.

    def _watch_ops(self, index: int) -> None:
        put_mode(self.ops, index)

    def _unwatch_ops(self, *, is_for_good: bool = False) -> int | None:
        return take_mode(self.ops)


class ThreadRegistry(Registry):
    """Says of each leaf that comes up which tensor it is: other threads may know it by another number."""

    sink: ThreadSink

    def _add_tensor_node(self, kind: str, tensor: torch.Tensor, event: int) -> int:
        if kind != "data":
            self.sink.leaf = TensorRef(tensor)
        return super()._add_tensor_node(kind, tensor, event)


def _plan_of(main: Session) -> Plan:
    return Plan(main.plan.is_full, main.plan.every)
