"""Ops that squash numbers to shares: softmax and sigmoid, torch's own or written out with exponentials.

Separate from the losses that are looked at for them: what is spelt out takes several nodes to see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphlab.analysis.findings.facts import is_view

if TYPE_CHECKING:
    from graphlab.model import Node
    from graphlab.recording import Recording

SQUASHES = {"SoftmaxBackward0": "softmax", "LogSoftmaxBackward0": "log_softmax", "SigmoidBackward0": "sigmoid"}


def squash_of(recording: Recording, node: Node | None) -> str | None:
    """Return what a node squashes by, or None: `softmax`, `log_softmax` or `sigmoid`."""
    if node is None:
        return None
    return SQUASHES.get(node.op or "") or _written_out(recording, node)


def source_of(recording: Recording, node: Node, slot: int | None = None) -> Node | None:
    """Return the node whose numbers an op is given first, or in one place, past ops that hand them on."""
    for _ in range(32):
        rows = recording.reader.edges("WHERE target = ? ORDER BY slot", node.id)
        edge = next((row for row in rows if slot is None or row.slot == slot), None)
        if edge is None:
            return None
        node, slot = recording.node(edge.source), None
        if not is_view(node.op):
            return node
    return None


def is_scaled(recording: Recording, node: Node) -> bool:
    """Whether a node multiplies or divides by a plain number."""
    rows = recording.reader.edges("WHERE target = ?", node.id)
    return node.op in {"MulBackward0", "DivBackward0"} and len(rows) == 1


def _written_out(recording: Recording, node: Node) -> str | None:
    """Recognise `e / e.sum(…)` and `1 / (1 + e)` with `e` an exponential, and `log_softmax(…).exp()`."""
    if node.op == "DivBackward0":
        above, below = source_of(recording, node, 0), source_of(recording, node, 1)
        if above is None or below is None or above.op != "ExpBackward0" or not (below.op or "").startswith("Sum"):
            return None
        summed = source_of(recording, below)
        is_same = summed is not None and (summed.id == above.id or _are_alike(recording, summed, above))
        return "softmax" if is_same else None
    if node.op == "ExpBackward0":  # of logarithms of shares, which makes them shares again
        logarithm = source_of(recording, node)
        return "softmax" if logarithm is not None and logarithm.op == "LogSoftmaxBackward0" else None
    if node.op == "MulBackward0":
        node = source_of(recording, node) or node
    below = source_of(recording, node) if node.op == "ReciprocalBackward0" else None
    inner = source_of(recording, below) if below is not None and below.op == "AddBackward0" else None
    return "sigmoid" if inner is not None and inner.op == "ExpBackward0" else None


def _are_alike(recording: Recording, one: Node, other: Node) -> bool:
    """Whether two exponentials are of the same numbers."""
    if one.op != other.op:
        return False
    first, second = source_of(recording, one), source_of(recording, other)
    return first is not None and second is not None and first.id == second.id
