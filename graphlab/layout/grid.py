"""A graph as boxes and lines on a grid of characters, as plain data that a widget paints with colours of its own.

The same layout as on a page, in whole cells: lines leave a box through its border, turn between layers, and join there
with the right box-drawing sign. Which sign that is says `glyph`; where lines of different tensors cross without
meeting, one passes under the other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from graphlab.layout.boxes import Box, Direction, EdgeKey, Route, lay_out_items
from graphlab.layout.columns import Gaps
from graphlab.layout.placement import Item, Spacing, Tag

if TYPE_CHECKING:
    import networkx

UP, RIGHT, DOWN, LEFT = 1, 2, 4, 8
"""Directions in which a line leaves a cell, as bits."""
_STRIP = 16
"""Rows that are looked up together."""

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

DOTS = replace(DOWNWARDS, gaps=Gaps(boxes=3, box_and_net=2, nets=1), ports=1, least=2, apart=2)
"""For boxes of a single sign: between two layers there is always a line to be seen."""

BARE = replace(DOWNWARDS, least=2, apart=2)
"""For boxes without a border, whose lines are nowhere to be seen but between the layers."""

DOTS_RIGHTWARDS = replace(RIGHTWARDS, gaps=Gaps(boxes=2, box_and_net=1, nets=1), lead=1, least=3, apart=2)
BARE_RIGHTWARDS = replace(RIGHTWARDS, apart=2)
"""The same for boxes that follow one another from left to right."""


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
    ways: tuple[int, ...] = ()
    """The directions in which each of the edges passes; together they are `directions`."""


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
    def edges(self) -> tuple[EdgeKey, ...]:
        """All edges that run through it."""
        return tuple(edge for strand in self.strands for edge in strand.edges)

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
class LineRow:
    """The cells of one row through which lines run, by column."""

    lines: Mapping[int, LineCell]
    """Between boxes."""
    ports: Mapping[int, LineCell]
    """On a box's border, where lines leave it or enter it."""


class LineRows:
    """The lines of a graph, row by row.

    A row is drawn when it is asked for: the lines of a wide graph cover millions of cells, of which one sees thousands.
    """

    def __init__(self, routes: Mapping[EdgeKey, Route]) -> None:
        self._edges: list[tuple[EdgeKey, int, list[tuple[int, int]]]] = []
        """Each edge with its net and the corners of its way."""
        self._ends: set[tuple[int, int]] = set()
        self._near: dict[int, list[int]] = {}
        """For each strip of rows the edges that pass it, in their order."""
        for number, (key, route) in enumerate(routes.items()):
            points = [(int(x), int(y)) for x, y in route.points]
            self._edges.append((key, route.net, points))
            self._ends |= {points[0], points[-1]}
            rows = [y for _, y in points]
            for strip in range(min(rows) // _STRIP, max(rows) // _STRIP + 1):
                self._near.setdefault(strip, []).append(number)
        self.row = lru_cache(256)(self._row)

    def _row(self, y: int) -> LineRow:
        found: dict[int, dict[int, list[tuple[EdgeKey, int]]]] = {}
        for number in self._near.get(y // _STRIP, ()):
            key, net, points = self._edges[number]
            for x, directions in _cells_in_row(points, y).items():
                found.setdefault(x, {}).setdefault(net, []).append((key, directions))
        lines: dict[int, LineCell] = {}
        ports: dict[int, LineCell] = {}
        # Along a line most cells are alike, and share what describes them.
        known: dict[tuple[tuple[int, tuple[tuple[EdgeKey, int], ...]], ...], LineCell] = {}
        for x, strands in sorted(found.items()):
            content = tuple((net, tuple(passing)) for net, passing in sorted(strands.items()))
            cell = known.get(content)
            if cell is None:
                cell = known[content] = LineCell(tuple(_strand(net, passing) for net, passing in content))
            (ports if (x, y) in self._ends else lines)[x] = cell
        return LineRow(lines, ports)


@dataclass(frozen=True, eq=False)
class GridLayout:
    """Where everything is; (0, 0) is the cell at the top left."""

    width: int
    height: int
    boxes: Mapping[int, CellBox]
    rows: LineRows
    labels: Mapping[EdgeKey, CellLabel]

    def row(self, y: int) -> LineRow:
        """Return the lines of a row."""
        return self.rows.row(y)

    @cached_property
    def lines(self) -> Mapping[tuple[int, int], LineCell]:
        """All cells of lines between boxes; of a large graph very many."""
        return {(x, y): cell for y in range(self.height) for x, cell in self.row(y).lines.items()}

    @cached_property
    def ports(self) -> Mapping[tuple[int, int], LineCell]:
        """All cells of borders through which lines run."""
        return {(x, y): cell for y in range(self.height) for x, cell in self.row(y).ports.items()}


def lay_out_grid(
    graph: networkx.MultiDiGraph,
    sizes: Mapping[int, CellSize],
    labels: Mapping[EdgeKey, int] | None = None,
    *,
    direction: Direction = "down",
    wrap: int = 160,
    spacing: Spacing | None = None,
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
    spacing = spacing or (DOWNWARDS if is_down else RIGHTWARDS)
    placed = lay_out_items(graph, items, tags, spacing=spacing, direction=direction, wrap=wrap)
    boxes = {node: _cell_box(box) for node, box in placed.boxes.items()}
    found = {}
    for key, width in (labels or {}).items():
        room = placed.routes[key].label
        if room is not None:
            x, y = int(room.x), int(room.y)
            found[key] = CellLabel(x + 1, y, width)
    return GridLayout(int(placed.width) + 1, int(placed.height) + 1, boxes, LineRows(placed.routes), found)


def _cell_box(box: Box) -> CellBox:
    return CellBox(int(box.x), int(box.y), int(box.width) + 1, int(box.height) + 1)


def _strand(net: int, passing: Sequence[tuple[EdgeKey, int]]) -> Strand:
    directions = 0
    for _, way in passing:
        directions |= way
    return Strand(net, directions, tuple(edge for edge, _ in passing), tuple(way for _, way in passing))


def _cells_in_row(points: Sequence[tuple[int, int]], y: int) -> dict[int, int]:
    """Return the cells of a row through which a polyline runs, and in which directions it leaves each."""
    cells: dict[int, int] = {}
    for (first_x, first_y), (last_x, last_y) in pairwise(points):
        if first_y == last_y == y:
            low, high = min(first_x, last_x), max(first_x, last_x)
            cells[low] = cells.get(low, 0) | RIGHT
            cells[high] = cells.get(high, 0) | LEFT
            for x in range(low + 1, high):
                cells[x] = cells.get(x, 0) | LEFT | RIGHT
        elif first_x == last_x and min(first_y, last_y) <= y <= max(first_y, last_y):
            ways = (DOWN if y < max(first_y, last_y) else 0) | (UP if y > min(first_y, last_y) else 0)
            cells[first_x] = cells.get(first_x, 0) | ways
    return cells


Style = Literal["round", "ascii"]

_JOINTS = " ╵╹╶╰┖╺┕┗╷│╿╭├┞┍┝┡╻╽┃┎┟┠┏┢┣╴╯┚─┴┸╼┶┺╮┤┦┬┼╀┮┾╄┒┧┨┰╁╂┲╆╊╸┙┛╾┵┹━┷┻┑┥┩┭┽╃┯┿╇┓┪┫┱╅╉┳╈╋"
"""Every sign by how its line leaves it up, right, down and left: not (0), light (1) or heavy (2), in base 3."""
_HALF = {UP: "│", DOWN: "│", LEFT: "─", RIGHT: "─"}
_PLACES = ((UP, 1), (RIGHT, 3), (DOWN, 9), (LEFT, 27))


@lru_cache(256)
def joint(light: int, heavy: int = 0) -> str:
    """Return the sign from which light lines leave in some directions and heavy ones in others."""
    return _JOINTS[sum(place * (2 if heavy & way else 1 if light & way else 0) for way, place in _PLACES)]


def glyph(cell: LineCell, style: Style = "round", lit: Collection[EdgeKey] = ()) -> str:
    """Return the sign for a cell between boxes, heavy where lit edges pass.

    Where two lines only cross, one is seen: the lit one, else the one that runs down.
    """
    strands = cell.strands
    if cell.is_crossing:
        on_top = [strand for strand in strands if any(edge in lit for edge in strand.edges)] if lit else []
        if len(on_top) != 1:
            on_top = [strand for strand in strands if strand.directions == UP | DOWN]
        strands = (on_top[0],)
    directions = strands[0].directions
    if style == "ascii":
        if directions in {UP, DOWN, UP | DOWN}:
            return "|"
        return "-" if directions in {LEFT, RIGHT, LEFT | RIGHT} else "+"
    heavy = lit_ways(strands[0], lit) if lit else 0
    return joint(directions, heavy) if heavy else _HALF.get(directions) or joint(directions)


def lit_ways(strand: Strand, lit: Collection[EdgeKey]) -> int:
    """Return the directions in which lit edges pass."""
    found = 0
    for edge, way in zip(strand.edges, strand.ways, strict=False):
        if edge in lit:
            found |= way
    return found


_DOUBLE = {UP: "╧", DOWN: "╤", LEFT: "╢", RIGHT: "╟"}


def border_glyph(
    cell: LineCell, border: Literal["light", "heavy", "double", "ascii"] = "light", lit: Collection[EdgeKey] = ()
) -> str:
    """Return the sign for a cell of a box's border through which a line runs; a dashed border counts as light."""
    if border == "ascii":
        return "+"
    if border == "double":
        return next((sign for way, sign in _DOUBLE.items() if cell.directions & way), "╬")
    out = cell.directions
    side = LEFT | RIGHT if out & (UP | DOWN) else UP | DOWN
    heavy = 0
    for strand in cell.strands:
        heavy |= lit_ways(strand, lit) if lit else 0
    return joint(out | side, heavy | (side if border == "heavy" else 0))
