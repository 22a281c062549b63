"""Which tensors a node may keep for its backward: the recording says their shapes, and what the op read and made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphlab.analysis.findings import messages
from graphlab.analysis.findings.facts import is_view, short_op

if TYPE_CHECKING:
    from graphlab.model import Node
    from graphlab.recording import Recording


def shape_text(shape: tuple[int, ...]) -> set[str]:
    """Return a shape as the table of saved tensors writes it, and that of the transposed tensor."""
    return {"x".join(map(str, shape)), "x".join(map(str, reversed(shape)))}


def kept_objects(recording: Recording, node: Node) -> list[int]:
    """Return the tensors that a node may keep: what its op read, what that is a view of, and what it made."""
    states = [*recording.outputs(node.event), *recording.inputs(node.event)]
    found = []
    while states:
        state = states.pop(0)
        if state.object not in found:
            found.append(state.object)
            maker = recording.node(state.node) if state.node is not None else None
            if maker is not None and maker.id != node.id and is_view(maker.op):
                states += recording.inputs(maker.event)
    return found


def say_tensor(recording: Recording, origin: int, moment: int) -> str:
    """Return the name of a tensor as of a moment, or what made it."""
    row = recording.reader.row(
        "SELECT name FROM bindings WHERE object = ? AND event <= ? ORDER BY element, id DESC LIMIT 1", origin, moment
    )
    tensor = recording.tensor(origin)
    node = recording.node(tensor.node) if tensor.node is not None else None
    if node is not None and node.kind == "parameter" and node.name:
        return node.name
    if row is not None:
        return str(row[0])
    return messages.RESULT_OF.format(op=short_op(node)) if node is not None and node.op else messages.A_TENSOR
