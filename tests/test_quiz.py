"""The quiz asks what the recording answers: torch's own numbers, shapes and order, each before it is shown."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
import torch

from graphlab.errors import UsageError
from graphlab.quiz import Question, accumulation, choose_questions, grade, leaves, order, shapes, updates, values
from graphlab.quiz.blinders import BlindedRecording, cover
from graphlab.quiz.question import Belief, Candidate, Choice
from graphlab.recording import Recording
from tests.recorded import record_text

SCRIPT = '''
    """A line through points

    The gradient of w is secret.
    """

    import torch

    # %% Data
    x = torch.tensor([[1.0], [2.0], [3.0]])  # 3x1
    y = torch.tensor([[2.0], [4.0], [6.0]])
    w = torch.tensor(1.0, requires_grad=True)
    b = torch.zeros(2, requires_grad=True)
    never = torch.ones(3, requires_grad=True)
    optimizer = torch.optim.SGD([w, b, never], lr=0.1)
    for step in range(2):
        # comes out as 3x2
        table = x * w + b
        part = w * 3.0
        loss = (table - y).mean() + part * w
        loss.backward()
        optimizer.step()
    optimizer.zero_grad()
    product = x.t() @ table
    total = product.sum(dim=1)
'''


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return record_text(tmp_path_factory.mktemp("quiz"), SCRIPT)


def made(candidates: list[Candidate]) -> list[Question]:
    """Make every question of a kind, in order."""
    return [question for each in candidates if (question := each.make(Random(0))) is not None]


def test_the_order_of_a_backward_is_asked_as_torch_ran_it(recording: Recording) -> None:
    questions = made(list(order.find(recording, recording.steps[:1])))
    assert len(questions) >= 5
    for question in questions:
        node = recording.event(question.event).node
        assert node is not None
        name = recording.node(node).op or recording.names(question.event)[node][0]
        (right,) = [choice.text for choice in question.choices if choice.is_right]
        assert name in right
        assert all(choice.remark for choice in question.choices if not choice.is_right)
    # Both branches of the sum are ready; the one made last goes first, the other is a choice.
    first = questions[0]
    assert first.said.startswith("MulBackward0")
    assert any(choice.text.startswith("MeanBackward0") for choice in first.choices)


def test_values_are_those_of_autograd_and_the_sum_of_several_uses_is_asked(recording: Recording) -> None:
    found = made(list(values.find(recording, recording.steps[:1])))
    by_prompt = {question.prompt: question.number for question in found}
    w = torch.tensor(1.0, requires_grad=True)
    x, y = torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([[2.0], [4.0], [6.0]])
    (((x * w + torch.zeros(2)) - y).mean() + w * 3.0 * w).backward()
    assert w.grad is not None
    (whole,) = [number for prompt, number in by_prompt.items() if "w was used 3 times" in prompt]
    assert whole == pytest.approx(w.grad.item())
    products = [question for question in found if "part * w" in question.prompt and "MulBackward0" in question.prompt]
    (product,) = products
    assert product.number in {1.0, 3.0}
    assert product.said in product.explanation
    assert grade(product, str(product.number)).is_right
    assert not grade(product, str(-product.number)).is_right
    assert grade(product, str(-product.number)).remark


def test_shapes_are_asked_where_they_first_come_up_and_never_twice(recording: Recording) -> None:
    questions = made(list(shapes.find(recording, recording.steps)))
    said = {(question.prompt.rpartition(". ")[2], question.said) for question in questions}
    assert ("Which shape does `add` make of 3x1, 2?", "3x2") in said
    assert ("Which shape does `matmul` make of 1x3 @ 3x2?", "1x2") in said
    assert ("Which shape does `sum` make of 1x2?", "1") in said
    total = next(each for each in questions if "`sum` make of 1x2" in each.prompt)
    assert {each.text: each.remark for each in total.choices}["2"] == "That would be left with another dim=."
    ops = [question for question in questions if "make of" in question.prompt]
    assert len({question.prompt for question in ops}) == len(ops)
    (gradient,) = [question for question in questions if question.prompt.startswith("`b.grad`")][:1]
    assert gradient.said == "2"
    assert "3x2" in [choice.text for choice in gradient.choices]


def test_what_is_in_grad_is_told_apart(recording: Recording) -> None:
    found = {candidate.key[1]: candidate for candidate in accumulation.find(recording, recording.steps)}  # type: ignore[index]  # each key of this kind is a pair
    assert set(found) == {"new", "sum", "stays", "none", "missing"}
    said = {key: question.said for key, each in found.items() if (question := each.make(Random(0))) is not None}
    assert said["none"] == said["missing"] == "None"
    assert said["sum"].startswith("what is there now, plus")


def test_leaves_are_those_that_torch_calls_so_and_that_require_a_gradient(recording: Recording) -> None:
    (question,) = made(list(leaves.find(recording, recording.steps[:1])))
    right = {choice.text for choice in question.choices if choice.is_right}
    assert right <= {"w", "b", "never"}
    assert {choice.text for choice in question.choices} - right <= {"x", "y", "table", "part", "loss"}


def test_an_update_is_downhill_and_the_wrong_ways_are_offered(recording: Recording) -> None:
    questions = made(list(updates.find(recording, recording.steps[:1])))
    question = questions[0]
    change = next(each for each in recording.changes(question.event) if each.node == question.node)
    assert change.after is not None and change.after.array is not None
    assert float(question.said) == pytest.approx(float(change.after.array.ravel()[0]), rel=1e-4)
    remarks = [choice.remark for choice in question.choices if not choice.is_right]
    assert len(remarks) == 3
    assert any("uphill" in remark for remark in remarks)


@pytest.mark.parametrize(
    ("optimizer", "asked", "wrong"),
    [
        ("SGD([w], lr=0.05, momentum=0.8)", "the momentum 0.8; the last step moved it by", "plain descent"),
        ("SGD([w], lr=0.05, momentum=0.8, nesterov=True)", "Nesterov's momentum 0.8", "ordinary momentum"),
        ("Adam([w], lr=0.1)", "Adam's mean of the gradients comes to", "divides the mean"),
        # Other rules, which the quiz does not know: it asks nothing rather than a falsehood.
        ("SGD([w], lr=0.05, momentum=0.8, weight_decay=0.3)", "", ""),
        ("Adam([w], lr=0.1, betas=(0.5, 0.9))", "", ""),
        ("AdamW([w], lr=0.1)", "", ""),
    ],
)
@pytest.mark.parametrize("loss", ["(w ** 4).sum()", "(w * x).sum() ** 2"])
def test_later_steps_are_asked_about_where_what_the_optimizer_keeps_explains_them(
    tmp_path: Path, optimizer: str, asked: str, wrong: str, loss: str
) -> None:
    """Also where all elements move alike, so that one rule can look like another."""
    run = record_text(
        tmp_path,
        f"""
        import torch
        w = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
        x = torch.tensor([0.5, 1.5, -1.0])
        optimizer = torch.optim.{optimizer}
        for step in range(3):
            optimizer.zero_grad()
            ({loss} / 50).backward()
            optimizer.step()
        """,
    )
    questions = made(list(updates.find(run, run.steps[1:])))
    assert [question.step for question in questions] == ([2, 3] if asked else [])
    for question in questions:
        change = next(each for each in run.changes(question.event) if each.node == question.node)
        assert change.after is not None and change.after.array is not None
        assert any(float(question.said) == pytest.approx(float(each), rel=1e-4) for each in change.after.array)
        assert asked in question.prompt
        assert sum(choice.is_right for choice in question.choices) == 1
        assert any(wrong in choice.remark for choice in question.choices)
        # The sum that the explanation writes down comes to what it says.
        written, after = question.explanation.partition(": ")[0].replace("−", "-").replace("·", "*").split(" = ")
        assert eval(written) == pytest.approx(float(after), rel=1e-3)


def test_the_same_seed_asks_the_same_and_no_answer_shows_another(recording: Recording) -> None:
    first, again, other = (choose_questions(recording, seed, 12) for seed in (3, 3, 4))
    assert first == again != other
    assert len(first) == 12
    assert len({question.kind for question in first}) == 6
    for one, two in pairwise(first):
        assert one.moment < one.event <= two.moment
    assert len({question.prompt for question in first}) == len(first)


def test_before_the_answer_nothing_of_what_comes_is_known(recording: Recording) -> None:
    for question in choose_questions(recording, 1, 12):
        blinded = BlindedRecording(recording.reader, question.moment, is_covered=True)
        assert blinded.event_count == question.moment
        step = blinded.steps[-1]
        assert step.last <= max(question.moment, step.first)
        structure = blinded.structure(step.step)
        assert all(node.event <= question.moment for node in structure.nodes.values())
        assert all(edge.target in structure.nodes for edge in structure.edges)
        assert blinded.next_event(question.moment) is None
        assert "secret" not in blinded.files[0].text
        assert "comes out as" not in blinded.files[0].text


def test_covering_moves_no_line_and_keeps_chapters_and_code() -> None:
    text = '"""Title\n\nSecret.\n"""\n# %% One\n# secret\nx = "# no comment"  # secret\n'
    assert cover(text) == '"""Title\n\n\n"""\n# %% One\n# …\nx = "# no comment"  # …\n'
    assert cover("x = (") == "x = ("


def test_light_detail_says_in_one_line_that_it_tells_too_little(tmp_path: Path) -> None:
    light = record_text(tmp_path, SCRIPT, detail="light")
    with pytest.raises(UsageError, match="light detail"):
        choose_questions(light)


def test_a_graph_too_large_to_be_asked_about_is_no_run_without_a_backward(
    recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "is_large", lambda step: True)
    with pytest.raises(UsageError, match="more than 5,000 nodes"):
        choose_questions(recording)


def test_of_a_light_run_the_steps_that_were_recorded_in_full_are_asked_about(tmp_path: Path) -> None:
    text = SCRIPT.replace("range(2)", "range(9)")
    light = record_text(tmp_path, text, detail="light", windows=((6, 7),))
    assert {question.step for question in choose_questions(light)} <= {6, 7}


ONE = Question("shape", 1, 2, 1, "?", "one", "3x2", "", (Choice("2x3", remark="turned"), Choice("3x2", is_right=True)))
SEVERAL = Question("leaves", 1, 2, 1, "?", "several", "a, c", "",
                   (Choice("a", is_right=True), Choice("b"), Choice("c", is_right=True)))  # fmt: skip
NUMBER = Question("gradient", 1, 2, 1, "?", "number", "-0.5", "", number=-0.5, beliefs=(Belief(0.5, "sign"),))
TEXT = Question("authored", 1, 2, 1, "?", "text", "20x1", "")


@pytest.mark.parametrize(
    ("question", "given", "is_right"),
    [
        (ONE, "b", True), (ONE, " B) ", True), (ONE, "2", True), (ONE, "a", False), (ONE, "ab", False),
        (ONE, "z", False),
        (SEVERAL, "a c", True), (SEVERAL, "ca", True), (SEVERAL, "1,3", True), (SEVERAL, "abc", False),
        (SEVERAL, "-", False), (SEVERAL, "none", False),
        (NUMBER, "-0.5", True), (NUMBER, "−1/2", True), (NUMBER, "-0,5", True), (NUMBER, "-0.504", True),
        (NUMBER, "-0.51", False), (NUMBER, "0.5", False), (NUMBER, "1/0", False), (NUMBER, "half", False),
        (TEXT, "(20, 1)", True), (TEXT, "20 x 1", True), (TEXT, "torch.Size([20, 1])", True), (TEXT, "1x20", False),
    ],
)  # fmt: skip
def test_an_answer_may_be_written_in_several_ways(question: Question, given: str, is_right: bool) -> None:
    assert grade(question, given).is_right is is_right


def test_a_wrong_answer_is_told_what_it_overlooked_and_an_unreadable_one_how_to_write_it() -> None:
    assert grade(ONE, "a").remark == "turned"
    assert grade(NUMBER, "0.5").remark == "sign"
    assert "a to b" in grade(ONE, "z").problem
    assert "number" in grade(NUMBER, "half").problem
