"""The training pane's pages of one parameter and of the data: they fit, follow the step, or say why there is none."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest

from graphlab.recording import Recording
from graphlab.tui.curves import Axis
from graphlab.tui.dots import MARGIN, Canvas
from graphlab.tui.rows import join_text, row_text, row_width
from graphlab.tui.theme import STYLE_NAMES, Look
from graphlab.tui.training_view import TrainingView, View
from tests import builders
from tests.light_builder import light_run
from tests.recorded import record_text

LOOKS = [Look(), Look(has_heat=False), Look(has_heat=False, is_ascii=True)]
SIZES = [(20, 6), (80, 20), (120, 38), (200, 58)]

LINE = """
    import torch
    x = torch.linspace(-1, 1, 12)
    w, b = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
    for step in range(9):
        loss = ((w * x + b - 2 * x - 1) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            w -= 0.2 * w.grad
            b -= 0.2 * b.grad
        w.grad = b.grad = None
"""
CLASSES = """
    import torch
    torch.manual_seed(0)
    inputs, labels = torch.randn(30, 3), torch.arange(30) % 3
    model = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for step in range(6):
        batch = torch.randperm(30)[:10]
        x, y = inputs[batch], labels[batch]
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
"""


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return record_text(tmp_path_factory.mktemp("line"), LINE)


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return record_text(tmp_path_factory.mktemp("classes"), CLASSES)


def _view(recording: Recording, view: View) -> TrainingView:
    made = TrainingView(recording)
    made.view = view
    return made


def _text(view: TrainingView, step: int, width: int = 120, height: int = 38) -> str:
    rows = view.rows(step, width, height, Look())
    while not view.is_read:
        rows = view.rows(step, width, height, Look())
    return join_text(rows)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("size", SIZES)
def test_the_pages_fill_exactly_the_size(
    line: Recording, classes: Recording, size: tuple[int, int], look: Look
) -> None:
    width, height = size
    for recording in (line, classes):
        for name in ("parameter", "data"):
            view = _view(recording, name)
            for _ in range(2):
                rows = view.rows(3, width, height, look)
                assert [row_width(row) for row in rows] == [width] * height
                assert {style for row in rows for _, names in row for style in names.split()} <= STYLE_NAMES
                view.turn_measure(1)


def test_the_line_moves_with_the_steps_towards_the_points(line: Recording) -> None:
    view = _view(line, "data")
    first, last = _text(view, 1), _text(view, 9)
    assert first != last
    assert "y over x" not in first or "x" in first
    for text, step in ((first, 1), (last, 9)):
        assert f"step {step} of 9" in text
        assert "error over w (across) and b (up)" in text
        assert "◉" in text
    narrow = _text(view, 9, 80, 20)
    assert "error over" not in narrow
    view.turn_measure(1)
    assert "error over" in _text(view, 9, 80, 20)


def test_every_class_has_its_sign_and_the_columns_are_named(classes: Recording) -> None:
    text = _text(_view(classes, "data"), 6)
    assert all(f"{sign} y = {label}" in text for sign, label in (("●", 0), ("■", 1), ("▲", 2)))
    assert "the other column at its mean" in text
    assert "of this step" in text


def test_a_parameter_shows_moments_histogram_and_entries(classes: Recording) -> None:
    view = _view(classes, "parameter")
    text = _text(view, 6)
    assert "0.weight 8x3" in text
    assert "‖exp_avg‖" in text
    assert "‖exp_avg_sq‖" in text
    assert "share of its entries by size" in text
    assert "gradient entry by entry (24)" in text
    view.turn_measure(1)
    assert "update entry by entry (24)" in _text(view, 6)
    view.pick(1, 6)
    assert "0.bias 8" in _text(view, 6)


def test_where_there_is_nothing_to_show_a_line_says_why(tmp_path: Path) -> None:
    view = _view(light_run(tmp_path, 300, 3), "data")
    text = _text(view, 200)
    assert "There is no picture:" in text
    assert "light" in text
    view.view = "parameter"
    assert "no values of this gradient were kept" in _text(view, 200)
    for recording in builders.many(tmp_path):
        for name in ("parameter", "data"):
            steps = len(recording.steps)
            _view(recording, name).rows(steps or None, 80, 20, Look())


def test_an_axis_that_counts_has_whole_numbers_where_they_lie() -> None:
    counted = Canvas(51, 3, Axis(1.0, 20.0), Axis(0.0, 1.0), is_counted=True).rows()[-1]
    text = row_text(counted)[MARGIN:]
    numbers = [int(number) for number in text.split()]
    assert numbers == [1, 7, 14, 20]
    assert [text.index(f"{number}") for number in numbers[1:3]] == [round((each - 1) / 19 * 50) for each in (7, 14)]


def test_a_line_goes_through_the_cells_between_its_points() -> None:
    canvas = Canvas(10, 5, Axis(0.0, 9.0), Axis(0.0, 4.0))
    canvas.line(numpy.array([0.0, 9.0]), numpy.array([0.0, 4.0]), "curve")
    canvas.mark(0.0, 4.0, "●", "data")
    rows = [row_text(row) for row in canvas.rows()]
    assert rows[0].rstrip()[9] == "●"
    assert rows[0].rstrip()[-1] > "\u2800"
    assert rows[4][9] > "\u2800"
    assert all(any("\u2800" < sign <= "\u28ff" for sign in row) for row in rows[:5])
