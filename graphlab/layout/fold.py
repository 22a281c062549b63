"""Makes a graph smaller before it is drawn: nodes that belong together become one group.

Rules are plain functions in a list, each from a graph and the most nodes wanted to a set of groups, each safe on any
graph: by module first, then chains of ops, then runs of ops in the order in which they ran. A group is an interval of
that order (with the parameters that only it uses), so that folding never makes a cycle.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from graphlab.errors import RenderError
from graphlab.layout.flow import find_invalid, flow_back, join_gradients
from graphlab.model import LEAF_KINDS

if TYPE_CHECKING:
    import networkx

    from graphlab.layout.boxes import EdgeKey

Fold = int | Literal["auto", "none"]

MOST = 500
"""Nodes beyond which a picture is no longer read."""
LEGIBLE = 80
"""Boxes that a graph which must be folded is folded to."""
MOST_EDGES = 600
CHUNKS = 40
"""A chain is folded into so many boxes, so that one still sees what becomes of its gradient."""


@dataclass(slots=True)
class Group:
    """Nodes that are drawn as one."""

    name: str
    """A module's path, or empty."""
    members: list[int] = field(default_factory=list)
    """Ops in the order in which they ran; then the parameters, and the data without a name, that only they use."""


@dataclass(frozen=True, slots=True)
class Folding:
    """What a rule made of a graph, and how it says so."""

    groups: list[Group]
    words: str


Rule = Callable[["networkx.MultiDiGraph", list[int], int], Folding]


def fold(graph: networkx.MultiDiGraph, how: Fold = "auto", most: int = MOST) -> networkx.MultiDiGraph:
    """Return the graph, or a smaller one whose title says what was folded."""
    folding = plan_folding(graph, how, most)
    return graph if folding is None else apply_folding(graph, folding)


def without_strays(graph: networkx.MultiDiGraph, keep: Container[int] = ()) -> networkx.MultiDiGraph:
    """Return the graph without tensors that have neither a name nor a user, such as buffers before their first use."""
    strays = {
        node
        for node, data in graph.nodes(data=True)
        if data.get("kind") in {"data", "leaf"}
        and not (data.get("name") or data.get("names") or data.get("state") == "now" or node in keep)
        and not graph.degree(node)
    }
    if not strays or len(strays) == len(graph):
        return graph
    return graph.subgraph(set(graph) - strays).copy()


def plan_folding(graph: networkx.MultiDiGraph, how: Fold = "auto", most: int = MOST) -> Folding | None:
    """Return how a graph is folded, or None where it is left as it is.

    auto: only where there are more than `most` nodes, too many to be read; a number: every module at that depth;
    none: never.
    """
    if how == "none" or (how == "auto" and len(graph) <= most):
        return None
    if isinstance(how, int) and how < 1:
        raise RenderError(f"cannot fold modules at depth {how}: give 1 or more, auto or none")
    order = execution_order(graph)
    if isinstance(how, int):
        return _by_depth(graph, order, how)
    for rule in RULES:
        folding = rule(graph, order, LEGIBLE)
        if _count(graph, folding.groups) <= LEGIBLE and _edges_between(graph, folding.groups) <= MOST_EDGES:
            break
    return folding


def execution_order(graph: networkx.MultiDiGraph) -> list[int]:
    """Return the nodes in the order of their numbers, as far as sources come before their targets."""
    waiting = dict.fromkeys(graph, 0)
    for _, target in graph.edges():
        waiting[target] += 1
    ready = [node for node, count in waiting.items() if not count]
    heapq.heapify(ready)
    order = []
    while ready:
        node = heapq.heappop(ready)
        order.append(node)
        for _, target in graph.out_edges(node):
            waiting[target] -= 1
            if not waiting[target]:
                heapq.heappush(ready, target)
    if len(order) < len(graph):
        raise RenderError("the graph has a cycle, so it cannot be drawn; autograd's graphs have none: record it again")
    return order


def fold_modules(graph: networkx.MultiDiGraph, order: list[int], most: int) -> Folding:
    """Group by module, as deep as leaves few enough boxes."""
    depths = [str(data.get("module") or "").count(".") + 1 for _, data in graph.nodes(data=True) if data.get("module")]
    for depth in range(max(depths, default=0), 0, -1):
        folding = _by_depth(graph, order, depth)
        if _count(graph, folding.groups) <= most:
            return folding
    return _by_depth(graph, order, 1)


def _by_depth(graph: networkx.MultiDiGraph, order: list[int], depth: int) -> Folding:
    """Group the ops that ran in one stay in a module, modules below `depth` counting as it."""
    groups: list[Group] = []
    for node in order:
        data = graph.nodes[node]
        if data.get("kind") != "op":
            continue
        name = ".".join(str(data.get("module") or "").split(".")[:depth])
        if not name:
            groups.append(Group("", [node]))
        elif groups and groups[-1].name == name:
            groups[-1].members.append(node)
        else:
            groups.append(Group(name, [node]))
    kept = [group for group in groups if group.name]
    return Folding(_adopt(graph, kept), f"folded by module, depth {depth}")


def fold_chains(graph: networkx.MultiDiGraph, order: list[int], most: int) -> Folding:
    """Group the modules, and ops that take what the op before them made."""
    modules = fold_modules(graph, order, most)
    group_of = {node: group.name for group in modules.groups for node in group.members}
    ops = [node for node in order if graph.nodes[node].get("kind") == "op"]
    longest = math.ceil(len(ops) / CHUNKS)
    groups: list[Group] = []
    members: set[int] = set()
    for index, node in enumerate(ops):
        name = group_of.get(node, "")
        sources = {source for source, _ in graph.in_edges(node) if graph.nodes[source].get("kind") == "op"}
        # What has no input of its own kind, such as a weight's transpose, belongs to the op that takes it next.
        is_next = sources <= members if sources else set(ops[index + 1 : index + 2]) == set(graph.successors(node))
        if groups and groups[-1].name == name and (name or (is_next and len(groups[-1].members) < longest)):
            groups[-1].members.append(node)
            members.add(node)
        else:
            groups.append(Group(name, [node]))
            members = {node}
    return Folding(_adopt(graph, groups, named=True), "folded by module and by chains of ops")


def fold_runs(graph: networkx.MultiDiGraph, order: list[int], most: int) -> Folding:
    """Group by the order in which the ops ran, in runs as long as it takes."""
    ops = [node for node in order if graph.nodes[node].get("kind") == "op"]
    runs = max(1, min(most // 2, len(ops)))
    while True:
        size = math.ceil(len(ops) / runs) if ops else 1
        groups = [Group("", ops[start : start + size]) for start in range(0, len(ops), size)]
        adopted = _adopt(graph, groups, everything=True)
        if runs == 1 or _edges_between(graph, adopted) <= MOST_EDGES:
            return Folding(adopted, f"folded into runs of {count_words(size, 'op')}")
        runs //= 2


RULES: list[Rule] = [fold_modules, fold_chains, fold_runs]


def _adopt(
    graph: networkx.MultiDiGraph, groups: list[Group], *, named: bool = False, everything: bool = False
) -> list[Group]:
    """Put into each group the parameters that only it uses, and its module's own data, which no variable holds.

    `named`: data of the script's variables too, such as the network's input; `everything`: what others use as well.
    """
    group_of = {node: index for index, group in enumerate(groups) for node in group.members}
    for node in sorted(graph):
        if node in group_of or graph.in_degree(node):
            continue
        data = graph.nodes[node]
        if data.get("kind") != "parameter" and (data.get("name") or data.get("names")) and not (named or everything):
            continue
        users = {group_of.get(target, -1) for _, target in graph.out_edges(node)}
        if not users and everything and groups:
            users = {0}
        if users and -1 not in users and (everything or len(users) == 1):
            groups[min(users)].members.append(node)
    return groups


def _count(graph: networkx.MultiDiGraph, groups: list[Group]) -> int:
    return len(graph) - sum(len(group.members) - 1 for group in groups)


def _edges_between(graph: networkx.MultiDiGraph, groups: list[Group]) -> int:
    group_of = {node: -1 - index for index, group in enumerate(groups) for node in group.members}
    pairs = {(group_of.get(source, source), group_of.get(target, target)) for source, target in graph.edges()}
    return sum(1 for source, target in pairs if source != target)


def apply_folding(graph: networkx.MultiDiGraph, folding: Folding) -> networkx.MultiDiGraph:
    """Return the graph with each group of two or more as one node, which has the number of its first member.

    The graph may hold less than the one that the folding was made for: the graph of an earlier moment then has the
    same groups, so that its picture lies on the later one.
    """
    import networkx

    home: dict[int, int] = {}
    folded = networkx.MultiDiGraph(**graph.graph)
    facts: dict[int, dict[str, Any]] = {}
    for group in folding.groups:
        if len(group.members) > 1:
            number = min(group.members)
            members = [node for node in group.members if node in graph]
            home.update(dict.fromkeys(members, number))
            if members:
                facts[number] = _group_facts(graph, group.name, number, members)
    for node in sorted({home.get(node, node) for node in graph}):
        folded.add_node(node, **(facts[node] if node in facts else graph.nodes[node]))
    _add_edges(graph, folded, home)
    if facts:
        sizes = f"{count_words(len(graph), 'node')} in {count_words(len(folded), 'box')}"
        folded.graph["folded"] = f"{sizes}, {folding.words}"
    return folded


def _add_edges(graph: networkx.MultiDiGraph, folded: networkx.MultiDiGraph, home: dict[int, int]) -> None:
    """Add one edge for all that lead from a group to another, and every other edge as it is."""
    merged: dict[tuple[int, int], list[EdgeKey]] = {}
    edges = sorted(graph.edges(keys=True, data=True), key=lambda edge: (edge[1], edge[3].get("slot") or 0, edge[0]))
    for source, target, key, data in edges:
        ends = home.get(source, source), home.get(target, target)
        if ends == (source, target) and source not in home and target not in home:
            folded.add_edge(source, target, key, **data)
        elif ends[0] != ends[1]:
            merged.setdefault(ends, []).append((source, target, key))
    for (source, target), keys in merged.items():
        bundle = [graph.edges[key] for key in keys]
        label = bundle[0].get("label") or "" if len(bundle) == 1 else count_words(len(bundle), "edge")
        folded.add_edge(
            source,
            target,
            slot=bundle[0].get("slot"),
            output=0,
            label=label,
            gradient=flow_back(graph, keys),
            state="future" if {data.get("state") for data in bundle} == {"future"} else "done",
        )


def _group_facts(graph: networkx.MultiDiGraph, name: str, number: int, nodes: Sequence[int]) -> dict[str, Any]:
    """Return what a folded group shows: its size, its parameters, the shape that comes out, and its gradients.

    These are what flowed back into what the group gives to others, and the parameters' as one. Whatever lies between,
    such as a bias before a normalisation, is of no interest unless it is not finite.
    """
    members = [graph.nodes[node] for node in nodes]
    ops = [data for data in members if data.get("kind") == "op"]
    parameters = [data for data in members if data.get("kind") == "parameter"]
    size = sum(math.prod(data["shape"]) for data in parameters if data.get("shape") is not None)
    out = ops[-1] if ops else members[-1]
    leaves = [data for data in members if data.get("kind") in LEAF_KINDS]
    inside = set(nodes)
    edges = [edge for node in nodes for edge in graph.out_edges(node, keys=True)]
    leaving = [edge for edge in edges if edge[1] not in inside and graph.nodes[edge[0]].get("kind") not in LEAF_KINDS]
    within = [data.get("gradient") for data in (*members, *(graph.edges[edge] for edge in edges))]
    states = {data.get("state") for data in members}
    words = count_words(len(ops), "op")
    if parameters:
        words += f", {count_words(len(parameters), 'parameter')} ({count_words(size, 'number')})"
    calls = dict.fromkeys(str(data.get("call") or data.get("op") or "") for data in ops[:1000])
    lines = [data["line"] for data in ops if data.get("line")]
    return {
        **dict.fromkeys(("op", "call", "value")),
        "id": number,
        "kind": "group",
        "name": name or f"{_short(ops[0] if ops else out)} … {_short(out)}",
        "names": [],
        "detail": words,
        "module": name or None,
        "file": out.get("file"),
        "line": min(lines) if lines and min(lines) == max(lines) else None,
        "shape": out.get("shape"),
        "dtype": out.get("dtype"),
        "device": out.get("device"),
        "gradient": flow_back(graph, leaving),
        "leaves": len(leaves),
        "leaf_gradient": join_gradients(data.get("gradient") for data in leaves),
        "invalid": find_invalid(within),
        "state": "now" if "now" in states else "future" if states == {"future"} else "done",
        "event": out.get("event"),
        "members": f"{words}: {', '.join(list(calls)[:12])}{' …' if len(calls) > 12 else ''}",
    }


def _short(data: dict[str, Any]) -> str:
    word = str(data.get("call") or data.get("op") or data.get("name") or data.get("kind"))
    return word.rpartition(".")[2] or word


def count_words(count: int, word: str) -> str:
    """Return `1 op`, `2 ops`, `12,000 boxes`."""
    plural = f"{word}es" if word.endswith("x") else f"{word}s"
    return f"{count:,} {word if count == 1 else plural}"
