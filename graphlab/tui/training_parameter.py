"""The training pane's page of one parameter: its gradient's histogram over the steps, its entries, Adam's moments.

Separate from `training_heat`, which compares parameters: here one is looked at closely, on the same axis of steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy

from graphlab.sentences import format_shape
from graphlab.series import MEASURES, Leaf, Measure, Series
from graphlab.training.history import MOST_ENTRIES, Histogram, History
from graphlab.tui import messages
from graphlab.tui.curves import CURVE_MARGIN, Axis, choose_axis, draw_heat_cells, draw_spark, heat_legend
from graphlab.tui.dots import Canvas
from graphlab.tui.heat import cells_of
from graphlab.tui.rows import Row, fit, row_width, rule
from graphlab.tui.training_heat import Frame, HeatPage, Line
from graphlab.tui.values import format_value

if TYPE_CHECKING:
    from graphlab.tui.theme import Look

    Array = numpy.ndarray[Any, Any]

_READ_SECONDS = 0.02
_NAMES = 14
"""Room for the names of what optimizers keep, such as `‖exp_avg_sq‖`."""
_STYLES: dict[Measure, str] = {"value": "curve", "gradient": "gradient", "update": "update"}


class ParameterPage:
    """Closer looks at the parameters of one recording."""

    def __init__(self, series: Series, heat: HeatPage) -> None:
        self.series = series
        self.heat = heat
        self.is_read = True
        self._history: tuple[tuple[int, int], History] | None = None
        self._states: tuple[tuple[int, int], dict[str, tuple[Array, Array]]] | None = None

    def draw(self, number: int, leaf: Leaf, measure: Measure, width: int, height: int, look: Look) -> list[Line]:
        """Draw the page of a parameter for the cursor's step.

        Args:
            measure: what is drawn entry by entry, where there are few.
        """
        history = self._read(leaf)
        frame = self.heat.frame(number - 1, [], width, _NAMES)
        lines = self._sparks(history, frame, leaf, width, look)[: max(height - 4, 1)]
        room = height - len(lines)
        entries = history.entries(measure) if leaf.size > 1 else None
        shares = room if entries is None or room < 14 else room // 2
        lines += self._histogram(history, frame, leaf, width, shares, look)
        room = height - len(lines)
        if entries is not None and room >= 6:
            lines += self._entries(entries, frame, leaf, measure, width, room, look)
        return lines

    def _read(self, leaf: Leaf) -> History:
        key = leaf.node, self.series.recording.event_count
        if self._history is None or self._history[0] != key:
            self._history = key, History(self.series, leaf)
        history = self._history[1]
        has_curves = self.series.read_on([leaf], _READ_SECONDS)
        self.is_read = history.read_on(_READ_SECONDS) and has_curves
        return history

    def _kept(self, history: History) -> dict[str, tuple[Array, Array]]:
        """Return what the optimizer keeps, read once."""
        key = history.leaf.node, self.series.recording.event_count
        if self._states is None or self._states[0] != key:
            self._states = key, history.states()
        return self._states[1]

    def _sparks(self, history: History, frame: Frame, leaf: Leaf, width: int, look: Look) -> list[Line]:
        """Draw value, gradient, update and what the optimizer keeps, a line each."""
        title = f"{leaf.name} {format_shape(leaf.shape)}" + ("" if self.is_read else f"   {messages.READING}")
        lines: list[Line] = [(rule(title, width), None)]
        curves: list[tuple[str, Array, Array]] = []
        for measure in MEASURES:
            curve = self.series.curve(leaf, measure)
            curves.append((messages.MEASURE_NAMES[measure], curve.numbers, curve.is_there))
        for name, (steps, norms) in self._kept(history).items():
            numbers, is_there = numpy.zeros(len(curves[0][1])), numpy.zeros(len(curves[0][1]), bool)
            numbers[steps], is_there[steps] = norms, True
            curves.append((f"‖{name}‖", numbers, is_there))
        for name, numbers, is_there in curves:
            window = slice(frame.first, frame.first + frame.count)
            shown, there = numbers[window], is_there[window]
            is_value = leaf.size == 1 and name == messages.MEASURE_NAMES["value"]
            line = draw_spark(
                shown, there, frame.cursor - frame.first, frame.columns.width, is_ascii=look.is_ascii,
                is_magnitude=not is_value,
            )  # fmt: skip
            now = frame.cursor < len(is_there) and is_there[frame.cursor]
            text = format_value(float(numbers[frame.cursor]), 4) if now else messages.NONE
            label = f"{name[: frame.gutter - 1]:>{frame.gutter - 1}} "
            row: Row = [(label, "quiet"), *fit(line, frame.columns.width), (f"{text:>10}", "number")]
            lines.append((row, frame.find))
        return lines

    def _histogram(self, history: History, frame: Frame, leaf: Leaf, width: int, height: int, look: Look) -> list[Line]:
        found = history.histogram(frame.starts, frame.first + frame.count, max(height - 1, 3))
        top = float(found.shares[:, found.is_there].max()) if found.is_there.any() else 1.0
        axis = Axis(0.0, top or 1.0)
        legend: Row = [("─ ", "rule"), *heat_legend(axis, cells_of(look)), (" ─", "rule")]
        title = messages.HISTOGRAM + (f" {messages.OF_A_SAMPLE}" if found.is_sampled else "")
        head = rule(title, max(width - row_width(legend), 1)) + legend if width > 60 else rule(title, width)
        lines: list[Line] = [(head, None)]
        if not found.is_there.any():
            return [*lines, ([(f"  {messages.NO_HISTOGRAM}", "quiet")], None)]
        there = frame.spread(found.is_there)
        labels = _labels(found, frame.gutter)
        for row, label in zip(found.shares[: max(height - 1, 0)], labels, strict=False):
            # An empty bin is blank; a share that is only small must still be seen.
            shown = frame.spread(numpy.sqrt(row / (top or 1.0)) * (top or 1.0))
            cells = draw_heat_cells(shown, there & (shown > 0), axis, cells_of(look))
            lines.append(([(label, "quiet"), *cells], frame.find))
        return lines

    def _entries(
        self, entries: tuple[Array, Array], frame: Frame, leaf: Leaf, measure: Measure, width: int, height: int,
        look: Look,
    ) -> list[Line]:  # fmt: skip
        """Draw each entry of a small parameter as a curve."""
        steps, table = entries
        inside = (steps >= frame.first) & (steps < frame.first + frame.count)
        title = messages.ENTRIES.format(measure=messages.MEASURE_NAMES[measure], count=min(leaf.size, MOST_ENTRIES))
        lines: list[Line] = [(rule(title, width), None)]
        if not inside.any():
            return lines
        axis = choose_axis(table[inside].ravel(), is_log=False)
        if axis.low == axis.high:
            axis = Axis(axis.low - 0.5, axis.high + 0.5)
        across = Axis(frame.first + 1.0, float(max(frame.first + frame.count, frame.first + 2)))
        canvas = Canvas(frame.columns.width, height - 3, across, axis, is_ascii=look.is_ascii, is_counted=True)
        every = max(-(-int(inside.sum()) // (2 * frame.columns.width)), 1)
        xs = steps[inside][::every] + 1.0
        for entry in range(table.shape[1]):
            canvas.line(xs, table[inside][::every, entry], _STYLES[measure])
        canvas.upright(frame.cursor + 1.0, "|" if look.is_ascii else "┊", "cursor")
        shift = " " * max(frame.gutter - CURVE_MARGIN, 0)
        lines += [([(shift, ""), *row], None) for row in canvas.rows()]
        return lines


def _labels(found: Histogram, gutter: int) -> Sequence[str]:
    """Return what stands before each row of a histogram: sizes at some of them, and 0 in the middle."""
    side = found.middle
    every = max(side // 4, 1)
    texts = []
    for row in range(len(found.shares)):
        distance = abs(row - side)
        if not distance:
            text = "~0"
        elif distance % every == 0 and distance < len(found.edges):
            text = ("" if row < side else "−") + format_value(float(found.edges[distance]), 1)
        else:
            text = ""
        texts.append(f"{text[: gutter - 1]:>{gutter - 1}} ")
    return texts
