"""Finding in the explorer: what is listed while one types, where n and N lead, what both views of the graph mark."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from graphlab.tui.app import GraphlabApp
from graphlab.tui.explore import ExploreScreen
from graphlab.tui.find_dialog import FindDialog
from graphlab.tui.headless import screen_strips, screen_text
from graphlab.tui.keys import key_name
from graphlab.tui.lanes import LaneRows
from graphlab.tui.rows import row_text
from graphlab.tui.state import ExplorerState
from graphlab.tui.theme import DARK
from tests import builders
from tests.recorded import record_text


@pytest.fixture(scope="module")
def rnn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = builders.rnn_cell(tmp_path_factory.mktemp("rnn")).path
    assert path is not None
    return path


def state_of(pilot: Pilot[int]) -> ExplorerState:
    return next(screen for screen in pilot.app.screen_stack if isinstance(screen, ExploreScreen)).state


def text_of(pilot: Pilot[int]) -> str:
    assert isinstance(pilot.app, GraphlabApp)
    return screen_text(screen_strips(pilot.app))


async def press(pilot: Pilot[int], keys: str) -> None:
    for key in keys.split():
        await pilot.press(key_name(key))
    for _ in range(3):
        await pilot.pause()


@pytest.mark.parametrize(("size", "view"), [((120, 40), "boxes"), ((80, 24), "lanes")])
async def test_n_and_N_walk_the_matches_and_the_pane_counts_them(  # noqa: N802 - the key
    rnn: Path, size: tuple[int, int], view: str
) -> None:
    async with GraphlabApp(rnn, theme=DARK).run_test(size=size) as pilot:
        await press(pilot, "2 / o p : m m enter")
        state = state_of(pilot)
        assert f"{view} · match 1 of 2" in text_of(pilot)
        first = (state.moment, state.selected)
        assert isinstance(state.selected, int)
        assert state.recording.node(state.selected).op == "MmBackward0"
        await press(pilot, "n")
        assert f"{view} · match 2 of 2" in text_of(pilot)
        assert (state.moment, state.selected) > first
        await press(pilot, "n")
        assert (state.moment, state.selected) == first
        await press(pilot, "N N")
        assert (state.moment, state.selected) == first
        await press(pilot, "Home")
        assert f"{view} · 2 matches" in text_of(pilot)
        await press(pilot, "escape")
        assert "matches" not in text_of(pilot)


async def test_what_is_found_is_listed_while_one_types(rnn: Path) -> None:
    async with GraphlabApp(rnn, theme=DARK).run_test(size=(120, 40)) as pilot:
        await press(pilot, "/")
        assert "-term excludes" in text_of(pilot)
        await press(pilot, "t a n")
        assert "1 match ·" in text_of(pilot)
        assert "op TanhBackward0" in text_of(pilot)
        await press(pilot, "z")
        assert "0 matches ·" in text_of(pilot)
        await press(pilot, "backspace backspace backspace backspace f o o : x")
        assert "there is no foo: here; understood are op:" in text_of(pilot)
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, FindDialog)
        await press(pilot, "escape")
        assert state_of(pilot).moment == 0
        assert state_of(pilot).search.text == ""


async def test_down_chooses_another_match_and_enter_goes_there(rnn: Path) -> None:
    async with GraphlabApp(rnn, theme=DARK).run_test(size=(80, 24)) as pilot:
        await press(pilot, "/ k i n d : o p down down up down enter")
        state = state_of(pilot)
        assert "match 3 of 5" in text_of(pilot)
        assert isinstance(state.selected, int)
        assert state.recording.node(state.selected).op == "AddBackward0"


async def test_nothing_found_is_said(rnn: Path) -> None:
    async with GraphlabApp(rnn, theme=DARK).run_test(size=(80, 24)) as pilot:
        await press(pilot, "/ n a n enter")
        assert "nothing matches 'nan'" in text_of(pilot)
        assert state_of(pilot).moment == 0


def test_matches_at_one_moment_are_walked_one_by_one(tmp_path: Path) -> None:
    text = """
        import torch
        a, b, c = (torch.ones(2, requires_grad=True) for _ in range(3))
        for _ in range(2):
            (a * b * c).sum().backward()
            with torch.no_grad():
                for leaf in (a, b, c):
                    leaf -= 0.1 * leaf.grad
                    leaf.grad = None
    """
    state = ExplorerState(record_text(tmp_path, text, detail="light"), at=0)
    state.find("kind:param |grad|>0")
    seen = []
    for _ in range(len(state.search)):
        seen.append((state.moment, state.selected))
        state.match(1)
    assert len(set(seen)) == len(seen) == 6
    assert len({moment for moment, _ in seen}) == 2
    assert (state.moment, state.selected) == seen[0]
    state.match(-1)
    assert (state.moment, state.selected) == seen[-1]


def test_what_is_found_is_marked_until_it_is_let_go(rnn: Path, tmp_path: Path) -> None:
    state = ExplorerState(builders.rnn_cell(tmp_path))
    state.find("op:mm")
    table = state.lane_book.table()
    assert table is not None
    marked = [row_text(row) for row in LaneRows(state, table, 60) if any("match" in names for _, names in row)]
    assert len(marked) == 2
    assert all("mm" in row for row in marked)
    state.release()
    assert not any("match" in names for row in LaneRows(state, table, 60) for _, names in row)
    state.match(1)
    assert state.search.is_shown


def test_figures_mark_only_the_steps_in_which_they_hold(tmp_path: Path) -> None:
    state = ExplorerState(builders.training(tmp_path))
    state.find("kind:parameter |grad|>6.5")
    steps = {state.recording.step_of(int(event)).step for event in _events(state)}
    assert 0 < len(steps) < 5
    for number in range(1, 6):
        state.go(state.recording.step(number).last)
        marked = any(state.search.is_found(state, node) for node in state.recording.structure(number).nodes)
        assert marked == (number in steps)


def test_a_run_that_goes_on_is_looked_through_again(tmp_path: Path) -> None:
    run, recording = builders.running(tmp_path, steps=1)
    state = ExplorerState(recording)
    state.find("kind:printed")
    assert "nothing matches" in state.notice
    run.happen("output", 3, text="more\n")
    run.writer.commit()
    state.follow()
    state.match(1)
    assert state.search.say(state) == "match 1 of 1"
    run.happen("output", 3, text="more\n")
    run.writer.commit()
    state.follow()
    assert state.search.say(state) == "match 1 of 2"
    run.end()


def _events(state: ExplorerState) -> list[int]:
    assert state.search.matches is not None
    events: list[int] = state.search.matches.rows.events.tolist()
    return events
