"""A graph as GraphML, for Gephi, yEd and Cytoscape: `networkx.read_graphml(file)` reads it.

GraphML knows flat attributes only, so a tensor becomes its figures (`value_norm`, `gradient_max`); what is not known
is left out.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from graphlab.renderers.options import Options
from graphlab.renderers.reading import plain, shape_words

if TYPE_CHECKING:
    import networkx

    from graphlab.model import Snapshot

NODE_FACTS = ("id", "kind", "name", "op", "call", "module", "file", "line", "dtype", "device", "state", "mark")
EDGE_FACTS = ("slot", "output", "label", "state", "mark")
FIGURES = ("norm", "minimum", "maximum", "mean", "zeros", "nans")


def render(graph: networkx.MultiDiGraph, options: Options) -> bytes:
    """Return the graph as GraphML."""
    import networkx
    from networkx.readwrite.graphml import GraphMLWriter

    flat = networkx.MultiDiGraph()
    for name in ("title", "scenario", "step", "steps", "moment", "events", "doing", "detail"):
        flat.graph.update(_flat(name, graph.graph.get(name)))
    for node, data in sorted(graph.nodes(data=True)):
        facts = _flat_all(NODE_FACTS, data)
        # What viewers show beside a node unasked.
        facts["label"] = plain(str(data.get("name") or data.get("call") or data.get("op") or data.get("kind")))
        facts.update(_flat("shape", shape_words(data.get("shape")) or None))
        facts.update(_figures("value", data.get("value")) | _figures("gradient", data.get("gradient")))
        flat.add_node(node, **facts)
    for source, target, key, data in sorted(graph.edges(keys=True, data=True), key=lambda edge: edge[:3]):
        flat.add_edge(source, target, key, **_flat_all(EDGE_FACTS, data), **_figures("gradient", data.get("gradient")))
    # Not write_graphml: it takes lxml where that is installed, whose bytes are others.
    writer = GraphMLWriter(prettyprint=True)
    writer.add_graph_element(flat)
    stream = io.BytesIO()
    writer.dump(stream)
    return stream.getvalue()


def _flat_all(names: tuple[str, ...], data: dict[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for name in names:
        facts.update(_flat(name, data.get(name)))
    return facts


def _flat(name: str, value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    return {name: plain(value) if isinstance(value, str) else value}


def _figures(name: str, snapshot: Snapshot | None) -> dict[str, Any]:
    if snapshot is None:
        return {}
    statistics = snapshot.statistics
    figures = {f"{name}_{figure}": getattr(statistics, figure) for figure in FIGURES}
    return {figure: number for figure, number in figures.items() if number is not None}
