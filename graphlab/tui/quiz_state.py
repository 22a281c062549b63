"""A quiz under way, as a plain object: which question is asked, what is typed or chosen, what was answered.

Free of textual, so that each key's effect is tested here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Literal

from graphlab.quiz import Given, Question, score_by_kind
from graphlab.quiz.messages import KINDS
from graphlab.quiz.question import LETTERS
from graphlab.tui import quiz_messages as messages
from graphlab.tui.rows import Row, fit, over, wrap

Stage = Literal["asking", "told", "score"]


class QuizState:
    """One person's way through the questions.

    Args:
        clock: counts seconds; another one for tests.
    """

    def __init__(self, questions: Sequence[Question], clock: Callable[[], float] = time.monotonic) -> None:
        self.questions = list(questions)
        self.answers: list[Given] = []
        self.stage: Stage = "asking" if self.questions else "score"
        self.typed = ""
        self.chosen: set[int] = set()
        self.notice = ""
        self._clock = clock
        self._asked_at = clock()

    @property
    def number(self) -> int:
        """The place of the question that is asked or told, from 0."""
        return len(self.answers) - (self.stage != "asking")

    @property
    def question(self) -> Question:
        """The question that is asked or told."""
        return self.questions[self.number]

    @property
    def right(self) -> int:
        """How many answers were right so far."""
        return sum(given.grade.is_right for given in self.answers)

    @property
    def is_typed(self) -> bool:
        """Whether the question wants a number or a text, so that every sign is a part of it."""
        return self.stage == "asking" and not self.question.choices

    def press(self, sign: str) -> None:
        """Take a sign: a letter or digit chooses, or is a part of what is typed."""
        self.notice = ""
        if self.stage != "asking":
            return
        if self.is_typed:
            self.typed = (self.typed + sign)[:60]
            return
        count = len(self.question.choices)
        place = LETTERS.find(sign.lower()) if sign.isalpha() else int(sign) - 1 if sign.isdecimal() else -1
        if not 0 <= place < count:
            return
        if self.question.form == "one":
            self.chosen = {place}
        else:
            self.chosen ^= {place}

    def erase(self) -> None:
        """Take the last sign back."""
        self.typed = self.typed[:-1]

    def move(self, delta: int) -> None:
        """Choose the answer above or below; of several, nothing moves."""
        if self.stage == "asking" and self.question.form == "one":
            count = len(self.question.choices)
            self.chosen = {(min(self.chosen, default=-1 if delta > 0 else count) + delta) % count}

    def enter(self) -> None:
        """Take the answer, or go on to the next question, or to the score."""
        self.notice = ""
        if self.stage == "asking":
            self._answer()
        elif self.stage == "told":
            is_last = len(self.answers) == len(self.questions)
            self.stage = "score" if is_last else "asking"
            self.typed, self.chosen, self._asked_at = "", set(), self._clock()

    def _answer(self) -> None:
        question = self.question
        text = "".join(LETTERS[place] for place in sorted(self.chosen)) if question.choices else self.typed.strip()
        if not text and question.form == "several":
            text = "-"
        if not text:
            self.notice = messages.CHOOSE_FIRST
            return
        given = Given(question, text, self._clock() - self._asked_at)
        if given.grade.problem:
            self.notice = given.grade.problem
            return
        self.answers.append(given)
        self.stage = "told"

    def leave_out(self) -> None:
        """Give no answer to the question that is asked."""
        if self.stage == "asking":
            self.answers.append(Given(self.question, None, self._clock() - self._asked_at))
            self.stage, self.notice, self.typed, self.chosen = "told", "", "", set()  # what was not confirmed is none

    @property
    def hint(self) -> str:
        """Say which keys do something now."""
        if self.stage == "score":
            return messages.HINT_SCORE
        if self.stage == "told":
            return messages.HINT_LAST if len(self.answers) == len(self.questions) else messages.HINT_TOLD
        hints = {"one": messages.HINT_ONE, "several": messages.HINT_SEVERAL, "number": messages.HINT_NUMBER}
        return hints.get(self.question.form, messages.HINT_TEXT)


def quiz_rows(quiz: QuizState, width: int) -> list[Row]:
    """Return the question with its choices, or what the answer was worth, or the score."""
    if quiz.stage == "score":
        return _score_rows(quiz, width)
    question = quiz.question
    rows = [fit([(f" {line}", "bold")], width) for line in wrap(question.prompt, width - 2)]
    rows.append(fit([], width))
    for place in range(len(question.choices)):
        if _matters(quiz, place):
            rows += _choice_rows(quiz, place, width)
    if not question.choices and quiz.stage == "asking":
        rows.append(fit([(" " + messages.TYPED.format(text=quiz.typed), "number"), ("▏", "cursor")], width))
    if quiz.stage == "told":
        rows += _verdict_rows(quiz, width)
    if quiz.notice:
        rows += [fit([(f" {line}", "alarm")], width) for line in wrap(quiz.notice, width - 2)]
    return rows


def _matters(quiz: QuizState, place: int) -> bool:
    """Whether a choice is still worth its row: of one answer, once it is told, the right one and the chosen one."""
    is_told = quiz.stage == "told" and quiz.question.form == "one"
    return not is_told or quiz.question.choices[place].is_right or place in quiz.chosen


def _choice_rows(quiz: QuizState, place: int, width: int) -> list[Row]:
    choice = quiz.question.choices[place]
    is_chosen = place in quiz.chosen
    mark = "▶" if is_chosen else " "
    style = "text"
    if quiz.stage == "told":
        mark = ("✓" if choice.is_right else "✗" if is_chosen else " ") + ("▶" if is_chosen else " ")
        style = "gradient" if choice.is_right else "quiet"
    lines = wrap(choice.text, max(width - 9, 4)) or [""]
    rows = [fit([(f" {mark:<2} {LETTERS[place]}) ", "key"), (lines[0], style)], width)]
    rows += [fit([("       ", ""), (line, style)], width) for line in lines[1:]]
    return [over(row, "selected") for row in rows] if is_chosen and quiz.stage == "asking" else rows


def _verdict_rows(quiz: QuizState, width: int) -> list[Row]:
    given, question = quiz.answers[-1], quiz.question
    grade = given.grade
    word = messages.LEFT_OUT if given.text is None else messages.RIGHT if grade.is_right else messages.WRONG
    rows = [fit([], width)] if question.choices else []
    head: Row = [(f" {word} ", "badge" if grade.is_right else "alarm"), ("  ", "")]
    if not question.choices:
        head.append((messages.THE_ANSWER.format(answer=question.said), "bold"))
        if given.text is not None:
            head.append((f"   ({messages.TYPED.format(text=given.text)})", "quiet"))
    rows.append(fit(head, width))
    texts = [text for text in (grade.remark, question.explanation) if text]
    return rows + [fit([(f" {line}", "narration")], width) for text in texts for line in wrap(text, width - 2)]


def _score_rows(quiz: QuizState, width: int) -> list[Row]:
    if not quiz.answers:
        return [fit([(f" {messages.SCORE_NONE}", "quiet")], width)]
    said = messages.SCORE_ALL.format(right=quiz.right, asked=len(quiz.answers))
    rows = [fit([(f" {said}", "bold")], width), fit([], width)]
    for kind, (right, asked) in score_by_kind(quiz.answers).items():
        text = messages.SCORE_ROW.format(kind=KINDS[kind], right=right, asked=asked)
        rows.append(fit([(text, "text"), ("  " + "●" * right + "○" * (asked - right), "gradient")], width))
    return rows
