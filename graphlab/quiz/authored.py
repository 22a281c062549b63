"""Questions that the script's author wrote above a line, with the answer that the recording gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from graphlab.language import narration
from graphlab.quiz import messages
from graphlab.quiz.answers import Answer, AnswerError, look_up, say_value
from graphlab.quiz.question import Candidate, Choice, Question
from graphlab.scenario import AuthoredQuestion, questions

if TYPE_CHECKING:
    from graphlab.model import Event, SourceFile, Step
    from graphlab.recording import Recording

KIND = "authored"


def find(recording: Recording, steps: Sequence[Step]) -> Iterator[Candidate]:
    """Find the author's questions whose answers can be looked up; `steps` do not matter: they are asked at once."""
    for file, place, authored in _every(recording):
        event = _first_run(recording, file, authored.line)
        if event is None:
            continue
        try:
            answer = _answer(recording, authored, event)
        except AnswerError:
            continue
        moment = _before(recording, event)
        yield _candidate(file, place, authored, event, moment, answer)


def find_problems(recording: Recording) -> list[str]:
    """Say of each question of the author's why it cannot be asked, or that its answer is not what the run shows."""
    found = []
    for file, _, authored in _every(recording):
        event = _first_run(recording, file, authored.line)
        words = {"line": authored.line, "answer": authored.answer}
        if not authored.answer:
            found.append(messages.NO_ANSWER.format(**words))
        elif event is None:
            found.append(messages.NOT_RUN.format(**words))
        else:
            try:
                answer = _answer(recording, authored, event)
            except AnswerError as error:
                found.append(messages.BAD_ANSWER.format(**words, reason=error))
            else:
                if not answer.is_true:
                    claimed, value = say_value(answer.claimed), say_value(answer.value)
                    found.append(messages.NOT_TRUE.format(**words, claimed=claimed, found=value))
    return found


def _every(recording: Recording) -> Iterator[tuple[SourceFile, int, AuthoredQuestion]]:
    for file in recording.files:
        for place, authored in enumerate(questions(file.text)):
            yield file, place, authored


def _first_run(recording: Recording, file: SourceFile, line: int) -> Event | None:
    """Return when a line first ended."""
    found = recording.find_events("kind = 'line' AND line = ? AND file = ? ORDER BY id LIMIT 1", line, file.id)
    return found[0] if found else None


def _before(recording: Recording, event: Event) -> int:
    """Return the moment before a line began: after the line before it in the same function."""
    query = "SELECT MAX(id) FROM events WHERE kind = 'line' AND frame IS ? AND id < ?"
    return recording.reader.number(query, event.frame, event.id) or 0


def _answer(recording: Recording, authored: AuthoredQuestion, event: Event) -> Answer:
    if not authored.answer:
        raise AnswerError(messages.NO_ANSWER.format(line=authored.line))
    return look_up(recording, authored.answer, event.id, event.frame)


def _candidate(
    file: SourceFile, place: int, authored: AuthoredQuestion, event: Event, moment: int, answer: Answer
) -> Candidate:
    said = say_value(answer.value)
    if isinstance(answer.value, str):
        said = narration(said)
    question = Question(
        KIND, moment, event.id, event.step, narration(authored.prompt), "text", said,
        messages.AUTHORED_WHY.format(expression=answer.expression, value=said), file=event.file, line=event.line,
    )  # fmt: skip
    if isinstance(answer.value, int | float) and not isinstance(answer.value, bool):
        question = replace(question, form="number", number=float(answer.value))
    wrong = [narration(text.strip("\"'")) for text in authored.wrong]
    if isinstance(answer.value, bool) and not wrong:
        wrong = [messages.NO if answer.value else messages.YES]

    def make(random: Random) -> Question | None:
        if not wrong:
            return question
        choices = [Choice(said, is_right=True), *(Choice(text) for text in wrong)]
        if isinstance(answer.value, bool):
            choices.sort(key=lambda choice: choice.text != messages.YES)
        else:
            random.shuffle(choices)
        why = question.explanation
        if isinstance(answer.value, str) and answer.expression.strip("\"'") == answer.value:
            why = messages.AUTHORED_WHY_CHOICE.format(answer=said)
        return replace(question, form="one", choices=tuple(choices), number=None, explanation=why)

    return Candidate(KIND, moment, event.id, (KIND, file.id, place), 3.0, make)
