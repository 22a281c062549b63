"""The graph of a step as packed columns: for graphs that are too large for one Python object a node.

The columns are numpy arrays, read in bulk, each when it is first asked for. Nodes are named by their place in `nodes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy

from graphlab.model import LEAF_KINDS
from graphlab.recording.norms import read_norms

if TYPE_CHECKING:
    from graphlab.model import Node
    from graphlab.recording.run import Recording

Column = numpy.ndarray[Any, Any]
Word = Literal["kind", "op", "name", "module", "shape", "dtype"]
Number = Literal["event", "line", "file"]

_CHUNK = 100_000
"""Rows that are asked for in one query."""
_GAP = 64


@dataclass(frozen=True)
class History:
    """What a column was from event to event: the norm of a gradient or value. In order of place and event."""

    places: Column
    events: Column
    norms: Column
    """NaN for a norm that is not known, or of a tensor that holds a NaN; -1 where there is none any more."""

    def some(self, rows: Column) -> History:
        """Return some of its rows, which are in order."""
        return History(self.places[rows], self.events[rows], self.norms[rows])

    def at(self, moment: int) -> tuple[Column, Column]:
        """Return the places that have one at a moment, and it."""
        known = numpy.flatnonzero(self.events <= moment)
        places = self.places[known]
        last = known[numpy.diff(places, append=-1) != 0]
        last = last[self.norms[last] != -1]
        return self.places[last], self.norms[last]


def union(parts: Sequence[Column]) -> Column:
    """Return the numbers that are in any of some columns, ascending (`numpy.unique` takes ten times as long)."""
    joined = numpy.sort(numpy.concatenate([numpy.zeros(0, "i8"), *parts]), kind="stable")
    return joined[numpy.diff(joined, prepend=-1) > 0]


class PackedGraph:
    """The nodes and edges of a step's graph: those of `recording.structure`, in the same order."""

    def __init__(self, recording: Recording, number: int) -> None:
        self._recording = recording
        self._reader = recording.reader
        self.step = recording.step(number)
        self._light = recording.light.made(number)
        """Of a light step: the event of each of its backwards, and the nodes that it ran through."""
        with recording.reading():
            picked = self._picked()
            targets, sources = self._edges(picked)
            if self._light is None:
                sources_or_held = sources if len(targets) else self._held()
                picked = picked if _has_all(picked, sources_or_held) else union([picked, sources_or_held])
        self.nodes: Column = picked
        """The numbers of the nodes, ascending: the order in which they were made."""
        is_known = numpy.isin(sources, picked) if self._light is not None else slice(None)
        self.sources: Column = self.places_of(sources[is_known])
        self.targets: Column = self.places_of(targets[is_known])
        """The ends of the edges as places, in order of target and slot."""
        self._words: dict[str, tuple[Column, list[str | None]]] = {}
        self._numbers: dict[str, Column] = {}

    def __len__(self) -> int:
        return len(self.nodes)

    # -- what is read at once --------------------------------------------------------------------------------------

    def _picked(self) -> Column:
        step = self.step
        if self._light is not None:
            return union([nodes for _, nodes in self._light])
        query = "SELECT nodes FROM backwards WHERE event BETWEEN ? AND ?"
        blobs = self._reader.rows(query, step.first, step.last)
        counted = [numpy.frombuffer(packed, "<i4").astype("i8") for (packed,) in blobs]
        spans = self._recording.spans_of(step.step)
        forward = [(span.first, span.last) for span in spans if span.phase == "forward"]
        whole = [(step.first, step.last)]
        picked = union(counted)
        made = [self._made("op", *ends, picked) for ends in (forward if len(picked) and forward else whole)]
        made.append(self._made("output", step.first, step.last, picked))
        return union([picked, *made]) if any(map(len, made)) else picked

    def _made(self, kind: str, first: int, last: int, known: Column) -> Column:
        """Return the nodes of a kind that some events made, but for those that are known."""
        low, high = self._reader.row("SELECT (SELECT MIN(id) FROM nodes), (SELECT MAX(id) FROM nodes)")
        if low is not None and high - low >= len(known) + _CHUNK:
            # There are other steps: where the nodes of this one lie takes a look at the event of each.
            query = "SELECT MIN(id), MAX(id) FROM nodes WHERE event BETWEEN ? AND ?"
            low, high = self._reader.row(query, first, last)
        if low is None:
            return numpy.zeros(0, "i8")
        others = numpy.ones(high - low + 1, bool)
        others[known[slice(*numpy.searchsorted(known, (low, high + 1)))] - low] = False
        rest = "nodes WHERE id BETWEEN ? AND ? AND kind = ? AND event BETWEEN ? AND ?"
        parts = [
            self._reader.columns(["id"], rest, start, stop, kind, first, last)[0]
            for start, stop in _ranges(numpy.flatnonzero(others) + low)
        ]
        return union(parts)

    def _held(self) -> Column:
        (held,) = self._reader.columns(
            ["node"],
            "(SELECT DISTINCT t.node FROM bindings b JOIN tensors t ON t.object = b.object "
            "WHERE t.node IS NOT NULL AND b.element = 0 AND b.event <= ?)",
            self.step.last,
        )
        return held

    def _edges(self, picked: Column) -> tuple[Column, Column]:
        parts = [
            self._reader.columns(["target", "source"], "edges WHERE target BETWEEN ? AND ?", first, last)
            for first, last in _ranges(picked)
        ]
        targets, sources = (numpy.concatenate([numpy.zeros(0, "i8"), *(part[end] for part in parts)]) for end in (0, 1))
        if _has_all(picked, targets):
            return targets, sources
        is_picked = numpy.isin(targets, picked)
        return targets[is_picked], sources[is_picked]

    # -- places ----------------------------------------------------------------------------------------------------

    def places_of(self, numbers: Column) -> Column:
        """Return where nodes stand in `nodes`, all of which are there."""
        if _is_run(self.nodes):
            return numpy.asarray(numbers - self.nodes[0], "i4")
        return numpy.searchsorted(self.nodes, numbers).astype("i4")

    def place_of(self, node: int) -> int | None:
        """Return where a node stands, or None where it is not in the graph."""
        place = int(numpy.searchsorted(self.nodes, node))
        return place if place < len(self.nodes) and self.nodes[place] == node else None

    def node(self, number: int) -> Node:
        """Return a node; in a light step an op is made by the backward that ran through it."""
        node: Node = self._recording.node(number)
        if self._light is None or node.kind in LEAF_KINDS:
            return node
        for event, nodes in self._light:
            place = int(numpy.searchsorted(nodes, number))
            if place < len(nodes) and nodes[place] == number:
                return replace(node, event=event)
        return node

    # -- columns ---------------------------------------------------------------------------------------------------

    def words(self, name: Word) -> tuple[Column, list[str | None]]:
        """Return a column of texts: for each place the number of its text, and the texts."""
        if name not in self._words:
            codes = numpy.zeros(len(self.nodes), "i4")
            known: dict[str | None, int] = {}
            with self._recording.reading():
                for first, last in _ranges(self.nodes):
                    query = f"SELECT {name} FROM nodes WHERE id BETWEEN ? AND ? ORDER BY id"
                    rows = self._reader.rows(query, first, last)
                    found = numpy.fromiter((known.setdefault(row[0], len(known)) for row in rows), "i4", len(rows))
                    self._put(codes, found, first, last)
            self._words[name] = codes, list(known)
        return self._words[name]

    def numbers(self, name: Number) -> Column:
        """Return a column of numbers by place; 0 where there is none."""
        if name not in self._numbers:
            column = numpy.zeros(len(self.nodes), "i8")
            with self._recording.reading():
                for first, last in _ranges(self.nodes):
                    rest = "nodes WHERE id BETWEEN ? AND ?"
                    (found,) = self._reader.columns([f"coalesce({name}, 0)"], rest, first, last)
                    self._put(column, found, first, last)
            if name == "event" and self._light is not None:
                self._put_light_events(column)
            self._numbers[name] = column
        return self._numbers[name]

    def _put(self, column: Column, found: Column, first: int, last: int) -> None:
        """Put what was found for a range of nodes where they stand."""
        low, high = numpy.searchsorted(self.nodes, (first, last + 1))
        if high - low == len(found):
            column[low:high] = found
            return
        (numbers,) = self._reader.columns(["id"], "nodes WHERE id BETWEEN ? AND ?", first, last)
        column[low:high] = found[numpy.isin(numbers, self.nodes[low:high])]

    def _put_light_events(self, column: Column) -> None:
        assert self._light is not None
        codes, kinds = self.words("kind")
        is_made = ~numpy.isin(codes, [code for code, kind in enumerate(kinds) if kind in LEAF_KINDS])
        for event, nodes in reversed(self._light):
            places = self.places_of(nodes)
            column[places[is_made[places]]] = event

    # -- gradients and values --------------------------------------------------------------------------------------

    @cached_property
    def gradients(self) -> History:
        """The norms of the gradients that came in this step: of leaves their `.grad`, of ops what flowed into them."""
        first, last = self.step.first, self.step.last
        parts = []
        with self._recording.reading():
            for low, high in _ranges(self.nodes):
                rest = "gradients WHERE node BETWEEN ? AND ? AND slot = -1 AND event BETWEEN ? AND ?"
                parts.append(
                    self._reader.columns(["node", "event", "coalesce(snapshot, 0)"], rest, low, high, first, last)
                )
            for number in self._outputs():
                rest = "gradients WHERE node = ? AND slot = 0 AND event BETWEEN ? AND ?"
                parts.append(
                    self._reader.columns(["node", "event", "coalesce(snapshot, 0)"], rest, number, first, last)
                )
            rest = "changes WHERE what = 'grad' AND event BETWEEN ? AND ?"
            parts.append(self._reader.columns(["node", "event", "coalesce(after, 0)"], rest, first, last))
            return self._history(parts, self._recording.light.gradient_columns(self.step.step))

    @cached_property
    def values(self) -> History:
        """The norms of what the nodes were, up to the end of the step."""
        parts = []
        with self._recording.reading():
            for low, high in _ranges(self.nodes):
                rest = (
                    "tensors WHERE node BETWEEN ? AND ? AND event <= ? AND label = '' AND output = 0 "
                    "AND snapshot IS NOT NULL"
                )
                parts.append(self._reader.columns(["node", "event", "snapshot"], rest, low, high, self.step.last))
            return self._history(parts, [])

    def _outputs(self) -> list[int]:
        codes, kinds = self.words("kind")
        wanted = kinds.index("output") if "output" in kinds else -1
        found: list[int] = self.nodes[codes == wanted].tolist()
        return found

    def _history(self, parts: list[list[Column]], known: list[tuple[Column, int, Column]]) -> History:
        """Join what was read (node, event, snapshot) with norms that are known (nodes, event, norms)."""
        empty = [numpy.zeros(0, "i8")]
        nodes, events, snapshots = (numpy.concatenate(empty + [part[index] for part in parts]) for index in range(3))
        norms = numpy.where(snapshots > 0, read_norms(self._reader, snapshots), -1)
        nodes = numpy.concatenate([nodes, *(numbers for numbers, _, _ in known)])
        norms = numpy.concatenate([norms, *(found for _, _, found in known)])
        events = numpy.concatenate([events, *(numpy.full(len(numbers), event) for numbers, event, _ in known)])
        is_ours = numpy.isin(nodes, self.nodes)
        nodes, events, norms = nodes[is_ours], events[is_ours], norms[is_ours]
        in_order = numpy.lexsort((events, nodes))
        return History(self.places_of(nodes[in_order]), events[in_order], norms[in_order])


def _is_run(numbers: Column) -> bool:
    """Whether ascending numbers follow one another without a gap."""
    return len(numbers) > 0 and bool(numbers[-1] - numbers[0] + 1 == len(numbers))


def _has_all(run: Column, numbers: Column) -> bool:
    """Whether numbers without a gap hold all of some others (where there are gaps, that is not looked at)."""
    return _is_run(run) and bool(len(numbers) == 0 or (run[0] <= numbers.min() and numbers.max() <= run[-1]))


def _ranges(numbers: Column) -> Iterator[tuple[int, int]]:
    """Cover ascending numbers with few ranges that are not too long: one query a range."""
    if not len(numbers):
        return
    breaks = numpy.flatnonzero(numpy.diff(numbers) > _GAP) + 1
    for part in numpy.split(numbers, breaks):
        for start in range(0, len(part), _CHUNK):
            chunk = part[start : start + _CHUNK]
            yield int(chunk[0]), int(chunk[-1])
