"""The lanes of a graph of any size, from packed columns: no Python object a node, and every row at once.

They are the lanes of `graphlab.layout.lanes`, which says what they look like and does the same one row after the
other. Here all that is local to a row is computed for all rows together. What depends on the rows above is only which
lane a line takes when it begins, so that alone is a loop, over the beginnings and ends of lines. Any window of rows is
then drawn from the columns as they are.
"""

from __future__ import annotations

import heapq
import threading
from typing import Any

import numpy

from graphlab.layout.lanes import Join, LaneRow

Column = numpy.ndarray[Any, Any]

_BLOCK = 4096
"""Rows between two places where it is noted down how far up the lines of the rows below reach."""
_CHUNK = 20_000
"""Beginnings and ends of lines that are looked at in one go, while another thread waits."""


def pack_newest_first(count: int, sources: Column, targets: Column) -> Column:
    """Return the place in the order of execution of every row, as `lanes.newest_first` orders them.

    Nodes are counted in the order in which they ran; edges come in the order of target and slot.
    """
    has_inputs = numpy.zeros(count, bool)
    has_inputs[targets] = True
    is_leaf_edge = ~has_inputs[sources]
    leaf_sources, leaf_targets = sources[is_leaf_edge], targets[is_leaf_edge]
    first_user = numpy.full(count, -1, "i4")
    # The first of several edges is written last, so it stays: edges come in the order of their targets.
    first_user[leaf_sources[::-1]] = leaf_targets[::-1]
    rank = numpy.zeros(count, "i4")
    rank[leaf_sources[::-1]] = numpy.arange(len(leaf_sources), 0, -1, dtype="i4")
    is_below = first_user >= 0
    leaves = numpy.flatnonzero(is_below)
    leaves = leaves[numpy.argsort(rank[leaves], kind="stable")]
    below = numpy.bincount(first_user[leaves], minlength=count)
    # Every node that is no such leaf takes a row, and so do the leaves below it.
    taken = numpy.where(is_below, 0, 1 + below)
    rows = count - numpy.cumsum(taken)
    begins = numpy.cumsum(below) - below
    order = numpy.empty(count, "i4")
    order[rows[~is_below]] = numpy.flatnonzero(~is_below)
    users = first_user[leaves]
    order[rows[users] + 1 + numpy.arange(len(leaves)) - begins[users]] = leaves
    return order


class PackedLanes:
    """The lanes of a graph, any window of them at once."""

    def __init__(self, nodes: Column, sources: Column, targets: Column) -> None:
        """Prepare for rows of these nodes from the top; edges come as two columns of rows, inputs in order of slots.

        An edge whose source does not stand below its target has no lane.
        """
        self.nodes = nodes
        count = len(nodes)
        is_drawn = sources > targets
        sources, targets = sources[is_drawn].astype("i4"), targets[is_drawn].astype("i4")
        counts = numpy.bincount(targets, minlength=count)
        self._starts = numpy.concatenate(([0], numpy.cumsum(counts))).astype("i4")
        place = _places_by_target(targets, self._starts)
        self._inputs = numpy.empty_like(sources)
        self._inputs[place] = sources
        targets = numpy.repeat(numpy.arange(count, dtype="i4"), counts)
        rows = numpy.arange(count, dtype="i4")
        self._opener = rows.copy()
        """The row at which the line to a row's node begins."""
        self._opener[self._inputs[::-1]] = targets[::-1]
        self._own = _heirs(self._inputs, targets, self._starts, self._opener)
        """The row that the node's own lane goes on to; -1 where it ends."""
        self._path, path_ends, begins = self._paths(targets)
        self._colours = _Colours(path_ends, begins)
        self._lanes = self._colours.lanes
        """The lane of every path, in the order in which they begin."""
        self.width = self._colours.width
        """Lanes side by side."""
        opened = numpy.bincount(self._opener[self._opener < rows] + 1, minlength=count + 1)
        closed = numpy.bincount(rows[self._opener < rows], minlength=count + 1)
        self._alive = numpy.cumsum(opened - closed).astype("i4")
        """How many lines pass each row."""
        self._reach = numpy.minimum.reduceat(self._opener, numpy.arange(0, max(count, 1), _BLOCK)) if count else rows

    def __len__(self) -> int:
        return len(self.nodes)

    def finish(self) -> None:
        """Do now what a jump to the end would wait for."""
        self._colours.reach(len(self.nodes))

    def _paths(self, targets: Column) -> tuple[Column, Column, Column]:
        """Follow each lane from where it begins to where it ends.

        Returns the path of every row, the last row of every path, and the row at which it begins; paths are counted
        in the order in which they begin.
        """
        rows = numpy.arange(len(self.nodes), dtype="i4")
        end = numpy.where(self._own >= 0, self._own, rows)
        while True:
            farther = end[end]
            if numpy.array_equal(farther, end):
                break
            end = farther
        # A path begins at a row that nothing above leads to, or at an input that goes on in no lane that is there.
        is_fresh = (self._opener[self._inputs] == targets) & (self._own[targets] != self._inputs)
        edges = numpy.flatnonzero(is_fresh)
        sources = self._inputs[edges]
        first = numpy.full(len(rows), -1, "i4")
        first[sources[::-1]] = edges[::-1]
        edges = edges[first[sources] == edges]
        tops = numpy.flatnonzero(self._opener == rows)
        heads = numpy.concatenate((tops, self._inputs[edges]))
        begins = numpy.concatenate((tops * 2, targets[edges].astype("i8") * 2 + 1))
        in_order = numpy.argsort(begins, kind="stable")
        heads, begins = heads[in_order], begins[in_order]
        path_ends = end[heads]
        path_of_end = numpy.empty(len(rows), "i4")
        path_of_end[path_ends] = numpy.arange(len(heads), dtype="i4")
        return path_of_end[end], path_ends, begins

    def rows(self, start: int, stop: int, limit: int | None = None) -> list[LaneRow]:
        """Return the rows from `start` to before `stop`; of the lanes that pass, only the leftmost `limit`."""
        start, stop = max(0, start), min(stop, len(self.nodes))
        if start >= stop:
            return []
        self._colours.reach(stop)
        widest = self.width if limit is None else limit
        lines = self._lines(start, stop, widest)
        return [self._row(row, lines, widest) for row in range(start, stop)]

    def _lines(self, start: int, stop: int, widest: int) -> list[tuple[int, int, int, int]]:
        """Return lane, node, first and last row of the lines that pass some rows, from left to right."""
        blocks = numpy.flatnonzero(self._reach < stop)
        found = []
        for block in blocks[blocks >= start // _BLOCK].tolist():
            first = max(block * _BLOCK, start)
            near = numpy.flatnonzero(self._opener[first : (block + 1) * _BLOCK] < stop) + first
            found.append(near[self._lanes[self._path[near]] < widest])
        ends = numpy.concatenate(found) if found else numpy.zeros(0, "i4")
        lanes = self._lanes[self._path[ends]]
        columns = (lanes, self.nodes[ends], self._opener[ends], ends)
        return sorted(zip(*(column.tolist() for column in columns), strict=True))

    def _row(self, row: int, lines: list[tuple[int, int, int, int]], widest: int) -> LaneRow:
        passing = tuple((lane, node) for lane, node, first, last in lines if first < row < last)
        inputs = self._inputs[self._starts[row] : self._starts[row + 1]]
        own = int(self._own[row])
        near = inputs[(self._lanes[self._path[inputs]] < widest) | (inputs == own)]
        counts: dict[int, int] = {}
        for source in near.tolist():
            counts[source] = counts.get(source, 0) + 1
        joins = {source: self._join(row, source, count) for source, count in counts.items()}
        return LaneRow(
            row=row,
            node=int(self.nodes[row]),
            lane=int(self._lanes[self._path[row]]),
            is_expected=bool(self._opener[row] < row),
            passing=passing,
            below=joins.pop(own) if own >= 0 else None,
            joins=tuple(joins.values()),
            hidden=int(self._alive[row]) - len(passing),
            hidden_joins=len(inputs) - len(near),
        )

    def _join(self, row: int, source: int, count: int) -> Join:
        lane = int(self._lanes[self._path[source]])
        return Join(lane, int(self.nodes[source]), bool(self._opener[source] == row), count)


def _places_by_target(targets: Column, starts: Column) -> Column:
    """Return where each edge comes when they are sorted by target; those of a target may be apart, but in order."""
    edges = numpy.arange(len(targets), dtype="i4")
    groups = numpy.flatnonzero(numpy.diff(targets, prepend=-1))
    if len(groups) == numpy.count_nonzero(numpy.diff(starts)):
        # Together already, as they come from a recording: no sort is needed.
        lengths = numpy.diff(groups, append=len(targets))
        return numpy.asarray(edges + numpy.repeat(starts[targets[groups]] - groups.astype("i4"), lengths))
    place = numpy.empty(len(targets), "i4")
    place[numpy.argsort(targets, kind="stable")] = edges
    return place


def _heirs(inputs: Column, targets: Column, starts: Column, opener: Column) -> Column:
    """Return the input that goes on in its op's own lane: the farthest op, else the first that has no lane yet."""
    own = numpy.full(len(opener), -1, "i4")
    is_fresh = opener[inputs] == targets
    sources, targets = inputs[is_fresh], targets[is_fresh]
    own[targets[::-1]] = sources[::-1]
    is_op = starts[sources] < starts[sources + 1]
    sources, targets = sources[is_op], targets[is_op]
    groups = numpy.flatnonzero(numpy.diff(targets, prepend=-1))
    if len(groups):
        own[targets[groups]] = numpy.maximum.reduceat(sources, groups)
    return own


class _Colours:
    """Gives each path the leftmost lane that is free where it begins, as far down as somebody looks."""

    def __init__(self, path_ends: Column, begins: Column) -> None:
        self.lanes = numpy.zeros(len(begins), "i4")
        ends = numpy.argsort(path_ends, kind="stable")
        # At a row at which a path ends no other begins, but for one that is this row alone.
        keys = numpy.concatenate((begins, path_ends[ends].astype("i8") * 2 + 1))
        in_order = numpy.argsort(keys, kind="stable")
        self._keys = keys[in_order]
        self._codes = numpy.concatenate((numpy.arange(len(begins)), ~ends))[in_order]
        """The paths as they begin, and those that end inverted (`~path`), from the top."""
        open_paths = numpy.cumsum(numpy.where(self._codes >= 0, 1, -1))
        self.width = int(open_paths.max()) if len(open_paths) else 0
        self._done = 0
        self._free: list[int] = []
        self._used = 0
        self._lock = threading.Lock()

    def reach(self, row: int) -> None:
        """See to it that every path that begins above a row has its lane; another thread may have begun with it."""
        last = int(numpy.searchsorted(self._keys, 2 * row))
        while self._done < last:
            with self._lock:
                self._go_on(min(last, self._done + _CHUNK))

    def _go_on(self, last: int) -> None:
        free, used = self._free, self._used
        codes = self._codes[self._done : last].tolist()
        lanes: dict[int, int] = {}
        for code in codes:
            if code < 0:
                lane = lanes.get(~code)
                heapq.heappush(free, int(self.lanes[~code]) if lane is None else lane)
            elif free:
                lanes[code] = heapq.heappop(free)
            else:
                lanes[code] = used
                used += 1
        # Paths are counted in the order in which they begin.
        if lanes:
            first = next(iter(lanes))
            self.lanes[first : first + len(lanes)] = list(lanes.values())
        self._used, self._done = used, max(self._done, last)
