"""The explorer's state: where every key leads, without a screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphlab.tui import places
from graphlab.tui.state import EdgeChoice, ExplorerState
from tests import builders


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recordings")


@pytest.fixture
def rnn(folder: Path) -> ExplorerState:
    return ExplorerState(builders.rnn_cell(folder))


@pytest.fixture
def training(folder: Path) -> ExplorerState:
    return ExplorerState(builders.training(folder))


def kinds(state: ExplorerState) -> list[str]:
    """Walk to the end and return the kind of event at every stop."""
    found: list[str] = []
    while not state.is_at_end:
        state.next()
        assert state.event is not None
        found.append(state.event.kind)
    return found


def test_a_stride_of_lines_stops_at_lines_and_in_the_backward_at_nodes(rnn: ExplorerState) -> None:
    found = kinds(rnn)
    assert found.count("gradient") == 5
    assert found.count("accumulate") == 2
    assert "op" not in found
    assert found[-1] == "line"


def test_a_stride_of_ops_stops_at_ops_and_one_of_events_at_everything(rnn: ExplorerState) -> None:
    rnn.stride = "op"
    assert "line" not in kinds(rnn)[:-1]
    rnn.first()
    rnn.stride = "event"
    assert len(kinds(rnn)) == rnn.last


def test_going_back_passes_the_same_stops(rnn: ExplorerState) -> None:
    forward = [0]
    while not rnn.is_at_end:
        rnn.next()
        forward.append(rnn.moment)
    back = [rnn.moment]
    while rnn.moment:
        rnn.previous()
        back.append(rnn.moment)
    assert back == forward[::-1]


def test_the_source_shows_what_ran_what_comes_and_what_is_differentiated(rnn: ExplorerState) -> None:
    rnn.go_to("h2h")
    rnn.next()
    line = next(n for n, text in enumerate(builders.RNN_CELL.splitlines(), 1) if text.startswith("h2h"))
    assert rnn.here.ran == (1, line)
    assert rnn.here.coming is not None
    assert rnn.here.coming[1] > line
    rnn.go_to("bwd")
    while rnn.event is not None and not (rnn.event.kind == "gradient" and rnn.here.differentiated == (1, line)):
        rnn.next()
        assert not rnn.is_at_end
    assert rnn.here.ran is not None
    assert "backward" in builders.RNN_CELL.splitlines()[rnn.here.ran[1] - 1]


def test_phases_are_walked_forward_and_back(rnn: ExplorerState) -> None:
    phases = []
    for _ in range(12):
        rnn.phase(1)
        phases.append(rnn.recording.span_of(rnn.moment).phase)
    assert {"setup", "forward", "backward"} <= set(phases)
    assert rnn.is_at_end
    for _ in range(20):
        rnn.phase(-1)
    assert rnn.moment <= 1


def test_changing_the_step_keeps_the_place(training: ExplorerState) -> None:
    training.go_to("s2")
    training.go_to("bwd")
    training.next()
    event = training.event
    assert event is not None
    training.training_step(1)
    other = training.event
    assert other is not None
    assert (other.kind, other.line, other.step) == (event.kind, event.line, 3)
    training.training_step(-1)
    assert training.event == event


def test_the_selection_is_carried_to_the_same_node_of_another_step(training: ExplorerState) -> None:
    training.go_to("s2")
    nodes = training.recording.structure(2).nodes
    chosen = next(node for node in nodes.values() if node.op == "SubBackward0")
    training.choose(chosen.id)
    training.training_step(1)
    assert isinstance(training.selected, int)
    assert training.selected != chosen.id
    assert training.recording.node(training.selected).op == "SubBackward0"


def test_there_is_no_step_before_the_first_or_after_the_last(training: ExplorerState) -> None:
    training.go(3)
    training.training_step(-1)
    assert "no step 0" in training.notice
    training.go_last()
    training.training_step(1)
    assert "no step 6" in training.notice


@pytest.mark.parametrize(
    ("text", "said"),
    [("e9999", "e9999"), ("s99", "step 99"), ("L1", "line 1"), ("nowhere", "nowhere"), ("", "''")],
)
def test_a_place_that_is_not_there_is_told_in_one_line(rnn: ExplorerState, text: str, said: str) -> None:
    assert not rnn.go_to(text)
    assert said in rnn.notice
    assert rnn.moment == 0


def test_places_are_found_by_event_line_phase_and_name(rnn: ExplorerState) -> None:
    assert rnn.go_to("e12")
    assert rnn.moment == 12
    assert rnn.go_to("backward")
    assert rnn.event is not None
    assert rnn.event.kind == "backward_start"
    assert rnn.go_to("L14")
    assert rnn.event is not None
    assert rnn.event.line == 14
    assert rnn.go_to("W_h")
    assert isinstance(rnn.selected, int)
    assert rnn.name_of(rnn.selected) == "W_h"


def test_a_search_goes_round(rnn: ExplorerState) -> None:
    rnn.find("next_h")
    first = rnn.moment
    assert first > 0
    seen = {first}
    for _ in range(50):
        rnn.match(1)
        if rnn.moment in seen:
            break
        seen.add(rnn.moment)
    assert rnn.moment == first
    rnn.match(-1)
    assert rnn.moment == max(seen)


def test_signs_of_sql_in_a_search_mean_themselves(rnn: ExplorerState) -> None:
    rnn.find("%_'\"\\")
    assert "nothing matches" in rnn.notice


def test_a_jump_is_taken_back_and_a_step_is_none(rnn: ExplorerState) -> None:
    rnn.next()
    rnn.next()
    place = rnn.moment
    rnn.go_last()
    rnn.jump_back()
    assert rnn.moment == place
    rnn.jump_back()
    assert rnn.notice


def test_where_it_was_made_and_where_it_is_used(rnn: ExplorerState) -> None:
    rnn.go_last()
    rnn.go_to("h2h")
    made = rnn.moment
    rnn.next_use()
    assert rnn.event is not None
    assert rnn.event.text == "add"
    rnn.next_use()
    assert rnn.event is not None
    assert rnn.event.kind == "gradient"
    rnn.where_made()
    assert rnn.moment == made


def test_two_marks_light_the_path_between(rnn: ExplorerState) -> None:
    rnn.go_last()
    for name in ("W_h", "loss"):
        rnn.go_to(name)
        rnn.lighting.toggle_mark()
    path = [rnn.recording.node(node).op for node in rnn.lighting.path()]
    assert path == [None, "MmBackward0", "AddBackward0", "TanhBackward0", "SumBackward0"]
    rnn.release()
    assert rnn.lighting.path() == []


def test_an_edge_is_selected_with_its_target(rnn: ExplorerState) -> None:
    rnn.go_last()
    rnn.go_to("h2h")
    node = rnn.selected_node
    assert node is not None
    rnn.choose(EdgeChoice(node, 1))
    assert rnn.selected_node == node


def test_playing_ends_at_the_end_and_starts_again_from_the_start(rnn: ExplorerState) -> None:
    rnn.toggle_play()
    for _ in range(200):
        rnn.tick()
    assert (rnn.is_at_end, rnn.is_playing) == (True, False)
    rnn.toggle_play()
    assert (rnn.moment, rnn.is_playing) == (0, True)
    rnn.pause()
    assert (rnn.moment, rnn.is_playing) == (0, False)


def test_a_run_that_goes_on_is_followed_and_the_cursor_stays(tmp_path: Path) -> None:
    run, recording = builders.running(tmp_path, steps=1)
    state = ExplorerState(recording, at=5)
    told = []
    state.watch(lambda: told.append(state.last))
    assert not state.follow()
    before = state.last
    run.happen("output", 3, text="more\n")
    run.writer.commit()
    assert state.follow()
    assert (state.last, state.moment) == (before + 1, 5)
    assert told == [before + 1]
    run.end()
    state.follow()
    assert not state.recording.is_running


def test_nothing_breaks_where_nothing_was_recorded(tmp_path: Path) -> None:
    state = ExplorerState(builders.empty(tmp_path), at=7)
    for act in (
        state.next, state.previous, state.first, state.go_last, state.where_made, state.next_use, state.jump_back,
        state.lighting.toggle_mark, state.toggle_play, state.tick, state.turn_stride, state.release, state.enter_node,
    ):  # fmt: skip
        act()
    state.phase(1)
    state.phase(-1)
    state.training_step(1)
    state.find("x")
    state.go_to("x")
    assert state.moment == 0
    assert state.here == places.Place(None, None, None)
