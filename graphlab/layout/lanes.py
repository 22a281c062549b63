"""The `git log --graph` picture of a graph: one row a node, its edges as lanes at the left.

Rows run from the last op to the first, so reading down is walking the backward. A lane leads from a row down to the
row of one of its inputs; a tensor that several ops use has one lane, which the others join. All is computed from plain
sequences of integers, in linear time and only as far down as somebody looks, so that a graph of a million nodes needs
neither a networkx graph nor a wait.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

CHECKPOINT = 256
"""Rows between two places where the open lanes are noted down."""
_MANY = 50_000
"""Edges from which on numpy is worth its import."""


@dataclass(frozen=True, slots=True)
class Join:
    """A line from a row's node to the lane of one of its inputs."""

    lane: int
    node: int
    is_new: bool
    """Whether the lane begins here; else it comes from a row above."""
    count: int
    """How many edges it stands for: 2 for `x * x`."""


@dataclass(frozen=True, slots=True)
class LaneRow:
    """What is drawn in one row."""

    row: int
    node: int
    lane: int
    is_expected: bool
    """Whether the node's lane comes from above; a node that nothing above uses begins one."""
    passing: tuple[tuple[int, int], ...]
    """The lanes that pass the row, each with the node that it leads to, from left to right."""
    below: Join | None
    """The input that the node's own lane goes on to."""
    joins: tuple[Join, ...]
    """The other inputs, in the order of their slots."""
    hidden: int = 0
    """How many lanes pass the row beyond those that were asked for."""
    hidden_joins: int = 0
    """How many edges into the node come from such lanes and are not among the joins (`PackedLanes` leaves them out)."""


@dataclass(frozen=True, slots=True)
class LaneCell:
    """One character of a picture of lanes."""

    text: str
    node: int | None
    """The node that the line leads to (a widget colours by it), None for a blank."""


class Lanes:
    """The lanes of a graph, computed as far down as they are asked for."""

    def __init__(self, order: Sequence[int], sources: Sequence[int], targets: Sequence[int]) -> None:
        """Prepare for rows in this order from the top; edges come as two sequences, inputs in the order of slots.

        An edge whose source does not stand below its target has no lane.
        """
        self._order = list(order)
        self._starts, self._inputs = _inputs_of_rows(self._order, sources, targets)
        count = len(self._order)
        self._lane = [-1] * count
        """The lane of every row's node, once a row above or its own has given it one."""
        self._opener = [-1] * count
        """The row at which that lane begins."""
        self._own = [-1] * count
        """The row that the node's own lane goes on to."""
        self._free: list[int] = []
        self._open: dict[int, None] = {}
        """Rows that lanes lead to, at the place that the scan has reached."""
        self._scanned = 0
        self._checkpoint_rows = [0]
        self._checkpoints: list[list[int]] = [[]]
        self.width = 0
        """Lanes side by side in the rows computed so far."""

    def __len__(self) -> int:
        return len(self._order)

    def rows(self, start: int, stop: int, limit: int | None = None) -> list[LaneRow]:
        """Return the rows from `start` to before `stop`; of the lanes that pass, only the leftmost `limit`."""
        start, stop = max(0, start), min(stop, len(self._order))
        self._scan(stop)
        index = bisect_right(self._checkpoint_rows, start) - 1
        widest = self.width if limit is None else limit
        open_rows = {row: None for row in self._checkpoints[index] if self._lane[row] < widest}
        hidden = len(self._checkpoints[index]) - len(open_rows)
        found = []
        for row in range(self._checkpoint_rows[index], stop):
            open_rows.pop(row, None)
            if self._lane[row] >= widest and self._opener[row] < row:
                hidden -= 1
            if row >= start:
                found.append(self._row(row, open_rows, hidden))
            for source in dict.fromkeys(self._inputs[self._starts[row] : self._starts[row + 1]]):
                if self._lane[source] < widest:
                    open_rows[source] = None
                elif self._opener[source] == row:
                    hidden += 1
        return found

    def _row(self, row: int, open_rows: dict[int, None], hidden: int) -> LaneRow:
        counts: dict[int, int] = {}
        for source in self._inputs[self._starts[row] : self._starts[row + 1]]:
            counts[source] = counts.get(source, 0) + 1
        own = self._own[row]
        joins = {
            source: Join(self._lane[source], self._order[source], self._opener[source] == row, count)
            for source, count in counts.items()
        }
        passing = sorted((self._lane[other], self._order[other]) for other in open_rows)
        return LaneRow(
            row=row,
            node=self._order[row],
            lane=self._lane[row],
            is_expected=self._opener[row] < row,
            passing=tuple(passing),
            below=joins.pop(own) if own >= 0 else None,
            joins=tuple(joins.values()),
            hidden=hidden,
        )

    def _scan(self, stop: int) -> None:
        """Give lanes to all rows before `stop`."""
        lane, opener, inputs, starts = self._lane, self._opener, self._inputs, self._starts
        for row in range(self._scanned, stop):
            last = self._checkpoint_rows[-1]
            if row - last >= CHECKPOINT and row - last >= len(self._open):
                self._checkpoint_rows.append(row)
                self._checkpoints.append(list(self._open))
            if lane[row] < 0:
                lane[row] = self._take()
                opener[row] = row
            self._open.pop(row, None)
            sources = inputs[starts[row] : starts[row + 1]]
            own = self._heir(sources)
            self._own[row] = own
            if own >= 0:
                lane[own] = lane[row]
                opener[own] = row
                self._open[own] = None
            for source in sources:
                if lane[source] < 0:
                    lane[source] = self._take()
                    opener[source] = row
                    self._open[source] = None
            if own < 0:
                heapq.heappush(self._free, lane[row])
        self._scanned = max(self._scanned, stop)

    def _heir(self, sources: list[int]) -> int:
        """Return the input that goes on in its op's own lane: the farthest op, so that the main line runs straight."""
        fresh = [source for source in sources if self._lane[source] < 0]
        ops = [source for source in fresh if self._starts[source] < self._starts[source + 1]]
        return max(ops) if ops else fresh[0] if fresh else -1

    def _take(self) -> int:
        """Return the leftmost free lane."""
        if self._free:
            return heapq.heappop(self._free)
        self.width += 1
        return self.width - 1


def _inputs_of_rows(order: list[int], sources: Sequence[int], targets: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return the rows of every row's inputs, as one list and where each row's part of it begins."""
    if len(sources) < _MANY:
        return _inputs_of_few_rows(order, sources, targets)
    import numpy

    count = len(order)
    nodes = numpy.asarray(order, dtype="i8")
    by_node = numpy.argsort(nodes, kind="stable")
    ordered = nodes[by_node]

    def rows_of(ends: Sequence[int]) -> numpy.ndarray:
        wanted = numpy.asarray(ends, dtype="i8")
        places = numpy.searchsorted(ordered, wanted)
        places = numpy.minimum(places, max(0, count - 1))
        return numpy.where(ordered[places] == wanted, by_node[places], -1) if count else numpy.full(len(wanted), -1)

    source_rows, target_rows = rows_of(sources), rows_of(targets)
    is_drawn = (target_rows >= 0) & (source_rows > target_rows)
    source_rows, target_rows = source_rows[is_drawn], target_rows[is_drawn]
    by_target = numpy.argsort(target_rows, kind="stable")
    starts = numpy.concatenate(([0], numpy.cumsum(numpy.bincount(target_rows, minlength=count)))).astype("i8")
    return starts.tolist(), source_rows[by_target].tolist()


def _inputs_of_few_rows(
    order: list[int], sources: Sequence[int], targets: Sequence[int]
) -> tuple[list[int], list[int]]:
    """Do the same without numpy, whose import would be the longest part of the explorer's first picture."""
    row_of = {node: row for row, node in enumerate(order)}
    inputs: list[list[int]] = [[] for _ in order]
    for source, target in zip(sources, targets, strict=True):
        source_row, target_row = row_of.get(source, -1), row_of.get(target, -1)
        if target_row >= 0 and source_row > target_row:
            inputs[target_row].append(source_row)
    starts = [0]
    for rows in inputs:
        starts.append(starts[-1] + len(rows))
    return starts, [row for rows in inputs for row in rows]


def newest_first(nodes: Sequence[int], sources: Sequence[int], targets: Sequence[int]) -> list[int]:
    """Return the rows' order: the last node on top, and what has no inputs right below the first op that uses it.

    `nodes` are in the order in which they ran, inputs of an op in the order of their slots. A parameter that was made
    long before its use would otherwise have a lane down to the very last row.
    """
    has_inputs = set(targets)
    position = {node: index for index, node in enumerate(nodes)}
    first_user: dict[int, int] = {}
    for source, target in zip(sources, targets, strict=True):
        if source not in has_inputs and source in position and target in position:
            known = first_user.get(source)
            if known is None or position[target] < position[known]:
                first_user[source] = target
    below: dict[int, list[int]] = {}
    seen: set[int] = set()
    for source, target in zip(sources, targets, strict=True):
        if source not in seen and first_user.get(source) == target:
            seen.add(source)
            below.setdefault(target, []).append(source)
    order = []
    for node in reversed(nodes):
        if node not in first_user:
            order.append(node)
            order.extend(below.get(node, ()))
    return order


def node_cells(row: LaneRow, mark: str, limit: int | None = None) -> list[LaneCell]:
    """Return the characters left of a node's text: its mark in its lane, and the lanes that pass."""
    return _cells(
        {lane: LaneCell("│", node) for lane, node in row.passing} | {row.lane: LaneCell(mark, row.node)}, limit
    )


def link_cells(row: LaneRow, limit: int | None = None) -> list[LaneCell]:
    """Return the line below a node that leads to its further inputs; empty where there is none."""
    if not row.joins:
        return []
    lanes = {lane: LaneCell("│", node) for lane, node in row.passing}
    gaps: dict[int, LaneCell] = {}
    joins = sorted(row.joins, key=lambda join: join.lane)
    to_left = [join for join in reversed(joins) if join.lane < row.lane]
    to_right = [join for join in joins if join.lane > row.lane]
    sides = (bool(to_left), bool(to_right))
    if row.below is None:
        own = {(True, True): "┴", (True, False): "╯", (False, True): "╰"}[sides]
    else:
        own = {(True, True): "┼", (True, False): "┤", (False, True): "├"}[sides]
    lanes[row.lane] = LaneCell(own, row.below.node if row.below else row.node)
    for side, step in ((to_left, -1), (to_right, 1)):
        reached = row.lane
        for join in side:
            for lane in range(reached, join.lane, step):
                gaps[min(lane, lane + step)] = LaneCell("─", join.node)
                if lane not in lanes:
                    lanes[lane] = LaneCell("─", join.node)
            reached = join.lane
            lanes[join.lane] = LaneCell(_joint(join, is_last=join is side[-1], is_right=step > 0), join.node)
    return _cells(lanes, limit, gaps)


def _joint(join: Join, *, is_last: bool, is_right: bool) -> str:
    """Return the sign where a line reaches a lane."""
    if not is_last:
        return "┬" if join.is_new else "┼"
    if is_right:
        return "╮" if join.is_new else "┤"
    return "╭" if join.is_new else "├"


def _cells(lanes: dict[int, LaneCell], limit: int | None, gaps: dict[int, LaneCell] | None = None) -> list[LaneCell]:
    """Put lanes side by side, a gap after each; beyond `limit` lanes a sign says that there are more."""
    last = max(lanes, default=-1)
    blank = LaneCell(" ", None)
    cells = []
    for lane in range(min(last + 1, limit or last + 1)):
        cells += [lanes.get(lane, blank), (gaps or {}).get(lane, blank)]
    if limit is not None and last >= limit:
        cells[-1] = LaneCell("…", None)
    return cells
