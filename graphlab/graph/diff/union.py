"""Both graphs of a comparison as one, to be drawn: what is common once, the rest marked.

A node carries `mark` (added, removed, changed, renamed) and `was`, what the first graph says of it where that differs;
an edge carries `mark`. What is common shows the values and gradients of the second graph.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graphlab.graph.diff.alignment import longest_increasing
from graphlab.language import _

if TYPE_CHECKING:
    from graphlab.graph.diff.comparison import Comparison, NodeChange
    from graphlab.graph.shown import Graph

Side = str
Key = tuple[Side, int]
"""A node of the union by the graph that it is shown as, and its number there; `b` for what is common."""


def build_union(comparison: Comparison) -> Graph:
    """Return both graphs as one, its nodes numbered anew in an order in which they could run."""
    from graphlab.graph.shown import Graph

    pairs = _in_one_order(comparison)
    home: dict[Key, Key] = {("b", node): ("b", node) for node in comparison.b}
    home |= {("a", node): ("b", pairs[node]) if node in pairs else ("a", node) for node in comparison.a}
    edges = _merge_edges(comparison, home)
    order = _order(comparison, home, edges)
    numbers = {key: number for number, key in enumerate(order, 1)}
    union = Graph()
    union.graph.update(_describe(comparison))
    changes = {change.b: change for change in comparison.nodes if change.a is not None}
    back = {second: first for first, second in pairs.items()}
    for key, number in numbers.items():
        union.add_node(number, **_facts(comparison, key, back, changes) | {"id": number})
    for source, target, slot, mark, data in edges:
        union.add_edge(numbers[source], numbers[target], **{**data, "slot": slot, "mark": mark})
    return union


def _in_one_order(comparison: Comparison) -> dict[int, int]:
    """Return the pairs that can be drawn as one node each.

    Where two ops ran in the other order in the other graph, and each needs what the other made, one picture would have
    a cycle: of such ops some are drawn twice, as removed and as added.
    """
    pairs = {first: second for first, second in comparison.pairs.items() if first in comparison.a}
    # What nothing leads to, in either graph, can be on no cycle.
    ran = {
        first: second
        for first, second in pairs.items()
        if comparison.a.in_degree(first) or comparison.b.in_degree(second)
    }
    places = [{node: place for place, node in enumerate(order)} for order in comparison.orders]
    firsts = sorted(ran, key=places[0].__getitem__)
    kept = {firsts[index] for index in longest_increasing([places[1][ran[node]] for node in firsts])}
    if len(kept) == len(ran) or not _has_cycle(comparison, pairs):
        return pairs
    return {first: second for first, second in pairs.items() if first not in ran or first in kept}


def _has_cycle(comparison: Comparison, pairs: Mapping[int, int]) -> bool:
    import networkx

    both = networkx.DiGraph()
    both.add_edges_from((("b", source), ("b", target)) for source, target in comparison.b.edges())
    key = {node: ("b", pairs[node]) if node in pairs else ("a", node) for node in comparison.a}
    both.add_edges_from((key[source], key[target]) for source, target in comparison.a.edges())
    return not networkx.is_directed_acyclic_graph(both)


Edge = tuple[Key, Key, int, str | None, Mapping[str, Any]]


def _merge_edges(comparison: Comparison, home: Mapping[Key, Key]) -> list[Edge]:
    """Return each edge once, with its mark."""
    changed = {change.b for change in comparison.edges if change.sort == "changed"}
    edges: list[Edge] = []
    there: Counter[tuple[Key, Key, int]] = Counter()
    for source, target, data in comparison.a.edges(data=True):
        there[home["a", source], home["a", target], data.get("slot") or 0] += 1
    for source, target, data in comparison.b.edges(data=True):
        ends = (("b", source), ("b", target), data.get("slot") or 0)
        is_common = there[ends] > 0
        there[ends] -= is_common
        mark = "changed" if (source, target, ends[2]) in changed else None
        edges.append((*ends, mark if is_common else "added", data))
    for source, target, data in comparison.a.edges(data=True):
        ends = (home["a", source], home["a", target], data.get("slot") or 0)
        if there[ends] > 0:
            there[ends] -= 1
            edges.append((*ends, "removed", data))
    return edges


def _order(comparison: Comparison, home: Mapping[Key, Key], edges: list[Edge]) -> list[Key]:
    """Return the nodes in the order of the second run, those of the first alone where they stood in it."""
    places = {("b", node): (index, 0, 0) for index, node in enumerate(comparison.orders[1])}
    last = -1
    for index, node in enumerate(comparison.orders[0]):
        key = home["a", node]
        if key[0] == "b":
            last = places[key][0]
        else:
            places[key] = (last, 1, index)
    waiting = dict.fromkeys(places, 0)
    targets: dict[Key, list[Key]] = {key: [] for key in places}
    for source, target, *_slots in edges:
        waiting[target] += 1
        targets[source].append(target)
    ready = [(places[key], key) for key, count in waiting.items() if not count]
    heapq.heapify(ready)
    order = []
    while ready:
        _unused, key = heapq.heappop(ready)
        order.append(key)
        for target in targets[key]:
            waiting[target] -= 1
            if not waiting[target]:
                heapq.heappush(ready, (places[target], target))
    return order


def _facts(
    comparison: Comparison, key: Key, back: Mapping[int, int], changes: Mapping[int | None, NodeChange]
) -> dict[str, Any]:
    side, node = key
    if side == "a":
        return {**comparison.a.nodes[node], "state": "done", "mark": "removed"}
    data = {**comparison.b.nodes[node], "state": "done"}
    if node not in back:
        return data | {"mark": "added"}
    change = changes.get(node)
    if change is None:
        return data
    before = comparison.a.nodes[change.a]
    return data | {"mark": change.sort, "was": {aspect: before.get(aspect) for aspect in change.what}}


def _describe(comparison: Comparison) -> dict[str, Any]:
    titles = dict.fromkeys(str(graph.graph.get("title") or _("graph")) for graph in (comparison.a, comparison.b))
    places = [f"{side}: {_place(graph.graph)}" for side, graph in (("A", comparison.a), ("B", comparison.b))]
    facts = [change.words for change in comparison.facts]
    more = [_("and {count} more facts differ").format(count=len(facts) - 3)] if len(facts) > 3 else []
    return {
        "title": " → ".join(titles),
        "scenario": " → ".join(places),
        "doing": "  ·  ".join([*comparison.summary.split("   "), *facts[:3], *more]),
        "is_comparison": True,
        "detail": "full",
    }


def _place(facts: Mapping[str, Any]) -> str:
    step = (
        _(", step {step} of {steps}").format(step=facts["step"], steps=facts["steps"])
        if facts.get("step") and facts.get("steps")
        else ""
    )
    return f"{facts.get('scenario') or _('graph')}{step}"
