"""The graph as lanes: one row a node, the result on top, so that a backward walks down; edges as lanes at the left.

Which rows and lanes there are depends on the step alone, so nothing jumps while the cursor moves; rows are made only
when they are painted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from graphlab.layout.lanes import LaneRow, Lanes, newest_first
from graphlab.model import LEAF_KINDS, Node
from graphlab.sentences import format_number, format_shape
from graphlab.tui import messages
from graphlab.tui.rows import Row, fit, over, shorten

if TYPE_CHECKING:
    from graphlab.structure import Structure
    from graphlab.tui.state import ExplorerState

_MOST_LANES = 12
_SCANNED = 2000
"""Rows that are looked at to know how many lanes there are."""


def layout_lanes(structure: Structure) -> tuple[Lanes, list[int]]:
    """Return the lanes of a step's graph, and the node of every row."""
    nodes = list(structure.nodes)
    sources = [edge.source for edge in structure.edges]
    targets = [edge.target for edge in structure.edges]
    order = newest_first(nodes, sources, targets)
    lanes = Lanes(order, sources, targets)
    scanned = min(len(lanes), _SCANNED)
    lanes.rows(scanned - 1, scanned)
    return lanes, order


def lane_cells(row: LaneRow, mark: str, lanes: int) -> str:
    """Draw a row's lanes, two cells each: the node's mark, and from it lines to the lanes of its further inputs."""
    cells = [" "] * (lanes * 2)
    passing = {lane for lane, _ in row.passing}
    for lane in passing:
        if lane < lanes:
            cells[lane * 2] = "│"
    ends = {join.lane: join for join in row.joins if join.lane < lanes}
    for lane in ends:
        low, high = sorted((row.lane, lane))
        for cell in range(low * 2 + 1, min(high * 2, len(cells))):
            cells[cell] = "┼" if cells[cell] == "│" else "─"
    outermost = {min((*ends, row.lane)), max((*ends, row.lane))}
    for lane, join in ends.items():
        is_right = lane > row.lane
        if lane in outermost:
            sign = ("╮" if is_right else "╭") if join.is_new else ("┤" if is_right else "├")
        else:
            sign = "┬" if join.is_new else "┼"
        cells[lane * 2] = sign
    if row.lane < lanes:
        cells[row.lane * 2] = mark
    return "".join(cells)


def node_mark(state: ExplorerState, node: Node) -> tuple[str, str]:
    """Return the sign and the style of a node at the cursor."""
    moment = state.moment
    if node.event > moment or (moment == 0 and node.event == 0):
        return ("◇" if node.kind in LEAF_KINDS else "○"), "future"
    event = state.event
    is_now = node.event in state.recent or (event is not None and event.node == node.id)
    if is_now:
        return "◉", "cursor"
    if node.kind == "data":
        return "◌", "data"
    if node.kind in LEAF_KINDS:
        return "◆", "gradient" if state.has_gradient(node.id) else "leaf"
    return ("✓", "gradient") if state.has_gradient(node.id) else ("●", node.kind)


def short_op(op: str | None) -> str:
    """Return an op as people say it: `Mm` for `MmBackward0`."""
    return (op or "").rstrip("0123456789").removesuffix("Backward") or (op or "")


class LaneRows(Sequence[Row]):
    """The rows of a graph's lanes, each made when it is painted."""

    def __init__(self, state: ExplorerState, lanes: Lanes, width: int) -> None:
        self.state = state
        self.lanes = lanes
        self.width = width
        self.columns = max(min(lanes.width, _MOST_LANES, width // 6), 1)
        self.path = frozenset(state.path())

    def __len__(self) -> int:
        return len(self.lanes)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self[number] for number in range(len(self))[index]]
        number = range(len(self))[index]
        return self._row(self.lanes.rows(number, number + 1, self.columns)[0])

    def _row(self, lane: LaneRow) -> Row:
        state = self.state
        node: Node = state.node(lane.node)
        mark, names = node_mark(state, node)
        is_future = names == "future"
        left, sign, right = lane_cells(lane, "\0", self.columns).partition("\0")
        row: Row = [(" ", ""), (left, "lane"), (mark if sign else "", names), (right, "lane")]
        row += self._words(node, is_future=is_future)
        row = fit(row, self.width)
        if lane.node in state.marks or lane.node in self.path:
            row = over(row, "mark")
        if lane.node == state.selected_node:
            row = over(row, "selected" if state.selected is not None else "line")
        return row

    def _words(self, node: Node, *, is_future: bool) -> Row:
        state = self.state
        room = self.width - 1 - self.columns * 2
        tags = state.names().get(node.id, [])
        name = node.name or next(iter(tags), "")
        if is_future and not name:
            name = state.step_name(node.id)
        future = "future" if is_future else ""
        kind = short_op(node.op).lower() if node.kind == "op" else messages.LANE_KINDS[node.kind]
        found = "match" if state.search.is_found(state, node.id) else ""
        words: Row = [(shorten(kind, 12), found or future or node.kind), (" " * max(8 - len(kind), 1), "")]
        if name:
            words.append((f"{name} ", future or ("data" if node.kind == "data" else "bold")))
        words.append((format_shape(node.shape), future or "shapes"))
        if node.kind in LEAF_KINDS:
            words.append((" ∇", future or "leaf"))
        tail = self._tail(node, room, is_future=is_future)
        size = sum(len(text) for text, _ in tail)
        words = fit(words, max(room - size, 0))
        return words + tail

    def _tail(self, node: Node, room: int, *, is_future: bool) -> Row:
        state = self.state
        tail: Row = []
        if not is_future and room >= 26 and state.has_gradient(node.id):
            gradient = state.recording.gradient(node.id, state.moment)
            text = "None" if gradient is None else format_number(gradient.statistics.norm)
            tail.append((f" ‖∇‖ {text}", "gradient"))
        if room >= 20:
            tail.append((f" {'e' + str(node.event):>5}", "future" if is_future else "quiet"))
        if room >= 60 and node.line:
            tail.append((f" L{node.line:<4}", "quiet"))
        if room >= 76 and node.module:
            tail.append((f" {shorten(node.module, 16)}", "quiet"))
        return tail
