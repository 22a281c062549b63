"""A question of the quiz as plain values, and whether an answer to it is right."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Any, Literal

from graphlab.quiz import messages

Form = Literal["one", "several", "number", "text"]
"""One choice; any number of choices; a number that is typed; a text that is typed."""

LETTERS = "abcdefghijklmnopqrstuvwxyz"
TOLERANCE = 0.01
"""How far a number may be off, as a share of the right one."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers to choose from."""

    text: str
    is_right: bool = False
    remark: str = ""
    """What speaks for or against it: said to whoever chose it."""


@dataclass(frozen=True, slots=True)
class Belief:
    """A wrong number that people come to, and what they overlooked."""

    number: float
    remark: str


@dataclass(frozen=True, slots=True)
class Question:
    """Something that the recording answers."""

    kind: str
    """Of which kind it is: `next-node`, `shape`, `gradient`, `accumulation`, `leaves`, `update`, `authored`."""
    moment: int
    """As of when it is asked: what may be seen."""
    event: int
    """The event that answers it."""
    step: int
    prompt: str
    form: Form
    said: str
    """The right answer, as one says it."""
    explanation: str
    choices: tuple[Choice, ...] = ()
    number: float | None = None
    beliefs: tuple[Belief, ...] = ()
    node: int | None = None
    """The node that it is about."""
    file: int | None = None
    line: int | None = None

    @property
    def right(self) -> str:
        """The right answer as it is typed: letters, a number, or a text."""
        if self.choices:
            return "".join(LETTERS[place] for place, choice in enumerate(self.choices) if choice.is_right)
        return self.said

    def as_json(self) -> dict[str, Any]:
        """Return what `--json` and the exported page hold of it."""
        return {
            "kind": self.kind, "moment": self.moment, "event": self.event, "step": self.step, "line": self.line,
            "prompt": self.prompt, "form": self.form, "choices": [choice.text for choice in self.choices],
            "remarks": [choice.remark for choice in self.choices], "answer": self.right, "said": self.said,
            "tolerance": TOLERANCE if self.form == "number" else None, "explanation": self.explanation,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question that could be asked; it is made only if it is chosen."""

    kind: str
    moment: int
    event: int
    key: Hashable
    """What it asks, whenever that is: of equal ones no more than one is asked."""
    interest: float
    """0 for what says little, 1 for an ordinary moment, 2 for one that teaches."""
    make: Callable[[Random], Question | None]


@dataclass(frozen=True, slots=True)
class Grade:
    """What an answer was worth."""

    is_right: bool
    remark: str = ""
    """What the answer overlooked, where that can be told."""
    problem: str = ""
    """Why it could not be read as an answer to this question, else empty."""


def grade(question: Question, given: str) -> Grade:
    """Say whether an answer is right; one that cannot be read is wrong, and says how to write it."""
    text = given.strip()
    if question.form in {"one", "several"}:
        return _grade_choices(question, text)
    if question.form == "number":
        return _grade_number(question, text)
    return Grade(bool(text) and plain(text) == plain(question.said))


def _grade_choices(question: Question, text: str) -> Grade:
    letters = LETTERS[: len(question.choices)]
    words = re.sub(r"[\s,;.)]", "", text.lower())
    if question.form == "several" and words in {"-", "0", *messages.NONE_OF_THEM}:
        words = ""
    elif not words or not set(words) <= {*letters, *"123456789"[: len(letters)]}:
        form = messages.TYPE_ONE if question.form == "one" else messages.TYPE_SEVERAL
        return Grade(is_right=False, problem=form.format(last=letters[-1]))
    chosen = {letters.index(sign) if sign in letters else int(sign) - 1 for sign in words}
    if question.form == "one" and len(chosen) != 1:
        return Grade(is_right=False, problem=messages.TYPE_ONE.format(last=letters[-1]))
    right = {place for place, choice in enumerate(question.choices) if choice.is_right}
    wrong = sorted(chosen ^ right)
    said = [question.choices[place].remark for place in wrong if question.choices[place].remark]
    return Grade(chosen == right, " ".join(dict.fromkeys(said)))


def _grade_number(question: Question, text: str) -> Grade:
    found = read_number(text)
    if found is None:
        return Grade(is_right=False, problem=messages.TYPE_NUMBER)
    assert question.number is not None
    if is_near(found, question.number):
        return Grade(is_right=True)
    return Grade(
        is_right=False, remark=next((each.remark for each in question.beliefs if is_near(found, each.number)), "")
    )


def read_number(text: str) -> float | None:
    """Read a number as people type it: `-0.5`, `1e-3`, `−2`, `2/3`, `0,5`, `nan`, `inf`; None for anything else."""
    words = text.replace("−", "-").replace(",", ".").replace("∞", "inf").replace(" ", "")
    try:
        return float(Fraction(words)) if "/" in words else float(words)
    except (ValueError, ZeroDivisionError, OverflowError):
        return None


def is_near(found: float, right: float) -> bool:
    """Whether a typed number is the right one, within the tolerance; NaN and infinities must be said as such."""
    if math.isnan(right) or math.isnan(found):
        return math.isnan(right) and math.isnan(found)
    if math.isinf(right) or math.isinf(found):
        return found == right
    return abs(found - right) <= TOLERANCE * abs(right) + 1e-9


def plain(text: str) -> str:
    """Write an answer so that two ways to type one thing are the same: `(20, 1)`, `20 x 1` and `20x1`."""
    text = text.strip().strip("\"'`").lower()
    if re.fullmatch(r"(torch\.size)?[\[(]*[\d\sx×,]*[\])]*", text):
        return "x".join(re.findall(r"\d+", text)) or "()"
    number = read_number(text)
    return f"{number:g}" if number is not None else " ".join(text.split())
