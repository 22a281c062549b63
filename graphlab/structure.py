"""The graph of one training step as plain nodes and edges, without any moment.

Separate from `graphlab.graph`, because drawing code needs the whole structure (positions do not depend on the
moment), and because a list of edges costs a fraction of a networkx graph.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from graphlab.model import LEAF_KINDS, Edge, Node, Span, Step
from graphlab.store import Reader


@dataclass(frozen=True)
class Structure:
    """The nodes and edges of a step's graph."""

    nodes: dict[int, Node]
    """By number, in order of creation."""
    edges: list[Edge]
    """In order of target and slot."""
    counted: frozenset[int]
    """The nodes that autograd itself counts: those that the step's backwards reach (data and output nodes aside)."""


def read_structure(reader: Reader, step: Step, spans: list[Span]) -> Structure:
    """Read the graph of a step: what its backwards reach, and what else its forward built.

    Where the step built no graph at all, the tensors that variables hold stand there by themselves.
    """
    counted = _reached(reader, step)
    forward = [(span.first, span.last) for span in spans if span.step == step.step and span.phase == "forward"]
    picked = set(counted)
    for first, last in forward if counted and forward else [(step.first, step.last)]:
        rows = reader.rows("SELECT id FROM nodes WHERE kind = 'op' AND event BETWEEN ? AND ?", first, last)
        picked.update(row[0] for row in rows)
    rows = reader.rows("SELECT id FROM nodes WHERE kind = 'output' AND event BETWEEN ? AND ?", step.first, step.last)
    picked.update(row[0] for row in rows)
    edges = _read_edges(reader, picked)
    picked.update(edge.source for edge in edges)
    if not edges:
        held = reader.rows(
            "SELECT DISTINCT t.node FROM bindings b JOIN tensors t ON t.object = b.object "
            "WHERE t.node IS NOT NULL AND b.element = 0 AND b.event <= ?",
            step.last,
        )
        picked.update(row[0] for row in held)
    nodes = _read_nodes(reader, picked)
    counted = counted or frozenset(n.id for n in nodes.values() if n.kind == "op" or (n.kind in LEAF_KINDS and edges))
    return Structure(nodes, edges, counted)


def read_nodes_and_edges(reader: Reader, made: Mapping[int, int]) -> tuple[dict[int, Node], list[Edge]]:
    """Read some nodes and the edges into them: nodes by number in order, edges in order of target and slot.

    Args:
        made: by node the event that is to stand as that which made it, and the edges into it; a leaf keeps its own.
    """
    return _read_nodes(reader, set(made), made), _read_edges(reader, set(made), made)


def _read_nodes(reader: Reader, picked: set[int], made: Mapping[int, int] | None = None) -> dict[int, Node]:
    nodes: dict[int, Node] = {}
    for first, last in number_ranges(picked):
        for node in reader.nodes("WHERE id BETWEEN ? AND ? ORDER BY id", first, last, made=made):
            if node.id in picked:
                nodes[node.id] = node
    return nodes


def _read_edges(reader: Reader, picked: set[int], made: Mapping[int, int] | None = None) -> list[Edge]:
    edges: list[Edge] = []
    for first, last in number_ranges(picked):
        found = reader.edges("WHERE target BETWEEN ? AND ? ORDER BY target, slot", first, last, made=made)
        edges += [edge for edge in found if edge.target in picked]
    return edges


def _reached(reader: Reader, step: Step) -> frozenset[int]:
    """Return the nodes that the backwards of a step reach."""
    reached: set[int] = set()
    for (packed,) in reader.rows("SELECT nodes FROM backwards WHERE event BETWEEN ? AND ?", step.first, step.last):
        reached.update(unpack_numbers(packed))
    return frozenset(reached)


def pack_numbers(numbers: Iterable[int]) -> bytes:
    """Write a column of numbers: little-endian, 32 bits each."""
    packed = array("i", numbers)
    if _IS_BIG_ENDIAN:
        packed.byteswap()
    return packed.tobytes()


def unpack_numbers(packed: bytes) -> array[int]:
    """Read what `pack_numbers` wrote."""
    numbers = array("i")
    numbers.frombytes(packed)
    if _IS_BIG_ENDIAN:
        numbers.byteswap()
    return numbers


def number_ranges(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Cover a set of numbers with few ranges: one query a range, and most steps need one or two."""
    first = last = None
    for number in sorted(numbers):
        if first is None or last is None:
            first = last = number
        elif number - last > 64:
            yield first, last
            first = last = number
        else:
            last = number
    if first is not None and last is not None:
        yield first, last


_IS_BIG_ENDIAN = array("i", [1]).tobytes()[0] == 0
