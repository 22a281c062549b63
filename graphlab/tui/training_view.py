"""What the training pane shows, as rows: the loss, and each parameter's value, gradient and update at every step.

Free of textual. The pane asks for rows of a size; what a click on a cell of them means is remembered here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy

from graphlab.model import Snapshot
from graphlab.sentences import PHASE_NAMES, format_shape, phase_of_span
from graphlab.series import MEASURES, Leaf, LeafStep, Measure, Series
from graphlab.tui import messages
from graphlab.tui.curves import (
    CURVE_MARGIN,
    Axis,
    Columns,
    can_be_log,
    choose_axis,
    curve_columns,
    draw_curve,
    draw_heat_line,
    draw_spark,
    heat_legend,
    spans_decades,
)
from graphlab.tui.heat import cells_of
from graphlab.tui.rows import Row, fit, row_width, rule, shorten, spread
from graphlab.tui.training_heat import HeatPage, Hit, Line
from graphlab.tui.training_parameter import ParameterPage
from graphlab.tui.training_space import SpacePage
from graphlab.tui.training_table import draw_table, lay_over, table_window
from graphlab.tui.values import Mode, format_value, value_rows

if TYPE_CHECKING:
    from graphlab.model import Step
    from graphlab.recording import Recording
    from graphlab.tui.theme import Look

View = Literal["curve", "log", "heat", "parameter", "data", "table"]
VIEWS: tuple[View, ...] = ("curve", "log", "heat", "parameter", "data", "table")

_EXPLODED = 6
"""Decades between the least loss and the largest, beyond which a linear axis shows but one bar."""
_MOST_IN_TOTAL = 64
"""Beyond so many parameters no total is read: their curves are read only where they are seen."""
_NUMBER = 10
_STYLES: dict[Measure, str] = {"value": "number", "gradient": "gradient", "update": "update"}


class TrainingView:
    """The training of one recording, and how a person looks at it."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.series = Series(recording)
        self.heat = HeatPage(self.series)
        self.parameter = ParameterPage(self.series, self.heat)
        self.space = SpacePage(self.series)
        self._view: View | None = None
        """What a person chose."""
        self.measure: Measure = "gradient"
        self.picked = 0
        """Which of the parameters, counted from 0."""
        self.is_read = True
        """Whether every curve that is shown was read to its end."""
        self.page_size = 10
        self._hits: list[Callable[[int], Hit | None] | None] = []

    # -- what keys change ------------------------------------------------------------------------------------------

    @property
    def view(self) -> View:
        """Which view is shown: at first the curve, on the axis on which something is seen of it."""
        if self._view is not None:
            return self._view
        losses = self.series.losses()
        return "log" if can_be_log(losses) and spans_decades(losses, _EXPLODED) else "curve"

    @view.setter
    def view(self, view: View) -> None:
        self._view = view

    def pick(self, delta: int, step: int) -> None:
        """Pick another parameter."""
        count = len(self.series.leaves(step)) if self.recording.steps else 0
        self.picked = min(max(self.picked + delta, 0), max(count - 1, 0))

    @property
    def next_view(self) -> View:
        """What comes after the view that is shown."""
        following = VIEWS[(VIEWS.index(self.view) + 1) % len(VIEWS)]
        return following if following != "log" or can_be_log(self.series.losses()) else "heat"

    def turn_view(self) -> None:
        """Show the next view."""
        self.view = self.next_view

    def nearer(self, direction: int) -> None:
        """See fewer steps, or more."""
        self.heat.nearer(direction)

    def turn_measure(self, direction: int) -> None:
        """Show another measure of the parameters over the steps."""
        if self.view == "heat":
            self.heat.turn(direction)
            return
        if self.view == "data":
            self.space.turn()
            return
        self.measure = MEASURES[(MEASURES.index(self.measure) + direction) % len(MEASURES)]

    def hit(self, x: int, y: int) -> Hit | None:
        """Return what stands at a cell of the rows that were made last."""
        find = self._hits[y] if 0 <= y < len(self._hits) else None
        return find(x) if find else None

    def picked_leaf(self, step: int) -> Leaf | None:
        """Return the picked parameter, as of a step."""
        leaves = self.series.leaves(step) if self.recording.steps else []
        return leaves[min(self.picked, len(leaves) - 1)] if leaves else None

    # -- rows ------------------------------------------------------------------------------------------------------

    def rows(self, number: int | None, width: int, height: int, look: Look, mode: Mode = "heat") -> list[Row]:
        """Return exactly `height` rows for the cursor's training step.

        Args:
            number: the step, or None where there is none.
            mode: how tensors are shown.
        """
        self._hits = []
        if number is None:
            return _filled([[(f" {messages.NO_STEPS}", "quiet")]], width, height)
        leaves = self.series.leaves(number)
        if self.view not in {"heat", "parameter"}:
            self.is_read = self.series.read_on(leaves[:_MOST_IN_TOTAL], 0.006) if leaves else True
        rows = self._head(number, leaves, width)[: max(height // 4, 1)]
        self._hits = [None] * len(rows)
        room = height - len(rows)
        if self.view == "table":
            rows += self._table(number, leaves, width, room)
        elif self.view in {"heat", "parameter", "data"}:
            for row, find in self._page(number, leaves, width, room, look):
                rows += self._add([row], find)
        else:
            rows += self._curves(number, leaves, width, room, look, mode)
        return _filled(rows, width, height)

    def _page(self, number: int, leaves: Sequence[Leaf], width: int, height: int, look: Look) -> list[Line]:
        """Draw one of the pages that are no curves of all parameters."""
        leaf = self.picked_leaf(number)
        if self.view == "data":
            return self.space.draw(number, leaves, width, height, look)
        if self.view == "parameter" and leaf is not None:
            lines = self.parameter.draw(number, leaf, self.measure, width, height, look)
            self.is_read = self.parameter.is_read
            return lines
        lines = self.heat.draw(number, leaves, self.picked, width, height, look)
        self.is_read, self.page_size = self.heat.is_read, self.heat.page_size
        return lines

    def _add(self, rows: list[Row], find: Callable[[int], Hit | None] | None = None) -> list[Row]:
        self._hits += [find] * len(rows)
        return rows

    def _head(self, number: int, leaves: Sequence[Leaf], width: int) -> list[Row]:
        """Say in two lines what the step is: its loss and how it moved, and what moved most."""
        steps = self.recording.steps
        step = steps[number - 1]
        first: Row = [(f" {messages.STEP} ", "quiet"), (f"{number}", "bold"), (f" {messages.OF} {len(steps)}", "quiet")]
        if step.loss is not None:
            first += [
                (f"  {messages.LOSS} ", "quiet"),
                (format_value(step.loss, 6), "title" if math.isfinite(step.loss) else "nan"),
            ]
            before = steps[number - 2].loss if number > 1 else None
            if before is not None and math.isfinite(step.loss - before):
                sign = "+" if step.loss > before else "−"
                first.append((f" ({sign}{format_value(abs(step.loss - before), 3)})", "quiet"))
        for name, curve in self.series.metrics().items():
            if number <= len(curve) and not math.isnan(curve[number - 1]):
                first += [(f"  {name} ", "quiet"), (format_value(float(curve[number - 1])), "number")]
        rows = [first]
        second = self._movement(number, leaves)
        if second and row_width(first) + row_width(second) + 2 <= width:
            return [first + second]
        return [*rows, second] if second else rows

    def _movement(self, number: int, leaves: Sequence[Leaf]) -> Row:
        """Say how large the whole gradient was, and which parameter moved most for its size."""
        if not 1 <= len(leaves) <= _MOST_IN_TOTAL or self.view == "heat":
            return []
        figures = [(leaf, self.series.figures(leaf, number)) for leaf in leaves]
        norms = [gradient for _, found in figures if (gradient := found["gradient"]) is not None]
        row: Row = []
        if norms:
            total = math.hypot(*norms)
            row += [
                (f"  {messages.TOTAL_GRADIENT} ", "quiet"),
                (format_value(total), "gradient" if math.isfinite(total) else "nan"),
            ]
        moved = [
            (share, leaf)
            for leaf, found in figures
            if (size := found["value"]) and (by := found["update"]) and math.isfinite(share := abs(by / size))
        ]
        if moved and len(leaves) > 1:
            share, leaf = max(moved, key=lambda pair: pair[0])
            before, _, after = messages.MOVED_MOST.partition("{name}")
            row += [
                (f"  {before}", "quiet"),
                (shorten(leaf.name, 24), "parameter"),
                (f"{after} ", "quiet"),
                (format_value(share, 2), "number"),
            ]
        return row

    def _table(self, number: int, leaves: Sequence[Leaf], width: int, height: int) -> list[Row]:
        self.page_size = max(height - 3, 1)
        first = table_window(number, len(self.recording.steps), self.page_size)
        picked = min(self.picked, max(len(leaves) - 1, 0))
        rows = draw_table(self.series, leaves, picked, number, first, width, height)
        self._hits += [None] * min(len(rows), 2)
        for index in range(len(rows) - 2):
            hit = Hit(step=first + index)
            self._hits.append(lambda x, hit=hit: hit)  # type: ignore[misc]  # mypy cannot infer a bound default
        return rows

    def _curves(
        self, number: int, leaves: Sequence[Leaf], width: int, height: int, look: Look, mode: Mode
    ) -> list[Row]:
        steps = len(self.recording.steps)
        rows: list[Row] = []
        if steps > 1 and height >= 10:
            rows += self._loss_curve(number, width, self._curve_height(number, leaves, height), look)
        listed = min(len(leaves) + 2, max((height - len(rows)) * 3 // 5, 3))
        if leaves and height - len(rows) >= 3:
            rows += self._leaf_list(number, leaves, width, listed, look)
        leaf = self.picked_leaf(number)
        if leaf is not None and height - len(rows) >= 4:
            rows += self._add(self._sparks(leaf, number, width, look)) if steps > 1 else []
            rows += self._add(self._tensors(leaf, number, width, height - len(rows), look, mode))
        if height - len(rows) >= 3:
            rows += self._add(self._phases(self.recording.steps[number - 1], width, height - len(rows)))
        return rows

    def _curve_height(self, number: int, leaves: Sequence[Leaf], height: int) -> int:
        """Give the curve what the rest does not need, but never so much or so little that it looks odd."""
        leaf = self.picked_leaf(number)
        rest = len(leaves) + 2 + 4 + (5 if height >= 28 else 0) + (12 if leaf is not None and leaf.size > 1 else 0)
        return min(max(height - rest - 1, height * 2 // 5, 6), height * 3 // 5, 26)

    def _loss_curve(self, number: int, width: int, height: int, look: Look) -> list[Row]:
        losses = self.series.losses()
        columns = curve_columns(len(losses), width)
        self.page_size = max(len(losses) // 10, 1)
        rows = draw_curve(
            losses,
            self.series.has_loss(),
            number - 1,
            width,
            height,
            is_log=self.view == "log",
            is_ascii=look.is_ascii,
        )
        crowd = columns.per_column
        label = messages.LOSS_LOG if self.view == "log" else messages.LOSS_LINEAR
        if crowd > 1:
            label += "   " + messages.CELL_IS.format(steps=f"{crowd:.3g}")
        head = rule(label, width)

        def find(x: int) -> Hit | None:
            column = x - CURVE_MARGIN
            return Hit(step=columns.step(column) + 1) if 0 <= column < columns.width else None

        return self._add([head]) + self._add(rows, find)

    # -- the list of parameters --------------------------------------------------------------------------------------

    def _leaf_list(self, number: int, leaves: Sequence[Leaf], width: int, height: int, look: Look) -> list[Row]:
        """List the parameters: name, shape, the measure over all steps, and the three numbers of this step."""
        picked = min(self.picked, len(leaves) - 1)
        room = max(height - 2, 1)
        first = min(max(picked - room // 2, 0), max(len(leaves) - room, 0))
        shown = leaves[first : first + room]
        name_width = min(max(4, *(len(leaf.name) for leaf in shown)), max(width // 4, 6))
        shape_width = max(len(format_shape(leaf.shape)) for leaf in shown)
        steps = len(self.recording.steps)
        strip_width = width - name_width - shape_width - 3 * (_NUMBER + 1) - 5
        strip_width = strip_width if steps > 1 and strip_width >= 8 else 0
        if width < name_width + shape_width + 3 * (_NUMBER + 1) + 3:
            shape_width = 0
        axis = self._norm_axis(shown)
        words = messages.OVER_STEPS[self.measure]
        strip_head = words if len(words) <= strip_width else shorten(messages.MEASURE_NAMES[self.measure], strip_width)
        head: Row = [
            (" " * (name_width + 2 + shape_width + 1 * bool(shape_width)), ""),
            (f" {strip_head:<{strip_width}} " if strip_width else "", "quiet"),
            *((f" {shorten(messages.MEASURE_NAMES[measure], _NUMBER):>{_NUMBER}}", "quiet") for measure in MEASURES),
        ]
        rows = self._add([self._list_rule(shown, leaves, axis, strip_width, width, look)]) + self._add([head])
        for index, leaf in enumerate(shown, first):
            row: Row = [
                ("▸ " if index == picked else "  ", "cursor"),
                (f"{shorten(leaf.name, name_width):<{name_width}}", "parameter"),
            ]
            if shape_width:
                row.append((f" {format_shape(leaf.shape):>{shape_width}}", "quiet"))
            if strip_width:
                row += [(" ", ""), *fit(self._strip(leaf, number, strip_width, axis, look), strip_width), (" ", "")]
            row += self._numbers(leaf, number)
            hit = Hit(leaf=index)
            fitted = fit(row, width)
            rows += self._add([lay_over(fitted, "selected") if index == picked else fitted], lambda x, hit=hit: hit)  # type: ignore[misc]  # as above
        return rows

    def _list_rule(
        self, shown: Sequence[Leaf], leaves: Sequence[Leaf], axis: Axis | None, strip_width: int, width: int, look: Look
    ) -> Row:
        title = messages.PARAMETERS
        if len(shown) < len(leaves):
            title += f" {messages.SHOWN_OF.format(shown=len(shown), count=len(leaves))}"
        if not self.is_read:
            title += f"   {messages.READING}"
        if axis is None or not strip_width:
            return rule(title, width)
        legend: Row = [(f"─ {messages.NORM_LOG} ", "rule"), *heat_legend(axis, cells_of(look)), (" ─", "rule")]
        return rule(title, width - row_width(legend)) + legend if width > row_width(legend) + 24 else rule(title, width)

    def _norm_axis(self, leaves: Sequence[Leaf]) -> Axis | None:
        """Return the one logarithmic axis of all norms that are shown."""
        curves = [self.series.curve(leaf, self.measure) for leaf in leaves if leaf.size > 1]
        if not curves:
            return None
        numbers = numpy.concatenate([curve.numbers[curve.is_there] for curve in curves])
        return choose_axis(numbers, is_log=True)

    def _strip(self, leaf: Leaf, number: int, width: int, axis: Axis | None, look: Look) -> Row:
        """Draw a measure over all steps: of a single number as bars, of norms as heat."""
        curve = self.series.curve(leaf, self.measure)
        if leaf.size == 1 or axis is None:
            return self._spark(leaf, self.measure, number, width, look)
        return draw_heat_line(curve.numbers, curve.is_there, axis, width, cells_of(look))

    def _spark(self, leaf: Leaf, measure: Measure, number: int, width: int, look: Look) -> Row:
        """Draw a measure as bars: a value between its least and largest, of a gradient or update how large it is."""
        curve = self.series.curve(leaf, measure)
        return draw_spark(
            curve.numbers,
            curve.is_there,
            number - 1,
            width,
            is_ascii=look.is_ascii,
            is_magnitude=measure != "value",
        )

    def _numbers(self, leaf: Leaf, number: int) -> Row:
        """Write value, gradient and update: the numbers themselves, or norms between bars."""
        row: Row = []
        for measure, figure in self.series.figures(leaf, number).items():
            text, names = messages.NONE, "faint"
            if figure is not None:
                text = format_value(figure, 5) if leaf.size == 1 else f"‖{format_value(figure, 4)}‖"
                names = _STYLES[measure] if math.isfinite(figure) else "nan"
            row += [(" " * max(_NUMBER + 1 - len(text), 1), ""), (text, names)]
        return row

    # -- the picked parameter ----------------------------------------------------------------------------------------

    def _sparks(self, leaf: Leaf, number: int, width: int, look: Look) -> list[Row]:
        """Draw the three measures of the picked parameter over all steps, each with its range."""
        count = len(self.recording.steps)
        rows = [rule(messages.LEAF_OVER_STEPS(count).format(name=leaf.name, count=count), width)]
        room_of_name = max(map(len, messages.MEASURE_NAMES.values())) + 1
        for measure in MEASURES:
            curve = self.series.curve(leaf, measure)
            numbers = curve.numbers[curve.is_there & numpy.isfinite(curve.numbers)]
            low, high = (float(numbers.min()), float(numbers.max())) if numbers.size else (math.nan, math.nan)
            label: Row = [(f"  {messages.MEASURE_NAMES[measure]:<{room_of_name}}", "quiet")]
            reach: Row = [(f"  {format_value(low, 3)} … {format_value(high, 3)} ", "quiet")] if numbers.size else []
            room = width - row_width(label) - 22
            if room < 8:
                rows.append(fit(label + reach, width))
                continue
            line = self._spark(leaf, measure, number, room, look)
            rows.append(fit([*label, *line, *reach], width))
        return rows

    def _tensors(self, leaf: Leaf, number: int, width: int, height: int, look: Look, mode: Mode) -> list[Row]:
        """Show value, gradient and update of the picked parameter at this step, side by side where there is room."""
        if leaf.size == 1 or height < 4:
            return []
        state = self.series.at(leaf.node, number)
        shown = [("value", state.value), ("gradient", state.gradient), ("update", _update(state))]
        shown = [pair for pair in shown if pair[1] is not None] or shown[1:2]
        room = 1 if width < 70 else 2 if width < 120 else 3
        if room < len(shown):  # the gradient first, then what it did
            shown = shown[1:] if room == 2 else shown[1:2]
        room = len(shown)
        each = (width - (room - 1)) // room
        blocks = []
        for measure, snapshot in shown:
            title = messages.LEAF_AT_STEP.format(name=leaf.name, measure=messages.MEASURE_NAMES[measure], step=number)
            body = (
                value_rows(snapshot, each, min(height - 1, 18), mode, look)
                if snapshot
                else [fit([(messages.NONE, "faint")], each)]
            )
            blocks.append([rule(title, each), *body])
        tall = max(map(len, blocks))
        rows = []
        for index in range(tall):
            row: Row = []
            for block in blocks:
                row += ([(" ", "")] if row else []) + (block[index] if index < len(block) else fit([], each))
            rows.append(row)
        return rows

    def _phases(self, step: Step, width: int, height: int) -> list[Row]:
        """Say how many events each phase of the step has, and how long it took."""
        spans = [span for span in self._spans(step) if span.step == step.step]
        rows = [rule(messages.PHASES_IN_STEP.format(step=step.step), width)]
        room = max(map(len, PHASE_NAMES.values()))
        for span in spans[: height - 1]:
            name = PHASE_NAMES[phase_of_span(self.recording, span)]
            begin = self.recording.event(span.first - 1).time if span.first > 1 else 0.0
            took = (self.recording.event(span.last).time - begin) * 1000
            rows.append(
                spread(
                    [("  ", ""), (f"{name:<{room}}", span.phase), (f" e{span.first}–e{span.last}", "quiet")],
                    [(f"{took:.2f} ms ", "quiet")],
                    min(width, 48),
                )
            )
        return rows

    def _spans(self, step: Step) -> list[Any]:
        return [span for span in self.recording.spans_of(step.step) if span.first <= step.last]


def _update(state: LeafStep) -> Snapshot | None:
    """Return what the step's updates added, where both states were kept."""
    before, after = state.before, state.after
    if before is None or after is None or not before.is_complete or not after.is_complete:
        return None
    first, last = before.array, after.array
    assert first is not None and last is not None
    with numpy.errstate(all="ignore"):
        added = last.astype("f8") - first.astype("f8") if last.dtype.kind != "c" else last - first
    return Snapshot(after.shape, after.dtype, after.device, added.dtype.str, data=added.tobytes())


def _filled(rows: Sequence[Row], width: int, height: int) -> list[Row]:
    fitted = [fit(row, width) for row in rows[:height]]
    return fitted + [fit([], width) for _ in range(height - len(fitted))]


__all__ = ["VIEWS", "Columns", "Hit", "TrainingView", "View"]
