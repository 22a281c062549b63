"""What changes a leaf's value or gradient outside of a backward is told: zeroing, clipping, updates."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphlab.model import Change
from graphlab.recording import Recording
from graphlab.sentences import say_event
from tests.recorded import events, gradients, kinds, record_text, update_norms, values

HEAD = """\
import torch
w = torch.tensor([3.0, 4.0], requires_grad=True)
v = torch.tensor([1.0], requires_grad=True)
opt = torch.optim.SGD([w, v], lr=0.1)
((w * w).sum() + v.sum()).backward()
"""


def changes(run: Recording, kind: str) -> list[Change]:
    (event,) = events(run, kind)
    return run.changes(event.id)


ZEROED = {
    "to none": ("opt.zero_grad()", None),
    "to zero": ("opt.zero_grad(set_to_none=False)", [0.0, 0.0]),
    "by hand to none": ("w.grad = None", None),
    "by hand, two names": ("for p in (w, v): p.grad = None", None),
    "zero_": ("w.grad.zero_()", [0.0, 0.0]),
    "data.zero_": ("w.grad.data.zero_()", [0.0, 0.0]),
    "fill_": ("w.grad.fill_(0)", [0.0, 0.0]),
    "mul": ("w.grad *= 0", [0.0, 0.0]),
    "new zeros": ("w.grad = torch.zeros_like(w)", [0.0, 0.0]),
    "foreach": ("torch._foreach_zero_([w.grad])", [0.0, 0.0]),
    "del": ("del w.grad", None),
}


@pytest.mark.parametrize(("statement", "after"), ZEROED.values(), ids=ZEROED)
def test_every_way_to_zero_a_gradient_is_told(tmp_path: Path, statement: str, after: object) -> None:
    run = record_text(tmp_path, f"{HEAD}{statement}\nlast = 1\n")
    found = changes(run, "zero_grad")
    assert (values(found[0].before), values(found[0].after)) == ([6.0, 8.0], after)
    assert events(run, "zero_grad")[0].line == 6
    assert len(found) == (2 if "opt" in statement or "for p" in statement else 1)
    assert gradients(run, 1)["w"] == [6.0, 8.0]
    assert events(run, "clip") == []


def test_zeroing_what_has_no_gradient_is_no_event(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        """\
        import torch
        model = torch.nn.Linear(2, 1)
        opt = torch.optim.SGD(model.parameters(), lr=0.1)
        opt.zero_grad()
        model.zero_grad()
        model(torch.ones(1, 2)).sum().backward()
        model.zero_grad()
        opt.zero_grad()
        """,
    )
    (event,) = events(run, "zero_grad")
    assert event.line == 7
    assert len(run.changes(event.id)) == 2


CLIPPED = {
    "norm": ("torch.nn.utils.clip_grad_norm_([w, v], 1.0)", 1.0),
    "norm, one at a time": ("torch.nn.utils.clip_grad_norm_([w, v], 1.0, foreach=False)", 1.0),
    "by hand": ("for p in (w, v): p.grad.mul_(0.5)", (101**0.5) / 2),
    "another tensor": ("w.grad, v.grad = w.grad / 2, v.grad / 2", (101**0.5) / 2),
}


@pytest.mark.parametrize(("statement", "norm"), CLIPPED.values(), ids=CLIPPED)
def test_a_clip_tells_the_gradients_before_and_after(tmp_path: Path, statement: str, norm: float) -> None:
    run = record_text(tmp_path, f"{HEAD}{statement}\nopt.step()\n")
    found = changes(run, "clip")
    assert [values(change.before) for change in found] == [[6.0, 8.0], [1.0]]
    after = [change.after.statistics.norm or 0.0 for change in found if change.after is not None]
    assert sum(each**2 for each in after) ** 0.5 == pytest.approx(norm, rel=1e-4)
    assert kinds(run, "clip", "update", "backward_end") == ["backward_end", "clip", "update"]
    assert gradients(run, 1)["w"] == [6.0, 8.0]


def test_clipping_by_value_changes_only_what_is_too_large(tmp_path: Path) -> None:
    run = record_text(tmp_path, f"{HEAD}torch.nn.utils.clip_grad_value_([w, v], 7.0)\n")
    found = [change for change in changes(run, "clip") if values(change.before) != values(change.after)]
    assert [(values(change.before), values(change.after)) for change in found] == [([6.0, 8.0], [6.0, 7.0])]


def test_an_update_tells_every_parameter_before_and_after(tmp_path: Path) -> None:
    run = record_text(tmp_path, f"{HEAD}opt.step()\n")
    first, second = changes(run, "update")
    assert values(first.before) == [3.0, 4.0]
    assert values(first.after) == pytest.approx([2.4, 3.2])
    assert first.difference == pytest.approx(1.0)
    assert values(second.after) == pytest.approx([0.9])
    assert update_norms(run, 1) == {"w": pytest.approx(1.0), "v": pytest.approx(0.1)}
    assert values(run.step_parameters(1)[0].value) == pytest.approx([2.4, 3.2])


def test_an_optimizers_step_that_moves_nothing_ends_a_training_step_all_the_same(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        """\
        import torch
        w = torch.tensor([3.0, 4.0], requires_grad=True)
        opt = torch.optim.SGD([w], lr=0.0)
        for step in range(2):
            (w * w).sum().backward()
            opt.step()
        """,
    )
    assert [event.details for event in events(run, "update")] == [{"optimizer": "SGD", "rates": [0.0]}] * 2
    assert run.losses == [25.0, 25.0]
    assert [parameter.update_norm for parameter in run.step_parameters(2)] == [0.0]


def test_a_gradient_from_autograd_grad_makes_a_change_by_hand_an_update(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        """\
        import torch
        w = torch.ones(2, requires_grad=True)
        for step in range(2):
            (gradient,) = torch.autograd.grad((w**4).sum(), w)
            with torch.no_grad():
                w -= 0.25 * gradient
        """,
    )
    assert run.losses == [2.0, 0.0]
    (parameter,) = run.step_parameters(1)
    assert parameter.name == "w"
    assert parameter.update_norm == pytest.approx(2**0.5)


def test_a_sparse_gradient_has_its_norm(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        """\
        import torch
        table = torch.ones(5, 2, requires_grad=True)
        torch.nn.functional.embedding(torch.tensor([1, 1, 3]), table, sparse=True).sum().backward()
        """,
    )
    (leaf,) = run.step_gradients(1)
    assert leaf.gradient is not None
    found = leaf.gradient.statistics
    assert found.norm == pytest.approx(10**0.5)
    assert (found.minimum, found.maximum) == (0.0, 2.0)


def test_an_initialisation_before_any_backward_is_no_update(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        """\
        import torch
        model = torch.nn.Linear(2, 2)
        torch.nn.init.zeros_(model.bias)
        with torch.no_grad():
            model.weight.copy_(torch.eye(2))
            model.weight[0, 0] = 5.0
        model.load_state_dict({"weight": torch.ones(2, 2), "bias": torch.ones(2)})
        model(torch.ones(1, 2)).sum().backward()
        """,
    )
    assert events(run, "update") == []
    assert values(run.step_parameters(1)[0].value) == [[1.0, 1.0], [1.0, 1.0]]


def test_a_scheduler_changes_no_parameter(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        """\
        import torch
        w = torch.tensor([3.0], requires_grad=True)
        opt = torch.optim.SGD([w], lr=1.0)
        scheduler = torch.optim.lr_scheduler.ExponentialLR(opt, 0.5)
        for step in range(3):
            opt.zero_grad()
            w.sum().backward()
            opt.step()
            scheduler.step()
        """,
    )
    assert [update_norms(run, step)["w"] for step in (1, 2, 3)] == [1.0, 0.5, 0.25]


def test_a_parameter_that_is_replaced_is_another_one(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        """\
        import torch
        w = torch.tensor([2.0], requires_grad=True)
        for step in range(3):
            loss = (w * w).sum()
            loss.backward()
            w = (w - 0.25 * w.grad).detach().requires_grad_()
        """,
    )
    assert [event.details["losses"] for event in events(run, "backward_start")] == [[4.0], [1.0], [0.25]]
    assert len(run.steps) == 1, "nothing was changed in place"
    leaves = {edge.source for edge in run.structure(1).edges if run.node(edge.source).kind == "leaf"}
    assert len(leaves) == 3


def test_updates_inside_backward_hooks_are_told(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        """\
        import torch
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
        optimizers = {p: torch.optim.SGD([p], lr=0.1) for p in model.parameters()}
        def hook(p):
            optimizers[p].step()
            optimizers[p].zero_grad()
        for p in model.parameters():
            p.register_post_accumulate_grad_hook(hook)
        for step in range(2):
            model(torch.ones(1, 2)).sum().backward()
        """,
    )
    assert len(events(run, "update")) == 8
    assert len(events(run, "accumulate")) == 8
    assert all(norm for norm in update_norms(run, 1).values())


def test_an_exception_in_an_optimizers_step_leaves_the_recorder_at_work(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        f"""\
{HEAD}
def fail():
    raise ValueError
try:
    opt.step(fail)
except ValueError:
    pass
y = w * 3
y.sum().backward()
opt.step()
""",
    )
    assert [event.text for event in events(run, "op")][-2:] == ["mul", "sum"]
    assert len(events(run, "update")) == 1
    assert gradients(run, 1)["w"] == [9.0, 11.0]


@pytest.mark.parametrize("detail", ["full", "light"])
@pytest.mark.parametrize("change", ["opt.step()", "w.detach().sub_(w.grad)"])
def test_updates_after_an_exception_in_an_optimizers_step_are_seen(tmp_path: Path, detail: str, change: str) -> None:
    run = record_text(
        tmp_path,
        f"""\
{HEAD}
def fail():
    raise ValueError
for step in range(3):
    try:
        opt.step(fail)
    except ValueError:
        {change}
    (w * 3).sum().backward()
""",
        detail=detail,
    )
    assert len(events(run, "update")) == 3
    assert len(run.steps) == 4


SCALED = """\
import torch
w = torch.tensor([1.0], requires_grad=True)
opt = torch.optim.{optimizer}
scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
for scale in (1.0, float("inf"), 2.0):
    opt.zero_grad()
    scaler.scale(w.sum() * scale).backward()
    {unscale}
    scaler.step(opt)
    scaler.update()
"""


@pytest.mark.parametrize("unscale", ["scaler.unscale_(opt); torch.nn.utils.clip_grad_norm_([w], 100.0)", "pass"])
def test_a_scaler_undoes_its_scale_and_a_skipped_update_is_said(tmp_path: Path, unscale: str) -> None:
    run = record_text(tmp_path, SCALED.format(optimizer="SGD([w], lr=0.1)", unscale=unscale))
    assert kinds(run, "unscale", "update", "skipped_update") == [
        "unscale", "update", "unscale", "skipped_update", "unscale", "update",
    ]  # fmt: skip
    first, _, third = [run.changes(event.id)[0] for event in events(run, "unscale")]
    assert (values(first.before), values(first.after)) == ([4.0], [1.0])
    assert (values(third.before), values(third.after)) == ([4.0], [2.0])
    assert gradients(run, 1)["w"] == [1.0], "a step's gradient is what the script means, not what the scaler made of it"
    assert len(run.steps) == 3, "a step whose update is skipped ends all the same"
    assert [update_norms(run, step)["w"] for step in (1, 2, 3)] == pytest.approx([0.1, 0.0, 0.2])
    (skipped,) = events(run, "skipped_update")
    assert skipped.details == {"optimizer": "SGD"}
    assert say_event(run, skipped.id) == "skips the update by SGD: not finite"


def test_a_fused_optimizer_skips_by_itself(tmp_path: Path) -> None:
    run = record_text(tmp_path, SCALED.format(optimizer="SGD([w], lr=0.1, fused=True)", unscale="pass"))
    assert kinds(run, "update", "skipped_update") == ["update", "skipped_update", "update"]
    assert [update_norms(run, step)["w"] for step in (1, 2, 3)] == pytest.approx([0.1, 0.0, 0.2])


def test_a_scaler_that_is_off_is_not_there(tmp_path: Path) -> None:
    script = SCALED.replace("init_scale=4.0", "enabled=False").replace('float("inf")', "3.0")
    run = record_text(tmp_path, script.format(optimizer="SGD([w], lr=0.1)", unscale="scaler.unscale_(opt)"))
    assert kinds(run, "unscale", "update", "skipped_update") == ["update"] * 3
