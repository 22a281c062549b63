"""Runs commands one after the other in children of one process that has imported torch once.

Importing torch takes longer than most scenarios run. So a helper process imports what every run needs and nothing
more: no thread of torch's is started, no number drawn, no option read. For each command it forks a child, which finds
what a fresh process finds after its imports, runs the command, and ends as python ends: with its own exit code, its
`atexit` functions, its signals. What it prints goes to files, so a process that a script leaves behind holds nobody up.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from graphlab.language import current
from graphlab.own_process import python_command

CAN_FORK = hasattr(os, "fork") and sys.platform != "darwin"
"""Apple's own libraries, which numpy calls, do not survive a fork; Windows has none."""

_CODE = (
    "from graphlab.language import choose; choose(sys.argv[1]); "
    "from graphlab.cli.forked import serve; sys.exit(serve())"
)
_CHUNK = 1 << 16
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
_INTERRUPTED = 130


class Forker:
    """The helper process, as whoever has commands for it sees it. One command at a time."""

    def __init__(self) -> None:
        """Start it; it imports while nobody waits yet."""
        self._process = subprocess.Popen(
            [*python_command(_CODE), current()], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        )  # fmt: skip

    def run(self, words: Sequence[str], output: Path, errors: Path) -> int | None:
        """Run `graphlab WORDS…` with its output in two files; return its exit code as `subprocess` gives it.

        None: the helper itself has ended, and the command may not have run.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        try:
            stdin.write(json.dumps([list(words), str(output), str(errors)]).encode() + b"\n")
            stdin.flush()
            answer = stdout.readline()
        except OSError:
            return None
        return int(answer) if answer.endswith(b"\n") else None

    def close(self) -> None:
        """Let it end, and wait for that."""
        with contextlib.suppress(OSError):
            self._process.communicate()


def serve() -> int:
    """Do the helper's part: fork a child for each command until there are no more; return an exit code.

    In a child it returns the command's own, for the interpreter to end with.
    """
    # torch and all that watches it, and what a run draws and tells with: the children need not import them.
    import graphlab.cli.progress
    import graphlab.cli.run
    import graphlab.recorder  # noqa: F401
    from graphlab.capture.torchviz_text import load_torchviz

    with contextlib.suppress(Exception):  # where it cannot be imported, no run has its pictures
        load_torchviz()
    try:
        for request in iter(_read_line, b""):
            words, output, errors = json.loads(request)
            child = _fork()
            if child == 0:
                return _run_command(words, output, errors)
            code, is_interrupted = _outlive(child)
            os.write(1, b"%d\n" % code)
            if is_interrupted:
                return _INTERRUPTED
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


def _read_line() -> bytes:
    """Read a line, and nothing after it: what was read already would be in the child's stdin too."""
    line = b""
    while not line.endswith(b"\n"):
        chunk = os.read(0, _CHUNK)  # whoever asks waits for the answer before asking again
        if not chunk:
            return b""
        line += chunk
    return line


def _fork() -> int:
    import warnings

    with warnings.catch_warnings():
        # Python warns that there are threads: those of numpy's BLAS, which end and begin again around a fork.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _outlive(child: int) -> tuple[int, bool]:
    """Wait for a child, whatever Ctrl-C says to both: it has its recording to close.

    Returns its exit code, and whether Ctrl-C was pressed.
    """
    is_interrupted = False
    while True:
        try:
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), is_interrupted
        except KeyboardInterrupt:
            is_interrupted = True


def _run_command(words: list[str], output: str, errors: str) -> int:
    """Do the child's part."""
    for number, (name, mode) in enumerate([(os.devnull, os.O_RDONLY), (output, _WRITE), (errors, _WRITE)]):
        opened = os.open(name, mode, 0o666)
        os.dup2(opened, number)
        os.close(opened)
    from graphlab.capture.main_module import draw_anew
    from graphlab.cli.entry import main

    draw_anew()
    sys.argv = ["graphlab", *words]
    return main(words)
