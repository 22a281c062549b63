"""Parameters that never get a gradient, and why: frozen, not used, or cut off from the loss, and at which line."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeGuard

from graphlab.analysis.findings import cut_messages as messages
from graphlab.analysis.findings.cut_choice import choose_cut, place_of_cut
from graphlab.analysis.findings.dataflow import Cut, Flow, root_objects
from graphlab.analysis.findings.facts import backwards, count_events, events_of, last_event, source_line
from graphlab.analysis.findings.finding import Finding, Text, make_finding
from graphlab.analysis.findings.held_parameters import Parameters, shown
from graphlab.analysis.findings.numbers import NUMBERS, exits_into_numbers
from graphlab.analysis.findings.source import dotted, line_of_definition, trees
from graphlab.analysis.findings.withheld import function_of, line_of_return, who_returned_none

if TYPE_CHECKING:
    from graphlab.model import Node
    from graphlab.recording import Recording

_OWN = 4
"""Backwards before a step that are asked which of them a parameter belongs to."""


_COMPARISONS = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})
"""How ops are called that people write as `<` or `==`: `x > w` is `lt` where `w` is a parameter."""
DRAWS = frozenset({"multinomial", "bernoulli", "bernoulli_", "normal", "normal_", "poisson", "binomial"})
"""Ops that draw at random, with chances or about a mean that may have been computed."""
_MAKES_A_TENSOR = re.compile(r"\b(?:\w*Tensor)\(")
"""The old constructor, `torch.Tensor([a, b])`, which asks each tensor for its number."""


@dataclass(frozen=True, slots=True)
class Why:
    """Why a parameter has no gradient; of two parameters the same where it is to be mended at the same place."""

    text: Text
    reason: str
    event: int | None = field(compare=False)
    file: int | None
    line: int | None
    what: str = field(default="", compare=False)
    at: int | None = field(default=None, compare=False)
    """The line of the op itself, where `line` is that of the block around it."""

    def asks(self, recording: Recording, start: int) -> dict[str, int]:
        """Return the step that would tell more if it were recorded in full, as evidence names it."""
        return {"record_in_full": recording.number_at(start)} if self.reason == "unknown" else {}


def find_missing_gradients(recording: Recording) -> Iterator[Finding]:
    """Find parameters that no backward ever gives a gradient, and say what stands between them and the loss."""
    starts = events_of(recording, "backward_start")
    start = next((event for event in starts if event.details.get("call") != "grad"), None)
    if start is None:
        return
    parameters = Parameters(recording)
    is_missing = [not parameters.has_gradient(node) and parameters.is_wanted(node) for node in parameters.living]
    missing = [node for node, is_so in zip(parameters.living, is_missing, strict=True) if is_so]
    raised = _reached_by_raising(recording)
    missing = [node for node in missing if node.id not in raised]
    # Without an optimizer leaves too are meant to learn; but only where a path is cut one can be sure.
    leaves = [] if parameters.optimizers else parameters.leaves
    by_hand = [leaf for leaf in leaves if not parameters.has_gradient(leaf) and leaf.id not in raised]
    if not missing and not by_hand:
        return
    flow = _flow(recording, start.id)
    flows = {start.id: flow}
    groups: dict[Why, list[tuple[Why, Node]]] = defaultdict(list)
    for node in missing:
        why = _why_of_all(recording, parameters, flows, node, start.id)
        if why is not None:
            groups[why].append((why, node))
    if flow is not None and by_hand:
        roots = root_objects(recording, start.id, flow)
        for leaf in by_hand:
            cut = choose_cut(flow, flow.cuts(flow.objects_of(leaf.id), roots), start.id)
            if cut is not None:
                why = of_cut(recording, cut)
                groups[why].append((why, leaf))
    count = count_events(recording, "backward_start")
    for reasons in groups.values():
        nodes = [node for _, node in reasons]
        why = min((why for why, _ in reasons), key=lambda each: each.event or 0)
        names = [parameters.name_of(node) for node in nodes]
        yield make_finding(
            recording, "gradient-missing", why.text, why.event or start.id, node=nodes[0].id, file=why.file,
            line=why.line or start.line, lines=(start.line, why.at),
            evidence={"reason": why.reason, "parameters": names, "backwards": count, **why.asks(recording, start.id)},
            names=shown(names), at=messages.at_line(why.line), what=why.what, are=messages.ARE[len(names) > 1],
        )  # fmt: skip


def _before_its_step(recording: Recording, parameters: Parameters, node: Node) -> Iterator[int]:
    """Give the last backwards before a parameter's optimizer first steps: of several losses one is its own."""
    holders = parameters.held.get(node.id, set()) & parameters.steps.keys()
    before = min((parameters.steps[number][0].event for number in holders), default=0) + 1
    for _ in range(_OWN):
        event = last_event(recording, "backward_start", before)
        if event is None:
            return
        yield event.id
        before = event.id


def _why_of_all(
    recording: Recording, parameters: Parameters, flows: dict[int, Flow | None], node: Node, start: int
) -> Why | None:
    """Say why a parameter gets no gradient: by the last backward that its way to is cut, else by the first of all."""
    if flows[start] is not None and not parameters.is_frozen(node):
        for own in _before_its_step(recording, parameters, node):
            if own not in flows:
                flows[own] = _flow(recording, own)
            why = _why(recording, parameters, flows[own], node, own)
            if why is not None and why.reason not in {"not-in-loss", "unused", "unknown"}:
                return why
    return _why(recording, parameters, flows[start], node, start)


def _flow(recording: Recording, start: int) -> Flow | None:
    """Read what flowed up to the end of the step of the first backward; light detail recorded no ops."""
    step = recording.step_of(start)
    return None if step.detail == "light" else Flow(recording, 1, step.last)


def _reached_by_raising(recording: Recording) -> set[int]:
    """Return what the last backward leads to where it raised and ended the run: no path to that is missing."""
    error = last_event(recording, "error", recording.event_count + 1)
    start = last_event(recording, "backward_start", error.id) if error is not None else None
    if error is None or start is None or (error.file, error.line) != (start.file, start.line):
        return set()
    step = recording.step_of(start.id)
    if step.detail == "light":
        return set(recording.structure(recording.number_at(start.id)).nodes)  # of what backwards led to
    return {node for each in backwards(recording) if each.event == start.id for node in each.nodes}


def _why(recording: Recording, parameters: Parameters, flow: Flow | None, node: Node, start: int) -> Why | None:
    """Say why a parameter gets no gradient; None where that is nothing to tell of."""
    if parameters.is_frozen(node):
        file, line = line_of_freezing(recording, parameters, node)
        return Why(messages.FROZEN, "frozen", None, file, line)
    if flow is None:
        file, line = line_of_definition(recording, node)
        return Why(messages.MISSING_IN_LIGHT, "unknown", None, file, line)
    returned = who_returned_none(recording, node.id)
    if returned is not None:
        file, line = line_of_return(recording, returned)
        text = messages.RETURNED_NONE
        return Why(text, "returned-none", returned.event, file, line, function_of(returned), returned.line)
    objects = flow.objects_of(node.id)
    # An op that fills it (nn.init, uniform_) is none that reads it.
    users = [user for user in flow.users(objects) if not user.call.endswith("_")]
    roots = root_objects(recording, start, flow)
    ends = {each for other in parameters.nodes for each in flow.objects_of(other.id)}
    cuts = [*flow.cuts(objects, roots, ends), *exits_into_numbers(recording, flow, objects, roots)]
    cut = choose_cut(flow, cuts, start, ends)
    if cut is not None and (users or cut.reason in NUMBERS):
        return of_cut(recording, cut)
    if not users:
        file, line = line_of_definition(recording, node)
        return Why(messages.NOT_USED, "unused", None, file, line)
    last = users[-1]
    return Why(messages.NOT_IN_LOSS, "not-in-loss", last.event, last.file, last.line, last.call)


def of_cut(recording: Recording, cut: Cut) -> Why:
    """Say how a path was cut, in the words of the line that did it."""
    file, line, at = place_of_cut(recording, cut)
    if cut.reason in messages.EXITS:
        if cut.reason == "float" and _MAKES_A_TENSOR.search(source_line(recording, file, line)):
            return Why(messages.COPIED, "copied", cut.event, file, line, "Tensor", at)
        return Why(messages.CUT_BY_EXIT, cut.reason, cut.event, file, line, messages.EXITS[cut.reason], at)
    if cut.what in DRAWS and cut.reason in {"discrete", "no-grad"}:  # a distribution's sample() sets no_grad itself
        return Why(messages.DRAWN, cut.reason, cut.event, cut.file, cut.line, cut.what)
    what = messages.A_COMPARISON if cut.what in _COMPARISONS else cut.what
    return Why(messages.CUTS.get(cut.reason, messages.CUT_BY_EXIT), cut.reason, cut.event, file, line, what, at)


def line_of_freezing(recording: Recording, parameters: Parameters, node: Node) -> tuple[int | None, int | None]:
    """Return where the text takes a parameter's gradient away, else where an optimizer is given it.

    Of several such places the one that names the parameter, or what it is held by, or else the last one that ran.
    """
    names = {*(node.name or "").split("."), *recording.names(recording.event_count).get(node.id, ())} - {""}
    best: tuple[tuple[bool, bool, int], int, int] | None = None
    for file, tree in trees(recording):
        for around, each in _with_loops(tree):
            if not _freezes(each):
                continue
            words = {word for part in (*around, each) for word in _words(part)}
            ran = recording.reader.number(
                "SELECT MAX(id) FROM events WHERE kind = 'line' AND file = ? AND line = ?", file, each.lineno
            )
            rank = (bool(words & names), bool(words & _holders(recording, node)), ran or 0)
            if best is None or rank > best[0]:
                best = rank, file, each.lineno
    if best is not None:
        return best[1:]
    held_file, held_line = parameters.holder_at(node)
    return (held_file, held_line) if held_line is not None else (node.file, node.line)


def _holders(recording: Recording, node: Node) -> set[str]:
    """Return the names of variables that a parameter's name may follow: those that hold a module with such a part."""
    return {name.partition(".")[0] for name in recording.names(recording.event_count).get(node.id, ())}


def _with_loops(tree: ast.Module) -> Iterator[tuple[list[ast.AST], ast.AST]]:
    """Go through all of a text, each part with what the loops and questions around it ask."""
    waiting: list[tuple[list[ast.AST], ast.AST]] = [([], tree)]
    while waiting:
        around, node = waiting.pop()
        yield around, node
        inside = around
        if isinstance(node, ast.For):
            inside = [*around, node.iter]
        elif isinstance(node, ast.If | ast.While):
            inside = [*around, node.test]
        waiting += [(inside, child) for child in ast.iter_child_nodes(node)]


def _words(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr
        elif isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield from part.value.split(".")


def _freezes(node: ast.AST) -> TypeGuard[ast.Assign | ast.Call]:
    """Whether a piece of the text says `x.requires_grad = False`, `x.requires_grad_(False)` or is given it."""
    if isinstance(node, ast.Assign):
        values, is_about = [node.value], any(dotted(target).endswith(".requires_grad") for target in node.targets)
    elif isinstance(node, ast.Call):
        values = [keyword.value for keyword in node.keywords if keyword.arg in {"requires_grad", "freeze"}]
        is_about = bool(values)
        if dotted(node.func).endswith(".requires_grad_"):
            values, is_about = [*node.args, *(keyword.value for keyword in node.keywords)], True
    else:
        return False
    return is_about and bool(values) and isinstance(values[0], ast.Constant) and values[0].value is False


FINDERS = (find_missing_gradients,)
