"""Steps in light detail: each graph once, the schedule, figures that autograd itself confirms, and a bounded file."""

from __future__ import annotations

import math
import subprocess
import sys
from itertools import count
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import torch
from hypothesis import given

import graphlab
from graphlab.capture.light import Light
from graphlab.capture.schedule import Schedule, is_scheduled
from graphlab.capture.structures import Structures
from graphlab.recording import Recording
from graphlab.recording.states import states_at
from graphlab.renderers.reading import read_nodes
from graphlab.report import report_run
from graphlab.store_sink import StoreSink
from tests.programs import programs
from tests.recorded import kinds, record_text, try_text
from tests.test_capture_oracle import SETTINGS, names_of_graph, run_recorded, same_bits

TRAINING = """\
import torch
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 5, gamma=0.5)
for step in range({steps}):
    x = torch.randn(16, 4)
    optimizer.zero_grad()
    loss = (model(x) - x.sum(1, keepdim=True)).pow(2).mean()
    {change}
    loss.backward()
    optimizer.step()
    scheduler.step()
"""


def train(folder: Path, steps: int, change: str = "pass", name: str = "script", **options: Any) -> Recording:
    return record_text(folder, TRAINING.format(steps=steps, change=change), detail="light", name=name, **options)


def close_steps(run: Recording) -> list[int]:
    """Return the steps that were looked at closely."""
    return [step.step for step in run.steps if any(each.value is not None for each in run.step_parameters(step.step))]


def test_steps_through_one_graph_share_its_nodes(tmp_path: Path) -> None:
    run = train(tmp_path, 30)
    assert len(run.steps) == 30
    assert run.graph_count == 1
    assert {step.detail for step in run.steps} == {"light"}
    assert run.reader.number("SELECT COUNT(*) FROM nodes") == 13
    first, last = run.structure(1), run.structure(30)
    assert first.nodes.keys() == last.nodes.keys()
    assert first.counted == last.counted
    assert len(first.counted) == run.steps[29].nodes == 12
    assert kinds(run) == ["backward_start", "backward_end", "update"] * 30
    modules = [node.module for node in last.nodes.values() if node.op == "AddmmBackward0"]
    assert modules == ["0", "2"]


def test_the_schedule_thins_out() -> None:
    wanted = [*range(1, 11), *range(20, 101, 10), *range(200, 1001, 100), 2000, 3000]
    assert [step for step in range(1, 3001) if is_scheduled(step, None)] == wanted
    assert [step for step in range(1, 20) if is_scheduled(step, 7)] == [1, 7, 14]


def test_values_and_updates_come_on_the_schedule_and_figures_every_step(tmp_path: Path) -> None:
    run = train(tmp_path, 45)
    assert close_steps(run) == [*range(1, 11), 20, 30, 40]
    every = train(tmp_path, 20, name="every", every=6)
    assert close_steps(every) == [1, 6, 12, 18]
    for number in (11, 20):
        gradients = run.step_gradients(number)
        assert [leaf.name for leaf in gradients] == ["0.weight", "0.bias", "2.weight", "2.bias"]
        assert all(leaf.gradient is not None and leaf.gradient.statistics.norm for leaf in gradients)
    parameters = run.step_parameters(11)
    assert [parameter.update_norm for parameter in parameters] == [None] * 4
    edge = next(edge for edge in run.structure(20).edges if edge.slot == 1 and run.node(edge.target).kind == "op")
    assert run.edge_gradient(edge.target, edge.slot, run.steps[19].last) is not None
    assert run.edge_gradient(edge.target, edge.slot, run.steps[18].last) is None


def test_the_values_of_many_leaves_are_those_of_autograd(tmp_path: Path) -> None:
    """Of leaves that share a shape or not, that get no more than zeros, and that do not move."""
    torch.manual_seed(0)
    layers = [torch.nn.Linear(5, 3), *(torch.nn.Linear(3, 3) for _ in range(4)), torch.nn.Linear(3, 2)]
    model = torch.nn.Sequential(*layers)
    still = torch.nn.Parameter(torch.ones(1))
    leaves = [*model.parameters(), still]
    optimizer = torch.optim.Adam(leaves, lr=0.1)
    told: list[dict[str, list[str]]] = []
    with graphlab.record(tmp_path / "run.glab", detail="light") as run:
        for _ in range(10):
            optimizer.zero_grad(set_to_none=False)
            (model(torch.randn(4, 5)).pow(2).mean() + still.sum() * 0.0).backward()
            grads = [repr(leaf.grad.tolist()) for leaf in leaves if leaf.grad is not None]
            optimizer.step()
            told.append({"gradients": sorted(grads), "parameters": sorted(repr(leaf.tolist()) for leaf in leaves)})
    steps = report_run(run)["steps"]
    assert [{what: sorted(repr(leaf["values"]) for leaf in step[what]) for what in told[0]} for step in steps] == told
    node = next(leaf.node for leaf in run.step_parameters(10) if leaf.name == "1.weight")
    average = states_at(run, node, run.steps[-1].last)["exp_avg"]
    assert average.data == optimizer.state[layers[1].weight]["exp_avg"].numpy().tobytes()
    run.close()


def test_learning_rates_and_figures_of_the_script_are_kept_every_step(tmp_path: Path) -> None:
    run = train(tmp_path, 12, change="half = loss.item() / 2")
    rates = [run.light.blocks.step(number).rates for number in range(1, 13)]  # type: ignore[union-attr]  # all are light
    assert rates == [[0.1]] * 5 + [[0.05]] * 5 + [[0.025]] * 2
    assert run.step_metrics(7)["half"] == pytest.approx((run.steps[6].loss or 0) / 2)


def test_a_lone_parameter_is_seen_to_move(tmp_path: Path) -> None:
    text = """\
        import torch
        w = torch.tensor(3.0, requires_grad=True)
        optimizer = torch.optim.SGD([w], lr=0.25)
        for step in range(3):
            (w ** 2 / 2).backward()
            optimizer.step()
            optimizer.zero_grad()
        """
    light, full = (record_text(tmp_path, dedent(text), name=detail, detail=detail) for detail in ("light", "full"))
    for run in (light, full):
        moved = [run.step_parameters(step.step)[0].update_norm for step in run.steps]
        assert moved == pytest.approx([3 / 4, 9 / 16, 27 / 64])


def test_the_gradients_of_a_step_are_those_that_a_scaler_has_unscaled(tmp_path: Path) -> None:
    text = """\
        import torch
        w = torch.tensor([3.0, 4.0], requires_grad=True)
        optimizer = torch.optim.SGD([w], lr=0.25)
        scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
        for step in range(12):
            scaler.scale((w ** 2).sum() / 2).backward()
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad()
        """
    light, full = (record_text(tmp_path, dedent(text), name=detail, detail=detail) for detail in ("light", "full"))
    for run in (light, full):
        for step in (1, 2, 11):  # the last of these is on no schedule
            (leaf,) = run.step_gradients(step)
            assert leaf.gradient is not None
            assert leaf.gradient.statistics.norm == pytest.approx(5 * 0.75 ** (step - 1))
    assert kinds(light)[:4] == ["backward_start", "backward_end", "unscale", "update"]


@pytest.mark.parametrize("detail", ["light", "full"])
def test_a_time_of_day_is_no_figure_of_a_training(tmp_path: Path, detail: str) -> None:
    # A figure that never changes is none of a training's, and a clock's smallest tick is often the same four times.
    change = "import time; began = time.time(); taken = step + time.time() - began"
    run = record_text(tmp_path, TRAINING.format(steps=4, change=change), detail=detail)
    names = {name for step in run.steps for name in run.step_metrics(step.step)}
    assert "taken" in names
    assert "began" not in names


LONG_STEPS = """\
import torch
torch.manual_seed(0)
w = torch.randn(4000, requires_grad=True)
optimizer = torch.optim.LBFGS([w], max_iter=20, tolerance_grad=0, tolerance_change=0)
def closure():
    optimizer.zero_grad()
    y = w
    for part in range(10):
        y = y * 1.01 + 0.001
    loss = (y - 1).pow(2).sum() + y.pow(4).sum()
    loss.backward()
    return loss
for step in range(2):
    optimizer.step(closure)
"""


def test_full_goes_on_as_light_beyond_its_size_and_within_a_step_without_values(tmp_path: Path) -> None:
    whole = record_text(tmp_path, LONG_STEPS, name="whole")
    run = record_text(tmp_path, LONG_STEPS, name="bounded", max_size=1_000_000, notes=1)
    assert run.notes == ["beyond 1,000,000 bytes the run went on in light detail"]
    assert [step.detail for step in run.steps] == ["full", "light"]
    assert [step.losses for step in run.steps] == [step.losses for step in whole.steps]
    assert [step.nodes for step in run.steps] == [step.nodes for step in whole.steps]
    first = whole.step(1)
    kept_of_values = whole.reader.number("SELECT SUM(LENGTH(data)) FROM snapshots") or 0
    assert kept_of_values > 8_000_000, "or the bound is never met"
    assert run.path is not None
    # Beyond the limit comes what one interval between commits writes, which a busy machine stretches.
    assert run.path.stat().st_size < kept_of_values / 2
    last = run.structure(1)
    gradients = [run.edge_gradient(edge.target, edge.slot, first.last) for edge in last.edges]
    kept = [gradient for gradient in gradients if gradient is not None]
    assert kept, "a gradient of which nothing is kept is one all the same"
    report_run(run)


def test_the_figures_are_those_of_a_full_recording(tmp_path: Path) -> None:
    text = TRAINING.format(steps=13, change="pass")
    full, light = record_text(tmp_path, text, name="full"), record_text(tmp_path, text, name="light", detail="light")
    assert light.losses == full.losses
    for number in (1, 7, 10, 13):
        norms = [
            {leaf.name: leaf.gradient.statistics.norm for leaf in run.step_gradients(number) if leaf.gradient}
            for run in (light, full)
        ]
        assert norms[0] == pytest.approx(norms[1], rel=1e-6)
    assert inner_norms(light, 10) == pytest.approx(inner_norms(full, 10), rel=1e-6)


def inner_norms(run: Recording, number: int) -> dict[tuple[str | None, int, int], float]:
    """Return the norm of the gradient on each edge into an op, by op, its rank among those, and slot."""
    structure = run.structure(number)
    ops = [node for node in structure.nodes.values() if node.kind == "op"]
    rank = {node.id: sum(1 for other in ops if other.op == node.op and other.id < node.id) for node in ops}
    found = {}
    for edge in structure.edges:
        gradient = (
            run.edge_gradient(edge.target, edge.slot, run.steps[number - 1].last) if edge.target in rank else None
        )
        if gradient is not None and gradient.statistics.norm is not None:
            found[run.node(edge.target).op, rank[edge.target], edge.slot] = gradient.statistics.norm
    assert found
    return found


@pytest.mark.parametrize("factor", ["float('nan')", "99.0"])
def test_the_step_after_a_loss_that_breaks_or_jumps_is_looked_at(tmp_path: Path, factor: str) -> None:
    assert 24 in close_steps(train(tmp_path, 26, change=f"loss = loss * ({factor} if step == 22 else 1)"))


def test_what_stays_broken_does_not_fill_the_disk() -> None:
    schedule = Schedule(None)
    figures = [math.nan] * 10
    close = 0
    for step in range(1, 20_001):
        close += schedule.is_on(step, lambda: 5000)
        schedule.step_ended([math.nan], figures)
    spent = 5000 * (close - sum(is_scheduled(step, None) for step in range(1, 20_001)))
    assert spent <= 20 * 10 * 20_000 + 8 * 5000


def test_a_file_grows_by_at_most_50_bytes_a_parameter_and_step(tmp_path: Path) -> None:
    # Between the two no step is on the schedule but four, each of which may take what step 300 took.
    sizes = {steps: train(tmp_path, steps, name=f"run{steps}").path.stat().st_size for steps in (299, 301, 1299)}  # type: ignore[union-attr]  # a file
    parameters = 4
    close = max(sizes[301] - sizes[299], 4096)
    assert sizes[1299] - sizes[301] <= 50 * parameters * 998 + 8 * close


@pytest.mark.parametrize(("bound", "most"), [("_MOST", 12), ("_MOST_NODES", 500)])
def test_graphs_that_never_repeat_are_kept_only_so_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str, most: int
) -> None:
    monkeypatch.setattr(f"graphlab.capture.structures.{bound}", most)
    change = "loss = loss * sum([model[2].bias.sum() * 0 + 1 for _ in range(step + 1)])"
    run = train(tmp_path, 40, change=change)
    assert 12 <= run.graph_count <= 12 + 3 + 8, "the first, those on the schedule, and what jumps"
    assert run.steps[38].nodes > run.steps[20].nodes > 12, "counts are known all the same"
    assert not run.structure(39).nodes
    assert run.graph(step=39).number_of_nodes() == 0
    assert len(run.structure(40).counted) == run.steps[39].nodes


def test_several_backwards_of_a_step_share_what_they_share(tmp_path: Path) -> None:
    text = """\
        import torch
        w = torch.ones(3, requires_grad=True)
        optimizer = torch.optim.SGD([w], lr=0.1)
        for step in range(3):
            trunk = (w * 2).exp()
            trunk.sum().backward(retain_graph=True)
            trunk.mean().backward()
            for part in range(2):
                w.tanh().sum().backward()
            optimizer.step()
        """
    full, light = record_text(tmp_path, text, name="full"), record_text(tmp_path, text, name="light", detail="light")
    assert [(step.nodes, step.edges) for step in light.steps] == [(step.nodes, step.edges) for step in full.steps]
    assert [len(light.structure(number).counted) for number in (1, 2, 3)] == [step.nodes for step in full.steps]
    assert light.graph_count == 4


@SETTINGS
@given(programs())
def test_a_light_recording_has_autograds_counts_and_gradients_and_changes_no_bit(program: str) -> None:
    names, error, full = run_recorded(program)
    again, light_error, light = run_recorded(program, "light")
    assert (type(light_error), str(light_error)) == (type(error), str(error))
    for name, value in names.items():
        if isinstance(value, torch.Tensor):
            assert same_bits(value, again[name]), name
            assert not value.is_leaf or same_bits(value.grad, again[name].grad), name
    if error is not None:
        return
    assert names_of_graph(again["loss"]) == names_of_graph(names["loss"])
    assert [(step.nodes, step.edges, step.losses) for step in light.steps] == [
        (step.nodes, step.edges, step.losses) for step in full.steps
    ]
    ops = [
        sorted(node.op or "" for node in run.structure(1).nodes.values() if node.kind == "op") for run in (full, light)
    ]
    assert set(ops[1]) <= set(ops[0])
    for leaf in light.step_gradients(1):
        grad = again[leaf.name].grad
        assert (leaf.gradient is None) == (grad is None)
        if leaf.gradient is not None:
            assert leaf.gradient.statistics.norm == pytest.approx(float(grad.norm()))


def test_a_million_numbers_are_measured_once_and_not_kept() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(300, 300), torch.nn.Linear(300, 300))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-5)
    with graphlab.record(None, detail="light") as run:
        for _ in range(12):
            optimizer.zero_grad()
            model(torch.ones(2, 300)).pow(2).sum().backward()
            wanted = [float(parameter.grad.norm()) for parameter in model.parameters() if parameter.grad is not None]
            optimizer.step()
    norms = [leaf.gradient.statistics.norm for leaf in run.step_gradients(12) if leaf.gradient]
    assert norms == pytest.approx(wanted, rel=1e-5)


def test_who_follows_a_run_need_not_remember_it(tmp_path: Path) -> None:
    run = train(tmp_path, 600)
    blocks = run.light.blocks
    assert [block.first for block in blocks] == [1, 257, 513]
    blocks.forget(300)
    assert [block.first for block in blocks] == [257, 513]
    assert run.step(300).loss is not None
    blocks.forget(600)
    assert run.step(600).last == run.event_count


@pytest.mark.parametrize("detail", ["light", pytest.param("full", marks=pytest.mark.slow)])
def test_a_graph_deeper_than_the_stack_is_let_go_as_it_would_be(tmp_path: Path, detail: str) -> None:
    resource = pytest.importorskip("resource")
    count, stack = 24_000, 3 << 20  # on the usual 8 MB some 60,000, which take longer

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_STACK, (stack, resource.getrlimit(resource.RLIMIT_STACK)[1]))

    script = tmp_path / "deep.py"
    script.write_text(
        "import torch\n"
        "w = torch.ones(2, requires_grad=True)\n"
        "def run():\n"
        "    for _ in range(2):\n"
        "        x = w * 1.0\n"
        f"        x = run_deep(x)\n"
        "        x.sum().backward()\n"
        "        del x\n"
        f"def run_deep(x):\n    for _ in range({count}): x = torch.sin(x)\n    return x\n"
        "run()\n"
        "kept = run_deep(w * 1.0).sum()\n"
        "kept.backward()\n"
        "print('done')\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "graphlab", "run", str(script), "--detail", detail, "-o", str(tmp_path / "d.glab")]
    child = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, preexec_fn=limit)
    assert (child.returncode, child.stdout) == (0, "done\n"), child.stderr


CUT_SHORT = """\
import torch
w = torch.ones(3, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
for step in range(6):
    try:
        (w * 2).exp().sum().backward()
        optimizer.step()
    except {caught}:
        pass
"""


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
@pytest.mark.parametrize("time", [1, 3])
@pytest.mark.parametrize(
    "moment",
    ["Structures.walk", "Structures.find", "Light._hook", "Light.end", "Light._updated", "StoreSink.add_light_step"],
)
@pytest.mark.parametrize("caught", ["KeyboardInterrupt", "ValueError"])
def test_a_light_step_that_is_cut_short_leaves_the_recording_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException], time: int, moment: str, caught: str
) -> None:
    """By Ctrl-C, which the script may catch; or by a failure of ours, which it never sees."""
    holder, name = moment.split(".")
    kind = {"Structures": Structures, "Light": Light, "StoreSink": StoreSink}[holder]
    method, times = getattr(kind, name), count(1)

    def cut_short(self: Any, *args: Any, **kwargs: Any) -> Any:
        if next(times) == time:
            raise error
        return method(self, *args, **kwargs)

    monkeypatch.setattr(kind, name, cut_short)
    run, outcome = try_text(tmp_path, CUT_SHORT.format(caught=caught), detail="light")
    is_ended = error is KeyboardInterrupt and caught == "ValueError"
    assert type(outcome.error) is (KeyboardInterrupt if is_ended else type(None))
    assert len(run.notes) == (error is ValueError)
    for step in run.steps:
        assert run.step_parameters(step.step) is not None
        assert len(run.step_gradients(step.step)) <= 1
    assert len(kinds(run, "backward_start")) == len(kinds(run, "backward_end"))
    assert len(run.steps) == (time if is_ended else 6) or moment != "Light.end"


def test_how_far_a_single_parameter_moved_is_kept_as_well(tmp_path: Path) -> None:
    """Of one tensor alone torch flattens no copy, but a view that moves with it."""
    script = """
        import torch
        w = torch.nn.Parameter(torch.ones(3))
        optimizer = torch.optim.SGD([w], lr=0.5)
        for step in range(2):
            optimizer.zero_grad()
            (w.sum() * 2).backward()
            optimizer.step()
    """
    run = record_text(tmp_path, script, detail="light")
    assert [run.step_parameters(number)[0].update_norm for number in (1, 2)] == pytest.approx([3**0.5, 3**0.5])


def test_a_leaf_that_takes_the_place_of_another_is_part_of_the_run_as_that_was(tmp_path: Path) -> None:
    text = """\
        import torch
        def train(rate):
            w = torch.tensor(2.0, requires_grad=True)
            for step in range(3):
                loss = (w * 3 - 1) ** 2
                loss.backward()
                with torch.no_grad():
                    w -= rate * w.grad
                    w.grad = None
        for rate in (0.01, 0.02, 0.03):
            train(rate)
        """
    light, full = (record_text(tmp_path, dedent(text), name=detail, detail=detail) for detail in ("light", "full"))
    assert light.facts.status == full.facts.status == "ok"
    # The last change of a leaf that is let go before the next backward is not seen in light: two steps count as one.
    assert [loss for step in light.steps for loss in step.losses] == full.losses
    assert (len(light.steps), len(full.steps)) == (7, 9)
    norms = [
        [leaf.gradient.statistics.norm for leaf in run.step_gradients(number) if leaf.gradient is not None]
        for run, number in ((light, 4), (full, 5))  # the second of the second training
    ]
    assert len(norms[0]) == 1
    assert norms[0] == pytest.approx(norms[1])


_ASKS_FOR_HOOKS = """
import torch
from torch.nn.modules import module
model = torch.nn.Linear(2, 1)
asked = [bool(module._has_any_global_hook())]
handle = module.register_module_forward_hook(lambda *_: None)
asked.append(bool(module._has_any_global_hook()))
handle.remove()
print(asked)
model(torch.ones(1, 2)).sum().backward()
"""


def test_a_compiled_model_which_warns_of_hooks_on_all_modules_sees_none_of_ours(tmp_path: Path) -> None:
    run = record_text(tmp_path, _ASKS_FOR_HOOKS, detail="light")
    assert [event.text for event in run.events if event.kind == "output"] == ["[False, True]\n"]
    assert len(run.steps) == 1


def test_a_leaf_that_a_container_alone_holds_is_named_by_its_place_in_it(tmp_path: Path) -> None:
    text = """
    import torch
    parts = [torch.ones(2, requires_grad=True) for _ in range(2)]
    first = parts[0]
    held = {"w": torch.ones(2, requires_grad=True)}
    (first * parts[1] * held["w"] * torch.ones(2, requires_grad=True)).sum().backward()
    """
    run = record_text(tmp_path, text, detail="light")
    names = {leaf.name for leaf in run.step_gradients(1)}
    assert {"first", "parts[1]", "held['w']"} < names
    (nameless,) = names - {"first", "parts[1]", "held['w']"}
    titles = {reading.title for reading in read_nodes(run.graph()).values()}
    assert nameless in titles, "a picture calls it as the table does"
