"""Writes the local rule of a node: `graphlab show RECORDING --rule NODE`, as text or as JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from graphlab.analysis.rules import messages as words
from graphlab.analysis.rules.local import find_rule
from graphlab.cli import messages
from graphlab.cli.output import write_json, write_line
from graphlab.errors import UsageError
from graphlab.language import _
from graphlab.model import LEAF_KINDS
from graphlab.recording.arguments import read_made
from graphlab.sentences import format_number, format_shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphlab.analysis.rules.facts import Array
    from graphlab.analysis.rules.local import InputRule, LocalRule
    from graphlab.model import Node, Snapshot
    from graphlab.recording import Recording

_MOST_VALUES = 8
_BACKWARD = re.compile(r"Backward\d*$")


def show_rule(recording: Recording, text: str, at: str | None, *, has_json: bool) -> None:
    """Write the rule of a node that a person named, as of an event.

    Raises:
        UsageError: there is no such event or node.
    """
    moment = read_moment(recording, at)
    node = find_node(recording, text, moment)
    rule = find_rule(recording, node, moment, namer(recording, moment))
    if has_json:
        write_json(_as_json(recording, rule, moment))
    else:
        _write_rule(recording, rule, moment)


def read_moment(recording: Recording, at: str | None) -> int:
    """Return the event that `--at` names; without it the last.

    Raises:
        UsageError: it names none.
    """
    if at is None:
        return recording.event_count
    number = at.removeprefix("e")
    if not number.isdecimal():
        raise UsageError(messages.BAD_EVENT.format(text=at))
    return recording.moment(at=int(number))


def namer(recording: Recording, moment: int) -> Callable[[int], str]:
    """Return a function that says what people call a node at a moment."""
    names = recording.names(moment)

    def name_of(number: int) -> str:
        node = recording.node(number)
        plain = _BACKWARD.sub("", node.op or "").lower()
        return node.name or next(iter(names.get(number, ())), None) or plain or f"{node.kind} {number}"

    return name_of


def find_node(recording: Recording, text: str, moment: int) -> Node:
    """Return the node that a number or a name means: of several with a name the last that was made by a moment.

    Raises:
        UsageError: there is none.
    """
    step = recording.step_of(moment)
    if text.isdecimal():
        return recording.node(int(text))
    names = recording.names(moment)
    structure = recording.structure(step.step)
    best: Node | None = None
    for node in structure.nodes.values():
        called = {*names.get(node.id, ()), node.name, node.op, _BACKWARD.sub("", node.op or "").lower()}
        if text in called and node.event <= moment:
            best = node
    if best is None:
        path = recording.path.name if recording.path is not None else "RECORDING"
        raise UsageError(messages.NO_SUCH_NODE.format(text=text, event=moment, step=step.step, recording=path))
    return best


def _as_json(recording: Recording, rule: LocalRule, moment: int) -> dict[str, Any]:
    node = rule.node
    name_of = namer(recording, moment)
    return {
        "node": node.id,
        "name": name_of(node.id),
        "op": node.op,
        "call": node.call,
        "line": node.line,
        "event": rule.event,
        "made_by": rule.made_by,
        "made": read_made(recording, node.id, moment),
        "has_rule": rule.key is not None,
        "upstream": [None if snapshot is None else snapshot.summary() for snapshot in rule.upstream],
        "kept": [
            {
                "name": kept.name,
                "node": kept.node,
                "label": kept.label,
                "value": None if kept.snapshot is None else kept.snapshot.summary(),
            }
            for kept in rule.kept
        ],
        "numbers": dict(rule.numbers),
        "inputs": [_input_json(each, name_of) for each in rule.inputs],
    }


def _input_json(rule: InputRule, name_of: Callable[[int], str]) -> dict[str, Any]:
    return {
        "slot": rule.slot,
        "source": rule.source,
        "name": name_of(rule.source),
        "formula": rule.formula,
        "letters": rule.letters,
        "contraction": rule.contraction or None,
        "recorded": None if rule.recorded is None else rule.recorded.summary(),
        "computed": None if rule.computed is None else rule.computed.tolist(),
        "error": rule.error,
        "agrees": rule.agrees if rule.error is not None else None,
        "missing": rule.missing or None,
    }


def _write_rule(recording: Recording, rule: LocalRule, moment: int) -> None:
    node = rule.node
    name_of = namer(recording, moment)
    if node.kind in LEAF_KINDS:
        write_line(messages.RULE_LEAF.format(name=name_of(node.id), rule=words.LEAF))
        return
    line = messages.RULE_LINE.format(line=node.line) if node.line else ""
    head = messages.RULE_HEAD.format(
        node=node.id, name=name_of(node.id), shape=format_shape(node.shape), op=node.op, call=node.call, line=line
    )
    write_line(head)
    ran = messages.RULE_WAITS if rule.event is None else messages.RULE_RAN
    write_line(ran.format(event=moment if rule.event is None else rule.event))
    for place, snapshot in enumerate(rule.upstream):
        name = name_of(node.id) + (f"[{place}]" if place else "")
        write_line(messages.RULE_UPSTREAM.format(name=name, figures=_figures(snapshot)))
    for kept in rule.kept:
        source = messages.RULE_ALONE if kept.node is None else name_of(kept.node) + kept.label
        write_line(messages.RULE_KEPT.format(name=kept.name, source=source, figures=_figures(kept.snapshot)))
    if rule.numbers:
        numbers = ", ".join(f"{name} = {value}" for name, value in rule.numbers.items())
        write_line(messages.RULE_NUMBERS.format(numbers=numbers))
    if rule.made_by is not None:
        write_line(messages.RULE_MADE_BY.format(name=name_of(rule.made_by), node=rule.made_by))
    made = read_made(recording, node.id, moment)
    if made:
        said = ", ".join(_("{op} (node {each})").format(op=recording.node(each).op, each=each) for each in made)
        write_line(messages.RULE_MADE.format(nodes=said))
    if rule.key is None:
        write_line(words.NO_RULE.format(op=node.op))
    for each in rule.inputs:
        _write_input(each, name_of)


def _write_input(rule: InputRule, name_of: Callable[[int], str]) -> None:
    write_line(messages.RULE_INPUT.format(name=name_of(rule.source), formula=rule.formula or "?"))
    if rule.contraction:
        write_line(messages.RULE_SHAPES.format(contraction=rule.contraction))
    if rule.recorded is not None:
        write_line(messages.RULE_RECORDED.format(figures=_figures(rule.recorded)))
    if rule.missing:
        write_line(f"  {rule.missing}")
    elif rule.computed is not None:
        write_line(messages.RULE_COMPUTED.format(figures=_array_figures(rule.computed)))
    if rule.error is not None:
        verdict = "" if rule.agrees else messages.RULE_DIFFERS
        write_line(messages.RULE_ERROR.format(error=format_number(rule.error), verdict=verdict))


def _figures(snapshot: Snapshot | None) -> str:
    if snapshot is None:
        return messages.RULE_NONE_CAME
    values = _values(snapshot.array) if snapshot.is_complete and snapshot.array is not None else ""
    norm = format_number(snapshot.statistics.norm)
    return messages.RULE_FIGURES.format(shape=format_shape(snapshot.shape), norm=norm, values=values)


def _array_figures(array: Array) -> str:
    import numpy

    norm = format_number(float(numpy.linalg.norm(array)))
    return messages.RULE_FIGURES.format(shape=format_shape(array.shape), norm=norm, values=_values(array))


def _values(array: Array) -> str:
    """Write a small tensor's numbers after its figures."""
    if array.size > _MOST_VALUES:
        return ""
    return "  " + " ".join(format_number(float(value)) for value in array.ravel())
