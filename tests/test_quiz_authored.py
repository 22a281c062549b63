"""The language of answers: names looked up in a recording, claims held against it, and nothing ever run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graphlab.quiz import choose_questions, find_problems, grade
from graphlab.quiz.answers import AnswerError, look_up
from graphlab.recording import Recording
from tests.recorded import record_text

SCRIPT = """
    import torch
    from torch import nn

    LR = 0.5
    torch.manual_seed(0)
    w = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    x = torch.ones(2)
    model = nn.Sequential(nn.Linear(2, 1))
    # Two numbers.
    # ? Which shape has h?
    # = h.shape == (2,)
    h = w @ x
    # ? Will w.grad be None?
    # = w.grad is None
    # ? What is w.grad[1, 0]?
    # = w.grad[1, 0] == 7.0
    h.pow(2).sum().mul(LR).backward()
    # ? Where does it go?
    # = "to the leaf"
    # - "to x"
    assert w.grad is not None
    for step in range(2):
        # ? What is step, doubled?
        # = step * 2
        count = step * 2
    # ? Nobody says.
    name = "end"
    if count > 100:
        # ? Never?
        # = 1
        name = "never"
    # ? What is this?
    # = w.nonsense
    other = name
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return record_text(tmp_path_factory.mktemp("authored"), SCRIPT)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("w.grad[1, 0]", 7.0), ("w.grad[-1, -1]", 7.0), ("w.shape", (2, 2)), ("w.ndim", 2), ("w.dtype", "float32"),
        ("w.is_leaf", True), ("h.is_leaf", False), ("h.grad_fn", "MvBackward0"), ("x.grad_fn", None),
        ("x.requires_grad", False), ("h.requires_grad", True), ("x.grad", None), ("h.grad", None),
        ("w.grad is None", False), ("x.grad is None", True), ("w.grad is not None", True), ("h", (3.0, 7.0)),
        ("h.sum()", 10.0), ("h.mean()", 5.0), ("w.grad.norm()", pytest.approx(10.770329)), ("w.numel()", 4),
        ("w.grad.max()", 7.0), ("w.grad.shape[0]", 2), ("LR * 2 - 1", 0.0), ("count", 2), ("name", "end"),
        ("-w[0, 0]", -1.0), ("h[0] < h[1]", True), ("model[0].weight.shape", (1, 2)), ("model[0].bias.grad", None),
        ("(20, 1)", (20, 1)), ("'text'", "text"), ("None", None),
    ],
)  # fmt: skip
def test_what_an_expression_comes_to(recording: Recording, text: str, value: Any) -> None:
    assert look_up(recording, text, recording.event_count).value == value


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')", "open('x')", "w.grad.tolist()", "w.__class__", "[y for y in w]", "lambda: 1",
        "w.grad[0]", "w[5, 5]", "nowhere", "w.grad.item()", "w +", "x.grad.norm()", "w if w else w", "1 < 2 < 3",
        "w ** 2", "1 / 0", "f'{w}'", "max(w)", "w.sum(0)", "(" * 300 + ")" * 300,
    ],
)  # fmt: skip
def test_what_is_not_in_the_language_or_not_in_the_recording_is_refused(recording: Recording, text: str) -> None:
    with pytest.raises(AnswerError):
        look_up(recording, text, recording.event_count)


def test_a_claim_is_true_as_far_as_its_digits_go(recording: Recording) -> None:
    moment = recording.event_count
    assert look_up(recording, "w.grad.norm() == 10.7703", moment).is_true
    assert not look_up(recording, "w.grad.norm() == 10.78", moment).is_true
    assert look_up(recording, "h.shape == (2,)", moment).is_true
    assert not look_up(recording, "h.shape == (2, 1)", moment).is_true


def test_the_author_s_questions_come_first_and_are_asked_before_their_line(recording: Recording) -> None:
    found = [question for question in choose_questions(recording, 0, 8) if question.kind == "authored"]
    assert [(question.prompt, question.form, question.said) for question in found] == [
        ("Which shape has h?", "text", "2"),
        ("Will w.grad be None?", "one", "no"),
        ("What is w.grad[1, 0]?", "number", "7"),
        ("Where does it go?", "one", "to the leaf"),
        ("What is step, doubled?", "number", "0"),
    ]
    assert all(grade(question, question.right).is_right for question in found)
    assert all(question.moment < question.event for question in found)
    first = recording.event(found[0].event)
    assert (first.kind, first.line) == ("line", 13)
    assert recording.event(found[0].moment).line == 9


def test_what_cannot_be_asked_is_said_with_its_line(recording: Recording) -> None:
    assert find_problems(recording) == [
        "line 28: the question has no answer: a comment that begins with `# =`",
        "line 32: it never ran, so its question has no answer",
        "line 35: the answer `w.nonsense` cannot be looked up: w has no nonsense",
    ]


def test_an_answer_that_the_run_does_not_show_is_told(tmp_path: Path) -> None:
    wrong = record_text(tmp_path, "# ? How many?\n# = x == 3\nx = 2\n")
    assert find_problems(wrong) == ["line 3: the author says 3, the recording 2"]
