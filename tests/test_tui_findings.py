"""The list of findings in the explorer: what it shows, and where Enter leads."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from graphlab.analysis.findings import Finding
from graphlab.tui.app import GraphlabApp
from graphlab.tui.explore import ExploreScreen
from graphlab.tui.findings_dialog import FindingsDialog
from graphlab.tui.headless import screen_strips, screen_text
from graphlab.tui.keys import key_name
from graphlab.tui.replaying import Replayer
from graphlab.tui.state import ExplorerState
from graphlab.tui.theme import DARK
from tests.recorded import record_text, try_text

BROKEN = Path(__file__).parent / "broken"


@pytest.fixture(scope="module")
def detached(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("findings")
    text = (BROKEN / "detached_features.py").read_text(encoding="utf-8")
    recording, _ = try_text(folder, text.replace("loss = nn.functional.mse_loss(head(features), y)",
                                                 "loss = nn.functional.mse_loss(head(features), y[:, 0])"))  # fmt: skip
    recording.close()
    return folder / "script.glab"


def state_of(pilot: Pilot[int]) -> ExplorerState:
    return next(screen for screen in pilot.app.screen_stack if isinstance(screen, ExploreScreen)).state


def text_of(pilot: Pilot[int]) -> str:
    assert isinstance(pilot.app, GraphlabApp)
    return screen_text(screen_strips(pilot.app))


async def press(pilot: Pilot[int], keys: str) -> None:
    for key in keys.split():
        await pilot.press(key_name(key))
    await pilot.app.workers.wait_for_complete()
    for _ in range(3):
        await pilot.pause()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.filterwarnings("ignore:Using a target size")
async def test_c_lists_the_findings_and_enter_goes_to_the_chosen_one(detached: Path, size: tuple[int, int]) -> None:
    async with GraphlabApp(detached, theme=DARK).run_test(size=size) as pilot:
        await press(pilot, "c")
        shown = text_of(pilot)
        assert "Findings · 2 warnings" in shown
        assert shown.index("gradient-missing") < shown.index("shapes-broadcast-in-loss")
        assert "parameters: 0.weight, 0.bias" in shown
        assert "leave detach() out on the way to the loss" in shown
        await press(pilot, "down")
        shown = text_of(pilot)
        assert "leave detach() out on the way to the loss" not in shown
        assert "give both the same shape" in shown
        await press(pilot, "up enter")
        state = state_of(pilot)
        assert not isinstance(pilot.app.screen, FindingsDialog)
        event = state.recording.event(state.moment)
        assert (event.kind, event.text, event.line) == ("op", "detach", 14)
        assert isinstance(state.selected, int)
        assert state.recording.node(state.selected).name == "0.weight"


_TURNS_NAN = """import torch
w = torch.tensor([4.0, 9.0], requires_grad=True)
optimizer = torch.optim.SGD([w], lr=1.0)
for _ in range(4):
    root = torch.sqrt(w)
    loss = (8 * root + w).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
"""Of a root below 0 in a later step."""


@pytest.fixture(scope="module")
def turns_nan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("light")
    recording, _ = try_text(folder, _TURNS_NAN, detail="light")
    recording.close()
    return folder / "script.glab"


def findings_shown(pilot: Pilot[int]) -> list[Finding]:
    dialog = pilot.app.screen
    assert isinstance(dialog, FindingsDialog)
    return dialog._pane.found or []


async def test_where_light_detail_cannot_tell_the_op_r_asks_for_its_step_in_full(
    turns_nan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int | None] = []
    monkeypatch.setattr(Replayer, "start", lambda _self, number=None, then=None: asked.append(number))
    async with GraphlabApp(turns_nan, theme=DARK).run_test(size=(120, 40)) as pilot:
        await press(pilot, "c")
        shown = text_of(pilot)
        assert "light detail does not hold which op" in shown
        step = next(finding.step for finding in findings_shown(pilot) if finding.finding == "not-finite")
        assert f"record step {step} in full" in shown
        assert "record in full:" not in shown
        await press(pilot, "r")
        assert asked == [step]
        assert isinstance(pilot.app.screen, ExploreScreen)


@pytest.mark.slow
async def test_the_list_of_the_step_in_full_names_the_op(turns_nan: Path) -> None:
    async with GraphlabApp(turns_nan, theme=DARK).run_test(size=(120, 40)) as pilot:
        await press(pilot, "c r")
        for _ in range(1200):
            await pilot.pause(0.1)
            if isinstance(pilot.app.screen, FindingsDialog) and pilot.app.screen._pane.found:
                break
        found = next(finding for finding in findings_shown(pilot) if finding.finding == "not-finite")
        assert found.line == 5
        assert "sqrt" in found.message
        assert state_of(pilot).recording.path == turns_nan.with_name("script-replay.glab")


async def test_escape_leaves_the_cursor_where_it_was_and_a_healthy_run_says_that_nothing_is_found(
    tmp_path: Path,
) -> None:
    recording = record_text(tmp_path, "import torch\nw = torch.ones(3, requires_grad=True)\n(w * 2).sum().backward()\n")
    path = recording.path
    recording.close()
    assert path is not None
    async with GraphlabApp(path, theme=DARK).run_test(size=(120, 40)) as pilot:
        before = state_of(pilot).moment
        await press(pilot, "c")
        assert "nothing found" in text_of(pilot)
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, FindingsDialog)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, ExploreScreen)
        assert state_of(pilot).moment == before
