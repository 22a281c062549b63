"""A list over the explorer in which one row is chosen: the columns of the lanes, what differs between two graphs.

Separate from these, because how one walks through such a list is the same in all of them.
"""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.screen import ModalScreen, ScreenResultType

from graphlab.tui.pane import RowsPane


class ListPane(RowsPane):
    """Rows of which one is chosen; a subclass says how many there are, and builds them."""

    goes_round: ClassVar[bool] = False
    """Whether the row after the last is the first."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self.chosen = 0
        self.head = 0
        """How many rows stand above those that can be chosen."""

    def count(self) -> int:
        """Return how many rows can be chosen."""
        raise NotImplementedError

    def wanted_row(self) -> int | None:
        return self.chosen + self.head if self.count() else None

    def select(self, delta: int) -> None:
        count = self.count()
        if count:
            place = self.chosen + delta
            self.chosen = place % count if self.goes_round else min(max(place, 0), count - 1)
            self.refresh_rows()

    def click(self, x: int, y: int) -> None:
        if 0 <= y - self.head < self.count():
            self.chosen = y - self.head
            self.take()
            self.refresh_rows()

    def take(self) -> None:
        """Do what a click on the chosen row does beside choosing it."""


class ListDialog(ModalScreen[ScreenResultType]):
    """The list; a subclass gives its pane and its keys."""

    def __init__(self, pane: ListPane) -> None:
        super().__init__()
        self._list = pane

    def compose(self) -> ComposeResult:
        """Show the list."""
        yield self._list

    def on_mount(self) -> None:
        """Take the signs of the screen below."""
        self._list.set_class(getattr(self.app, "is_ascii", False), "-ascii")
        self._list.focus()

    def action_choose(self, delta: int) -> None:
        """Choose the row above or below."""
        self._list.select(delta)
