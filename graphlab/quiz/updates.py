"""What a parameter will be after an update: the step against the gradient, and the ways to get it wrong.

Asked only of updates that follow a rule one can do by hand: plain descent, by an optimizer or by the script itself,
descent with momentum, and the first step of Adam. Which rule an update followed is found from what it did to the whole
tensor, and with momentum from what the step before did.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from graphlab.quiz import messages
from graphlab.quiz.facts import code_of, leaf_name, place_text
from graphlab.quiz.question import Candidate, Choice, Question
from graphlab.sentences import format_number

if TYPE_CHECKING:
    from graphlab.model import Change, Event, Step
    from graphlab.recording import Recording

KIND = "update"
_MOST = 4
_NAMED = 6
_FAINTEST = 1e-3
"""How much of the longest move an element must have moved before to tell the momentum."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """How an update followed from the gradient."""

    rate: float
    is_sign: bool = False
    """As long as the rate, whatever the size of the gradient: Adam's first step."""
    momentum: float = 0.0
    """How much of the last move came again."""
    last: Any = None
    """The last move, element by element; None without momentum."""


def find(recording: Recording, steps: Sequence[Step]) -> Iterator[Candidate]:
    """Find updates of parameters whose values were kept whole."""
    if not recording.has_values:
        return
    for step in steps:
        for event in recording.events_between(step.first, step.last, ("update",)):
            for change in recording.changes(event.id, _NAMED):
                name = leaf_name(recording, change.node, event.id)
                is_whole = change.before is not None and change.before.is_complete
                if change.what == "value" and name is not None and is_whole and event.line is not None:
                    yield _candidate(recording, event, change, name)


def _candidate(recording: Recording, event: Event, change: Change, name: str) -> Candidate:
    size = change.before.size if change.before is not None else 0

    def make(random: Random) -> Question | None:
        return _make(recording, event, change, name, random)

    return Candidate(KIND, event.id - 1, event.id, (KIND, name), 1.5 if size <= _MOST else 1.0, make)


def _make(recording: Recording, event: Event, change: Change, name: str, random: Random) -> Question | None:
    gradient = recording.gradient(change.node, event.id - 1)
    if change.before is None or change.after is None or gradient is None or not gradient.is_complete:
        return None
    before, after, slope = change.before.array, change.after.array, gradient.array
    if (
        before is None
        or after is None
        or slope is None
        or before.dtype.kind != "f"
        or before.shape != slope.shape
        or not before.size
    ):
        return None
    rule = _rule(recording, event, before, after, slope) or _momentum_rule(recording, event, change, slope)
    moving = [index for index, number in enumerate(slope.ravel()) if number and math.isfinite(number)]
    if rule is None or not moving:
        return None
    index = random.choice(moving)
    old, new, grad = (float(array.ravel()[index]) for array in (before, after, slope))
    last = float(rule.last.ravel()[index]) if rule.last is not None else 0.0
    choices = _choices(new, _wrong(old, grad, last, rule), random)
    if len(choices) < 3:
        return None
    spot = place_text(before.shape, index)
    said = {"before": format_number(old), "gradient": format_number(grad), "rate": format_number(rule.rate)}
    ask, explain = messages.UPDATE_PROMPT, messages.UPDATE_ADAM_WHY if rule.is_sign else messages.UPDATE_WHY
    if rule.last is not None:
        ask, explain = messages.UPDATE_MOMENTUM_PROMPT, messages.UPDATE_MOMENTUM_WHY
        said |= {"momentum": format_number(rule.momentum), "last": format_number(last)}
    element = f"{name}[{spot}]" if spot else name
    prompt = ask.format(line=event.line, code=code_of(recording, event), name=name, element=element, **said)
    why = explain.format(after=format_number(new), **said)
    return Question(
        KIND, event.id - 1, event.id, event.step, prompt, "one", format_number(new), why, choices, node=change.node,
        file=event.file, line=event.line,
    )  # fmt: skip


def _rule(recording: Recording, event: Event, before: Any, after: Any, slope: Any) -> _Rule | None:
    """Return the rule of an update that needs nothing of the steps before, or None."""
    import numpy

    rates = [float(rate) for rate in event.details.get("rates") or ()]
    if not rates:  # by hand: some number of the script's own is the rate
        rates = [float(value) for value in recording.facts.parameters.values() if isinstance(value, float)]
        rates += _numbers(recording, event.id)
    old, new, grad = (array.astype("f8") for array in (before, after, slope))
    tolerance = 1e-5 * max(float(numpy.abs(old).max()), 1e-3)
    for rate in dict.fromkeys(rates):
        if numpy.abs(new - (old - rate * grad)).max() <= tolerance:
            return _Rule(rate)
    is_adam = "Adam" in str(event.details.get("optimizer"))
    for rate in rates if is_adam else ():
        if numpy.abs(new - (old - rate * numpy.sign(grad))).max() <= 1e-3 * rate + tolerance:
            return _Rule(rate, is_sign=True)
    return None


def _momentum_rule(recording: Recording, event: Event, change: Change, slope: Any) -> _Rule | None:
    """Return the rule of an update that repeats a part of the last step's move; None where it does not fit."""
    import numpy

    rates = [float(rate) for rate in event.details.get("rates") or ()]
    earlier = recording.steps[event.step - 2] if event.step > 1 else None
    if earlier is None or len(set(rates)) != 1:
        return None
    moves = recording.changes_of(change.node, "value", earlier.first, event.id - 1)
    kept = (*((moves[-1].before, moves[-1].after) if moves else (None, None)), change.before, change.after)
    first, between, old, new = (snapshot.array if snapshot is not None else None for snapshot in kept)
    if first is None or between is None or old is None or new is None:
        return None
    is_same = numpy.array_equal(between, old)
    first, old, new, grad = (array.astype("f8") for array in (first, old, new, slope))
    last, rest = old - first, new - old + rates[0] * grad
    moved = numpy.abs(last) > _FAINTEST * numpy.abs(last).max()
    # One element fits any rule; and what moved it in between would be counted as momentum.
    if numpy.count_nonzero(moved) < 2 or not is_same:
        return None
    momentum = round(float((rest * last).sum() / (last * last).sum()), 3)
    tolerance = 1e-5 * max(float(numpy.abs(old).max()), 1e-3)
    if not 0 < momentum < 1 or numpy.abs(rest - momentum * last).max() > tolerance:
        return None
    return _Rule(rates[0], momentum=momentum, last=last)


def _numbers(recording: Recording, moment: int) -> list[float]:
    """Return the numbers that variables of the script hold."""
    found = []
    for variable in recording.variables(moment):
        try:
            found.append(float(variable.text) if variable.tensor is None else math.nan)
        except ValueError:
            continue
    return [number for number in found if math.isfinite(number)]


def _wrong(old: float, grad: float, last: float, rule: _Rule) -> list[tuple[float, str]]:
    """Return where wrong beliefs lead, the likeliest first, each with what is wrong with it."""
    step = rule.rate * math.copysign(1, grad) if rule.is_sign else rule.rate * grad
    kept = rule.momentum * last
    wrong = []
    if rule.last is not None:
        wrong = [(old - step, messages.UPDATE_NO_MOMENTUM), (old - step + last, messages.UPDATE_WHOLE_MOMENTUM)]
    wrong.append((old + kept + step, messages.UPDATE_UPHILL))
    if rule.is_sign:
        wrong.append((old - rule.rate * grad, messages.UPDATE_LIKE_SGD))
    return [*wrong, (old + kept - grad, messages.UPDATE_NO_RATE), (old, messages.UPDATE_UNCHANGED),
            (kept - step, messages.UPDATE_ONLY_STEP), (old - rule.rate, messages.UPDATE_BARE)]  # fmt: skip


def _choices(new: float, wrong: list[tuple[float, str]], random: Random) -> tuple[Choice, ...]:
    """Return the new value among those that wrong beliefs lead to; what looks the same is left out."""
    picked = {format_number(new): ""}
    for number, remark in wrong:
        if not math.isclose(number, new, rel_tol=1e-4) and len(picked) < _MOST:
            picked.setdefault(format_number(number), remark)
    choices = [Choice(text, not place, remark) for place, (text, remark) in enumerate(picked.items())]
    random.shuffle(choices)
    return tuple(choices)
