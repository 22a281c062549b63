"""Targets that a second network computes and that keep their graph: a backward through what nothing moves by it.

Separate from the leaves that somebody made a target of: here the way leads through the graph of a step, to the
parameters that a loss's target comes from, and to who holds them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from graphlab.analysis.findings import leaf_messages as messages
from graphlab.analysis.findings.facts import backwards_to, short_op
from graphlab.analysis.findings.finding import Finding, make_finding
from graphlab.analysis.findings.held_parameters import Parameters, shown

if TYPE_CHECKING:
    from graphlab.model import Edge, Node
    from graphlab.recording import Recording

_LOSSES = frozenset({
    "MseLossBackward0", "L1LossBackward0", "SmoothL1LossBackward0", "HuberLossBackward0", "KlDivBackward0",
    "BinaryCrossEntropyBackward0", "BinaryCrossEntropyWithLogitsBackward0",
})  # fmt: skip
"""Losses with a target, which is their second input."""
_ONE_SIDED = frozenset({"BinaryCrossEntropyBackward0", "BinaryCrossEntropyWithLogitsBackward0"})
"""Losses that are another one when their arguments are exchanged."""
_NODES = 4000
_DIFFERENCES = frozenset({"SubBackward0", "RsubBackward1"})
_MOST = 50_000
"""Nodes of a graph that is looked at."""
_HELD, _OTHER = 1, 2


def find_computed_targets(recording: Recording) -> Iterator[Finding]:
    """Find the target of a loss that comes from parameters which no optimizer holds, and that keeps its graph."""
    parameters = Parameters(recording)
    if not any(parameters.steps.values()):
        return
    left = not_held(parameters)
    moved = {row[0] for row in recording.reader.rows("SELECT DISTINCT node FROM changes WHERE what = 'value'")}
    for nodes, ops in (
        ([node for node in left if node.id in moved], _LOSSES | _DIFFERENCES),  # a copy that follows the other network
        ([node for node in left if node.id not in moved], _LOSSES),
    ):
        found = target_of(recording, parameters, nodes, ops)
        if found is None:
            continue
        loss, start, names = found, recording.event(_first(recording, nodes)), list(map(parameters.name_of, nodes))
        line = loss.line if loss.line is not None else start.line
        yield make_finding(
            recording, "target-requires-grad", messages.TARGET_NETWORK, start.id, node=loss.id,
            file=loss.file if loss.line is not None else start.file, line=line, lines=(start.line,),
            evidence={"parameters": names, "op": loss.op}, names=shown(names), op=short_op(loss) or messages.AN_OP,
            at=messages.at_line(loss.line),
        )  # fmt: skip


def find_swapped_targets(recording: Recording) -> Iterator[Finding]:
    """Find a likelihood that is given its two arguments the wrong way round: only the target has a graph."""
    seen = set()
    marks = ", ".join("?" * len(_ONE_SIDED))
    for loss in recording.reader.nodes(f"WHERE op IN ({marks}) ORDER BY id LIMIT ?", *sorted(_ONE_SIDED), _NODES):
        edges = recording.reader.edges("WHERE target = ? ORDER BY slot", loss.id)
        slots = {edge.slot for edge in edges if recording.node(edge.source).kind != "data"}
        if slots != {1} or (loss.file, loss.line) in seen:
            continue
        seen.add((loss.file, loss.line))
        yield make_finding(
            recording, "target-requires-grad", messages.SWAPPED, loss.event, node=loss.id, file=loss.file,
            line=loss.line, evidence={"op": loss.op}, op=short_op(loss) or messages.AN_OP,
            at=messages.at_line(loss.line),
        )  # fmt: skip


def not_held(parameters: Parameters) -> list[Node]:
    """Return the parameters that get gradients and that no optimizer holds."""
    return [
        node for node in parameters.nodes
        if node.id not in parameters.held and parameters.has_gradient(node) and not parameters.is_frozen(node)
    ]  # fmt: skip


def target_of(
    recording: Recording, parameters: Parameters, nodes: Collection[Node], ops: Collection[str] = _LOSSES
) -> Node | None:
    """Return the loss that parameters are the target's of, all of them and they alone, or None."""
    first = _first(recording, nodes) if len(nodes) > 1 else 0
    if not first:
        return None
    structure = recording.structure(recording.number_at(first))
    if len(structure.nodes) > _MOST:
        return None
    others = {node.id for node in nodes}
    marks = dict.fromkeys(parameters.held, _HELD) | dict.fromkeys(others, _OTHER)
    inputs: dict[int, list[Edge]] = {}
    for edge in structure.edges:  # by target: what an op reads is marked before it
        inputs.setdefault(edge.target, []).append(edge)
        marks[edge.target] = marks.get(edge.target, 0) | marks.get(edge.source, 0)
    for number in sorted(inputs):
        op, edges = structure.nodes[number].op, inputs[number]
        is_divergence = any(structure.nodes[edge.source].op == "XlogyBackward0" for edge in edges)
        if op not in ops and not (op in _DIFFERENCES and is_divergence):
            continue
        for edge in edges:
            # A divergence from a target with a graph is t·log t − t·input: its first term is the target's alone.
            is_target = op in _DIFFERENCES or edge.slot == 1
            against = any(marks.get(each.source, 0) & _HELD for each in edges if each.slot != edge.slot)
            if is_target and against and marks.get(edge.source) == _OTHER and others <= _above(inputs, edge.source):
                return structure.nodes[number]
    return None


def _first(recording: Recording, nodes: Collection[Node]) -> int:
    """Return the first backward that leads to some parameters; 0 where none does."""
    return (backwards_to(recording, [node.id for node in nodes])[0] or 0) if nodes else 0


def _above(inputs: dict[int, list[Edge]], node: int) -> set[int]:
    """Return what a node is computed from."""
    found, waiting = {node}, [node]
    for each in waiting:
        new = {edge.source for edge in inputs.get(each, ())} - found
        found |= new
        waiting += new
    return found


FINDERS = (find_computed_targets, find_swapped_targets)
