"""The page about the numbers of two runs: its curves and list at all sizes, and where Enter and `o` lead."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest

from graphlab.comparing import RunComparison, compare_runs
from graphlab.recording import open_recording
from graphlab.tui.app import GraphlabApp
from graphlab.tui.compare_dialog import ChangesDialog
from graphlab.tui.explore import ExploreScreen
from graphlab.tui.rows import join_text, row_width
from graphlab.tui.runs_dialog import RunsDialog
from graphlab.tui.runs_page import RunsPage
from graphlab.tui.theme import DARK, Look
from tests.light_builder import light_run
from tests.recorded import record_text
from tests.test_tui_comparing import press, screen_of, state_of

DESCENT = """
    import torch

    LR = 0.1
    w = torch.ones(3, requires_grad=True)
    for step in range(6):
        loss = (w * w * torch.arange(1.0, 4.0)).sum()
        loss.backward()
        with torch.no_grad():
            w -= LR * w.grad
        w.grad = None
    """


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two runs side by side that part at the first product with the rate, on line 10."""
    folder = tmp_path_factory.mktemp("pair")
    paths = []
    for name, text in (("fast", DESCENT), ("slow", DESCENT.replace("LR = 0.1", "LR = 0.09"))):
        recording = record_text(folder, text, name=name)
        assert recording.path is not None
        paths.append(recording.path)
        recording.close()
    return paths[0], paths[1]


@pytest.fixture(scope="module")
def found(pair: tuple[Path, Path]) -> RunComparison:
    return compare_runs(open_recording(pair[0]), open_recording(pair[1]))


@pytest.mark.parametrize("size", [(78, 22), (118, 38), (198, 58), (40, 10)])
def test_the_page_fills_its_room_and_says_first_whether_the_runs_are_the_same(
    found: RunComparison, size: tuple[int, int]
) -> None:
    rows = RunsPage(found).rows(1, *size, Look())
    assert [row_width(row) for row in rows] == [size[0]] * size[1]
    text = join_text(rows)
    assert text.startswith(" numbers: not the same from step 1 on")
    assert "bit for bit: step 1, e" in text
    # Where there is room the distance has a picture of its own.
    assert ("relative distance" in text) == (size[1] >= 34)


def test_the_curves_turn_from_the_loss_to_the_gradients_and_how_far_they_are_apart(found: RunComparison) -> None:
    page = RunsPage(found)
    names = [measure.name for measure in page.measures]
    assert names == ["loss", "gradient norm of all parameters", "gradient norm of w", "relative distance"]
    assert "×" in join_text(page.rows(1, 118, 30, Look()))  # the other loss lies beside this one
    page.turn(-1)
    text = join_text(page.rows(1, 118, 30, Look()))
    assert "relative distance, log" in text
    assert "×" not in text.split("\n", 8)[8].split("first parts at")[0]


def test_runs_that_are_the_same_have_one_line_and_no_place_to_go(pair: tuple[Path, Path]) -> None:
    page = RunsPage(compare_runs(open_recording(pair[0]), open_recording(pair[0])))
    text = join_text(page.rows(1, 100, 24, Look()))
    assert "bit for bit, at all 6 steps" in text
    assert page.targets == []
    page.select(1)
    assert page.chosen == 0


def test_a_spike_of_one_step_in_a_long_run_is_drawn(tmp_path: Path) -> None:
    def spike(step: int, norms: numpy.ndarray[tuple[int], numpy.dtype[numpy.float64]]) -> None:
        norms[:] = 50.0 if step == 700 else 1.0

    for name in "ab":
        (tmp_path / name).mkdir()
    page = RunsPage(compare_runs(light_run(tmp_path / "a", 1_000, 2), light_run(tmp_path / "b", 1_000, 2, spike)))
    page.shown = 1
    rows = join_text(page.rows(1, 80, 24, Look())).splitlines()
    top = next(row for row in rows if "┤" in row)
    assert "×" in top


async def test_v_shows_the_numbers_enter_goes_to_the_event_and_o_to_the_other_run(pair: tuple[Path, Path]) -> None:
    fast, slow = pair
    async with GraphlabApp(slow, theme=DARK).run_test(size=(120, 40)) as pilot:
        await press(pilot, f"D {' '.join('fast')} enter")
        assert screen_of(pilot) is ChangesDialog
        await press(pilot, "v")
        assert screen_of(pilot) is RunsDialog
        await pilot.app.workers.wait_for_complete()
        text = await press(pilot, "right")
        assert "A fast.glab   B slow.glab (this run)" in text
        assert "gradient norm of all parameters" in text
        await press(pilot, "enter")
        state = state_of(pilot)
        event = state.recording.event(state.moment)
        assert (event.kind, event.text, event.line, event.step) == ("op", "mul", 10, 1)
        # Back to the graphs and to the numbers again, and from there to the other run.
        await press(pilot, "D v v")
        assert screen_of(pilot) is ChangesDialog
        await press(pilot, "v")
        await pilot.app.workers.wait_for_complete()
        await press(pilot, "o")
        assert screen_of(pilot) is ExploreScreen
        assert state_of(pilot).recording.path == fast
        assert state_of(pilot).moment == event.id


async def test_two_steps_of_one_run_have_no_numbers_of_two_runs(pair: tuple[Path, Path]) -> None:
    async with GraphlabApp(pair[0], theme=DARK).run_test(size=(120, 40)) as pilot:
        text = await press(pilot, "D enter v")
        assert screen_of(pilot) is ExploreScreen
        assert "the numbers of two recordings are compared" in text
