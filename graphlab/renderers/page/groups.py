"""What belongs together in a structure, as the page opens and closes it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graphlab.layout.comparison import group_marks
from graphlab.layout.edges import EdgesByEnd
from graphlab.layout.fold import ALWAYS_CLOSED, Fold, plan_folding
from graphlab.layout.group_facts import group_facts
from graphlab.layout.groups import Group, build_groups, walk
from graphlab.renderers.page.structures import size_of_group
from graphlab.renderers.reading import plain, read_node

if TYPE_CHECKING:
    import networkx


def describe_groups(
    graph: networkx.MultiDiGraph, places: Mapping[int, int], how: Fold, opened: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Return the groups of a graph, each after the one around it; `places` are the indices of nodes on the page.

    Which are closed at first is what every other picture of the graph folds; what is inside these is closed too, so
    that opening one shows little at once.
    """
    groups = build_groups(graph)
    folding = plan_folding(graph, how, opened=opened)
    closed = set() if folding is None else {group.id for group in walk(folding.groups)}
    edges = EdgesByEnd(graph)
    found: list[dict[str, Any]] = []

    def add(siblings: Iterable[Group], parent: int) -> None:
        for group in siblings:
            is_closed = group.id in closed or (folding is not None and group.kind in ALWAYS_CLOSED)
            index = len(found)
            found.append(_describe(graph, edges, group, places, parent=parent, is_closed=is_closed))
            add(group.children, index)

    add(groups, -1)
    return found


def _describe(
    graph: networkx.MultiDiGraph,
    edges: EdgesByEnd,
    group: Group,
    places: Mapping[int, int],
    *,
    parent: int,
    is_closed: bool,
) -> dict[str, Any]:
    facts = group_facts(graph, edges, group, min(group.members), group.members) | group_marks(graph, group.members)
    reading = read_node(facts)
    return {
        "title": reading.title,
        "kind": group.kind,
        "parent": parent,
        "own": _own(group, places),
        "closed": is_closed,
        "detail": reading.detail,
        "shape": reading.shape,
        "line": facts.get("line") or 0,
        "about": plain(facts.get("members") or ""),
        "mark": reading.mark,
        "change": plain(reading.change),
        "size": size_of_group(facts),
    }


def _own(group: Group, places: Mapping[int, int]) -> Sequence[int]:
    """Return the members that are in none of the groups inside."""
    inside = {node for child in group.children for node in child.members}
    return sorted(places[node] for node in group.members if node not in inside)
