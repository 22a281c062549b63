"""A widget for a few rows that lie among other widgets; it is as high as it has rows and never scrolls by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from graphlab.tui.pane import paint
from graphlab.tui.rows import Row
from graphlab.tui.theme import palette_of


class RowsBlock(Widget):
    """Rows made for whatever width there is."""

    DEFAULT_CSS = "RowsBlock { height: auto; }"

    def __init__(self, build: Callable[[int], Sequence[Row]], *, id: str | None = None) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self._build = build
        self._width = 0
        self._rows: Sequence[Row] = ()

    def show(self, build: Callable[[int], Sequence[Row]]) -> None:
        """Show other rows."""
        self._build = build
        self._width = 0
        self.refresh(layout=True)

    def _rows_for(self, width: int) -> Sequence[Row]:
        if width != self._width:
            self._rows, self._width = self._build(width), width
        return self._rows

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._rows_for(width))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        rows = self._rows_for(width)
        palette = palette_of(self.app.theme, has_colour=not self.app.no_color)
        row = rows[y] if y < len(rows) else []
        return paint(row, width, palette, self.rich_style, is_ascii=bool(getattr(self.app, "is_ascii", False)))

    @property
    def rows(self) -> Sequence[Row]:
        """The rows as they are shown, for tests."""
        return self._rows
