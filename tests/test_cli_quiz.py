"""`graphlab quiz` without a screen: answers from a file or stdin, the score in text and as JSON."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from graphlab.cli import main
from graphlab.sentences import format_number
from tests.recorded import record_text

SCRIPT = """
    import torch

    w = torch.tensor([1.0, 2.0], requires_grad=True)
    for step in range(2):
        loss = (w * w).sum()
        loss.backward()
        with torch.no_grad():
            w -= 0.1 * w.grad
            w.grad = None
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(record_text(tmp_path_factory.mktemp("quiz"), SCRIPT).path)


def ask(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main(["quiz", *words, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_right_answers_from_a_file_score_all_and_wrong_ones_none(
    recording: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    blank = ask(capsys, recording, "--count", "6", "--seed", "2")
    assert (blank["seed"], blank["source"], blank["scenario"]) == (2, recording, "script")
    assert blank["score"]["right"] == 0
    assert [question["given"] for question in blank["questions"]] == [None] * 6
    answers = tmp_path / "answers.txt"
    answers.write_text("\n".join(question["answer"] for question in blank["questions"]), encoding="utf-8")
    right = ask(capsys, recording, "--count", "6", "--seed", "2", "--answers", str(answers))
    assert right["score"]["right"] == right["score"]["asked"] == 6
    assert sum(kind["asked"] for kind in right["score"]["kinds"].values()) == 6
    assert all(question["right"] for question in right["questions"])
    answers.write_text("zz\n" * 6, encoding="utf-8")
    wrong = ask(capsys, recording, "--count", "6", "--seed", "2", "--answers", str(answers))
    assert wrong["score"]["right"] == 0
    assert [question["prompt"] for question in wrong["questions"]] == [
        question["prompt"] for question in right["questions"]
    ]


def test_as_text_each_answer_is_followed_by_its_explanation_and_the_score(
    recording: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a\n\nnonsense\n"))
    assert main(["quiz", recording, "--count", "3", "--answers", "-"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("script: 3 questions (seed 0)")
    assert text.count(", event e") == 3
    assert "Left out:" in text
    assert " of 3 right" in text


def test_where_the_answers_end_nothing_more_is_asked_and_without_any_it_is_no_success(
    recording: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert main(["quiz", recording]) == 2
    said = capsys.readouterr()
    assert "graphlab: no answers came: the input is at its end" in said.err
    assert said.out.count(", event e") == 1 and "Left out" not in said.out
    monkeypatch.setattr("sys.stdin", io.StringIO("a\n\n"))
    assert main(["quiz", recording, "--count", "4"]) == 0
    said = capsys.readouterr()
    assert "the answers end before question 3 of 4" in said.err
    assert said.out.count("Left out:") == 1 and " of 2 right" in said.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--count", "none"], "--count takes a whole number from 1 to 200, not 'none'"),
        (["--seed", "-1"], "--seed takes a whole number from 0, not '-1'"),
        (["--answers", "nowhere.txt"], "cannot read the answers in nowhere.txt: No such file or directory"),
    ],
)
def test_bad_words_are_one_line(
    recording: str, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["quiz", recording, *words]) == 2
    assert capsys.readouterr().err == f"graphlab: {said}\n"


def test_a_run_without_anything_to_ask_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nothing = record_text(tmp_path, "x = 1\n")
    assert main(["quiz", str(nothing.path), "--answers", "-"]) == 2
    assert "there is nothing to ask about this run" in capsys.readouterr().err


def test_a_script_is_recorded_in_silence_and_with_the_seed_where_it_has_none(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "draws.py"
    text = "import torch\nw = torch.randn((), requires_grad=True)\n(w * w).backward()\nprint('spoken', w)\n"
    script.write_text(text, encoding="utf-8")
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert main(["quiz", str(script), "--json", "--seed", "5"]) == 0
    said = capfd.readouterr()
    assert "spoken" not in said.out + said.err
    prompts = [question["prompt"] for question in json.loads(said.out)["questions"]]
    with torch.random.fork_rng():
        torch.manual_seed(5)
        drawn = format_number(torch.randn(()).item())
    assert any(f"w = {drawn}." in prompt for prompt in prompts)
