"""The graph that users get. A module of its own, because networkx takes a while to import."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx

if TYPE_CHECKING:
    from graphlab.graph.diff import Comparison


class Graph(networkx.MultiDiGraph):  # type: ignore[misc]  # networkx carries no types
    """A networkx graph that shows itself as a picture in a notebook."""

    def __repr__(self) -> str:
        counts = f"{self.number_of_nodes()} nodes, {self.number_of_edges()} edges"
        return f"<Graph of {self.graph.get('scenario', '?')} at e{self.graph.get('moment', 0)}: {counts}>"

    def compare(self, other: networkx.MultiDiGraph, *, factor: float | None = 10.0) -> Comparison:
        """Return what makes this graph the other one; its `union()` draws both as one.

        Args:
            factor: by how much the size of a gradient must differ to be told; None: gradients are not compared.
        """
        from graphlab.graph.diff import compare

        return compare(self, other, factor=factor)

    def _repr_svg_(self) -> str:
        from graphlab.renderers import render_bytes

        return render_bytes(self, "svg").decode()
