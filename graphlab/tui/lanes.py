"""The graph as lanes: one row a node, the result on top, so that a backward walks down; edges as lanes at the left.

Which rows and lanes there are depends on the step alone, so nothing jumps while the cursor moves; rows are made only
when they are painted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

from graphlab.model import LEAF_KINDS, Node
from graphlab.sentences import format_number, format_shape
from graphlab.tui import messages
from graphlab.tui.rows import Row, fit, over, shorten

if TYPE_CHECKING:
    from graphlab.structure import Structure
    from graphlab.tui.state import ExplorerState

_MOST_LANES = 12


@dataclass(frozen=True, slots=True)
class Lane:
    """A node's row: the column it stands in, and what its row draws in the others."""

    node: int
    column: int
    through: tuple[int, ...]
    """Columns of edges that pass by."""
    joined: tuple[int, ...]
    """Columns whose edges end here, beside its own."""
    opened: tuple[int, ...]
    """Columns whose edges begin here, beside its own."""
    goes_on: bool
    """Whether an edge goes on down its own column."""
    is_entered: bool
    """Whether an edge comes from above."""


def layout_lanes(structure: Structure) -> list[Lane]:
    """Give every node a row and a column."""
    inputs: dict[int, list[int]] = {}
    for edge in structure.edges:
        below = inputs.setdefault(edge.target, [])
        if edge.source not in below:
            below.append(edge.source)
    lanes: list[int | None] = []
    rows = []
    for node in _order(structure, inputs):
        mine = [column for column, waiting in enumerate(lanes) if waiting == node]
        is_entered = bool(mine)
        column = mine[0] if mine else _free(lanes)
        for other in mine[1:]:
            lanes[other] = None
        through = tuple(c for c, waiting in enumerate(lanes) if waiting is not None and c != column)
        below = inputs.get(node, [])
        new = [source for source in below if source not in lanes or lanes.index(source) == column]
        passing = [lanes.index(source) for source in below if source in lanes and lanes.index(source) != column]
        lanes[column] = new[0] if new else None
        opened = []
        for source in new[1:]:
            # A lane that has just ended here is not taken again in the same row: its corner stands there.
            free = next((c for c in range(column + 1, len(lanes)) if lanes[c] is None and c not in mine), len(lanes))
            if free == len(lanes):
                lanes.append(None)
            lanes[free] = source
            opened.append(free)
        rows.append(Lane(node, column, through, tuple(mine[1:]), (*opened, *passing), bool(new), is_entered))
        while lanes and lanes[-1] is None:
            lanes.pop()
    return rows


def _free(lanes: list[int | None]) -> int:
    if None in lanes:
        return lanes.index(None)
    lanes.append(None)
    return len(lanes) - 1


def _order(structure: Structure, inputs: dict[int, list[int]]) -> list[int]:
    """Put the last op first, and every leaf under the last op in this order that uses it."""
    leaves = {number for number, node in structure.nodes.items() if node.kind in LEAF_KINDS or node.kind == "data"}
    others = sorted((number for number in structure.nodes if number not in leaves), reverse=True)
    # An output was made after the ops that the backward reaches, but for several backwards in one step.
    last_user = {source: user for user in others for source in inputs.get(user, ()) if source in leaves}
    under: dict[int, list[int]] = {}
    for leaf, user in last_user.items():
        under.setdefault(user, []).append(leaf)
    order = []
    for number in others:
        order.append(number)
        order += [source for source in inputs.get(number, ()) if source in under.get(number, ())]
    return order + sorted((leaf for leaf in leaves if leaf not in last_user), reverse=True)


def lane_cells(lane: Lane, mark: str, lanes: int) -> str:
    """Draw a row's lanes, two cells each, with the node's mark."""
    cells = [" "] * (lanes * 2)
    for column in lane.through:
        if column < lanes:
            cells[column * 2] = "│"
    ends = [column for column in (*lane.joined, *lane.opened) if column < lanes]
    for column in ends:
        low, high = sorted((lane.column, column))
        for cell in range(low * 2 + 1, min(high * 2, len(cells))):
            cells[cell] = "┼" if cells[cell] == "│" else "─"
    for column in ends:
        is_right = column > lane.column
        if column in lane.through:
            sign = "┤" if is_right else "├"
        elif column in lane.joined:
            sign = "╯" if is_right else "╰"
        else:
            sign = "╮" if is_right else "╭"
        cells[column * 2] = sign
    if lane.column < lanes:
        cells[lane.column * 2] = mark
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

    def __init__(self, state: ExplorerState, lanes: list[Lane], width: int) -> None:
        self.state = state
        self.lanes = lanes
        self.width = width
        used = max((max((lane.column, *lane.through, *lane.opened)) + 1 for lane in lanes[:2000]), default=1)
        self.columns = min(used, _MOST_LANES, max(width // 6, 2))
        self.path = frozenset(state.path())

    def __len__(self) -> int:
        return len(self.lanes)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self._row(lane) for lane in self.lanes[index]]
        return self._row(self.lanes[index])

    def _row(self, lane: Lane) -> Row:
        state = self.state
        node: Node = state.recording.node(lane.node)
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
        words: Row = [(f"{shorten(kind, 12):<7} ", future or node.kind)]
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
