"""A small canvas of characters: lines of braille dots, marks in cells, and what lies behind them. Pure: no widgets.

Separate from `curves`, whose columns are training steps: here both axes are numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from graphlab.tui.curves import Axis
from graphlab.tui.rows import Row
from graphlab.tui.values import format_value

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_LABEL = 8
MARGIN = _LABEL + 1
"""How many cells the labels of the upright axis take, with its line."""


class Canvas:
    """Cells with two numbered axes; later strokes cover earlier ones."""

    def __init__(
        self, width: int, height: int, across: Axis, up: Axis, *, is_ascii: bool = False, is_counted: bool = False
    ) -> None:
        """Begin with empty cells; is_counted: what lies across is numbered, 1, 2, 3, and has nothing between."""
        self.is_counted = is_counted
        self.width = max(width, 1)
        self.height = max(height, 1)
        self.across = across
        self.up = up
        self.is_ascii = is_ascii
        self._dots = [[0] * self.width for _ in range(self.height)]
        self._signs: list[list[str]] = [[" "] * self.width for _ in range(self.height)]
        self._styles: list[list[str]] = [[""] * self.width for _ in range(self.height)]
        self._behind: list[list[str]] = [[""] * self.width for _ in range(self.height)]

    def behind(
        self, signs: Sequence[Sequence[str]], styles: Sequence[Sequence[str]], backs: Sequence[Sequence[str]]
    ) -> None:
        """Fill all cells, from top to bottom; backs: styles that stay behind marks."""
        for row in range(self.height):
            self._signs[row] = list(signs[row])
            self._styles[row] = list(styles[row])
            self._behind[row] = list(backs[row])

    def line(self, xs: Array, ys: Array, style: str) -> None:
        """Draw a line through points, in braille; in ASCII as dots of whole cells."""
        import numpy

        columns = 2 * self.width
        with numpy.errstate(all="ignore"):
            left = (xs - self.across.low) / ((self.across.high - self.across.low) or 1.0) * (columns - 1)
            down = (self.up.high - ys) / ((self.up.high - self.up.low) or 1.0) * (4 * self.height - 1)
        for first, last in zip(range(len(xs) - 1), range(1, len(xs)), strict=True):
            ends = left[first], down[first], left[last], down[last]
            if not numpy.isfinite(ends).all():
                continue
            count = min(int(max(abs(ends[2] - ends[0]), abs(ends[3] - ends[1]))) + 1, 4 * (columns + 4 * self.height))
            for share in numpy.linspace(0.0, 1.0, count + 1):
                self._dot(ends[0] + share * (ends[2] - ends[0]), ends[1] + share * (ends[3] - ends[1]), style)

    def _dot(self, x: float, y: float, style: str) -> None:
        column, row = round(x), round(y)
        if not (0 <= column < 2 * self.width and 0 <= row < 4 * self.height):
            return
        cell = row // 4, column // 2
        if not self._dots[cell[0]][cell[1]] or self._styles[cell[0]][cell[1]] != style:
            self._dots[cell[0]][cell[1]] = 0
        self._dots[cell[0]][cell[1]] |= _BITS[row % 4][column % 2]
        bits = self._dots[cell[0]][cell[1]]
        self._put(*cell, "*" if self.is_ascii else chr(0x2800 + bits), style)

    def mark(self, x: float, y: float, sign: str, style: str) -> None:
        """Put a sign into the cell of a point."""
        column = round(self.across.share(x) * (self.width - 1))
        row = round((1 - self.up.share(y)) * (self.height - 1))
        if self.across.low <= x <= self.across.high and self.up.low <= y <= self.up.high:
            self._dots[row][column] = 0
            self._put(row, column, sign, style)

    def upright(self, x: float, sign: str, style: str) -> None:
        """Draw an upright line."""
        for row in range(self.height):
            column = round(self.across.share(x) * (self.width - 1))
            if self._signs[row][column] == " ":
                self._put(row, column, sign, style)

    def _put(self, row: int, column: int, sign: str, style: str) -> None:
        self._signs[row][column] = sign
        self._styles[row][column] = f"{style} {self._behind[row][column]}".strip()

    def rows(self) -> list[Row]:
        """Return the rows with their axes: two more than there are cells in height."""
        rows: list[Row] = []
        parts = max((self.height - 1) // 4, 1)
        labelled = {round(part * (self.height - 1) / parts) for part in range(parts + 1)}
        for index in range(self.height):
            share = 1 - index / max(self.height - 1, 1)
            label = _fitted(self.up.number(share)) if index in labelled else ""
            row: Row = [(f"{label:>{_LABEL - 1}} ", "quiet"), ("┤", "axis")]
            for sign, style in zip(self._signs[index], self._styles[index], strict=True):
                if row[-1][1] == style and len(row) > 2:
                    row[-1] = (row[-1][0] + sign, style)
                else:
                    row.append((sign, style))
            rows.append(row)
        rows.append([(" " * _LABEL, ""), ("└" + "─" * self.width, "axis")])
        text = ""
        count = max(self.width // 16, 1)
        for part in range(count + 1):
            number = self.across.number(part / count)
            if self.is_counted:
                number = round(number)
            label = f"{number}" if self.is_counted else format_value(number, 3)
            share = self.across.share(number) if self.is_counted else part / count
            place = min(round(share * (self.width - 1)), max(self.width - len(label), 0))
            if place >= len(text) + bool(text):
                text = text.ljust(place) + label
        rows.append([(" " * MARGIN + text, "quiet")])
        return rows


def _fitted(number: float) -> str:
    texts = (format_value(number, digits) for digits in (3, 2, 1))
    return next((text for text in texts if len(text) <= _LABEL - 1), "")
