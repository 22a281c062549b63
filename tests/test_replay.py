"""A window of steps in full inside a light run, and the same afterwards: the script again, compared bit for bit."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from graphlab.cli import messages
from graphlab.cli.entry import main
from graphlab.errors import ScenarioError, UsageError
from graphlab.recorder import run_script
from graphlab.recording import Recording, open_recording
from graphlab.replay import changed_files, plan_replay, replay, what_to_seed
from graphlab.request import RunRequest
from tests.commands import RunGraphlab
from tests.recorded import lines, record_text

BY_OPTIMIZER = """\
import torch
torch.manual_seed(0)
model = torch.nn.Linear(3, 1)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)


def train(steps):
    for step in range(steps):
        x = torch.randn(8, 3)
        loss = (model(x) - x.sum(1, keepdim=True)).pow(2).mean()
        if step == 6:
            loss = loss * float("nan")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


train(9)
"""
BY_HAND = """\
import torch
torch.manual_seed(0)
w = torch.zeros(3, requires_grad=True)
for step in range(9):
    loss = (w - torch.randn(3)).pow(2).sum()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
    w.grad = None
"""
BY_DATA = BY_HAND.replace("with torch.no_grad():\n        w -=", "if True:\n        w.data -=")


def details(run: Recording) -> list[str]:
    return [step.detail for step in run.steps]


@pytest.mark.parametrize("text", [BY_OPTIMIZER, BY_HAND, BY_DATA], ids=["optimizer", "by hand", "through data"])
def test_a_window_of_a_light_run_is_what_a_full_run_records_there(tmp_path: Path, text: str) -> None:
    full = record_text(tmp_path, text, name="full")
    run = record_text(tmp_path, text, name="window", detail="light", windows=[(4, 5)])
    assert details(run)[3:5] == ["full", "full"]
    assert details(run)[:2] == ["light"] * 2
    assert details(run)[5:] == ["light"] * 4
    assert list(map(repr, run.losses)) == list(map(repr, full.losses))
    for number in (4, 5):
        inside, there = (recording.step(number) for recording in (run, full))
        assert (inside.nodes, inside.edges) == (there.nodes, there.edges)
        said = [
            [(event.kind, event.line, event.text) for event in recording.events_between(step.first, step.last)]
            for recording, step in ((run, inside), (full, there))
        ]
        assert said[0] == said[1]
        assert run.step_gradients(number)[0].gradient == full.step_gradients(number)[0].gradient
        norms = [[each.update_norm for each in recording.step_parameters(number)] for recording in (run, full)]
        assert norms[0] == norms[1]


def test_a_window_at_the_start_and_one_that_never_comes(tmp_path: Path) -> None:
    run = record_text(tmp_path, BY_OPTIMIZER, detail="light", windows=[(1, 2), (40, 50)])
    assert details(run) == ["full"] * 2 + ["light"] * 7
    assert lines(run)[0] == 1


def first_run(folder: Path, text: str = BY_OPTIMIZER, **options: Any) -> Path:
    """Record a script in a folder, to be run again."""
    script = folder / "train.py"
    script.write_text(text, encoding="utf-8")
    path = folder / "recordings" / "train.glab"
    request = RunRequest(script, text, "train", detail="light", **options)
    assert run_script(request, path, tell=lambda _: None).error is None
    return path


def run_again(path: Path, window: tuple[int, int]) -> tuple[Recording, Any]:
    recording = open_recording(path)
    output = path.with_name("again.glab")
    outcome = replay(recording, plan_replay(recording, window), output, tell=lambda _: None)
    return open_recording(output), outcome


def test_a_replay_has_the_window_in_full_and_the_first_runs_losses(tmp_path: Path) -> None:
    path = first_run(tmp_path)
    run, outcome = run_again(path, (7, 7))
    assert outcome.parting is None
    assert outcome.compared == 7
    assert details(run)[:5] == ["light"] * 5
    assert details(run)[6] == "full"
    assert len(run.steps) == 7, "it ends with the window"
    assert repr(run.losses[6]) == "nan"
    step = run.step(7)
    calls = [event.text for event in run.events_between(step.first, step.last, ("op",))]
    assert "mul" in calls, "the op that made it NaN"


def test_where_two_runs_part_the_replay_ends(tmp_path: Path) -> None:
    path = first_run(tmp_path, BY_OPTIMIZER.replace("torch.manual_seed(0)\n", ""))
    run, outcome = run_again(path, (5, 5))
    assert outcome.parting is not None
    assert outcome.parting.step == 1
    assert outcome.parting.then != outcome.parting.now
    assert len(run.steps) <= 2
    assert what_to_seed(run) == ["torch.manual_seed(0)"]


def test_a_seed_of_ours_is_set_again(tmp_path: Path) -> None:
    path = first_run(tmp_path, BY_OPTIMIZER.replace("torch.manual_seed(0)\n", ""), seed=3, is_seeding=True)
    assert run_again(path, (5, 5))[1].parting is None
    assert what_to_seed(open_recording(path)) == []


def test_a_script_that_has_changed_runs_as_it_was(tmp_path: Path) -> None:
    path = first_run(tmp_path)
    (tmp_path / "train.py").write_text("raise SystemExit(3)\n", encoding="utf-8")
    assert run_again(path, (2, 3))[1].parting is None


def test_modules_of_the_script_that_have_changed_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "beside.py").write_text("RATE = 0.01\n\n\ndef rate():\n    return RATE\n", encoding="utf-8")
    text = BY_OPTIMIZER.replace("import torch\n", "import torch\nimport beside\n", 1).replace(
        "lr=0.01", "lr=beside.rate()"
    )
    monkeypatch.delitem(sys.modules, "beside", raising=False)
    path = first_run(tmp_path, text, windows=[(1, 1)])
    monkeypatch.delitem(sys.modules, "beside", raising=False)
    recording = open_recording(path)
    assert changed_files(recording, tmp_path / "train.py") == []
    (tmp_path / "beside.py").write_text("def rate():\n    return 0.02\n", encoding="utf-8")
    assert changed_files(recording, tmp_path / "train.py") == ["beside.py"]


def test_what_cannot_be_replayed_is_told(tmp_path: Path) -> None:
    path = first_run(tmp_path)
    recording = open_recording(path)
    with pytest.raises(UsageError, match="there are no steps 8 to 10"):
        plan_replay(recording, (8, 10))
    (tmp_path / "train.py").unlink()
    with pytest.raises(ScenarioError, match="--script"):
        plan_replay(recording, (1, 1))
    run = record_text(tmp_path, BY_HAND, detail="light", has_values=False)
    with pytest.raises(UsageError, match="does not say how its script was run"):
        plan_replay(run, (1, 1))


def test_the_command_says_whether_the_runs_agree(tmp_path: Path, run_graphlab: RunGraphlab) -> None:
    path = first_run(tmp_path)
    child = run_graphlab("replay", str(path), "--full", "6:7", "--json", folder=tmp_path)
    assert child.returncode == 0, child.stderr
    report = json.loads(child.stdout)
    assert report["full"] == [6, 7]
    assert report["parted"] is None
    assert report["compared"] == 7
    assert "the losses of all 7 steps are the same, bit for bit" in child.stderr
    assert details(open_recording(Path(report["recording"])))[5:] == ["full", "full"]


def test_a_replay_runs_in_the_folder_of_the_first_run(tmp_path: Path, run_graphlab: RunGraphlab) -> None:
    at_home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    (at_home / "data").mkdir(parents=True)
    elsewhere.mkdir()
    (at_home / "data" / "rate.txt").write_text("0.01", encoding="utf-8")
    (at_home / "src").mkdir()
    text = "from pathlib import Path\n" + BY_OPTIMIZER.replace("lr=0.01", 'lr=float(Path("data/rate.txt").read_text())')
    (at_home / "src" / "train.py").write_text(text)
    run = run_graphlab("run", "src/train.py", "-o", "../run.glab", "--detail", "light", folder=at_home)
    assert run.returncode == 0, run.stderr
    child = run_graphlab("replay", "../run.glab", "--full", "3", "-o", "again.glab", folder=elsewhere)
    assert child.returncode == 0, child.stderr
    assert details(open_recording(elsewhere / "again.glab"))[2:] == ["full"]


def test_the_command_says_where_the_runs_part_and_what_to_seed(tmp_path: Path, run_graphlab: RunGraphlab) -> None:
    path = first_run(tmp_path, BY_OPTIMIZER.replace("torch.manual_seed(0)\n", ""))
    child = run_graphlab("replay", str(path), "--full", "6", folder=tmp_path)
    assert child.returncode == 1
    said = [line for line in child.stderr.splitlines() if "part at step 1" in line]
    assert len(said) == 1
    assert "torch.manual_seed(0)" in said[0]


@pytest.mark.parametrize(("last", "compared"), [(0, 0), (3, 3)])
def test_a_script_that_raises_before_the_window_has_not_parted(
    tmp_path: Path, last: int, compared: int, run_graphlab: RunGraphlab
) -> None:
    steps = tmp_path / "steps.txt"
    steps.write_text("9", encoding="utf-8")
    stop = f"    if step == int(Path({str(steps)!r}).read_text()):\n        raise ValueError\n"
    text = BY_HAND.replace("import torch\n", "import torch\nfrom pathlib import Path\n")
    path = first_run(tmp_path, text.replace("(9):\n", f"(9):\n{stop}"))
    steps.write_text(str(last), encoding="utf-8")
    child = run_graphlab("replay", str(path), "--full", "6", "--json", folder=tmp_path)
    assert child.returncode == 1
    report = json.loads(child.stdout)
    assert (report["status"], report["parted"], report["compared"]) == ("error", None, compared)
    said = f"the script ended with ValueError before step {compared + 1} was done, which the first run has"
    so_far = "up to there the losses are the same, bit for bit" if compared else "no step could be compared"
    assert f"graphlab: {said}; {so_far}" in child.stderr.splitlines()
    assert "threads" not in child.stderr


@pytest.mark.parametrize("window", ["", "5:4", "0", "a:b", "3:"])
def test_a_window_that_is_none_is_told(window: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(tmp_path / "x.glab"), f"--full={window}"]) == 2
    assert capsys.readouterr().err == f"graphlab: {messages.BAD_WINDOW.format(option='--full', text=window)}\n"


@pytest.mark.parametrize("words", [["--full", "3:4"], ["--every", "5"]])
def test_what_only_light_knows_is_refused_in_full(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "rnn_cell", *words]) == 2
    assert capsys.readouterr().err == f"graphlab: {messages.ONLY_LIGHT.format(option=words[0])}\n"


def test_a_write_by_hand_that_moves_nothing_ends_a_step_in_either_detail(tmp_path: Path) -> None:
    text = BY_HAND.replace("w -= 0.1 * w.grad", "w.add_(0.0)")
    full = record_text(tmp_path, text, name="full")
    light = record_text(tmp_path, text, name="light", detail="light")
    assert len(full.steps) == len(light.steps) == 9
    assert full.losses == light.losses
