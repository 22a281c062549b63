"""Comparing in the explorer: what is offered, what is listed, where Enter leads, and what both views mark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from graphlab.graph.diff.comparison import SIGNS
from graphlab.recording import Recording, open_recording
from graphlab.renderers import render
from graphlab.tui.app import GraphlabApp
from graphlab.tui.compare_dialog import ChangesDialog, CompareDialog
from graphlab.tui.comparing import Comparing
from graphlab.tui.explore import ExploreScreen
from graphlab.tui.headless import screen_strips, screen_text
from graphlab.tui.keys import key_name
from graphlab.tui.lanes import LaneRows
from graphlab.tui.rows import row_text
from graphlab.tui.runs_dialog import RunsDialog
from graphlab.tui.state import ExplorerState
from graphlab.tui.theme import DARK
from tests import builders
from tests.recorded import record_text
from tests.test_cli_diff import FLOW
from tests.test_tui_explore import type_quickly


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose steps take other ways, and beside it another recording."""
    folder = tmp_path_factory.mktemp("flow")
    builders.training(folder).close()
    return Path(str(record_text(folder, FLOW, name="flow").path))


@pytest.fixture
def recording(flow: Path) -> Recording:
    return open_recording(flow)


def at_step(recording: Recording, number: int) -> ExplorerState:
    return ExplorerState(recording, at=recording.step(number).last)


def texts(comparing: Comparing, sign: str) -> list[str]:
    return [entry.text for entry in comparing.entries if entry.sign == sign]


# -- what is compared ----------------------------------------------------------------------------------------------


def test_a_step_is_compared_with_another_of_its_run(recording: Recording) -> None:
    state = at_step(recording, 1)
    assert state.comparing.ask("s2") == ""
    assert [text for text in texts(state.comparing, "+") if text.startswith("mul")] == [
        "mul  MulBackward0  2  line 9"
    ] * 3
    assert state.comparing.name == "step 2"
    assert state.comparing.say().startswith("nodes: +")
    # The other way round the same nodes are missing here.
    other = at_step(recording, 2)
    assert other.comparing.ask("1") == ""
    assert len(texts(other.comparing, "-")) == len(texts(state.comparing, "+"))


def test_signs_stand_at_the_nodes_of_the_step_that_was_compared_and_at_no_others(recording: Recording) -> None:
    state = at_step(recording, 1)
    state.comparing.ask("s2")
    structure = recording.structure(1)
    marked = {node for node in structure.nodes if state.comparing.sign_of(node)}
    added = {entry.node for entry in state.comparing.entries if entry.sign == "+" and "edge" not in entry.text}
    assert added <= marked
    table = state.lane_book.table()
    assert table is not None
    rows = [row_text(row) for row in LaneRows(state, table, 80)]
    assert sum(row.startswith("+") for row in rows) == len(added)
    state.go(recording.step(2).last)
    assert not any(state.comparing.sign_of(node) for node in (*structure.nodes, *recording.structure(2).nodes))
    state.go(recording.step(1).last)
    state.release()
    assert not any(state.comparing.sign_of(node) for node in structure.nodes)
    assert state.comparing.say() == ""


def test_another_recording_is_compared_at_the_same_step_where_it_has_one(recording: Recording, flow: Path) -> None:
    state = at_step(recording, 2)
    other = flow.parent / "training.glab"
    assert state.comparing.ask(str(other)) == ""
    assert state.comparing.name == "training.glab step 2"
    assert any(fact.startswith("scenario: training -> flow") for fact in state.comparing.facts)
    assert state.comparing.ask(f"{other} s5") == ""
    assert state.comparing.name == "training.glab step 5"


def test_an_exported_graph_is_compared(recording: Recording, tmp_path: Path) -> None:
    render(recording.graph(step=3), tmp_path / "golden.json")
    state = at_step(recording, 3)
    assert state.comparing.ask(str(tmp_path / "golden.json")) == ""
    assert state.comparing.say().startswith("equal: ")
    assert state.comparing.entries == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("s9", "there is no step 9: the recording has 3"),
        ("none.glab", "none.glab"),
        ("none.json", "cannot read none.json"),
        ("{other} s9", "there is no step 9: the recording has 5"),
    ],
)
def test_what_cannot_be_compared_is_told_in_a_line_and_changes_nothing(
    recording: Recording, flow: Path, text: str, said: str
) -> None:
    state = at_step(recording, 1)
    problem = state.comparing.ask(text.format(other=flow.parent / "training.glab"))
    assert said in problem
    assert "\n" not in problem
    assert state.comparing.comparison is None


def test_graphs_too_large_for_a_screen_are_left_to_the_command_line(
    recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphlab.tui.comparing.MOST_NODES", 3)
    assert "graphlab diff" in at_step(recording, 1).comparing.ask("s2")


def test_steps_and_recordings_beside_this_one_are_offered(recording: Recording, flow: Path) -> None:
    assert [offer.text for offer in at_step(recording, 2).comparing.offers()] == [
        "s1", "s3", str(flow.parent / "training.glab"),
    ]  # fmt: skip
    empty = builders.empty(flow.parent.parent)
    assert ExplorerState(empty).comparing.offers() == []
    assert ExplorerState(empty).comparing.ask("s1")
    empty.close()


# -- on the screen -------------------------------------------------------------------------------------------------


def state_of(pilot: Pilot[int]) -> ExplorerState:
    return next(screen for screen in pilot.app.screen_stack if isinstance(screen, ExploreScreen)).state


def screen_of(pilot: Pilot[int]) -> type[object]:
    return type(pilot.app.screen)


def text_of(pilot: Pilot[int]) -> str:
    assert isinstance(pilot.app, GraphlabApp)
    return screen_text(screen_strips(pilot.app))


async def press(pilot: Pilot[int], keys: str) -> str:
    for key in keys.split():
        await pilot.press(key_name(key))
    for _ in range(3):
        await pilot.pause()
    return text_of(pilot)


async def test_of_two_runs_whose_graphs_are_too_large_the_numbers_are_compared_at_once(
    flow: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphlab.tui.comparing.MOST_NODES", 3)
    async with GraphlabApp(flow, theme=DARK).run_test(size=(120, 40)) as pilot:
        await press(pilot, "D")
        pilot.app.screen.query_one(Input).value = str(flow.parent / "training.glab")
        await press(pilot, "enter")
        assert screen_of(pilot) is RunsDialog
        await pilot.app.workers.wait_for_complete()
        assert "graphlab diff" in await press(pilot, "v")
        assert screen_of(pilot) is ExploreScreen


@pytest.mark.parametrize("size", [(120, 40), (60, 16)])
async def test_d_asks_lists_and_enter_goes_to_the_node(flow: Path, size: tuple[int, int]) -> None:
    async with GraphlabApp(flow, theme=DARK).run_test(size=size) as pilot:
        text = await press(pilot, "D")
        assert screen_of(pilot) is CompareDialog
        assert "Compare step 1 with" in text
        assert "s2" in text
        text = await press(pilot, "enter")
        assert screen_of(pilot) is ChangesDialog
        assert "step 2 -> step 1" in text
        assert "+ mul  MulBackward0" in text
        await press(pilot, "down up enter")
        state = state_of(pilot)
        assert isinstance(state.selected, int)
        assert state.comparing.sign_of(state.selected) in {"+", "~"}
        assert state.moment == state.recording.node(state.selected).event
        # Once more shows the list where it was left; Esc leaves it, and then the marks go.
        await press(pilot, "D")
        assert screen_of(pilot) is ChangesDialog
        await press(pilot, "escape escape")
        assert screen_of(pilot) is ExploreScreen
        assert state.comparing.comparison is None


async def test_what_was_typed_counts_where_no_offer_fits_it_and_bad_words_are_told(flow: Path) -> None:
    async with GraphlabApp(flow, theme=DARK).run_test(size=(120, 40)) as pilot:
        text = await press(pilot, "D s 9 enter")
        assert "there is no step 9" in text
        assert screen_of(pilot) is CompareDialog
        await press(pilot, "backspace 3 enter")
        assert state_of(pilot).comparing.name == "step 3"
        # From the list on to another comparison.
        await press(pilot, "D enter")
        assert state_of(pilot).comparing.name == "step 2"


async def test_enter_pressed_too_often_leaves_the_explorer_where_it_is(flow: Path) -> None:
    async with GraphlabApp(flow, theme=DARK).run_test(size=(120, 40)) as pilot:
        type_quickly(pilot, ["D", "enter", "enter", "enter"])
        for _ in range(5):
            await pilot.pause()
        assert ExploreScreen in {type(screen) for screen in pilot.app.screen_stack}
        await press(pilot, "escape escape right")
        assert screen_of(pilot) is ExploreScreen


async def test_both_views_carry_the_signs(flow: Path) -> None:
    async with GraphlabApp(flow, theme=DARK).run_test(size=(120, 40)) as pilot:
        await press(pilot, "end [ [ D s 2 enter escape 2 z")
        boxes = text_of(pilot)
        assert "(+)" in boxes
        lanes = await press(pilot, "v")
        assert re.search(r"^┃\+", lanes, re.MULTILINE)


async def test_what_only_the_other_graph_has_is_told_and_moves_nothing(flow: Path) -> None:
    async with GraphlabApp(flow, theme=DARK).run_test(size=(120, 40)) as pilot:
        await press(pilot, "] D s 1 enter")
        state = state_of(pilot)
        moment = state.moment
        lost = next(index for index, entry in enumerate(state.comparing.entries) if entry.node is None)
        text = await press(pilot, " ".join(["down"] * lost + ["enter"]))
        assert "only step 1 has it" in text
        assert state.moment == moment


def test_the_list_has_a_style_for_every_sign() -> None:
    from graphlab.tui.compare_dialog import _STYLES

    assert set(_STYLES) == set(SIGNS.values())
