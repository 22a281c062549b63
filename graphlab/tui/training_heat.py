"""The training pane's heat maps: parameters against steps, under the loss and the script's figures on the same axis.

Separate from `training_view`, whose curves show one parameter after the other: here all of them are compared, and a
window of the steps can be looked at from nearer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy

from graphlab.sentences import format_shape
from graphlab.training.heat import HEAT_MEASURES, Heat, HeatMap, HeatMeasure
from graphlab.tui import messages
from graphlab.tui.curves import (
    CURVE_MARGIN,
    Axis,
    Columns,
    can_be_log,
    choose_axis,
    draw_curve,
    draw_heat_cells,
    draw_spark,
    heat_legend,
)
from graphlab.tui.heat import cells_of
from graphlab.tui.rows import Row, fit, row_width, rule, shorten
from graphlab.tui.training_table import lay_over
from graphlab.tui.values import format_value

if TYPE_CHECKING:
    from graphlab.series import Leaf, Series
    from graphlab.tui.theme import Look

    Array = numpy.ndarray[Any, Any]

_NUMBER = 10
_MOST_ZOOM = 24
_FEWEST_STEPS = 8
"""As near as one can look: so many steps in the window."""
_MOST_FIGURES = 4


@dataclass(frozen=True, slots=True)
class Hit:
    """What a cell stands for: a training step, or one of the parameters."""

    step: int | None = None
    leaf: int | None = None


Line = tuple[Row, Callable[[int], Hit | None] | None]
"""A row, and what a click on a cell of it means."""


@dataclass(frozen=True)
class Frame:
    """Where things stand: the gutter with the names, the strip with the steps, the number at the cursor."""

    gutter: int
    name_width: int
    columns: Columns
    first: int
    """The first step of the window, counted from 0."""
    count: int
    cursor: int
    """The cursor's step, counted from 0."""

    @property
    def starts(self) -> Array:
        """The first step of each column; where a step has several columns, each step once."""
        if self.count <= self.columns.width:
            return numpy.arange(self.first, self.first + self.count)
        return self.first + -(-numpy.arange(self.columns.width) * self.count // self.columns.width)

    def spread(self, numbers: Array) -> Array:
        """Repeat numbers for the columns of each step."""
        if self.count > self.columns.width:
            return numbers
        firsts = [self.columns.span(step)[0] for step in range(self.count)]
        return numbers[..., numpy.searchsorted(firsts, range(self.columns.width), "right") - 1]

    def find(self, x: int) -> Hit | None:
        """Return the step of a column of the screen."""
        column = x - self.gutter
        return Hit(step=self.first + self.columns.step(column) + 1) if 0 <= column < self.columns.width else None


class HeatPage:
    """Heat maps of one recording, and how a person looks at them."""

    def __init__(self, series: Series) -> None:
        self.series = series
        self.heat = Heat(series)
        self.what: HeatMeasure = "gradients"
        self.zoom = 0
        """How often the window was halved."""
        self.is_read = True
        self.page_size = 10
        self._first = 0
        self._strips: dict[tuple[HeatMeasure, int, Look], Row] = {}
        """The cells of rows of these maps, by what they show, the parameter's place, and the look."""
        self._maps: dict[HeatMeasure, tuple[tuple[Any, ...], HeatMap]] = {}

    def turn(self, direction: int) -> None:
        """Show another measure."""
        self.what = HEAT_MEASURES[(HEAT_MEASURES.index(self.what) + direction) % len(HEAT_MEASURES)]

    def nearer(self, direction: int) -> None:
        """Halve or double the window of steps."""
        self.zoom = min(max(self.zoom + direction, 0), _MOST_ZOOM)

    def window(self, steps: int, cursor: int) -> tuple[int, int]:
        """Return first step and number of steps of the window: it stays where it is while the cursor is inside."""
        while self.zoom and steps >> self.zoom < _FEWEST_STEPS:
            self.zoom -= 1
        count = max(steps >> self.zoom, 1)
        if not self._first <= cursor < self._first + count:
            self._first = cursor - count // 2
        self._first = min(max(self._first, 0), steps - count)
        return self._first, count

    # -- drawing ---------------------------------------------------------------------------------------------------

    def draw(self, number: int, leaves: Sequence[Leaf], picked: int, width: int, height: int, look: Look) -> list[Line]:
        """Draw the page for the cursor's step."""
        reads = [self.heat.read_on(leaves, what, 0.007) for what in HEAT_MEASURES]
        self.is_read = all(reads)
        frame = self.frame(number - 1, leaves, width)
        self.page_size = max(frame.count // 10, 1)
        lines: list[Line] = []
        if height >= 14:
            lines += self._loss(frame, width, min(max(height // 3, 6), 14), look)
            figures = self._figures()[: min(height // 8, _MOST_FIGURES)]
            lines += [(self._figure_row(frame, name, curve, look), frame.find) for name, curve in figures]
        picked = min(picked, max(len(leaves) - 1, 0))
        room = height - len(lines)
        for what in self._shown(len(leaves), room):
            lines += self._map_rows(what, frame, leaves, picked, width, min(room, height - len(lines)), look)
        return lines

    def _shown(self, leaves: int, room: int) -> list[HeatMeasure]:
        """Return the measures that there is room for, the chosen one first."""
        first = HEAT_MEASURES.index(self.what)
        count = max(min(room // (leaves + 1), len(HEAT_MEASURES)), 1) if leaves else 1
        return [HEAT_MEASURES[(first + place) % len(HEAT_MEASURES)] for place in range(count)]

    def frame(self, cursor: int, leaves: Sequence[Leaf], width: int, least: int = 6) -> Frame:
        """Return where things stand; least: how much room names have in any case."""
        first, count = self.window(len(self.series.recording.steps), cursor)
        names = [len(leaf.name) + len(format_shape(leaf.shape)) + 1 for leaf in leaves]
        name_width = min(max(least, *names, 0), max(width // 4, 6))
        gutter = max(name_width + 3, CURVE_MARGIN)
        columns = Columns.fit(count, max(width - gutter - _NUMBER - 1, 1))
        return Frame(gutter, name_width, columns, first, count, cursor)

    def _loss(self, frame: Frame, width: int, height: int, look: Look) -> list[Line]:
        window = slice(frame.first, frame.first + frame.count)
        losses, is_there = self.series.losses()[window], self.series.has_loss()[window]
        is_log = can_be_log(losses) and _is_wide(losses)
        label = messages.LOSS_LOG if is_log else messages.LOSS_LINEAR
        if frame.columns.per_column > 1:
            label += "   " + messages.CELL_IS.format(steps=f"{frame.columns.per_column:.3g}")
        if self.zoom:
            last = frame.first + frame.count
            label += "   " + messages.WINDOW.format(first=frame.first + 1, last=last)
        shift = frame.gutter - CURVE_MARGIN
        room = width - shift - _NUMBER
        cursor = frame.cursor - frame.first
        rows = draw_curve(
            losses, is_there, cursor, room, height, is_log=is_log, is_ascii=look.is_ascii, first=frame.first
        )
        return [(rule(label, width), None), *(([(" " * shift, ""), *row], frame.find) for row in rows)]

    def _figures(self) -> list[tuple[str, Array]]:
        """Return the learning rates and the script's own figures, each over all steps."""
        return [*self.series.rates().items(), *self.series.metrics().items()]

    def _figure_row(self, frame: Frame, name: str, curve: Array, look: Look) -> Row:
        window = curve[frame.first : frame.first + frame.count]
        is_there = ~numpy.isnan(window)
        cursor = frame.cursor - frame.first
        line = draw_spark(window, is_there, cursor, frame.columns.width, is_ascii=look.is_ascii)
        number = float(window[cursor]) if cursor < len(window) else math.nan
        text = "" if math.isnan(number) else format_value(number, 4)
        label = f"{shorten(name, frame.gutter - 3):>{frame.gutter - 1}} "
        return [(label, "quiet"), *fit(line, frame.columns.width), (f"{text:>{_NUMBER}}", "number")]

    def _map_rows(
        self, what: HeatMeasure, frame: Frame, leaves: Sequence[Leaf], picked: int, width: int, height: int, look: Look
    ) -> list[Line]:
        room = min(max(height - 1, 0), max(len(leaves), 1))
        first = min(max(picked - room // 2, 0), max(len(leaves) - room, 0))
        found = self._read_map(what, frame, leaves)
        axis = Axis(0.0, 1.0) if what == "zeros" else choose_axis(found.finite(), is_log=True)
        lines: list[Line] = [(self._head(what, len(leaves), first, room, axis, width, look), None)]
        now = self.heat.map(leaves[first : first + room], what, numpy.array([frame.cursor]), frame.cursor + 1)
        for row, leaf in enumerate(leaves[first : first + room]):
            index = first + row
            if (what, index, look) not in self._strips:
                shown, there = frame.spread(found.numbers[index]), frame.spread(found.is_there[index])
                self._strips[what, index, look] = draw_heat_cells(shown, there, axis, cells_of(look))
            number = float(now.numbers[row, 0]) if now.is_there[row, 0] else None
            line = [
                *self._label(leaf, frame, is_picked=index == picked),
                *self._strips[what, index, look],
                *_number_cell(number),
            ]
            lines.append((line, _finder(frame, index)))
        if not leaves and room:
            lines.append(([(f" {messages.NO_PARAMETERS}", "quiet")], None))
        return lines[:height]

    def _read_map(self, what: HeatMeasure, frame: Frame, leaves: Sequence[Leaf]) -> HeatMap:
        """Return the map of the window; the cursor alone changes nothing in it."""
        count = self.series.recording.event_count
        key = (frame.first, frame.count, frame.columns.width, count, tuple(leaf.node for leaf in leaves))
        if what not in self._maps or self._maps[what][0] != key or not self.is_read:
            self._strips = {strip: row for strip, row in self._strips.items() if strip[0] != what}
            self._maps[what] = key, self.heat.map(leaves, what, frame.starts, frame.first + frame.count)
        return self._maps[what][1]

    def _head(self, what: HeatMeasure, count: int, first: int, room: int, axis: Axis, width: int, look: Look) -> Row:
        title = messages.HEAT_TITLES[what]
        if room < count:
            title += " " + messages.SHOWN_FROM.format(first=first + 1, last=min(first + room, count), count=count)
        if not self.is_read:
            title += f"   {messages.READING}"
        legend: Row = [("─ ", "rule"), *heat_legend(axis, cells_of(look)), (" ─", "rule")]
        if width < row_width(legend) + 20:
            return rule(title, width)
        return rule(title, width - row_width(legend)) + legend

    def _label(self, leaf: Leaf, frame: Frame, *, is_picked: bool) -> Row:
        shape = format_shape(leaf.shape)
        room = frame.name_width - len(shape) - 1
        text = f"{shorten(leaf.name, room):<{room}} " if room >= min(len(leaf.name), 6) else ""
        if not text:
            text, shape = f"{shorten(leaf.name, frame.name_width):<{frame.name_width}}", ""
        row: Row = [("▸ " if is_picked else "  ", "cursor"), (text, "parameter"), (shape, "quiet"), (" ", "")]
        fitted = fit(row, frame.gutter)
        return lay_over(fitted, "selected") if is_picked else fitted


def _is_wide(losses: Array) -> bool:
    """Whether losses span so much that a linear axis would hide most of them."""
    finite = losses[numpy.isfinite(losses)]
    return bool(finite.size) and float(finite.max()) > 50 * float(finite.min())


def _number_cell(number: float | None) -> Row:
    if number is None:
        return [(f"{messages.NONE:>{_NUMBER}}", "faint")]
    names = "gradient" if math.isfinite(number) else "nan"
    text = format_value(number, 4)
    return [(" " * max(_NUMBER - len(text), 1), ""), (text, names)]


def _finder(frame: Frame, leaf: int) -> Callable[[int], Hit | None]:
    def find(x: int) -> Hit | None:
        return Hit(leaf=leaf) if x < frame.gutter else frame.find(x)

    return find
