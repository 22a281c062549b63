"""Which of several cuts between a parameter and the loss is to blame.

Separate from the flow, which finds them all: a reinforcement learner picks its actions under `no_grad`, samples,
detaches its targets, and copies weights, all on purpose. What a
person would have to mend is something else beside these.
"""

from __future__ import annotations

import ast
from collections.abc import Collection
from typing import TYPE_CHECKING

from graphlab.analysis.findings.facts import places_of_calls
from graphlab.analysis.findings.source import calls, stands_under

if TYPE_CHECKING:
    from graphlab.analysis.findings.dataflow import Cut, Flow, Op, State
    from graphlab.recording import Recording

_CHOICES = frozenset(
    {"gather", "index", "index_select", "select", "embedding", "take", "take_along_dim", "masked_select", "masked_fill",
     "masked_fill_", "where", "nll_loss", "nll_loss_nd", "scatter", "scatter_", "index_put", "index_put_", "index_add",
     "index_add_", "one_hot"}
)  # fmt: skip
"""Ops that take whole numbers or truth values to say which entries, and whose own slope goes another way."""


_WITHOUT_GRAPH = frozenset({"no_grad", "inference_mode", "set_grad_enabled"})


def choose_cut(flow: Flow, cuts: Collection[Cut], start: int, parameters: Collection[int] = ()) -> Cut | None:
    """Return the cut that is least likely meant, and of these the last before the backward.

    Of two of a kind it is the one whose numbers go on through a part of the model that learns (`head(h.detach())`):
    what is cut off on purpose, a target or a weight of the loss, goes straight into the loss.
    """
    before = [cut for cut in cuts if cut.event <= start] or list(cuts)
    if len(before) < 2:
        return before[0] if before else None
    return max(before, key=lambda cut: (_rank(flow, cut), _goes_on(flow, cut, parameters), cut.event))


def place_of_cut(recording: Recording, cut: Cut) -> tuple[int | None, int | None, int | None]:
    """Return file and line of what is to be mended, and the line of the op itself.

    Under `no_grad` they are those of the statement in that block: the model's own lines are right as they are.
    """
    if cut.reason == "no-grad":
        for file, line, _ in places_of_calls(recording, cut.event):
            if stands_under(recording, file, line, _WITHOUT_GRAPH):
                return file, line, cut.line
        turned_off = _turned_off(recording, cut.event)
        if turned_off is not None:
            return *turned_off, cut.line
    return cut.file, cut.line, cut.line


def _turned_off(recording: Recording, before: int) -> tuple[int, int] | None:
    """Return where the script last turned autograd off by a statement of its own, which holds until it is undone."""
    found: tuple[int, int, int] | None = None
    for call in calls(recording, "set_grad_enabled", "__enter__"):
        says = ast.unparse(call.node)
        if not (says.endswith("set_grad_enabled(False)") or "no_grad" in says or "inference_mode" in says):
            continue
        query = "SELECT MAX(id) FROM events WHERE kind = 'line' AND file = ? AND line = ? AND id < ?"
        ran = recording.reader.number(query, call.file, call.line, before)
        if ran and (found is None or ran > found[0]):
            found = ran, call.file, call.line
    return found[1:] if found is not None else None


def _rank(flow: Flow, cut: Cut) -> int:
    if cut.reason == "no-grad":
        return 0
    if cut.reason == "discrete":
        return 3 if _becomes_a_number(flow, flow.ops[cut.event]) else 1
    return 2


def _goes_on(flow: Flow, cut: Cut, parameters: Collection[int]) -> bool:
    """Whether what came of a cut goes on through ops that read parameters as well."""
    found = {state.object for state in flow.ops[cut.event].made} if cut.event in flow.ops else set(cut.made)
    here = cut.file, cut.line
    for op in flow.ops.values():
        if op.event <= cut.event:
            continue
        # A number that a tensor became is seen again only in what its line computes.
        if any(state.object in found for state in op.read) or (not found and (op.file, op.line) == here):
            if any(state.object in parameters for state in op.read):
                return True
            found.update(state.object for state in op.made)
    return False


def _becomes_a_number(flow: Flow, op: Op) -> bool:
    """Whether what is whole or a truth value is reckoned with as a number later, and not only says which entries."""
    found = {state.object for state in op.made if not is_continuous(state)}
    for user in flow.ops.values():
        if user.event <= op.event or user.name in _CHOICES or not any(state.object in found for state in user.read):
            continue
        if any(map(is_continuous, user.made)):
            return True
        found.update(state.object for state in user.made)
    return False


def is_continuous(state: State) -> bool:
    """Whether a tensor could have a gradient."""
    return state.dtype.startswith(("float", "bfloat", "complex"))
