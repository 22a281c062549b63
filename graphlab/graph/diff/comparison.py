"""Two graphs, compared: what was added, removed, changed and renamed, as plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from graphlab.counted import count_words
from graphlab.errors import UsageError
from graphlab.graph.diff.facts import FactChange, compare_facts, same_places
from graphlab.graph.diff.gradients import has_changed, lacks_all
from graphlab.graph.diff.matching import match
from graphlab.graph.diff.sides import Side, make_side
from graphlab.language import _
from graphlab.model import LEAF_KINDS

if TYPE_CHECKING:
    import networkx

    from graphlab.graph.shown import Graph
    from graphlab.model import Snapshot

Sort = Literal["added", "removed", "changed", "renamed"]
Aspect = Literal["shape", "dtype", "gradient", "name", "module"]

SIGNS: Mapping[Sort, str] = {"added": "+", "removed": "-", "changed": "~", "renamed": "="}
FACTOR = 10.0
"""By how much a gradient must differ to be told."""


@dataclass(frozen=True, slots=True)
class NodeChange:
    """A node that one graph lacks, or that is not the same in both."""

    sort: Sort
    a: int | None
    """The number of the node in the first graph; None: it is not there."""
    b: int | None
    what: tuple[Aspect, ...]
    """What differs, of a node that is in both."""


@dataclass(frozen=True, slots=True)
class EdgeChange:
    """An edge that one graph lacks, or whose gradient is not the same in both."""

    sort: Sort
    a: tuple[int, int, int] | None
    """Source, target and slot in the first graph; None: it is not there."""
    b: tuple[int, int, int] | None
    is_moved: bool
    """Whether both of its ends are in both graphs: it does not come or go with a node."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """What makes graph `a` graph `b`."""

    a: networkx.MultiDiGraph
    b: networkx.MultiDiGraph
    facts: tuple[FactChange, ...]
    """What differs between the runs; this alone makes no difference of the graphs."""
    notes: tuple[str, ...]
    """What was not compared, and why."""
    nodes: tuple[NodeChange, ...]
    """In the order of the run, what is gone where it was."""
    edges: tuple[EdgeChange, ...]
    pairs: Mapping[int, int]
    """For nodes of `a` the same nodes of `b`."""
    factor: float | None
    orders: tuple[Sequence[int], Sequence[int]]
    """The nodes of both graphs as they ran."""

    @property
    def is_equal(self) -> bool:
        """Whether the graphs are the same."""
        return not (self.nodes or self.edges)

    @property
    def summary(self) -> str:
        """How much differs, on one line."""
        if self.is_equal:
            return _("equal: {nodes}, {edges}").format(
                nodes=count_words(len(self.b), "node"), edges=count_words(self.b.number_of_edges(), "edge")
            )
        same = len(self.pairs) - self.count("changed") - self.count("renamed")
        nodes = " ".join(f"{SIGNS[sort]}{self.count(sort)}" for sort in SIGNS if self.count(sort))
        edges = " ".join(f"{SIGNS[sort]}{self.count_edges(sort)}" for sort in SIGNS if self.count_edges(sort))
        return _("nodes: {nodes} ({same} the same)   edges: {edges}").format(
            nodes=nodes or _("equal"), same=same, edges=edges or _("equal")
        )

    def union(self) -> Graph:
        """Return both graphs as one, what differs marked; renderers draw it."""
        from graphlab.graph.diff.union import build_union

        return build_union(self)

    def count(self, sort: Sort) -> int:
        """Return how many nodes were added, removed, changed or renamed."""
        return sum(change.sort == sort for change in self.nodes)

    def count_edges(self, sort: Sort) -> int:
        """Return how many edges were added or removed, or have another gradient."""
        return sum(change.sort == sort for change in self.edges)


def compare(a: networkx.MultiDiGraph, b: networkx.MultiDiGraph, *, factor: float | None = FACTOR) -> Comparison:
    """Compare two graphs.

    Args:
        factor: by how much the size of a gradient must differ; None: gradients are not compared.

    Raises:
        UsageError: the factor is none, or a graph has a cycle.
    """
    if factor is not None and not factor >= 1:
        raise UsageError(_("a gradient can change by a factor of 1 or more, not {factor!r}").format(factor=factor))
    notes: list[str] = []
    details = {a.graph.get("detail"), b.graph.get("detail")}
    if details == {"light", "full"}:
        a, b = _without_data(a), _without_data(b)
        notes.append(_("data is not compared: light detail records no tensors that need no gradient"))
    places = same_places(a.graph, b.graph)
    one = make_side(a, places[0])
    two = make_side(b, places[1])
    pairs = match(one, two)
    groups = _gradient_groups(one, two, pairs, factor, notes)
    nodes = _compare_nodes(one, two, pairs, groups, factor)
    edges = _compare_edges(a, b, one, two, pairs, factor, notes)
    return Comparison(
        a=a,
        b=b,
        facts=compare_facts(a.graph, b.graph),
        notes=tuple(notes),
        nodes=tuple(nodes),
        edges=tuple(edges),
        pairs={one.ids[first]: two.ids[second] for first, second in sorted(pairs.items())},
        factor=factor,
        orders=(one.ids, two.ids),
    )


def _without_data(graph: networkx.MultiDiGraph) -> networkx.MultiDiGraph:
    return graph.subgraph([node for node, kind in graph.nodes(data="kind") if kind != "data"]).copy()


def _gradient_groups(
    one: Side, two: Side, pairs: Mapping[int, int], factor: float | None, notes: list[str]
) -> frozenset[str]:
    """Return the kinds of node whose gradients can be compared, and note which can not."""
    kinds: set[str] = set()
    groups = ((_("parameters and leaves"), LEAF_KINDS), (_("ops"), frozenset({"op", "output"})))
    for words, members in groups if factor is not None else ():
        firsts = [one.facts[node].get("gradient") for node in pairs if one.facts[node]["kind"] in members]
        seconds = [two.facts[node].get("gradient") for node in pairs.values() if two.facts[node]["kind"] in members]
        if note := _lack(words, firsts, seconds):
            notes.append(note)
        else:
            kinds |= members
    return frozenset(kinds)


def _lack(words: str, firsts: Sequence[Snapshot | None], seconds: Sequence[Snapshot | None]) -> str:
    for name, mine, theirs in (("A", firsts, seconds), ("B", seconds, firsts)):
        if lacks_all(mine, theirs):
            return _("gradients of {words} are not compared: {name} holds none at its moment").format(
                words=words, name=name
            )
    return ""


# -- nodes ---------------------------------------------------------------------------------------------------------


def _compare_nodes(
    one: Side, two: Side, pairs: Mapping[int, int], kinds: frozenset[str], factor: float | None
) -> list[NodeChange]:
    changes: list[NodeChange] = []
    back = {second: first for first, second in pairs.items()}
    gone = _gone_before(one, pairs)
    for second, number in enumerate(two.ids):
        first = back.get(second)
        if first is None:
            changes.append(NodeChange("added", None, number, ()))
            continue
        changes += [NodeChange("removed", one.ids[node], None, ()) for node in gone.get(first, ())]
        what = _what_differs(one.facts[first], two.facts[second], kinds, factor)
        if what:
            sort: Sort = "renamed" if set(what) <= {"name", "module"} else "changed"
            changes.append(NodeChange(sort, one.ids[first], number, what))
    changes += [NodeChange("removed", one.ids[node], None, ()) for node in gone.get(-1, ())]
    return changes


def _gone_before(side: Side, pairs: Mapping[int, int]) -> dict[int, list[int]]:
    """Return the nodes that are gone by the next node of the run that is not; behind the last by -1."""
    gone: dict[int, list[int]] = {}
    waiting: list[int] = []
    for node in range(len(side)):
        if node not in pairs:
            waiting.append(node)
        elif waiting:
            gone[node] = waiting
            waiting = []
    if waiting:
        gone[-1] = waiting
    return gone


def _what_differs(
    one: Mapping[str, Any], two: Mapping[str, Any], kinds: frozenset[str], factor: float | None
) -> tuple[Aspect, ...]:
    what: list[Aspect] = []
    aspects: tuple[Aspect, ...] = ("shape", "dtype")
    for aspect in aspects:
        before, after = one.get(aspect), two.get(aspect)
        if before is not None and after is not None and before != after:
            what.append(aspect)
    if factor is not None and two["kind"] in kinds and has_changed(one.get("gradient"), two.get("gradient"), factor):
        what.append("gradient")
    names: tuple[Aspect, ...] = ("name", "module")
    what += [name for name in names if one.get(name) and two.get(name) and one[name] != two[name]]
    return tuple(what)


# -- edges ---------------------------------------------------------------------------------------------------------

Edge = tuple[int, int, int]


def _compare_edges(
    a: networkx.MultiDiGraph,
    b: networkx.MultiDiGraph,
    one: Side,
    two: Side,
    pairs: Mapping[int, int],
    factor: float | None,
    notes: list[str],
) -> list[EdgeChange]:
    changes: list[EdgeChange] = []
    waiting = Counter(_edges(two))
    kept: list[tuple[Edge, Edge]] = []
    back = {second: first for first, second in pairs.items()}
    for source, target, slot in _edges(one):
        moved = (pairs.get(source, -1), pairs.get(target, -1), slot)
        if waiting[moved] > 0:
            waiting[moved] -= 1
            kept.append(((source, target, slot), moved))
        else:
            ends = (one.ids[source], one.ids[target], slot)
            changes.append(EdgeChange("removed", ends, None, -1 not in moved))
    for source, target, slot in waiting.elements():
        ends = (two.ids[source], two.ids[target], slot)
        changes.append(EdgeChange("added", None, ends, source in back and target in back))
    if factor is not None:
        changes += _compare_flow(_flow(a), _flow(b), one, two, kept, factor, notes)
    place = {number: index for index, number in enumerate(two.ids)}
    here = {number: place[two.ids[pairs[index]]] for index, number in enumerate(one.ids) if index in pairs}
    return sorted(changes, key=lambda change: _place(change, place, here))


def _place(change: EdgeChange, place: Mapping[int, int], here: Mapping[int, int]) -> tuple[int, int, str]:
    """Return what puts an edge where its target stands in the second graph."""
    ends = change.b or change.a
    assert ends is not None
    target = place[ends[1]] if change.b else here.get(ends[1], len(place))
    return target, ends[2], change.sort


def _edges(side: Side) -> Iterable[Edge]:
    for target, inputs in enumerate(side.inputs):
        for slot, source in inputs:
            yield source, target, slot


def _flow(graph: networkx.MultiDiGraph) -> dict[Edge, Snapshot | None]:
    return {
        (source, target, data.get("slot") or 0): data.get("gradient") for source, target, data in graph.edges(data=True)
    }


def _compare_flow(
    before: Mapping[Edge, Snapshot | None],
    after: Mapping[Edge, Snapshot | None],
    one: Side,
    two: Side,
    kept: Sequence[tuple[Edge, Edge]],
    factor: float,
    notes: list[str],
) -> list[EdgeChange]:
    """Return the edges along which another gradient flows back."""
    numbered = [
        ((one.ids[a], one.ids[b], slot), (two.ids[c], two.ids[d], other)) for (a, b, slot), (c, d, other) in kept
    ]
    firsts, seconds = [before[edge] for edge, _ in numbered], [after[edge] for _, edge in numbered]
    if note := _lack("edges", firsts, seconds):
        notes.append(note)
        return []
    return [
        EdgeChange("changed", edge, other, is_moved=True)
        for (edge, other), first, second in zip(numbered, firsts, seconds, strict=True)
        if has_changed(first, second, factor)
    ]
