"""Tells a recording that is being written from one whose process is gone: a lock on the file `RUN.glab-lock` beside it.

The operating system gives the lock back however a process ends, also in a container that was killed; a process's
number would say nothing there. In the file stands where the script is, so that a crash can be placed to the line
although the last events were never committed. A clean end takes the file away.
"""

from __future__ import annotations

import contextlib
import os
import struct
import sys
import time
import weakref
from pathlib import Path
from typing import NamedTuple

from graphlab.errors import RecordingError
from graphlab.language import _

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_ENDING = "-lock"
_PLACE = struct.Struct("<IIII")
_TRIES = 10
_PAUSE = 0.02
# Windows keeps others from reading what is locked: so it is a byte that nobody wants to read.
_FAR_BYTE = 1 << 30
_FLAGS = os.O_CREAT | os.O_RDWR | getattr(os, "O_BINARY", 0)

_held: set[tuple[int, int]] = set()
"""The lock files that this process holds, by device and inode: where flock stands for a lock of the process (on a
network's disk) opening and closing one of them would let it go."""
_locks: weakref.WeakSet[RunLock] = weakref.WeakSet()


class Place(NamedTuple):
    """Where a script is, or was when its process ended; 0: not known."""

    file: int = 0
    line: int = 0
    step: int = 0
    has_failed: int = 0
    """1: the recording ends there because it could not be written any more; the run went on."""


class RunLock:
    """Held by whoever writes a recording, as long as it does.

    Raises:
        RecordingError: another run writes this recording.
        OSError: the folder cannot be written.
    """

    def __init__(self, recording: Path) -> None:
        self.place = Place()
        self._path = Path(f"{recording}{_ENDING}")
        self._file = self._take(recording)
        # In full now, so that telling where the script is needs no room on the disk later.
        os.write(self._file, _PLACE.pack(0, 0, 0, 0))
        self._identity = _identity(os.fstat(self._file))
        _held.add(self._identity)
        _locks.add(self)

    def _take(self, recording: Path) -> int:
        for _attempt in range(_TRIES):
            file = os.open(self._path, _FLAGS, 0o666)
            # None: the disk knows no locks. The file must still be there: who held it before may just have removed it.
            if _try_lock(file) is not False and self._is_there(file):
                return file
            os.close(file)
            time.sleep(_PAUSE)  # a reader may have looked just now
        raise RecordingError(
            _("another run is writing {recording}: wait for its end, or name another file with -o").format(
                recording=recording
            )
        )

    def _is_there(self, file: int) -> bool:
        with contextlib.suppress(FileNotFoundError):
            return _identity(os.fstat(file)) == _identity(self._path.stat())
        return False

    def say(self, place: Place) -> None:
        """Note where the script is, for whoever finds the recording after a crash."""
        if place == self.place or self._file < 0:
            return
        self.place = place
        packed = _PLACE.pack(place.file, place.line, place.step, place.has_failed)
        try:
            if sys.platform == "win32":
                os.lseek(self._file, 0, os.SEEK_SET)
                os.write(self._file, packed)
            else:
                os.pwrite(self._file, packed, 0)
        except OSError:
            self._file = -1  # closed behind our back: the number may soon be another file's

    def release(self, *, keep: bool = False) -> None:
        """Let go; the file stays where it is needed to tell where the script was."""
        if self._file < 0:
            return
        file, self._file = self._file, -1
        _held.discard(self._identity)
        if sys.platform == "win32":
            os.close(file)  # what is open cannot be removed there
        if not keep:
            with contextlib.suppress(OSError):
                self._path.unlink()
        if sys.platform != "win32":
            os.close(file)

    def forget(self) -> None:
        """Leave the lock to the parent: in a forked child, which might outlive it."""
        if self._file >= 0:
            with contextlib.suppress(OSError):
                os.close(self._file)
            self._file = -1


def is_held_here(recording: Path) -> bool:
    """Whether this very process writes a recording."""
    with contextlib.suppress(OSError):
        return bool(_held) and _identity(Path(f"{recording}{_ENDING}").stat()) in _held
    return False


def is_written(recording: Path) -> bool | None:
    """Whether some process writes a recording now; None where that cannot be told."""
    if is_held_here(recording):
        return True
    try:
        file = os.open(f"{recording}{_ENDING}", os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        return False
    except OSError:
        return None
    try:
        is_free = _try_lock(file, is_shared=True)
    finally:
        os.close(file)
    return None if is_free is None else not is_free


def read_place(recording: Path) -> Place:
    """Return where the script was when its process ended, as far as is known."""
    with contextlib.suppress(OSError, struct.error), Path(f"{recording}{_ENDING}").open("rb") as file:
        return Place(*_PLACE.unpack(file.read(_PLACE.size)))
    return Place()


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _try_lock(file: int, *, is_shared: bool = False) -> bool | None:
    """Lock a file without waiting: whether that was possible, or None where the disk knows no locks."""
    try:
        if sys.platform == "win32":
            os.lseek(file, _FAR_BYTE, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
            os.lseek(file, 0, os.SEEK_SET)
        else:
            fcntl.flock(file, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return None
    return True


def _forget_all() -> None:
    for lock in list(_locks):
        lock.forget()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
