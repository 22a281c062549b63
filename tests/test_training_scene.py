"""Pictures in the space of the data: what the recording reckons without torch is what torch's own model says."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch

from graphlab.errors import UsageError
from graphlab.recorder import run_script
from graphlab.recording import Recording, open_recording
from graphlab.request import RunRequest
from graphlab.scenario import find_scenario, with_parameters
from graphlab.training.program import NoPictureError
from graphlab.training.scene import DataSpace
from graphlab.training.surface import Surfaces
from tests import builders
from tests.recorded import record_text

SCENARIOS = [
    pytest.param(f"{name}_{level}", marks=[pytest.mark.slow] if level == "mid" else [])
    for name in ("linear_regression", "logistic_regression", "mlp")
    for level in ("low", "mid", "high")
]


def _scenario(folder: Path, name: str) -> Recording:
    scenario = find_scenario(name)
    path = folder / f"{name}.glab"
    text = with_parameters(scenario.text, {} if "linear" in name else {"EPOCHS": 1})
    request = RunRequest(scenario.path, text, name)
    run_script(request, path, tell=lambda _: None)
    return open_recording(path)


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_forward_of_every_step_gives_its_recorded_loss(tmp_path: Path, name: str) -> None:
    recording = _scenario(tmp_path, name)
    space = DataSpace(recording)
    for step in recording.steps:
        trace = space.trace(step.step)
        program = space.program(trace)
        loss = program.run(program.sources(trace), trace.loss)
        assert float(loss) == pytest.approx(step.loss, rel=1e-4)
    assert len(space._programs) == 1, "one program, found once, fits them all"
    scene = space.scene(len(recording.steps))
    assert scene.kind == ("regions" if "mlp" in name else "line")
    assert scene.names == ("x", "y")


# -- the user's own scripts ------------------------------------------------------------------------------------------

MODELS = {
    "two classes, logits": (
        "nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))",
        "F.binary_cross_entropy_with_logits(model(x), y)",
        "(x[:, :1] * x[:, 1:] > 0).float()",
    ),
    "sigmoid and BCELoss": (
        "nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1), nn.Sigmoid())",
        "nn.BCELoss()(model(x), y)",
        "(x[:, :1] > x[:, 1:]).float()",
    ),
    "three classes": (
        "nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 3))",
        "F.cross_entropy(model(x), y)",
        "x[:, :3].argmax(1)",
    ),
    "label smoothing by hand": (
        "nn.Sequential(nn.Linear(3, 5), nn.ELU(), nn.Linear(5, 3))",
        "-(0.9 * model(x).log_softmax(1).gather(1, y[:, None])).mean()",
        "x.argmax(1)",
    ),
    "a curve": (
        "nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))",
        "((model(x) - y) ** 2).mean()",
        "x.sin()",
    ),
    "a curve, flat": (
        "nn.Sequential(nn.Linear(1, 16), nn.SiLU(), nn.Linear(16, 1), nn.Flatten(0))",
        "F.smooth_l1_loss(model(x), y)",
        "x.sin()[:, 0]",
    ),
    "heights over a plane": (
        "nn.Sequential(nn.Linear(2, 8), nn.Softplus(), nn.Linear(8, 1))",
        "F.mse_loss(model(x), y)",
        "x.prod(1, keepdim=True)",
    ),
    "weight decay by hand": (
        "nn.Linear(1, 1)",
        "F.mse_loss(model(x), y) + 0.01 * sum(p.pow(2).sum() for p in model.parameters())",
        "2 * x + 1",
    ),
}
"""A model, its loss and its targets, as people write them."""

TEMPLATE = """
    import copy
    import torch
    from torch import nn
    import torch.nn.functional as F

    torch.manual_seed(2)
    columns = next(iter(nn.ModuleList([{model}]).parameters())).shape[1]
    x = torch.randn(40, columns)
    y = {targets}
    model = {model}
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for step in range(8):
        optimizer.zero_grad()
        before = copy.deepcopy(model)
        loss = {loss}
        loss.backward()
        optimizer.step()
"""


def _model(folder: Path, name: str) -> tuple[Recording, torch.nn.Module]:
    model, loss, targets = MODELS[name]
    script = TEMPLATE.format(model=model, loss=loss, targets=targets)
    names: dict[str, Any] = {}
    exec(compile(textwrap.dedent(script), "script.py", "exec"), names)  # the oracle: the same script, bare
    return record_text(folder, script), names["before"]


@pytest.mark.parametrize("name", MODELS)
def test_the_picture_says_what_the_model_says(tmp_path: Path, name: str) -> None:
    recording, model = _model(tmp_path, name)
    scene = DataSpace(recording).scene(8, (), (9, 7))
    grid = numpy.meshgrid(*scene.axes)
    asked = numpy.tile(scene.points.inputs.mean(axis=0), (grid[0].size, 1))
    for column, values in zip(scene.columns, grid, strict=True):
        asked[:, column] = values.ravel()
    with torch.no_grad():
        said = model(torch.tensor(asked, dtype=torch.float32)).reshape(len(asked), -1).numpy()
    wanted = said.argmax(axis=1) if said.shape[1] > 1 else said[:, 0]
    numpy.testing.assert_allclose(scene.prediction.ravel(), wanted, rtol=1e-3, atol=1e-4)
    assert len(scene.points.inputs) == 40
    assert scene.has_classes == ("int" in str(scene.points.targets.dtype) or name[:3] in {"two", "sig", "thr", "lab"})
    threshold = {"two": 0.0, "sig": 0.5}.get(name[:3])
    assert scene.threshold == threshold


def test_batches_are_gathered_and_those_of_the_step_stand_out(tmp_path: Path) -> None:
    recording = record_text(
        tmp_path,
        """
        import torch
        torch.manual_seed(0)
        data = torch.utils.data.TensorDataset(torch.randn(30, 2), torch.arange(30) % 2)
        model = torch.nn.Linear(2, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for epoch in range(2):
            for inputs, labels in torch.utils.data.DataLoader(data, batch_size=8, shuffle=True):
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(model(inputs), labels).backward()
                optimizer.step()
        """,
    )
    scene = DataSpace(recording).scene(3)
    assert len(scene.points.inputs) == 30
    assert len(scene.batch.inputs) == 8
    assert scene.names == ("inputs", "labels")
    last = DataSpace(recording).scene(8)
    assert len(last.batch.inputs) == 6


def test_two_columns_can_be_chosen_and_wrong_ones_are_refused(tmp_path: Path) -> None:
    recording, _ = _model(tmp_path, "three classes")
    space = DataSpace(recording)
    assert space.scene(8, (0, 3)).columns == (0, 3)
    assert len(set(space.scene(8).columns)) == 2
    for columns in ((0, 4), (1, 1)):
        with pytest.raises(UsageError, match="columns 0 to 3"):
            space.scene(8, columns)


def test_a_light_step_beside_a_full_one_has_its_own_parameters(tmp_path: Path) -> None:
    script = """
        import torch
        torch.manual_seed(0)
        x = torch.linspace(-1, 1, 20).unsqueeze(1)
        y = 3 * x + 1
        model = torch.nn.Linear(1, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        kept = []
        for step in range(30):
            optimizer.zero_grad()
            ((model(x) - y) ** 2).mean().backward()
            optimizer.step()
    """
    recording = record_text(tmp_path, script, detail="light", windows=((11, 12),))
    space = DataSpace(recording)
    line = space.scene(10)
    value = {parameter.name: parameter.value for parameter in recording.step_parameters(10)}
    weight, bias = (value[name].array.ravel()[0] for name in ("weight", "bias"))  # type: ignore[union-attr]
    numpy.testing.assert_allclose(line.prediction, weight * line.axes[0] + bias, rtol=1e-5)
    with pytest.raises(NoPictureError, match="not on the schedule"):
        space.scene(13)


REASONS = {
    "model = nn.Embedding(5, 1)\nx, y = torch.arange(5), torch.ones(5, 1)": "whole numbers",
    "model = nn.Conv2d(1, 1, 3)\nx, y = torch.randn(4, 1, 3, 3), torch.ones(4, 1, 1, 1)": "a picture needs rows",
    "model = nn.Linear(3, 2)\nx, y = torch.randn(6, 3), torch.randn(6, 2)": "each row of the targets has 2",
    "model = nn.Linear(3, 1)\nx, y = torch.randn(1, 3), torch.ones(1, 1)": "one row",
    "model = nn.Linear(80, 1)\nx, y = torch.randn(6, 80), torch.ones(6, 1)": "at most 64 columns",
    "model = nn.Linear(50, 1)\nx, y = torch.randn(600, 50), torch.ones(600, 1)": "up to 4,096",
    "model = nn.Linear(3, 1)\nx, y = torch.randn(6, 3), torch.ones(6, 1)\ngo = lambda: model(x).erfinv()": "erfinv",
}


@pytest.mark.parametrize("lines", REASONS, ids=list(map(str, range(len(REASONS)))))
def test_where_there_is_no_picture_one_line_says_why(tmp_path: Path, lines: str) -> None:
    script = "import torch\nfrom torch import nn\ngo = lambda: model(x)\n" + lines + "\n"
    script += "((go() - y) ** 2).mean().backward()\nwith torch.no_grad():\n    for p in model.parameters(): p -= 0.1\n"
    recording = record_text(tmp_path, script)
    with pytest.raises(NoPictureError, match=REASONS[lines]) as caught:
        DataSpace(recording).scene(1)
    assert "\n" not in str(caught.value)


def test_a_light_run_and_a_run_without_loss_say_so(tmp_path: Path) -> None:
    script = "import torch\nw = torch.ones(2, requires_grad=True)\n(w * w).backward(torch.ones(2))\n"
    with pytest.raises(NoPictureError):
        DataSpace(record_text(tmp_path, script)).scene(1)
    text = TEMPLATE.format(model="nn.Linear(1, 1)", loss="F.mse_loss(model(x), y)", targets="x")
    light = record_text(tmp_path, text, name="light", detail="light")
    with pytest.raises(NoPictureError, match="light"):
        DataSpace(light).scene(3)


# -- the error surface -----------------------------------------------------------------------------------------------


def test_the_surface_is_the_error_and_the_path_is_that_of_training(tmp_path: Path) -> None:
    recording = _scenario(tmp_path, "linear_regression_low")
    space = DataSpace(recording)
    surfaces = Surfaces(space)
    surface = surfaces.surface(4, (7, 5))
    assert surface.names == ("w", "b")
    points = space.scene(4).points
    w, b = numpy.meshgrid(*surface.axes)
    residual = points.targets - (w[..., None] * points.inputs[:, 0] + b[..., None])
    numpy.testing.assert_allclose(surface.errors, 0.5 * (residual**2).sum(axis=-1), rtol=1e-6)
    at_path = points.targets - (surface.path[:, :1] * points.inputs[:, 0] + surface.path[:, 1:])
    losses = [loss for loss in recording.losses if loss is not None]
    numpy.testing.assert_allclose(0.5 * (at_path[:-1] ** 2).sum(axis=1), losses, rtol=1e-6)
    assert surface.steps[surface.here()] == 4
    assert surfaces.surface(20, (7, 5)).errors is surface.errors, "full batch: one surface for all steps"


def test_of_a_training_that_runs_away_the_surface_shows_what_lies_behind_and_each_training_has_its_own(
    tmp_path: Path,
) -> None:
    """The first overshoots more at each step; the second, on the same data, settles."""
    recording = record_text(
        tmp_path,
        """
        import torch
        x = torch.linspace(-1, 1, 9)
        for rate in (1.0, 0.1):
            w = torch.zeros((), requires_grad=True)
            b = torch.zeros((), requires_grad=True)
            for _ in range(8):
                loss = ((w * x + b - 2 * x) ** 2).sum()
                loss.backward()
                with torch.no_grad():
                    w -= rate * w.grad
                    b -= rate * b.grad
                w.grad = b.grad = None
        """,
    )
    surfaces = Surfaces(DataSpace(recording))
    for step in (1, 3, 8, 9, 12, 16):
        surface = surfaces.surface(step, (7, 5))
        assert surface.steps[surface.here()] == step
        assert surface.axes[0][0] <= surface.path[surface.here(), 0] <= surface.axes[0][-1]
        # The whole way of what settles; of what runs away the two ends of the step's move, and what came before.
        assert len(surface.path) == (step + 1 if step <= 8 else 9)
        assert surface.steps[0] == (1 if step <= 8 else 9)
    assert surfaces.surface(3, (7, 5)).errors is not surfaces.surface(11, (7, 5)).errors


def test_two_numbers_in_one_tensor_have_a_surface_too_and_more_have_none(tmp_path: Path) -> None:
    recording = record_text(
        tmp_path,
        """
        import torch
        x = torch.linspace(-1, 1, 9)
        p = torch.tensor([0.5, -1.0], requires_grad=True)
        for step in range(4):
            loss = ((p[0] * x + p[1] - 2 * x) ** 2).mean()
            loss.backward()
            with torch.no_grad():
                p -= 0.1 * p.grad
            p.grad = None
        """,
    )
    surface = Surfaces(DataSpace(recording)).surface(2, (5, 4))
    assert surface.names == ("p[0]", "p[1]")
    first, second = numpy.meshgrid(*surface.axes)
    x = numpy.linspace(-1, 1, 9)
    wanted = (((first[..., None] - 2) * x + second[..., None]) ** 2).mean(axis=-1)
    numpy.testing.assert_allclose(surface.errors, wanted, rtol=1e-5)
    assert len(surface.path) == 5
    with pytest.raises(NoPictureError, match="600 numbers"):
        Surfaces(DataSpace(builders.rnn_cell(tmp_path))).surface(1)
