"""Biases that change nothing, for a normalisation takes their mean away again: gradients that are 0 but for rounding.

Separate from gradients that are exactly 0: here nothing is broken, and rounding leaves a little of each.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from graphlab.analysis.findings import number_messages as messages
from graphlab.analysis.findings.cuts import stem
from graphlab.analysis.findings.facts import is_view, short_op
from graphlab.analysis.findings.finding import Finding, make_finding
from graphlab.analysis.findings.flow import flow_of
from graphlab.analysis.findings.training import training_of

if TYPE_CHECKING:
    from graphlab.analysis.findings.flow import Flow
    from graphlab.analysis.findings.training import Training
    from graphlab.model import Edge, Node
    from graphlab.recording import Recording

_NORMALISATIONS = frozenset({"NativeBatchNorm", "CudnnBatchNorm", "MiopenBatchNorm", "NativeGroupNorm"})
_ADDING = frozenset({"Addmm", "Convolution", "ConvolutionOverrideable", "Add", "Linear", "Baddbmm", "Addmv"})
"""Ops that add a bias."""
_ROUNDING = 1e-4
"""What is left, at most, of a gradient whose samples cancel each other out."""
_SMALL = 1e-3
"""Beside the largest gradient of a step: what is looked at."""


def find_without_effect(recording: Recording) -> Iterator[Finding]:
    """Find biases right before a batch norm in training mode, whose gradients cancel out."""
    training = training_of(recording)
    count = training.count
    numbers = sorted({1, count // 2, count} - {0})
    candidates = [leaf for leaf in training.parameters if _is_small(training, leaf, numbers)]
    if len(numbers) < 2 or not candidates:
        return
    cancelled: dict[int, tuple[Edge, Node, float, float]] = {}
    for number in numbers:
        flow = flow_of(recording, number)
        found = {leaf: cut for leaf in candidates if (cut := _taken_away(flow, leaf)) is not None}
        candidates = list(found)
        cancelled = cancelled or found
    places: dict[tuple[int | None, int | None], list[int]] = {}
    for leaf in candidates:
        node = cancelled[leaf][1]
        places.setdefault((node.file, node.line), []).append(leaf)
    for (file, line), leaves in places.items():
        _, node, norm, upstream = cancelled[leaves[0]]
        names = [training.name(leaf) for leaf in leaves]
        yield make_finding(
            recording, "zero-gradient", messages.NO_EFFECT, node.event, node=leaves[0], file=file, line=line,
            evidence={"cause": "no-effect", "gradients": names, "cut": node.op}, names=messages.some(names),
            have=messages.HAVE[len(names) > 1], op=short_op(node), norm=f"{norm:.2g}", upstream=f"{upstream:.2g}",
        )  # fmt: skip


FINDERS = (find_without_effect,)


def _is_small(training: Training, leaf: int, numbers: list[int]) -> bool:
    """Whether a gradient is small beside others in all of some steps, and not 0 in all of them."""
    if len(training.recording.node(leaf).shape or ()) != 1:
        return False
    mine = [training.gradient(leaf).at(number) for number in numbers]
    if not any(mine) or None in mine:
        return False
    for number, norm in zip(numbers, mine, strict=True):
        largest = max((training.gradient(other).at(number) or 0.0 for other in training.parameters), default=0.0)
        if not (norm or 0.0) < _SMALL * largest < math.inf:
            return False
    return True


def _taken_away(flow: Flow, leaf: int) -> tuple[Edge, Node, float, float] | None:
    """Return how a normalisation takes a bias away again: its edge, that op, and the norms after and before."""
    edges = flow.users.get(leaf, [])
    if len(edges) != 1 or stem(flow.nodes[edges[0].target]) not in _ADDING:
        return None
    edge = edges[0]
    norm, upstream = flow.edge_norm(edge), flow.upstream_norm(edge.target)
    if norm is None or not upstream or not norm < _ROUNDING * upstream:
        return None
    node = flow.nodes[edge.target]
    for _ in range(8):
        users = flow.users.get(node.id, [])
        if len(users) != 1:
            return None
        node = flow.nodes[users[0].target]
        if stem(node) in _NORMALISATIONS:
            return edge, node, norm, upstream
        if not is_view(node.op):
            return None
    return None
