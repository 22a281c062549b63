"""Questions on a page: each asked at the moment before something happens, while the page hides what comes.

Where they come from is not the page's business: whoever has it drawn hands them over.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from graphlab.renderers.reading import plain


@dataclass(frozen=True, slots=True)
class PageQuestion:
    """One question about a run."""

    event: int
    """What it is about: it is asked at the moment before."""
    prompt: str
    explanation: str
    choices: tuple[str, ...] = ()
    """Without any, the answer is typed."""
    right: tuple[int, ...] = ()
    """The places of the right choices."""
    is_several: bool = False
    """Whether several choices may be right, and all of them must be chosen."""
    answer: str = ""
    """The typed answer: a number, or words."""
    near: float = 0.0
    """How far a typed number may be from the right one."""


def pack_questions(questions: Iterable[PageQuestion], steps: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the questions that can be asked in these steps of a page, in the order in which they come up."""
    found = []
    for question in sorted(questions, key=lambda question: question.event):
        place = _find(question.event, steps)
        if place is None:
            continue
        found.append(
            {
                "place": place,
                "prompt": _lines(question.prompt),
                "explanation": _lines(question.explanation),
                "choices": [plain(choice) for choice in question.choices],
                "right": list(question.right),
                "isSeveral": question.is_several,
                "answer": plain(question.answer),
                "near": question.near,
            }
        )
    return found


def _find(event: int, steps: Sequence[dict[str, Any]]) -> tuple[int, int, int] | None:
    """Return a step of the page, and in it the moments before an event and of it.

    A step begins with its first event, so of that there is no moment before; and a thinned step may lack the event.
    """
    for index, step in enumerate(steps):
        moments = step["events"]
        moment = bisect_left(moments, event)
        if 0 < moment < len(moments) and moments[moment] == event:
            return index, moment - 1, moment
    return None


def _lines(text: str) -> str:
    return "\n".join(plain(line) for line in text.split("\n"))
