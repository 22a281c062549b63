"""Rows of the inspector that say why a gradient is this number: the local rule, and what was added up. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphlab.analysis.rules import messages as words
from graphlab.analysis.rules.flow import shares_of
from graphlab.model import LEAF_KINDS
from graphlab.sentences import format_number, format_shape
from graphlab.tui import messages
from graphlab.tui.rows import Row, fit, rule, shorten, wrap
from graphlab.tui.theme import Look
from graphlab.tui.values import value_rows

if TYPE_CHECKING:
    from graphlab.analysis.rules.flow import Summand
    from graphlab.analysis.rules.local import InputRule, LocalRule
    from graphlab.model import Node, Snapshot
    from graphlab.tui.state import ExplorerState

_PLAIN = Look()
_BESIDE = 16
"""Cells that a picture needs to stand beside others."""
_TALLEST = 14
_MOST_SUMMANDS = 6


def brief_rule_rows(state: ExplorerState, node: Node, width: int) -> list[Row]:
    """Say in a few rows how a node's gradient goes on, or will."""
    if node.kind != "op":
        return []
    found = state.gradients.rule(node.id)
    label = messages.RULE_FORWARD if found.event is None else messages.RULE_BACKWARD
    said = [*_formula_rows(state, found, width), *_order_rows(state, found, width)]
    return [rule(label, width), *said] if said else []  # what ran after the backward has no way on


def sum_rows(state: ExplorerState, node: Node, width: int, *, has_one: bool = False) -> list[Row]:
    """Say what was added up to a node's gradient, or what it waits for."""
    summands = state.gradients.summands(node.id)
    standing = state.gradients.standing(node.id)
    rows: list[Row] = []
    measured = state.gradients.measured_of(node.id)
    if measured is not None:
        said = messages.MEASURED.format(error=f"{measured.error:.1e}", exact=f"{measured.error_in_64_bits:.1e}")
        sign = ("✓ ", "good") if measured.agrees else ("✗ ", "bad")
        rows += [fit([sign, (line, "text")], width) for line in wrap(said, width - 2)]
    if standing is not None and (len(summands) > 1 or standing != "ran"):
        rows.append(fit([(messages.STANDINGS[standing], "mark" if standing == "waits" else "quiet")], width))
    if len(summands) < (1 if has_one else 2):
        return rows
    shares = shares_of(summands)
    head = messages.SUMMANDS.format(count=len(summands))
    rows = [rule(head, width), *rows]
    for summand, share in list(zip(summands, shares, strict=True))[:_MOST_SUMMANDS]:
        rows.append(fit(_summand_row(state, summand, share), width))
    if len(summands) > _MOST_SUMMANDS:
        rows.append(fit([(messages.MORE_SUMMANDS.format(count=len(summands) - _MOST_SUMMANDS), "quiet")], width))
    return rows


def _summand_row(state: ExplorerState, summand: Summand, share: float | None) -> Row:
    name = state.name_of(summand.edge.target)
    if not summand.has_come:
        return [(f"◌ {name}", "future"), (f"  {messages.SUMMAND_WAITS}", "mark")]
    norm = "None" if summand.gradient is None else format_number(summand.gradient.statistics.norm)
    row: Row = [("+ ", "quiet"), (name, "op"), (f"  ‖∇‖ {norm}", "gradient")]
    if share is not None:
        row.append((f"  {share:.0%}", "number"))
    return row


def _formula_rows(state: ExplorerState, found: LocalRule, width: int) -> list[Row]:
    rows: list[Row] = []
    if found.key is None:
        said = words.NO_RULE.format(op=found.node.op)
        rows += [fit([(line, "quiet")], width) for line in wrap(said, width)]
    for each in found.inputs:
        name = state.gradients.short_name(each.source)
        text = f"∂L/∂{name} = {each.formula}" if each.formula else f"∂L/∂{name}"
        rows += [fit([(line, "narration")], width) for line in wrap(text, width)]
        detail = _detail_row(each)
        if detail:
            rows.append(fit([("  ", ""), *detail], width))
    for edge in state.edges_into(found.node.id):
        if state.recording.node(edge.source).kind == "data":
            name = state.name_of(edge.source) + edge.label
            rows.append(fit([(f"∂L/∂{name}  ", "quiet"), (messages.SKIPPED, "quiet")], width))
    return rows


def _detail_row(each: InputRule) -> Row:
    row: Row = []
    if each.contraction:
        row.append((f"{each.contraction}  ", "shapes"))
    if each.missing:
        row.append((each.missing, "quiet"))
    elif each.error is not None:
        style = "good" if each.agrees else "bad"
        sign = "✓" if each.agrees else messages.RULE_DIFFERS
        said = messages.RULE_ERROR.format(error=f"{each.error:.1e}") if each.error else messages.RULE_EXACT
        row += [(f"{sign} ", style), (said, "quiet")]
    return row


def rule_view_rows(state: ExplorerState, node: Node, width: int, height: int, look: Look = _PLAIN) -> list[Row]:
    """Show the local rule of a node with all its numbers: what came, what was kept, what went on."""
    head: list[Row] = [[(state.name_of(node.id), "title"), (f"  {format_shape(node.shape)}  ", "shapes")]]
    if node.kind in LEAF_KINDS:
        head[0].append((words.LEAF, "narration"))
        pictures = [(state.name_of(each.edge.target), each.gradient) for each in state.gradients.summands(node.id)]
        pictures.append((messages.RULE_GRAD.format(name=state.name_of(node.id)), state.gradient(node.id)))
        sums = sum_rows(state, node, width, has_one=True)
        return [fit(head[0], width), *sums, *_picture_rows(state, pictures, width, height - 1 - len(sums), look)]
    if node.kind != "op":
        return [fit(head[0], width), fit([(messages.NO_RULE_HERE, "quiet")], width)]
    found = state.gradients.rule(node.id)
    head[0].append((node.op or "", "op"))
    ran = messages.RULE_NOT_RUN if found.event is None else messages.RULE_RAN.format(event=found.event)
    head.append([(ran, "quiet")])
    rows = [fit(row, width) for row in head]
    rows += [
        *_formula_rows(state, found, width),
        *_order_rows(state, found, width),
        *_number_rows(found, width),
        *sum_rows(state, node, width),
    ]
    name = state.gradients.short_name(node.id)
    pictures = [(f"∂L/∂{name}" + (f"[{at}]" if at else ""), each) for at, each in enumerate(found.upstream)]
    for kept in found.kept:
        source = f" = {state.gradients.short_name(kept.node)}{kept.label}" if kept.node is not None else ""
        pictures.append((f"{kept.name}{source}", kept.snapshot))
    for each in found.inputs:
        if each.recorded is not None:
            pictures.append((f"→ ∂L/∂{state.gradients.short_name(each.source)}", each.recorded))
    return [*rows, *_picture_rows(state, pictures, width, height - len(rows), look)]


def _order_rows(state: ExplorerState, found: LocalRule, width: int) -> list[Row]:
    """Say of second order who made whom: the backward of which node made this one, and what its own has made."""
    said = []
    if found.made_by is not None:
        said.append(messages.MADE_BY_BACKWARD.format(name=state.name_of(found.made_by), node=found.made_by))
    made = state.gradients.made(found.node.id)
    if made:
        names = ", ".join(state.gradients.short_name(each) for each in made)
        said.append(messages.BACKWARD_MADE.format(names=names))
    return [fit([(line, "text")], width) for words_ in said for line in wrap(words_, width)]


def _number_rows(found: LocalRule, width: int) -> list[Row]:
    shown = [f"{name} {value}" for name, value in found.numbers.items() if not name.endswith("_sym_sizes")]
    return [fit([(line, "quiet")], width) for line in wrap(", ".join(shown), width)] if shown else []


def _picture_rows(
    state: ExplorerState, pictures: list[tuple[str, Snapshot | None]], width: int, height: int, look: Look
) -> list[Row]:
    """Show several tensors, beside each other where there is room, each under its name."""
    pictures = pictures[:6]
    if not pictures:
        return []
    columns = max(min(len(pictures), width // (_BESIDE + 1)), 1)
    lines = -(-len(pictures) // columns)
    tall = max(min((height - lines) // lines, _TALLEST), 4)
    room = (width + 1) // columns - 1
    rows: list[Row] = []
    for start in range(0, len(pictures), columns):
        parts = [_picture(state, *picture, room, tall, look) for picture in pictures[start : start + columns]]
        most = max(map(len, parts))
        for index in range(most):
            row: Row = []
            for part in parts:
                row += [*(part[index] if index < len(part) else fit([], room)), (" ", "")]
            rows.append(fit(row, width))
    return rows


def _picture(
    state: ExplorerState, label: str, snapshot: Snapshot | None, width: int, height: int, look: Look
) -> list[Row]:
    """Show one tensor under its name: few elements as numbers, more of them as the person asked."""
    rows = [rule(shorten(label, max(width - 4, 4)), width)]
    if snapshot is None:
        return [*rows, fit([(messages.NONE_CAME, "quiet")], width)]
    # Two may stand beside each other: there is room for fewer numbers than in the inspector's other views.
    mode = state.tensor_view or ("numbers" if snapshot.size <= width // 4 else "heat")
    return [*rows, *value_rows(snapshot, width, height, mode, look)]
