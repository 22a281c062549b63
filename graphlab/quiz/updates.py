"""What a parameter will be after an update: the step against the gradient, and the ways to get it wrong.

Asked only of updates that follow a rule one can do by hand: plain descent, by an optimizer or by the script itself,
descent with momentum, also Nesterov's, and Adam.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING

from graphlab.quiz import messages
from graphlab.quiz.facts import code_of, leaf_name, place_text
from graphlab.quiz.question import Candidate, Choice, Question
from graphlab.quiz.update_rules import Rule, find_rule
from graphlab.sentences import format_number

if TYPE_CHECKING:
    from graphlab.model import Change, Event, Step
    from graphlab.recording import Recording

KIND = "update"
_MOST = 4
_NAMED = 6
_TEXTS = {
    "descent": (messages.UPDATE_PROMPT, messages.UPDATE_WHY),
    "sign": (messages.UPDATE_PROMPT, messages.UPDATE_ADAM_WHY),
    "momentum": (messages.UPDATE_MOMENTUM_PROMPT, messages.UPDATE_MOMENTUM_WHY),
    "nesterov": (messages.UPDATE_NESTEROV_PROMPT, messages.UPDATE_NESTEROV_WHY),
    "adam": (messages.UPDATE_ADAM_PROMPT, messages.UPDATE_ADAM_LATER_WHY),
}
"""By the rule: the question, and why its answer is right."""


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
    rule = find_rule(recording, event, change, before, after, slope)
    moving = [index for index, number in enumerate(slope.ravel()) if number and math.isfinite(number)]
    if rule is None or not moving:
        return None
    index = random.choice(moving)
    old, new, grad = (float(array.ravel()[index]) for array in (before, after, slope))
    kept, root = (float(array.ravel()[index]) if array is not None else 0.0 for array in (rule.kept, rule.root))
    choices = _choices(new, _wrong(old, grad, kept, root, rule), random)
    if len(choices) < 3:
        return None
    spot = place_text(before.shape, index)
    said = {"before": old, "gradient": grad, "rate": rule.rate, "momentum": rule.momentum, "kept": kept, "root": root}
    words = {key: format_number(number) for key, number in said.items()}
    ask, explain = _TEXTS[rule.kind]
    element = f"{name}[{spot}]" if spot else name
    prompt = ask.format(line=event.line, code=code_of(recording, event), name=name, element=element, **words)
    why = explain.format(after=format_number(new), **words)
    return Question(
        KIND, event.id - 1, event.id, event.step, prompt, "one", format_number(new), why, choices, node=change.node,
        file=event.file, line=event.line,
    )  # fmt: skip


def _wrong(old: float, grad: float, kept: float, root: float, rule: Rule) -> list[tuple[float, str]]:
    """Return where wrong beliefs lead, the likeliest first, each with what is wrong with it."""
    plain, carried = rule.rate * grad, 0.0
    step = plain
    wrong = []
    if rule.kind == "momentum":
        carried = rule.momentum * kept
        wrong = [(old - step, messages.UPDATE_NO_MOMENTUM), (old - step + kept, messages.UPDATE_WHOLE_MOMENTUM)]
    elif rule.kind == "nesterov":
        step = rule.rate * (grad + rule.momentum * kept)
        wrong = [(old - rule.rate * kept, messages.UPDATE_NOT_AHEAD), (old - plain, messages.UPDATE_NO_MOMENTUM)]
    elif rule.kind == "adam":
        step = rule.rate * kept / root
        wrong = [(old - rule.rate * kept, messages.UPDATE_UNDIVIDED), (old - plain, messages.UPDATE_LIKE_SGD)]
    elif rule.kind == "sign":
        step = rule.rate * math.copysign(1, grad)
    wrong.append((old + carried + step, messages.UPDATE_UPHILL))
    if rule.kind == "sign":
        wrong.append((old - plain, messages.UPDATE_LIKE_SGD))
    return [*wrong, (old + carried - step / rule.rate, messages.UPDATE_NO_RATE), (old, messages.UPDATE_UNCHANGED),
            (carried - step, messages.UPDATE_ONLY_STEP), (old - rule.rate, messages.UPDATE_BARE)]  # fmt: skip


def _choices(new: float, wrong: list[tuple[float, str]], random: Random) -> tuple[Choice, ...]:
    """Return the new value among those that wrong beliefs lead to; what looks the same is left out."""
    picked = {format_number(new): ""}
    for number, remark in wrong:
        if not math.isclose(number, new, rel_tol=1e-4) and len(picked) < _MOST:
            picked.setdefault(format_number(number), remark)
    choices = [Choice(text, not place, remark) for place, (text, remark) in enumerate(picked.items())]
    random.shuffle(choices)
    return tuple(choices)
