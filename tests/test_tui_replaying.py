"""`r`: a step that was recorded light, recorded in full by another run of the script while the explorer stays open."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from graphlab.recording import open_recording
from graphlab.tui import messages
from graphlab.tui.app import GraphlabApp
from tests import builders
from tests.test_replay import BY_OPTIMIZER, first_run
from tests.test_tui_explore import explorer, press, state_of, text_of

_UNSEEDED = BY_OPTIMIZER.replace("torch.manual_seed(0)\n", "")


async def wait_for_the_end(pilot: Pilot[int], step_detail: str) -> None:
    """Wait until the replay has ended, one way or the other."""
    for _ in range(600):
        await pilot.pause(0.1)
        step, replayer = state_of(pilot).step, explorer(pilot)._replayer
        if (replayer is None or not replayer.badge) and step is not None and step.detail == step_detail:
            return
    raise AssertionError("the replay does not end")


async def test_r_records_the_step_in_full_and_goes_there(tmp_path: Path) -> None:
    path = first_run(tmp_path)
    recording = open_recording(path)
    app = GraphlabApp(path, at=recording.step(7).last)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause(0.2)
        assert " light " in text_of(pilot).splitlines()[0]
        await press(pilot, "r")
        assert messages.REPLAYING.format(step=7) in text_of(pilot).splitlines()[0]
        await wait_for_the_end(pilot, "full")
        state = state_of(pilot)
        assert state.recording.path == path.with_name("train-replay.glab")
        assert (state.step.step if state.step else 0) == 7
        assert state.recording.span_of(state.moment).phase == "forward"
        await pilot.pause(0.5)  # what it says of the replay comes when it has painted itself
        await press(pilot, "r")
        assert messages.STEP_IS_FULL.format(step=7) in text_of(pilot)


async def test_where_the_runs_part_the_explorer_says_so_and_stays(tmp_path: Path) -> None:
    path = first_run(tmp_path, _UNSEEDED)
    app = GraphlabApp(path, at=open_recording(path).step(7).last)
    async with app.run_test(size=(160, 40)) as pilot:
        await pilot.pause(0.2)
        told: list[str] = []
        state = state_of(pilot)
        state.watch(lambda: told.append(state.notice))
        await press(pilot, "r")
        await wait_for_the_end(pilot, "light")
        assert any("the two runs part at step 1" in text and "torch.manual_seed(0)" in text for text in told)
        assert state_of(pilot).recording.path == path


async def test_a_second_r_stops_the_run(tmp_path: Path) -> None:
    path = first_run(tmp_path)
    app = GraphlabApp(path, at=open_recording(path).step(7).last)
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "r r")
        assert messages.REPLAYING.format(step=7) not in text_of(pilot)
        assert state_of(pilot).recording.path == path


@pytest.mark.parametrize("made", [builders.rnn_cell, builders.training])
async def test_a_step_in_full_needs_no_other_run(made: object, tmp_path: Path) -> None:
    recording = made(tmp_path)  # type: ignore[operator]  # a function that makes a recording
    app = GraphlabApp(recording.path)
    async with app.run_test(size=(120, 40)) as pilot:
        told: list[str] = []
        state = state_of(pilot)
        state.watch(lambda: told.append(state.notice))
        await press(pilot, "r")
        assert {messages.NO_ORIGIN, messages.STEP_IS_FULL.format(step=1)} & set(told)
