"""The timeline: all steps with their loss, and every stop of the cursor's step in its phase."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphlab.language import _
from graphlab.model import Event, Step
from graphlab.sentences import PHASE_NAMES, phase_of_span
from graphlab.tui import messages, places
from graphlab.tui.loss_bars import loss_bars
from graphlab.tui.pane import Pane
from graphlab.tui.rows import Row, fit, shorten, spread

if TYPE_CHECKING:
    from graphlab.model import Span
    from graphlab.tui.state import ExplorerState

_LEAST_ROOM = 6
"""Cells from which on a phase's name is cut to fit: of fewer nothing is left to read."""


def stops_of(state: ExplorerState, step: Step) -> list[Event] | None:
    """Return the stops of the stride in a step; None where there are too many to list."""
    return state.stops(step.first, step.last, state.stride, state.last)


def _cells(state: ExplorerState, step: Step, width: int) -> list[int]:
    """Return for each stop (or, where they are many, each event) the cell it stands in, as moments by cell.

    The result has one moment a cell: the first that falls into it.
    """
    stops = stops_of(state, step)
    moments = [event.id for event in stops] if stops is not None else None
    count = len(moments) if moments is not None else step.last - step.first + 1
    if count <= 0:
        return []
    if moments is not None and count <= width:
        return moments
    cells = []
    for cell in range(width):
        index = cell * count // width
        cells.append(moments[index] if moments is not None else step.first + index)
    return cells


def event_row(state: ExplorerState, width: int) -> tuple[Row, list[tuple[int, int]]]:
    """Return the marks of the cursor's step, and the cell and moment of each mark."""
    step = state.step
    if step is None:
        return fit([(f" {messages.NOTHING_YET}", "quiet")], width), []
    cells = _cells(state, step, width - 2)
    if not cells:
        return fit([], width), []
    gap = max(1, min(9, (width - 2) // len(cells)))
    is_dense = gap == 1
    # The cursor stands on the last stop that it has reached.
    reached = max((moment for moment in cells if moment <= state.moment), default=None)
    # In the middle of a stride, before the first stop of its step, the cursor stands before all marks.
    row: Row = [("◉", "cursor") if reached is None and state.moment else (" ", "")]
    places_of: list[tuple[int, int]] = []
    for index, moment in enumerate(cells):
        phase = state.recording.span_of(moment).phase
        is_past = moment <= state.moment
        if moment == reached:
            mark, names = "◉", "cursor"
        elif is_dense:
            mark, names = ("━", phase) if is_past else ("─", "faint")
        else:
            mark, names = ("●", phase) if is_past else ("○", "quiet")
        places_of.append((1 + index * gap, moment))
        row.append((mark, names))
        if gap > 1:
            has_next_past = index + 1 < len(cells) and cells[index + 1] <= state.moment
            row.append(("━" * (gap - 1) if has_next_past else "─" * (gap - 1), phase if has_next_past else "faint"))
    return fit(row, width), places_of


def phase_row(state: ExplorerState, width: int, marks: Sequence[tuple[int, int]]) -> Row:
    """Return the names of the phases above the marks at which they begin.

    The longest have the first claim to room, what lies between them the last: a forward is told before a preparation.
    """
    begins: list[tuple[int, Span]] = []
    for cell, moment in marks:
        span = state.recording.span_of(moment)
        if not begins or span != begins[-1][1]:
            begins.append((cell, span))
    taken: dict[int, tuple[str, str]] = {}
    blocked: set[int] = set()
    ends = [*(cell for cell, _ in begins[1:]), width]
    claims = sorted(
        zip(ends, begins, strict=False), key=lambda pair: (pair[1][1].phase == "setup", pair[1][0] - pair[0])
    )
    for end, (cell, span) in claims:
        name = PHASE_NAMES[phase_of_span(state.recording, span)]
        room = range(cell, cell + len(name) + 2)
        if blocked & set(room) and span.phase != "setup" and end - cell >= _LEAST_ROOM:
            name = shorten(name, end - cell - 2)  # rather cut than left out: it is where one stands
            room = range(cell, end)
        if end > cell and not blocked & set(room):
            taken[cell] = name, span.phase
            blocked |= set(room)
    row: Row = []
    used = 0
    for cell, (name, phase) in sorted(taken.items()):
        row += [(" " * (cell - used), ""), (f"│{name}", phase)]
        used = cell + len(name) + 1
    step = state.step
    count = len(state.recording.steps)
    right: Row = (
        [(_(" step {step}/{count} ").format(step=step.step, count=count), "quiet")]
        if step is not None and count > 1
        else []
    )
    chapter = places.chapter_at(state)
    if chapter:
        right = [(f" {shorten(chapter, width // 3)} ", "chapter"), *right]
    return spread(row, right, width)


def label_row(state: ExplorerState, width: int, marks: Sequence[tuple[int, int]]) -> Row:
    """Return a short word under each mark that has room for one, and the word of the cursor's always."""
    if len(marks) < 2 or marks[1][0] - marks[0][0] < 2:
        return fit([], width)
    here = max((index for index, (_, moment) in enumerate(marks) if moment <= state.moment), default=0)
    taken: dict[int, tuple[str, str]] = {}
    blocked: set[int] = set()
    for index in (here, *range(len(marks))):
        cell, moment = marks[index]
        word = shorten(short_word(state, moment), 9)
        start = max(min(cell - (len(word) - 1) // 2, width - len(word)), 0)
        if word and start not in taken and not blocked & set(range(start, start + len(word))):
            taken[start] = (word, "cursor" if index == here and state.moment else "quiet")
            blocked |= set(range(start - 1, start + len(word) + 1))
    row: Row = []
    used = 0
    for start, (word, names) in sorted(taken.items()):
        row += [(" " * (start - used), ""), (word, names)]
        used = start + len(word)
    return fit(row, width)


def short_word(state: ExplorerState, moment: int) -> str:
    """Return a word for an event: what a line bound, an op's name, `+W` for a gradient that arrives."""
    recording = state.recording
    event: Event = recording.event(moment)
    if event.kind == "line":
        return f"L{event.line}"
    if event.kind == "op":
        return event.text.rpartition(".")[2]
    if event.node is not None and event.kind in {"gradient", "accumulate"}:
        node = recording.node(event.node)
        if event.kind == "accumulate":
            return "+" + (node.name or state.step_name(node.id) or "grad").rpartition(".")[2]
        return (node.op or "").removesuffix("0").removesuffix("Backward").lower() + "'"
    return {"backward_start": "seed", "zero_grad": "zero", "backward_end": "end"}.get(event.kind, event.kind[:6])


def loss_row(state: ExplorerState, width: int) -> tuple[Row, list[tuple[int, int]]]:
    """Return the loss of all steps as a line of bars, with the cursor's step marked, and cell and step of each."""
    here = state.step
    right: Row = []
    if here is not None and here.loss is not None:
        right = [(_(" loss {loss:.5g} ").format(loss=here.loss), "text")]
    head = _(" loss ")
    room = width - len(head) - 20
    if room < 8 or here is None:
        return fit([], width), []
    drawn = loss_bars(state.recording, room)
    current = max(bisect_right(drawn.steps, here.step) - 1, 0)
    parts = ((drawn.bars[:current], "curve"), (drawn.bars[current], "cursor"), (drawn.bars[current + 1 :], "faint"))
    row: Row = [(head, "quiet")]
    row += [("".join(bar * drawn.gap for bar in bars), names) for bars, names in parts if bars]
    marks = [(len(head) + cell * drawn.gap, number) for cell, number in enumerate(drawn.steps)]
    return spread(row, right, width), marks


def timeline_rows(
    state: ExplorerState, width: int, height: int
) -> tuple[list[Row], list[tuple[int, int]], list[tuple[int, int]]]:
    """Return the rows, the cells of the events (row of marks), and the cells of the steps (row of the loss)."""
    marks_row, marks = event_row(state, width)
    if height <= 1:
        return [marks_row], marks, []
    rows = [phase_row(state, width, marks), marks_row]
    step_marks: list[tuple[int, int]] = []
    if height >= 3:
        if len(state.recording.steps) > 1:
            row, step_marks = loss_row(state, width)
            rows.append(row)
            if height >= 4:
                rows.insert(2, label_row(state, width, marks))
        else:
            rows.append(label_row(state, width, marks))
    return [*rows, *(fit([], width) for _ in range(height - len(rows)))], marks, step_marks


class TimelinePane(Pane):
    """Pane 4."""

    number = 4
    fills_height = True

    def __init__(self, state: ExplorerState, *, id: str | None = None) -> None:  # noqa: A002 - textual's name
        super().__init__(state, id=id)
        self._marks: list[tuple[int, int]] = []
        self._steps: list[tuple[int, int]] = []

    def build(self, width: int, height: int) -> Sequence[Row]:
        rows, self._marks, self._steps = timeline_rows(self.state, width, height)
        return rows

    def title(self) -> str:
        return messages.TITLES["timeline"]

    def legend(self) -> str:
        return messages.LEGEND_TIMELINE.format(stride=messages.STRIDES[self.state.stride])

    def select(self, delta: int) -> None:
        self.state.training_step(delta)

    def page(self, direction: int) -> None:
        self.state.phase(direction)

    def sideways(self, direction: int) -> None:
        move = self.state.next if direction > 0 else self.state.previous
        move()

    def click(self, x: int, y: int) -> None:
        is_loss = bool(self._steps) and y == len(self._rows) - 1
        cells = self._steps if is_loss else self._marks
        near = min(cells, key=lambda cell: abs(cell[0] - x), default=None)
        if near is None:
            return
        if is_loss:
            self.state.go_to_step(near[1])
        else:
            self.state.go(near[1])

    def copy_text(self) -> str:
        return self.state.permalink
