"""The whole graph in a corner of the pane, and what part of it one sees: where it is larger than the pane."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

from graphlab.tui import messages
from graphlab.tui.rows import Row, fit, row_width

if TYPE_CHECKING:
    from graphlab.layout.grid import GridLayout
    from graphlab.tui.box_plan import BoxPlan
    from graphlab.tui.camera import Camera

_LEAST_WIDTH, _LEAST_HEIGHT = 40, 12
"""Of a pane that has room for a map."""
_MOST_WIDTH, _MOST_HEIGHT = 24, 12


def map_size(width: int, height: int) -> tuple[int, int]:
    """Return the cells of a pane's map, its frame included; (0, 0) where there is no room."""
    if width < _LEAST_WIDTH or height < _LEAST_HEIGHT:
        return 0, 0
    return min(_MOST_WIDTH, width // 4), min(_MOST_HEIGHT, height // 3)


def minimap(plan: BoxPlan, camera: Camera, pane: tuple[int, int], marked: Iterable[int] = ()) -> list[Row]:
    """Return the rows of the map, framed: boxes as dots, and some nodes that are marked.

    The frame is heavy along what is in view, and so are the dots there.
    """
    width, height = map_size(*pane)
    layout = plan.layout
    if not width or not camera.has_more(layout, *pane):
        return []
    columns, lines = _shape(layout.width, layout.height, width - 2, height - 2)
    across, down = layout.width / columns, layout.height / lines
    signs = [list(line) for line in _signs(layout, columns, lines)]
    for node in marked:
        found = plan.box(node)
        if found is not None:
            x, y = int((found.x + found.width / 2) / across), int((found.y + found.height / 2) / down)
            signs[min(y, lines - 1)][min(x, columns - 1)] = "◆"
    view_x = range(*_share(camera.x, pane[0], across, columns))
    view_y = range(*_share(camera.y, pane[1], down, lines))
    title = f"─{messages.MAP}" if columns > len(messages.MAP) + 1 else ""
    bottom = "".join("━" if x in view_x else "─" for x in range(columns))
    rows: list[Row] = [[(f"╭{title}{'─' * (columns - len(title))}╮", "rule")]]
    for y, line in enumerate(signs):
        side = ("┃", "cursor") if y in view_y else ("│", "rule")
        rows.append([("│", "rule"), *_cells(line, view_x if y in view_y else range(0)), side])
    rows.append([("╰", "rule"), *_runs(bottom, {"━": "cursor", "─": "rule"}), ("╯", "rule")])
    return rows


@lru_cache(8)
def _signs(layout: GridLayout, columns: int, lines: int) -> list[str]:
    """Return all boxes as dots: the same for all moments."""
    across, down = layout.width / columns, layout.height / lines
    dots = [[0] * columns for _ in range(lines)]
    for box in layout.boxes.values():
        y, y_dot = divmod(min(int((box.y + box.height / 2) / down * 4), 4 * lines - 1), 4)
        for place in range(*_share(box.x, box.width, across / 2, 2 * columns)):
            x, x_dot = divmod(place, 2)
            dots[y][x] |= _DOTS[y_dot][x_dot]
    return ["".join(chr(0x2800 + bits) if bits else " " for bits in line) for line in dots]


_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bits of a Braille sign's dots, from top to bottom, left and right."""


def _shape(width: int, height: int, columns: int, lines: int) -> tuple[int, int]:
    """Return how many cells the map takes: as wide to its height as the graph is, as far as that can be read."""
    scale = max(width / columns, height / lines, 1.0)
    return min(max(round(width / scale), 8), columns), min(max(round(height / scale), 3), lines)


def map_target(plan: BoxPlan, size: tuple[int, int], x: int, y: int) -> tuple[int, int]:
    """Return the cell of the layout that a cell inside of the map's frame stands for."""
    return round((x + 0.5) / size[0] * plan.layout.width), round((y + 0.5) / size[1] * plan.layout.height)


def lay_over(rows: list[Row], over: list[Row], width: int, *, is_top: bool) -> list[Row]:
    """Put some rows over others, in a corner at the right."""
    first = 0 if is_top else len(rows) - len(over)
    joined = list(rows)
    for index, row in enumerate(over):
        joined[first + index] = fit(rows[first + index], width - row_width(row), is_picture=True) + row
    return joined


def _share(start: int, size: int, scale: float, cells: int) -> tuple[int, int]:
    """Return the cells of the map that a stretch of the layout takes: one at least."""
    first = min(max(int(start / scale), 0), cells - 1)
    return first, min(max(round((start + size) / scale), first + 1), cells)


def _cells(signs: list[str], view: range) -> Row:
    return [(sign, "cursor" if sign == "◆" else "op bold" if x in view else "faint") for x, sign in enumerate(signs)]


def _runs(text: str, styles: dict[str, str]) -> Row:
    return [("".join(run), styles[sign]) for sign, run in groupby(text)]
