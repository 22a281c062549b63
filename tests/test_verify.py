"""Gradients are held against central differences: the script runs again in 64 bits, one number moved a little."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from graphlab.cli import main
from graphlab.errors import UsageError
from graphlab.recording import Recording
from graphlab.replay import plan_replay
from graphlab.verify import Verification, verify
from tests.commands import RunGraphlab
from tests.recorded import record_text

TRAINING = """\
import torch
from torch import nn
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.GELU(), nn.Dropout(0.5))
scale = torch.tensor(0.5, requires_grad=True)
data, target = torch.randn(5, 4), torch.tensor([0, 1, 2, 1, 0])
optimizer = torch.optim.Adam([*model.parameters(), scale], lr=0.05)
for step in range(3):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(data) * scale, target)
    print("loss", loss.item())
    loss.backward()
    optimizer.step()
"""


def verified(recording: Recording, moment: int | None = None, *names: str) -> Verification:
    request = plan_replay(recording, (1, len(recording.steps)))
    at = moment if moment is not None else recording.event_count
    return verify(recording, request, at, names)


def test_every_gradient_of_the_first_backward_agrees(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording = record_text(tmp_path, TRAINING)
    start = recording.next_event(0, ["backward_start"])
    capsys.readouterr()
    found = verified(recording, start)
    assert capsys.readouterr().out == ""  # what the script prints was seen in the first run
    assert (found.backward, found.left_out) == (1, 0)
    assert {leaf.name for leaf in found.leaves} == {"0.weight", "0.bias", "1.weight", "1.bias", "scale"}
    assert found.is_same_run
    assert found.agrees
    for leaf in found.leaves:
        assert leaf.error < 1e-4, leaf
        assert leaf.error_in_64_bits < 1e-6, leaf
        assert all(check.recorded is not None for check in leaf.checks)
    weight = next(leaf for leaf in found.leaves if leaf.name == "0.weight")
    assert [check.index is None for check in weight.checks] == [False, False, False, True]
    assert len(next(leaf for leaf in found.leaves if leaf.name == "1.bias").checks) == 3  # a small leaf is moved whole


def test_a_later_backward_and_one_leaf_alone(tmp_path: Path) -> None:
    recording = record_text(tmp_path, TRAINING)
    found = verified(recording, recording.event_count, "scale")
    assert found.backward == 3
    (scale,) = found.leaves
    assert scale.error < 1e-2  # by then the run in 64 bits is a little elsewhere
    assert scale.error_in_64_bits < 1e-6


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        ("w.register_hook(lambda g: 2 * g)\n(w * x).sum().backward()", "w"),
        ("y = w * x\nx.data.mul_(3)\n(y * w).sum().backward()", "w"),
    ],
)
def test_a_gradient_that_is_wrong_is_found(tmp_path: Path, broken: str, name: str) -> None:
    text = f"import torch\nw = torch.tensor([1.0, 2.0], requires_grad=True)\nx = torch.tensor([3.0, -1.0])\n{broken}\n"
    found = verified(record_text(tmp_path, text), None, name)
    assert not found.agrees
    assert found.leaves[0].error > 0.1


def test_a_custom_function_whose_backward_is_wrong_is_found(tmp_path: Path) -> None:
    text = """\
        import torch
        class Cube(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x**3
            @staticmethod
            def backward(ctx, g):
                (x,) = ctx.saved_tensors
                return g * 2 * x**2
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        Cube.apply(w).sum().backward()
        """
    found = verified(record_text(tmp_path, text))
    (leaf,) = found.leaves
    assert [check.measured for check in leaf.checks] == pytest.approx([3.0, 12.0])
    assert [check.recorded for check in leaf.checks] == [2.0, 8.0]
    assert leaf.error == pytest.approx(1 / 3)


def test_a_leaf_that_gathers_gradients_is_asked_about_what_came(tmp_path: Path) -> None:
    text = "import torch\nw = torch.tensor(2.0, requires_grad=True)\n(w * w).backward()\n(w * w * w).backward()\n"
    found = verified(record_text(tmp_path, text))
    assert found.leaves[0].checks[0].measured == pytest.approx(12.0)
    assert found.leaves[0].checks[0].recorded == 12.0


def test_a_backward_of_another_thread_is_verified_too(tmp_path: Path) -> None:
    text = """
        import threading
        import torch
        def work():
            w = torch.tensor([1.0, 2.0], requires_grad=True)
            (w ** 3).sum().backward()
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        """
    (leaf,) = verified(record_text(tmp_path, text)).leaves
    assert [check.measured for check in leaf.checks] == pytest.approx([3.0, 12.0])
    assert leaf.error < 1e-6


def test_what_cannot_be_verified_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = record_text(tmp_path, "import torch\nw = torch.ones(2, requires_grad=True)\n", name="plain")
    with pytest.raises(UsageError, match="no backward began"):
        verified(plain)
    text = "import torch\nw = torch.ones(2, requires_grad=True)\n(w * 2).sum().backward()\n"
    recording = record_text(tmp_path, text, name="some")
    with pytest.raises(UsageError, match="no leaf of that backward is called 'v': it has w"):
        verified(recording, None, "v")
    assert main(["replay", str(recording.path), "--verify", "v"]) == 2
    assert main(["replay", str(recording.path)]) == 2
    assert main(["replay", str(recording.path), "--full", "1", "--at", "e1"]) == 2
    assert all(line.startswith(("graphlab", "usage")) for line in capsys.readouterr().err.splitlines())


def test_run_verify_writes_it_after_the_run(tmp_path: Path, run_graphlab: RunGraphlab) -> None:
    script = tmp_path / "train.py"
    script.write_text(TRAINING, encoding="utf-8")
    done = run_graphlab("run", "train.py", "-o", "a.glab", "--verify", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["verified"]["agrees"] is True
    assert len(report["verified"]["leaves"]) == 5
    assert len(report["steps"]) == 3
