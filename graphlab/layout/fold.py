"""Makes a graph smaller before it is drawn: chooses which of its groups are closed, and makes each of these one node.

What belongs together is found in `groups`; here it is folded. Any set of groups can be closed, and no choice makes a
cycle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from graphlab.counted import count_words
from graphlab.errors import RenderError
from graphlab.language import _
from graphlab.layout.comparison import choose_groups, group_marks
from graphlab.layout.edges import EdgesByEnd, edges_of
from graphlab.layout.flow import flow_back
from graphlab.layout.group_facts import group_facts
from graphlab.layout.groups import Group, build_groups, levels_of, outermost, walk
from graphlab.layout.opening import open_groups
from graphlab.layout.sketch import execution_order

if TYPE_CHECKING:
    import networkx

    from graphlab.layout.boxes import EdgeKey

Fold = int | Literal["auto", "none"]

FEW = 40
"""Nodes up to which the picture of two graphs is drawn whole."""
LEGIBLE = 60
"""Boxes up to which a picture can be read on a slide: a graph of more nodes is folded to so many."""
MOST = 120
"""Nodes beyond which it is folded even where only runs of ops can be: these say less than the ops themselves."""
WIDEST = 16
"""Boxes beside one another, beyond which a picture is a strip too; what only gives stands beside what takes it."""
LONGEST = 24
"""Boxes below one another, beyond which a picture is a strip."""
LONGEST_IN_COLUMNS = 40
"""The same where few lines run beside them, so that the strip can be cut into columns."""
MOST_EDGES = 600
ALWAYS_CLOSED = frozenset({"transpose", "views", "alike"})
"""Kinds of groups that are opened only where somebody asks for it."""
_SAID = {
    "module": _("modules"),
    "function": _("functions"),
    "steps": _("steps of a loop"),
    "repeat": _("repeated blocks"),
    "block": _("repeated blocks"),
    "run": _("runs of ops"),
    "alike": _("inputs alike"),
}


@dataclass(frozen=True, slots=True)
class Folding:
    """The groups of a graph that are closed, none inside another, and how a picture says so."""

    groups: Sequence[Group]
    words: str


def fold(
    graph: networkx.MultiDiGraph, how: Fold = "auto", most: int = MOST, *, opened: Collection[str] = ()
) -> networkx.MultiDiGraph:
    """Return the graph, or a smaller one whose title says what was folded."""
    folding = plan_folding(graph, how, most, opened=opened)
    return graph if folding is None else apply_folding(graph, folding)


def fold_graph(
    graph: networkx.MultiDiGraph, closed: Collection[str], groups: Sequence[Group] | None = None
) -> networkx.MultiDiGraph:
    """Return the graph with each closed group as one node, which has the number of the group's first member.

    Args:
        closed: the ids of groups; of one inside another the outer counts.
        groups: those of `build_groups`, where they are known already.
    """
    found = outermost(build_groups(graph) if groups is None else groups, closed)
    return apply_folding(graph, Folding(found, _say(found)))


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


def plan_folding(
    graph: networkx.MultiDiGraph, how: Fold = "auto", most: int = MOST, *, opened: Collection[str] = ()
) -> Folding | None:
    """Return how a graph is folded, or None where it is left as it is.

    auto: only where there are more nodes than LEGIBLE, too many to be read, or too many of them side by side, and up to
    `most` of them only by what the script itself puts together; a number: every module at that depth, or every function
    of the script where there are no modules; none: never. Groups whose names are in `opened` are open.
    """
    if isinstance(how, int) and how < 1:
        raise RenderError(_("cannot fold modules at depth {depth}: give 1 or more, auto or none").format(depth=how))
    groups = build_groups(graph) if opened else None
    folding = _plan_whole(graph, how, most, groups)
    if groups is None:
        return folding
    closed = {group.id for group in folding.groups} if folding is not None else set()
    found = outermost(groups, open_groups(groups, closed, opened))
    return (
        None
        if folding is None
        else Folding(found, _("{words}, with {opened} open").format(words=folding.words, opened=", ".join(opened)))
    )


def _plan_whole(graph: networkx.MultiDiGraph, how: Fold, most: int, groups: Sequence[Group] | None) -> Folding | None:
    if how == "auto" and graph.graph.get("is_comparison"):
        return plan_comparison(graph)
    if how == "none" or (how == "auto" and len(graph) <= min(most, LEGIBLE) and not _is_wide(graph)):
        return None
    groups = build_groups(graph) if groups is None else groups
    if isinstance(how, int):
        found, word = at_depth(groups, how)
        words = _("folded by {word}, depth {depth}").format(word=word, depth=how)
        if len(graph) - sum(len(group.members) - 1 for group in found) <= MOST:
            return Folding(found, words)
        # What lies in no module, such as a loop written out in the script, would flood the picture.
        return Folding(_with_others(groups, {group.id for group in found}), words)
    edges = [(source, target) for source, target, *_unused in edges_of(graph)]
    found = outermost(groups, choose_closed(groups, len(graph), edges))
    if len(graph) <= most and any(group.kind == "run" for group in found):
        return None
    return Folding(found, _say(found)) if found else None


def plan_comparison(graph: networkx.MultiDiGraph) -> Folding | None:
    """Return how the picture of two graphs is folded: what they share, but for what lies beside a change."""
    if len(graph) <= FEW:
        return None
    groups = build_groups(graph)
    found = choose_groups(graph, groups, LEGIBLE)
    boxes = len(graph) - sum(len(group.members) - 1 for group in found)
    if boxes > MOST:
        edges = [(source, target) for source, target, *_unused in edges_of(graph)]
        return Folding(outermost(groups, choose_closed(groups, len(graph), edges)), _("folded as far as it takes"))
    return Folding(found, _("folded where both graphs are the same")) if found else None


def choose_closed(
    groups: Sequence[Group], count: int, edges: Sequence[tuple[int, int]], legible: int = LEGIBLE
) -> set[str]:
    """Return the ids of the groups to close in a graph of `count` nodes, that it can be read: as few as that takes.

    Groups are opened level by level as long as there is room, all at the same depth or none; of repeated blocks one is
    opened and the others stay counted, but for a long loop, where what becomes of the gradient from part to part says
    more than the ops of one step. Single layers, modules without others inside, are opened only together.
    """
    levels = levels_of(groups)
    closed = {group.id for group, _ in levels}
    layers = {group.id for group, _ in levels if group.kind == "module" and not _has_module(group)}
    steps = set(_steps_of_long_loops(groups))
    depths = range(max((level for _, level in levels), default=-1) + 2)
    for depth, is_whole in [*((depth, False) for depth in depths), (depths[-1], True)]:
        chosen = {group.id for group, level in levels if level >= depth or _stays_closed(group)}
        chosen |= steps if is_whole else steps | layers
        found = outermost(groups, chosen)
        boxes = count - sum(len(group.members) - 1 for group in found)
        between = _edges_between(found, edges)
        if chosen != closed and depth and (boxes > legible or not _is_legible(between, has_layers=not is_whole)):
            break
        closed = chosen
    return closed


def _is_legible(edges: Sequence[tuple[int, int]], *, has_layers: bool) -> bool:
    """Whether edges are few enough, and no way along them too long; layers are worth columns, their ops are not."""
    if len(edges) > MOST_EDGES:
        return False
    layer = _layers(edges)
    longest = max(layer.values(), default=0)
    if not (has_layers and LONGEST < longest <= LONGEST_IN_COLUMNS):
        return longest <= LONGEST
    # What only gives stands right above its first user; a line passes the layers from there to its last user.
    ends: dict[int, tuple[int, int]] = {}
    for source, target in edges:
        first, last = ends.get(source, (longest, 0))
        ends[source] = min(first, layer[target]), max(last, layer[target])
    takes = {target for _, target in edges}
    passing = sum(
        last - (layer[source] if source in takes else first - 1) - 1 for source, (first, last) in ends.items()
    )
    return passing <= longest


def _layers(edges: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Return of each node how many stand on the longest way to it, itself included."""
    order = execution_order({node for edge in edges for node in edge}, edges)
    place = {node: index for index, node in enumerate(order)}
    layer = dict.fromkeys(order, 1)
    for source, target in sorted(edges, key=lambda edge: place[edge[0]]):
        layer[target] = max(layer[target], layer[source] + 1)
    return layer


def _is_wide(graph: networkx.MultiDiGraph) -> bool:
    layers = _layers([(source, target) for source, target, *_unused in edges_of(graph)])
    return max(Counter(layer for layer in layers.values() if layer > 1).values(), default=0) > WIDEST


def _has_module(group: Group) -> bool:
    """Whether a module holds others, or a loop, or is mostly blocks alike; a few ops alike make no more of a layer."""
    half = len(group.members) / 2
    return any(
        inside.kind in {"module", "steps"} or (inside.kind == "repeat" and len(inside.members) > half)
        for inside in walk(group.children)
    )


def _steps_of_long_loops(groups: Sequence[Group]) -> Iterator[str]:
    """Yield the first step of each loop of so many that the others are seen in parts."""
    for siblings in (groups, *(group.children for group in walk(groups))):
        for first, rest in pairwise(siblings):
            if rest.kind == "steps" and rest.is_rest and any(part.is_rest for part in rest.children):
                yield first.id


def _stays_closed(group: Group) -> bool:
    """Whether a group is not opened for its own sake; very many blocks are, to show what becomes of the gradient."""
    return group.kind in ALWAYS_CLOSED or (group.is_rest and not any(child.is_rest for child in group.children))


def at_depth(groups: Sequence[Group], depth: int) -> tuple[list[Group], str]:
    """Return the modules at a depth, or what there is above it; where there are no modules, the script's functions."""
    kind = "module" if any(group.kind == "module" for group in walk(groups)) else "function"
    found: list[Group] = []

    def gather(group: Group, around: int) -> bool:
        """Gather what is at the depth in a group, or the group itself; return whether anything was."""
        level = around
        if group.kind == kind:
            level = group.name.count(".") + 1 if kind == "module" else around + 1
            if level > depth:
                return False
        has_any = sum(gather(child, level) for child in group.children) > 0
        if not has_any and group.kind == kind:
            found.append(group)
            return True
        return has_any

    for group in groups:
        gather(group, 0)
    return found, kind


def _with_others(groups: Iterable[Group], chosen: Collection[str]) -> list[Group]:
    """Return the chosen groups, and the outermost of those that have nothing to do with them."""
    found: list[Group] = []
    stack = list(groups)[::-1]
    while stack:
        group = stack.pop()
        if group.id in chosen or not any(inside.id in chosen for inside in walk(group.children)):
            found.append(group)
        else:
            stack.extend(reversed(group.children))
    return found


def _say(groups: Iterable[Group]) -> str:
    words = list(dict.fromkeys(_SAID[group.kind] for group in groups if group.kind in _SAID))
    if not words:
        return _("folded")
    if len(words) > 1:
        words = [_("{some} and {last}").format(some=", ".join(words[:-1]), last=words[-1])]
    return _("folded by {words}").format(words=words[0])


def _edges_between(groups: Iterable[Group], edges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    home = {node: group.members[0] for group in groups for node in group.members}
    pairs = {(home.get(source, source), home.get(target, target)) for source, target in edges}
    return [(source, target) for source, target in pairs if source != target]


def apply_folding(graph: networkx.MultiDiGraph, folding: Folding) -> networkx.MultiDiGraph:
    """Return the graph with each closed group as one node, which has the number of its first member.

    The graph may hold less than the one that the folding was made for: the graph of an earlier moment then has the
    same groups, so that its picture lies on the later one.
    """
    import networkx

    home: dict[int, int] = {}
    folded = networkx.MultiDiGraph(**graph.graph)
    facts: dict[int, dict[str, Any]] = {}
    edges = EdgesByEnd(graph)
    for group in folding.groups:
        number = min(group.members)
        members = [node for node in group.members if node in graph]
        home.update(dict.fromkeys(members, number))
        if members:
            facts[number] = group_facts(graph, edges, group, number, members) | group_marks(graph, members)
    for node in sorted({home.get(node, node) for node in graph}):
        folded.add_node(node, **(facts[node] if node in facts else graph.nodes[node]))
    _add_edges(graph, folded, home)
    if facts:
        sizes = _("{nodes} in {boxes}").format(
            nodes=count_words(len(graph), "node"), boxes=count_words(len(folded), "box")
        )
        folded.graph["folded"] = f"{sizes}, {folding.words}"
    return folded


def _add_edges(graph: networkx.MultiDiGraph, folded: networkx.MultiDiGraph, home: dict[int, int]) -> None:
    """Add one edge for all that lead from a group to another, and every other edge as it is."""
    merged: dict[tuple[int, int], list[EdgeKey]] = {}
    between = [
        (target, data.get("slot") or 0, source, key, data)
        for source, target, key, data in edges_of(graph)
        if source not in home or home[source] != home.get(target)
    ]
    for target, _unused, source, key, data in sorted(between, key=lambda edge: edge[:3]):
        if source not in home and target not in home:
            folded.add_edge(source, target, key, **data)
        else:
            ends = home.get(source, source), home.get(target, target)
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
