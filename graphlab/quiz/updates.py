"""What a parameter will be after an update: the step against the gradient, and the ways to get it wrong.

Asked only of updates that follow a rule one can do by hand: plain descent, by an optimizer or by the script itself,
and the first step of Adam. Which rule an update followed is found from what it did to the whole tensor.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
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
    if before is None or after is None or slope is None or before.dtype.kind != "f" or before.shape != slope.shape:
        return None
    rule = _rule(recording, event, before, after, slope)
    moving = [index for index, number in enumerate(slope.ravel()) if number and math.isfinite(number)]
    if rule is None or not moving:
        return None
    rate, is_adam = rule
    index = random.choice(moving)
    old, new, grad = (float(array.ravel()[index]) for array in (before, after, slope))
    choices = _choices(old, new, grad, rate, random, is_adam=is_adam)
    if len(choices) < 3:
        return None
    spot = place_text(before.shape, index)
    said = {"before": format_number(old), "gradient": format_number(grad), "rate": format_number(rate)}
    element = f"{name}[{spot}]" if spot else name
    prompt = messages.UPDATE_PROMPT.format(
        line=event.line, code=code_of(recording, event), name=name, element=element, **said
    )
    why = (messages.UPDATE_ADAM_WHY if is_adam else messages.UPDATE_WHY).format(after=format_number(new), **said)
    return Question(
        KIND, event.id - 1, event.id, event.step, prompt, "one", format_number(new), why, choices, node=change.node,
        file=event.file, line=event.line,
    )  # fmt: skip


def _rule(recording: Recording, event: Event, before: Any, after: Any, slope: Any) -> tuple[float, bool] | None:
    """Return the learning rate of an update, and whether it was as long as the rate whatever the gradient; or None."""
    import numpy

    rates = [float(rate) for rate in event.details.get("rates") or ()]
    if not rates:  # by hand: some number of the script's own is the rate
        rates = [float(value) for value in recording.facts.parameters.values() if isinstance(value, float)]
        rates += _numbers(recording, event.id)
    old, new, grad = (array.astype("f8") for array in (before, after, slope))
    tolerance = 1e-5 * max(float(numpy.abs(old).max()), 1e-3)
    for rate in dict.fromkeys(rates):
        if numpy.abs(new - (old - rate * grad)).max() <= tolerance:
            return rate, False
    is_adam = "Adam" in str(event.details.get("optimizer"))
    for rate in rates if is_adam else ():
        if numpy.abs(new - (old - rate * numpy.sign(grad))).max() <= 1e-3 * rate + tolerance:
            return rate, True
    return None


def _numbers(recording: Recording, moment: int) -> list[float]:
    """Return the numbers that variables of the script hold."""
    found = []
    for variable in recording.variables(moment):
        try:
            found.append(float(variable.text) if variable.tensor is None else math.nan)
        except ValueError:
            continue
    return [number for number in found if math.isfinite(number)]


def _choices(old: float, new: float, grad: float, rate: float, random: Random, *, is_adam: bool) -> tuple[Choice, ...]:
    """Return the new value among those that wrong beliefs lead to; what looks the same is left out."""
    step = rate * math.copysign(1, grad) if is_adam else rate * grad
    wrong = [(old + step, messages.UPDATE_UPHILL)]
    if is_adam:
        wrong.append((old - rate * grad, messages.UPDATE_LIKE_SGD))
    wrong += [(old - grad, messages.UPDATE_NO_RATE), (old, messages.UPDATE_UNCHANGED),
              (-step, messages.UPDATE_ONLY_STEP), (old - rate, messages.UPDATE_BARE)]  # fmt: skip
    picked = {format_number(new): ""}
    for number, remark in wrong:
        if not math.isclose(number, new, rel_tol=1e-4) and len(picked) < _MOST:
            picked.setdefault(format_number(number), remark)
    choices = [Choice(text, not place, remark) for place, (text, remark) in enumerate(picked.items())]
    random.shuffle(choices)
    return tuple(choices)
