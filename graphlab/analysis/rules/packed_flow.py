"""How far a backward has come in a graph that is too large for one object an edge: `flow`, answered from columns.

Only what is asked for is read: whether a node has run, its edges as objects, and who uses it, for which all edges are
sorted as soon as more than a screenful of nodes was asked for.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy

from graphlab.analysis.rules.flow import Backward

if TYPE_CHECKING:
    from graphlab.model import Edge
    from graphlab.recording import Recording
    from graphlab.recording.packed import Column, PackedGraph

_FEW_LOOKS = 64
"""As many looks over all edges cost less than to sort them."""
_HAS_RUN = "SELECT 1 FROM events WHERE node = ? AND id BETWEEN ? AND ? AND kind IN ('gradient', 'accumulate') LIMIT 1"


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
        self._recording, self._packed, self._reached = recording, packed, reached
        self._edges = lru_cache(4096)(self._read)
        self._looks = 0

    def finish(self) -> None:
        """Sort the edges now, which the next screenful would wait for."""
        self._looks = _FEW_LOOKS if len(self._sorted[0]) else 0

    @cached_property
    def _sorted(self) -> tuple[Column, Column]:
        """The sources and the targets of the edges, in order of source."""
        packed, reached = self._packed, self._reached
        kept = numpy.flatnonzero(reached[packed.sources] & reached[packed.targets])
        order = kept[numpy.argsort(packed.sources[kept], kind="stable")]
        return packed.sources[order], packed.targets[order]

    def users(self, node: int) -> list[int]:
        """Return who hands a gradient to a node, in the order in which they were made; twice who does so twice."""
        place = self._packed.place_of(node)
        if place is None:
            return []
        found: list[int] = self._packed.nodes[self._targets_of(place)].tolist()
        return found

    def _targets_of(self, place: int) -> Column:
        if self._looks < _FEW_LOOKS:
            self._looks += 1
            targets = self._packed.targets[self._packed.sources == place]
            return targets[self._reached[targets]] if self._reached[place] else targets[:0]
        sources, targets = self._sorted
        return targets[slice(*numpy.searchsorted(sources, (place, place + 1)))]

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
        return iter(self._packed.nodes[numpy.unique(self._sorted[0])].tolist())

    def __len__(self) -> int:
        return len(numpy.unique(self._sorted[0]))


class RanNodes(Container[int]):
    """The nodes that a backward has run by a moment; each is looked up when somebody asks for it."""

    def __init__(self, recording: Recording, start: int, moment: int) -> None:
        self._row, self._between = recording.reader.row, (start, moment)
        self._known: dict[object, bool] = {}

    def __contains__(self, node: object) -> bool:
        if node not in self._known:
            self._known[node] = self._row(_HAS_RUN, node, *self._between) is not None
        return self._known[node]


@dataclass(frozen=True)
class PackedBackward(Backward):
    """One backward of a large graph."""

    recording: Recording
    packed_uses: PackedUses

    def users(self, node: int) -> list[int]:
        """Return who hands a gradient to a node."""
        return self.packed_uses.users(node)

    def finish(self) -> None:
        """Do in spare time what somebody would wait for."""
        self.packed_uses.finish()

    def ran_by(self, moment: int) -> Container[int]:
        """Return the nodes that have run by a moment."""
        return RanNodes(self.recording, self.start, moment)


def read_packed_backward(recording: Recording, step: int, start: int, end: int | None, nodes: bytes) -> PackedBackward:
    """Read a backward that reaches the nodes which are packed there."""
    packed = recording.packed(step)
    reached = numpy.zeros(len(packed), bool)
    reached[packed.places_of(numpy.frombuffer(nodes, "<i4").astype("i8"))] = True
    uses = PackedUses(recording, packed, reached)
    return PackedBackward(start, end, PackedNodes(packed, reached), uses, recording, uses)
