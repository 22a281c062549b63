"""What the explorer asks of a graph that is too large for one object a node, answered from columns and the file."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphlab.model import Edge, Node
    from graphlab.recording.packed import PackedGraph
    from graphlab.tui.state import ExplorerState


def edges_of(state: ExplorerState, node: int) -> list[Edge]:
    """Return the edges into a node, in the order of their slots."""
    edges = state.recording.reader.edges("WHERE target = ? ORDER BY slot", node)
    if state.step is not None and state.step.detail == "light":
        event = state.node(node).event
        return [replace(edge, event=event) for edge in edges]
    return edges


def leaf_lines_of(state: ExplorerState, file: int) -> frozenset[int]:
    """Return the lines of a file that made leaves."""
    rows = state.recording.reader.rows(
        "SELECT DISTINCT coalesce(CASE WHEN n.event THEN (SELECT line FROM events WHERE id = n.event) END, n.line) "
        "FROM nodes n WHERE n.kind IN ('parameter', 'leaf') AND coalesce(n.file, 1) = ?",
        file,
    )
    return frozenset(line for (line,) in rows if line is not None)


def packed_path(packed: PackedGraph, first: int, last: int) -> list[int]:
    """Return the nodes on a shortest path between two nodes, along the edges in either direction."""
    import numpy

    start, end = packed.place_of(first), packed.place_of(last)
    if start is None or end is None:
        return []
    ends = numpy.concatenate((packed.sources, packed.targets))
    others = numpy.concatenate((packed.targets, packed.sources))[numpy.argsort(ends, kind="stable")].tolist()
    begins = numpy.concatenate(([0], numpy.cumsum(numpy.bincount(ends, minlength=len(packed))))).tolist()
    before = [-1] * len(packed)
    before[start] = start
    waiting = deque([start])
    while waiting and before[end] < 0:
        place = waiting.popleft()
        for other in others[begins[place] : begins[place + 1]]:
            if before[other] < 0:
                before[other] = place
                waiting.append(other)
    if before[end] < 0:
        return []
    path = [end]
    while path[-1] != start:
        path.append(before[path[-1]])
    return [int(packed.nodes[place]) for place in reversed(path)]


def uses_of(state: ExplorerState, node: int) -> list[int]:
    """Return the events that use a node, in the cursor's step."""
    step = state.step
    place = state.recording.packed(step.step).place_of(node) if step is not None else None
    if step is None or place is None:
        return []
    packed = state.recording.packed(step.step)
    users = packed.targets[packed.sources == place]
    found: list[int] = packed.numbers("event")[users].tolist()
    return found


def same_packed_node(here: PackedGraph, there: PackedGraph, node: int) -> int | None:
    """Return the node of another step that stands where a node of this one does, or None."""
    import numpy

    place = here.place_of(node)
    if place is None or there.place_of(node) is not None:
        return node if there.place_of(node) is not None else None
    is_alike = [numpy.ones(len(here), bool), numpy.ones(len(there), bool)]
    for name in ("kind", "op", "module", "shape"):
        codes, words = here.words(name)
        wanted = words[codes[place]]
        for index, graph in enumerate((here, there)):
            codes, words = graph.words(name)
            is_alike[index] &= codes == (words.index(wanted) if wanted in words else -1)
    for index, graph in enumerate((here, there)):
        is_alike[index] &= graph.numbers("line") == here.numbers("line")[place]
    alike = there.nodes[is_alike[1]]
    rank = int(numpy.count_nonzero(is_alike[0][:place]))
    return int(alike[rank]) if rank < len(alike) else None


_IS_CALLED = "SELECT id FROM nodes WHERE id BETWEEN ? AND ? AND (name = ? OR op = ? OR call = ?) ORDER BY id LIMIT 1000"
_HAS_PART = (
    "SELECT id FROM nodes WHERE id BETWEEN ? AND ? "
    "AND (instr(lower(name), ?) OR instr(lower(op), ?) OR instr(lower(call), ?)) ORDER BY id LIMIT 1000"
)


def find_named(state: ExplorerState, text: str) -> Node | None:
    """Return the first node of the cursor's step that is called so: as it is written, else as part of a name."""
    step = state.step
    if step is None:
        return None
    packed, names = state.recording.packed(step.step), state.recording.names(step.last)
    first, last = int(packed.nodes[0]), int(packed.nodes[-1])
    part = text.lower()
    for query, word in ((_IS_CALLED, text), (_HAS_PART, part)):
        rows = state.recording.reader.rows(query, first, last, word, word, word)
        every = ((node, tag) for node, tags in names.items() for tag in tags)
        held = [node for node, tag in every if (tag == text if query is _IS_CALLED else part in tag.lower())]
        found = sorted({*held, *(number for (number,) in rows)})
        ours = [number for number in found if packed.place_of(number) is not None]
        if ours:
            return state.node(ours[0])
    return None
