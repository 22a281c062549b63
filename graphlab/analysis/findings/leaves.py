"""Tensors that are taken for leaves and are none, and leaves that nobody asked to be: names, targets, data."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from graphlab.analysis.findings import leaf_messages as messages
from graphlab.analysis.findings.facts import short_op, source_line
from graphlab.analysis.findings.finding import Finding, make_finding
from graphlab.analysis.findings.held_parameters import Parameters
from graphlab.analysis.findings.source import calls, dotted, trees
from graphlab.recording.remarks import Remark, read_remarks

if TYPE_CHECKING:
    from graphlab.model import Node
    from graphlab.recording import Recording

_LOSSES = frozenset({
    "MseLossBackward0", "L1LossBackward0", "SmoothL1LossBackward0", "HuberLossBackward0", "SubBackward0",
    "RsubBackward1", "BinaryCrossEntropyBackward0", "BinaryCrossEntropyWithLogitsBackward0", "KlDivBackward0",
    "PoissonNllLossBackward0", "SoftMarginLossBackward0",
})  # fmt: skip
"""Ops that set a prediction against a target."""


# -- a name that no longer means the leaf, `.grad` of what is no leaf --------------------------------------------------


def find_lost_leaf(recording: Recording) -> Iterator[Finding]:
    """Find names that meant a leaf, and mean the result of an op since a line gave them another tensor."""
    reader = recording.reader
    rows = reader.rows(
        "SELECT frame, name, object, event FROM bindings WHERE kind = 'tensor' AND element = 0 ORDER BY id"
    )
    leaves = {node.id for node in reader.nodes("WHERE kind IN ('parameter', 'leaf')")}
    marks = reader.rows("SELECT DISTINCT object, node FROM tensors WHERE node IS NOT NULL AND requires_grad = 1")
    known = {origin for origin, node in marks if node in leaves}
    last: dict[tuple[int, str], tuple[int, int]] = {}
    asked = {recording.tensor(each.tensor).object for each in read_remarks(recording, "grad_of_result") if each.tensor}
    seen = set()
    for frame, name, origin, event in rows:
        before = last.get((frame, name))
        last[frame, name] = origin, event
        if before is None or before[0] == origin or before[0] not in known or name in seen:
            continue
        old, new = recording.tensor(before[0]), recording.tensor(origin)
        if old.node not in leaves or not old.requires_grad or (new.node in leaves and new.label == ""):
            continue
        line_of = recording.event(event)
        # A name that took the leaf after its gradient had come (`x = self.weight`) goes on with it in a forward.
        asks = "grad" in source_line(recording, line_of.file, line_of.line)
        came = reader.row(
            "SELECT 1 FROM changes WHERE node = ? AND what = 'grad' AND event BETWEEN ? AND ?",
            old.node, 0 if asks else before[1], event,
        )  # fmt: skip
        if came is None or not _reads(recording, line_of.line, line_of.file, before[0], event):
            continue
        if origin in asked or not new.requires_grad or _is_used_later(recording, new.node, event):
            seen.add(name)
            yield make_finding(
                recording, "name-lost-its-leaf", messages.LOST_LEAF, event, node=new.node,
                evidence={"name": name, "leaf": old.node, "result": new.node}, name=name,
                what=messages.WITH_GRAPH if new.requires_grad else messages.WITHOUT_GRAPH,
            )  # fmt: skip


def _reads(recording: Recording, line: int | None, file: int | None, origin: int, event: int) -> bool:
    """Whether an op of the statement that ends with an event reads a tensor."""
    row = recording.reader.row(
        "SELECT 1 FROM uses u JOIN events e ON e.id = u.event JOIN tensors t ON t.id = u.tensor "
        "WHERE t.object = ? AND e.line = ? AND e.file = ? AND e.id BETWEEN ? AND ?",
        origin, line, file, event - 40, event,
    )  # fmt: skip
    return row is not None


def _is_used_later(recording: Recording, node: int | None, event: int) -> bool:
    """Whether a backward that begins later goes through a node."""
    from graphlab.analysis.findings.facts import backwards

    return any(node in each.nodes for each in backwards(recording) if each.event > event)


def find_grad_of_result(recording: Recording) -> Iterator[Finding]:
    """Find a `.grad` that was asked, after a backward, of a tensor that is the result of an op."""
    seen = set()
    for remark in read_remarks(recording, "grad_of_result"):
        place = remark.file, remark.line
        start = recording.next_event(remark.event + 1, ("backward_end",), back=True)
        if place in seen or start is None or remark.tensor is None:
            continue
        seen.add(place)
        yield _grad_of_result(recording, remark, recording.tensor(remark.tensor).node)


def _grad_of_result(recording: Recording, remark: Remark, number: int | None) -> Finding:
    node = recording.node(number) if number is not None else None
    names = recording.names(remark.event).get(node.id, ()) if node is not None else ()
    name = next(iter(names), messages.A_TENSOR)
    made = node.line if node is not None else None
    return make_finding(
        recording, "grad-of-non-leaf", messages.GRAD_OF_RESULT, max(remark.event, 1), node=number, file=remark.file,
        line=remark.line, lines=(made,), evidence={"name": name, "op": node.op if node is not None else None},
        name=name, op=(short_op(node) if node is not None else None) or messages.AN_OP, made=messages.at_line(made),
    )  # fmt: skip


# -- targets and data that require grad --------------------------------------------------------------------------------


def find_needless_leaves(recording: Recording) -> Iterator[Finding]:
    """Find targets and data that require grad in a training that updates others, and whose `.grad` nobody reads."""
    parameters = Parameters(recording)
    if recording.next_event(0, ("update",)) is None or _asks_gradients(recording):
        return
    read = _names_asked_for_grad(recording)
    moved = {row[0] for row in recording.reader.rows("SELECT DISTINCT node FROM changes WHERE what = 'value'")}
    for leaf in parameters.leaves:
        name = parameters.name_of(leaf)
        is_idle = leaf.id not in moved and leaf.id not in parameters.held and parameters.has_gradient(leaf)
        if not is_idle or name.rpartition(".")[2] in read or not name.isidentifier() or (leaf.shape or ()) == ():
            continue
        target = _as_target(recording, leaf)
        text = messages.TARGET if target is not None else messages.DATA
        yield make_finding(
            recording, "target-requires-grad" if target is not None else "data-requires-grad", text, max(leaf.event, 1),
            node=leaf.id, file=leaf.file, line=_line_of_wish(recording, name) or leaf.line,
            lines=(target.line if target is not None else None,), name=name,
            evidence={"name": name, "shape": list(leaf.shape or ())},
        )  # fmt: skip


def _asks_gradients(recording: Recording) -> bool:
    """Whether the script uses gradients in another way than by `.grad` of a name: `autograd.grad`, hooks."""
    return bool(calls(recording, "grad", "register_hook", "jacobian", "hessian", "vjp", "retain_grad", "gradcheck"))


def _names_asked_for_grad(recording: Recording) -> set[str]:
    """Return the names whose `.grad` the text reads."""
    found = set()
    for _, tree in trees(recording):
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr == "grad":
                found.add(dotted(node.value).rpartition(".")[2])
    return found


def _as_target(recording: Recording, leaf: Node) -> Node | None:
    """Return the op that sets a leaf against something computed, or None: it is data then."""
    for edge in recording.reader.edges("WHERE source = ? ORDER BY target", leaf.id):
        user = recording.node(edge.target)
        others = [recording.node(each.source) for each in recording.reader.edges("WHERE target = ?", user.id)
                  if each.source != leaf.id]  # fmt: skip
        if user.op in _LOSSES and any(other.kind == "op" for other in others):
            return user
    return None


def _line_of_wish(recording: Recording, name: str) -> int | None:
    """Return where the text asks that a name require grad."""
    for _, tree in trees(recording):
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and any(
                dotted(target) == f"{name}.requires_grad" for target in node.targets
            ):
                return node.lineno
            if isinstance(node, ast.Call) and dotted(node.func) == f"{name}.requires_grad_":
                return node.lineno
    for _, tree in trees(recording):
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and any(dotted(target) == name for target in node.targets):
                inner = (part for part in ast.walk(node.value) if isinstance(part, ast.Call))
                words = {keyword.arg for call in inner for keyword in call.keywords}
                if "requires_grad" in words:
                    return node.lineno
    return None


FINDERS = (find_lost_leaf, find_grad_of_result, find_needless_leaves)
