"""When gradients of a step's nodes came or changed: between two of these events none need be read again.

A step of the cursor would otherwise ask the file once for every node and line on the screen.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphlab.model import Step
    from graphlab.recording import Recording


class Arrivals:
    """The events of a step, recorded in full, that brought or changed a node's gradient."""

    def __init__(self, recording: Recording, step: Step) -> None:
        self._before = max(step.first - 1, 0)
        self._events: dict[int, list[int]] = {}
        with recording.reading():
            rows = recording.reader.rows(
                "SELECT node, event FROM gradients WHERE event BETWEEN ? AND ? "
                "UNION SELECT node, event FROM changes WHERE what = 'grad' AND event BETWEEN ? AND ? ORDER BY event",
                step.first, step.last, step.first, step.last,
            )  # fmt: skip
        for node, event in rows:
            self._events.setdefault(node, []).append(event)

    def latest(self, node: int, moment: int) -> int:
        """Return the last of a node's events up to a moment, where there is none the end of the step before."""
        events = self._events.get(node, ())
        index = bisect_right(events, moment)
        return events[index - 1] if index else self._before
