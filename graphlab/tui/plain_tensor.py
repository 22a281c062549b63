"""The inspector's rows for a tensor that is no node of the graph: a view of data, a count, what no_grad computed.

Separate from the inspector, which shows nodes and edges. Lessons on tensors, and every evaluation, consist of such
tensors: without them the inspector would go on showing the last node, which is not what the line made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphlab.sentences import format_shape
from graphlab.tui import messages
from graphlab.tui.rows import Row, fit, rule, shorten, wrap
from graphlab.tui.values import value_rows

if TYPE_CHECKING:
    from graphlab.model import Snapshot, Tensor
    from graphlab.tui.state import ExplorerState
    from graphlab.tui.theme import Look

_MOST_VIEWS = 20
"""Of views that are views of views: a name that is longer says nothing."""


def plain_tensor(state: ExplorerState) -> Tensor | None:
    """Return what the last op before the cursor made, if that is no node and the person looks at none."""
    event, step = state.event, state.step
    if state.selected is not None or state.gradients.view != "node" or event is None or step is None:
        return None
    if event.kind not in {"line", "op", "output"}:
        return None
    # What has happened to nodes since then says more.
    found = state.recording.find_events(
        "id BETWEEN ? AND ? AND (node IS NOT NULL OR kind IN ('op', 'update', 'zero_grad', 'unscale', 'clip')) "
        "ORDER BY id DESC LIMIT 1",
        step.first, state.moment,
    )  # fmt: skip
    if not found or found[0].kind != "op":
        return None
    made = state.recording.outputs(found[0].id)
    return made[0] if made and made[0].node is None else None


def plain_name(state: ExplorerState, tensor: Tensor) -> str:
    """Return the variable that holds a tensor at the cursor, else the call that made it and its line."""
    names = _names(state, tensor)
    if names:
        return names[0]
    event = state.recording.event(tensor.event)
    call = event.text.rpartition(".")[2]
    return messages.CALL_AT.format(call=call, line=event.line) if event.line is not None else call


def plain_snapshot(state: ExplorerState, tensor: Tensor) -> Snapshot | None:
    """Return the values that were kept of a tensor."""
    return state.recording.snapshot(tensor.snapshot)


def plain_rows(state: ExplorerState, tensor: Tensor, width: int, height: int, look: Look) -> list[Row]:
    """Return what is known of a tensor that is no node: where it came from, whose memory it reads, its values."""
    event = state.recording.event(tensor.event)
    call = event.text.rpartition(".")[2]
    words = messages.CHANGED_BY if call.endswith("_") and not call.endswith("__") else messages.KINDS["op"]
    names = _names(state, tensor)
    head: list[Row] = [
        [(plain_name(state, tensor), "title"), (f"  {format_shape(tensor.shape)}", "shapes"),
         (f"  {tensor.dtype}  {tensor.device}", "quiet")],
    ]  # fmt: skip
    if len(names) > 1:
        head.append([(messages.ALSO.format(names=", ".join(names[1:])), "quiet")])
    made: Row = [(words.format(call=event.text), "data"), (f" e{event.id}", "text")]
    if event.line is not None:
        made.append((messages.MADE_IN_LINE.format(line=event.line), "text"))
    head.append(made)
    root = _root(state, tensor)
    if root is not None:
        name = plain_name(state, root) if root.node is None else state.name_of(root.node)
        told = messages.VIEW_OF.format(view=f"{name}{tensor.label}", name=name)
    else:
        told = messages.NO_NODE
    rows = [fit(row, width) for row in head]
    rows += [fit([(line, "quiet")], width) for line in wrap(told, width)]
    snapshot = plain_snapshot(state, tensor)
    view = state.view_of(snapshot)
    label = messages.VALUE if snapshot is not None and snapshot.size == 1 else messages.VALUE_RULE.format(
        view=messages.TENSOR_VIEWS[view]
    )  # fmt: skip
    rows.append(rule(shorten(label, max(width - 4, 1)), width))
    if snapshot is None:
        return [*rows, fit([(f" {messages.NOT_KEPT}", "quiet")], width)]
    return [*rows, *value_rows(snapshot, width, max(height - len(rows), 3), view, look)]


def _names(state: ExplorerState, tensor: Tensor) -> list[str]:
    found = [each.name for each in state.recording.variables(state.moment) if _is_same(each.tensor, tensor)]
    return list(dict.fromkeys(found))


def _is_same(held: Tensor | None, tensor: Tensor) -> bool:
    return held is not None and held.object == tensor.object


def _root(state: ExplorerState, tensor: Tensor) -> Tensor | None:
    """Return the tensor whose memory a view of data reads, or None where it is no view."""
    if not tensor.label:
        return None
    root = state.recording.tensor(tensor.object)
    for _unused in range(_MOST_VIEWS):
        read = state.recording.inputs(root.event)
        if not read:
            return None
        root = state.recording.tensor(read[0].object)
        if not root.label:
            return root
    return None
