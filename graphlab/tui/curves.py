"""Draws numbers over the training steps: a curve with its axes, a line of bars, a line of heat. Pure: no widgets.

Separate from the training pane, because steps and columns rarely agree in number: what shares a column is said here,
and nowhere else. Of several steps in a column the largest shows, so that no spike is ever lost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphlab.tui import messages
from graphlab.tui.heat import LEVELS, Cells, heat_name
from graphlab.tui.rows import Row
from graphlab.tui.values import format_value

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

BARS = " ▁▂▃▄▅▆▇█"
ASCII_BARS = " ._-=+*%#"
_WIDEST_STEP = 8
_LABEL = 9


@dataclass(frozen=True, slots=True)
class Columns:
    """Which steps (counted from 0) stand in which columns."""

    steps: int
    width: int
    """How many columns are used."""

    @staticmethod
    def fit(steps: int, room: int) -> Columns:
        """Spread steps over the room there is; few steps do not fill it, lest they look like slabs."""
        each = room // max(steps, 1)
        return Columns(steps, max(min(each, _WIDEST_STEP) * steps if each >= 3 else room, 1))

    def column(self, step: int) -> int:
        """Return the column in the middle of a step."""
        first, last = self.span(step)
        return (first + last) // 2

    def span(self, step: int) -> tuple[int, int]:
        """Return the first and last column of a step."""
        first = step * self.width // max(self.steps, 1)
        return first, max((step + 1) * self.width // max(self.steps, 1) - 1, first)

    def step(self, column: int) -> int:
        """Return the first step of a column."""
        column = min(max(column, 0), self.width - 1)
        if self.steps >= self.width:
            return -(-column * self.steps // self.width)
        step = column * self.steps // self.width
        return step if self.span(step)[1] >= column else min(step + 1, self.steps - 1)

    def largest(self, numbers: Array, is_there: Array) -> tuple[Array, Array]:
        """Return the largest number of each column, NaN before all, and whether there is one."""
        import numpy

        if self.steps <= self.width:
            index = (
                numpy.searchsorted([self.span(step)[0] for step in range(self.steps)], range(self.width), "right") - 1
            )
            return numbers[index], is_there[index]
        starts = -(-numpy.arange(self.width) * self.steps // self.width)
        padded = numpy.where(is_there, numbers, -numpy.inf)
        return numpy.maximum.reduceat(padded, starts), numpy.logical_or.reduceat(is_there, starts)

    @property
    def per_column(self) -> float:
        """How many steps share a column."""
        return self.steps / self.width


@dataclass(frozen=True, slots=True)
class Axis:
    """The numbers at the lower and upper end of an axis."""

    low: float
    high: float
    is_log: bool = False

    def share(self, number: float) -> float:
        """Return where a number lies, from 0 to 1."""
        low, high = self.low, self.high
        if self.is_log:
            if number <= 0:
                return 0.0
            low, high, number = math.log10(low), math.log10(high), math.log10(number)
        if high <= low:
            return 0.5
        # Halved first: the distance between the largest floats would overflow.
        return min(max((number / 2 - low / 2) / (high / 2 - low / 2), 0.0), 1.0)

    def shares(self, numbers: Array) -> Array:
        """Return where finite numbers lie, from 0 to 1: `share` of each."""
        import numpy

        low, high, is_low = self.low, self.high, numpy.zeros(numbers.shape, bool)
        if self.is_log:
            is_low = numbers <= 0
            low, high = math.log10(low), math.log10(high)
            numbers = numpy.log10(numpy.where(is_low, 1.0, numbers))
        if high <= low:
            return numpy.where(is_low, 0.0, 0.5)
        shares = (numbers / 2 - low / 2) / (high / 2 - low / 2)
        return numpy.where(is_low, 0.0, numpy.clip(shares, 0.0, 1.0))

    def number(self, share: float) -> float:
        """Return the number that lies there."""
        if self.is_log:
            low, high = math.log10(self.low), math.log10(self.high)
            power = low + share * (high - low)
            # The largest float's logarithm, rounded, may be that of no float.
            return self.high if power >= high else float(10**power)
        return self.low * (1 - share) + self.high * share


def choose_axis(numbers: Array, *, is_log: bool) -> Axis:
    """Choose an axis for the finite ones of some numbers: from 0 where that wastes less than half of it."""
    import numpy

    finite = numbers[numpy.isfinite(numbers)]
    if is_log:
        finite = finite[finite > 0]
    if finite.size == 0:
        return Axis(0.0, 1.0)
    low, high = float(finite.min()), float(finite.max())
    if is_log:
        return Axis(low, high, is_log=True)
    return Axis(0.0 if 0 < low < high / 2 else low, high)


def can_be_log(numbers: Array) -> bool:
    """Whether a logarithmic axis can show all that is finite."""
    import numpy

    finite = numbers[numpy.isfinite(numbers)]
    return bool(finite.size and (finite > 0).all())


def spans_decades(numbers: Array, decades: float) -> bool:
    """Whether the largest of positive numbers is so many powers of ten above the least."""
    import numpy

    finite = numbers[numpy.isfinite(numbers)]
    return bool(finite.size and numpy.log10(finite.max()) - numpy.log10(finite.min()) >= decades)


def draw_curve(
    numbers: Array,
    is_there: Array,
    cursor: int,
    width: int,
    height: int,
    *,
    is_log: bool,
    is_ascii: bool = False,
    first: int = 0,
) -> list[Row]:
    """Draw a curve of filled columns over its axes, `height` rows in all, with ▲ under the cursor's step.

    Args:
        cursor: the place of the cursor's step among the numbers, counted from 0.
        first: the step of the first number, counted from 0.
    """
    columns = curve_columns(len(numbers), width)
    rows_of_bars = max(height - 3, 1)
    shown, there = columns.largest(numbers, is_there)
    axis = choose_axis(shown[there], is_log=is_log)
    marked = columns.span(cursor) if len(numbers) else (-1, -1)
    signs = ASCII_BARS if is_ascii else BARS
    bars = _bars(columns, shown, there, axis, rows_of_bars, marked, signs)
    rows: list[Row] = []
    parts = max((rows_of_bars - 1) // 3, 1)
    labelled = {round(part * (rows_of_bars - 1) / parts) for part in range(parts + 1)}
    if axis.low == axis.high:
        labelled = {rows_of_bars // 2}
    for index, line in enumerate(bars):
        is_labelled = index in labelled
        share = 1 - index / max(rows_of_bars - 1, 1)
        label = _axis_label(axis.number(share)) if is_labelled else ""
        rows.append([(f"{label:>{_LABEL - 2}} ", "quiet"), ("┤", "axis"), *line])
    rows.append([(" " * (_LABEL - 1), ""), ("└" + "─" * columns.width, "axis")])
    rows.append([(" " * _LABEL + _ticks(columns, first), "quiet")])
    rows.append(_cursor_row(columns, cursor, width, first))
    return rows[:height] if height >= 4 else rows[:1]


def _axis_label(number: float) -> str:
    """Write a number in the room that an axis has."""
    texts = (format_value(number, digits) for digits in (3, 2, 1))
    return next((text for text in texts if len(text) <= _LABEL - 2), "")


def _cursor_row(columns: Columns, cursor: int, width: int, first: int) -> Row:
    """Point at the cursor's step, and write its number on the side where there is room."""
    column = _LABEL + columns.column(cursor)
    words = f"{messages.STEP} {first + cursor + 1}"
    if column + 2 + len(words) <= width:
        return [(" " * column, ""), (f"▲ {words}", "cursor")]
    return [(" " * max(column - len(words) - 1, 0), ""), (f"{words} ▲", "cursor")]


def curve_columns(steps: int, width: int) -> Columns:
    """Return the columns of a curve that is drawn so wide."""
    return Columns.fit(steps, max(width - _LABEL - 1, 1))


CURVE_MARGIN = _LABEL
"""Where a curve's first column stands."""


def _bars(
    columns: Columns, shown: Array, there: Array, axis: Axis, rows: int, marked: tuple[int, int], signs: str
) -> list[Row]:
    """Draw the columns from top to bottom."""
    gaps = {columns.span(step)[1] for step in range(columns.steps)} if columns.width >= 3 * columns.steps else set()
    heights: list[int | None] = []
    for column in range(columns.width):
        number = float(shown[column])
        if column in gaps or not there[column]:
            heights.append(0)
        elif not math.isfinite(number):
            heights.append(None)
        else:
            heights.append(max(round(axis.share(number) * rows * 8), 1))
    lines: list[Row] = []
    for row in range(rows):
        base = (rows - 1 - row) * 8
        line: Row = []
        for column, height in enumerate(heights):
            names = "cursor" if marked[0] <= column <= marked[1] else "curve"
            if height is None:
                glyph = ("∞" if math.isinf(float(shown[column])) else "N") if row == 0 else " "
                names = "nan" if row == 0 else ""
            else:
                glyph = signs[min(max(height - base, 0), 8)]
            _append(line, glyph, names)
        lines.append(line)
    return lines


def _append(line: Row, glyph: str, names: str) -> None:
    """Add a character, joined to the piece before where that looks the same."""
    if line and (line[-1][1] == names or glyph.isspace()):
        line[-1] = (line[-1][0] + glyph, line[-1][1])
    else:
        line.append((glyph, names))


def _ticks(columns: Columns, first: int) -> str:
    """Write the numbers of some steps under their columns."""
    text = ""
    apart = max(len(str(first + columns.steps)) + 2, columns.width // 8)
    for step in _round_steps(first, columns.steps, max(columns.width // apart, 1)):
        # The last one stands under its column with its last digit, so that it ends with the axis.
        column = min(columns.column(step - first), max(columns.width + 1 - len(str(step + 1)), 0))
        if column >= len(text) + bool(text):
            text = text.ljust(column) + str(step + 1)
    return text


def _round_steps(first: int, steps: int, most: int) -> list[int]:
    """Return the first step and those at round distances (counted from 0)."""
    for power in range(12):
        for factor in (1, 2, 5):
            distance = factor * 10**power
            if steps // distance <= most:
                begin = -(-(first + 1) // distance) * distance
                rounds = range(begin, first + steps + 1, distance)
                return [first, *(step - 1 for step in rounds if step - 1 > first)]
    return [first]


def draw_spark(
    numbers: Array, is_there: Array, cursor: int, width: int, *, is_ascii: bool = False, is_magnitude: bool = False
) -> Row:
    """Draw numbers as one line of bars, each scaled between the least and the largest of the line.

    Args:
        is_magnitude: draw how large they are whatever their sign, from zero.
    """
    import numpy

    numbers = numpy.abs(numbers) if is_magnitude else numbers
    columns = Columns.fit(len(numbers), width)
    shown, there = columns.largest(numbers, is_there)
    finite = shown[there & numpy.isfinite(shown)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    axis = Axis(0.0 if is_magnitude else low, high)
    marked = columns.span(cursor) if len(numbers) else (-1, -1)
    line: Row = []
    for column in range(columns.width):
        number = float(shown[column])
        names = "cursor" if marked[0] <= column <= marked[1] else "curve"
        if not there[column]:
            _append(line, "·", "faint")
        elif not math.isfinite(number):
            _append(line, "∞" if math.isinf(number) else "N", "nan")
        else:
            _append(line, (ASCII_BARS if is_ascii else BARS)[1 + round(axis.share(number) * 7)], names)
    return line


def draw_heat_line(numbers: Array, is_there: Array, axis: Axis, width: int, cells: Cells) -> Row:
    """Draw norms as one line of heat, from no colour at the axis' low end to the full colour at its high end."""
    return draw_heat_cells(*Columns.fit(len(numbers), width).largest(numbers, is_there), axis, cells)


def draw_heat_cells(shown: Array, there: Array, axis: Axis, cells: Cells, absent: str = " ") -> Row:
    """Draw one number a column as heat; `absent` where there is none."""
    import numpy

    ramp = "█" * (LEVELS + 1) if cells == "half" else ".+oO8#" if cells == "ascii" else "·░▒▒▓█"
    finite = numpy.isfinite(shown) & there
    levels = numpy.rint(axis.shares(numpy.where(finite, shown, 0.0)) * LEVELS).astype("i8")
    # One number a kind of cell, so that what is alike side by side is one piece.
    kinds = numpy.where(finite, numpy.where(shown == 0, -1, levels), numpy.where(numpy.isnan(shown), -2, -3))
    kinds = numpy.where(there, kinds, -4)
    ends = [*(numpy.flatnonzero(numpy.diff(kinds)) + 1).tolist(), len(kinds)] if len(kinds) else []
    line: Row = []
    begin = 0
    for end in ends:
        kind = int(kinds[begin])
        if kind >= 0:
            sign, names = ramp[kind], heat_name(kind)
        else:
            sign, names = {
                -1: ("0" if cells != "half" else "·", "faint"), -2: ("N", "nan"), -3: ("∞", "nan"),
                -4: (absent, "faint"),
            }[kind]  # fmt: skip
        _append(line, sign * (end - begin), names)
        begin = end
    return line


def heat_legend(axis: Axis, cells: Cells) -> Row:
    """Draw the ramp of `draw_heat_line` between the numbers at its ends."""
    ramp = ".+oO8#" if cells == "ascii" else "·░▒▓█"
    colours: Row = [("█", heat_name(level)) for level in range(LEVELS + 1)]
    middle: Row = colours if cells == "half" else [(ramp, "number")]
    return [(f"{format_value(axis.low, 2)} ", "quiet"), *middle, (f" {format_value(axis.high, 2)}", "quiet")]
