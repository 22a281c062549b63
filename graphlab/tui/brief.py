"""Says an event in the room there is: in the usual words, else in fewer with the number first, else cut with `…`.

Beside `graphlab.sentences`, which says everything: a pane that is too narrow for it must not lose the number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from graphlab.sentences import format_number, node_words, say_event
from graphlab.tui import messages
from graphlab.tui.rows import shorten, wrap

if TYPE_CHECKING:
    from graphlab.recording import Recording


def say_briefly(recording: Recording, moment: int) -> str:
    """Return what happened at a moment in few words, the number first where there is one."""
    event = recording.event(moment) if moment else None
    if event is None or event.node is None or event.kind not in {"gradient", "accumulate"}:
        return say_event(recording, moment)
    name = node_words(recording, recording.node(event.node), moment)
    if event.kind == "gradient":
        snapshot, words = recording.gradient(event.node, moment), messages.BRIEF_GRADIENT
    else:
        snapshot, words = next((change.added for change in recording.changes(moment)), None), messages.BRIEF_ADDED
    norm = format_number(snapshot.statistics.norm) if snapshot is not None else "None"
    return words.format(norm=norm, name=name)


def say_within(recording: Recording, moment: int, width: int) -> str:
    """Return what happened at a moment in at most so many cells."""
    text = say_event(recording, moment)
    return text if cell_len(text) <= width else shorten(say_briefly(recording, moment), width)


def wrap_within(text: str, width: int, height: int) -> list[str]:
    """Break a text into at most so many lines; where something is missing the last one ends in `…`."""
    lines = wrap(text, width)
    if height < 1 or len(lines) <= height:
        return lines[: max(height, 0)]
    return [*lines[: height - 1], shorten(f"{lines[height - 1]} {lines[height]}", width - 1).rstrip("…").rstrip() + "…"]
