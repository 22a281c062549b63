"""Which of several cuts between a parameter and the loss is to blame.

Separate from the flow, which finds them all: a reinforcement learner picks its actions under `no_grad`, samples,
detaches its targets, and copies weights, all on purpose. What a
person would have to mend is something else beside these.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphlab.analysis.findings.dataflow import Cut, Flow, Op, State

_CHOICES = frozenset(
    {"gather", "index", "index_select", "select", "embedding", "take", "take_along_dim", "masked_select", "masked_fill",
     "masked_fill_", "where", "nll_loss", "nll_loss_nd", "scatter", "scatter_", "index_put", "index_put_", "index_add",
     "index_add_", "one_hot"}
)  # fmt: skip
"""Ops that take whole numbers or truth values to say which entries, and whose own slope goes another way."""


def choose_cut(flow: Flow, cuts: Collection[Cut], start: int) -> Cut | None:
    """Return the cut that is least likely meant, and of these the last before the backward."""
    before = [cut for cut in cuts if cut.event <= start] or list(cuts)
    return max(before, key=lambda cut: (_rank(flow, cut), cut.event), default=None)


def _rank(flow: Flow, cut: Cut) -> int:
    if cut.reason == "no-grad":
        return 0
    if cut.reason == "discrete":
        return 3 if _becomes_a_number(flow, flow.ops[cut.event]) else 1
    return 2


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
