"""The quiz's screen: keys choose and type, the answer comes after the question, and nothing shows it before."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphlab.quiz import Question, choose_questions
from graphlab.quiz.question import Choice
from graphlab.recording import Recording
from graphlab.tui.headless import screen_strips, screen_text
from graphlab.tui.quiz_app import QuizApp
from graphlab.tui.quiz_screen import QuizScreen
from graphlab.tui.quiz_state import QuizState, quiz_rows
from graphlab.tui.rows import row_text, row_width
from tests.recorded import record_text

SCRIPT = """
    import torch

    x = torch.ones(7, 3)
    W = torch.ones(5, 3, requires_grad=True)
    b = torch.zeros(5, requires_grad=True)
    # seven rows of five
    scores = x @ W.t() + b
    loss = scores.pow(2).mean()
    loss.backward()
"""

ONE = Question("shape", 1, 2, 1, "Which?", "one", "3x2", "Because.",
               choices=(Choice("2x3", remark="turned"), Choice("3x2", is_right=True)))  # fmt: skip
SEVERAL = Question("leaves", 2, 3, 1, "Which ones?", "several", "a", "Why.",
                   choices=(Choice("a", is_right=True), Choice("b")))  # fmt: skip
NUMBER = Question("gradient", 3, 4, 1, "How much?", "number", "-0.5", "So.", number=-0.5)


def text_of(quiz: QuizState) -> str:
    return "\n".join(row_text(row) for row in quiz_rows(quiz, 60))


def stage_of(quiz: QuizState) -> str:
    return quiz.stage


def press(quiz: QuizState, keys: str) -> None:
    for sign in keys:
        quiz.press(sign)


def test_letters_choose_signs_are_typed_and_enter_answers() -> None:
    seconds = iter(range(100))
    quiz = QuizState([ONE, SEVERAL, NUMBER], clock=lambda: float(next(seconds)))
    quiz.enter()
    assert stage_of(quiz) == "asking"
    assert quiz.notice
    press(quiz, "zb")
    assert "Because." not in text_of(quiz)
    quiz.enter()
    assert stage_of(quiz) == "told"
    assert "Right." in text_of(quiz) and "Because." in text_of(quiz)
    press(quiz, "a")
    assert quiz.chosen == {1}
    quiz.enter()
    press(quiz, "aba")
    assert quiz.chosen == {1}
    quiz.enter()
    quiz.enter()
    press(quiz, "-x")
    quiz.enter()
    assert stage_of(quiz) == "asking"
    assert "number" in quiz.notice
    quiz.erase()
    press(quiz, "1/2")
    quiz.enter()
    quiz.enter()
    assert stage_of(quiz) == "score"
    assert [(given.text, given.grade.is_right) for given in quiz.answers] == [("b", True), ("b", False), ("-1/2", True)]
    assert all(given.seconds and given.seconds > 0 for given in quiz.answers)
    assert "2 of 3 right" in text_of(quiz)


def test_a_question_can_be_left_out_and_arrows_choose() -> None:
    quiz = QuizState([ONE, NUMBER])
    quiz.move(1)
    quiz.move(1)
    quiz.enter()
    quiz.enter()
    quiz.leave_out()
    assert "Left out." in text_of(quiz)
    assert [given.text for given in quiz.answers] == ["b", None]


def test_a_letter_that_was_not_confirmed_is_no_wrong_answer_and_what_is_told_leaves_other_letters_out() -> None:
    quiz = QuizState([ONE, SEVERAL])
    wrong = next(place for place, choice in enumerate(ONE.choices) if not choice.is_right)
    quiz.press("abcdef"[wrong])
    quiz.leave_out()
    told = text_of(quiz)
    assert "Left out." in told
    assert "✗" not in told
    assert [f"{letter})" in told for letter, _ in zip("abcdef", ONE.choices, strict=False)] == [
        choice.is_right for choice in ONE.choices
    ]


@pytest.mark.parametrize("width", [20, 58, 120])
def test_every_row_is_as_wide_as_asked(width: int) -> None:
    quiz = QuizState([ONE, SEVERAL, NUMBER])
    for key in ("", "a", "enter", "enter", "tab", "enter", "9", "enter", "enter"):
        if key == "enter":
            quiz.enter()
        elif key == "tab":
            quiz.leave_out()
        else:
            press(quiz, key)
        assert {row_width(row) for row in quiz_rows(quiz, width)} == {width}


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return record_text(tmp_path_factory.mktemp("quiz"), SCRIPT)


async def test_a_quiz_is_walked_through_by_keys_and_shows_no_answer_before_it_was_given(recording: Recording) -> None:
    questions = choose_questions(recording, 0, 9)
    (shape,) = [question for question in questions if "matmul" in question.prompt]
    assert shape.said == "7x5"
    assert isinstance(recording.path, Path)
    app = QuizApp(recording.path, questions)
    async with app.run_test(size=(100, 30)) as pilot:
        for question in questions:
            await pilot.pause()
            assert isinstance(app.screen, QuizScreen)
            shown = screen_text(screen_strips(app))
            scene = shown.partition(question.prompt[:20])[0]
            assert "seven rows" not in shown
            assert "(as it" not in shown  # covered comments are no edits
            if question is shape:
                assert "7x5" not in scene
            if question.kind == "leaves":
                assert "∇" not in scene
            for sign in question.right:
                await pilot.press({"-": "minus", ".": "full_stop"}.get(sign, sign))
            await pilot.press("enter")
            await pilot.pause()
            shown = screen_text(screen_strips(app))
            assert "Right." in shown
            if question is shape:
                assert "7x5" in shown.partition(question.prompt[:20])[0]
            await pilot.press("enter")
        await pilot.pause()
        assert f"{len(questions)} of {len(questions)} right" in screen_text(screen_strips(app))
        await pilot.press("enter")
        await pilot.pause()
    assert [given.grade.is_right for given in app.answers] == [True] * len(questions)
