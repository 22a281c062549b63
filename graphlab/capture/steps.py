"""Finds the training steps and their phases in the stream of events. Pure bookkeeping: no torch in here.

A step ends with the last change of parameters after a backward; that it was the last is known only when the next
backward begins, or the run ends. An event belongs to a phase together with the line that closes it: the `line` event
of `optimizer.step()` follows the update and counts to it.

Steps of other threads (`threads`) come onto the timeline as a whole, between two steps of the thread that owns it.
"""

from __future__ import annotations

import threading
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from graphlab.capture.counted_nodes import CountedNodes
from graphlab.capture.sink import Sink

_NOWHERE = (None, None, None)


@dataclass(slots=True)
class _Mark:
    """An event that a phase ends with, and where in the script it happened."""

    event: int
    place: tuple[int | None, int | None, int | None]
    is_past: bool = False
    """Whether a statement has ended since that is not the one in which it happened."""

    def is_closed_by(self, event: int, place: tuple[int | None, int | None, int | None]) -> bool:
        """Whether a line event is that of the statement in which it happened."""
        return place == self.place and event - self.event <= 2


@dataclass(frozen=True, slots=True)
class StepPart:
    """What the backwards of another thread, and the update after them, add to the timeline."""

    first: int
    """Its first event."""
    last: int
    """Its last event, which may come after the step has ended."""
    spans: Sequence[tuple[int, str]]
    """The last event of each phase."""
    losses: Sequence[float]
    again: Sequence[int]
    nodes: int
    edges: int
    is_ended: bool
    """Whether parameters changed after the backwards."""


class Steps:
    """Tells the sink of spans and steps.

    Its lock keeps the owner of the timeline and a thread that puts a step onto it apart.
    """

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.light_step_ended: Callable[[int], None] = lambda step: None
        """Told of each step in light detail when it has ended: its number. It has neither spans nor a row of steps."""
        self.lock = threading.RLock()
        self.step = 1
        self.first = 1
        self._cursor = 1
        """The first event that is in no span yet."""
        self._statement = 1
        """The first event of the statement that is running."""
        self._made = array("q")
        """Of each op since the last backward (there may never be one) where its statement began, and then its node."""
        self._backward: _Mark | None = None
        self._update: _Mark | None = None
        self._nodes = CountedNodes()
        self._edges = 0
        self._losses: list[float] = []
        self._again: list[int] = []
        self._has_backward = False
        self._is_light = False
        self._nodes_elsewhere = 0
        """How many nodes other threads have added to the step under way."""
        self._has_steps_elsewhere = False
        self._after_others = 1
        """The first event after what other threads have added; it may have come after the event of a line's end."""

    @property
    def is_under_way(self) -> bool:
        """Whether a backward of this step has begun: its detail is settled."""
        return self._has_backward

    def made(self, event: int, node: int) -> None:
        """An op made a node: what its statement did before (a view of data, a random mask) is forward with it."""
        self._made.extend((min(event, self._statement), node))  # in one go: another thread may clear it

    def end_updated(self) -> None:
        """A backward is about to begin: what changed parameters before it was the last change of its step."""
        with self.lock:
            self._end_backward()
            if self._update is None:
                return
            last = self._update.event
            if self._is_light:
                self.light_step_ended(self.step)
                self._cursor = last + 1
            else:
                self._span(last, "update")
                self._add_step(last, len(self._nodes), self._edges)
            self._begin_step(last + 1)

    def _begin_step(self, first: int) -> None:
        self.step += 1
        self.first = first
        self._nodes, self._edges = CountedNodes(), 0
        self._losses, self._again = [], []
        self._update = None
        self._has_backward = self._is_light = False
        self._nodes_elsewhere = 0

    def light_backward_starts(self) -> None:
        """A backward of a step in light detail begins."""
        with self.lock:
            del self._made[:]
            self._has_backward = self._is_light = True

    def backward_starts(
        self, event: int, reached: Mapping[int, int], losses: Sequence[float], *, is_again: bool
    ) -> None:
        """A backward begins.

        Args:
            reached: the nodes that it leads to, with autograd's count of edges into each.
            losses: the scalars that it begins at.
            is_again: whether an optimizer runs it, and not as its first.
        """
        with self.lock:
            if is_again:
                self._again += range(len(self._losses), len(self._losses) + len(losses))
            self._losses += losses
            made = zip(self._made[::2], self._made[1::2], strict=True)
            begin = min((first for first, node in made if node in reached and first >= self._cursor), default=event)
            self._span(begin - 1, "setup")
            self._span(event - 1, "forward")
            self._edges += self._nodes.add(reached)
            del self._made[:]
            self._has_backward = True

    def backward_ends(self, event: int, place: tuple[int | None, int | None, int | None]) -> None:
        """The backward that began last has ended."""
        with self.lock:
            self._backward = _Mark(event, place)

    def updated(self, event: int, place: tuple[int | None, int | None, int | None]) -> None:
        """Parameters changed."""
        with self.lock:
            if self._has_backward:
                self._end_backward()
                self._update = _Mark(event, place)

    def line_ended(self, event: int, place: tuple[int | None, int | None, int | None]) -> bool:
        """A statement ended: where it is the one of the backward or update just before, it closes that.

        Returns:
            Whether it closed an update.
        """
        with self.lock:
            self._statement = max(event + 1, self._after_others)
            if self._backward is None and self._update is None:
                return False
            closed = [
                mark for mark in (self._backward, self._update) if mark is not None and mark.is_closed_by(event, place)
            ]
            for mark in closed:
                mark.event = event
            self._end_backward()
            if self._update is None:
                return False
            self._update.is_past = self._update not in closed
            return self._update in closed

    @property
    def completed(self) -> int:
        """How many steps have ended, should no further change of parameters come."""
        return self.step - 1 + (self._update is not None)

    def extend_update(self, event: int) -> None:
        """Count an event (what the script's figures are now) to the update before it."""
        with self.lock:
            if self._update is not None:
                self._update.event = event

    def finish(self, last: int, nodes: int, edges: int) -> None:
        """The run has ended at an event; nodes and edges count all that was built, for a run without a backward."""
        with self.lock:
            self._end_backward()
            if self._is_light:
                self.light_step_ended(self.step)
                return
            if self._has_steps_elsewhere and not self._has_backward:
                return  # all steps were light ones of other threads: what followed belongs to none
            update = self._update
            if update is not None:
                self._span(update.event, "update")
            elif not self._has_backward:
                begin = min(self._made[::2], default=last + 1)
                end = max(self._made[::2], default=last)
                self._span(begin - 1, "setup")
                self._span(end, "forward")
            self._span(last, "setup")
            counts = (len(self._nodes), self._edges) if self._has_backward else (nodes, edges)
            if last:
                self._add_step(last, *counts)

    # -- other threads ---------------------------------------------------------------------------------------------

    def has_room(self, *, is_ended: bool, is_still: bool) -> bool:
        """Whether backwards of another thread can come onto the timeline now without cutting a step in two.

        Args:
            is_ended: whether they are a whole step.
            is_still: whether the owner of the timeline waits for something: no op of its own is under way.
        """
        is_idle = not self._made
        if self._update is not None:
            return is_still or (self._update.is_past and is_idle)
        if self._has_backward:
            return (is_still or is_idle) and not is_ended
        return is_still or is_idle

    def make_room(self, last: int) -> None:
        """Let the step under way end with the last event, should it have begun."""
        if self._update is None and self._has_backward:
            self._end_backward()
            self._update = _Mark(last, _NOWHERE)
        self.end_updated()

    def absorb(self, part: StepPart) -> None:
        """Count what another thread did to the step under way; what came before it is its setup."""
        self.end_updated()
        self._span(part.first - 1, "setup")
        end = part.first - 1
        for last, phase in part.spans:
            if phase == "update":
                end = last
            else:
                self._span(last, phase)
        self._again += [len(self._losses) + index for index in part.again]
        self._losses += part.losses
        self._nodes_elsewhere += part.nodes
        self._edges += part.edges
        self._has_backward = self._has_steps_elsewhere = True
        self._update = _Mark(end, _NOWHERE, is_past=True) if part.is_ended else None
        self._go_on(part.last)

    def absorb_light(self, last: int) -> None:
        """Another thread has written a step in light detail."""
        self._has_steps_elsewhere = True
        self._begin_step(last + 1)
        self._cursor = last + 1
        self._go_on(last)

    def _go_on(self, last: int) -> None:
        del self._made[:]
        self._after_others = last + 1
        self._statement = max(self._statement, last + 1)

    def hand_over(self, last: int) -> None:
        """What was done up to an event goes to who owns the timeline; begin anew after it."""
        self.finish(last, 0, 0)
        self._begin_step(last + 1)
        self._cursor = self._statement = last + 1
        del self._made[:]

    @property
    def has_begun(self) -> bool:
        """Whether a forward may be under way, or more."""
        return self._has_backward or bool(self._made)

    @property
    def is_updated(self) -> bool:
        """Whether parameters have changed since the last backward."""
        return self._update is not None

    def _add_step(self, last: int, nodes: int, edges: int) -> None:
        nodes += self._nodes_elsewhere
        self.sink.add_step(self.step, self.first, last, nodes, edges, self._losses, self._again)

    def _end_backward(self) -> None:
        if self._backward is not None and not self._is_light:
            self._span(self._backward.event, "backward")
        self._backward = None

    def _span(self, last: int, phase: str) -> None:
        if last >= self._cursor:
            self.sink.add_span(self._cursor, last, self.step, phase)
            self._cursor = last + 1
