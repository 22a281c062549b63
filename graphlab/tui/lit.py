"""Which part of the graph is lit: what the selected node comes from and leads to, or the ways between two marks.

Free of any view. A lit part is a set of nodes and a rule for edges; everything else is drawn dimly, and lit lines are
heavy, so that nothing rests on colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from graphlab.tui import messages, places
from graphlab.tui.bulk import packed_path

if TYPE_CHECKING:
    from graphlab.model import Edge
    from graphlab.tui.state import ExplorerState


@dataclass(frozen=True, slots=True)
class Lit:
    """Nodes that are lit, as what leads to something and what comes from it."""

    above: frozenset[int]
    below: frozenset[int]
    is_path: bool = False
    """Whether it is what joins two marks."""

    def has_node(self, node: int) -> bool:
        return node in self.above or node in self.below

    def has_edge(self, edge: Edge) -> bool:
        return any(edge.source in part and edge.target in part for part in (self.above, self.below))


def reachable(edges: Iterable[Edge], start: int, *, is_up: bool) -> frozenset[int]:
    """Return a node and all that it comes from (up) or leads to."""
    near: dict[int, list[int]] = {}
    for edge in edges:
        here, there = (edge.target, edge.source) if is_up else (edge.source, edge.target)
        near.setdefault(here, []).append(there)
    found = {start}
    waiting = [start]
    for node in waiting:
        for other in near.get(node, ()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return frozenset(found)


def ways_between(edges: Sequence[Edge], first: int, last: int) -> frozenset[int]:
    """Return all nodes on the ways along the edges from one node to another, whichever comes first."""
    for start, end in ((first, last), (last, first)):
        below = reachable(edges, start, is_up=False)
        if end in below:
            return below & reachable(edges, end, is_up=True)
    return frozenset()


class Lighting:
    """The marks of a person, and what is lit by them or by the selection."""

    def __init__(self, state: ExplorerState) -> None:
        self.state = state
        self._around = lru_cache(32)(self._find_around)
        self._between = lru_cache(8)(self._find_between)

    def toggle_mark(self) -> None:
        """Mark the node that is looked at, or take its mark away; with two marks take both away."""
        state = self.state
        node = state.selected_node
        if node is None:
            state.tell(messages.NO_SELECTION)
        elif len(state.marks) > 1:
            state.marks = []
            state.tell(messages.MARKS_GONE)
        elif node in state.marks:
            state.marks = []
            state.changed()
        else:
            state.marks = [*state.marks, node]
            if len(state.marks) == 1:
                state.tell(messages.MARKED_ONE.format(name=state.name_of(node)))
            else:
                path = self.path()
                state.tell(messages.MARKED_TWO.format(count=len(path)) if path else messages.NO_PATH)

    def path(self) -> list[int]:
        """Return the nodes on all ways from one mark to the other, in the order in which they were made.

        Where no way along the edges leads from one to the other, the nodes of a shortest one in either direction.
        """
        step = self.state.step
        if len(self.state.marks) != 2 or step is None:
            return []
        return self._between(step.step, self.state.marks[0], self.state.marks[1], self.state.last)

    def _find_between(self, step: int, first: int, last: int, count: int) -> list[int]:
        recording = self.state.recording
        if self.state.is_large:
            return packed_path(recording.packed(step), first, last)
        structure = recording.structure(step)
        found = ways_between(structure.edges, first, last)
        if found:
            return [node for node in structure.nodes if node in found]
        return places.find_path(structure.edges, first, last)

    def lit(self) -> Lit | None:
        """Return what is lit; None where nothing is, because nothing was selected or marked."""
        state = self.state
        step = state.step
        if step is None or state.is_large:
            return None
        path = self.path()
        if path:
            nodes = frozenset(path)
            return Lit(nodes, nodes, is_path=True)
        node = state.selected_node if state.selected is not None else None
        return self._around(step.step, node, state.last) if node is not None else None

    def _find_around(self, step: int, node: int, count: int) -> Lit:
        edges = self.state.recording.structure(step).edges
        return Lit(reachable(edges, node, is_up=True), reachable(edges, node, is_up=False))
