"""A recording at a moment as a networkx graph: what renderers draw and users of the API get."""

from graphlab.graph.build import build_graph

__all__ = ["build_graph"]
