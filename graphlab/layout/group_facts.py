"""What a folded group shows: what goes in and out, how much it holds, and the gradients of what is inside."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from graphlab.counted import KIND_NAMES, count_words
from graphlab.layout.flow import find_invalid, flow_back, join_gradients
from graphlab.layout.groups import class_of, title_of, with_call
from graphlab.model import LEAF_KINDS, Snapshot

if TYPE_CHECKING:
    import networkx

    from graphlab.layout.edges import EdgesByEnd
    from graphlab.layout.groups import Group

_LISTED = 12
"""Calls that a tooltip names."""


def group_facts(
    graph: networkx.MultiDiGraph, edges: EdgesByEnd, group: Group, number: int, nodes: Sequence[int]
) -> dict[str, Any]:
    """Return the attributes of the node that stands for a group.

    Its gradient is what flowed back into what it gives to others; its parameters' is theirs as one. Whatever lies
    between is one number, the worst.
    """
    facts = graph.nodes(data=True)
    members = [facts[node] for node in nodes]
    if group.kind == "transpose":
        return _transposed(group, number, members)
    if group.kind == "alike":
        return _alike(group, number, members)
    ops = [data for data in members if data.get("kind") == "op"]
    out = _result(graph, edges, nodes)
    leaves = [data for data in members if data.get("kind") in LEAF_KINDS]
    inside = set(nodes)
    given = [edge for node in nodes for edge in edges.out[node]]
    leaving = [edge[:3] for edge in given if edge[1] not in inside and facts[edge[0]].get("kind") not in LEAF_KINDS]
    within = [*(data.get("gradient") for data in members), *(edge[3].get("gradient") for edge in given)]
    states = {data.get("state") for data in members}
    words = _count_members(members)
    calls = dict.fromkeys(str(data.get("call") or data.get("op") or "") for data in ops[:1000])
    lines = [data["line"] for data in ops if data.get("line")]
    classes = graph.graph.get("modules")
    name = class_of(group, classes)
    return {
        **dict.fromkeys(("op", "call", "value")),
        "id": number,
        "kind": "group",
        "group": group.id,
        "name": with_call(title_of(group, classes), group, calls),
        "names": [],
        "detail": f"{name}: {words}" if name and group.count == 1 else words,
        "module": group.name if group.kind == "module" else out.get("module"),
        "file": out.get("file"),
        "line": min(lines) if lines and min(lines) == max(lines) else None,
        "takes": _takes(graph, edges, inside),
        "shape": out.get("shape"),
        "dtype": out.get("dtype"),
        "device": out.get("device"),
        "gradient": flow_back(graph, leaving),
        "leaves": len(leaves),
        "leaf_gradient": join_gradients(data.get("gradient") for data in leaves),
        "worst": worst_gradient(within),
        "invalid": find_invalid(within),
        "state": "now" if "now" in states else "future" if states == {"future"} else "done",
        "event": out.get("event"),
        "members": f"{words}: {', '.join(list(calls)[:_LISTED])}{' …' if len(calls) > _LISTED else ''}",
    }


def worst_gradient(gradients: Iterable[Snapshot | None]) -> Snapshot | None:
    """Return the worst of some gradients: one with a NaN, else one that is infinite, else the largest."""
    worst: tuple[tuple[int, float], Snapshot] | None = None
    for gradient in gradients:
        norm = gradient.magnitude if gradient is not None else None
        if gradient is None or norm is None:
            continue
        rank = (2, 0.0) if math.isnan(norm) else (1, 0.0) if math.isinf(norm) else (0, norm)
        if worst is None or rank > worst[0]:
            worst = rank, gradient
    return worst[1] if worst is not None else None


def _result(graph: networkx.MultiDiGraph, edges: EdgesByEnd, nodes: Sequence[int]) -> dict[str, Any]:
    """Return the last op that gives something to others, or to nobody; what only gives stands last in a group."""
    inside = set(nodes)
    ops = [node for node in nodes if graph.nodes[node].get("kind") == "op"]
    giving = (
        node for node in reversed(ops) if not edges.out[node] or any(edge[1] not in inside for edge in edges.out[node])
    )
    facts: dict[str, Any] = graph.nodes[next(giving, (ops or list(nodes))[-1])]
    return facts


def _transposed(group: Group, number: int, members: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the attributes of a parameter that is drawn with its transpose: its own, and the shape that comes out."""
    leaf = next(data for data in members if data.get("kind") in LEAF_KINDS)
    views = [data for data in members if data.get("kind") == "op"]
    last = views[-1] if views else leaf
    return {
        **leaf,
        "id": number,
        "group": group.id,
        "detail": ", ".join(
            [KIND_NAMES.get(leaf["kind"], str(leaf["kind"])), *(str(data.get("op") or "") for data in views)]
        ),
        "shape": last.get("shape"),
    }


def _alike(group: Group, number: int, members: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the attributes of a leaf that stands for many like it, with their smallest and largest gradient."""
    gradients = [data.get("gradient") for data in members]
    norms = [norm for gradient in gradients if gradient is not None and (norm := gradient.magnitude) is not None]
    words = count_words(len(members), str(members[0]["kind"]))
    ends = list(dict.fromkeys(f"{end:.2g}" for end in (min(norms), max(norms)))) if norms else []
    states = {data.get("state") for data in members}
    return {
        **members[0],
        "id": number,
        "group": group.id,
        "name": title_of(group),
        "names": [],
        "detail": f"{words}, ‖∇‖ {' … '.join(ends)}" if norms else words,
        "line": None if len({data.get("line") for data in members}) > 1 else members[0].get("line"),
        "value": None,
        "gradient": join_gradients(gradients),
        "state": "now" if "now" in states else "future" if states == {"future"} else "done",
    }


def _count_members(members: Sequence[dict[str, Any]]) -> str:
    parameters = [data for data in members if data.get("kind") == "parameter"]
    size = sum(math.prod(data["shape"]) for data in parameters if data.get("shape") is not None)
    ops = sum(1 for data in members if data.get("kind") == "op")
    words = [count_words(ops, "op")] if ops or not parameters else []
    if parameters:
        words.append(f"{count_words(len(parameters), 'parameter')} ({count_words(size, 'number')})")
    return ", ".join(words)


def _takes(graph: networkx.MultiDiGraph, edges: EdgesByEnd, inside: set[int]) -> list[tuple[int, ...] | None]:
    """Return the shape of each tensor that comes in, parameters aside."""
    found: dict[tuple[int, int], tuple[int, ...] | None] = {}
    for source, _unused, _unused, data in (edge for node in inside for edge in edges.into[node]):
        if source not in inside and graph.nodes[source].get("kind") not in LEAF_KINDS:
            found[source, data.get("output") or 0] = graph.nodes[source].get("shape")
    return [found[key] for key in sorted(found)]
