"""The inspector: everything known at the cursor of the node or edge that is selected, or that the cursor just made."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphlab.counted import op_words
from graphlab.dimensions import dimension_words
from graphlab.language import _
from graphlab.model import Change, Edge, Node
from graphlab.sentences import format_number, format_shape
from graphlab.tui import messages, places
from graphlab.tui.pane import Pane
from graphlab.tui.plain_tensor import plain_name, plain_rows, plain_snapshot, plain_tensor
from graphlab.tui.prose import prose_rows, sentence
from graphlab.tui.rows import Row, fit, over, rule, shorten, wrap
from graphlab.tui.rule_rows import brief_rule_rows, rule_view_rows, sum_rows
from graphlab.tui.state import EdgeChoice
from graphlab.tui.theme import Look
from graphlab.tui.values import value_rows

if TYPE_CHECKING:
    from graphlab.model import Snapshot
    from graphlab.tui.state import ExplorerState

_PLAIN = Look()


def inspector_rows(state: ExplorerState, width: int, height: int, look: Look = _PLAIN) -> list[Row]:
    """Return the rows of the inspector; may be more than fit, then the pane scrolls."""
    plain = plain_tensor(state)
    if plain is not None:
        return plain_rows(state, plain, width, height, look)
    number = state.selected_node
    if number is None:
        return _nothing_rows(state, width)
    node: Node = state.node(number)
    if isinstance(state.selected, EdgeChoice):
        edge = next((e for e in state.edges_into(number) if e.slot == state.selected.slot), None)
        if edge is not None:
            return _edge_rows(state, edge, node, width, height, look)
    if state.gradients.view != "node":
        return _other_view_rows(state, node, width, height, look)
    head = [*_head_rows(state, node, width), *_change_rows(state, node, width)]
    inputs = [*sum_rows(state, node, width), *_input_rows(state, node, width)]
    saved = brief_rule_rows(state, node, width) or _saved_rows(state, node, width)
    room = max(height - len(head) - len(inputs), 8)
    if room - len(saved) >= 14:
        room -= len(saved)
    value = _value_section(state, node)
    gradient = _gradient_section(state, node)
    sections = [gradient, value] if _is_backward(state) else [value, gradient]
    body: list[Row] = []
    for index, (label, snapshot, text) in enumerate(sections):
        share = room // 2 if index == 0 and sections[1][1] is not None else room - len(body)
        body.append(rule(label, width))
        if snapshot is not None:
            body += value_rows(snapshot, width, max(share - 1, 3), state.view_of(snapshot), look)
        else:
            body += [fit([(f" {line}", "quiet")], width) for line in wrap(text, width - 1)]
    return [*head, *body, *inputs, *saved]


def _other_view_rows(state: ExplorerState, node: Node, width: int, height: int, look: Look) -> list[Row]:
    """Show what the person has chosen with `v` in place of the node's facts."""
    if state.gradients.view == "rule":
        return rule_view_rows(state, node, width, height, look)
    from graphlab.tui.reckoned_rows import jacobian_view_rows, path_view_rows

    if state.gradients.view == "paths":
        return path_view_rows(state, node, width)
    return jacobian_view_rows(state, node, width, height, look)


def _nothing_rows(state: ExplorerState, width: int) -> list[Row]:
    recording = state.recording
    facts = recording.facts
    rows: list[Row] = [[(line, "title")] for line in wrap(recording.title, width)]
    rows += [[(line, "narration")] for line in wrap(sentence(recording.scenario.question), width)]
    rows.append([])
    rows += prose_rows(recording.scenario.description, width)
    details = [messages.RECORDINGS.get(facts.detail, facts.detail), facts.device, f"torch {facts.torch}"]
    if facts.seed is not None:
        details.append(_("seed {seed}").format(seed=facts.seed))
    rows += [[(line, "quiet")] for line in wrap(", ".join(details), width)]
    for name, value in facts.parameters.items():
        rows.append([(f"{name} ", "quiet"), (str(value), "number")])
    return [fit(row, width) for row in rows]


def _is_backward(state: ExplorerState) -> bool:
    event = state.event
    kinds = {"gradient", "accumulate", "backward_start", "unscale", "clip", "zero_grad"}
    return event is not None and event.kind in kinds


def _head_rows(state: ExplorerState, node: Node, width: int) -> list[Row]:
    is_made = node.event <= state.moment
    tags = state.names().get(node.id, [])
    name = state.name_of(node.id)
    rows: list[Row] = [
        [(name, "title"), (f"  {format_shape(node.shape)}", "shapes"),
         (f" {dimension_words(node.op, node.call, node.shape)}".rstrip(), "quiet"), (f"  {node.dtype or '?'}", "quiet"),
         (f"  {node.device or ''}", "quiet")],
    ]  # fmt: skip
    others = [tag for tag in tags if tag != name]
    if others:
        rows.append([(messages.ALSO.format(names=", ".join(others)), "quiet")])
    if not is_made:
        rows.append([(messages.MADE_LATER.format(event=node.event), "quiet")])
    else:
        made: Row = [(messages.KINDS[node.kind].format(call=node.call or op_words(node.op or "")), node.kind)]
        made.append((f" e{node.event}", "text"))
        line = state.line_of(node)
        if line:
            made.append((messages.MADE_IN_LINE.format(line=line), "text"))
        if node.module:
            made.append((_("  in {module}").format(module=node.module), "quiet"))
        rows.append(made)
    if node.op:
        rows.append([("grad_fn ", "quiet"), (node.op, "op")])
    if node.id in state.marks:
        rows.append([(messages.MARKED, "mark")])
    return [fit(row, width) for row in rows]


def _change_rows(state: ExplorerState, node: Node, width: int) -> list[Row]:
    """Say what the cursor's event changed in the node: a gradient that arrived, a value that moved."""
    if not state.moment:
        return []
    changes = [change for number in list(state.recent)[-8:] for change in state.changes(number)]
    return [fit(_change_words(change), width) for change in changes if change.node == node.id][-2:]


def _change_words(change: Change) -> Row:
    before, added, after = (_norm(snapshot) for snapshot in (change.before, change.added, change.after))
    if change.what == "value":
        return [("± ", "changed"), (messages.MOVED.format(difference=format_number(change.difference)), "text")]
    if change.added is not None:
        return [("± ", "changed"), (messages.ACCUMULATED.format(before=before, added=added, after=after), "gradient")]
    return [("± ", "changed"), (messages.GRADIENT_SET.format(before=before, after=after), "gradient")]


def _norm(snapshot: Snapshot | None) -> str:
    return "None" if snapshot is None else format_number(snapshot.statistics.norm)


def _value_section(state: ExplorerState, node: Node) -> tuple[str, Snapshot | None, str]:
    is_one = node.shape is not None and math.prod(node.shape) == 1
    snapshot = state.value(node.id) if node.event <= state.moment else None
    view = messages.TENSOR_VIEWS[state.view_of(snapshot)]
    label = messages.VALUE if is_one else messages.VALUE_RULE.format(view=view)
    if node.event > state.moment:
        return label, None, messages.NOT_MADE
    is_light = state.step is not None and state.step.detail == "light"
    return label, snapshot, messages.NOT_IN_LIGHT if is_light else messages.NOT_KEPT


def _gradient_section(state: ExplorerState, node: Node) -> tuple[str, Snapshot | None, str]:
    name = state.name_of(node.id)
    label = messages.GRADIENT_RULE.format(name=shorten(name, 16))
    snapshot = state.gradient(node.id) if node.event <= state.moment else None
    if snapshot is not None:
        return label, snapshot, ""
    if node.kind != "data" and state.has_gradient(node.id):
        return label, None, messages.GRADIENT_NONE
    return label, None, places.missing_gradient(state, node.id)


def _input_rows(state: ExplorerState, node: Node, width: int) -> list[Row]:
    edges = state.edges_into(node.id)
    if not edges:
        return []
    rows = [rule(messages.INPUTS, width)]
    for edge in edges[:8]:
        source: Node = state.recording.node(edge.source)
        row: Row = [(f"{edge.slot} ", "quiet"), (state.name_of(edge.source), source.kind), (edge.label, "data")]
        row.append((f"  {format_shape(source.shape)}", "shapes"))
        gradient = state.recording.edge_gradient(edge.target, edge.slot, state.moment)
        if gradient is not None:
            row.append((f"  ‖∇‖ {format_number(gradient.statistics.norm)}", "gradient"))
        elif source.kind == "data":
            row.append((f"  {messages.NO_GRADIENT}", "quiet"))
        row = fit(row, width)
        chosen = EdgeChoice(edge.target, edge.slot)
        rows.append(over(row, "selected") if state.selected == chosen else row)
    if len(edges) > 8:
        rows.append(fit([(_("  … {count} more").format(count=len(edges) - 8), "quiet")], width))
    return rows


def _saved_rows(state: ExplorerState, node: Node, width: int) -> list[Row]:
    saved = state.recording.saved(node.id) if node.kind == "op" else []
    if not saved:
        return []
    rows = [rule(messages.SAVED, width)]
    for name, shape, dtype in saved[:6]:
        rows.append(fit([(f"{name}  ", "text"), (shape or "()", "shapes"), (f"  {dtype}", "quiet")], width))
    return rows


def _edge_rows(state: ExplorerState, edge: Edge, node: Node, width: int, height: int, look: Look) -> list[Row]:
    source: Node = state.recording.node(edge.source)
    head: list[Row] = [
        [(state.name_of(edge.source), source.kind), (f"{edge.label} → ", "quiet"), (state.name_of(node.id), node.kind)],
        [(messages.EDGE.format(slot=edge.slot, output=edge.output), "quiet"),
         (f"  {format_shape(source.shape)}", "shapes")],
    ]  # fmt: skip
    rows = [fit(row, width) for row in head]
    inputs = _input_rows(state, node, width)
    room = max(height - len(rows) - len(inputs), 8)
    gradient = state.recording.edge_gradient(edge.target, edge.slot, state.moment)
    rows.append(rule(messages.EDGE_GRADIENT, width))
    if gradient is not None:
        rows += value_rows(gradient, width, max(room // 2 - 1, 3), state.view_of(gradient), look)
    else:
        text = messages.NO_GRADIENT_NEEDED if source.kind == "data" else places.missing_gradient(state, node.id)
        rows.append(fit([(f" {text}", "quiet")], width))
    label, snapshot, text = _value_section(state, source)
    rows.append(rule(label, width))
    if snapshot is not None:
        rows += value_rows(snapshot, width, max(room // 2 - 1, 3), state.view_of(snapshot), look)
    else:
        rows.append(fit([(f" {text}", "quiet")], width))
    return [*rows, *inputs]


_LOOK_AGAIN = 0.25
"""Seconds from one look to the next, while something is reckoned beside."""


class InspectorPane(Pane):
    """Pane 3."""

    number = 3
    _is_waiting = False
    """Whether it will look again by itself."""

    def build(self, width: int, height: int) -> Sequence[Row]:
        rows = inspector_rows(self.state, width, height, self.look)
        if self.state.gradients.take_owed() and not self._is_waiting:
            self._is_waiting = True
            self.set_timer(_LOOK_AGAIN, self._look_again)
        return rows

    def _look_again(self) -> None:
        """Show what has been reckoned meanwhile."""
        self._is_waiting = False
        self.state.changed()

    def title(self) -> str:
        plain = plain_tensor(self.state)
        if plain is not None:
            return f"{messages.TITLES['inspector']}: {plain_name(self.state, plain)}"
        node = self.state.selected_node
        if node is None:
            return messages.TITLES["inspector"]
        return f"{messages.TITLES['inspector']}: {self.state.name_of(node)}"

    def legend(self) -> str:
        if plain_tensor(self.state) is not None:
            return messages.LEGEND_VIEW.format(view=messages.TENSOR_VIEWS[self.state.next_tensor_view])
        view = messages.LEGEND_INSPECTOR.format(view=messages.INSPECTOR_VIEWS[self.state.gradients.next_view])
        if self.state.selected is not None:
            return f"{view}  {messages.LEGEND_PINNED}"
        return f"{view}  {messages.LEGEND_VIEW.format(view=messages.TENSOR_VIEWS[self.state.next_tensor_view])}"

    def enter(self) -> None:
        self.state.enter_node()

    def switch_view(self) -> None:
        self.state.gradients.turn_view()

    def copy_text(self) -> str:
        number, plain = self.state.selected_node, plain_tensor(self.state)
        if plain is not None:
            name, snapshot = plain_name(self.state, plain), plain_snapshot(self.state, plain)
        elif number is not None:
            name, snapshot = self.state.name_of(number), self.state.value(number)
        else:
            return ""
        if snapshot is None:
            return ""
        values = snapshot.summary()["values"]
        text = (
            repr(values)
            if values is not None and snapshot.size <= 400
            else _("norm {norm}").format(norm=snapshot.statistics.norm)
        )
        return f"{name} = {text}  # {self.state.permalink}"
