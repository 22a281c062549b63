"""Rows of the inspector for what is reckoned from many numbers: the paths to a leaf, the Jacobian of a node. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy

from graphlab.analysis.rules.paths import say_count, say_path
from graphlab.model import LEAF_KINDS, Snapshot
from graphlab.sentences import format_number, format_shape
from graphlab.tui import messages
from graphlab.tui.rows import Row, fit, rule, wrap
from graphlab.tui.theme import Look
from graphlab.tui.values import bar_text, value_rows

if TYPE_CHECKING:
    from graphlab.analysis.rules.facts import Array
    from graphlab.analysis.rules.jacobian import Jacobian
    from graphlab.model import Node
    from graphlab.tui.state import ExplorerState

_PLAIN = Look()
_BAR = 10
_MOST_SINGULAR = 12


def path_view_rows(state: ExplorerState, node: Node, width: int) -> list[Row]:
    """Say which paths bring how much to a leaf's gradient, in the last backward of the cursor's step."""
    head: list[Row] = [[(state.name_of(node.id), "title"), (f"  {format_shape(node.shape)}", "shapes")]]
    if node.kind not in LEAF_KINDS:
        said = messages.PATHS_OF_LEAVES
        return [fit(head[0], width), *(fit([(line, "quiet")], width) for line in wrap(said, width))]
    found = state.gradients.contributions(node.id)
    if found is None or found.missing:
        has_begun = state.gradients.backward_start is not None
        waits = messages.FOLLOWING_PATHS if has_begun else messages.NO_BACKWARD_YET
        said = found.missing if found is not None else waits
        return [fit(head[0], width), *(fit([(line, "quiet")], width) for line in wrap(said, width))]
    count = sum(share.count for share in found.shares)
    rows = [fit(head[0], width), rule(messages.PATHS_BY[found.by](count).format(count=say_count(count)), width)]
    if found.error is not None:
        sum_row: Row = [("✓ ", "good") if found.error < 1e-3 else ("✗ ", "bad")]
        sum_row.append((messages.PATHS_SUM.format(error=f"{found.error:.1e}"), "quiet"))
        rows.append(fit(sum_row, width))
    for share in found.shares:
        part = abs(share.share) if share.share is not None else 0.0
        bar = bar_text(min(part, 1.0), _BAR, "half")
        numbers: Row = [
            ("" if share.share is None else f"{share.share:>6.1%} ", "number"),
            (f"{bar:<{_BAR}} ", "gradient"),
        ]
        numbers.append((f"‖∇‖ {format_number(share.norm)}", "gradient"))
        rows.append(fit(numbers, width))
        said = say_path(share, state.gradients.short_name)
        rows += [fit([("  ", ""), (line, "text")], width) for line in wrap(said, width - 2)]
    return rows


def jacobian_view_rows(state: ExplorerState, node: Node, width: int, height: int, look: Look = _PLAIN) -> list[Row]:
    """Show the Jacobian of a node in each of its inputs, with rank and singular values."""
    head: Row = [(state.name_of(node.id), "title"), (f"  {format_shape(node.shape)}", "shapes")]
    edges = [edge for edge in state.edges_into(node.id) if state.recording.node(edge.source).kind != "data"]
    rows = [fit(head, width)]
    if node.kind != "op" or not edges:
        return [*rows, *(fit([(line, "quiet")], width) for line in wrap(messages.JACOBIAN_OF_OPS, width))]
    tall = max(height // len(edges) - 4, 6)
    name = state.gradients.short_name(node.id)
    for edge in edges:
        rows.append(rule(f"∂{name}/∂{state.gradients.short_name(edge.source)}", width))
        found = state.gradients.jacobian(node.id, edge.slot)
        if isinstance(found, str):
            rows += [fit([(line, "quiet")], width) for line in wrap(found, width)]
            continue
        rows += [fit([(line, "text")], width) for line in wrap(_say_rank(found), width)]
        matrix = snapshot_of(found.matrix)
        rows += value_rows(matrix, width, tall, state.view_of(matrix), look)
    return rows


def _say_rank(found: Jacobian) -> str:
    if not found.singular:
        return messages.JACOBIAN_NOT_FINITE
    rows, columns = found.matrix.shape
    shown = "  ".join(format_number(value) for value in found.singular[:_MOST_SINGULAR])
    rest = " …" if len(found.singular) > _MOST_SINGULAR else ""
    return messages.JACOBIAN_RANK.format(rows=rows, columns=columns, rank=found.rank, values=shown + rest)


def snapshot_of(array: Array) -> Snapshot:
    """Return what was reckoned as a tensor that can be shown."""
    wide = numpy.ascontiguousarray(array, "<f8")
    return Snapshot(tuple(wide.shape), "float64", "", "<f8", data=wide.tobytes())
