"""Runs a script for its static graphs, and asks each tracer that is wanted."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import CodeType, FrameType

import torch

from graphlab.capture.main_module import as_main, run_main, seed_everything
from graphlab.capture.own_files import OwnFile, OwnFiles
from graphlab.capture.static.reasons import Lines, explain, frozen
from graphlab.capture.static.rows import Facts, FindPlace, Place, Rows
from graphlab.capture.static.step import CannotTraceError, FindFrame, StepTrace, describe_by, trace_body, trace_code
from graphlab.capture.static.tracers import Traced, trace_compile, trace_export, trace_fx, trace_jit
from graphlab.capture.static.watch import Call, Reached, Watch
from graphlab.static_graph import StaticGraph, StaticNote, Tracer

_OF_A_CALL: dict[Tracer, Callable[..., Traced]] = {
    "fx": trace_fx,
    "export": trace_export,
    "compile": trace_compile,
    "jit": trace_jit,
}
_MOST_BACKWARDS = 8
"""A script without a loop of its own is traced as a whole; one with more backwards trains in a library's loop."""


class _Numbers:
    """Stands where `OwnFiles` tells of files: nothing is written down."""

    def __init__(self) -> None:
        self._count = 0

    def add_file(self, path: str, text: str) -> int:
        """Number a file."""
        self._count += 1
        return self._count


class ScriptTrace:
    """One run of a script, and the static graphs that are made at its end.

    Args:
        script: the script's path.
        text: its text, as it is to run.
        tracers: who is asked, in this order.
        name: the model or function to be traced; None for the first.
    """

    def __init__(self, script: Path, text: str, tracers: Sequence[Tracer], name: str | None) -> None:
        self.graphs: list[StaticGraph] = []
        self.step: StepTrace | None = None
        """The traced step itself."""
        self.script = script
        self._text = text
        self._tracers = tracers
        self._texts = {str(script): text}
        self._files = OwnFiles(_Numbers(), script.resolve().parent, self._texts)  # type: ignore[arg-type]  # all it asks
        self._own: dict[str, OwnFile] = {}
        self._name = name
        self._code: CodeType | None = None
        self._is_reached = False
        self.lines = Lines(self._text_of_name)
        self.watch = Watch(
            self._text_of_code,
            wants_call=any(tracer in _OF_A_CALL for tracer in tracers),
            name=name,
            wants_step="step" in tracers,
            reached=self._trace_step,
        )

    def run(self, argv: Sequence[str], *, module: str | None, seed: int | None) -> BaseException | None:
        """Run the script, trace, and return what ended it before anything could be traced."""
        with as_main(self.script, self._text, argv, module=module, stays=False) as (code, main):
            self._code = code
            if seed is not None:
                seed_everything(seed)
            try:
                self.watch.start()
                run_main(code, main)
            except (Reached, SystemExit):
                pass
            except BaseException as error:  # noqa: BLE001 - whatever ends the script, what it called can be traced
                self.watch.stop()
                return error
            finally:
                self.watch.stop()
            if not self._is_reached:
                self._trace_step(None)
            self._trace_calls()
        return None

    # -- the script's own files --------------------------------------------------------------------------------------

    def _text_of_code(self, code: CodeType) -> str | None:
        file = self._files.file_of(code)
        if file is None:
            return None
        self._own[code.co_filename] = file
        return self._text_of_name(code.co_filename)

    def _text_of_name(self, name: str) -> str | None:
        if name in self._texts:
            return self._texts[name]
        if name not in self._own:
            return None
        with contextlib.suppress(OSError, UnicodeDecodeError):
            self._texts[name] = Path(name).read_text(encoding="utf-8-sig")
        return self._texts.get(name)

    def _find_place(self, stack: str) -> Place | None:
        found = self.lines.innermost_named(stack)
        return (self._own[found[0]].path, found[1]) if found is not None and found[0] in self._own else None

    def _find_place_in(self, call: Call) -> FindPlace:
        """Return what finds the line of a node of a call: at the latest the line that called."""
        own = self._own.get(call.place[0]) if call.place is not None else None
        at = (own.path, call.place[1]) if own is not None and call.place is not None else None
        return lambda stack: self._find_place(stack) or at

    def _find_frame(self, paths: dict[int, str]) -> FindFrame:
        """Return what finds the line of the script and the module that run."""

        def find() -> tuple[Place | None, str | None]:
            place: Place | None = None
            module: str | None = None
            frame: FrameType | None = sys._getframe(2)
            while frame is not None and (place is None or module is None):
                code = frame.f_code
                file = self._own.get(code.co_filename)
                if place is None and file is not None:
                    place = file.path, frame.f_lineno
                if module is None and code.co_name == "forward":
                    module = paths.get(id(frame.f_locals.get("self")))
                frame = frame.f_back
            return place, module or None

        return find

    # -- tracing -----------------------------------------------------------------------------------------------------

    def _trace_step(self, frame: FrameType | None) -> None:
        """Trace the step where it is at hand, before others touch the gradients."""
        self._is_reached = True
        if "step" in self._tracers:
            with _quiet():
                self.graphs.append(self._step_graph(frame))

    def _trace_calls(self) -> None:
        """Ask all others, when no trace function runs any more: within one, Python 3.13 lets nothing be compiled."""
        call = self.watch.chosen()
        for tracer in self._tracers:
            if tracer != "step":
                with _quiet():
                    self.graphs.append(self._trace_call(tracer, call))
        self.graphs.sort(key=lambda graph: self._tracers.index(graph.tracer))

    def _trace_call(self, tracer: Tracer, call: Call | None) -> StaticGraph:
        if call is None:
            return StaticGraph(tracer, self._name or self.script.name, (), (), StaticNote(None, self._no_call()))
        try:
            if isinstance(call.function, torch.nn.Module):
                _restore(call)
            torch.set_rng_state(call.random)
            rows, notes = _OF_A_CALL[tracer](call, self._find_place_in(call), self.lines)
        except Exception as error:  # noqa: BLE001 - why there is no graph is what one wants to know
            return StaticGraph(tracer, call.name, (), (), explain(tracer, error, self.lines))
        return StaticGraph(tracer, call.name, tuple(rows.nodes), tuple(notes), None)

    def _no_call(self) -> str:
        names = ", ".join(dict.fromkeys(call.name for call in self.watch.calls))
        if self._name is not None:
            return f"the script never calls {self._name!r} with tensors" + (f": it calls {names}" if names else "")
        return "the script calls no model, and no function of its own with tensors: --static step traces its statements"

    def _step_graph(self, frame: FrameType | None) -> StaticGraph:
        target = "the whole script"
        try:
            loop = self.watch.loop
            if frame is not None and loop is not None:
                body = loop.node.body
                target = _span(body[0].lineno, body[-1].end_lineno or body[-1].lineno)
                trace = trace_body(body, frame, self._find_frame)
            else:
                trace = self._trace_whole()
        except Exception as error:  # noqa: BLE001 - as above
            return StaticGraph("step", target, (), (), explain("step", error, self.lines))
        self.step = trace
        rows = Rows(self._find_place)
        for name in trace.roots:
            facts = trace.facts.get(name, Facts())
            trace.facts[name] = replace(facts, name="loss")
        rows.add_graph(trace.module.graph, describe_by(trace.facts))
        return StaticGraph(
            "step", target, tuple(rows.nodes), tuple(frozen(trace.reads, str(self.script), self.lines)), None
        )

    def _trace_whole(self) -> StepTrace:
        """Trace a script without a training loop of its own as one step, from its first line to its last."""
        if self.watch.backwards == 0:
            raise CannotTraceError("the script runs no backward, so there is no training step")
        if self.watch.backwards > _MOST_BACKWARDS or self._code is None:
            raise CannotTraceError(
                "the training loop is not in the script's own files, so its step cannot be run alone"
            )
        namespace = {"__name__": "__main__", "__file__": str(self.script), "__builtins__": __builtins__}
        return trace_code(self._code, namespace, self._find_frame)


def trace_script(
    script: Path,
    text: str,
    argv: Sequence[str],
    *,
    tracers: Sequence[Tracer],
    name: str | None = None,
    module: str | None = None,
    seed: int | None = None,
) -> tuple[list[StaticGraph], BaseException | None]:
    """Run a script until what is to be traced is at hand; return the static graphs, or what ended it before."""
    trace = ScriptTrace(script, text, tracers, name)
    error = trace.run(argv, module=module, seed=seed)
    return trace.graphs, error


def _restore(call: Call) -> None:
    """Put a model back to how it was when it was called."""
    module = call.function
    assert isinstance(module, torch.nn.Module)
    with torch.no_grad():
        for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
            if name in call.state:
                tensor.copy_(call.state[name])
            tensor.grad = None


def _span(first: int, last: int) -> str:
    return f"line {first}" if first == last else f"lines {first} to {last}"


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep to themselves what tracers print, log and warn of: what matters of it is in their graphs' notes."""
    kept = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(kept)
