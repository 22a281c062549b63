"""A recording at a moment as a networkx graph: what renderers draw and users of the API get."""

from graphlab.graph.build import Graph, build_graph

__all__ = ["Graph", "build_graph"]
