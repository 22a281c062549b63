"""The command `graphlab check`: its exit codes, its JSON and its table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from graphlab.cli import main
from tests.recorded import try_text

BROKEN = Path(__file__).parent / "broken"


@pytest.fixture(scope="module")
def squashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("check")
    name = "softmax_then_cross_entropy"
    recording, _ = try_text(folder, (BROKEN / f"{name}.py").read_text(encoding="utf-8"), name=name)
    recording.close()
    return folder / f"{name}.glab"


def test_json_names_the_recording_its_status_and_each_finding(
    squashed: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(squashed), "--json"]) == 1
    said = json.loads(capfd.readouterr().out)
    assert (said["recording"], said["status"]) == (str(squashed), "ok")
    (found,) = [each for each in said["findings"] if each["severity"] != "note"]
    assert (found["finding"], found["line"], found["lines"], found["step"]) == (
        "softmax-before-cross-entropy", 29, [19, 29], 1,
    )  # fmt: skip


@pytest.mark.parametrize(("severity", "code"), [("error", 0), ("warning", 1), ("note", 1)])
def test_the_exit_code_is_1_from_the_severity_on_that_was_asked_for(
    squashed: Path, severity: str, code: int, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(squashed), "--fail-on", severity]) == code
    shown = capfd.readouterr().out
    assert "softmax_then_cross_entropy.py:29 (with 19)" in shown
    assert "29 | loss = criterion(outputs, y)" in shown
    assert "found 1 warning" in shown


def test_of_a_single_number_no_place_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    name = "dead_before_not_finite"
    recording, _ = try_text(tmp_path, (BROKEN / f"{name}.py").read_text(encoding="utf-8"), name=name)
    recording.close()
    assert main(["check", str(tmp_path / f"{name}.glab"), "--no-replay"]) == 1
    shown = capfd.readouterr().out
    assert "made: infinity" in shown
    assert "index" not in shown


def test_a_script_is_recorded_for_it_and_what_it_prints_keeps_out_of_the_json(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "healthy.py"
    script.write_text("import torch\nprint('hello')\nw = torch.ones(2, requires_grad=True)\n(w * 2).sum().backward()\n")
    assert main(["check", str(script), "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == {"recording": None, "status": "ok", "findings": []}
    assert main(["check", str(script)]) == 0
    assert "nothing found" in capfd.readouterr().out


@pytest.mark.parametrize(
    "words", [["nowhere.glab"], ["nowhere.py"], [], ["mlp_low", "--fail-on", "everything"], ["mlp_low", "--steps", "0"]]
)
def test_bad_input_is_one_line_and_exit_code_2(words: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *words]) == 2
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith("graphlab: ")
