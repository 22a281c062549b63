"""The base of all panes: rows from a pure function, painted line by line.

A pane changes at every step of the cursor, so it uses textual's Line API: only rows that are on the screen are painted,
and nothing is laid out anew. It has no bindings of its own: the screen's keys work whichever pane has the focus, and
the screen asks the focused pane to select, page, or switch its view.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from graphlab.tui.rows import Row, clean, fit, to_ascii
from graphlab.tui.theme import Look, Palette, palette_of

if TYPE_CHECKING:
    from textual import events

    from graphlab.tui.state import ExplorerState


class RowsPane(ScrollView, can_focus=True, inherit_bindings=False):
    """A framed pane of rows, wherever they come from.

    A subclass gives `build`, and overrides what its keys do: `select`, `enter`, `switch_view`, `copy_text`.
    """

    DEFAULT_CSS = """
    RowsPane {
        border: round $border;
        border-title-color: $quiet;
        border-subtitle-color: $quiet;
        background: $background;
        scrollbar-size: 1 1;
        overflow: hidden auto;
    }
    RowsPane:focus { border: heavy $accent; border-title-color: $foreground; border-title-style: bold; }
    RowsPane:ansi {
        border: round ansi_bright_black;
        border-title-color: ansi_default;
        border-subtitle-color: ansi_default;
    }
    RowsPane:ansi:focus { border: heavy ansi_default; }
    RowsPane.-ascii { border: ascii $border; }
    RowsPane.-ascii:focus { border: ascii $accent; border-title-style: bold reverse; }
    """

    number = 0
    """The key that focuses it, also written in its title."""
    fills_height = False
    """Whether `build` makes exactly as many rows as there is room for, so that nothing ever scrolls."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id, classes=classes)
        self._rows: Sequence[Row] = ()
        self._shown: tuple[tuple[Any, ...], dict[int, Row]] = ((), {})
        """How the pane stood when its rows were last made, and those that were visible, by number."""
        self._base: Style | None = None
        self._is_titled = False
        """Whether what is to be painted anew are the titles."""

    # -- what a subclass gives ------------------------------------------------------------------------------------

    def build(self, width: int, height: int) -> Sequence[Row]:
        """Return all rows; a lazy sequence where there may be many."""
        raise NotImplementedError

    def title(self) -> str:
        """Return the title without the number."""
        raise NotImplementedError

    def legend(self) -> str:
        """Return what stands in the lower border."""
        return ""

    def wanted_row(self) -> int | None:
        """Return the row that must be visible after a change, or None."""
        return None

    def wanted_width(self) -> int:
        """Return how many cells the widest row needs, where the pane scrolls sideways."""
        return 0

    def select(self, delta: int) -> None:
        """Move the selection by rows; without one, scroll."""
        self.scroll_relative(y=delta, animate=False)

    def page(self, direction: int) -> None:
        """Go a page up or down."""
        self.scroll_relative(y=direction * max(self.size.height - 1, 1), animate=False)

    def sideways(self, direction: int) -> None:
        """Go sideways."""
        self.scroll_relative(x=direction * 8, animate=False)

    def pan(self, across: int, down: int) -> None:
        """Move the view without selecting anything."""
        self.scroll_relative(x=across * 8, y=down * 4, animate=False)

    def nearer(self, direction: int) -> bool:
        """See what is shown from nearer or farther; False where the pane has no such thing of its own."""
        return False

    def enter(self) -> None:
        """Move the cursor to what is selected."""

    def switch_view(self) -> None:
        """Show the pane's other view, where it has one."""

    def copy_text(self) -> str:
        """Return what `y` copies, or nothing."""
        return ""

    def click(self, x: int, y: int) -> None:
        """Take a click on a cell of a row."""

    # -- painting --------------------------------------------------------------------------------------------------

    @property
    def look(self) -> Look:
        """What rows must know of how they will be painted."""
        return Look(has_heat=self.palette.has_heat, is_ascii=self.has_class("-ascii"))

    @property
    def palette(self) -> Palette:
        """The palette of the current theme."""
        return palette_of(self.app.theme, has_colour=not self.app.no_color)

    def refresh_rows(self) -> None:
        """Ask for the rows again: the state has changed."""
        width, height = self.scrollable_content_region.size
        if width <= 0 or height <= 0:
            return
        self._rows = self.build(width, height)
        if not self.fills_height and len(self._rows) > height and width == self.content_size.width:
            # The scrollbar takes a column as soon as there is more than fits.
            width -= self.styles.scrollbar_size_vertical
            self._rows = self.build(width, height)
        if self.fills_height and width < self.content_size.width:
            # There was a scrollbar, which goes now.
            width = self.content_size.width
            self._rows = self.build(width, height)
        self._height = height
        wanted = Size(max(width, self.wanted_width()), 0 if self.fills_height else len(self._rows))
        if wanted != self.virtual_size:
            # Not through the reactive: that lays out the whole screen, though only this pane's scrollbar can change.
            self.set_reactive(RowsPane.virtual_size, wanted)
            self._scroll_update(wanted)
        number = f"{self.number} " if self.number else ""
        title, legend = f"{number}{self.title()}", self.legend()
        if self.has_class("-ascii"):
            title, legend = to_ascii(title), to_ascii(legend)
        self._set_titles(clean(title), clean(legend))
        self._show_wanted_row()
        self._repaint_changes()

    def _repaint_changes(self) -> None:
        """Mark only the lines that differ from those on the screen: a step changes few."""
        self._base = None
        top = 0 if self.fills_height else self.scroll_offset.y
        last = min(top + self.size.height, len(self._rows))
        rows = {index: self._rows[index] for index in range(top, last)}
        key = (self.size, self.scroll_offset, self.palette)
        old_key, old = self._shown
        self._shown = (key, rows)
        if key != old_key:
            self.refresh()
            return
        changed = [index - top for index in sorted(rows.keys() | old.keys()) if rows.get(index) != old.get(index)]
        if changed:
            width = self.size.width  # textual works it out anew each time
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    def _set_titles(self, title: str, legend: str) -> None:
        from rich.markup import escape

        self._is_titled = True
        if title != getattr(self, "_title", None):
            self._title = title
            self.border_title = escape(title)
        if legend != getattr(self, "_legend", None):
            self._legend = legend
            self.border_subtitle = escape(legend)
        self._is_titled = False

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Repaint; where a title was set, which textual answers with the whole pane, the two borders alone."""
        if self._is_titled and not regions:
            width, height = self.size
            regions = (Region(0, -1, width, 1), Region(0, height, width, 1))
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def _show_wanted_row(self) -> None:
        row = self.wanted_row()
        if row is None or self.fills_height:
            return
        top, height = round(self.scroll_y), self._height
        margin = min(2, height // 4)
        if row < top + margin:
            self.scroll_to(y=max(row - margin, 0), animate=False, immediate=True)
        elif row >= top + height - margin:
            self.scroll_to(y=row - height + 1 + margin, animate=False, immediate=True)

    def render_line(self, y: int) -> Strip:
        """Paint one line: textual asks for those that are on the screen."""
        scroll_x, scroll_y = self.scroll_offset
        width = self.size.width
        index = y + (0 if self.fills_height else scroll_y)
        row = self._shown[1].get(index)
        if row is None:
            row = self._rows[index] if 0 <= index < len(self._rows) else []
        if self._base is None:
            # Its look-up climbs to the screen and back: once a change is enough.
            self._base = self.rich_style
        # What scrolls sideways is a picture, whose edge needs no sign that there is more.
        row = fit(row, width, start=scroll_x, is_picture=self.virtual_size.width > width)
        return _paint_fitted(row, width, self.palette, self._base, is_ascii=self.has_class("-ascii"))

    def notify_style_update(self) -> None:
        """Repaint when the theme changes."""
        super().notify_style_update()
        self._base = None
        self._shown = ((), {})
        if self.is_mounted:
            self.call_after_refresh(self.refresh_rows)

    def on_resize(self, event: events.Resize) -> None:
        """Make the rows for the new size."""
        self.refresh_rows()

    def on_click(self, event: events.Click) -> None:
        """Hand a click on, in cells of the content."""
        offset = event.get_content_offset(self)
        if offset is not None:
            row = offset.y + (0 if self.fills_height else round(self.scroll_y))
            self.click(offset.x + round(self.scroll_x), row)


class Pane(RowsPane):
    """A numbered pane of the explorer."""

    def __init__(self, state: ExplorerState, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self.state = state


def paint(row: Row, width: int, palette: Palette, base: Any, *, is_ascii: bool = False) -> Strip:
    """Turn a row into a strip of exactly so many cells, every segment with a style."""
    return _paint_fitted(fit(row, width), width, palette, base, is_ascii=is_ascii)


def _paint_fitted(fitted: Row, width: int, palette: Palette, base: Any, *, is_ascii: bool) -> Strip:
    style = palette.style
    if is_ascii:
        return Strip([Segment(to_ascii(text), style(names, base)) for text, names in fitted], width)
    return Strip([Segment(text, style(names, base)) for text, names in fitted], width)
