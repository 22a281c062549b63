"""Which groups of two graphs drawn as one hold nothing that differs, and what a folded one says of what does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import networkx

    from graphlab.layout.groups import Group

SIGNS = {"added": "+", "removed": "−", "changed": "~"}


def quiet_groups(graph: networkx.MultiDiGraph, groups: Sequence[Group]) -> list[Group]:
    """Return the groups, as large as they go, that hold neither a change nor what lies right beside one."""
    loud = _loud(graph)
    found = []
    stack = list(groups)
    while stack:
        group = stack.pop()
        if loud.isdisjoint(group.members):
            found.append(group)
        else:
            stack.extend(group.children)
    return sorted(found, key=lambda group: min(group.members))


def _loud(graph: networkx.MultiDiGraph) -> set[int]:
    marked = {node for node, mark in graph.nodes(data="mark") if mark in SIGNS}
    edges = [(source, target) for source, target, mark in graph.edges(data="mark") if mark in SIGNS]
    beside = {node for source, target in graph.edges() if {source, target} & marked for node in (source, target)}
    return marked | beside | {node for edge in edges for node in edge}


def group_marks(graph: networkx.MultiDiGraph, members: Sequence[int]) -> dict[str, Any]:
    """Return the mark that a folded group carries, and how many of its nodes have which."""
    marks = Counter(graph.nodes[node].get("mark") for node in members)
    if not any(marks[mark] for mark in SIGNS):
        return {}
    (first, count), *_ = marks.most_common(1)
    words = " ".join(f"{sign}{marks[mark]}" for mark, sign in SIGNS.items() if marks[mark])
    return {"mark": first if count == len(members) and first else "changed", "changes": f"{words} inside"}
