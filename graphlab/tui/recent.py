"""Which recordings lie in a folder, and the little about each that a list shows. Free of textual.

Separate from `graphlab.recording`, whose opening reads every step: a list of fifty recordings must take milliseconds.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path

from graphlab.errors import RecordingError
from graphlab.store import Reader
from graphlab.tui import messages

OUTPUTS = Path("outputs")


@dataclass(frozen=True, slots=True)
class Recent:
    """One recording, as a list shows it."""

    path: Path
    scenario: str
    events: int
    steps: int
    status: str
    loss: float | None
    """The scalar at which the last backward began."""
    when: float
    """Seconds since the epoch at which the file last changed."""


def read_recent(path: Path) -> Recent:
    """Read what a list shows of a recording, also of one that is still being written.

    Raises:
        RecordingError: it cannot be opened.
    """
    reader = Reader(path)
    with reader.session():
        facts = reader.meta()
        last = reader.last_light_step()
        events = max(reader.number("SELECT MAX(id) FROM events") or 0, last.events[-1] if last else 0)
        steps = max(reader.number("SELECT MAX(id) FROM steps") or 0, last.number if last else 0)
        backwards = reader.events("WHERE kind = 'backward_start' ORDER BY id DESC LIMIT 1")
    losses = backwards[0][8].get("losses", []) if backwards else []
    if last is not None and (not backwards or backwards[0][0] < last.events[-1]):
        losses = last.losses[-1:]
    status = str(facts.get("status", "running"))
    try:
        when = path.stat().st_mtime
    except OSError:
        when = 0.0
    return Recent(
        path, str(facts.get("scenario", path.stem)), events, steps, status, float(losses[0]) if losses else None, when
    )


def recent_recordings(folder: Path = OUTPUTS, most: int = 50) -> list[Recent]:
    """Return the newest recordings of a folder, newest first; what cannot be opened is left out."""
    dated: list[tuple[float, Path]] = []
    with contextlib.suppress(OSError):
        for path in folder.glob("*.glab"):
            with contextlib.suppress(OSError):
                dated.append((path.stat().st_mtime, path))
    found = []
    for _, path in sorted(dated, reverse=True)[:most]:
        with contextlib.suppress(RecordingError):
            found.append(read_recent(path))
    return found


def count_words(events: int, steps: int) -> str:
    """Write how much a recording holds: `35 events, 1 step`."""
    words = [messages.EVENT_WORDS(events).format(count=events)]
    if steps:
        words.append(messages.STEP_WORDS(steps).format(count=steps))
    return ", ".join(words)


def say_when(when: float, now: float | None = None) -> str:
    """Write how long ago something was, in one unit: `2 min ago`, else the day."""
    seconds = max((time.time() if now is None else now) - when, 0.0)
    if seconds < 60:
        return messages.JUST_NOW
    for unit, size, most in (("min", 60, 60), ("h", 3600, 48), ("d", 86_400, 14)):
        if seconds < size * most:
            return messages.AGO.format(count=int(seconds // size), unit=unit)
    return time.strftime("%Y-%m-%d", time.localtime(when))
