"""The graph as lanes: one row a node, the result on top, so that a backward walks down; edges as lanes at the left.

Which rows and lanes there are depends on the step alone, so nothing jumps while the cursor moves; rows are made only
when they are painted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from graphlab.counted import count_words
from graphlab.model import LEAF_KINDS, Node
from graphlab.tui import messages
from graphlab.tui.lane_columns import columns_that_fit, flowing_words, short_number, width_of
from graphlab.tui.rows import Row, fit, over, row_width, shorten

if TYPE_CHECKING:
    from graphlab.layout.lanes import LaneRow
    from graphlab.tui.folded import Group
    from graphlab.tui.lane_table import LaneTable
    from graphlab.tui.state import ExplorerState

_MOST_LANES = 12
_BUNDLE = 7
"""Cells of the lane that stands for those that find no room: a sign, and how many they are."""
_KNOWN_BEFORE = frozenset({"event", "line", "module", "bytes"})
"""What can be said of a node before it is made."""
_WINDOW = 64
"""Rows that are asked for at once."""


def count_signs(count: int) -> str:
    """Write a count in at most four signs: `12`, `1.2k`, `100k`."""
    if count < 1000:
        return str(count)
    for unit, size in (("k", 1e3), ("M", 1e6)):
        if count < 999.5 * size:
            return f"{count / size:.1f}{unit}" if count < 9.95 * size else f"{count / size:.0f}{unit}"
    return f"{count / 1e9:.0f}G"


def lane_cells(row: LaneRow, mark: str, lanes: int, *, is_bundled: bool = False) -> str:
    """Draw a row's lanes, two cells each: the node's mark, and from it lines to the lanes of its further inputs.

    Lanes beyond those that are drawn are one lane, with their number.
    """
    cells = [" "] * (lanes * 2 + (_BUNDLE if is_bundled else 0))
    for lane, _ in row.passing:
        if lane < lanes:
            cells[lane * 2] = "│"
    if is_bundled and row.hidden:
        cells[lanes * 2] = "┊"
        cells[lanes * 2 + 1 : lanes * 2 + 6] = f"+{count_signs(row.hidden):<4}"
    own = min(row.lane, lanes)
    ends = {join.lane: join.is_new for join in row.joins if join.lane < lanes}
    if is_bundled and (row.hidden_joins or any(join.lane >= lanes for join in row.joins)):
        ends[lanes] = False
    ends.pop(own, None)
    outermost = {min((*ends, own)), max((*ends, own))}
    for lane in ends:
        low, high = sorted((own, lane))
        for cell in range(low * 2 + 1, high * 2):
            cells[cell] = "┼" if cells[cell] == "│" else "─"
    for lane, is_new in ends.items():
        is_right = lane > own
        if lane in outermost:
            cells[lane * 2] = ("╮" if is_right else "╭") if is_new else ("┤" if is_right else "├")
        else:
            cells[lane * 2] = "┬" if is_new else "┼"
    if own < lanes or is_bundled:
        cells[own * 2] = mark
    return "".join(cells)


def marked_cells(row: LaneRow, mark: str, names: str, lanes: int, *, is_bundled: bool) -> Row:
    """Return a row's lanes, and the node's mark among them in its own style."""
    left, sign, right = lane_cells(row, "\0", lanes, is_bundled=is_bundled).partition("\0")
    return [(left, "lane"), (mark if sign else "", names), (right, "lane")]


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
    if state.gradients.standing(node.id) == "waits":
        return "◐", "gradient"
    if node.kind in LEAF_KINDS:
        return "◆", "gradient" if state.has_gradient(node.id) else "leaf"
    return ("✓", "gradient") if state.has_gradient(node.id) else ("●", node.kind)


class LaneRows(Sequence[Row]):
    """The rows of a graph's lanes, each made when it is painted."""

    def __init__(self, state: ExplorerState, table: LaneTable, width: int) -> None:
        self.state = state
        self.table = table
        self.width = width
        choices = state.lane_book.choices
        self._chosen = choices.columns
        wide = table.lanes.width if table.lanes is not None else 0
        self.columns = max(min(wide, _MOST_LANES, width // 6), 1)
        self.is_bundled = wide > self.columns and width >= 24
        self._cells = self.columns * 2 + (_BUNDLE if self.is_bundled else 0) if wide else 1
        self._tail = columns_that_fit(state, self._chosen, width - 1 - self._cells, choices.sort)
        self.path = frozenset(state.lighting.path())
        self._window: dict[int, LaneRow] = {}

    def __len__(self) -> int:
        return len(self.table)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self[number] for number in range(len(self))[index]]
        number = range(len(self))[index]
        group = self.table.group_at(number)
        node = self.table.node_at(number)
        row = self._node_row(number, node) if group is None else self._group_row(number, group)
        row = fit(row, self.width)
        if node in self.state.marks or node in self.path:
            row = over(row, "mark")
        if self._is_selected(number, node):
            row = over(row, "selected" if self.state.selected is not None else "line")
        return row

    def _is_selected(self, number: int, node: int) -> bool:
        selected = self.state.selected_node
        if selected is None or selected == node:
            return selected == node
        return self.table.group_at(number) is not None and self.table.row_of(selected) == number

    def _lane_row(self, number: int) -> LaneRow | None:
        lanes = self.table.lanes
        if lanes is None:
            return None
        if number not in self._window:
            found = lanes.rows(number, number + _WINDOW, self.columns)
            self._window = {row.row: row for row in found}
        return self._window[number]

    def _lanes(self, number: int, mark: str, names: str) -> Row:
        lane = self._lane_row(number)
        if lane is None:
            return [(" ", ""), (mark, names), (" ", "")]
        return [(" ", ""), *marked_cells(lane, mark, names, self.columns, is_bundled=self.is_bundled)]

    def _node_row(self, number: int, node_number: int) -> Row:
        state = self.state
        node: Node = state.node(node_number)
        mark, names = node_mark(state, node)
        is_future = names == "future"
        texts = {
            column.name: column.text(state, node)
            for column in self._tail
            if column.text is not None and (not is_future or column.name in _KNOWN_BEFORE)
        }
        row, tail = self._lanes(number, mark, names), self._tail_cells(texts, is_future=is_future)
        row[0] = (state.comparing.sign_of(node_number) or " ", "mark" if state.comparing.sign_of(node_number) else "")
        room = max(self.width - row_width(row) - row_width(tail), 0)
        has_gradient = bool(texts.get("gradient"))
        words = flowing_words(state, node, self._chosen, room, is_future=is_future, has_gradient=has_gradient)
        return row + fit(words, room) + tail

    def _tail_cells(self, texts: dict[str, str], *, is_future: bool) -> Row:
        cells: Row = []
        for column in self._tail:
            text, width = texts.get(column.name, ""), width_of(self.state, column)
            padded = f"{text:<{width}}" if column.name == "module" else f"{text:>{width}}"
            cells.append((f" {padded}", "future" if is_future else column.style))
        return cells

    def _group_row(self, number: int, group: Group) -> Row:
        """Return the row of a folded module: how much is in it, and the worst gradient inside."""
        state = self.state
        is_future = group.first > state.moment
        reached = state.event.node if state.event is not None else None
        recent = state.recent
        is_now = bool(recent) and group.first < recent.stop and recent.start <= group.last
        is_now = is_now or (reached is not None and self.table.row_of(reached) == number)
        names = "future" if is_future else "cursor" if is_now else "bold"
        row = self._lanes(number, "▣" if is_now else "□" if is_future else "■", names)
        worst = None if is_future else self.table.worst_at(number, state.moment)
        texts = {"event": f"e{group.last}", "gradient": "" if worst is None else f"∇ {short_number(worst)}"}
        tail = self._tail_cells(texts, is_future=is_future)
        room = max(self.width - row_width(row) - row_width(tail), 0)
        name = f"▸ {group.path}"
        facts = [f"  {count_words(group.nodes, 'node')}"]
        if group.parameters:
            size = count_signs(group.numbers)
            facts.append(f"  {messages.GROUP_PARAMETERS.format(count=f'{group.parameters:,}', size=size)}")
        while facts and len(name) + sum(map(len, facts)) > room:
            facts.pop()
        words: Row = [(shorten(name, room), names), ("".join(facts), "future" if is_future else "quiet")]
        return row + fit(words, room) + tail
