"""The graph that users get. A module of its own, because networkx takes a while to import."""

from __future__ import annotations

import networkx


class Graph(networkx.MultiDiGraph):  # type: ignore[misc]  # networkx carries no types
    """A networkx graph that shows itself as a picture in a notebook."""

    def __repr__(self) -> str:
        counts = f"{self.number_of_nodes()} nodes, {self.number_of_edges()} edges"
        return f"<Graph of {self.graph.get('scenario', '?')} at e{self.graph.get('moment', 0)}: {counts}>"

    def _repr_svg_(self) -> str:
        from graphlab.renderers import render_bytes

        return render_bytes(self, "svg").decode()
