"""Says how a run ended that cannot say so itself: it crashed, was killed, or called `os._exit`.

A process forked before torch is there waits for the end of this one and then reads the recording. It is no child of
ours, so a script that waits for all its children never waits for it. Windows cannot fork: there only whoever opens
the recording is told.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from graphlab.cli import messages
from graphlab.errors import GraphlabError
from graphlab.recorded_words import say_recorded

if TYPE_CHECKING:
    from graphlab.recording import Recording

_PATIENCE_SECONDS = 1.0
_PAUSE = 0.005


@contextlib.contextmanager
def told_when_cut_off(path: Path, shown: Path) -> Iterator[None]:
    """Have it told when this process does not come to the end of the block.

    Args:
        path: the recording, absolute.
        shown: what the person calls it.
    """
    if not hasattr(os, "fork") or "torch" in sys.modules:  # forking a process with torch's threads is no good idea
        yield
        return
    from graphlab.recording import open_recording  # here: when it is needed, there is no time

    reading, writing = os.pipe()
    pipe = [writing]
    first = os.fork()
    if first == 0:
        try:
            os.close(writing)
            if os.fork() == 0:
                _wait(reading)
                _tell(partial(open_recording, path), shown)
        finally:
            os._exit(0)
    os.close(reading)
    os.waitpid(first, 0)

    def let_go() -> None:
        """Close the pipe in a child that the script forks, which may outlive us."""
        while pipe:
            with contextlib.suppress(OSError):
                os.close(pipe.pop())

    os.register_at_fork(after_in_child=let_go)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.write(writing, b".")
        let_go()


def _wait(reading: int) -> None:
    """Wait for the end of the run; come back when it came without a word."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"):  # they are meant for the run, whose end is ours
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)  # whoever reads the script's output must see its end
    if os.read(reading, 1):
        os._exit(0)


def _tell(read: Callable[[], Recording], shown: Path) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(GraphlabError):
            facts = read().facts
            if facts.status == "cut_off" and facts.error is not None:
                text = messages.RUN_CUT_OFF.format(said=say_recorded(facts.error.message), path=shown)
                clear = "\r\x1b[2K" if os.isatty(2) else ""
                os.write(2, f"{clear}{text}\n".encode(errors="replace"))
                return
        time.sleep(_PAUSE)  # the system closes the files of a dead process one by one
