"""A graph in the form in which two are matched: nodes by position in the order in which they ran, edges by slot.

Separate from the matching, because names and lines mean something only where both graphs know them.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphlab.errors import UsageError
from graphlab.language import _
from graphlab.model import LEAF_KINDS
from graphlab.ordering import order_as_run

if TYPE_CHECKING:
    import networkx

Trait = str
"""What a label holds beside kind and op: `shape`, `name` (of a tensor), `tag` (of an op: variable, module), `place`,
and `used`, which the matching adds: the tensors that an op uses."""

VIEWS = frozenset(
    f"{name}Backward"
    for name in ("T", "Transpose", "Permute", "View", "UnsafeView", "ReshapeAlias", "Expand", "Squeeze", "Unsqueeze",
                 "AsStrided", "Alias")
)  # fmt: skip
"""Ops that only look at their input in another way; on a parameter they are a part of its use."""


@dataclass(frozen=True)
class Side:
    """One of two graphs."""

    ids: list[int]
    """The graph's own numbers, in the order in which the nodes ran."""
    facts: list[Mapping[str, Any]]
    """What the graph says of each node."""
    inputs: list[list[tuple[int, int]]]
    """Of each node slot and source, in order of slots."""
    uses: list[list[tuple[int, int]]]
    """Of each node slot and target."""
    roots: list[int]
    """Of each node that only brings a tensor to the op that uses it (a leaf, data, or views of one) that tensor; of
    all others -1."""
    places: Mapping[tuple[str, int], int]
    """Lines of the script (file and line), each with a number that the same line has on the other side."""

    def __len__(self) -> int:
        return len(self.ids)

    def is_op(self, node: int) -> bool:
        """Whether a node is an op or an output: something that happened at its place in the run."""
        return self.facts[node]["kind"] in {"op", "output"}

    def is_beside(self, node: int) -> bool:
        """Whether a node only brings a tensor to the op that uses it."""
        return self.roots[node] >= 0

    def label(self, node: int, traits: Collection[Trait]) -> Hashable:
        """Return what must be the same in two nodes that are taken for one."""
        facts = self.facts[node]
        kind = facts["kind"]
        # An output is the loss whatever it is called; what kind of tensor a leaf is, its name does not change.
        parts: list[Hashable] = [kind, facts.get("op") if kind == "op" else None]
        if "shape" in traits:
            shape = facts.get("shape")
            parts += [tuple(shape) if shape is not None else None, facts.get("dtype")]
        if "name" in traits and kind != "op":
            parts.append(facts.get("name"))
        if "tag" in traits and kind == "op":
            parts += [facts.get("name"), facts.get("module")]
        if "place" in traits:
            parts.append(self.places.get((facts.get("file") or "", facts.get("line") or 0)))
        return tuple(parts)


def make_side(graph: networkx.MultiDiGraph, places: Mapping[tuple[str, int], int] | None = None) -> Side:
    """Put a graph into this form.

    Args:
        graph: as `build_graph` makes it, or read from what `graphlab export -o x.json` wrote.
        places: see `Side`.

    Raises:
        UsageError: the graph has a cycle.
    """
    edges = list(graph.edges(data="slot"))
    ids = order_as_run(graph, [(source, target) for source, target, _ in edges])
    if ids is None:
        raise UsageError(_("the graph has a cycle; autograd's graphs have none: export or record it again"))
    position = {node: index for index, node in enumerate(ids)}
    inputs: list[list[tuple[int, int]]] = [[] for _ in ids]
    uses: list[list[tuple[int, int]]] = [[] for _ in ids]
    for source, target, slot in edges:
        inputs[position[target]].append((slot or 0, position[source]))
        uses[position[source]].append((slot or 0, position[target]))
    for ends in (*inputs, *uses):
        ends.sort()
    facts = [graph.nodes[node] for node in ids]
    return Side(ids, facts, inputs, uses, _find_roots(facts, inputs), places or {})


def _find_roots(facts: list[Mapping[str, Any]], inputs: list[list[tuple[int, int]]]) -> list[int]:
    roots: list[int] = []
    for node, about in enumerate(facts):
        op = str(about.get("op") or "").rstrip("0123456789")
        sources = inputs[node]
        if about["kind"] == "op" and op in VIEWS and len(sources) == 1:
            roots.append(roots[sources[0][1]])
        else:
            roots.append(node if about["kind"] in {*LEAF_KINDS, "data"} else -1)
    return roots
