"""The dialog of the search: a line to type into, and what is found while one types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, overload

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from graphlab.counted import op_words
from graphlab.tui import messages
from graphlab.tui.pane import RowsPane
from graphlab.tui.rows import Row, fit, over, wrap

if TYPE_CHECKING:
    from graphlab.tui.search import Search
    from graphlab.tui.state import ExplorerState

_INSTALMENT = 0.03
"""Seconds of reading between two keys that may have been pressed."""


class FoundRows(Sequence[Row]):
    """A row for each match, made when it is painted; above them what could not be asked."""

    def __init__(self, search: Search, chosen: int | None, width: int) -> None:
        self._search = search
        self._chosen = chosen
        self._width = width
        self.head = [fit([(f" {line}", "quiet")], width) for note in search.notes for line in wrap(note, width - 2)]

    def __len__(self) -> int:
        return len(self.head) + len(self._search)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self[number] for number in range(len(self))[index]]
        place = range(len(self))[index] - len(self.head)
        if place < 0:
            return self.head[place]
        found = self._search.describe(place)
        what = op_words(found.op) if found.op else messages.LANE_KINDS.get(found.kind, found.kind)
        row: Row = [(f" e{found.event:<6} ", "number"), (messages.STEP_SHORT.format(step=found.step), "quiet")]
        row += [(f"{what:<10.10} ", found.kind if found.node else "text"), (f"{found.name or '':<14.14} ", "bold")]
        row += [(f"{'L' + str(found.line) if found.line else '':<6}", "quiet"), (found.why, "text")]
        row = fit(row, self._width)
        return over(row, "selected") if place == self._chosen else row


class FoundPane(RowsPane, can_focus=False):
    """What is found so far."""

    def __init__(self, search: Search) -> None:
        super().__init__(id="found")
        self.search = search
        self.chosen: int | None = None
        self.is_complete = True
        self._head = 0

    def build(self, width: int, height: int) -> Sequence[Row]:
        if self.search.problem:
            return [fit([(f" {line}", "alarm")], width) for line in wrap(self.search.problem, width - 2)]
        if not self.search.query:
            return [fit([(f" {line}", "quiet")], width) for line in wrap(messages.FIND_HELP, width - 2)]
        if not self.is_complete and self.search.matches is None:
            return [fit([(f" {messages.READING}", "quiet")], width)]
        rows = FoundRows(self.search, self.chosen, width)
        self._head = len(rows.head)
        return rows

    def title(self) -> str:
        return ""

    def wanted_row(self) -> int | None:
        return None if self.chosen is None or not len(self.search) else self.chosen + self._head


class FindDialog(ModalScreen[int | None]):
    """Finds while one types; Enter goes to the chosen match (-1: there is none), Esc leaves everything as it was."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "leave", "leave"),
        ("up", "choose(-1)", "up"),
        ("down", "choose(1)", "down"),
    ]

    def __init__(self, state: ExplorerState) -> None:
        super().__init__()
        self._state = state
        self._before = state.search.text
        self._is_waiting = self._is_stale = False
        self._pane = FoundPane(state.search)

    def compose(self) -> ComposeResult:
        """Make the list and the line."""
        line = Input(value=self._before, placeholder=messages.FIND_HINT, id="line")
        frame = Vertical(self._pane, line, id="prompt")
        frame.border_title = messages.FIND
        yield frame

    def on_mount(self) -> None:
        """Take the signs of the screen below, and look for what was looked for last."""
        self._pane.set_class(getattr(self.app, "is_ascii", False), "-ascii")
        self.query_one(Input).focus()
        self._ask(self._before)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look for what is typed by now."""
        event.stop()
        self._ask(event.value)

    def _ask(self, text: str) -> None:
        self._state.search.ask(text)
        self._pane.chosen = None
        if not self._is_stale:
            self._is_stale = True
            # Whoever types on goes first: of several keys the last alone is looked for.
            self.call_later(self._look)

    def _look(self) -> None:
        """Look as far as an instalment goes, and on as long as something is not read yet."""
        self._is_stale = False
        search = self._state.search
        with self._state.recording.reading():
            self._pane.is_complete = search.look(_INSTALMENT)
            if self._pane.is_complete:
                if self._pane.chosen is None:
                    self._pane.chosen = search.next_place(self._state, 1)
            elif self.is_attached:
                self._is_stale = True
                self.set_timer(0.001, self._look)
            self._pane.refresh_rows()
        count = messages.MATCHES(len(search)).format(count=len(search))
        is_known = bool(search.query) and self._pane.is_complete
        self.query_one("#prompt").border_subtitle = messages.FIND_KEYS.format(count=f"{count} · " if is_known else "")
        if self._is_waiting and self._pane.is_complete:
            self._take()

    def action_choose(self, delta: int) -> None:
        """Choose the match above or below."""
        count = len(self._state.search)
        if self._pane.chosen is not None and count:
            self._pane.chosen = (self._pane.chosen + delta) % count
            with self._state.recording.reading():
                self._pane.refresh_rows()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go to the chosen match, as soon as it is known."""
        event.stop()
        if not event.value.strip():
            self.action_leave()
            return
        self._is_waiting = True
        self._look()

    def _take(self) -> None:
        self._is_waiting = False
        if not self._state.search.problem:
            self.dismiss(-1 if self._pane.chosen is None else self._pane.chosen)

    def action_leave(self) -> None:
        """Leave everything as it was."""
        self._state.search.ask(self._before)
        self.dismiss(None)
