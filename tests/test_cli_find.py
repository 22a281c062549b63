"""`graphlab show RECORDING --find QUERY`: matches a line each, the count last, and grep's exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from graphlab.cli import main
from tests import builders
from tests.recorded import record_text


@pytest.fixture(scope="module")
def rnn(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(builders.rnn_cell(tmp_path_factory.mktemp("rnn")).path)


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(builders.training(tmp_path_factory.mktemp("training")).path)


def test_a_match_is_a_line_and_the_count_comes_last(rnn: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", rnn, "--find", "op:tanh |grad|>1"]) == 0
    row, count = capsys.readouterr().out.splitlines()
    assert count == "1 match"
    assert row == "e26  step 1  node 8  TanhBackward0  next_h  -  rnn_cell.py:27  op TanhBackward0, |grad| 4.4721"


def test_lines_and_printed_texts_are_found_too(rnn: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", rnn, "--find", "loss -kind:op -kind:output"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert rows[-1] == f"{len(rows) - 1} matches"
    assert [row.split("  ")[2] for row in rows[:-1]] == ["line", "line", "printed", "line"]
    assert "print(f" in rows[-2]


def test_nothing_found_is_one_as_of_grep(rnn: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", rnn, "--find", "grad:nan"]) == 1
    assert capsys.readouterr().out == "0 matches\n"


def test_a_step_is_looked_at_alone(training: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", training, "--find", "kind:parameter |grad|>0", "--step", "3"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert rows[-1] == "2 matches"
    assert all("step 3  " in row for row in rows[:-1])


def test_json_holds_the_same(rnn: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", rnn, "--find", "W_h |grad|>0 |value|>1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["query"], found["count"], found["notes"]) == ("W_h |grad|>0 |value|>1", len(found["matches"]), [])
    leaf = next(match for match in found["matches"] if match["kind"] == "leaf")
    assert (leaf["name"], leaf["file"], leaf["step"]) == ("W_h", "rnn_cell.py", 1)
    assert leaf["gradient"] > 0
    assert leaf["value"] > 1
    assert main(["show", rnn, "--find", "nan", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["matches"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--find", "foo:bar"], "there is no foo: here; understood are op: name:"),
        (["--find", "|grad|>much"], "|grad| is compared with a number"),
        (["--find", "  "], "--find takes what to look for"),
        (["--find", "mm", "--step", "9"], "there is no step 9"),
        (["--find", "mm", "--step", "x"], "--step takes a whole number from 1, not 'x'"),
        (["--step", "1"], "--step goes with --find"),
        (["--find", "mm", "--plain"], "not allowed with argument --find"),
    ],
)
def test_a_bad_query_is_told_in_one_line(
    rnn: str, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", rnn, *words]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err
    assert told.err.count("\n") == 1


def test_what_could_not_be_asked_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = """
        import torch
        w = torch.ones(2, requires_grad=True)
        for _ in range(3):
            (w * 2).sum().backward()
            with torch.no_grad():
                w -= 0.1 * w.grad
            w.grad = None
    """
    path = record_text(tmp_path, text, detail="light").path
    assert main(["show", str(path), "--find", "|value|<0.6"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert [row.split("  ")[1] for row in rows[:-2]] == ["step 3"]
    assert rows[-2].startswith("note: values are not recorded in light")
    assert rows[-1] == "1 match"
