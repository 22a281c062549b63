"""The small list in which the columns of the lanes are chosen, and which of them the rows are sorted by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from graphlab.tui import messages
from graphlab.tui.lane_columns import COLUMNS, NAMES
from graphlab.tui.list_dialog import ListDialog, ListPane
from graphlab.tui.rows import Row, fit, over

if TYPE_CHECKING:
    from graphlab.tui.state import ExplorerState


def column_rows(state: ExplorerState, chosen: int, width: int) -> list[Row]:
    """Return a row for each column: whether it is shown, what it says, and whether rows are sorted by it."""
    choices = state.lane_book.choices
    rows = []
    for index, column in enumerate(COLUMNS):
        sign = "✓" if column.name in choices.columns else " "
        sorted_by = "▼" if column.name == choices.sort else " "
        row: Row = [(f" {sign} ", "gradient"), (f"{column.title:<9}", "bold"), (f"{sorted_by} ", "cursor")]
        row = fit([*row, (column.help, "quiet")], width)
        rows.append(over(row, "selected") if index == chosen else row)
    return rows


class ColumnsPane(ListPane):
    """The list."""

    goes_round = True

    def __init__(self, state: ExplorerState) -> None:
        super().__init__(id="columns")
        self.state = state

    def count(self) -> int:
        return len(NAMES)

    def build(self, width: int, height: int) -> Sequence[Row]:
        return column_rows(self.state, self.chosen, width)

    def title(self) -> str:
        return messages.COLUMNS_TITLE

    def legend(self) -> str:
        return messages.COLUMNS_LEGEND

    def take(self) -> None:
        self.state.lane_book.toggle_column(NAMES[self.chosen])


class ColumnsDialog(ListDialog[None]):
    """The list over the lanes, which change as it is used."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,C", "dismiss", "close"),
        ("up,k", "choose(-1)", "up"),
        ("down,j", "choose(1)", "down"),
        ("space,enter", "show", "show"),
        ("s,S", "sort", "sort"),
    ]
    DEFAULT_CSS = """
    ColumnsDialog { align: right bottom; background: $background 0%; }
    ColumnsDialog:ansi { background: transparent; }
    ColumnsDialog ColumnsPane { width: 62; max-width: 100%; height: 12; max-height: 100%; background: $surface; }
    """

    def __init__(self, state: ExplorerState) -> None:
        super().__init__(ColumnsPane(state))
        self._state = state

    def action_show(self) -> None:
        """Show the chosen column, or leave it out."""
        self._list.take()
        self._list.refresh_rows()

    def action_sort(self) -> None:
        """Sort by the chosen column, or go back to the order of execution."""
        self._state.lane_book.sort_by(NAMES[self._list.chosen])
        self._list.refresh_rows()
