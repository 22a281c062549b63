"""Introduces capture to store: runs a script, or watches a with-block, and writes its recording.

Beside `graphlab.capture` the only module that knows of torch.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import torch

import graphlab
from graphlab.capture import Session
from graphlab.capture.interrupts import keeping_interrupts
from graphlab.capture.main_module import as_main, remove_frames, run_main, seed_everything
from graphlab.capture.settings import read_settings
from graphlab.ending import end_run, status_of
from graphlab.errors import UsageError
from graphlab.language import _, plural
from graphlab.request import RunOutcome, RunRequest
from graphlab.store import Writer
from graphlab.store.format import FORMAT_VERSION
from graphlab.store_sink import StoreSink

_ENDED_AS_ASKED = plural(
    "ended after one training step, as asked: the script has no parameter STEPS",
    "ended after {count} training steps, as asked: the script has no parameter STEPS",
)


class StopAfterSteps(BaseException):
    """Ends a script that has done as many training steps as were asked for. Not an Exception: scripts catch those."""


def run_script(
    request: RunRequest,
    path: Path | None,
    *,
    tell: Callable[[str], None],
    progress: Callable[[int], None] | None = None,
    before_print: Callable[[], None] | None = None,
) -> RunOutcome:
    """Run a script as `python script.py` would, and record it.

    Args:
        path: where the recording goes.
        tell: shows the person one line.
        progress: called with the number of events after each line.
        before_print: called before the script prints.

    Raises:
        RecordingError: the recording cannot be made; nothing has run then.
    """
    sink, session = _begin(request, path, tell, progress, before_print)
    error: BaseException | None = None
    process = os.getpid()
    try:
        argv = [request.argv0 or str(request.script), *request.arguments]
        with as_main(request.script, request.text, argv, module=request.module, stays=request.is_last) as main:
            if request.is_seeding and request.seed is not None:
                seed_everything(request.seed)
            session.start()
            with keeping_interrupts():
                run_main(*main)
    except BaseException as raised:  # noqa: BLE001 - whatever ends the script ends the recording cleanly
        error = raised
    finally:
        # What the script makes of it that its threads were ended is none of its errors.
        if error is None or isinstance(error, Exception):
            error = session.threads.ending or error
        if isinstance(error, StopAfterSteps):
            error = None
            if not request.is_replay:
                tell(_ENDED_AS_ASKED(request.steps or 0).format(count=request.steps))
        remove_frames(error, request.script)
        sink.writer.set_meta("settings", read_settings())
        error = end_run(sink, session, error, process)
    return RunOutcome(status_of(error), error, sink.is_whole)


def _begin(
    request: RunRequest,
    path: Path | None,
    tell: Callable[[str], None],
    progress: Callable[[int], None] | None,
    before_print: Callable[[], None] | None,
) -> tuple[StoreSink, Session]:
    """Make the recording, and what is to watch the script."""
    writer = Writer(path)
    try:
        sink = StoreSink(writer, tell)
        sink.step_ended = request.step_ended
        describe(sink, request, path)
        sink.commit(is_asked=True)

        def before_line(file: int, line: int) -> None:
            sink.say_place(file, line, session.steps.completed + 1)

        telling = threading.Lock()

        def after_line() -> None:
            if not session.is_full:
                before_line(0, 0)
            if session.is_started:
                _keep_limits(request, session, sink)
            # Whichever thread of the script's comes by: one at a time reads what has been written so far.
            if progress is not None and telling.acquire(blocking=False):
                try:
                    progress(sink.event_count)
                finally:
                    telling.release()

        session = Session(
            sink,
            request.script.resolve().parent,
            texts={str(request.script): request.text},
            has_values=request.has_values,
            plan=request.plan,
            before_line=before_line,
            after_line=after_line,
            before_print=before_print,
        )
        session.threads.most_steps = request.steps
    except BaseException:  # Ctrl-C: nothing has run, so nothing is left
        writer.discard()
        raise
    return sink, session


def _keep_limits(request: RunRequest, session: Session, sink: StoreSink) -> None:
    """Commit what is due; end the run after its steps, and go on in light detail beyond its size."""
    if sink.is_to_end or (request.steps is not None and session.steps.completed >= request.steps):
        raise StopAfterSteps
    sink.commit()
    if request.max_size is not None and session.plan.is_full and sink.size > request.max_size:
        session.lighten(f"beyond {request.max_size:,} bytes the run went on in light detail")


def describe(sink: StoreSink, request: RunRequest, path: Path | None = None) -> None:
    """Write the facts of a run that is about to begin."""
    facts = {
        "format": FORMAT_VERSION,
        "graphlab": graphlab.__version__,
        "scenario": request.name,
        "script": request.script.name,
        "argv": list(request.arguments),
        "device": str(request.parameters.get("DEVICE", "cpu")),
        "torch": torch.__version__,
        "seed": request.seed,
        "detail": request.detail,
        "values": request.has_values,
        "status": "running",
        "error": None,
        "parameters": dict(request.parameters),
        "origin": request.origin(path),
    }
    for key, value in facts.items():
        sink.writer.set_meta(key, value)


def find_device(asked: str) -> str:
    """Return `cuda` or `cpu`; `auto` is a GPU where there is one.

    Raises:
        UsageError: a GPU is asked for where torch can use none.
    """
    if asked != "cpu" and torch.cuda.is_available():
        return "cuda"
    if asked == "cuda":
        raise UsageError(_("this machine has no GPU that torch can use: leave --device out, or say --device auto"))
    return "cpu"
