"""The quiz of a page: questions that the recording answers, each asked while the page hides what comes."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from graphlab.errors import UsageError
from graphlab.renderers.reading import plain

if TYPE_CHECKING:
    from graphlab.quiz import Question
    from graphlab.recording import Recording

_SLACK = 1e-9
"""How far any typed number may be off, beside its share."""


def derive_questions(recording: Recording) -> list[Question]:
    """Return the questions of a recording; none where it has nothing to ask."""
    from graphlab.quiz import choose_questions

    try:
        return choose_questions(recording)
    except UsageError:
        return []


def pack_questions(questions: Iterable[Question], steps: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the questions that can be asked in these steps of a page, in the order in which they come up."""
    found = []
    for question in questions:
        asked, answered = _find_last(question.moment, steps), _find_first(question.event, steps)
        if asked is not None and answered is not None:
            found.append({"place": [*asked, *answered], **_pack(question)})
    return found


def _pack(question: Question) -> dict[str, Any]:
    is_finite = question.number is not None and math.isfinite(question.number)
    number = question.number if is_finite else None
    return {
        "prompt": _lines(question.prompt),
        "explanation": _lines(question.explanation),
        "choices": [plain(choice.text) for choice in question.choices],
        "right": [place for place, choice in enumerate(question.choices) if choice.is_right],
        "remarks": [_lines(choice.remark) for choice in question.choices],
        "isSeveral": question.form == "several",
        "answer": plain(question.said),
        "number": number,
        "near": None if number is None else _near(number),
        "beliefs": [
            [belief.number, _near(belief.number), _lines(belief.remark)]
            for belief in question.beliefs
            if math.isfinite(belief.number)
        ],
    }


def _near(number: float) -> float:
    from graphlab.quiz.question import TOLERANCE

    return TOLERANCE * abs(number) + _SLACK


def _find_last(event: int, steps: Sequence[dict[str, Any]]) -> tuple[int, int] | None:
    """Return the last moment of the page at which nothing after an event is seen, in the step that has the event."""
    for index, step in enumerate(steps):
        if step["events"][0] <= event <= step["events"][-1]:
            return index, bisect_right(step["events"], event) - 1
    return None


def _find_first(event: int, steps: Sequence[dict[str, Any]]) -> tuple[int, int] | None:
    """Return the first moment of the page at which an event has happened, in the step that has it."""
    for index, step in enumerate(steps):
        if step["events"][0] <= event <= step["events"][-1]:
            return index, bisect_left(step["events"], event)
    return None


def _lines(text: str) -> str:
    return "\n".join(plain(line) for line in text.split("\n"))
