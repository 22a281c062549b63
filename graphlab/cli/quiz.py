"""Predict, then look: questions about a run, each asked before its answer is shown.

SOURCE is a recording, or a script or scenario, which is recorded first: any script, it need not know of the quiz.
What it prints while it is recorded is left out, for it might give answers away.

  graphlab quiz rnn_cell
  graphlab quiz my_training.py --seed 3 --count 12
  graphlab quiz rnn_cell --answers mine.txt --json      # one answer a line; an empty line leaves a question out
  graphlab quiz rnn_cell --json < /dev/null             # the questions with their answers, for whoever teaches

On a terminal the source and the graph are shown as they are just before the answer. With --answers (- for stdin), or
where stdin is no terminal, questions and answers are lines of text.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from graphlab.cli import quiz_messages as words
from graphlab.cli.options import (
    add_json,
    add_run_options,
    add_source,
    chosen_parameters,
    find_scenarios,
    read_count,
    read_run_options,
    run_words,
)
from graphlab.cli.output import obeys, write_json, write_line
from graphlab.cli.run import stdout_for_results
from graphlab.cli.sources import is_recording
from graphlab.errors import UsageError
from graphlab.language import _
from graphlab.store.paths import ENDING

if TYPE_CHECKING:
    from graphlab.quiz import Given, Question
    from graphlab.recording import Recording

_MOST = 200


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_source(parser)
    parser.add_argument("--count", metavar="N", default="8", help=_("how many questions at most (default 8)"))
    parser.add_argument("--answers", metavar="FILE", help=_("answers, one a line; - for stdin"))
    parser.add_argument("--ascii", action="store_true", help=_("for terminals and fonts without box drawing"))
    parser.add_argument("--no-mouse", action="store_true", help=_("leave the mouse to the terminal"))
    add_json(parser)
    add_run_options(
        parser, seed=_("chooses the questions (default 0); a script without SEED draws its random numbers by it too")
    )


def run(arguments: argparse.Namespace) -> int:
    """Ask, and show the score."""
    seed = read_count("--seed", arguments.seed, 0) or 0
    count = read_count("--count", arguments.count, 1, _MOST) or 1
    lines = _given_lines(arguments.answers)
    # A screen must find the terminal at stdout: where that leads elsewhere, results alone go there.
    is_apart = lines is None and not sys.stdout.isatty()
    with _recorded(arguments, seed) as (path, code), stdout_for_results(is_apart) as results:
        from graphlab.quiz import choose_questions, find_problems, report_answers
        from graphlab.recording import open_recording

        recording = open_recording(path)
        try:
            questions = choose_questions(recording, seed, count)
            for problem in find_problems(recording):
                write_line(words.PROBLEM.format(problem=problem), sys.stderr)
            if lines is None:
                from graphlab.tui import run_quiz

                answers = run_quiz(path, questions, ascii_only=arguments.ascii, mouse=not arguments.no_mouse)
            else:
                stream = None if arguments.json else results
                answers = _ask_by_lines(recording, questions, lines, seed, stream)
            if arguments.json:
                source = arguments.source if arguments.source is not None else arguments.module
                write_json(report_answers(recording, source, seed, answers), results)
            else:
                _write_score(answers, results)
        finally:
            recording.close()
    return code


def _given_lines(name: str | None) -> Iterator[str] | None:
    """Return the lines of answers; None where a person sits before a terminal.

    Raises:
        UsageError: the file cannot be read.
    """
    if name is None and sys.stdin.isatty() and obeys(sys.stderr):
        return None
    if name is None or name == "-":
        return iter(sys.stdin)
    try:
        return iter(Path(name).read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "no UTF-8"
        raise UsageError(words.NO_ANSWERS_FILE.format(name=name, why=why)) from error


@contextlib.contextmanager
def _recorded(arguments: argparse.Namespace, seed: int) -> Iterator[tuple[Path, int]]:
    """Give the recording that SOURCE names, and the exit code: 1 where the script raised.

    A script is recorded in a process of its own, so that it can do nothing to the screen.

    Raises:
        UsageError: the options do not suit the script.
    """
    if is_recording(arguments.source):
        yield Path(arguments.source), 0
        return
    from graphlab.cli.recorded_apart import record_apart

    (scenario,) = find_scenarios(arguments)
    has_seed = any(parameter.name == "SEED" for parameter in scenario.parameters)
    arguments.seed = None if has_seed else str(seed)
    chosen_parameters(read_run_options(arguments), scenario)
    source = ["-m", arguments.module] if arguments.module else [arguments.source]
    with tempfile.TemporaryDirectory(prefix="graphlab-") as folder:
        path = Path(folder) / f"{scenario.name}{ENDING}"
        code = record_apart(path, [*source, *run_words(arguments)], arguments.script_arguments, is_silent=True)
        if code > 1 or not path.exists():
            raise SystemExit(code)
        yield path, int(code != 0)


def _ask_by_lines(
    recording: Recording, questions: Sequence[Question], lines: Iterator[str], seed: int, stream: TextIO | None
) -> list[Given]:
    """Ask each question as text and take a line as its answer; without a stream nothing is written."""
    from graphlab.quiz import Given

    def say(text: str) -> None:
        if stream is not None:
            write_line(text, stream)

    say(words.HEAD(len(questions)).format(title=recording.title, count=len(questions), seed=seed))
    answers = []
    for number, question in enumerate(questions, 1):
        say("")
        for line in question_lines(number, question):
            say(line)
        text = next(lines, None)
        if text is None and stream is not None:
            _tell_end(number, len(questions))
            break
        given = Given(question, (text or "").strip() or None)
        answers.append(given)
        for line in verdict_lines(given):
            say(line)
    say("")
    return answers


def _tell_end(number: int, count: int) -> None:
    """Say that no answer came where one was waited for: what nobody was there to answer is neither asked nor shown.

    Raises:
        UsageError: not one answer came.
    """
    if number == 1:
        raise UsageError(words.NO_ANSWERS)
    write_line(words.ANSWERS_END.format(number=number, count=count), sys.stderr)


def question_lines(number: int, question: Question) -> Iterator[str]:
    """Write a question, with its choices and how to answer."""
    from graphlab.quiz.question import LETTERS

    yield words.QUESTION.format(number=number, step=question.step, event=question.event)
    yield f"   {question.prompt}"
    for letter, choice in zip(LETTERS, question.choices, strict=False):
        yield words.CHOICE.format(letter=letter, text=choice.text)
    asks = {"one": words.ASK_ONE, "several": words.ASK_SEVERAL, "number": words.ASK_NUMBER, "text": words.ASK_TEXT}
    yield f"   {asks[question.form].rstrip()}"


def verdict_lines(given: Given) -> Iterator[str]:
    """Write what an answer was worth, and why the right one is right."""
    question, grade = given.question, given.grade
    if given.text is not None:
        yield f"   > {given.text}"
    if grade.problem:
        yield f"   {grade.problem}"
    text = words.LEFT_OUT if given.text is None else words.RIGHT if grade.is_right else words.WRONG
    answer = f"{question.right}) {question.said}" if question.choices else question.said
    yield "   " + text.format(answer=answer)
    if grade.remark:
        yield f"   {grade.remark}"
    yield f"   {question.explanation}"


def _write_score(answers: Sequence[Given], results: TextIO) -> None:
    from graphlab.quiz import score_by_kind
    from graphlab.quiz.messages import KINDS

    right = sum(given.grade.is_right for given in answers)
    write_line(words.SCORE.format(right=right, asked=len(answers)), results)
    for kind, (correct, asked) in score_by_kind(answers).items():
        write_line(words.SCORE_ROW.format(kind=KINDS[kind], right=correct, asked=asked), results)
