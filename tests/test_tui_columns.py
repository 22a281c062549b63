"""The keys of the lanes: the list of columns, sorting, folding."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from graphlab.tui.app import GraphlabApp
from graphlab.tui.columns_dialog import ColumnsDialog
from graphlab.tui.explore import ExploreScreen
from graphlab.tui.headless import screen_strips, screen_text
from graphlab.tui.state import ExplorerState
from graphlab.tui.theme import DARK
from tests.recorded import record_text
from tests.test_tui_lanes import MODULES


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    return Path(str(record_text(tmp_path, MODULES).path))


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)


async def press(pilot: Pilot[int], *keys: str) -> str:
    await pilot.press(*keys)
    await pilot.pause()
    assert isinstance(pilot.app, GraphlabApp)
    return screen_text(screen_strips(pilot.app))


def state_of(pilot: Pilot[int]) -> ExplorerState:
    return next(screen for screen in pilot.app.screen_stack if isinstance(screen, ExploreScreen)).state


async def test_a_column_is_shown_and_left_out(modules: Path) -> None:
    async with GraphlabApp(modules, theme=DARK).run_test(size=(120, 40)) as pilot:
        text = await press(pilot, "2", "v", "z", "end")
        assert "‖·‖" in text
        assert "kB" not in text
        text = await press(pilot, "C")
        assert "Columns of the lanes" in text
        await press(pilot, "down", "down", "down", "space", "down", "j", "enter")
        text = await press(pilot, "escape")
        assert not isinstance(pilot.app.screen, ColumnsDialog)
        assert "‖·‖" not in text
        assert "64 B" in text


async def test_the_list_goes_round_and_takes_a_click(modules: Path) -> None:
    async with GraphlabApp(modules, theme=DARK).run_test(size=(80, 24)) as pilot:
        await press(pilot, "C", "up", "space")
        assert "event" not in state_of(pilot).lane_book.choices.columns
        await pilot.click("#columns", offset=(4, 1))
        await pilot.pause()
        assert "op" not in state_of(pilot).lane_book.choices.columns
        await press(pilot, "C")
        assert not isinstance(pilot.app.screen, ColumnsDialog)


async def test_rows_are_sorted_and_go_back_to_their_order(modules: Path) -> None:
    async with GraphlabApp(modules, theme=DARK).run_test(size=(120, 40)) as pilot:
        before = await press(pilot, "2", "v", "z", "end")
        text = await press(pilot, "C", "s", "escape")
        assert "sorted by op (no lanes)" in text
        assert "S goes back" in text
        text = await press(pilot, "S", "right")
        assert "sorted" not in text
        assert await press(pilot, "end", "S") != before
        assert state_of(pilot).lane_book.choices.sort == "op"


async def test_modules_fold_in_the_lanes_whichever_pane_has_the_focus(modules: Path) -> None:
    async with GraphlabApp(modules, theme=DARK).run_test(size=(80, 24)) as pilot:
        text = await press(pilot, "end", "F")
        assert "▸ head" in text
        assert "folded" in text
        text = await press(pilot, "2", "home", "up")
        selected = state_of(pilot).selected_node
        assert selected is not None
        text = await press(pilot, "F")
        assert "▸" not in text
        state_of(pilot).selected = next(
            node.id for node in state_of(pilot).recording.structure(1).nodes.values() if node.module == "head"
        )
        assert "▸ head" in await press(pilot, "f")
        assert "▸" not in await press(pilot, "f")
