"""A static graph as a networkx graph like that of a moment, so that everything that draws the one draws the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from graphlab.language import _, plural
from graphlab.recorded_words import say_recorded
from graphlab.static_graph import TRACERS, StaticGraph, StaticNode

if TYPE_CHECKING:
    from graphlab.graph.shown import Graph

_VIEWS: Mapping[str, str] = {
    "aten.detach.default": ".detach()",
    "aten.alias.default": "",
    "aten.t.default": ".t()",
    "aten.lift_fresh_copy.default": "",
}
"""Ops that compute nothing, and what stands for them on an edge."""
_MAKES_ROOM = "aten.new_empty_strided.default"
_COPIES = "aten.copy_.default"
_ROLES: Mapping[str, Callable[[int], str]] = {
    "forward": plural("{count} forward op", "{count} forward ops"),
    "backward": plural("{count} op of the gradients", "{count} ops of the gradients"),
    "update": plural("{count} op of the update", "{count} ops of the update"),
}


def build_static_graph(static: StaticGraph, scenario: str, *, has_views: bool = False) -> Graph:
    """Return the graph of a tracer with the attributes that `build_graph` gives.

    Args:
        has_views: keep ops that compute nothing (transposes, detached and copied tensors) as nodes of their own; else
            they are labels on edges, as views of data are in autograd's graph.
    """
    from graphlab.graph.shown import Graph

    graph = Graph()
    passed = {} if has_views else _passed(static)
    shown = [node for node in static.nodes if node.id not in passed]
    graph.graph.update(_describe(static, scenario, shown))
    for node in shown:
        graph.add_node(node.id, **_node_facts(node))
    for node in static.nodes:
        origin, _unused = _origin(node.id, passed)
        if node.id in passed and node.name and origin in graph and not graph.nodes[origin]["name"]:
            graph.nodes[origin].update(name=node.name, names=[node.name])  # the variable holds the copy
    for node in shown:
        for slot, number in enumerate(node.inputs):
            source, label = _origin(number, passed)
            if source is not None and source in graph:
                graph.add_edge(source, node.id, slot=slot, output=0, label=label, gradient=None, state="done")
    return graph


def _passed(static: StaticGraph) -> dict[int, tuple[int | None, str]]:
    """Return the nodes that become labels: where each gets its tensor from, and its label."""
    by_number = {node.id: node for node in static.nodes}
    passed: dict[int, tuple[int | None, str]] = {}
    for node in static.nodes:
        if node.op in _VIEWS and len(node.inputs) == 1:
            passed[node.id] = node.inputs[0], _VIEWS[node.op or ""]
        elif node.op == _COPIES and len(node.inputs) == 2:
            room = by_number.get(node.inputs[0])
            if room is not None and room.op == _MAKES_ROOM:  # a gradient that is kept is copied first
                passed[node.id] = node.inputs[1], ""
                passed[room.id] = None, ""
    return passed


def _origin(number: int, passed: Mapping[int, tuple[int | None, str]]) -> tuple[int | None, str]:
    """Follow nodes that became labels back to the one that is shown."""
    label = ""
    at: int | None = number
    while at is not None and at in passed:
        at, word = passed[at]
        if not (word == ".detach()" and label.startswith(word)):
            label = word + label
    return at, label.replace(".t().t()", "")


def _describe(static: StaticGraph, scenario: str, shown: list[StaticNode]) -> dict[str, Any]:
    counts = []
    for role, words in _ROLES.items():
        count = sum(node.role == role and node.kind == "op" for node in static.nodes)
        if count:
            counts.append(words(count).format(count=count))
    hidden = len(static.nodes) - len(shown)
    if hidden:
        counts.append(
            _("{hidden} of them views or copies, not drawn as boxes").format(hidden=hidden)
            if hidden > 1
            else _("1 of them a view")
        )
    return {
        "title": f"{say_recorded(TRACERS[static.tracer])}: {say_recorded(static.target)}",
        "scenario": scenario,
        "step": None,
        "steps": 0,
        "moment": 0,
        "events": 0,
        "doing": ", ".join(counts),
        "detail": "full",
        "is_backward_over": False,
        "torchviz": None,
        "static": static.tracer,
    }


def _node_facts(node: StaticNode) -> dict[str, Any]:
    is_op = node.kind == "op"
    facts: dict[str, Any] = {
        "id": node.id,
        "kind": node.kind,
        "name": node.name,
        "names": [node.name] if is_op and node.name else [],
        "op": node.op,
        "call": node.call,
        "module": node.module,
        "file": node.file,
        "line": node.line,
        "shape": node.shape,
        "dtype": node.dtype,
        "device": None,
        "value": None,
        "gradient": None,
        "event": 0,
        "state": "done",
    }
    if not is_op:
        facts["detail"] = {"output": _("what comes out"), "data": _("what goes in")}.get(node.kind, _("parameter"))
        facts["name"] = node.name or node.kind
    elif node.role == "backward" and node.autograd:
        facts["members"] = _("part of {autograd}").format(autograd=node.autograd)
    return facts
