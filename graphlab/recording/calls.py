"""Which calls of the script's functions each op was made in: what groups the ops of a script without modules.

Separate from `run`, because only groups ask for it: it is read from the events and frames of a recording in full
detail (a light one has neither).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphlab.model import Node
    from graphlab.recording.run import Recording

Calls = tuple[tuple[int, str], ...]
"""Frames from the outermost, without the script's own: number and function."""


def read_calls(recording: Recording, nodes: Iterable[Node]) -> dict[int, Calls]:
    """Return for each op that was made in a function of the script the calls around it."""
    ops = [node for node in nodes if node.kind == "op" and node.event]
    if not ops:
        return {}
    first, last = min(node.event for node in ops), max(node.event for node in ops)
    with recording.reading():
        rows = recording.reader.rows(
            "SELECT id, frame FROM events WHERE id BETWEEN ? AND ? AND kind = 'op' AND frame IS NOT NULL", first, last
        )
        frame_of: dict[int, int] = dict(tuple(row) for row in rows)
        frames = {
            number: (parent, function)
            for number, parent, function in recording.reader.rows(
                "SELECT id, parent, function FROM frames WHERE first <= ? AND (last IS NULL OR last >= ?)", last, first
            )
        }
    stacks: dict[int, Calls] = {}
    found: dict[int, Calls] = {}
    for node in ops:
        frame = frame_of.get(node.event)
        if frame is not None:
            stack = _stack_of(frame, frames, stacks)
            if stack:
                found[node.id] = stack
    return found


def _stack_of(frame: int, frames: dict[int, tuple[int | None, str]], stacks: dict[int, Calls]) -> Calls:
    """Return the calls around a frame, itself included; those of its callers are kept for the next."""
    missing = []
    number: int | None = frame
    while number is not None and number not in stacks:
        missing.append(number)
        number = frames[number][0] if number in frames else None
    stack = stacks[number] if number is not None else ()
    for number in reversed(missing):
        function = frames[number][1] if number in frames else "<module>"
        stack = (*stack, (number, function)) if function != "<module>" else stack
        stacks[number] = stack
    return stack
