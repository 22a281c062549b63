"""How a recorded run ends: the watchers are taken away, its last words written, its recording closed, also on Ctrl-C.

Separate from the recorder because scripts and with-blocks end in the same way.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from graphlab.capture.main_module import end_child
from graphlab.capture.raised import describe_error

if TYPE_CHECKING:
    from graphlab.capture import Session
    from graphlab.store_sink import StoreSink


def status_of(error: BaseException | None) -> str:
    """Return how a run ended that an exception ended, or none: ok, error or interrupted."""
    if error is None:
        return "ok"
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, SystemExit):
        return "ok" if error.code in {None, 0} else "error"
    return "error"


def end_run(
    sink: StoreSink, session: Session, error: BaseException | None, process: int | None = None
) -> BaseException | None:
    """Stop watching and close the recording; return what ended the run.

    A first Ctrl-C meanwhile is what ended it, and the recording says so; a second one ends at once.

    Args:
        process: the script's own process: a child that it forked and that comes here ends here.
    """
    try:
        session.stop(error)
        if process not in {None, os.getpid()}:
            end_child(error)
        _close(sink, session, error)
    except KeyboardInterrupt as interrupt:
        if isinstance(error, KeyboardInterrupt):
            raise
        session.stop(interrupt)
        sink.end_open_events()
        _close(sink, session, interrupt)
        return interrupt
    return error


def _close(sink: StoreSink, session: Session, error: BaseException | None) -> None:
    status = status_of(error)
    if error is not None and status != "ok":
        sink.writer.set_meta("error", describe_error(error, session.files, has_values=session.has_values))
    sink.writer.set_meta("status", status)
    sink.close()
