"""The graph as boxes and lines: ops as boxes, what they use as a line of text, lines from one to the next.

Positions are those of the step's whole graph, so nothing jumps while it grows; what is still to come is dim and
dashed, what just ran has a heavy border, and what the backward has reached carries its gradient. A row is made only
when it is painted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast, overload

from graphlab.layout.grid import CellBox, CellSize, GridLayout, LineCell, border_glyph, glyph, lay_out_grid
from graphlab.model import LEAF_KINDS, Edge, Node
from graphlab.sentences import format_number, format_shape
from graphlab.tui import messages
from graphlab.tui.lane_columns import short_op
from graphlab.tui.lanes import node_mark
from graphlab.tui.rows import Row, fit, over, shorten, spread

if TYPE_CHECKING:
    import networkx

    from graphlab.structure import Structure
    from graphlab.tui.state import ExplorerState

MOST_BOXES = 300
"""Beyond so many nodes boxes cannot be read, and lanes are shown."""
_BOX_HEIGHT = 4
_LEAST_INNER = 14
_MOST_INNER = 24
_BORDERS = {"future": "╭╌╮╎╰╯", "made": "╭─╮│╰╯", "now": "┏━┓┃┗┛"}


class _Edges:
    """The edges of `PlainGraph`, as networkx hands them out."""

    def __init__(self, facts: dict[tuple[int, int, int], dict[str, int]]) -> None:
        self._facts = facts

    def __call__(self, *, keys: bool, data: str) -> Iterator[tuple[int, int, int, int]]:
        return ((*key, facts[data]) for key, facts in self._facts.items())

    def __getitem__(self, key: tuple[int, int, int]) -> dict[str, int]:
        return self._facts[key]


class PlainGraph:
    """As much of a `networkx.MultiDiGraph` as the layout asks for; its import would double the wait for a picture."""

    def __init__(self, count: int, edges: Sequence[_PlainEdge]) -> None:
        self.nodes = list(range(count))
        self.edges = _Edges({edge[:3]: {"slot": edge[2], "output": edge[3]} for edge in edges})


_PlainEdge = tuple[int, int, int, int, str]
"""Source, target, slot, output, label; nodes are counted within their step."""
_Rows = list[list[tuple[int, Any]]]
"""For each row, from left to right: a column and what begins there: a cell of a line, the line of a box (node,
number), or the label of an edge."""


@dataclass(frozen=True)
class BoxPlan:
    """Where everything of a step's graph stands; the layout counts nodes within the step, for steps alike share it."""

    layout: GridLayout
    rows: _Rows
    numbers: list[int]
    """The node that each of the layout's is."""
    index: dict[int, int]

    def box(self, number: int | None) -> CellBox | None:
        """Return where a node stands."""
        place = self.index.get(number) if number is not None else None
        return self.layout.boxes[place] if place is not None else None


def plan_boxes(state: ExplorerState, structure: Structure, last: int) -> BoxPlan:
    """Lay out the graph of a step whose last event is `last`."""
    names = state.recording.names(last)
    numbers = list(structure.nodes)
    index = {number: place for place, number in enumerate(numbers)}
    sizes = tuple(_size(node, names.get(number, [])) for number, node in structure.nodes.items())
    edges = tuple(
        (index[edge.source], index[edge.target], edge.slot, edge.output, edge.label)
        for edge in structure.edges
        if edge.source in index
    )
    return BoxPlan(*_lay_out(sizes, edges), numbers, index)


@lru_cache(16)
def _lay_out(sizes: tuple[CellSize, ...], edges: tuple[_PlainEdge, ...]) -> tuple[GridLayout, _Rows]:
    """Lay out a graph; the steps of a training are alike, and share what is found for the first."""
    labels = {edge[:3]: len(edge[4]) for edge in edges if edge[4]}
    graph = cast("networkx.MultiDiGraph[int]", PlainGraph(len(sizes), edges))
    layout = lay_out_grid(graph, dict(enumerate(sizes)), labels, wrap=60)
    rows: _Rows = [[] for _ in range(layout.height)]
    for (x, y), cell in layout.lines.items():
        rows[y].append((x, cell))
    for place, box in layout.boxes.items():
        for line in range(box.height):
            rows[box.y + line].append((box.x, (place, line)))
    texts = {edge[:3]: edge[4] for edge in edges}
    for key, label in layout.labels.items():
        rows[label.y].append((label.x, texts[key]))
    for row in rows:
        row.sort(key=lambda item: item[0])
    return layout, rows


def _size(node: Node, names: list[str]) -> CellSize:
    name = node.name or next(iter(names), "")
    shape = format_shape(node.shape)
    if node.kind == "data":
        return CellSize(min(len(name) + 1 + len(shape), _MOST_INNER), 1, is_minor=True)
    if node.kind in LEAF_KINDS:
        # A second line for the norm of the gradient that will come.
        return CellSize(min(max(len(name) + 1 + len(shape), 8), _MOST_INNER), 2, is_minor=True)
    inner = max(len(short_op(node.op)) + 9, len(name) + 1 + len(shape), _LEAST_INNER)
    return CellSize(min(inner, _MOST_INNER) + 4, _BOX_HEIGHT)


class BoxRows(Sequence[Row]):
    """The rows of the boxes, each made when it is painted."""

    def __init__(self, state: ExplorerState, plan: BoxPlan, width: int) -> None:
        self.state = state
        self.plan = plan
        self.margin = max((width - plan.layout.width) // 2, 0)
        """Blank columns at the left, so that a small graph stands in the middle."""
        self.width = max(width, plan.layout.width)
        self.path = frozenset(state.path())
        step = state.step
        edges = state.recording.structure(step.step).edges if step is not None else []
        places = plan.index
        self._edges = {(places[e.source], places[e.target], e.slot): e for e in edges if e.source in places}
        self._styles: dict[tuple[int, int, int], str] = {}

    def __len__(self) -> int:
        return len(self.plan.rows)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self[number] for number in range(len(self))[index]]
        y = range(len(self))[index]
        row: Row = []
        used = -self.margin
        for x, what in self.plan.rows[y]:
            row.append((" " * (x - used), ""))
            if isinstance(what, LineCell):
                piece: Row = [(glyph(what), self._line_style(what))]
                size = 1
            elif isinstance(what, str):
                piece, size = [(what, "data")], len(what)
            else:
                place, line = what
                box = self.plan.layout.boxes[place]
                piece, size = self._box_line(self.plan.numbers[place], box, line, y), box.width
            row += piece
            used = x + size
        return fit(row, self.width)

    def _line_style(self, cell: LineCell) -> str:
        """Return the style of a line: dim before its edge is there, of the gradient's colour once one came back."""
        styles = {self._edge_style(key) for strand in cell.strands for key in strand.edges}
        return next((style for style in ("mark", "gradient", "lane") if style in styles), "future")

    def _edge_style(self, key: tuple[int, int, int]) -> str:
        style = self._styles.get(key)
        if style is None:
            edge = self._edges[key]
            style = self._styles[key] = self._find_edge_style(edge)
        return style

    def _find_edge_style(self, edge: Edge) -> str:
        if edge.event > self.state.moment:
            return "future"
        if edge.source in self.path and edge.target in self.path:
            return "mark"
        return "gradient" if self.state.has_edge_gradient(edge.target, edge.slot) else "lane"

    def _box_line(self, number: int, box: CellBox, line: int, y: int) -> Row:
        state = self.state
        node: Node = state.node(number)
        mark, names = node_mark(state, node)
        if box.height < _BOX_HEIGHT:
            row = self._text_line(node, box.width, line, names)
        else:
            row = self._framed_line(node, box, line, y, mark, names)
        if number in state.marks or number in self.path:
            row = over(row, "mark")
        if number == state.selected_node:
            row = over(row, "selected" if state.selected is not None else "line")
        return row

    def _text_line(self, node: Node, width: int, line: int, names: str) -> Row:
        """Return what stands for data or a leaf: `W_h 20x20`, and for a leaf its gradient once it came."""
        state = self.state
        is_future = names == "future"
        if line == 1:
            gradient = None if is_future else state.gradient(node.id)
            text = f"∇ {format_number(gradient.statistics.norm)}" if gradient is not None else "∇"
            return fit([(text, "future" if is_future else "gradient" if gradient is not None else "leaf")], width)
        name = state.tag_of(node) or (node.name or "")
        found = "match" if state.search.is_found(state, node.id) else ""
        row: Row = [(name, found or (names if is_future or names == "cursor" else node.kind))]
        row.append((f" {format_shape(node.shape)}", "future" if is_future else "shapes"))
        return fit(row, width)

    def _framed_line(self, node: Node, box: CellBox, line: int, y: int, mark: str, names: str) -> Row:
        frame = "future" if names == "future" else "now" if mark == "◉" else "made"
        signs = _BORDERS[frame]
        ink = "future" if frame == "future" else "cursor" if frame == "now" else names
        if line in {0, box.height - 1}:
            left, right = (signs[0], signs[2]) if line == 0 else (signs[4], signs[5])
            return [(left + self._border(box, y, signs[1], is_heavy=frame == "now") + right, ink)]
        inner = box.width - 4
        text = self._first_line(node, inner, frame) if line == 1 else self._second_line(node, inner, frame)
        side = signs[3]
        return [(f"{side} ", ink), *text, (f" {side}", ink)]

    def _border(self, box: CellBox, y: int, sign: str, *, is_heavy: bool) -> str:
        """Return a horizontal border, with the signs where lines pass through it."""
        ports = self.plan.layout.ports
        cells = []
        for x in range(box.x + 1, box.x + box.width - 1):
            port = ports.get((x, y))
            cells.append(sign if port is None else border_glyph(port, "heavy" if is_heavy else "light"))
        return "".join(cells)

    def _first_line(self, node: Node, width: int, frame: str) -> Row:
        """Return the op, and its event or, once it came, the norm of its gradient."""
        state = self.state
        is_future = frame == "future"
        word = short_op(node.op).lower() if node.kind == "op" else messages.LANE_KINDS[node.kind]
        right: Row = [(f" e{node.event}", "future" if is_future else "quiet")]
        if not is_future and state.has_gradient(node.id):
            gradient = state.gradient(node.id)
            text = "None" if gradient is None else format_number(gradient.statistics.norm)
            right = [(f" ∇{text}", "gradient")]
        found = "match" if state.search.is_found(state, node.id) else ""
        return spread([(word, found or ("future" if is_future else node.kind))], right, width)

    def _second_line(self, node: Node, width: int, frame: str) -> Row:
        """Return the tag that sits on the node now, and the shape."""
        is_future = frame == "future"
        shape: Row = [(f" {format_shape(node.shape)}", "future" if is_future else "shapes")]
        tag = self.state.tag_of(node)
        return spread([(shorten(tag, width), "future" if is_future else "bold")], shape, width)


def box_at(plan: BoxPlan, margin: int, x: int, y: int) -> int | None:
    """Return the node whose box covers a cell."""
    for place, box in plan.layout.boxes.items():
        if box.x <= x - margin < box.x + box.width and box.y <= y < box.y + box.height:
            return plan.numbers[place]
    return None


def neighbour(plan: BoxPlan, number: int | None, dx: int, dy: int) -> int | None:
    """Return the nearest box in a direction; without a box to start from the first or last."""
    boxes = {plan.numbers[place]: box for place, box in plan.layout.boxes.items()}
    here = plan.box(number)
    if here is None:
        ordered = sorted(boxes, key=lambda n: (boxes[n].y, boxes[n].x))
        return (ordered[0] if dx + dy > 0 else ordered[-1]) if ordered else None
    best = None
    for other, box in boxes.items():
        across = box.x + box.width / 2 - here.x - here.width / 2
        along = (box.y + box.height / 2 - here.y - here.height / 2) * 2
        forward, aside = (along * dy, abs(across)) if dy else (across * dx, abs(along))
        if forward > 0 and (dy == 0 or box.y != here.y):
            score = forward + (2 if dy else 4) * aside
            if best is None or score < best[0]:
                best = (score, other)
    return best[1] if best is not None else None
