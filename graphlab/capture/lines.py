"""Follows the script line by line: which statement has just ended, what it bound, which function it is in.

Only the script's own functions are traced: for all other code the interpreter asks once a call and hears no.
"""

from __future__ import annotations

import dis
import inspect
import sys
import threading
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any, Protocol

from graphlab.capture.guard import Guard
from graphlab.capture.own_files import OwnFile, OwnFiles, nearest
from graphlab.capture.registry import Place
from graphlab.capture.sink import Sink
from graphlab.capture.statements import Statement

_LEAVES = {
    dis.opmap[name] for name in ("RETURN_VALUE", "RETURN_CONST", "YIELD_VALUE", "RETURN_GENERATOR") if name in dis.opmap
}
_COMES_BACK = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_NESTED = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<lambda>"}


class Watcher(Protocol):
    """Who wants to know of lines: binds names, and closes steps."""

    def line_begins(self, file: int, line: int) -> None:
        """A statement is about to run."""

    def line_ends(self, frame: TracedFrame, statement: Statement) -> None:
        """A statement has ended; its line event is to be written."""

    def frame_begins(self, frame: TracedFrame) -> None:
        """A function of the script was called: its arguments are bound."""

    def frame_ends(self, frame: TracedFrame) -> None:
        """A function of the script has returned."""


class TracedFrame:
    """One call of one of the script's functions, while it runs."""

    __slots__ = ("_tracer", "current", "depth", "file", "frame", "is_module", "is_raising", "number", "parent")

    def __init__(
        self, tracer: Tracer, frame: FrameType, file: OwnFile, number: int, parent: TracedFrame | None
    ) -> None:
        self._tracer = tracer
        self.frame: FrameType | None = frame
        self.file = file
        self.number = number
        self.parent = parent
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.current: Statement | None = None
        self.is_raising = False
        self.is_module = frame.f_code.co_name == "<module>"

    def belongs_to(self, tracer: Tracer) -> bool:
        """Whether it is a call of the run that a tracer follows."""
        return self._tracer is tracer

    def trace(self, frame: FrameType, event: str, arg: Any) -> Any:
        """Take an event of the interpreter (the local trace function of the frame)."""
        try:
            if event == "line":
                self._line(frame)
            elif event == "return":
                self._return(frame)
            elif event == "exception":
                self.is_raising = True
                self._tracer.clean_traceback(arg[2])
        except RecursionError:  # the script's own is on its way: there is no room left for us to look at it
            return self.trace
        except BaseException:  # the end of the run, or Ctrl-C: with it python takes the trace function away
            self._tracer.is_on = False
            raise
        return self.trace

    def _line(self, frame: FrameType) -> None:
        statement = self.file.statements.by_line.get(frame.f_lineno)
        if (
            statement is not None and statement.is_with and statement is not self.current
            and frame.f_lasti > self._tracer.entry(frame.f_code, frame.f_lineno)
        ):  # fmt: skip
            statement = None  # the block is being left: not the statement once more
        if statement is self.current and not self._is_again(frame):
            return
        self.end_statement()
        self.is_raising = False
        self.current = statement
        if statement is not None:
            self._tracer.watcher.line_begins(self.file.number, statement.line)

    def _is_again(self, frame: FrameType) -> bool:
        """Whether a statement that just ran begins anew (a loop in one line), not goes on in another of its lines."""
        return (
            frame.f_lasti <= self._tracer.entry(frame.f_code, frame.f_lineno)
            and self.current is not None
            and (frame.f_lineno == self.current.line)
        )

    def _return(self, frame: FrameType) -> None:
        if not self.is_raising or self._tracer.leaves(frame):
            self.end_statement()
        self._tracer.pop(self)

    def end_statement(self) -> None:
        """Say that the statement that was running has ended."""
        if self.current is not None:
            statement, self.current = self.current, None
            # The interpreter is at the next line already; what is noted now belongs to the one that ended.
            self._tracer.ended = self.file.number, statement.line, self.number
            try:
                self._tracer.watcher.line_ends(self, statement)
            finally:
                self._tracer.ended = None


class Tracer:
    """Traces the script's own code in the thread that starts it."""

    def __init__(
        self, sink: Sink, files: OwnFiles, watcher: Watcher, clean_traceback: Callable[[Any], None], guard: Guard
    ) -> None:
        self.sink = sink
        self.guard = guard
        self.files = files
        self.watcher = watcher
        self.clean_traceback = clean_traceback
        self.top: TracedFrame | None = None
        self.hidden: set[CodeType] = set()
        """Code of ours that carries the script's file name (see `calls`)."""
        self.is_on = False
        self.ended: Place | None = None
        """While the end of a statement is written: where that is."""
        self.function = self._call
        """Our trace function: one object for good, by which `calls.untraced` knows it."""
        self._found: tuple[int, Place] | None = None
        """The place that was asked for last, and the instruction that it is of."""
        self._thread = 0
        self._known: dict[int, tuple[CodeType, OwnFile | None]] = {}
        """By the address of a code object that is held here: hashing it takes far longer."""
        self._foreign: set[str] = set()
        """The names of files that are not the script's own."""
        self._entries: dict[tuple[int, int], tuple[CodeType, int]] = {}
        """As above, by address and line."""
        self._codes: dict[int, tuple[CodeType, bytes]] = {}
        self._modules: dict[int, int] = {}
        """By file: the frame of its module, which is followed anew when lines are watched again."""

    def start(self) -> bool:
        """Begin to trace; False where something else (a debugger, coverage) already does."""
        if sys.gettrace() is not None:
            return False
        self._thread = threading.get_ident()
        self.is_on = True
        sys.settrace(self.function)
        if sys.version_info < (3, 12):
            # There every instruction of any code runs slower while anything is traced; later pythons only make each
            # call of a function a little slower, and pay dearly for setting a trace function.
            self.guard.trace_function = self.function
        return True

    def attach(self, frame: FrameType) -> None:
        """Trace a frame that runs already (the one that holds a with-block), as the root of all others."""
        file = self.is_own(frame.f_code)
        if file is not None and self.is_on:
            self._push(frame, file)
            assert self.top is not None
            frame.f_trace = self.top.trace

    def own_frames(self, frame: FrameType | None) -> list[FrameType]:
        """Return the frames of the script's own that run, the outermost first, from a frame outwards."""
        found = []
        while frame is not None:
            if self.is_own(frame.f_code) is not None and not _skips_lines(frame.f_code):
                found.append(frame)
            frame = frame.f_back
        return found[::-1]

    def disable(self) -> None:
        """Follow no more lines."""
        if sys.gettrace() is self.function:
            sys.settrace(None)
        self.is_on = False
        self.guard.trace_function = None

    def pause(self, *, is_pausing: bool) -> None:
        """Leave code alone that is not to be traced (the compiler would compile us), or go on after it."""
        if self.is_on and sys.gettrace() is (self.function if is_pausing else None):
            sys.settrace(None if is_pausing else self.function)

    def abandon(self) -> None:
        """An exception ended the run: the statements under way have not ended."""
        frame = self.top
        while frame is not None:
            frame.is_raising = True
            frame = frame.parent

    def stop(self) -> None:
        """Stop tracing; what ran last has ended."""
        self.disable()
        while self.top is not None:
            if self.top.frame is not None:
                self.top.frame.f_trace = None
            if not self.top.is_raising:
                self.top.end_statement()
            self.pop(self.top)

    @property
    def was_replaced(self) -> bool:
        """Whether the script has set a trace function of its own."""
        return self.is_on and sys.gettrace() is not self.function

    def _call(self, frame: FrameType, event: str, arg: Any) -> Any:
        if frame.f_code.co_filename in self._foreign:
            return None
        file = self.is_own(frame.f_code)
        if file is None or not self.is_on:
            return None
        if _skips_lines(frame.f_code):
            return None
        resumed = getattr(frame.f_trace, "__self__", None)
        if isinstance(resumed, TracedFrame) and resumed.belongs_to(self):
            return self._resume(resumed, frame)
        try:
            return self._push(frame, file).trace
        except RecursionError:  # the script is at its depth's end: what it calls there goes unseen
            return None

    def _resume(self, traced: TracedFrame, frame: FrameType) -> Any:
        """Go on with a generator or coroutine where it has yielded: the same call, perhaps from another caller."""
        traced.frame, traced.parent, traced.is_raising = frame, self.top, False
        traced.depth = 0 if self.top is None else self.top.depth + 1
        self.top = traced
        return traced.trace

    def _push(self, frame: FrameType, file: OwnFile) -> TracedFrame:
        parent = self.top
        is_module = frame.f_code.co_name == "<module>"
        number = self._modules.get(file.number) if is_module else None
        if number is None:
            number = self.sink.add_frame(parent.number if parent else None, frame.f_code.co_qualname, file.number)
            if is_module:
                self._modules[file.number] = number
        self.top = TracedFrame(self, frame, file, number, parent)
        self.watcher.frame_begins(self.top)
        return self.top

    def pop(self, traced: TracedFrame) -> None:
        """Leave a function of the script; a generator that yields comes back."""
        if traced.frame is not None and not traced.frame.f_code.co_flags & _COMES_BACK:
            self.watcher.frame_ends(traced)
        if self.top is not None and traced.depth <= self.top.depth:
            self.top = traced.parent
        traced.frame = None  # the frame's f_trace leads back here: a cycle would keep the function's tensors alive
        self.sink.end_frame(traced.number)

    def is_own(self, code: CodeType) -> OwnFile | None:
        """Return the script's own file that a piece of code is from, or None."""
        if code.co_filename in self._foreign:
            return None
        known = self._known.get(id(code))
        if known is None:
            file = self.files.file_of(code)
            if file is None:
                self._foreign.add(code.co_filename)
            elif code in self.hidden:
                file = None
            known = self._known[id(code)] = code, file
        return known[1]

    def entry(self, code: CodeType, line: int) -> int:
        """Return the offset of the first instruction of a line: where it begins, not where it is come back to."""
        known = self._entries.get((id(code), line))
        if known is None:
            starts = [start for start, _, number in code.co_lines() if number == line]
            known = self._entries[id(code), line] = code, min(starts, default=-1)
        return known[1]

    def leaves(self, frame: FrameType) -> bool:
        """Whether a frame is left by returning or yielding, not by an exception."""
        code = frame.f_code
        known = self._codes.get(id(code))
        if known is None:
            known = self._codes[id(code)] = code, code.co_code
        return known[1][frame.f_lasti] in _LEAVES

    def place(self) -> Place:
        """Return file, line and frame of the statement of the script that is running."""
        if self.ended is not None:
            return self.ended
        top = self.top
        if top is not None and top.frame is not None and self.is_on:
            at = top.frame.f_lasti
            if self._found is not None and self._found[0] == at and self._found[1][2] == top.number:
                return self._found[1]
            line = top.frame.f_lineno
            statement = top.file.statements.by_line.get(line)
            found = top.file.number, statement.line if statement else line, top.number
            self._found = at, found
            return found
        outer = nearest(sys._getframe(1), self.is_own)
        if outer is None:
            return None, None, None
        frame, file = outer
        statement = file.statements.by_line.get(frame.f_lineno)
        return file.number, statement.line if statement else frame.f_lineno, None


def _skips_lines(code: CodeType) -> bool:
    """Whether a piece of code belongs to the statement that holds it: comprehensions, lambdas, class bodies."""
    is_class_body = not code.co_flags & 0x02 and code.co_name != "<module>"  # 0x02: CO_NEWLOCALS, functions only
    return code.co_name in _NESTED or is_class_body
