"""What was answered to each question, and how many were right: the report for whoever teaches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphlab.quiz.question import Grade, Question, grade

if TYPE_CHECKING:
    from graphlab.recording import Recording


@dataclass(frozen=True, slots=True)
class Given:
    """An answer to a question."""

    question: Question
    text: str | None
    """As it was typed; None where it was left out."""
    seconds: float | None = None
    """How long it took, where somebody sat before it."""

    @property
    def grade(self) -> Grade:
        """What it was worth."""
        return grade(self.question, self.text) if self.text is not None else Grade(is_right=False)


def score_by_kind(answers: Sequence[Given]) -> dict[str, tuple[int, int]]:
    """Return for each kind, in the order asked, how many were right and how many were asked."""
    found: dict[str, tuple[int, int]] = {}
    for given in answers:
        right, asked = found.get(given.question.kind, (0, 0))
        found[given.question.kind] = (right + given.grade.is_right, asked + 1)
    return found


def report_answers(recording: Recording, source: str | None, seed: int, answers: Sequence[Given]) -> dict[str, Any]:
    """Return the object that `--json` writes."""
    return {
        "source": source,
        "scenario": recording.facts.scenario,
        "seed": seed,
        "questions": [
            {"number": number, **given.question.as_json(), "given": given.text,
             "right": given.grade.is_right if given.text is not None else None, "remark": given.grade.remark,
             "seconds": round(given.seconds, 1) if given.seconds is not None else None}
            for number, given in enumerate(answers, 1)
        ],
        "score": {
            "right": sum(given.grade.is_right for given in answers),
            "asked": len(answers),
            "kinds": {
                kind: {"right": right, "asked": asked} for kind, (right, asked) in score_by_kind(answers).items()
            },
        },
    }  # fmt: skip
