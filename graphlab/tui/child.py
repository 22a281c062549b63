"""Starts the recorder as a child process and looks after it: the explorer itself never runs a script.

Separate from the screens, and free of textual, because a run outlives the screen that started it, and because a
script that crashes, hangs or prints without end must not reach the terminal that the explorer draws on.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from graphlab.errors import RecordingError
from graphlab.language import _
from graphlab.own_process import graphlab_command

_KEPT_BYTES = 65_536
_CHUNK = 4096


class Child:
    """One run of the recorder, from its start to its end."""

    def __init__(self, process: subprocess.Popen[bytes], path: Path) -> None:
        self.process = process
        self.path = path
        self.is_cancelled = False
        self._log: deque[bytes] = deque(maxlen=_KEPT_BYTES // _CHUNK)
        # A thread, because a pipe that nobody reads stops the script, and a file would grow without bound.
        self._listener = threading.Thread(target=self._listen, name="graphlab-run-log", daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        with stream, contextlib.suppress(OSError, ValueError):
            while chunk := os.read(stream.fileno(), _CHUNK):
                self._log.append(chunk)

    def poll(self) -> int | None:
        """Return the exit status, or None while the run goes on."""
        return self.process.poll()

    @property
    def is_running(self) -> bool:
        """Whether the run goes on."""
        return self.poll() is None

    def interrupt(self) -> None:
        """Ask the run to stop, as Ctrl+C would, so that it closes its recording. Returns at once."""
        if not self.is_cancelled and self.is_running:
            self._signal(_INTERRUPT)  # once: a second one would break into the closing of the recording
        self.is_cancelled = True

    def cancel(self, patience: float = 2.0) -> int:
        """Stop the run: ask, then terminate, then kill; return its exit status.

        Args:
            patience: how many seconds each of the two gentle ways gets.
        """
        self.interrupt()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._ended(self.process.wait(patience))
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._ended(self.process.wait(patience))
        self._kill()
        return self._ended(self.process.wait())

    def _ended(self, status: int) -> int:
        # What the script started in its turn (a DataLoader's workers) shares its group and may still be there.
        self._kill()
        self._listener.join(0.5)
        return status

    def _signal(self, way: int) -> None:
        with contextlib.suppress(OSError):
            if os.name == "nt":
                # The group alone hears CTRL_BREAK; any other signal is TerminateProcess there.
                self.process.send_signal(way)
            else:
                os.killpg(self.process.pid, way)

    def _kill(self) -> None:
        with contextlib.suppress(OSError):
            if os.name == "nt":
                self.process.kill()
            else:
                os.killpg(self.process.pid, signal.SIGKILL)

    def wait(self, seconds: float) -> int | None:
        """Wait for the end of the run; return its exit status, or None if it still goes on."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = self.process.wait(seconds)
            self._listener.join(0.5)
            return status
        return None

    def tail(self, lines: int = 20) -> str:
        """Return the last lines that the run printed."""
        text = b"".join(tuple(self._log)).decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
        return "\n".join(text.rstrip().split("\n")[-lines:])

    @property
    def how_it_ended(self) -> str:
        """The signal that ended the run (`SIGSEGV`), or its exit code in words."""
        status = self.wait(1) or 0
        with contextlib.suppress(ValueError):
            return signal.Signals(-status).name
        return _("exit code {status}").format(status=status)

    def last_words(self) -> str:
        """Return the last line that the run printed, for a message of one line."""
        return next((line.strip() for line in reversed(self.tail().split("\n")) if line.strip()), "")


if os.name == "nt":
    _INTERRUPT: int = getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM)
    _OWN_GROUP: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
else:
    _INTERRUPT = signal.SIGINT
    _OWN_GROUP = 0

_children: list[Child] = []


def start_recording(
    source: Sequence[str],
    output: Path,
    *,
    settings: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
    arguments: Sequence[str] = (),
    folder: Path | None = None,
) -> Child:
    """Start `graphlab run` as a child process in a group of its own, and return at once.

    Args:
        source: what to run, as the command line takes it: a name, a path, or `-m` and a module.
        output: the recording's file.
        settings: the script's parameters, by name (`--set NAME=VALUE`).
        options: further options of `graphlab run`.
        arguments: the script's own arguments.
        folder: where to run; default: here.

    Raises:
        RecordingError: the process cannot be started.
    """
    command = [*graphlab_command(), "run", *options]
    for name, value in (settings or {}).items():
        command += ["--set", f"{name}={value}"]
    command += ["-o", str(output), *source]
    if arguments:
        command += ["--", *arguments]
    return _start(command, output, folder)


def start_replay(recording: Path, step: int, output: Path) -> Child:
    """Start `graphlab replay` of one step as a child process, and return at once.

    Raises:
        RecordingError: the process cannot be started.
    """
    words = ["replay", str(recording), "--full", str(step), "-o", str(output)]
    return _start([*graphlab_command(), *words], output, None)


def start_verifying(recording: Path, leaf: int, start: int) -> Child:
    """Start a check of a leaf's gradient as a child process, and return at once.

    Raises:
        RecordingError: the process cannot be started.
    """
    words = ["replay", str(recording), "--verify", str(leaf), "--at", str(start), "--json"]
    return _start([*graphlab_command(), *words], recording, None)


def start_tracing(recording: Path, output: Path) -> Child:
    """Start `graphlab export --static all` as a child process, and return at once.

    Raises:
        RecordingError: the process cannot be started.
    """
    words = ["export", str(recording), "--static", "all", "-o", str(output)]
    return _start([*graphlab_command(), *words], output, None)


def _start(command: list[str], output: Path, folder: Path | None) -> Child:
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            cwd=folder,
            start_new_session=os.name != "nt",
            creationflags=_OWN_GROUP,
        )
    except OSError as error:
        raise RecordingError(_("cannot start the recorder: {reason}").format(reason=error.strerror or error)) from error
    child = Child(process, output)
    _children[:] = [known for known in _children if known.is_running] + [child]
    return child


def cancel_all(patience: float = 1.0) -> None:
    """Stop every run that is still going on: nothing is left behind when the explorer quits."""
    running = [child for child in _children if child.is_running]
    for child in running:
        child.interrupt()
    end = time.monotonic() + patience
    for child in running:
        child.wait(max(0.0, end - time.monotonic()))
        child.cancel(0.2)
    _children.clear()


atexit.register(cancel_all)
