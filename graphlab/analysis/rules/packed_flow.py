"""How far a backward has come in a graph that is too large for one object an edge: `flow`, answered from columns.

Which nodes have run is known for all moments at once, from the event at which each did; an edge becomes an object
when somebody looks at its node.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy

from graphlab.analysis.rules.flow import Backward

if TYPE_CHECKING:
    from graphlab.model import Edge
    from graphlab.recording import Recording
    from graphlab.recording.packed import Column, PackedGraph

_NEVER = numpy.iinfo("i8").max


class PackedNodes(Container[int]):
    """Some nodes of a packed graph, as a mark at each place."""

    def __init__(self, packed: PackedGraph, marks: Column) -> None:
        self._packed, self._marks = packed, marks

    def __contains__(self, node: object) -> bool:
        place = self._packed.place_of(node) if isinstance(node, int) else None
        return place is not None and bool(self._marks[place])


class PackedUses(Mapping[int, "tuple[Edge, ...]"]):
    """By node the edges over which a gradient comes to it, as `Backward.uses` has them."""

    def __init__(self, recording: Recording, packed: PackedGraph, reached: Column) -> None:
        self._recording, self._packed = recording, packed
        kept = numpy.flatnonzero(reached[packed.sources] & reached[packed.targets])
        order = kept[numpy.argsort(packed.sources[kept], kind="stable")]
        self._sources, self._targets = packed.sources[order], packed.targets[order]
        self._edges = lru_cache(4096)(self._read)

    def users(self, node: int) -> list[int]:
        """Return who hands a gradient to a node, in the order in which they were made; twice who does so twice."""
        place = self._packed.place_of(node)
        if place is None:
            return []
        low, high = numpy.searchsorted(self._sources, (place, place + 1))
        found: list[int] = self._packed.nodes[self._targets[low:high]].tolist()
        return found

    def _read(self, node: int) -> tuple[Edge, ...]:
        reader = self._recording.reader
        return tuple(
            edge
            for target in dict.fromkeys(self.users(node))
            for edge in reader.edges("WHERE target = ? ORDER BY slot", target)
            if edge.source == node
        )

    def __getitem__(self, node: int) -> tuple[Edge, ...]:
        found = self._edges(node)
        if not found:
            raise KeyError(node)
        return found

    def __iter__(self) -> Iterator[int]:
        return iter(self._packed.nodes[numpy.unique(self._sources)].tolist())

    def __len__(self) -> int:
        return len(numpy.unique(self._sources))


@dataclass(frozen=True)
class PackedBackward(Backward):
    """One backward of a large graph."""

    packed: PackedGraph
    ran_at: Column
    """By place the event at which the backward had run a node."""
    packed_uses: PackedUses

    def users(self, node: int) -> list[int]:
        """Return who hands a gradient to a node."""
        return self.packed_uses.users(node)

    def ran_by(self, moment: int) -> Container[int]:
        """Return the nodes that have run by a moment."""
        return PackedNodes(self.packed, self.ran_at <= moment)


def read_packed_backward(recording: Recording, step: int, start: int, end: int | None, nodes: bytes) -> PackedBackward:
    """Read a backward that reaches the nodes which are packed there."""
    packed = recording.packed(step)
    reached = numpy.zeros(len(packed), bool)
    reached[packed.places_of(numpy.frombuffer(nodes, "<i4").astype("i8"))] = True
    rest = "events WHERE kind IN ('gradient', 'accumulate') AND node IS NOT NULL AND id BETWEEN ? AND ?"
    last = recording.event_count if end is None else end
    columns: list[Any] = recording.reader.columns(["id", "node"], rest, start, last)
    events, ran = columns
    is_ours = numpy.isin(ran, packed.nodes)
    ran_at = numpy.full(len(packed), _NEVER, "i8")
    # The first of a node's events counts: written last.
    ran_at[packed.places_of(ran[is_ours][::-1])] = events[is_ours][::-1]
    uses = PackedUses(recording, packed, reached)
    return PackedBackward(start, end, PackedNodes(packed, reached), uses, packed, ran_at, uses)
