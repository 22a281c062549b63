"""Where a backward first makes NaN or infinity although the forward is finite."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy

from graphlab.analysis.findings import number_messages as messages
from graphlab.analysis.findings.entries import first_bad_entry, real
from graphlab.analysis.findings.finding import Finding, make_finding
from graphlab.analysis.findings.flow import Flow, flow_of
from graphlab.analysis.findings.snapshots import has_nan, read_figures

if TYPE_CHECKING:
    from graphlab.model import Edge, Node, Step
    from graphlab.recording import Recording

_CHOICES = ("WhereBackward", "MaskedFillBackward", "IndexPutBackward", "MaskedScatterBackward", "MaskedSelectBackward",
            "IndexBackward", "SelectBackward", "SliceBackward", "TakeBackward", "GatherBackward")  # fmt: skip
"""Nodes that give gradient 0 to what they did not take, the most telling first."""
_CAUSES = {
    "Sqrt": "root", "Rsqrt": "root", "Log": "log", "Log2": "log", "Log10": "log", "Log1P": "log", "Div": "quotient",
    "Reciprocal": "quotient", "Pow": "power", "Acos": "edge", "Asin": "edge", "Atanh": "edge", "Acosh": "edge",
    "Atan2": "edge", "LinalgVectorNorm": "norm", "Norm": "norm", "Cdist": "norm", "EuclideanDist": "norm",
    "Std": "spread", "Var": "spread", "Exp": "infinite-factor", "Mul": "infinite-factor", "Svd": "degenerate",
    "LinalgSvd": "degenerate", "LinalgEigh": "degenerate", "LinalgEig": "degenerate", "LinalgQr": "degenerate",
}  # fmt: skip
"""By the op: why its derivative is not finite."""
_INFINITE_SLOPES = frozenset({"root", "log", "power", "edge", "spread"})
_HORIZON = 200


def find_in_backward(recording: Recording, step: Step) -> Finding | None:
    """Return the first node of a step's backwards that made a gradient that is no number of ones that are."""
    rows = recording.reader.rows(
        "SELECT event, node, slot, snapshot FROM gradients WHERE event BETWEEN ? AND ? AND snapshot IS NOT NULL "
        "ORDER BY event, slot",
        step.first, step.last,
    )  # fmt: skip
    if not rows:
        return None
    is_finite = read_figures(recording.reader, numpy.array([row[3] for row in rows], "i8")).is_finite
    bad = [row for row, is_good in zip(rows, is_finite.tolist(), strict=True) if not is_good]
    if not bad:
        return None
    event, node = bad[0][0], bad[0][1]
    here = [(row, is_good) for row, is_good in zip(rows, is_finite.tolist(), strict=True) if row[0] == event]
    upstream = [(row[3], is_good) for row, is_good in here if row[2] < 0]
    downstream = [(row[2], row[3]) for row, is_good in here if row[2] >= 0 and not is_good]
    if not downstream or not all(is_good for _, is_good in upstream):
        return _explain_sum(recording, event, node)
    slot, made = downstream[0]
    return _explain(recording, event, recording.node(node), slot, made, upstream[0][0] if upstream else None)


def _explain_sum(recording: Recording, event: int, node: int) -> Finding:
    """Tell of a gradient that became infinite where several came together, or where the backward began."""
    facts = recording.node(node)
    reason, remedy = messages.BACKWARD_CAUSES["sum"]
    return make_finding(
        recording, "not-finite", messages.NOT_FINITE_BACKWARD, event, node=node, file=facts.file, line=facts.line,
        evidence={"direction": "backward", "op": facts.op, "cause": "sum"}, op=facts.op or facts.kind,
        what=messages.INFINITY, count="", reason=reason, remedy=remedy,
    )  # fmt: skip


def _explain(recording: Recording, event: int, node: Node, slot: int, made: int, upstream: int | None) -> Finding:
    gradient, above = recording.snapshot(made), recording.snapshot(upstream) if upstream is not None else None
    flow = flow_of(recording, recording.number_at(event))
    values = [*flow.given(node, slot), flow.value(node)]
    entry = first_bad_entry(gradient, [above, *values])
    what = messages.NAN if has_nan(gradient) else messages.INFINITY
    came, value = (entry.inputs[0], entry.inputs[1] if len(entry.inputs) > 1 else None) if entry else (None, None)
    cause = _cause(node.op or "", value, gradient.dtype if gradient else "", is_nan=has_nan(gradient))
    reason, remedy = messages.BACKWARD_CAUSES[cause]
    words = {"value": _said(value), "op": node.op, "dtype": gradient.dtype if gradient else ""}
    choice = (
        _choice_above(recording, recording.number_at(event), node)
        if has_nan(gradient) and (came == 0 or came is None)
        else None
    )
    said = reason.format(**words)
    if choice is None and came == 0 and cause in _INFINITE_SLOPES:
        said += messages.TIMES_ZERO
    if choice is not None:
        said += messages.NOT_TAKEN.format(op=(choice.op or "").removesuffix("0"), line=choice.line)
        remedy = messages.NOT_TAKEN_REMEDY
    evidence: dict[str, Any] = {
        "direction": "backward", "op": node.op, "cause": cause, "made": "nan" if has_nan(gradient) else "infinity",
        "value": value, "upstream": None if came is None or not math.isfinite(came) else came,
        "not_taken_at": choice.line if choice else None,
    }  # fmt: skip
    if entry is not None:
        evidence.update(count=entry.count, of=entry.size, index=list(entry.index))
    return make_finding(
        recording, "not-finite", messages.NOT_FINITE_BACKWARD, event, node=node.id, file=node.file, line=node.line,
        lines=[choice.line] if choice else [], evidence=evidence, op=node.op, what=what,
        count=messages.COUNTED.format(count=entry.count, size=entry.size, index=list(entry.index))
        if entry is not None and entry.size > 1 else "",
        reason=said, remedy=remedy.format(**words),
    )  # fmt: skip


def _said(number: float | None) -> str:
    return "?" if number is None else f"{number:.6g}"


def _cause(op: str, value: float | None, dtype: str, *, is_nan: bool) -> str:
    known = _CAUSES.get(op.rstrip("0123456789").removesuffix("Backward"))
    if known in {"root", "log", "power"} and value:
        # Taken where its slope is finite: it is not defined there, or the gradient is too large for other reasons.
        known = "negative" if value < 0 and is_nan else None
    if known is None and dtype == "float16" and not is_nan:
        return "float16-overflow"
    return known or ("other" if is_nan else "overflow")


def _choice_above(recording: Recording, number: int, node: Node) -> Node | None:
    """Return the node nearer to the loss that gave a gradient of 0 to what it did not take."""
    found: list[Node] = []
    flow = flow_of(recording, number)
    for edge in flow.towards_loss(node.id, _HORIZON):
        target = recording.node(edge.target)
        if (target.op or "").startswith(_CHOICES) and _gives_zeros(flow, edge):
            found.append(target)
            if (target.op or "").startswith(_CHOICES[:1]):
                break
    return min(found, key=_telling, default=None)


def _telling(node: Node) -> int:
    return next(place for place, name in enumerate(_CHOICES) if (node.op or "").startswith(name))


def _gives_zeros(flow: Flow, edge: Edge) -> bool:
    """Whether the gradient along an edge is 0 in places where the one that came from above is not."""
    down, above = real(flow.edge_gradient(edge)), real(flow.upstream(edge.target))
    if down is None or not (down == 0).any():
        return False
    if above is None or above.shape != down.shape:
        return True
    is_choice = (flow.nodes[edge.target].op or "").startswith(_CHOICES[:1])
    return is_choice or bool(((above != 0) & (down == 0)).any())
