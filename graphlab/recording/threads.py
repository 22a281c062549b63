"""Which of the script's threads a training step ran in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphlab.recording.run import Recording

_HAS_TABLE = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'step_threads'"


def thread_of_step(recording: Recording, step: int) -> str | None:
    """Return what the thread is called that a step ran in, None for the one that the recording began in.

    Where several gave it their gradients it is all of them.
    """
    if not recording.reader.number(_HAS_TABLE):  # it is older than other threads are recorded
        return None
    rows = recording.reader.rows("SELECT thread FROM step_threads WHERE step = ? ORDER BY thread", step)
    return ", ".join(name for (name,) in rows) or None
