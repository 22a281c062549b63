"""Two graphs, compared: matched by structure and names, and what differs between them."""

from graphlab.graph.diff.comparison import FACTOR, SIGNS, Comparison, EdgeChange, NodeChange, compare
from graphlab.graph.diff.facts import FactChange

__all__ = ["FACTOR", "SIGNS", "Comparison", "EdgeChange", "FactChange", "NodeChange", "compare"]
