"""The training pane: numbers one can watch move, curves that hide no spike, and rows that always fit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as some
from textual.app import App, ComposeResult

from graphlab.recording import Recording
from graphlab.tui import training_table
from graphlab.tui.curves import Columns, choose_axis, draw_curve, draw_heat_line, draw_spark
from graphlab.tui.rows import Row, join_text, row_text, row_width
from graphlab.tui.state import ExplorerState
from graphlab.tui.theme import DARK, LIGHT, STYLE_NAMES, Look, make_themes
from graphlab.tui.training import TrainingPane
from graphlab.tui.training_view import VIEWS, TrainingView
from tests import builders


class Host(App[None]):
    """An app with nothing but the pane."""

    CSS: ClassVar[str] = "TrainingPane { width: 1fr; height: 1fr; }"

    def __init__(self, recording: Recording, theme: str = DARK) -> None:
        super().__init__()
        for made in make_themes():
            self.register_theme(made)
        self.theme = theme
        self.state = ExplorerState(recording, at=recording.event_count)

    def compose(self) -> ComposeResult:
        yield TrainingPane(self.state)

    @property
    def pane(self) -> TrainingPane:
        return self.query_one(TrainingPane)

    @property
    def shown(self) -> str:
        return join_text(self.pane._rows)


@pytest.fixture(scope="module")
def twenty(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return builders.training(tmp_path_factory.mktemp("twenty"), steps=20)


# -- curves --------------------------------------------------------------------------------------------------------


@given(steps=some.integers(1, 3000), room=some.integers(1, 200))
def test_every_step_has_a_column_and_every_column_a_step(steps: int, room: int) -> None:
    columns = Columns.fit(steps, room)
    assert columns.width <= room
    for column in range(columns.width):
        assert 0 <= columns.step(column) < steps
    for step in {0, steps // 2, steps - 1}:
        assert 0 <= columns.column(step) < columns.width
        if steps <= columns.width:
            assert columns.step(columns.column(step)) == step


@given(
    numbers=some.lists(some.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=300),
    width=some.integers(1, 120),
    height=some.integers(1, 20),
    is_log=some.booleans(),
)
def test_a_curve_of_any_numbers_fits(numbers: list[float], width: int, height: int, *, is_log: bool) -> None:
    array = numpy.array(numbers)
    there = numpy.ones(len(numbers), bool)
    rows = draw_curve(array, there, len(numbers) // 2, width, height, is_log=is_log)
    assert len(rows) <= height
    assert {name for row in rows for _, names in row for name in names.split()} <= STYLE_NAMES
    for cells in ("half", "ramp", "ascii"):
        assert row_width(draw_heat_line(array, there, choose_axis(array, is_log=True), width, cells)) <= width
    assert row_width(draw_spark(array, there, 0, width)) <= width


def test_a_spike_survives_when_many_steps_share_a_column() -> None:
    losses = numpy.ones(2000)
    losses[1234] = 9.0
    largest, _ = Columns.fit(2000, 80).largest(losses, numpy.ones(2000, bool))
    assert largest.max() == 9.0
    rows = draw_curve(losses, numpy.ones(2000, bool), 1234, 90, 10, is_log=False)
    assert "█" in row_text(rows[0]) or "▇" in row_text(rows[0])


def test_a_loss_that_is_no_number_is_marked() -> None:
    rows = draw_curve(numpy.array([1.0, math.nan, math.inf]), numpy.ones(3, bool), 0, 60, 10, is_log=False)
    assert {"N", "∞"} <= set(row_text(rows[0]))


def test_the_mark_stands_under_the_cursors_step() -> None:
    rows = draw_curve(numpy.arange(1.0, 201.0), numpy.ones(200, bool), 199, 110, 12, is_log=False)
    assert row_text(rows[-1]).index("▲") == row_text(rows[0]).rstrip().rindex("█")


# -- the view ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(20, 5), (36, 24), (80, 20), (120, 40), (200, 60), (1, 1)])
@pytest.mark.parametrize("look", [Look(), Look(has_heat=False), Look(has_heat=False, is_ascii=True)])
def test_rows_fill_exactly_the_size(tmp_path: Path, size: tuple[int, int], look: Look) -> None:
    width, height = size
    for recording in builders.many(tmp_path):
        training = TrainingView(recording)
        for training.view in VIEWS:
            for number in {1, len(recording.steps)} if recording.steps else {None}:
                rows = training.rows(number, width, height, look)
                assert len(rows) == height
                for row in rows:
                    assert row_width(row) == width
                    assert {name for _, names in row for name in names.split()} <= STYLE_NAMES


@pytest.mark.parametrize(
    ("losses", "first", "then"),
    [
        ([3.0, 2.0, 1.0], "curve", "log"),
        ([3e3, 1e12, 2e43, float("inf")], "log", "heat"),
        ([3e3, -1.0, 2e43], "curve", "heat"),
        ([float("nan")], "curve", "heat"),
    ],
)
def test_an_exploding_loss_opens_on_the_axis_on_which_it_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, losses: list[float], first: str, then: str
) -> None:
    training = TrainingView(builders.training(tmp_path, steps=3))
    monkeypatch.setattr(training.series, "losses", lambda: numpy.array(losses))
    assert training.view == first
    training.turn_view()
    assert training.view == then


def test_the_table_shows_what_each_step_did_to_weight_and_bias(twenty: Recording) -> None:
    training = TrainingView(twenty)
    training.view = "table"
    lines = [row_text(row) for row in training.rows(20, 100, 26, Look())]
    (line,) = [line for line in lines if line.startswith("▸")]
    cells = [cell for cell in line.replace("│", " ").split() if cell != "▸"]
    state = {parameter.name: parameter for parameter in twenty.step_parameters(20)}
    assert cells[0] == "20"
    assert float(cells[1]) == pytest.approx(twenty.losses[-1], rel=1e-4)
    for position, name in ((2, "w"), (5, "b")):
        value, gradient, update = map(float, cells[position : position + 3])
        kept = state[name].value
        assert kept is not None and kept.array is not None
        assert value == pytest.approx(float(kept.array[0]), rel=1e-4)
        assert update == pytest.approx(-0.05 * gradient, rel=1e-2)


def test_the_list_shows_the_numbers_of_the_cursors_step(twenty: Recording) -> None:
    shown = join_text(TrainingView(twenty).rows(13, 100, 34, Look()))
    assert "step 13 of 20" in shown
    assert "1.5474" in shown
    assert "▲ step 13" in shown
    assert "w over 20 steps" in shown


def test_large_parameters_show_norms_and_the_picked_one_its_gradient(tmp_path: Path) -> None:
    shown = join_text(TrainingView(builders.rnn_cell(tmp_path)).rows(1, 120, 30, Look()))
    assert "‖20.37‖" in shown
    assert "gradient of W_h at step 1" in shown


def test_only_the_rows_that_are_seen_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = TrainingView(builders.training(tmp_path, steps=400))
    training.view = "table"
    rows = training.rows(200, 100, 24, Look())
    assert sum("│" in row_text(row) for row in rows) <= 24
    while not training.is_read:
        training.rows(200, 100, 24, Look())
    drawn: list[int] = []
    draw = training_table._cells

    def note(column: training_table.Column, steps: Sequence[int]) -> list[Row]:
        drawn.append(len(steps))
        return draw(column, steps)

    monkeypatch.setattr(training_table, "_cells", note)
    training.rows(201, 100, 24, Look())
    assert 10 < min(drawn) <= max(drawn) <= 24


def test_a_log_axis_is_offered_only_where_it_can_show_all(tmp_path: Path, twenty: Recording) -> None:
    positive, negative = TrainingView(twenty), TrainingView(builders.rnn_cell(tmp_path))
    positive.turn_view()
    assert positive.view == "log"
    if (negative.recording.losses[0] or 0) < 0:
        negative.turn_view()
        assert negative.view == "heat"


# -- the pane ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", [DARK, LIGHT])
async def test_the_pane_follows_the_cursor_and_its_keys_work(twenty: Recording, theme: str) -> None:
    app = Host(twenty, theme)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert "step 20 of 20" in app.shown
        app.state.watch(app.pane.refresh_rows)
        app.pane.page(-1)
        assert app.pane.step_number == 18
        assert "step 18 of 20" in app.shown
        app.pane.select(1)
        assert app.pane.training.picked == 1
        assert "b over 20 steps" in app.shown
        app.pane.enter()
        assert app.state.moment == twenty.step(18).first
        app.pane.sideways(1)
        assert "updates over the steps" in app.shown
        while app.pane.training.view != "table":
            app.pane.switch_view()
        assert "▸" in app.pane.copy_text()


async def test_a_click_on_the_curve_goes_to_that_step_and_on_a_name_picks_it(twenty: Recording) -> None:
    app = Host(twenty)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        rows = [row_text(row) for row in app.pane._rows]
        mark = next(index for index, row in enumerate(rows) if "▲" in row)
        app.pane.click(10, mark - 3)
        assert app.pane.step_number == 1
        named = next(index for index, row in enumerate(rows) if row.startswith("  b"))
        app.pane.click(3, named)
        assert app.pane.training.picked == 1


async def test_within_a_step_the_rows_are_not_made_anew(twenty: Recording) -> None:
    app = Host(twenty)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        app.state.go(twenty.step(10).first)
        app.pane.refresh_rows()
        rows = app.pane._rows
        app.state.go(twenty.step(10).first + 1)
        app.pane.refresh_rows()
        assert app.pane._rows is rows


def test_a_commit_of_the_run_between_two_questions_changes_neither_answer(tmp_path: Path) -> None:
    run, recording = builders.running(tmp_path, steps=1)
    query = "SELECT MAX(id) FROM events"
    with recording.reading():
        before = recording.reader.number(query)
        run.line(1)
        run.writer.commit()
        assert recording.reader.number(query) == before
    assert recording.reader.number(query) == run.event


def test_bars_of_a_gradient_show_how_large_it_is_whatever_its_sign() -> None:
    numbers = numpy.array([-367.0, -100.0, -0.5])
    there = numpy.ones(3, dtype=bool)
    assert row_text(draw_spark(numbers, there, 0, 3, is_magnitude=True)) == "█▃▁"
    assert row_text(draw_spark(-numbers, there, 0, 3, is_magnitude=True)) == "█▃▁"


def test_in_the_list_of_parameters_a_gradient_that_falls_is_drawn_falling(twenty: Recording) -> None:
    view = TrainingView(twenty)
    while not view.is_read or not view._hits:
        rows = view.rows(20, 120, 40, Look())
    line = next(row_text(row) for row in rows if row_text(row).startswith("  gradient "))
    assert line.split()[1][0] == "█"
    assert float(view.series.curve(view.series.leaves(20)[0], "gradient").numbers[0]) < 0
