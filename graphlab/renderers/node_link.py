"""A graph as JSON in networkx's node-link form: `networkx.node_link_graph(json.load(file))` reads it.

Numbers are JSON numbers; NaN and the infinities, which JSON lacks, are the strings "NaN", "Infinity", "-Infinity".
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from graphlab.renderers.options import Options

if TYPE_CHECKING:
    import networkx

    from graphlab.model import Snapshot

GRAPH_FACTS = ("title", "scenario", "step", "steps", "moment", "events", "doing", "detail")
RUN_FACTS = ("torch", "device", "seed", "parameters")
"""Facts of the run, for whoever compares two: written where the graph has them."""
NODE_FACTS = ("id", "kind", "name", "op", "call", "module", "file", "line", "shape", "dtype", "device")


def render(graph: networkx.MultiDiGraph, options: Options) -> bytes:
    """Return the graph as JSON, a line to each node and each edge."""
    run = {name: graph.graph[name] for name in RUN_FACTS if name in graph.graph}
    facts = _text({name: graph.graph.get(name) for name in GRAPH_FACTS} | run)
    nodes = [_text(_node(data)) for _, data in sorted(graph.nodes(data=True))]
    edges = [_text(_edge(*edge)) for edge in sorted(graph.edges(keys=True, data=True), key=lambda edge: edge[:3])]
    lines = [
        f'{{"directed": true, "multigraph": true, "graph": {facts},',
        f'"nodes": [{_list(nodes)}],',
        f'"edges": [{_list(edges)}]}}',
    ]
    return "\n".join([*lines, ""]).encode()


def _list(members: list[str]) -> str:
    return "\n" + ",\n".join(members) + "\n" if members else ""


def _node(data: dict[str, Any]) -> dict[str, Any]:
    tensors = {name: summarise(data.get(name)) for name in ("value", "gradient")}
    mark = {"mark": data["mark"]} if data.get("mark") else {}
    return {name: data.get(name) for name in NODE_FACTS} | tensors | mark


def _edge(source: int, target: int, key: int, data: dict[str, Any]) -> dict[str, Any]:
    gradient = summarise(data.get("gradient"))
    mark = {"mark": data["mark"]} if data.get("mark") else {}
    return {"source": source, "target": target, "key": key, "slot": data.get("slot"), "gradient": gradient} | mark


def _text(value: Any) -> str:
    # ASCII: a name may hold a lone surrogate, which no encoding takes.
    return json.dumps(_finite(value), ensure_ascii=True, allow_nan=False)


def summarise(snapshot: Snapshot | None) -> dict[str, Any] | None:
    """Return a tensor's figures and values, or None."""
    return None if snapshot is None else snapshot.summary()


def _finite(value: Any) -> Any:
    """Return the value with words for what JSON has no numbers for. Nesting is as deep as tensors have dimensions."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, complex):
        return [_finite(value.real), _finite(value.imag)]
    if isinstance(value, dict):
        return {str(name): _finite(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(member) for member in value]
    return value
