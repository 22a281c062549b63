"""The last line of the screen: the keys, from the one table; the most useful first where the line is short."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from graphlab.tui.keys import Key, keys_of
from graphlab.tui.pane import paint
from graphlab.tui.rows import Row, fit, spread
from graphlab.tui.theme import palette_of

if TYPE_CHECKING:
    from textual import events

_PAIRS = {
    "next": "previous", "phase_next": "phase_previous", "step_next": "step_previous", "first": "last",
}  # fmt: skip
"""Entries that share a place in the footer: `←→ step`."""


def footer_items(where: str, width: int) -> list[tuple[str, str, str]]:
    """Return keys, label and action of what fits, in the table's order; help and quit always."""
    entries = [key for key in keys_of(where) if key.footer and key.id not in _PAIRS.values()]
    always = [key for key in entries if key.id in {"help", "quit"}]
    others = sorted((key for key in entries if key not in always), key=lambda key: key.footer)
    room = width - 1 - sum(_size(key) for key in always)
    kept = []
    for key in others:
        room -= _size(key)
        if room < 0:
            break
        kept.append(key)
    shown = [key for key in entries if key in kept or key in always]
    return [(_keys(key), key.label, key.action) for key in shown]


def _keys(key: Key) -> str:
    if key.id == "next":
        return "←→"
    first = key.shown.split()[0]
    partner = next((other for other in keys_of(key.where[0]) if other.id == _PAIRS.get(key.id)), None)
    if partner is None:
        return "␣" if first == "Space" else first
    return f"{partner.shown.split()[0]}{first}" if key.id != "first" else f"{first} {partner.shown.split()[0]}"


def _size(key: Key) -> int:
    return cell_len(_keys(key)) + 1 + cell_len(key.label) + 2


@lru_cache(32)
def footer_row(where: str, width: int, notice: str = "") -> Row:
    """Return the footer as a row; a notice takes the place of the keys, but for help."""
    if notice:
        help_key = next(key for key in keys_of(where) if key.id == "help")
        right: Row = [("  ", ""), (_keys(help_key), "key"), (f" {help_key.label} ", "label")]
        return spread([(" ", ""), (notice, "narration")], right, width)
    row: Row = [(" ", "")]
    for keys, label, _ in footer_items(where, width):
        row += [(keys, "key"), (f" {label}", "label"), ("  ", "")]
    return fit(row, width)


class KeyLine(Widget):
    """The footer as a widget of one line; a click on a key does what the key does."""

    DEFAULT_CSS = """
    KeyLine { dock: bottom; height: 1; background: $surface; color: $foreground; }
    KeyLine:ansi { background: ansi_default; }
    """

    def __init__(self, where: str, *, id: str | None = None) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self.where = where
        self.notice = ""
        """What to say in place of the keys, until the next change."""

    def say(self, notice: str) -> None:
        """Say something in place of the keys; an empty text brings them back."""
        if notice != self.notice:
            self.notice = notice
            self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 1

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        row = footer_row(self.where, width, self.notice) if y == 0 else fit([], width)
        palette = palette_of(self.app.theme, has_colour=not self.app.no_color)
        return paint(row, width, palette, self.rich_style, is_ascii=self.has_class("-ascii"))

    async def on_click(self, event: events.Click) -> None:
        """Do what the key under the pointer does."""
        start = 1
        for keys, label, action in footer_items(self.where, self.size.width):
            end = start + cell_len(keys) + 1 + cell_len(label)
            if start <= event.x < end + 1:
                await self.screen.run_action(action)
                return
            start = end + 2
