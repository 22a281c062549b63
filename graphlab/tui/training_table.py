"""The training table: a row a step, and for each parameter its value, gradient and update. Pure: no widgets.

Separate from `training_view`, because only the rows that are seen are read and drawn, whatever the number of steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from graphlab.model import Snapshot
from graphlab.series import MEASURES, Leaf, Measure, Series
from graphlab.tui import messages
from graphlab.tui.rows import Row, fit, shorten
from graphlab.tui.values import number_format, write_right

_COLUMN = max(10, *(len(name) + 2 for name in messages.MEASURE_NAMES.values()))
_MOST_ELEMENTS = 6
"""A picked parameter of so few elements shows each of them."""


@dataclass(frozen=True, slots=True)
class Column:
    """One figure of every step."""

    head: str
    style: str
    read: Callable[[int], float | complex | None]
    """The figure at a step, None where there is none."""


@dataclass(frozen=True, slots=True)
class Group:
    """The columns of one parameter."""

    name: str
    columns: list[Column]

    @property
    def width(self) -> int:
        """How many cells it takes, with the line at its left."""
        return len(self.columns) * (_COLUMN + 1) + 2


def lay_over(row: Row, names: str) -> Row:
    """Lay more style names over a row, but for what is no number: that must stand out wherever it stands."""
    return [(text, old if old == "nan" else f"{old} {names}") for text, old in row]


def table_window(number: int, steps: int, room: int) -> int:
    """Return the first step to show, so that the cursor's step is in the middle."""
    return min(max(number - room // 2, 1), max(steps - room + 1, 1))


def draw_table(
    series: Series, leaves: Sequence[Leaf], picked: int, number: int, first: int, width: int, height: int
) -> list[Row]:
    """Draw two rows of heads and a row for each step from `first` on."""
    steps = series.recording.steps
    index_width = max(len(str(len(steps))), 4) + 2
    groups = _shown_groups(series, leaves, picked, number, width - index_width)
    upper: Row = [(" " * index_width, "")]
    lower: Row = [(f"{messages.STEP:>{index_width}}", "quiet")]
    for group in groups:
        is_picked = bool(leaves) and group.name == leaves[picked].name
        names = "parameter selected" if is_picked else "parameter"
        upper += [(" │", "rule"), (f" {shorten(group.name, group.width - 3):<{group.width - 3}}", names)]
        lower.append((" │", "rule"))
        lower += [(f" {shorten(column.head, _COLUMN):>{_COLUMN}}", "quiet") for column in group.columns]
    shown = range(first, min(first + height - 2, len(steps) + 1))
    with series.recording.reading():
        columns = [
            [[(" │", "rule")]] * len(shown) if column is None else _cells(column, shown) for column in _flat(groups)
        ]
    rows = [fit(upper, width), fit(lower, width)]
    for index, step in enumerate(shown):
        names = "cursor" if step == number else "quiet"
        row: Row = [(f"{'▸' if step == number else ' '}{step:>{index_width - 1}}", names)]
        fitted = fit(row + [piece for column in columns for piece in column[index]], width)
        rows.append(lay_over(fitted, "line") if step == number else fitted)
    return rows[:height]


def _flat(groups: Sequence[Group]) -> Iterator[Column | None]:
    """Yield None for the line at the left of each group, then its columns."""
    for group in groups:
        yield None
        yield from group.columns


def _cells(column: Column, steps: Sequence[int]) -> list[Row]:
    """Write a column's figures in one format, so that their points stand under each other."""
    figures = [column.read(step) for step in steps]
    there = numpy.array([figure for figure in figures if figure is not None])
    write = number_format(there, _digits(there)) if there.size else str
    cells: list[Row] = []
    for figure in figures:
        if figure is None:
            cells.append(write_right(messages.NONE, _COLUMN + 1, "faint"))
        else:
            names = column.style if math.isfinite(abs(figure)) else "nan"
            cells.append(write_right(shorten(write(figure), _COLUMN), _COLUMN + 1, names))
    return cells


def _digits(figures: numpy.ndarray[Any, Any]) -> int:
    """Return how many digits the largest figure needs, so that the smallest has four; fewer where that is too wide."""
    sizes = numpy.abs(figures[numpy.isfinite(figures) & (figures != 0)])
    if not sizes.size:
        return 6
    high, low = (math.floor(math.log10(float(size))) for size in (sizes.max(), sizes.min()))
    decimals = min(max(3 - low, 5 - high, 0), _COLUMN - 3 - max(high, 0))
    return decimals + 1 + high


def _shown_groups(series: Series, leaves: Sequence[Leaf], picked: int, number: int, width: int) -> list[Group]:
    """Return the loss, and of the parameters those around the picked one that fit."""
    steps = series.recording.steps
    loss = Group("", [Column(messages.LOSS, "number", lambda step: steps[step - 1].loss)])
    for name, curve in list(series.metrics().items())[:2]:
        loss.columns.append(Column(name, "number", lambda step, curve=curve: float(curve[step - 1])))  # type: ignore[misc]  # mypy cannot infer a bound default
    groups = [loss]
    room = width - loss.width
    if not leaves:
        return groups
    chosen = _leaf_group(series, leaves[picked], is_wide=True)
    own = [chosen]
    room -= chosen.width
    # First what stands before the picked one, so that the order stays; then what comes after.
    for index in (*range(picked + 1, len(leaves)), *range(picked - 1, -1, -1)):
        group = _leaf_group(series, leaves[index], is_wide=False)
        if group.width > room:
            break
        room -= group.width
        own = [group, *own] if index < picked else [*own, group]
    return groups + own


def _leaf_group(series: Series, leaf: Leaf, *, is_wide: bool) -> Group:
    columns = []
    if is_wide and 1 < leaf.size <= _MOST_ELEMENTS:
        elements = range(leaf.size)
        return Group(leaf.name, [_element_column(series, leaf, measure, i) for measure in MEASURES for i in elements])
    for measure in MEASURES:
        head = messages.MEASURE_NAMES[measure]
        columns.append(
            Column(head if leaf.size == 1 else f"‖{head}‖", _STYLES[measure], _reader(series, leaf, measure))
        )
    return Group(leaf.name, columns)


_STYLES: dict[Measure, str] = {"value": "number", "gradient": "gradient", "update": "update"}
_SIGNS: dict[Measure, str] = {"value": "", "gradient": "∂", "update": "Δ"}


def _reader(series: Series, leaf: Leaf, measure: Measure) -> Callable[[int], float | complex | None]:
    return lambda step: series.figures(leaf, step)[measure]


def _element_column(series: Series, leaf: Leaf, measure: Measure, element: int) -> Column:
    def read(step: int) -> float | complex | None:
        state = series.at(leaf.node, step)
        if measure == "update":
            before, after = _element(state.before, element), _element(state.after, element)
            return None if before is None or after is None else after - before
        return _element(state.value if measure == "value" else state.gradient, element)

    return Column(f"{_SIGNS[measure]}{leaf.name.rpartition('.')[2]}[{element}]", _STYLES[measure], read)


def _element(snapshot: Snapshot | None, element: int) -> float | complex | None:
    if snapshot is None or not snapshot.is_complete:
        return None
    array = snapshot.array
    assert array is not None
    number: float | complex = array.reshape(-1)[element].item()
    return number
