"""`graphlab check` of a light run: the step that became NaN is replayed in full, and its op named."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from graphlab.cli import main

SCRIPT = '''
    """A training in which one batch is all zeros"""

    import torch

    torch.manual_seed({seed})
    STEPS = {steps}
    PLANTED = {planted}
    weight = torch.nn.Parameter(torch.randn(3, 2) / 2)
    optimizer = torch.optim.SGD([weight], lr=1e-3)
    for number in range(1, STEPS + 1):
        batch = torch.rand(4, 3) + 0.1
        if number == PLANTED:
            batch[2] = 0.0
        direction = batch / batch.norm(dim=1, keepdim=True)
        loss = ((direction @ weight) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if loss.isnan():
            break
'''
LINE = 14
"""Where a row of zeros is divided by its norm."""


def checked(folder: Path, capfd: pytest.CaptureFixture[str], *options: str, seed: str = "0", **sizes: int) -> Any:
    script = folder / "train.py"
    script.write_text(textwrap.dedent(SCRIPT).lstrip().format(seed=seed, **sizes), encoding="utf-8")
    assert main(["check", str(script), "--detail", "light", "--json", *options]) == 1
    told = capfd.readouterr()
    graves = [each for each in json.loads(told.out)["findings"] if each["severity"] == "error"]
    assert len(graves) == 1
    return graves[0], told.err


def expect_division(found: Any, step: int) -> None:
    assert (found["finding"], found["step"], found["line"]) == ("not-finite", step, LINE)
    evidence = found["evidence"]
    assert (evidence["op"], evidence["cause"], evidence["replayed"]) == ("div", "zero-by-zero", True)
    assert evidence["index"] == [2, 0]


def test_a_nan_of_a_light_run_is_replayed_in_full_and_the_op_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    found, said = checked(tmp_path, capfd, steps=60, planted=43)
    expect_division(found, 43)
    assert "replaying step 43" in said


def test_without_a_replay_light_detail_tells_the_step_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found, said = checked(tmp_path, capfd, "--no-replay", steps=30, planted=17)
    assert (found["finding"], found["step"], found["evidence"]["record_in_full"]) == ("not-finite", 17, 17)
    assert "replaying" not in said


def test_where_the_script_runs_another_way_light_detail_stands(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    found, said = checked(tmp_path, capfd, seed="__import__('time').time_ns() % 2**31", steps=30, planted=17)
    assert (found["step"], found["evidence"]["record_in_full"]) == (17, 17)
    assert "did not run again" in said


@pytest.mark.slow
def test_a_nan_planted_at_step_48213_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found, _ = checked(tmp_path, capfd, steps=48_300, planted=48_213)
    expect_division(found, 48_213)
