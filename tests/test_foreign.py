"""What scripts do that nobody here wrote: each of these was met in a training script from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from graphlab.capture.identity import grad_fn_of
from tests.recorded import record_text, try_text

BY_HAND = """\
import torch
torch.manual_seed(0)
model = torch.nn.Linear(3, 2)


def train():
    total = 0.0
    for _ in range(4):
        model.zero_grad()
        loss = model(torch.randn(5, 3)).pow(2).mean()
        loss.backward()
        for p in model.parameters():
            p.data.add_(p.grad, alpha=-0.5)
        total += loss.item()


train()
"""

LBFGS = """\
import torch
torch.manual_seed(0)
model = torch.nn.Linear(3, 1)
x = torch.randn(20, 3)
optimizer = torch.optim.LBFGS(model.parameters(), lr=0.5, max_iter=4)


def closure():
    optimizer.zero_grad()
    loss = (model(x) - x.sum(1, keepdim=True) ** 2).pow(2).mean()
    loss.backward()
    return loss


for _ in range(3):
    optimizer.step(closure)
"""

# Nothing of Python runs between the interrupt and the end of the backward: as when Ctrl-C comes while the engine works.
INTERRUPTED = """\
import _thread
from functools import partial
import torch
w = torch.ones(3, requires_grad=True)
loss = (w * 2).sum()
w.register_hook(partial(next, iter(_thread.interrupt_main, 0)))
loss.backward()
print("after")
with torch.no_grad():
    w -= w.grad
(w * 3).sum().backward()
print("too late")
"""


def test_figures_of_a_step_that_is_updated_by_hand_are_its_own(tmp_path: Path) -> None:
    full = record_text(tmp_path, BY_HAND, name="full")
    light = record_text(tmp_path, BY_HAND, name="light", detail="light")
    assert [light.step_metrics(step)["loss"] for step in range(1, 5)] == pytest.approx(light.losses)
    for step in range(1, 5):
        assert light.step_metrics(step) == full.step_metrics(step)


def test_all_backwards_of_an_lbfgs_step_are_one_light_step(tmp_path: Path) -> None:
    full = record_text(tmp_path, LBFGS, name="full")
    light = record_text(tmp_path, LBFGS, name="light", detail="light")
    assert [len(step.losses) for step in full.steps] == [4, 4, 4]
    assert [step.losses for step in light.steps] == [step.losses for step in full.steps]
    assert light.losses == full.losses


@pytest.mark.parametrize("detail", ["full", "light"])
def test_ctrl_c_while_the_engine_works_ends_the_script(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], detail: str
) -> None:
    _, outcome = try_text(tmp_path, INTERRUPTED, detail=detail)
    assert isinstance(outcome.error, KeyboardInterrupt)
    printed = capfd.readouterr()
    assert "too late" not in printed.out
    assert printed.err == ""


def test_the_gradients_of_a_light_step_are_told_without_its_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = record_text(tmp_path, BY_HAND, detail="light")
    monkeypatch.setattr(run, "structure", None)  # an episode of reinforcement learning has 10,000 nodes
    assert [leaf.name for leaf in run.step_gradients(2)] == ["weight", "bias"]


def test_a_recurrent_layer_is_recorded_in_time_that_grows_with_its_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    def count(tensor: torch.Tensor) -> Any:
        nonlocal asked
        asked += 1
        return grad_fn_of(tensor)

    monkeypatch.setattr("graphlab.capture.registry.grad_fn_of", count)
    text = "import torch\nlayer = torch.nn.GRU(2, 2)\nlayer(torch.ones(30, 1, 2))[0].sum().backward()\n"
    run = record_text(tmp_path, text)
    assert run.steps[0].nodes > 300, "one call makes a node for each gate and moment"
    assert asked < 5 * run.steps[0].nodes
