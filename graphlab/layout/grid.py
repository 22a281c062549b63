"""A graph as boxes and lines on a grid of characters, as plain data that a widget paints with colours of its own.

The same layout as on a page, in whole cells: lines leave a box through its border, turn between layers, and join there
with the right box-drawing sign. Which sign that is says `glyph`; where lines of different tensors cross without
meeting, one passes under the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from graphlab.layout.boxes import Box, BoxLayout, Direction, EdgeKey, lay_out_items
from graphlab.layout.columns import Gaps
from graphlab.layout.placement import Item, Spacing, Tag

if TYPE_CHECKING:
    import networkx

UP, RIGHT, DOWN, LEFT = 1, 2, 4, 8
"""Directions in which a line leaves a cell, as bits."""

DOWNWARDS = Spacing(
    gaps=Gaps(boxes=4, box_and_net=3, nets=2),
    ports=2,
    lead=1,
    track=1,
    least=1,
    clearance=1,
    unit=1,
    apart=3,
)
"""Cells from one column to the next, so 4 leaves three blank ones between two boxes."""

RIGHTWARDS = Spacing(
    gaps=Gaps(boxes=2, box_and_net=2, nets=1),
    ports=1,
    lead=2,
    track=2,
    least=4,
    clearance=1,
    unit=1,
    apart=3,
)


@dataclass(frozen=True, slots=True)
class CellSize:
    """How many cells a box takes, its border included."""

    width: int
    height: int
    is_minor: bool = False


@dataclass(frozen=True, slots=True)
class CellBox:
    """A box on the grid: its top left cell and how many cells it takes."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Strand:
    """What one tensor's line does in a cell."""

    net: int
    directions: int
    edges: tuple[EdgeKey, ...]


@dataclass(frozen=True, slots=True)
class LineCell:
    """A cell through which lines run: one tensor's, or two that cross."""

    strands: tuple[Strand, ...]

    @property
    def directions(self) -> int:
        """All directions together."""
        found = 0
        for strand in self.strands:
            found |= strand.directions
        return found

    @property
    def is_crossing(self) -> bool:
        return len(self.strands) > 1


@dataclass(frozen=True, slots=True)
class CellLabel:
    """Room for an edge's label, in one row."""

    x: int
    y: int
    width: int


@dataclass(frozen=True, slots=True)
class GridLayout:
    """Where everything is; (0, 0) is the cell at the top left."""

    width: int
    height: int
    boxes: Mapping[int, CellBox]
    lines: Mapping[tuple[int, int], LineCell]
    """Cells between boxes."""
    ports: Mapping[tuple[int, int], LineCell]
    """Cells of a box's border through which lines leave it or enter it."""
    labels: Mapping[EdgeKey, CellLabel]


def lay_out_grid(
    graph: networkx.MultiDiGraph,
    sizes: Mapping[int, CellSize],
    labels: Mapping[EdgeKey, int] | None = None,
    *,
    direction: Direction = "down",
    wrap: int = 160,
) -> GridLayout:
    """Lay out a graph on cells; `labels` are the widths of the edges' labels, beside the end of each line."""
    is_down = direction == "down"
    items = {}
    for node, size in sizes.items():
        across, along = (size.width, size.height) if is_down else (size.height, size.width)
        # A line of text alone has no corners to keep away from.
        inset = 0 if min(size.width, size.height) == 1 else 1
        items[node] = Item(across // 2, across - 1 - across // 2, along - 1, inset, size.is_minor)
    # Beside the line (downwards), or above it (to the right), with a blank between label and what comes next.
    tags = {
        key: Tag(0, width + 1, 1) if is_down else Tag(1, 0, width + 2) for key, width in (labels or {}).items() if width
    }
    spacing = DOWNWARDS if is_down else RIGHTWARDS
    placed = lay_out_items(graph, items, tags, spacing=spacing, direction=direction, wrap=wrap)
    boxes = {node: _cell_box(box) for node, box in placed.boxes.items()}
    lines, ports = _draw_lines(placed)
    found = {}
    for key, width in (labels or {}).items():
        room = placed.routes[key].label
        if room is not None:
            x, y = int(room.x), int(room.y)
            found[key] = CellLabel(x + 1, y, width)
    return GridLayout(int(placed.width) + 1, int(placed.height) + 1, boxes, lines, ports, found)


def _cell_box(box: Box) -> CellBox:
    return CellBox(int(box.x), int(box.y), int(box.width) + 1, int(box.height) + 1)


Cells = dict[tuple[int, int], LineCell]


def _draw_lines(placed: BoxLayout) -> tuple[Cells, Cells]:
    """Return the cells of all lines: those between boxes, and those on borders."""
    found: dict[tuple[int, int], dict[int, tuple[int, list[EdgeKey]]]] = {}
    ends = set()
    for key, route in placed.routes.items():
        points = [(int(x), int(y)) for x, y in route.points]
        ends |= {points[0], points[-1]}
        for (x, y), directions in _cells_of(points).items():
            strands = found.setdefault((x, y), {})
            known, edges = strands.get(route.net, (0, []))
            strands[route.net] = known | directions, [*edges, key]
    lines: Cells = {}
    ports: Cells = {}
    for place, strands in sorted(found.items()):
        cell = LineCell(
            tuple(Strand(net, directions, tuple(edges)) for net, (directions, edges) in sorted(strands.items()))
        )
        (ports if place in ends else lines)[place] = cell
    return lines, ports


def _cells_of(points: list[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Return the cells of a polyline, and in which directions it leaves each."""
    cells = {points[0]: 0}
    for start, (end_x, end_y) in pairwise(points):
        x, y = start
        step_x, step_y = (end_x > x) - (end_x < x), (end_y > y) - (end_y < y)
        out = RIGHT if step_x > 0 else LEFT if step_x < 0 else DOWN if step_y > 0 else UP
        back = {RIGHT: LEFT, LEFT: RIGHT, DOWN: UP, UP: DOWN}[out]
        for _ in range(abs(end_x - x) + abs(end_y - y)):
            cells[x, y] |= out
            x, y = x + step_x, y + step_y
            cells[x, y] = cells.get((x, y), 0) | back
    return cells


Style = Literal["round", "ascii"]

_ROUND = {
    UP | DOWN: "│",
    LEFT | RIGHT: "─",
    UP: "│",
    DOWN: "│",
    LEFT: "─",
    RIGHT: "─",
    DOWN | RIGHT: "╭",
    DOWN | LEFT: "╮",
    UP | RIGHT: "╰",
    UP | LEFT: "╯",
    UP | DOWN | RIGHT: "├",
    UP | DOWN | LEFT: "┤",
    DOWN | LEFT | RIGHT: "┬",
    UP | LEFT | RIGHT: "┴",
    UP | DOWN | LEFT | RIGHT: "┼",
}


def glyph(cell: LineCell, style: Style = "round") -> str:
    """Return the sign for a cell between boxes. Where two lines only cross, the one down is seen."""
    directions = cell.directions
    if style == "ascii":
        if cell.is_crossing or directions in {UP, DOWN, UP | DOWN}:
            return "|"
        return "-" if directions in {LEFT, RIGHT, LEFT | RIGHT} else "+"
    return "│" if cell.is_crossing else _ROUND[directions]


_BORDERS = {
    ("light", UP): "┴",
    ("light", DOWN): "┬",
    ("light", LEFT): "┤",
    ("light", RIGHT): "├",
    ("heavy", UP): "┷",
    ("heavy", DOWN): "┯",
    ("heavy", LEFT): "┨",
    ("heavy", RIGHT): "┠",
    ("double", UP): "╧",
    ("double", DOWN): "╤",
    ("double", LEFT): "╢",
    ("double", RIGHT): "╟",
}


def border_glyph(cell: LineCell, border: Literal["light", "heavy", "double", "ascii"] = "light") -> str:
    """Return the sign for a cell of a box's border through which a line runs; a dashed border counts as light."""
    if border == "ascii":
        return "+"
    return next((_BORDERS[border, way] for way in (UP, DOWN, LEFT, RIGHT) if cell.directions & way), "┼")
