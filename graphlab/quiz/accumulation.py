"""What a leaf's `.grad` will be after a backward, a clearing or an update: None, zeros, the new gradient or a sum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING

from graphlab.quiz import messages
from graphlab.quiz.facts import code_of, leaf_name
from graphlab.quiz.question import Candidate, Choice, Question
from graphlab.sentences import format_number

if TYPE_CHECKING:
    from graphlab.model import Change, Event, Snapshot, Step
    from graphlab.recording import Recording

KIND = "accumulation"
_NAMED = 6
"""Of how many of the leaves that one event changes a question is made."""


def find(recording: Recording, steps: Sequence[Step]) -> Iterator[Candidate]:
    """Find events that change a `.grad`, or leave one where people think that they change it."""
    for step in steps:
        kinds = ("accumulate", "zero_grad", "update")
        for event in recording.events_between(step.first, step.last, kinds):
            for change in recording.changes(event.id, _NAMED):
                name = leaf_name(recording, change.node, event.id)
                if name is not None and event.line is not None:
                    yield from _candidates(recording, event, change, name)
        yield from _not_reached(recording, step)


def _size(snapshot: Snapshot | None) -> float | None:
    return snapshot.statistics.norm if snapshot is not None else None


def _candidates(recording: Recording, event: Event, change: Change, name: str) -> Iterator[Candidate]:
    before, after = _size(change.before), _size(change.after)
    if event.kind == "update":
        before = _size(recording.gradient(change.node, event.id - 1))
        if change.what == "value" and before:
            yield _candidate(recording, event, change.node, name, "stays", 1.0, before)
    elif event.kind == "zero_grad":
        if before:
            yield _candidate(recording, event, change.node, name, "none" if change.after is None else "zero", 1.2, 0.0)
    elif after is not None:
        what = "new" if change.before is None else "sum" if before else "over zeros"
        numbers = (before or 0.0, _size(change.added) or 0.0, after)
        yield _candidate(recording, event, change.node, name, what, 2.2 if what == "sum" else 1.0, *numbers)


def _candidate(
    recording: Recording, event: Event, node: int, name: str, what: str, interest: float, *numbers: float
) -> Candidate:
    def make(random: Random) -> Question | None:
        return _make(recording, event, node, name, what, numbers, random)

    return Candidate(KIND, event.id - 1, event.id, (KIND, what), interest, make)


def _make(
    recording: Recording, event: Event, node: int, name: str, what: str, numbers: tuple[float, ...], random: Random
) -> Question:
    prompt = {"stays": messages.GRAD_UPDATED, "none": messages.GRAD_CLEARED, "zero": messages.GRAD_CLEARED}.get(
        what, messages.GRAD_ACCUMULATES
    )
    right, why = _right(what, numbers)
    wrong = _wrong(what)
    choices = [Choice(right, is_right=True), *(Choice(text, remark=remark) for text, remark in wrong)]
    random.shuffle(choices)
    return Question(
        KIND, event.id - 1, event.id, event.step,
        prompt.format(line=event.line, code=code_of(recording, event), name=name), "one", right,
        why.format(name=name), tuple(choices), node=node, file=event.file, line=event.line,
    )  # fmt: skip


def _right(what: str, numbers: tuple[float, ...]) -> tuple[str, str]:
    """Return the right answer, and its explanation with the numbers."""
    said = [format_number(number) for number in numbers]
    if what == "stays":
        return messages.IS_SAME, messages.GRAD_STAYS
    if what == "none":
        return messages.IS_NONE, messages.GRAD_SET_NONE
    if what == "zero":
        return messages.IS_ZERO, messages.GRAD_SET_ZERO
    if what == "sum":
        words = dict(zip(("before", "added", "after"), said, strict=True))
        return messages.IS_SUM, messages.GRAD_ADDED.format(**words)
    text = messages.GRAD_WAS_NONE if what == "new" else messages.GRAD_WAS_ZERO
    return messages.IS_NEW, text.format(name="{name}", after=said[-1])


def _wrong(what: str) -> list[tuple[str, str]]:
    """Return wrong answers, each with what speaks against it."""
    if what == "stays":
        return [(messages.IS_NONE, messages.NOT_BY_UPDATE), (messages.IS_ZERO, messages.NOT_BY_UPDATE),
                (messages.IS_STEP, messages.GRAD_STAYS)]  # fmt: skip
    if what == "none":
        return [(messages.IS_ZERO, messages.NOT_ZERO_BUT_NONE), (messages.IS_SAME, messages.GRAD_SET_NONE)]
    if what == "zero":
        return [(messages.IS_NONE, messages.NONE_IS_NOT_ZERO), (messages.IS_SAME, messages.GRAD_SET_ZERO)]
    if what == "sum":
        return [(messages.IS_NEW, messages.NOT_CLEARED_BY_BACKWARD), (messages.IS_NONE, messages.IS_REACHED),
                (messages.IS_ZERO, messages.NOT_ZERO_HERE)]  # fmt: skip
    return [(messages.IS_NONE, messages.IS_REACHED), (messages.IS_ZERO, messages.NOT_ZERO_HERE),
            (messages.IS_STEP, messages.NOT_THE_STEP)]  # fmt: skip


def _not_reached(recording: Recording, step: Step) -> Iterator[Candidate]:
    """Ask of a leaf that the step's last backward leads nowhere near."""
    end = recording.next_event(step.last + 1, ("backward_end",), back=True)
    start = recording.next_event(end, ("backward_start",), back=True) if end is not None else None
    if end is None or start is None or start < step.first:
        return
    event = recording.event(start)
    for leaf in recording.step_gradients(step.step):
        name = leaf_name(recording, leaf.node, end)
        if leaf.gradient is not None or name is None or event.line is None:
            continue

        def make(random: Random, name: str = name, node: int = leaf.node) -> Question | None:
            wrong = [(messages.IS_NEW, messages.NO_PATH), (messages.IS_ZERO, messages.NONE_IS_NOT_ZERO)]
            choices = [Choice(messages.IS_NONE, is_right=True)]
            choices += [Choice(text, remark=remark) for text, remark in wrong]
            random.shuffle(choices)
            prompt = messages.GRAD_CLEARED.format(line=event.line, code=code_of(recording, event), name=name)
            return Question(
                KIND, start - 1, end, step.step, prompt, "one", messages.IS_NONE,
                messages.GRAD_NOT_REACHED.format(name=name), tuple(choices), node=node, file=event.file,
                line=event.line,
            )  # fmt: skip

        yield Candidate(KIND, start - 1, end, (KIND, "missing"), 2.5, make)
