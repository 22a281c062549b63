"""As much of a graph as grouping asks for, as columns: made of a networkx graph, or of a recording's plain structure.

So that groups are the same wherever they are wanted: the explorer, which does without networkx, finds those of a
picture. Nodes are named by their place in the order in which they ran.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from graphlab.errors import RenderError
from graphlab.language import _
from graphlab.layout.edges import edges_of
from graphlab.model import LEAF_KINDS
from graphlab.ordering import order_as_run

if TYPE_CHECKING:
    import networkx

    from graphlab.structure import Structure

ScopeStep = tuple[Literal["module", "function"], str, int]
"""A module's path or a function's name; of a function also which of its calls."""
Calls = tuple[tuple[int, str], ...]
"""The calls of the script's functions that a node was made in, from the outermost: number and name."""

DEEPEST = 16
"""Scopes within scopes that are told apart: a function may call itself a thousand times."""
VIEW_OPS = frozenset({
    "AsStridedBackward", "ExpandBackward", "MovedimBackward", "NarrowBackward", "PermuteBackward",
    "ReshapeAliasBackward", "SqueezeBackward", "SwapaxesBackward", "TBackward", "TransposeBackward",
    "UnflattenBackward", "UnsafeViewBackward", "UnsqueezeBackward", "ViewAsBackward", "ViewBackward",
})  # fmt: skip
"""Ops that show the numbers of one tensor in another shape, without the number at the end of their names."""


@dataclass(frozen=True)
class Sketch:
    """A graph as columns, by place: sources stand before their targets."""

    numbers: Sequence[int]
    """The nodes' numbers."""
    kinds: Sequence[str]
    ops: Sequence[str]
    """`grad_fn.name()`; empty for what is no op."""
    shapes: Sequence[tuple[int, ...] | None]
    scopes: Sequence[tuple[ScopeStep, ...]]
    """The modules, or where there are none the functions of the script, that each node was made in."""
    kept: Sequence[str]
    """For data that a variable of the script holds its name: what comes in stays visible; empty for all else."""
    inputs: Sequence[Sequence[int]]
    """The places of what each node takes, in the order of its slots."""
    users: Sequence[Sequence[int]]
    """The places of what takes it, each once, ascending."""
    learned: Sequence[Sequence[int]]
    """The places of the leaves that each node takes and that get a gradient."""

    def __len__(self) -> int:
        return len(self.numbers)

    def is_leaf(self, place: int) -> bool:
        """Whether a node only gives."""
        return not self.inputs[place] and self.kinds[place] not in {"op", "output"}

    def is_view(self, place: int) -> bool:
        """Whether a node is an op that changes the shape of its one input only."""
        return len(self.inputs[place]) == 1 and self.ops[place].rstrip("0123456789") in VIEW_OPS

    @cached_property
    def labels(self) -> list[int]:
        """A number for each place, the same for the same op on as many inputs and parameters of the same shapes."""
        known: dict[tuple[int, int], int] = {}
        pairs = zip(self.loose_labels, map(len, self.inputs), strict=True)
        return [known.setdefault(pair, len(known)) for pair in pairs]

    @cached_property
    def loose_labels(self) -> list[int]:
        """A number for each place, the same for the same op on parameters of the same shapes."""
        known: dict[tuple[object, ...], int] = {}
        found = []
        for op, learned in zip(self.ops, self.learned, strict=True):
            leaves = tuple([(self.kinds[at], self.shapes[at]) for at in learned]) if learned else ()
            found.append(known.setdefault((op, leaves), len(known)))
        return found


def sketch_graph(graph: networkx.MultiDiGraph) -> Sketch:
    """Sketch a networkx graph as `graphlab.graph` builds it; whatever a node lacks counts as unknown."""
    facts: Mapping[int, dict[str, Any]] = dict(graph.nodes(data=True))
    edges = sorted((target, data.get("slot") or 0, source) for source, target, _unused, data in edges_of(graph))
    kept = {
        node: str(data.get("name") or data["names"][0])
        for node, data in facts.items()
        if data.get("kind") != "parameter" and (data.get("name") or data.get("names"))
    }
    return sketch_columns(
        list(facts),
        [(source, target) for target, _unused, source in edges],
        kinds=[str(data.get("kind") or "op") for data in facts.values()],
        ops=[str(data.get("op") or "") for data in facts.values()],
        shapes=[data.get("shape") for data in facts.values()],
        modules=[data.get("module") for data in facts.values()],
        calls={node: data["calls"] for node, data in facts.items() if data.get("calls")},
        kept=kept,
    )


def sketch_structure(
    structure: Structure, calls: Mapping[int, Calls] | None = None, names: Mapping[int, Sequence[str]] | None = None
) -> Sketch:
    """Sketch a step's structure.

    Args:
        calls: the functions of the script that each op was made in (`recording.calls.read_calls`).
        names: of the variables that hold each node (`recording.names(step.last)`).
    """
    nodes = structure.nodes.values()
    held = names or {}
    return sketch_columns(
        list(structure.nodes),
        [(edge.source, edge.target) for edge in structure.edges],
        kinds=[node.kind for node in nodes],
        ops=[node.op or "" for node in nodes],
        shapes=[node.shape for node in nodes],
        modules=[node.module for node in nodes],
        calls=calls or {},
        kept={
            node.id: node.name or held[node.id][0]
            for node in nodes
            if node.kind != "parameter" and (node.name or held.get(node.id))
        },
    )


def sketch_columns(
    numbers: Sequence[int],
    edges: Sequence[tuple[int, int]],
    *,
    kinds: Sequence[str],
    ops: Sequence[str],
    shapes: Sequence[tuple[int, ...] | None],
    modules: Sequence[str | None],
    calls: Mapping[int, Calls],
    kept: Mapping[int, str],
) -> Sketch:
    """Sketch a graph that is given as columns; `edges` (source, target) in the order of the targets' slots."""
    order = execution_order(numbers, edges)
    index = {number: place for place, number in enumerate(numbers)}
    at = [index[number] for number in order]
    place_of = {number: place for place, number in enumerate(order)}
    inputs: list[list[int]] = [[] for _ in order]
    users: list[list[int]] = [[] for _ in order]
    for source, target in edges:
        if source in place_of and target in place_of:
            inputs[place_of[target]].append(place_of[source])
            users[place_of[source]].append(place_of[target])
    shared = _shared_calls(list(calls.values()))
    scopes: dict[tuple[str | None, Calls], tuple[ScopeStep, ...]] = {}
    found = []
    for place in at:
        key = modules[place], () if modules[place] else calls.get(numbers[place], ())[shared:]
        if key not in scopes:
            scopes[key] = _scope(*key)
        found.append(scopes[key])
    ordered_kinds = [kinds[place] for place in at]
    learns = [not taken and kind in LEAF_KINDS for taken, kind in zip(inputs, ordered_kinds, strict=True)]
    return Sketch(
        order,
        ordered_kinds,
        [ops[place] for place in at],
        [shapes[place] for place in at],
        found,
        [kept.get(number, "") for number in order],
        inputs,
        [targets if len(targets) < 2 else sorted(set(targets)) for targets in users],
        [[source for source in sources if learns[source]] for sources in inputs],
    )


def _shared_calls(stacks: Sequence[Calls]) -> int:
    """Return how many calls all ops were made in: a training loop's own function groups nothing."""
    if not stacks:
        return 0
    first, last = min(stacks), max(stacks)
    return next((depth for depth, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]),
                min(len(first), len(last)))  # fmt: skip


def _scope(module: str | None, calls: Calls) -> tuple[ScopeStep, ...]:
    if module:
        parts = module.split(".")[:DEEPEST]
        return tuple(("module", ".".join(parts[: depth + 1]), 0) for depth in range(len(parts)))
    return tuple(("function", name, number) for number, name in calls[:DEEPEST])


def execution_order(numbers: Iterable[int], edges: Collection[tuple[int, int]]) -> list[int]:
    """Return the nodes in the order of their numbers, as far as sources come before their targets."""
    order = order_as_run(numbers, edges)
    if order is None:
        raise RenderError(
            _("the graph has a cycle, so it cannot be drawn; autograd's graphs have none: record it again")
        )
    return order
