"""The training pane's pictures in the space of the data: the line, the regions, the error surface, step by step.

Separate from `training_view`, because it asks what the model says (`graphlab.training`), not what was measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy

from graphlab.errors import UsageError
from graphlab.series import MEASURES, Leaf, Series
from graphlab.training.scene import DataSpace, Scene
from graphlab.training.surface import Surface, Surfaces
from graphlab.tui import messages
from graphlab.tui.curves import Axis
from graphlab.tui.dots import MARGIN, Canvas
from graphlab.tui.heat import LEVELS, cell, cells_of, heat_name, levels_of
from graphlab.tui.rows import Row, fit, row_width, rule, shorten, wrap
from graphlab.tui.training_heat import Line
from graphlab.tui.values import format_value

if TYPE_CHECKING:
    from graphlab.tui.theme import Look

    Array = numpy.ndarray[Any, Any]

_CLASSES = ("curve", "parameter", "data", "gradient", "mark", "alarm")
"""Styles of classes."""
_MARKS = "●■▲◆✚★"
_ASCII_MARKS = "oxv#+*"
_FILLS = "·░▒·░▒"
_ASCII_FILLS = ".:-,;="
_BOTH_WIDTH = 100
"""From this width on the error surface stands beside the data."""
_MOST_LEAVES = 6
_MOST_MARKS = 600
_FEWEST = 3
"""A picture has at least so many cells in each direction."""


class SpacePage:
    """Pictures of one recording in the space of its data."""

    def __init__(self, series: Series) -> None:
        self.series = series
        self.space = DataSpace(series.recording)
        self.surfaces = Surfaces(self.space)
        self.shows_surface = False
        """Where there is room for one picture alone: whether it is the error surface."""

    def turn(self) -> None:
        """Show the other picture, where there is room for one."""
        self.shows_surface = not self.shows_surface

    def draw(self, number: int, leaves: Sequence[Leaf], width: int, height: int, look: Look) -> list[Line]:
        """Draw the pictures for the cursor's step, and the parameters' figures beneath."""
        listed = self._figures(number, leaves, width) if height >= 16 else []
        room = height - len(listed)
        has_surface = sum(leaf.size for leaf in leaves if leaf.is_parameter) == 2
        if has_surface and width >= _BOTH_WIDTH:
            left = width // 2
            pictures = [
                self._data(number, left - 1, room, look),
                self._surface(number, width - left, room, look),
            ]
            rows = [[*fit(first, left - 1), (" ", ""), *second] for first, second in zip(*pictures, strict=True)]
        elif self.shows_surface:
            rows = self._surface(number, width, room, look)
        else:
            rows = self._data(number, width, room, look)
        return [(row, None) for row in [*rows, *listed]]

    def _figures(self, number: int, leaves: Sequence[Leaf], width: int) -> list[Row]:
        """Write value, gradient and update of the parameters at the step."""
        rows = [rule(messages.PARAMETERS, width)]
        shown = leaves[:_MOST_LEAVES]
        # The figures need 60 cells; where there are fewer, the update is left out before it is cut.
        room = min(max([len(leaf.name) for leaf in shown], default=0), max(width - 60, 6))
        for leaf in shown:
            row: Row = [(f" {shorten(leaf.name, room):<{room}}", "parameter")]
            for measure, figure in self.series.figures(leaf, number).items():
                text = messages.NONE if figure is None else format_value(figure, 4)
                text = text if figure is None or leaf.size == 1 else f"‖{text}‖"
                name = messages.MEASURE_NAMES[measure]
                if row_width(row) + len(name) + 13 > width:
                    break
                row += [(f"  {name} ", "quiet"), (f"{text:<10}", _STYLES[measure])]
            rows.append(row)
        return rows

    # -- the data --------------------------------------------------------------------------------------------------

    def _data(self, number: int, width: int, height: int, look: Look) -> list[Row]:
        size = width - MARGIN, height - 4
        if min(size) < _FEWEST:
            return _filled([], width, height)
        try:
            scene = self.space.scene(number, (), size)
        except UsageError as reason:
            return _reason(messages.DATA_TITLE, str(reason), width, height)
        head = rule(_title(scene), width)
        rows = (_draw_line if scene.kind == "line" else _draw_regions)(scene, size, look)
        return _filled([head, *rows, _legend(scene, look)], width, height)

    def _surface(self, number: int, width: int, height: int, look: Look) -> list[Row]:
        size = width - MARGIN, height - 4
        if min(size) < _FEWEST:
            return _filled([], width, height)
        # Reckoned at fewer places than there are cells: each is a run of the whole forward.
        grid = max(min(size[0] // 2, 40), 2), max(min(size[1], 24), 2)
        try:
            surface = self.surfaces.surface(number, grid)
        except UsageError as reason:
            return _reason(messages.SURFACE_TITLE, str(reason), width, height)
        first, second = surface.names
        here = surface.errors[numpy.isfinite(surface.errors)]
        span = f"{format_value(float(here.min()), 3)} … {format_value(float(here.max()), 3)}" if here.size else ""
        head = rule(messages.SURFACE_OF.format(across=first, up=second, span=span), width)
        legend: Row = [(f" {messages.SURFACE_LEGEND}", "quiet")]
        return _filled([head, *_draw_surface(surface, size, look), legend], width, height)


_STYLES = dict(zip(MEASURES, ("number", "gradient", "update"), strict=True))


def _title(scene: Scene) -> str:
    name, target = scene.names
    if scene.kind == "line":
        return messages.LINE_OF.format(target=target, name=name)
    first, second = scene.columns
    title = messages.REGIONS_OF.format(name=name, first=first, second=second)
    others = scene.count - 2
    return title + (f", {messages.OTHERS(others).format(count=others)}" if others else "")


def _legend(scene: Scene, look: Look) -> Row:
    marks = _ASCII_MARKS if look.is_ascii else _MARKS
    row: Row = [(" ", "")]
    if scene.kind == "regions" and scene.has_classes:
        for place, each in enumerate(numpy.unique(scene.points.targets)[: len(marks)]):
            row += [(marks[place], f"{_CLASSES[place]} bold"), (f" {scene.names[1]} = {each:g}  ", "quiet")]
    else:
        row += [(marks[0], "data"), (f" {messages.DATA}  ", "quiet")]
        if scene.kind == "line":
            row += [("━ ", "curve"), (f"{messages.MODEL}  ", "quiet")]
    if len(scene.batch.inputs) < len(scene.points.inputs):
        row += [(marks[0], "cursor selected"), (f" {messages.OF_THIS_STEP}", "quiet")]
    border = scene.border()
    if border is not None:
        row += [("  ┊ ", "mark"), (messages.BORDER_AT.format(place=format_value(border, 4)), "quiet")]
    return row


def _draw_line(scene: Scene, size: tuple[int, int], look: Look) -> list[Row]:
    targets = scene.points.targets
    finite = scene.prediction[numpy.isfinite(scene.prediction)]
    # The data decides what is seen: a line that has gone astray must not squeeze it.
    low, high = float(targets.min()), float(targets.max())
    reach = (high - low) or 1.0
    if finite.size:
        low, high = max(min(low, finite.min()), low - reach), min(max(high, finite.max()), high + reach)
    room = (high - low) * 0.05
    canvas = Canvas(
        *size, Axis(float(scene.axes[0][0]), float(scene.axes[0][-1])), Axis(low - room, high + room),
        is_ascii=look.is_ascii,
    )  # fmt: skip
    mark = (_ASCII_MARKS if look.is_ascii else "•")[0]
    column = scene.columns[0]
    for x, y in _some(scene.points.inputs[:, column], targets):
        canvas.mark(x, y, mark, "data")
    canvas.line(scene.axes[0], scene.prediction, "curve")
    if len(scene.batch.inputs) < len(targets):
        for x, y in _some(scene.batch.inputs[:, column], scene.batch.targets):
            canvas.mark(x, y, mark, "cursor")
    border = scene.border()
    if border is not None:
        canvas.upright(border, "|" if look.is_ascii else "┊", "mark")
    return canvas.rows()


def _some(xs: Array, ys: Array) -> list[tuple[float, float]]:
    every = -(-len(xs) // _MOST_MARKS)
    return list(zip(xs[::every].tolist(), ys[::every].tolist(), strict=True))


def _draw_regions(scene: Scene, size: tuple[int, int], look: Look) -> list[Row]:
    across = Axis(float(scene.axes[0][0]), float(scene.axes[0][-1]))
    up = Axis(float(scene.axes[1][0]), float(scene.axes[1][-1]))
    canvas = Canvas(*size, across, up, is_ascii=look.is_ascii)
    table = scene.prediction[::-1]
    if scene.has_classes and scene.threshold is None:
        canvas.behind(*_class_cells(table, look))
    else:
        middle = scene.threshold if scene.threshold is not None else float(scene.points.targets.mean())
        spread = float(numpy.abs(scene.points.targets - middle).max()) if scene.threshold is None else 0.5
        reach = max(spread, 1e-12) if scene.threshold != 0 else 4.0
        canvas.behind(*_level_cells(levels_of(numpy.clip(table - middle, -reach, reach), reach), look))
    marks = _ASCII_MARKS if look.is_ascii else _MARKS
    first, second = scene.columns
    classes = numpy.unique(scene.points.targets) if scene.has_classes else numpy.array([])
    every = -(-len(scene.points.inputs) // _MOST_MARKS)
    in_batch = {tuple(row) for row in scene.batch.inputs.tolist()}
    has_batch = len(scene.batch.inputs) < len(scene.points.inputs)
    for row, target in zip(scene.points.inputs[::every].tolist(), scene.points.targets[::every], strict=True):
        place = int(numpy.searchsorted(classes, target)) % len(marks) if classes.size else 0
        style = f"{_CLASSES[place % len(_CLASSES)]} bold" if scene.threshold is None and classes.size else "title"
        if has_batch and tuple(row) in in_batch:
            style = f"{style} selected"
        canvas.mark(row[first], row[second], marks[place], style)
    return canvas.rows()


_Cells = tuple[list[list[str]], list[list[str]], list[list[str]]]


def _class_cells(table: Array, look: Look) -> _Cells:
    """Fill the regions of classes, each in its colour and with its sign."""
    classes = numpy.unique(table)
    places = numpy.searchsorted(classes, table)
    values = [int(each) % len(_CLASSES) for each in classes]
    fills = _ASCII_FILLS if look.is_ascii else _FILLS
    signs = [[fills[values[place]] if not look.has_heat or look.is_ascii else "░" for place in row] for row in places]
    styles = [[_CLASSES[values[place]] for place in row] for row in places]
    return signs, styles, [[""] * table.shape[1] for _ in range(len(table))]


def _level_cells(levels: Array, look: Look) -> _Cells:
    """Fill cells with levels of heat, blue below and orange above; signs where there is no colour."""
    cells = cells_of(look)
    if cells == "half":
        backs = [[f"on{heat_name(min(level, LEVELS))}" for level in row] for row in levels.tolist()]
        return [[" "] * levels.shape[1] for _ in backs], [list(row) for row in backs], backs
    pairs = [[cell(level, level, cells) for level in row] for row in levels.tolist()]
    empty = [[""] * levels.shape[1] for _ in pairs]
    return [[sign for sign, _ in row] for row in pairs], [[style for _, style in row] for row in pairs], empty


def _draw_surface(surface: Surface, size: tuple[int, int], look: Look) -> list[Row]:
    first, second = surface.axes
    canvas = Canvas(*size, Axis(float(first[0]), float(first[-1])), Axis(float(second[0]), float(second[-1])),
                    is_ascii=look.is_ascii)  # fmt: skip
    errors = surface.errors[::-1]
    finite = errors[numpy.isfinite(errors)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    with numpy.errstate(all="ignore"):
        # By the root above the least, so that the valley is seen beside the heights.
        shares = numpy.sqrt((errors - low) / ((high - low) or 1.0))
    levels = levels_of(numpy.nan_to_num(shares, nan=1.0, posinf=1.0), 1.0)
    rows = numpy.arange(size[1]) * len(levels) // size[1]
    columns = numpy.arange(size[0]) * levels.shape[1] // size[0]
    canvas.behind(*_level_cells(levels[rows][:, columns], look))
    path, here = surface.path, surface.here()
    every = -(-len(path) // _MOST_MARKS)
    for x, y in path[::every].tolist():
        canvas.mark(x, y, "." if look.is_ascii else "•", "title")
    canvas.mark(float(path[0, 0]), float(path[0, 1]), "s" if look.is_ascii else "■", "title")
    canvas.mark(float(path[here, 0]), float(path[here, 1]), "@" if look.is_ascii else "◉", "cursor")
    return canvas.rows()


def _reason(title: str, reason: str, width: int, height: int) -> list[Row]:
    lines: list[Row] = [[(f"  {line}", "narration")] for line in wrap(reason, max(width - 4, 1))]
    return _filled([rule(title, width), [], [(f"  {messages.NO_PICTURE_HERE}", "title")], *lines], width, height)


def _filled(rows: Sequence[Row], width: int, height: int) -> list[Row]:
    fitted = [fit(row, width) for row in rows[:height]]
    return fitted + [fit([], width) for _ in range(height - len(fitted))]
