"""Which questions are asked: a choice that spreads over the kinds and over the run, the same for the same seed.

Between the moment at which a question is asked and the event that answers it, nothing else is asked: so no answer
gives away another, and the walk through the recording only goes forward.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Hashable, Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING

from graphlab.errors import UsageError
from graphlab.quiz import accumulation, authored, leaves, messages, order, shapes, updates, values
from graphlab.quiz.facts import steps_to_ask
from graphlab.quiz.question import Candidate, Question
from graphlab.recording.steps import MANY

if TYPE_CHECKING:
    from graphlab.model import Step
    from graphlab.recording import Recording

Find = Callable[["Recording", "Sequence[Step]"], Iterator[Candidate]]

KINDS: tuple[Find, ...] = (
    order.find, shapes.find, values.find, accumulation.find, leaves.find, updates.find,
)  # fmt: skip
"""The kinds of questions that are derived from a recording."""

COUNT = 8
"""How many questions are asked, where nobody says."""
_SPREAD = 1.5
"""What it is worth to lie far from all other questions, as against an interest of 1 or 2."""
_CHANCE = 0.8


def choose_questions(recording: Recording, seed: int = 0, count: int = COUNT) -> list[Question]:
    """Return questions in the order in which the run answers them: the author's own first of all, then derived ones.

    Raises:
        UsageError: there is nothing to ask.
    """
    random = Random(seed)  # noqa: S311 - a draw of questions, no secret
    with recording.reading():
        steps = steps_to_ask(recording, random)
        chosen = _Chosen(count)
        for candidate in authored.find(recording, steps):
            chosen.take(candidate, random)
        _choose_derived(recording, steps, chosen, random)
    if not chosen.questions:
        raise UsageError(_why_nothing(recording))
    return [question for _, question in sorted(chosen.questions, key=lambda pair: pair[0])]


def _why_nothing(recording: Recording) -> str:
    """Say why a run has no questions."""
    first = next(iter(recording.steps[:1]), None)
    if first is not None and first.detail == "light":
        return messages.NOTHING_LIGHT
    if first is not None and recording.is_large(first.step):
        return messages.NOTHING_LARGE.format(most=MANY)
    return messages.NOTHING


def _choose_derived(recording: Recording, steps: Sequence[Step], chosen: _Chosen, random: Random) -> None:
    """Ask the kinds in turn, each for its best candidate, until there are enough or no more."""
    pools = [list(find(recording, steps)) for find in KINDS]
    random.shuffle(pools)
    while any(pools) and not chosen.is_full:
        for pool in pools:
            while pool and not chosen.is_full:
                best = max(pool, key=lambda each: _worth(each, chosen, random, recording.event_count))
                pool.remove(best)
                if chosen.take(best, random):
                    break


def _worth(candidate: Candidate, chosen: _Chosen, random: Random, count: int) -> float:
    if not chosen.is_free(candidate):
        return -1.0
    return candidate.interest + _CHANCE * random.random() + _SPREAD * chosen.distance(candidate.event) / max(count, 1)


class _Chosen:
    """The questions chosen so far."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._keys: set[Hashable] = set()
        self._events: list[int] = []
        self._taken: list[tuple[int, int]] = []
        self.questions: list[tuple[tuple[int, int], Question]] = []

    @property
    def is_full(self) -> bool:
        """Whether there are as many as were asked for."""
        return len(self.questions) >= self._count

    def distance(self, event: int) -> int:
        """Return how far an event lies from the nearest question; at first from the beginning."""
        return min((abs(event - other) for other in self._events), default=event)

    def is_free(self, candidate: Candidate) -> bool:
        """Whether it asks for something new, at a moment that no other question shows or hides."""
        if candidate.key in self._keys:
            return False
        here = (candidate.moment, candidate.event)
        if candidate.kind == authored.KIND and here in self._taken:
            return True  # the author may ask several things above one line
        return all(candidate.event <= moment or event <= candidate.moment for moment, event in self._taken)

    def take(self, candidate: Candidate, random: Random) -> bool:
        """Make a question of a candidate, if there is room for it and it can be made."""
        if self.is_full or not self.is_free(candidate):
            return False
        question = candidate.make(random)
        if question is None:
            return False
        self._keys.add(candidate.key)
        insort(self._events, candidate.event)
        self._taken.append((candidate.moment, candidate.event))
        self.questions.append(((candidate.moment, candidate.event), question))
        return True
