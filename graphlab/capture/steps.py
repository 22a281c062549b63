"""Finds the training steps and their phases in the stream of events. Pure bookkeeping: no torch in here.

A step ends with the last change of parameters after a backward; that it was the last is known only when the next
backward begins, or the run ends. An event belongs to a phase together with the line that closes it: the `line` event
of `optimizer.step()` follows the update and counts to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graphlab.capture.sink import Sink


@dataclass(slots=True)
class _Mark:
    """An event that a phase ends with, and where in the script it happened."""

    event: int
    place: tuple[int | None, int | None, int | None]

    def is_closed_by(self, event: int, place: tuple[int | None, int | None, int | None]) -> bool:
        """Whether a line event is that of the statement in which it happened."""
        return place == self.place and event - self.event <= 2


class Steps:
    """Tells the sink of spans and steps."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.step = 1
        self.first = 1
        self._cursor = 1
        """The first event that is in no span yet."""
        self._statement = 1
        """The first event of the statement that is running."""
        self._made: list[tuple[int, int]] = []
        self._backward: _Mark | None = None
        self._update: _Mark | None = None
        self._nodes: set[int] = set()
        self._edges = 0
        self._has_backward = False

    def made(self, event: int, node: int) -> None:
        """An op made a node: what its statement did before (a view of data, a random mask) is forward with it."""
        self._made.append((min(event, self._statement), node))

    def backward_starts(self, event: int, reached: Mapping[int, int]) -> None:
        """A backward begins; reached are the nodes that it leads to, with autograd's count of edges into each."""
        self._end_backward()
        self._end_step()
        begin = min((made for made, node in self._made if node in reached and made >= self._cursor), default=event)
        self._span(begin - 1, "setup")
        self._span(event - 1, "forward")
        self._edges += sum(edges for node, edges in reached.items() if node not in self._nodes)
        self._nodes.update(reached)
        self._made.clear()
        self._has_backward = True

    def backward_ends(self, event: int, place: tuple[int | None, int | None, int | None]) -> None:
        """The backward that began last has ended."""
        self._backward = _Mark(event, place)

    def updated(self, event: int, place: tuple[int | None, int | None, int | None]) -> None:
        """Parameters changed."""
        if self._has_backward:
            self._end_backward()
            self._update = _Mark(event, place)

    def line_ended(self, event: int, place: tuple[int | None, int | None, int | None]) -> bool:
        """A statement ended: where it is the one of the backward or update just before, it closes that.

        Returns:
            Whether it closed an update.
        """
        self._statement = event + 1
        closed = [
            mark for mark in (self._backward, self._update) if mark is not None and mark.is_closed_by(event, place)
        ]
        for mark in closed:
            mark.event = event
        self._end_backward()
        return self._update in closed

    @property
    def completed(self) -> int:
        """How many steps have ended, should no further change of parameters come."""
        return self.step - 1 + (self._update is not None)

    def extend_update(self, event: int) -> None:
        """Count an event (what the script's figures are now) to the update before it."""
        if self._update is not None:
            self._update.event = event

    def finish(self, last: int, nodes: int, edges: int) -> None:
        """The run has ended at an event; nodes and edges count all that was built, for a run without a backward."""
        self._end_backward()
        update = self._update
        if update is not None:
            self._span(update.event, "update")
        elif not self._has_backward:
            begin = min((event for event, _ in self._made), default=last + 1)
            end = max((event for event, _ in self._made), default=last)
            self._span(begin - 1, "setup")
            self._span(end, "forward")
        self._span(last, "setup")
        counts = (len(self._nodes), self._edges) if self._has_backward else (nodes, edges)
        if last:
            self.sink.add_step(self.step, self.first, last, *counts)

    def _end_backward(self) -> None:
        if self._backward is not None:
            self._span(self._backward.event, "backward")
            self._backward = None

    def _end_step(self) -> None:
        """What changed parameters before this backward was the last change of its step."""
        if self._update is None:
            return
        last = self._update.event
        self._span(last, "update")
        self.sink.add_step(self.step, self.first, last, len(self._nodes), self._edges)
        self.step += 1
        self.first = last + 1
        self._nodes, self._edges = set(), 0
        self._update = None
        self._has_backward = False

    def _span(self, last: int, phase: str) -> None:
        if last >= self._cursor:
            self.sink.add_span(self._cursor, last, self.step, phase)
            self._cursor = last + 1
