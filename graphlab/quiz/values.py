"""The value of a small gradient, where it can be reckoned by hand: one local rule with at most four numbers.

The number that is asked for is the recorded one; where the rule in numpy comes to another, nothing is asked.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from graphlab.analysis.findings.facts import source_line
from graphlab.analysis.rules.local import find_rule
from graphlab.analysis.rules.table import key_of
from graphlab.quiz import messages
from graphlab.quiz.facts import SMALL, leaf_name, node_text, numbers_text, place_text, strip_comment
from graphlab.quiz.question import Belief, Candidate, Question
from graphlab.sentences import format_number

if TYPE_CHECKING:
    from graphlab.analysis.rules.local import InputRule, LocalRule
    from graphlab.model import Event, Snapshot, Step
    from graphlab.recording import Recording

KIND = "gradient"
_INTEREST = {
    "Mul": 2.0, "Div": 2.0, "Pow": 2.0, "Exp": 1.8, "Log": 1.8, "Tanh": 2.0, "Sigmoid": 2.0, "Relu": 1.8, "Sin": 1.5,
    "Cos": 1.5, "Sqrt": 1.8, "Neg": 1.0, "Sub": 1.2, "Rsub": 1.2, "Add": 0.6, "Mean": 1.4, "Sum": 0.7, "Dot": 1.6,
    "Abs": 1.2, "Square": 1.8, "Reciprocal": 1.6, "MseLoss": 1.6,
}  # fmt: skip
"""The ops whose rule one can do in the head, and how much it teaches."""


def find(recording: Recording, steps: Sequence[Step]) -> Iterator[Candidate]:
    """Find nodes of a backward with few numbers, and leaves at which several gradients meet."""
    if not recording.has_values:
        return
    for step in steps:
        for event in recording.events_between(step.first, step.last, ("gradient", "accumulate")):
            if event.node is None:
                continue
            found = _op(recording, event) if event.kind == "gradient" else _leaf(recording, event)
            if found is not None:
                yield found


def _op(recording: Recording, event: Event) -> Candidate | None:
    assert event.node is not None
    node = recording.node(event.node)
    key = key_of(node.op or "")
    shape = node.shape or ()
    if key not in _INTEREST or node.line is None or math.prod(shape) > SMALL:
        return None

    def make(random: Random) -> Question | None:
        return _make_op(recording, event, random)

    return Candidate(KIND, event.id - 1, event.id, (KIND, node.op, node.line), _INTEREST[key], make)


def _array(snapshot: Snapshot | None) -> Any:
    """Return the numbers of a tensor that is small enough to reckon with, else None."""
    if snapshot is None or not snapshot.is_complete or snapshot.size > SMALL or snapshot.array is None:
        return None
    return snapshot.array if snapshot.array.dtype.kind in "fiu" else None


def _make_op(recording: Recording, event: Event, random: Random) -> Question | None:
    assert event.node is not None
    node = recording.node(event.node)
    asked = event.id - 1

    edges = recording.reader.edges("WHERE target = ? ORDER BY slot", node.id)
    name_of = _Names(recording, [node.id, *(edge.source for edge in edges)], asked)
    rule = find_rule(recording, node, event.id, name_of, edges)
    upstream = _array(rule.upstream[0] if len(rule.upstream) == 1 else None)
    inputs = [each for each in rule.inputs if each.agrees and _array(each.recorded) is not None]
    if upstream is None or not inputs or rule.event != event.id:
        return None
    known = _known(rule, name_of)
    if known is None:
        return None
    chosen = random.choice(inputs)
    recorded = _array(chosen.recorded)
    index = random.randrange(recorded.size)
    number = float(recorded.ravel()[index])
    name = name_of(chosen.source)
    spot = place_text(recorded.shape, index)
    given = [messages.VALUE_UPSTREAM.format(name=name_of(node.id), value=numbers_text(upstream))]
    given += [messages.VALUE_KNOWN.format(name=each, value=value) for each, value in known.items()]
    prompt = messages.VALUE_PROMPT.format(
        node=node_text(recording, node, asked), code=_code(recording, event), numbers=" ".join(given), name=name,
        place=messages.PLACE.format(place=spot) if spot else "",
    )  # fmt: skip
    said = format_number(number)
    return Question(
        KIND, asked, event.id, event.step, prompt, "number", said, _explain(rule, chosen, known, said, name_of),
        number=number, beliefs=_beliefs(rule, chosen, upstream, index, number), node=node.id, file=node.file,
        line=node.line,
    )  # fmt: skip


def _code(recording: Recording, event: Event) -> str:
    """Return the line of the forward whose op is being differentiated."""
    assert event.node is not None
    node = recording.node(event.node)
    return strip_comment(source_line(recording, node.file, node.line))


class _Names:
    """Short names for the nodes of one rule: variables and leaves by their names, the rest by what was called."""

    def __init__(self, recording: Recording, nodes: Sequence[int], moment: int) -> None:
        self._recording = recording
        self._moment = moment
        found = {node: self._plain(node) for node in nodes}
        counts = Counter(found.values())
        self._found = {
            node: name if counts[name] == 1 else f"{name}_{recording.node(node).event}" for node, name in found.items()
        }

    def __call__(self, node: int) -> str:
        return self._found.get(node) or self._plain(node)

    def _plain(self, number: int) -> str:
        node = self._recording.node(number)
        names = [name for name in self._recording.names(self._moment).get(number, ()) if name.isidentifier()]
        call = (node.call or node.op or node.kind).rpartition(".")[2].strip("_")
        return node.name or next(iter(names), None) or call


def _known(rule: LocalRule, name_of: _Names) -> dict[str, str] | None:
    """Return the numbers that the rule reckons with by name; None where one was not kept or is too large."""
    known: dict[str, str] = {}
    for kept in rule.kept:
        array = _array(kept.snapshot)
        if array is None:
            return None
        owner = name_of(kept.node) if kept.node is not None else kept.name
        known[owner + kept.label] = numbers_text(array)
    for name, value in rule.numbers.items():
        if isinstance(value, bool | int | float) and name in {"exponent", "other", "self", "negative_slope"}:
            known[name] = format_number(float(value))
    return known


def _explain(rule: LocalRule, chosen: InputRule, known: dict[str, str], said: str, name_of: _Names) -> str:
    """Say the local rule with its names, and with its numbers."""
    name, output = name_of(chosen.source), name_of(rule.node.id)
    came = _array(rule.upstream[0])
    numbers = chosen.formula.replace(f"∂L/∂{output}", _bracketed(numbers_text(came)))
    for each, value in sorted(known.items(), key=lambda pair: -len(pair[0])):
        numbers = _with_number(numbers, each, _bracketed(value))
    numbers = numbers.replace("−", "-")
    text = messages.VALUE_WHY if numbers.strip("()") not in {said, chosen.formula} else messages.VALUE_WHY_SHORT
    return text.format(name=name, formula=chosen.formula, numbers=numbers, value=said)


def _bracketed(number: str) -> str:
    return f"({number})" if number.startswith("-") else number


def _with_number(formula: str, name: str, value: str) -> str:
    return re.sub(rf"(?<![\w.]){re.escape(name)}(?![\w.])", lambda _: value, formula)


def _beliefs(rule: LocalRule, chosen: InputRule, upstream: Any, index: int, number: float) -> tuple[Belief, ...]:
    """Return the numbers that one comes to who forgets a part of the chain rule."""
    came = float(upstream.ravel()[min(index, upstream.size - 1)])
    found = [Belief(-number, messages.VALUE_SIGN), Belief(came, messages.VALUE_PASSED)]
    if came and math.isfinite(came) and number != came:
        found.append(Belief(number / came, messages.VALUE_SLOPE))
    return tuple(belief for belief in found if belief.number != number)


# -- leaves at which gradients meet


def _leaf(recording: Recording, event: Event) -> Candidate | None:
    """Ask for the sum where a leaf was used several times."""
    assert event.node is not None
    node = recording.node(event.node)
    name = leaf_name(recording, node.id, event.id)
    if name is None or math.prod(node.shape or ()) > SMALL:
        return None
    edges = recording.reader.edges("WHERE source = ? AND event <= ?", node.id, event.id)
    if len(edges) < 2:
        return None

    def make(random: Random) -> Question | None:
        return _make_leaf(recording, event, name, random)

    return Candidate(KIND, event.id - 1, event.id, (KIND, "sum", name), 2.0, make)


def _make_leaf(recording: Recording, event: Event, name: str, random: Random) -> Question | None:
    assert event.node is not None
    start = recording.next_event(event.id, ("backward_start",), back=True) or 0
    edges = recording.reader.edges("WHERE source = ? AND event <= ?", event.node, event.id)
    parts = []
    for edge in edges:
        row = recording.reader.row(
            "SELECT snapshot FROM gradients WHERE node = ? AND slot = ? AND event BETWEEN ? AND ?",
            edge.target, edge.slot, start, event.id,
        )  # fmt: skip
        array = _array(recording.snapshot(row[0])) if row else None
        if array is not None:
            parts.append(array)
    changes = [change for change in recording.changes(event.id) if change.node == event.node]
    added = _array(changes[0].added) if changes else None
    if added is None or not 2 <= len(parts) <= SMALL or any(part.shape != added.shape for part in parts):
        return None
    index = random.randrange(added.size)
    number = float(added.ravel()[index])
    numbers = [float(part.ravel()[index]) for part in parts]
    if not math.isclose(sum(numbers), number, rel_tol=1e-4, abs_tol=1e-6):
        return None
    spot = place_text(added.shape, index)
    said = messages.AND.join(format_number(each) for each in numbers)
    prompt = messages.SUM_PROMPT.format(
        name=name, count=len(parts), parts=said, place=messages.PLACE.format(place=spot) if spot else ""
    )
    beliefs = [*(Belief(each, messages.SUM_ONE) for each in numbers), Belief(number / len(numbers), messages.SUM_MEAN),
               Belief(math.prod(numbers), messages.SUM_PRODUCT)]  # fmt: skip
    why = messages.SUM_WHY.format(
        parts=" + ".join(_bracketed(format_number(each)) for each in numbers), value=format_number(number)
    )
    return Question(
        KIND, event.id - 1, event.id, event.step, prompt, "number", format_number(number), why, number=number,
        beliefs=tuple(belief for belief in beliefs if belief.number != number), node=event.node, file=event.file,
        line=event.line,
    )  # fmt: skip
