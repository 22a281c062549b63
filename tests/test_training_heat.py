"""Heat maps over training: their numbers are autograd's, a spike of one step shows however many steps share a cell."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import numpy
import pytest

from graphlab.recording import Recording
from graphlab.series import Series
from graphlab.training.heat import Heat, HeatMap, HeatMeasure
from graphlab.tui.rows import join_text, row_text, row_width
from graphlab.tui.theme import Look
from graphlab.tui.training_heat import HeatPage
from graphlab.tui.training_view import TrainingView
from tests import builders
from tests.light_builder import light_run
from tests.recorded import record_text

SCRIPT = """
    import torch

    torch.manual_seed(3)
    inputs, targets = torch.randn(12, 3), torch.randn(12, 1)
    model = torch.nn.Sequential(torch.nn.Linear(3, 6), torch.nn.ReLU(), torch.nn.Linear(6, 1))
    with torch.no_grad():
        model[0].bias[0] = -100.0
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    seen = []
    for step in range(6):
        optimizer.zero_grad()
        loss = ((model(inputs) - targets) ** 2).mean()
        loss.backward()
        before = [p.detach().clone() for p in model.parameters()]
        grads = [p.grad.clone() for p in model.parameters()]
        optimizer.step()
        after = [p.detach().clone() for p in model.parameters()]
        seen.append([
            (g.norm().item(), ((a - b).norm() / a.norm()).item(), (g == 0).float().mean().item())
            for g, a, b in zip(grads, after, before)
        ])
        schedule.step()
"""


def _read(recording: Recording, what: HeatMeasure, starts: Any = None) -> HeatMap:
    series = Series(recording)
    leaves = series.leaves(len(recording.steps))
    heat = Heat(series)
    while not heat.read_on(leaves, what, 1.0):
        pass
    steps = len(recording.steps)
    return heat.map(leaves, what, numpy.arange(steps) if starts is None else numpy.array(starts), steps)


@pytest.mark.parametrize("detail", ["full", "light"])
def test_the_numbers_are_those_of_autograd(tmp_path: Path, detail: str) -> None:
    names: dict[str, Any] = {}
    exec(compile(textwrap.dedent(SCRIPT), "script.py", "exec"), names)  # the oracle: the same script, bare
    recording = record_text(tmp_path, SCRIPT, detail=detail)
    for place, what in enumerate(("gradients", "updates", "zeros")):
        found = _read(recording, what)  # type: ignore[arg-type]  # a tuple's words are no literals to mypy
        wanted = numpy.array([[leaf[place] for leaf in step] for step in names["seen"]]).T
        assert found.is_there.all()
        numpy.testing.assert_allclose(found.numbers, wanted, rtol=1e-5, atol=1e-7)
    assert (numpy.array(names["seen"])[:, 0, 2] > 0).any(), "the first unit is dead"


def test_a_spike_of_one_step_shows_in_a_cell_of_thousands(tmp_path: Path) -> None:
    def spike(step: int, norms: Any) -> None:
        if step == 3_123:
            norms[2] = 777.0
        if step == 4_001:
            norms[1] = numpy.nan

    recording = light_run(tmp_path, 5_000, 4, spike)
    starts = numpy.arange(0, 5_000, 1_000)
    found = _read(recording, "gradients", starts)
    assert found.numbers[2].max() == 777.0
    assert found.numbers[2].argmax() == 3
    assert numpy.isnan(found.numbers[1, 4])
    assert numpy.isfinite(found.numbers[[0, 2, 3]]).all()
    every = _read(recording, "gradients").numbers
    expected = numpy.maximum.reduceat(every, starts, axis=1)
    numpy.testing.assert_array_equal(found.numbers, expected)


def test_groups_that_cut_blocks_anywhere_say_what_single_steps_say(tmp_path: Path) -> None:
    recording = light_run(tmp_path, 700, 3)
    every = _read(recording, "gradients").numbers
    for starts in ([0], [3, 255, 256, 257, 600], [511, 512], [699]):
        found = _read(recording, "gradients", starts)
        numpy.testing.assert_array_equal(found.numbers, numpy.maximum.reduceat(every, starts, axis=1))


@pytest.mark.parametrize("detail", ["full", "light"])
def test_a_gradient_that_did_not_come_is_none_and_not_zero(tmp_path: Path, detail: str) -> None:
    script = """
        import torch
        used, unused = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(2))
        optimizer = torch.optim.SGD([used, unused], lr=0.1)
        for step in range(3):
            optimizer.zero_grad()
            (used * step).sum().backward()
            optimizer.step()
    """
    found = _read(record_text(tmp_path, script, detail=detail), "gradients")
    assert found.is_there.tolist() == [[True] * 3] + [[False] * 3] * (len(found.is_there) - 1)
    assert found.numbers[0, 0] == 0, "a gradient of 0 is one"


def test_learning_rates_are_those_of_the_schedule(tmp_path: Path) -> None:
    for detail in ("full", "light"):
        (tmp_path / detail).mkdir()
        rates = Series(record_text(tmp_path / detail, SCRIPT, detail=detail)).rates()
        assert list(rates) == ["lr"]
        assert rates["lr"].tolist() == pytest.approx([0.1 * 0.5**step for step in range(6)])


# -- the page ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return light_run(tmp_path_factory.mktemp("light"), 3_000, 30)


def test_the_window_halves_and_stays_while_the_cursor_is_inside(long: Recording) -> None:
    page = HeatPage(Series(long))
    assert page.window(3_000, 1_500) == (0, 3_000)
    page.nearer(1)
    page.nearer(1)
    assert page.window(3_000, 1_500) == (1_125, 750)
    assert page.window(3_000, 1_800) == (1_125, 750)
    assert page.window(3_000, 2_999) == (2_250, 750)
    for _ in range(40):
        page.nearer(1)
    first, count = page.window(3_000, 2_999)
    assert first <= 2_999 < first + count
    assert count >= 8
    for _ in range(40):
        page.nearer(-1)
    assert page.window(3_000, 0) == (0, 3_000)


@pytest.mark.parametrize("size", [(60, 14), (80, 20), (120, 40), (200, 60), (20, 4)])
def test_the_page_fits_and_a_click_finds_step_and_parameter(long: Recording, size: tuple[int, int]) -> None:
    width, height = size
    view = TrainingView(long)
    view.view = "heat"
    rows = view.rows(2_000, width, height, Look())
    assert [row_width(row) for row in rows] == [width] * height
    if height < 20:
        return
    named = next(index for index, row in enumerate(rows) if "layers.3.weight" in row_text(row))
    hit = view.hit(3, named)
    assert hit is not None and hit.leaf == 3
    middle = view.hit(width // 2, named)
    assert middle is not None and middle.step is not None and 1 <= middle.step <= 3_000
    assert "▲ step 2000" in join_text(rows)


def test_in_a_window_the_axis_counts_the_runs_own_steps(long: Recording) -> None:
    view = TrainingView(long)
    view.view = "heat"
    for _ in range(5):
        view.nearer(1)
    text = join_text(view.rows(2_000, 120, 40, Look()))
    assert "▲ step 2000" in text
    assert "2000" in text.split("▲")[0].splitlines()[-2]


def test_the_maps_turn_and_fill_the_room_that_there_is(tmp_path: Path) -> None:
    view = TrainingView(builders.training(tmp_path, steps=12))
    view.view = "heat"
    text = join_text(view.rows(12, 120, 40, Look()))
    assert "gradient norm by parameter" in text
    assert "update against weight" in text
    assert "share of exact zeros" in text
    small = join_text(view.rows(12, 80, 12, Look()))
    assert "gradient norm" in small
    view.turn_measure(1)
    assert "update against weight" in join_text(view.rows(12, 80, 6, Look()))
