"""Gradients that fall or rise from layer to layer on their way back, until nothing or too much arrives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy

from graphlab.analysis.findings import number_messages as messages
from graphlab.analysis.findings.cuts import stem
from graphlab.analysis.findings.finding import Finding, make_finding
from graphlab.analysis.findings.flow import Flow, flow_of
from graphlab.analysis.findings.training import training_of

if TYPE_CHECKING:
    from graphlab.analysis.findings.training import Training
    from graphlab.model import Node
    from graphlab.recording import Recording

_FEWEST = 4
"""Layers from which on depth is spoken of."""
_FACTOR = 1e4
"""By how much the gradient of the first layer differs from that of the last."""
_RECURRENT_FACTOR = 1e6
_STEADY = 0.75
"""The part of the layers that have to go the same way."""
_LARGEST_GRAPH = 200_000


@dataclass(frozen=True)
class _Layer:
    """One use of a weight: the op that it went into, and the norm of the gradient that came to that op's output."""

    parameter: int
    node: Node
    norm: float


def find_depth(recording: Recording) -> Iterator[Finding]:
    """Find gradients that vanish or explode with depth, in the first step whose inner gradients were kept."""
    training = training_of(recording)
    number = _first_step_with_edges(recording)
    if number is None or recording.step(number).nodes > _LARGEST_GRAPH:
        return
    flow = flow_of(recording, number)
    layers = _layers(flow, training)
    one_each = list({layer.parameter: layer for layer in reversed(layers)}.values())[::-1]
    if len(one_each) >= _FEWEST:
        found = _judge(recording, flow, training, one_each, _FACTOR, is_recurrent=False)
        if found is not None:
            yield found
            return
    for parameter in dict.fromkeys(layer.parameter for layer in layers):
        uses = [layer for layer in layers if layer.parameter == parameter]
        if len(uses) >= 2 * _FEWEST:
            found = _judge(recording, flow, training, uses, _RECURRENT_FACTOR, is_recurrent=True)
            if found is not None:
                yield found
                return


FINDERS = (find_depth,)


def _first_step_with_edges(recording: Recording) -> int | None:
    events = [
        recording.reader.number("SELECT MIN(event) FROM gradients"),
        recording.reader.number("SELECT MIN(event) FROM edge_norms"),
    ]
    known = [event for event in events if event is not None]
    return recording.number_at(min(known)) if known else None


def _layers(flow: Flow, training: Training) -> list[_Layer]:
    """Return the uses of all weights, in the order of the forward."""
    found = []
    for parameter in training.parameters:
        if len(training.recording.node(parameter).shape or ()) < 2 or parameter not in flow.nodes:
            continue
        for target in _uses(flow, parameter):
            norm = flow.upstream_norm(target)
            if norm is not None and numpy.isfinite(norm):
                found.append(_Layer(parameter, flow.nodes[target], norm))
    return sorted(found, key=lambda layer: layer.node.id)


def _uses(flow: Flow, parameter: int) -> list[int]:
    """Return the ops that a weight goes into, behind views of it (its transpose)."""
    found, waiting = [], [parameter]
    for source in waiting:
        for edge in flow.users.get(source, ()):
            if stem(flow.nodes[edge.target]) in _VIEWS:
                waiting.append(edge.target)
            else:
                found.append(edge.target)
    return found


_VIEWS = frozenset({"T", "Transpose", "View", "Expand", "Permute", "Unsqueeze", "Squeeze", "Select", "ToCopy"})


def _judge(
    recording: Recording, flow: Flow, training: Training, layers: list[_Layer], factor: float, *, is_recurrent: bool
) -> Finding | None:  # fmt: skip
    norms = numpy.array([layer.norm for layer in layers])
    if (norms <= 0).any():
        return None  # exactly 0: nothing vanishes little by little, something cuts it off
    with numpy.errstate(divide="ignore"):
        logs = numpy.log10(norms)
    steps = numpy.diff(logs)
    if norms[0] <= norms[-1] / factor and norms[0] < norms.max() / factor and float((steps > 0).mean()) >= _STEADY:
        return _finding(recording, flow, training, layers, is_falling=True, is_recurrent=is_recurrent)
    if norms[0] >= norms[-1] * factor and float((steps < 0).mean()) >= _STEADY:
        return _finding(recording, flow, training, layers, is_falling=False, is_recurrent=is_recurrent)
    return None


def _finding(
    recording: Recording, flow: Flow, training: Training, layers: list[_Layer], *, is_falling: bool, is_recurrent: bool
) -> Finding:  # fmt: skip
    name, text = "exploding-gradient", messages.EXPLODES
    if is_falling:
        name, text = "vanishing-gradient", messages.VANISHES_IN_TIME if is_recurrent else messages.VANISHES
    steepest, factor = _steepest(flow, layers, is_falling=is_falling)
    came = recording.find_events("kind = 'gradient' AND node = ? ORDER BY id LIMIT 1", layers[0].node.id)
    event = came[0].id if came else recording.last_backward_end(flow.step)
    first, last = layers[0], layers[-1]
    shown = layers if len(layers) <= 12 else [*layers[:6], *layers[-6:]]
    each = (first.norm / last.norm) ** (1 / (len(layers) - 1)) if first.norm > 0 else 0.0
    evidence = {
        "layers": [_label(training, layers, layer) for layer in shown], "gradients": [layer.norm for layer in shown],
        "first_to_last": first.norm / last.norm, "factor_a_layer": each, "steepest_op": steepest.op,
        "its_factor": factor,
    }  # fmt: skip
    return make_finding(
        recording, name, text, event, node=steepest.id, file=steepest.file or first.node.file,
        line=steepest.line or first.node.line, lines=[first.node.line, last.node.line], evidence=evidence,
        count=len(layers), between=len(layers) - 1,
        first=f"{first.norm:.2g}", last=f"{last.norm:.2g}", each=f"{each:.2g}", op=steepest.op,
        factor=f"{factor:.2g}", name=training.name(first.parameter), other=training.name(last.parameter),
    )  # fmt: skip


def _label(training: Training, layers: list[_Layer], layer: _Layer) -> str:
    name = training.name(layer.parameter)
    uses = [each for each in layers if each.parameter == layer.parameter]
    return name if len(uses) == 1 else messages.USE.format(name=name, number=uses.index(layer) + 1)


def _steepest(flow: Flow, layers: list[_Layer], *, is_falling: bool) -> tuple[Node, float]:
    """Return the kind of op between the layers that changed the gradient most: its first, and its factor each time."""
    factors: dict[str, list[tuple[int, float]]] = {}
    for number in range(layers[0].node.id, layers[-1].node.id + 1):
        node = flow.nodes.get(number)
        above = flow.upstream_norm(number) if node is not None and node.kind == "op" else None
        below = [
            norm
            for edge in flow.inputs.get(number, ())
            if flow.nodes[edge.source].kind == "op"
            and (norm := flow.edge_norm(edge))
            and _is_on_the_way(flow, edge.source)
        ]
        if node is not None and above and below:
            factors.setdefault(node.op or "", []).append((number, max(below) / above))
    if not factors:
        return layers[0].node, 1.0
    totals = {op: float(numpy.log([factor for _, factor in found]).sum()) for op, found in factors.items()}
    op = min(totals, key=lambda name: totals[name]) if is_falling else max(totals, key=lambda name: totals[name])
    found = factors[op]
    return flow.nodes[found[0][0]], float(numpy.exp(numpy.log([factor for _, factor in found]).mean()))


def _is_on_the_way(flow: Flow, node: int) -> bool:
    """Whether an op works on what flows through the layers, and is no view of a weight."""
    if stem(flow.nodes[node]) not in _VIEWS:
        return True
    return any(flow.nodes[edge.source].kind == "op" for edge in flow.inputs.get(node, ()))
