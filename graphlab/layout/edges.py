"""The edges of a networkx graph straight from its dicts: its own views take three times as long.

That is nothing for a picture, but folding a graph of 50,000 nodes asks for every edge several times.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import networkx

WholeEdge = tuple[int, int, int, dict[str, Any]]
"""Source, target, key, facts."""


def edges_of(graph: networkx.MultiDiGraph) -> Iterator[WholeEdge]:
    """Yield all edges, by source in the order of nodes."""
    for source, targets in graph.adjacency():
        for target, bundle in targets.items():
            for key, data in bundle.items():
                yield source, target, key, data


class EdgesByEnd:
    """The edges of a graph, by the node that each leaves and by the one that it comes to."""

    def __init__(self, graph: networkx.MultiDiGraph) -> None:
        self.out: defaultdict[int, list[WholeEdge]] = defaultdict(list)
        self.into: defaultdict[int, list[WholeEdge]] = defaultdict(list)
        for edge in edges_of(graph):
            self.out[edge[0]].append(edge)
            self.into[edge[1]].append(edge)
