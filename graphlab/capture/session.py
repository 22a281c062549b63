"""One run being watched: puts the watchers in place, lets them talk to each other, takes them away again."""

from __future__ import annotations

import math
import os
import sys
import traceback
import weakref
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any

import torch
from torch.overrides import handle_torch_function

from graphlab.capture.backwards import Backwards
from graphlab.capture.compiled import Compiled
from graphlab.capture.functions import Functions
from graphlab.capture.guard import Guard
from graphlab.capture.identity import LeafState
from graphlab.capture.light import Light
from graphlab.capture.lines import TracedFrame, Tracer
from graphlab.capture.made_static import MadeStatic
from graphlab.capture.modes import put_mode, take_mode
from graphlab.capture.module_ranges import ModuleRanges
from graphlab.capture.ops import OUR_CODES, Ops, Overrides
from graphlab.capture.own_files import OwnFiles
from graphlab.capture.printed import Streams
from graphlab.capture.registry import Place, Registry
from graphlab.capture.running import running_modules
from graphlab.capture.scalers import Scalers
from graphlab.capture.schedule import Plan, Schedule
from graphlab.capture.sink import Sink
from graphlab.capture.statements import Statement
from graphlab.capture.steps import Steps
from graphlab.capture.structures import Structures
from graphlab.capture.swaps import Swaps
from graphlab.capture.threads import Threads
from graphlab.capture.updates import Updates
from graphlab.capture.variables import Variables

_INNER_CALLS = {code for code in torch.nn.Module._call_impl.__code__.co_consts if isinstance(code, CodeType)}
"""Frames of a module's call that are there only because hooks are."""
_running: weakref.WeakSet[Session] = weakref.WeakSet()
_IDLE = 1_000_000
_ORDINARY = frozenset({int, float, bool, str, type(None), torch.Tensor, torch.nn.Parameter})
"""What most variables hold, and no static graph is."""


class Session:
    """Watches what runs between `start` and `stop` in full detail.

    Args:
        sink: who is told.
        folder: the script's folder; its files are the script's own.
        texts: text of files that run otherwise than they lie on disk.
        has_values: whether values are kept.
        plan: which steps are recorded in full; of the others only backwards and updates are seen, at a fraction of the
            cost.
        before_line: told file and line of a statement that is about to run.
        after_line: called when a statement has ended and its event is written: the moment to commit.
        before_print: called before the script prints (a progress line is to be taken away).
    """

    def __init__(
        self,
        sink: Sink,
        folder: Path,
        *,
        texts: dict[str, str],
        has_values: bool,
        plan: Plan,
        before_line: Callable[[int, int], None],
        after_line: Callable[[], None],
        before_print: Callable[[], None] | None = None,
    ) -> None:
        self.sink = sink
        self.has_values = has_values
        self.plan = plan
        self.is_full = plan.wants_full(1)
        self._is_mode_idle = False
        self.line_begins = before_line
        self._after_line = after_line
        self.files = OwnFiles(sink, folder, texts)
        self.threads = Threads(self, after_line)
        self.registry = self.make_registry()
        self.registry.guard.elsewhere = self.threads.here
        self.tracer = Tracer(sink, self.files, self, self.clean_traceback, self.registry.guard)
        self.registry.find_place = self.tracer.place
        self.steps = Steps(sink)
        self.ops = Ops(self.registry, self)
        self.overrides = Overrides(self.ops)
        self.functions = Functions(self.ops)
        self.compiled = Compiled(self._pass_compiled)
        self._is_aside = False
        """Whether compiled code runs."""
        self._aside_at: int | None = None
        """Meanwhile: where in the stack of modes ours was, None where it was on none."""
        self.swaps = Swaps()
        self.tracer.hidden = self.ops.trampolines.codes
        self.updates = Updates(self.registry, self.steps, self.ops, lambda: self.threads.updates)
        self.scalers = Scalers(self.updates)
        self.variables = Variables(self.registry)
        self.made_static = MadeStatic(sink, self.files.path_of)
        paths = self.variables.module_paths
        structures = Structures(self.registry, ModuleRanges(), paths, self.leaf_names, self.name_leaves)
        self.light = Light(self.registry, self.steps, structures, self, Schedule(plan.every), has_values=has_values)
        self.backwards = Backwards(self.registry, self.steps, self, self.light)
        self.streams = Streams(self._printed, before_print)
        self._figures: dict[str, float] = {}
        self.registry.remarks.held.own_frames = self.tracer.own_frames
        self.is_started = False
        """Whether it watches: not before `start`, nor while it stops."""

    # -- start and stop --------------------------------------------------------------------------------------------

    def start(self, frame: FrameType | None = None) -> None:
        """Begin to watch; a frame is that of a with-block, which runs already."""
        self.is_started = True
        self.remember()
        self.registry.guard.start()
        self.threads.start()
        self.swaps.start()
        self.backwards.start()
        self.updates.start()
        self.scalers.start()
        self.streams.start()
        self.compiled.start()
        self.files.open_all()
        if self.is_full:
            self._go_full([frame] if frame is not None else [])
        else:
            self._go_light()

    def remember(self) -> None:
        """Be told where the script forks."""
        _running.add(self)

    def make_registry(self) -> Registry:
        """Return who numbers tensors and nodes."""
        return Registry(self.sink, has_values=self.has_values, find_place=self.place)

    def stop(self, error: BaseException | None = None) -> None:
        """Stop watching, whatever state the run is in; an exception becomes the last event."""
        if not self.is_started:
            return
        self.is_started = False
        place = self._place_of_error(error) if error is not None else None
        if self.tracer.was_replaced:
            self.sink.add_note("lines are recorded up to where a trace function of its own, or its depth, ended ours")
        if error is not None:
            self.tracer.abandon()
        self.tracer.stop()
        self.compiled.stop()
        self._unwatch_ops(is_for_good=True)
        self.streams.stop()
        with self.registry.guard, torch._C.DisableTorchFunction():
            self.look_at_leaves()
            self.light.stop()
            if self._figures:
                self._note_figures((1,), is_end=True)
        self.sink.end_open_events()
        self.end_threads()
        self.swaps.stop()
        self.scalers.stop()
        self.updates.stop()
        self.backwards.stop()
        if error is not None and not isinstance(error, SystemExit):
            self._note_error(error, place or (None, None, None))
        registry = self.registry
        self.steps.finish(self.sink.event_count, registry.built_ops + len(registry.used_leaves), registry.built_edges)

    def end_threads(self) -> None:
        """Watch no other thread either; what waits to come onto the timeline comes now."""
        self.threads.stop()

    def let_go(self) -> None:
        """Let everything pass unseen, as a forked child must: the recording is its parent's."""
        self.registry.guard.switch_off()
        self.threads.let_go()
        self.ops.suspended += 1_000_000
        self.tracer.disable()
        self.is_started = False

    def _pass_compiled(self, is_compiled: bool) -> None:
        """Compiled code begins: leave nothing in place that its compiler would see; or it has ended."""
        if not self.registry.guard.is_here:
            other = self.registry.guard.elsewhere()
            if other is not None:
                other._pass_compiled(is_compiled)
            return
        if is_compiled is self._is_aside:
            return
        self._is_aside = is_compiled
        if is_compiled:
            self.tracer.pause(is_pausing=True)
            self._aside_at = self._unwatch_ops()
        else:
            if self._aside_at is not None and (self.is_full or self._is_mode_idle):
                self._watch_ops(self._aside_at)
            self._aside_at = None
            self.tracer.pause(is_pausing=False)

    # -- detail ----------------------------------------------------------------------------------------------------

    def lighten(self, why: str) -> None:
        """Go on without lines, ops and values; the steps after this one are recorded in light detail."""
        if self.plan.is_full:
            self.registry.is_spent = True
            self.plan = Plan(is_full=False, every=self.plan.every)
            self._idle()
            self.tracer.disable()
            self.sink.add_note(why)

    def settle_detail(self) -> None:
        """The first backward of a step begins: go on in the detail that its step is to be recorded in."""
        self.step_seen()  # the step before may have ended in this very statement: a library's `fit`
        if self.steps.is_under_way:
            return
        wanted = self.plan.wants_full(self.steps.step)
        if wanted and not self.is_full:
            self.is_full = True
            self.light.stop()
            self._go_full(self.tracer.own_frames(sys._getframe(1)))
        elif self.is_full and not wanted:
            self.is_full = False
            self.tracer.abandon()
            self.tracer.stop()
            self._idle()
            self._go_light()

    def _go_full(self, frames: list[FrameType]) -> None:
        """Watch lines and ops; frames of the script's that run already are followed too, the outermost first."""
        self.registry.op_found = self.steps.made
        self.updates.light = None
        for leaf in self.registry.leaves.values():
            if leaf.was_reached:  # by a backward of a light step
                self.updates.reached(leaf)
        if self._is_mode_idle:
            self._is_mode_idle = False
            self.ops.suspended -= _IDLE
        else:
            self._watch_ops(0)
        if not self.tracer.start():
            self.sink.add_note("lines are not recorded: a debugger, coverage or another tracer is already at work")
            return
        for frame in frames:
            self.tracer.attach(frame)
            with self.registry.guard, torch._C.DisableTorchFunction():
                if self.tracer.top is not None:
                    self.variables.bind_held(self.tracer.top.number, frame)

    def _go_light(self) -> None:
        self.registry.is_spent = False
        self.updates.light = self.light
        self.light.start()

    def _watch_ops(self, index: int) -> None:
        """See calls: our mode lies at a place of the stack of modes."""
        put_mode(self.ops, index)
        self.overrides.start()
        self.functions.start()

    def _unwatch_ops(self, *, is_for_good: bool = False) -> int | None:
        """See none; return where our mode was, None where it was nowhere."""
        index = take_mode(self.ops)
        if index is not None or is_for_good:
            self.overrides.stop()
            self.functions.stop()
        return index

    def _idle(self) -> None:
        """Let calls pass the mode unseen: while a call is under way it cannot be taken away."""
        if not self._is_mode_idle:
            self._is_mode_idle = True
            self.ops.suspended += _IDLE

    def optimizer_steps(self) -> None:
        """An optimizer is about to step, in light detail: no call of torch's is under way."""
        if self._is_mode_idle:
            self._is_mode_idle = False
            self._unwatch_ops(is_for_good=True)
            self.ops.suspended -= _IDLE

    def step_seen(self) -> None:
        """An optimizer has stepped, in light detail: commit, or end the run."""
        self.backwards.look_up()
        self._after_line()

    def _place_of_error(self, error: BaseException) -> Place:
        place: Place = (None, None, None)
        step = error.__traceback__
        while step is not None:
            file = self.tracer.is_own(step.tb_frame.f_code)
            if file is not None:
                place = file.number, step.tb_lineno, None
            step = step.tb_next
        return place

    def _note_error(self, error: BaseException, place: Place) -> None:
        self.clean_traceback(error.__traceback__)
        name = type(error).__name__
        text = "".join(traceback.format_exception_only(error)).strip().splitlines() or [name]
        event = self.sink.begin_event()
        said = self.files.shorten(text[-1]) if self.has_values else name
        details = {"type": name, "message": self.files.shorten(str(error)) if self.has_values else ""}
        self.sink.end_event(event, "error", place, text=said, details=details)

    def clean_traceback(self, step: TracebackType | None) -> None:
        """Take the frames out of a traceback that stand in it only because we watch."""
        while step is not None:
            below = step.tb_next
            while below is not None and self._is_ours(below):
                below = below.tb_next
            if below is not step.tb_next:
                step.tb_next = below
            step = below

    def _is_ours(self, step: TracebackType) -> bool:
        """Whether a step of a traceback is there only because we watch.

        A function of torch that hands itself to the mode is called once more by it: its first frame, which only
        handed over, goes with ours.
        """
        code, below = step.tb_frame.f_code, step.tb_next
        if code in OUR_CODES or code in self.ops.trampolines.codes:
            return True
        if code in _INNER_CALLS and self.light.structures.ranges.is_on:
            return True
        return below is not None and below.tb_frame.f_code is handle_torch_function.__code__

    # -- lines (lines.Watcher) -------------------------------------------------------------------------------------

    def place(self) -> Place:
        """Return file, line and frame of the script's statement that is running."""
        return self.tracer.place()

    def frame_begins(self, frame: TracedFrame) -> None:
        """A function of the script was called: note its arguments."""
        code = frame.frame.f_code if frame.frame is not None else None
        if frame.frame is None or code is None or frame.is_module:
            return
        count = code.co_argcount + code.co_kwonlyargcount
        with self.registry.guard, torch._C.DisableTorchFunction():
            held = self.variables.read(frame.frame, code.co_varnames[:count])
            self.variables.bind(self.sink.event_count + 1, frame.number, frame.frame, held, is_call=True)

    def frame_ends(self, frame: TracedFrame) -> None:
        """A function of the script has returned; the script's own figures are still read at the end."""
        if frame.depth:
            self.variables.forget_frame(frame.number)

    def line_ends(self, frame: TracedFrame, statement: Statement) -> None:
        """Write what a statement did that only its end shows, and its line event."""
        running = frame.frame
        if self.ops.suspended and running is not None:
            self.updates.settle(running)
        place = frame.file.number, statement.line, frame.number
        with self.registry.guard, torch._C.DisableTorchFunction():
            self.updates.flush_gradients()
            self.streams.flush_rest()
            held: list[tuple[str, Any]] = []
            if running is not None and statement.names:
                held = self.variables.look_up(running, statement.names)
                if not _ORDINARY.issuperset([type(value) for _, value in held]):
                    self.made_static.look(running, statement.names, place)
            event = self.sink.begin_event()
            if running is not None and held:
                self.variables.bind(event, frame.number, running, held)
            self.sink.end_event(event, "line", place)
            if self.steps.line_ended(event, place):
                self._note_figures((1, frame.number))
        self.backwards.look_up()
        if self.threads.is_waiting:
            self.threads.place()
        self._after_line()

    def _note_figures(self, frames: tuple[int, ...], *, is_end: bool = False) -> None:
        """Write the numbers that the script's variables hold at the end of a step, where they have changed."""
        values = self.variables.read_figures(frames)
        if not self.has_values or all(_same(self._figures.get(name), value) for name, value in values.items()):
            return
        self._figures.update(values)
        event = self.sink.begin_event()
        self.sink.end_event(event, "metric", self.place(), details=values)
        if not is_end:
            self.steps.extend_update(event)

    def _printed(self, stream: str, text: str) -> None:
        if not self.is_started:
            return
        guard = self.registry.guard
        is_here = guard.is_here
        other = None if is_here else guard.elsewhere()
        if other is not None:
            other._printed(stream, text)
            return
        # A guard keeps what it has set aside for one thread.
        with guard if is_here else Guard(self.sink), torch._C.DisableTorchFunction():
            shown = self.files.shorten(text) if self.has_values else f"({len(text)} characters)\n"
            event = self.sink.begin_event()
            place = self.place() if is_here else (None, None, None)
            self.sink.end_event(event, "output", place, text=shown, details={"stream": stream})

    # -- ops (ops.OpWatcher) ---------------------------------------------------------------------------------------

    def before_change(self, targets: list[torch.Tensor]) -> None:
        """Tensors are about to be changed in place."""
        self.updates.before_change(targets)

    def after_change(self, targets: list[torch.Tensor]) -> None:
        """They were."""
        self.updates.after_change(targets)

    def gradient_set(self, tensor: torch.Tensor) -> None:
        """The script assigned a leaf's `.grad`."""
        self.updates.gradient_set(tensor)
        if self.backwards.depth:  # by a hook: what the engine adds to it is compared with this
            leaf = self.registry.leaves.get(tensor)
            if leaf is not None:
                self.registry.note_grad(leaf, tensor.grad)

    def op_made(self, event: int, node: int) -> None:
        """An op made a node."""
        self.steps.made(event, node)

    def module_at(self, frame: FrameType | None) -> str | None:
        """Return the path of the module whose forward is running, from a frame outwards."""
        for module in running_modules(frame):
            path = self.variables.module_paths.get(module)
            if path is not None:
                return path or None
        return None

    def modes_at(self, frame: FrameType | None) -> list[bool]:
        """Return for each module whose forward is running whether it is in training mode, the innermost first."""
        return [bool(vars(module).get("training")) for module in running_modules(frame)]

    # -- backwards (backwards.BackwardWatcher) ---------------------------------------------------------------------

    def before_backward(self) -> None:
        """Note what happened to leaves before a backward, and what they are called already, were it in this line."""
        self.look_at_leaves()
        self.registry.note_gone()
        self.variables.bind_leaves(self.sink.event_count, self.tracer.top)

    def look_at_leaves(self) -> None:
        """Note what was done to values and gradients of leaves where nothing else saw it."""
        if not self.is_full:
            self.updates.settle(sys._getframe(1))
            if not self.updates.is_stepping:  # LBFGS moves parameters between the backwards of one step
                self.light.look_at_values()
            return
        leaves = self.registry.leaves.values()
        self.updates.look_at_all([leaf for leaf in leaves if leaf.was_reached or leaf.has_grad])

    def is_again(self) -> bool:
        """Whether an optimizer's step runs this backward, and not as its first."""
        return self.updates.count_backward() > 1

    def leaf_reached(self, leaf: LeafState) -> None:
        """A backward gave a leaf its first gradient: from now on its changes in place are updates."""
        self.updates.reached(leaf)

    def graph_found(self) -> None:
        """A backward is about to run, and its graph is known."""
        self.variables.name_lazy()

    def name_leaves(self) -> None:
        """A graph is new, in light detail: give leaves and modules the names that the script's functions have."""
        self.variables.name_lazy()
        self.variables.look_around(sys._getframe(1), self.tracer.is_own)

    def read_figures(self) -> dict[str, float]:
        """Return the numbers that variables of the script, and of its function that is running, hold now."""
        return self.variables.look_at_figures(self.tracer.own_frames(sys._getframe(1)))

    def count_backward(self) -> int:
        """Return which backward of an optimizer's step begins, 0 where none is running."""
        return self.updates.count_backward()

    def leaf_names(self) -> dict[int, str]:
        """Return what the leaves are called now, by node."""
        return self.variables.leaf_names()


def _let_all_go() -> None:
    for session in list(_running):
        session.let_go()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_all_go)


def _same(known: float | None, value: float) -> bool:
    return known is not None and (known == value or (math.isnan(known) and math.isnan(value)))
