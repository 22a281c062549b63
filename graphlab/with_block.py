"""Records what runs inside a `with` block, in a program or a notebook of the user's own."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from graphlab.capture import Session
from graphlab.capture.interrupts import keeping_interrupts
from graphlab.capture.own_files import default_folder
from graphlab.capture.settings import read_settings
from graphlab.ending import end_run
from graphlab.errors import UsageError
from graphlab.language import _
from graphlab.recorder import describe
from graphlab.recording import Recording
from graphlab.request import RunRequest
from graphlab.store import Reader, Writer
from graphlab.store_sink import StoreSink


@contextlib.contextmanager
def record(
    path: str | os.PathLike[str] | None = None, *, detail: str = "full", values: bool = True
) -> Iterator[Recording]:
    """Record what runs inside a `with` block: lines, ops, backwards, updates.

    The files under the calling script's folder, and a notebook's cells, count as the script's own.

    Args:
        path: where the recording goes; None keeps it in memory.
        detail: `full`; or `light`, for real models: backwards, leaves and updates, but no lines and ops.
        values: False keeps shapes and norms only.

    Yields:
        The recording, which can be read inside the block and after it.

    Raises:
        RecordingError: the recording cannot be made.
        UsageError: there is no such detail.
    """
    if detail not in {"full", "light"}:
        raise UsageError(_("detail is 'full' or 'light', not {detail!r}").format(detail=detail))
    target = Path(path).absolute() if path is not None else None  # the block may change the working directory
    stream = sys.stderr  # as it is now: while the block runs, what stands there records the block's words

    def tell(text: str) -> None:
        stream.write(f"graphlab: {text}\n")

    sink = StoreSink(Writer(target), tell)
    caller = sys._getframe(2)  # past contextlib's __enter__
    script = Path(caller.f_code.co_filename)
    name = _name_of(script, caller.f_globals)
    request = RunRequest(script=script, text="", name=name, has_values=values, detail=detail)
    describe(sink, request)
    sink.commit(is_asked=True)
    folder = script.resolve().parent if script.exists() else default_folder()

    def before_line(file: int, line: int) -> None:
        sink.say_place(file, line, session.steps.completed + 1)

    session = Session(
        sink, folder, texts={}, has_values=values, plan=request.plan, before_line=before_line, after_line=sink.commit
    )
    reader = Reader(target) if target is not None else Reader(None, sink.writer.connection)
    recording = LiveRecording(reader, sink)
    error: BaseException | None = None
    session.start(caller)
    try:
        with keeping_interrupts():
            yield recording
    except BaseException as raised:
        error = raised
        raise
    finally:
        sink.writer.set_meta("settings", read_settings())
        ended = end_run(sink, session, error)
        recording.refresh()
        if ended is not None and ended is not error:
            raise ended


def _name_of(script: Path, names: Mapping[str, object]) -> str:
    """Return what to call the run of a block: the script's name, or the notebook's, whose cells are numbered files."""
    if script.parent.name.startswith("ipykernel_"):
        notebook = names.get("__vsc_ipynb_file__")  # only Visual Studio Code says which
        return Path(notebook).stem if isinstance(notebook, str) else "notebook"
    return script.stem


class LiveRecording(Recording):
    """The recording of a with-block: what has happened is written before anybody reads it."""

    def __init__(self, reader: Reader, sink: StoreSink) -> None:
        self._sink = sink
        super().__init__(reader)

    def refresh(self) -> bool:
        """Write what has gathered, then look what has been added since."""
        self._sink.commit(is_asked=True)
        return super().refresh()
