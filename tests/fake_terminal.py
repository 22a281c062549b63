"""A terminal of our own in which the explorer runs: it answers what it is asked as a terminal of some kind would."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

CELL = (8, 16)
PATIENCE = 60.0
"""Seconds until what does not come counts as a failure; a busy machine takes its time."""
KITTY = {b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\": b"\x1b_Gi=31;OK\x1b\\", b"\x1b[c": b"\x1b[?62c"}
SIXEL = {b"\x1b[c": b"\x1b[?62;4;22c"}
_SIZE_OF_A_CELL = {b"\x1b[16t": b"\x1b[6;%d;%dt" % (CELL[1], CELL[0])}


class FakeTerminal:
    """Runs one command, and keeps all that it wrote."""

    def __init__(
        self, folder: Path, words: Sequence[str], answers: Mapping[bytes, bytes], size: tuple[int, int]
    ) -> None:
        self.written = b""
        self._answers = dict(_SIZE_OF_A_CELL | dict(answers))
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        hidden = {"TMUX", "STY", "NO_COLOR", "COLUMNS", "LINES"}
        environment = {name: value for name, value in os.environ.items() if name not in hidden}
        environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "XDG_STATE_HOME": str(folder)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "graphlab", *words],
            stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._ours, keys.encode())

    def wait_for(self, *words: bytes, since: int = 0) -> bytes:
        """Answer until all of some words were written, and return what was written since some place."""
        end = time.monotonic() + PATIENCE
        while not all(word in self.written[since:] for word in words):
            if time.monotonic() > end:
                raise AssertionError(f"{words!r} did not come: {self.written[since:][-2000:]!r}")
            self._read(0.2)
        return self.written[since:]

    def _read(self, patience: float) -> None:
        # `select` knows no numbers of files beyond 1023, and a long run of tests may have as many.
        waiting = select.poll()
        waiting.register(self._ours, select.POLLIN)
        if not waiting.poll(1000 * patience):
            return
        try:
            self.written += os.read(self._ours, 65536)
        except OSError:  # the command has ended
            return
        # Each question is answered once.
        for question in [each for each in self._answers if each in self.written]:
            os.write(self._ours, self._answers.pop(question))

    def leave(self) -> int:
        """Press q and return the exit status."""
        self.type("q")
        end = time.monotonic() + PATIENCE
        while self._process.poll() is None and time.monotonic() < end:
            self._read(0.1)
        return self._process.wait(1)

    def close(self) -> None:
        """End what still runs."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        os.close(self._ours)
