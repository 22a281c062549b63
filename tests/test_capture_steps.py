"""Steps, phases, losses, metrics and the gradient of a step, as the design defines them."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from graphlab.capture.variables import Variables
from tests.recorded import events, gradients, kinds, phases, record_text, update_norms

HEAD = """\
import torch
torch.manual_seed(0)
w = torch.tensor([1.0, -2.0], requires_grad=True)
x = torch.tensor([3.0, 4.0])
"""

BY_HAND = {
    "isub": "w -= 0.1 * w.grad",
    "sub_": "w.sub_(0.1 * w.grad)",
    "add_": "w.add_(w.grad, alpha=-0.1)",
    "copy_": "w.copy_(w - 0.1 * w.grad)",
    "setitem": "w[:] = w - 0.1 * w.grad",
    "out": "torch.sub(w, 0.1 * w.grad, out=w)",
    "view": "w.view(2).sub_(0.1 * w.grad)",
    "item by item": "for i in range(2): w[i] -= 0.1 * w.grad[i]",
    "data": "w.data -= 0.1 * w.grad",
    "data.sub_": "w.data.sub_(0.1 * w.grad.data)",
    "data =": "w.data = w.data - 0.1 * w.grad",
    "detach": "w.detach().sub_(0.1 * w.grad)",
    "foreach": "torch._foreach_sub_([w], [0.1 * w.grad])",
    "foreach add": "torch._foreach_add_([w], [w.grad], alpha=-0.1)",
    "data = and data": "w.data = w.data + 0; w.data.sub_(0.1 * w.grad)",
}


@pytest.mark.parametrize("update", BY_HAND.values(), ids=BY_HAND)
def test_every_way_to_change_a_parameter_by_hand_ends_a_step(tmp_path: Path, update: str) -> None:
    run = record_text(
        tmp_path,
        HEAD
        + f"""\
for step in range(3):
    loss = (w * x).sum()
    loss.backward()
    with torch.no_grad():
        {update}
        w.grad = None
""",
    )
    assert run.losses == pytest.approx([-5.0, -7.5, -10.0])
    for number in (1, 2, 3):
        assert gradients(run, number) == {"w": [3.0, 4.0]}
        assert update_norms(run, number) == {"w": pytest.approx(0.5)}
    expected = [(1, "setup"), (1, "forward"), (1, "backward"), (1, "update")]
    assert phases(run)[:4] == expected
    assert [step.nodes for step in run.steps] == [3, 3, 3]
    assert [step.edges for step in run.steps] == [2, 2, 2]


OPTIMIZERS = [
    "SGD([w], lr=0.1)",
    "Adam([w], lr=0.1)",
    "SGD([w], lr=0.1, momentum=0.9, foreach=True)",
    "Adam([w], fused=True)",
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_an_optimizers_step_is_one_change_and_ends_the_training_step(tmp_path: Path, optimizer: str) -> None:
    run = record_text(
        tmp_path,
        HEAD
        + f"""\
before = []
opt = torch.optim.{optimizer}
for step in range(2):
    before.append(w.detach().clone())
    opt.zero_grad()
    loss = (w * x).sum()
    loss.backward()
    opt.step()
moved = [(b - a).norm().item() for a, b in zip(before, before[1:] + [w.detach()])]
""",
    )
    assert len(run.steps) == 2
    assert [event.details["optimizer"] for event in events(run, "update")] == [optimizer.partition("(")[0]] * 2
    assert kinds(run, "zero_grad") == ["zero_grad"], "the first had nothing to zero"
    text = {variable.name: variable for variable in run.variables(run.event_count)}
    assert "moved" in text
    norms = [update_norms(run, number)["w"] for number in (1, 2)]
    assert all(norm is not None and norm > 0.001 for norm in norms)
    assert [phase for _, phase in phases(run)] == ["setup", "forward", "backward", "update"] * 2 + ["setup"]
    line = run.event(run.steps[0].last)
    assert (line.kind, line.line) == ("metric", 12)


def test_gradients_accumulate_over_backwards_of_one_step(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        HEAD
        + """\
opt = torch.optim.SGD([w], lr=0.1)
for step in range(2):
    for part in range(3):
        loss = (w * x).sum() / 3
        loss.backward()
    opt.step()
    opt.zero_grad()
""",
    )
    assert [len(step.losses) for step in run.steps] == [3, 3]
    assert run.losses == pytest.approx([-5.0, -7.5])
    assert gradients(run, 1) == {"w": pytest.approx([3.0, 4.0])}
    assert gradients(run, 2) == {"w": pytest.approx([3.0, 4.0])}
    inner = [phase for step, phase in phases(run) if step == 1 and phase != "setup"]
    assert inner == ["forward", "backward"] * 3 + ["update"]
    assert [step.nodes for step in run.steps] == [10, 10], "three graphs that share their leaf"


def test_two_optimizers_that_take_turns_make_a_step_each(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        """\
        import torch
        torch.manual_seed(0)
        generator = torch.nn.Linear(2, 2)
        critic = torch.nn.Linear(2, 1)
        opt_g = torch.optim.SGD(generator.parameters(), lr=0.1)
        opt_c = torch.optim.SGD(critic.parameters(), lr=0.1)
        for epoch in range(2):
            fake = generator(torch.randn(4, 2))
            opt_c.zero_grad()
            loss_c = critic(fake.detach()).mean()
            loss_c.backward()
            opt_c.step()
            opt_g.zero_grad()
            loss_g = -critic(fake).mean()
            loss_g.backward()
            opt_g.step()
        """,
    )
    assert len(run.steps) == 4
    moved = [{name for name, norm in update_norms(run, step).items() if norm} for step in (1, 2, 3, 4)]
    assert moved == [{"critic.weight", "critic.bias"}, {"generator.weight", "generator.bias"}] * 2
    assert all(step.loss is not None and math.isfinite(step.loss) for step in run.steps)


def test_an_lbfgs_step_holds_all_backwards_of_its_closure(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        HEAD
        + """\
opt = torch.optim.LBFGS([w], lr=0.5, max_iter=4)
losses = []
def closure():
    opt.zero_grad()
    loss = ((w - x) ** 2).sum()
    loss.backward()
    losses.append(loss.item())
    return loss
for step in range(2):
    opt.step(closure)
""",
    )
    assert len(run.steps) == 2
    assert len(run.steps[0].losses) == 4
    assert run.steps[0].loss == run.steps[0].losses[0] == 40.0
    assert len(events(run, "update")) == 2
    assert (update_norms(run, 1)["w"] or 0) > 1


def test_without_any_update_the_run_is_one_step(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        HEAD
        + """\
y = w * x
y.sum().backward(retain_graph=True)
y.sum().backward()
torch.autograd.grad((w ** 2).sum(), w)
z = w.exp()
""",
    )
    (step,) = run.steps
    assert step.losses == (-5.0, -5.0, 5.0)
    assert gradients(run, 1) == {"w": [6.0, 8.0]}
    assert phases(run)[-1] == (1, "setup")
    assert (step.first, step.last) == (1, run.event_count)


def test_a_forward_alone_is_a_step_without_a_loss(tmp_path: Path) -> None:
    run = record_text(tmp_path, HEAD + "y = (w * x).tanh()\nprint('done')\n")
    (step,) = run.steps
    assert (step.loss, step.losses, step.nodes, step.edges) == (None, (), 3, 2)
    assert [phase for _, phase in phases(run)] == ["setup", "forward", "setup"]
    assert gradients(run, 1) == {"w": None}


def test_a_script_without_torch_and_an_empty_one_are_recorded(tmp_path: Path) -> None:
    assert record_text(tmp_path, "a = 1\n", name="plain").steps[0].loss is None
    assert record_text(tmp_path, "", name="empty").steps == []


def test_what_comes_after_the_last_update_belongs_to_the_last_step_unless_a_backward_runs(tmp_path: Path) -> None:
    text = (
        HEAD
        + """\
for step in range(2):
    (w * x).sum().backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
    w.grad = None
with torch.no_grad():
    accuracy = (w * x).sum()
"""
    )
    run = record_text(tmp_path, text, name="evaluated")
    assert len(run.steps) == 2
    assert phases(run)[-1] == (2, "setup")
    more = record_text(tmp_path, text + "(w ** 2).sum().backward()\n", name="more")
    assert len(more.steps) == 3
    assert update_norms(more, 3) == {"w": 0.0}
    assert gradients(more, 3)["w"] == pytest.approx([2 * (1 - 0.6), 2 * (-2 - 0.8)])


def test_evaluation_between_steps_is_setup_of_the_next(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        HEAD
        + """\
opt = torch.optim.SGD([w], lr=0.1)
for step in range(2):
    opt.zero_grad()
    loss = (w * x).sum()
    loss.backward()
    opt.step()
    with torch.no_grad():
        score = (w * x).tanh().sum().item()
    print(score)
""",
    )
    at = {event.text: (event.step, event.phase) for event in run.events if event.kind == "output"}
    assert list(at.values()) == [(2, "setup"), (2, "setup")]
    assert [phase for _, phase in phases(run)] == ["setup", "forward", "backward", "update"] * 2 + ["setup"]


def test_the_gradient_of_a_step_is_the_one_before_clipping_and_zeroing(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        HEAD
        + """\
opt = torch.optim.SGD([w], lr=1.0)
for step in range(2):
    opt.zero_grad()
    (w * x).sum().backward()
    torch.nn.utils.clip_grad_norm_([w], 1.0)
    opt.step()
    opt.zero_grad()
""",
    )
    assert gradients(run, 1) == gradients(run, 2) == {"w": [3.0, 4.0]}
    assert update_norms(run, 1) == {"w": pytest.approx(1.0, abs=1e-5)}
    assert len(events(run, "clip")) == 2


def test_a_leaf_that_got_no_gradient_is_listed_with_none(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        """\
        import torch
        used = torch.nn.Linear(1, 1, bias=False)
        model = torch.nn.ModuleDict({"used": used, "unused": torch.nn.Linear(1, 1), "frozen": torch.nn.Linear(1, 1)})
        model["frozen"].weight.requires_grad_(False)
        opt = torch.optim.SGD(model.parameters(), lr=0.1)
        for step in range(2):
            loss = model["used"](torch.ones(1, 1)).sum()
            loss.backward()
            opt.step()
            opt.zero_grad()
        """,
    )
    others = dict.fromkeys(("unused.weight", "unused.bias", "frozen.weight", "frozen.bias"))
    assert gradients(run, 1) == gradients(run, 2) == {"used.weight": [[1.0]], **others}


def test_metrics_are_floats_and_scalars_of_the_scripts_own_that_change(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        HEAD
        + """\
LR = 0.1
rate = 0.5
count = 0
def accuracy():
    inner = float(w.detach().sum())
    return inner
for step in range(3):
    loss = (w * x).sum()
    loss.backward()
    value = loss.item()
    score = accuracy()
    with torch.no_grad():
        w -= LR * w.grad
    w.grad.zero_()
    count += 1
""",
    )
    first, last = run.step_metrics(1), run.step_metrics(3)
    assert set(first) == {"loss", "value", "score"}
    assert first["value"] == -5.0
    assert last["value"] == pytest.approx(-10.0)
    assert last["score"] == pytest.approx(-1.0 - 2 * 0.7)


def test_a_loop_inside_functions_has_its_steps_and_figures_too(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        """\
        import torch
        def train_step(model, opt, x):
            opt.zero_grad()
            loss = model(x).pow(2).mean()
            loss.backward()
            opt.step()
            return loss.item()
        def main():
            torch.manual_seed(0)
            model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
            opt = torch.optim.SGD(model.parameters(), lr=0.1)
            for epoch in range(3):
                total = 0.0
                for batch in range(2):
                    total += train_step(model, opt, torch.randn(4, 2))
                print(total)
        if __name__ == "__main__":
            main()
        """,
    )
    assert len(run.steps) == 6
    assert list(gradients(run, 1)) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    printed = [float(event.text) for event in events(run, "output")]
    losses = [step.loss or 0 for step in run.steps]
    assert printed == pytest.approx([losses[0] + losses[1], losses[2] + losses[3], losses[4] + losses[5]])
    assert "loss" in run.step_metrics(2)


@pytest.mark.parametrize("detail", ["full", "light"])
def test_light_and_full_agree_on_steps_losses_counts_and_gradients(tmp_path: Path, detail: str) -> None:
    run = record_text(
        tmp_path,
        """\
        import torch
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
        opt = torch.optim.SGD(model.parameters(), lr=0.1)
        for step in range(3):
            opt.zero_grad()
            loss = model(torch.ones(4, 2)).pow(2).sum()
            loss.backward()
            opt.step()
        """,
        detail=detail,
    )
    assert len(run.steps) == 3
    assert [(step.nodes, step.edges) for step in run.steps] == [(11, 10)] * 3
    assert list(gradients(run, 1)) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    norms = update_norms(run, 1)
    leaves = {leaf.name: leaf.gradient for leaf in run.step_gradients(1)}
    for name, norm in norms.items():
        gradient = leaves[name]
        assert gradient is not None
        assert norm == pytest.approx(0.1 * (gradient.statistics.norm or 0), rel=1e-5)


def test_a_metric_of_a_global_that_a_function_binds_is_the_scripts_own(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        """\
        import torch
        total = 0.0
        def train():
            global total
            w = torch.ones(2, requires_grad=True)
            opt = torch.optim.SGD([w], lr=0.1)
            for step in range(3):
                opt.zero_grad()
                (w * w).sum().backward()
                opt.step()
                total += 1.5
        train()
        """,
    )
    assert [run.step_metrics(number)["total"] for number in (1, 2, 3)] == [0.0, 1.5, 4.5]


def test_what_a_function_held_is_let_go_when_it_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Variables] = []

    def read_nothing(self: Variables, frames: object) -> dict[str, float]:
        kept.append(self)
        return {}

    monkeypatch.setattr(Variables, "read_figures", read_nothing)
    record_text(
        tmp_path,
        """\
        import torch
        def loss_of(w):
            half = 0.5
            leaf = torch.ones(1, requires_grad=True)
            return half * (w * leaf).sum()
        w = torch.ones(2, requires_grad=True)
        opt = torch.optim.SGD([w], lr=0.1)
        for step in range(5):
            loss_of(w).backward()
            opt.step()
        """,
    )
    assert {frame for frame, held in kept[0].figures.items() if held} <= {1}
    assert set(kept[0]._names) <= {1}
