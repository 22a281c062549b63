"""Which groups of two graphs drawn as one hold nothing that differs, and what a folded one says of what does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from graphlab.language import _
from graphlab.layout.groups import levels_of, outermost

if TYPE_CHECKING:
    import networkx

    from graphlab.layout.groups import Group

SIGNS = {"added": "+", "removed": "−", "changed": "~"}


def choose_groups(graph: networkx.MultiDiGraph, groups: Sequence[Group], legible: int) -> list[Group]:
    """Return the groups to close: as large as they go, those with neither a change nor what lies right beside one.

    Where that leaves more boxes than can be read, what one graph has alone is closed too, level by level from inside.
    """
    loud = _loud(graph)
    levels = [(group, level) for group, level in levels_of(groups) if len(group.members) > 1]
    quiet = {group.id for group, _ in levels if loud.isdisjoint(group.members)}
    alone = {group.id: level for group, level in levels if _is_alone(graph, group)}
    found = outermost(groups, quiet)
    for depth in range(max(alone.values(), default=-1), -1, -1):
        if _count(graph, found) <= legible:
            break
        found = outermost(groups, quiet | {group for group, level in alone.items() if level >= depth})
    return found


def _is_alone(graph: networkx.MultiDiGraph, group: Group) -> bool:
    """Whether one of the graphs has all of a group alone."""
    marks = {graph.nodes[node].get("mark") for node in group.members}
    return marks in ({"added"}, {"removed"})


def _count(graph: networkx.MultiDiGraph, groups: Iterable[Group]) -> int:
    return len(graph) - sum(len(group.members) - 1 for group in groups)


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
    (first, count), *_unused = marks.most_common(1)
    words = " ".join(f"{sign}{marks[mark]}" for mark, sign in SIGNS.items() if marks[mark])
    return {
        "mark": first if count == len(members) and first else "changed",
        "changes": _("{words} inside").format(words=words),
    }
