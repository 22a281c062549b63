"""The explorer on a screen: keys, focus, sizes, the mouse, a run that goes on, pictures without a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import cast
from xml.etree import ElementTree

import pytest
from textual.events import Key
from textual.pilot import Pilot

from graphlab.errors import RecordingError, UsageError
from graphlab.tui import messages, press_keys
from graphlab.tui.app import GraphlabApp
from graphlab.tui.child import Child
from graphlab.tui.dialogs import HelpScreen, PromptDialog
from graphlab.tui.explore import ExploreScreen
from graphlab.tui.headless import screen_strips, screen_text
from graphlab.tui.keys import KEYS, is_key, key_name, keys_of
from graphlab.tui.memory import Memory
from graphlab.tui.pane import Pane
from graphlab.tui.state import ExplorerState
from graphlab.tui.theme import DARK, THEME_NAMES
from tests import builders
from tests.children import until


@pytest.fixture(scope="module")
def rnn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _path(builders.rnn_cell(tmp_path_factory.mktemp("rnn")))


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _path(builders.training(tmp_path_factory.mktemp("training")))


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)


def _path(recording: object) -> Path:
    path = getattr(recording, "path", None)
    assert isinstance(path, Path)
    return path


def explorer(pilot: Pilot[int]) -> ExploreScreen:
    """Return the explorer's screen, wherever it is in the stack."""
    return next(screen for screen in pilot.app.screen_stack if isinstance(screen, ExploreScreen))


def state_of(pilot: Pilot[int]) -> ExplorerState:
    return explorer(pilot).state


def text_of(pilot: Pilot[int]) -> str:
    app = pilot.app
    assert isinstance(app, GraphlabApp)
    return screen_text(screen_strips(app))


async def press(pilot: Pilot[int], keys: str) -> None:
    for key in keys.split():
        await pilot.press(key_name(key))
    await pilot.pause()
    await pilot.pause()


def type_quickly(pilot: Pilot[int], keys: list[str]) -> None:
    """Press keys as somebody who does not wait for what they do."""
    driver = pilot.app._driver
    assert driver is not None
    for key in keys:
        event = Key(key, None)
        event.set_sender(pilot.app)
        driver.send_message(event)


async def test_stepping_forward_and_back_moves_every_pane(rnn: Path) -> None:
    async with GraphlabApp(rnn, theme=DARK).run_test(size=(120, 40)) as pilot:
        await press(pilot, "right " * 9)
        text = text_of(pilot)
        assert "▷ 23 h2h" in text
        assert "┃ mm " in text
        assert "Inspector: h2h" in text
        await press(pilot, "left")
        assert "▷ 21 i2h" in text_of(pilot)
        await press(pilot, "End")
        assert state_of(pilot).is_at_end
        await press(pilot, "Home")
        assert state_of(pilot).moment == 0


async def test_every_key_works_from_every_pane(training: Path) -> None:
    # These put another screen over it, which takes the keys that follow.
    left_out = {"quit", "gallery", "export", "help", "go_to", "find", "compare", "static"}
    async with GraphlabApp(training, theme=DARK).run_test(size=(170, 45)) as pilot:
        for number in "12345":
            await press(pilot, f"{number} : s 3 enter")
            assert explorer(pilot).pane.number == int(number)
            for key in keys_of("explorer"):
                if key.id not in left_out and not key.id.startswith("pane_"):
                    type_quickly(pilot, key.keys.split(","))
            await press(pilot, number)
            state_of(pilot).pause()
            await press(pilot, "escape escape")
            assert isinstance(pilot.app.screen, ExploreScreen)


async def test_every_action_of_the_table_exists(rnn: Path) -> None:
    async with GraphlabApp(rnn, theme=DARK).run_test() as pilot:
        for key in keys_of("explorer"):
            action, _, _ = key.action.partition("(")
            place, _, name = action.rpartition(".")
            assert hasattr(pilot.app if place == "app" else explorer(pilot), f"action_{name}"), key


async def test_arrows_step_whichever_pane_has_the_focus(rnn: Path) -> None:
    async with GraphlabApp(rnn, theme=DARK).run_test(size=(120, 40)) as pilot:
        for number in "1234":
            await press(pilot, f"Home {number} right right")
            assert state_of(pilot).moment == 2


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (60, 16)])
async def test_at_every_size_the_panes_are_there_and_help_is_named(training: Path, size: tuple[int, int]) -> None:
    async with GraphlabApp(training, theme=DARK).run_test(size=size) as pilot:
        await press(pilot, "] ] right")
        text = text_of(pilot)
        assert "? Help" in text
        assert "Source" in text
        assert "Graph" in text
        assert "Inspector" in text
        assert "◉" in text
        assert ("5 Training" in text) == (size[0] >= 160)
        assert "needs 60x16" not in text


async def test_resizing_keeps_the_place(training: Path) -> None:
    async with GraphlabApp(training, theme=DARK).run_test(size=(80, 24)) as pilot:
        await press(pilot, "] ] right right")
        moment = state_of(pilot).moment
        for size in ((200, 60), (60, 16), (40, 10), (120, 40)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            await pilot.pause()
            text = text_of(pilot)
            assert ("graphlab needs 60x16" in text) == (size == (40, 10))
        assert state_of(pilot).moment == moment
        assert "4 Timeline" in text


async def test_the_focused_pane_has_a_heavy_border(rnn: Path) -> None:
    async with GraphlabApp(rnn, theme=DARK).run_test(size=(120, 40)) as pilot:
        assert "┏━ 1 Source" in text_of(pilot)
        await press(pilot, "2")
        assert "┏━ 2 Graph" in text_of(pilot)
        assert "╭─ 1 Source" in text_of(pilot)


async def test_a_pane_is_zoomed_and_restored(rnn: Path) -> None:
    async with GraphlabApp(rnn, theme=DARK).run_test(size=(120, 40)) as pilot:
        await press(pilot, "3 z")
        text = text_of(pilot)
        assert "3 Inspector" in text
        assert "Source" not in text
        await press(pilot, "right right right right right")
        assert "Inspector: prev_h" in text_of(pilot)
        await press(pilot, "escape")
        assert "1 Source" in text_of(pilot)


async def test_training_opens_alone_where_it_has_no_column(training: Path) -> None:
    async with GraphlabApp(training, theme=DARK).run_test(size=(80, 24)) as pilot:
        await press(pilot, "5")
        assert "┏━ 5 Training" in text_of(pilot)
        await press(pilot, "5")
        assert "1 Source" in text_of(pilot)


async def test_selecting_is_not_moving_and_enter_moves(rnn: Path) -> None:
    async with GraphlabApp(rnn, theme=DARK).run_test(size=(120, 40)) as pilot:
        await press(pilot, "End 2 down down")
        state = state_of(pilot)
        assert state.is_at_end
        assert state.selected is not None
        await press(pilot, "enter")
        node = state.selected_node
        assert node is not None
        assert state.moment == state.recording.node(node).event
        await press(pilot, "backspace")
        assert state.is_at_end
        await press(pilot, "escape")
        assert state.selected is None


async def test_a_line_of_the_source_is_gone_to(rnn: Path) -> None:
    async with GraphlabApp(rnn, theme=DARK).run_test(size=(120, 40)) as pilot:
        await press(pilot, ": L 2 7 enter")
        event = state_of(pilot).event
        assert event is not None
        assert event.line == 27
        await press(pilot, "1 up enter")
        event = state_of(pilot).event
        assert event is not None
        assert event.line == 26


async def test_the_mouse_selects_a_node_a_line_and_a_moment(rnn: Path) -> None:
    async with GraphlabApp(rnn, theme=DARK).run_test(size=(120, 40)) as pilot:
        await press(pilot, "End")
        state = state_of(pilot)
        await press(pilot, "2 v")
        await pilot.click("#graph", offset=(12, 4))
        await pilot.pause()
        assert state.selected == state.lane_book.order()[3]
        await press(pilot, "v escape")
        row, line = next(
            (n, line) for n, line in enumerate(text_of(pilot).splitlines()) if "tanh" in line and "│ " in line
        )
        await pilot.click(offset=(line.index(" tanh") + 1, row))
        await pilot.pause()
        assert isinstance(state.selected, int)
        assert state.recording.node(state.selected).op == "TanhBackward0"
        text = text_of(pilot).splitlines()
        row = next(number for number, line in enumerate(text) if "next_h = i2h + h2h" in line)
        await pilot.click(offset=(10, row))
        await pilot.pause()
        assert state.event is not None
        assert state.event.line == 26
        await pilot.click("#timeline", offset=(4, 2))
        await pilot.pause()
        assert state.moment <= 2


async def test_a_click_on_a_key_of_the_footer_does_what_the_key_does(rnn: Path) -> None:
    async with GraphlabApp(rnn, theme=DARK).run_test(size=(120, 40)) as pilot:
        row = text_of(pilot).splitlines()[-1]
        await pilot.click(offset=(row.index("Help"), 39))
        await pilot.pause()
        assert isinstance(pilot.app.screen, HelpScreen)


async def test_help_lists_the_keys_and_closes(rnn: Path) -> None:
    async with GraphlabApp(rnn, theme=DARK).run_test(size=(80, 24)) as pilot:
        await press(pilot, "?")
        assert "the next stop" in text_of(pilot)
        await press(pilot, " ".join(["pagedown"] * 8))
        assert "Moment k means" in text_of(pilot)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, ExploreScreen)


async def test_going_and_finding_by_name(rnn: Path) -> None:
    async with GraphlabApp(rnn, theme=DARK).run_test(size=(120, 40)) as pilot:
        await press(pilot, ":")
        assert isinstance(pilot.app.screen, PromptDialog)
        await press(pilot, "e 2 0 enter")
        assert state_of(pilot).moment == 20
        await press(pilot, ": z z enter")
        assert "there is no 'zz'" in text_of(pilot)
        await press(pilot, "/ n e x t _ h enter")
        first = state_of(pilot).moment
        await press(pilot, "n")
        assert state_of(pilot).moment != first
        await press(pilot, "N")
        assert state_of(pilot).moment == first


async def test_copying_gives_the_line_and_its_permalink(rnn: Path) -> None:
    async with GraphlabApp(rnn, theme=DARK).run_test(size=(120, 40)) as pilot:
        await press(pilot, "right right y")
        assert pilot.app.clipboard == "SEED = 0  # rnn_cell.py:8, rnn_cell --at e2"
        assert "copied" in text_of(pilot)
        await press(pilot, "End 2 down y")
        assert pilot.app.clipboard.endswith("--at e35")


async def test_a_step_key_pauses_playing(training: Path) -> None:
    async with GraphlabApp(training, theme=DARK).run_test(size=(120, 40)) as pilot:
        state = state_of(pilot)
        state.speed = 10
        await press(pilot, "space")
        await pilot.pause(0.3)
        assert (state.is_playing, state.moment > 0) == (True, True)
        await press(pilot, "right")
        assert (state.is_playing, state.moment > 0) == (False, True)
        moment = state.moment
        await pilot.pause(0.15)
        assert state.moment == moment


async def test_the_palette_finds_actions_and_places(rnn: Path) -> None:
    async with GraphlabApp(rnn, theme=DARK).run_test(size=(120, 40)) as pilot:
        await pilot.press("ctrl+c")
        assert [note.message for note in pilot.app._notifications] == [messages.HOW_TO_LEAVE]
        await pilot.press("ctrl+p")
        await pilot.pause(0.2)
        await press(pilot, "e 2 1")
        await pilot.pause(0.5)
        assert "go to e21" in text_of(pilot)
        await press(pilot, "enter")
        await pilot.pause(0.3)
        assert state_of(pilot).moment == 21


async def test_a_run_that_goes_on_is_followed(tmp_path: Path) -> None:
    run, recording = builders.running(tmp_path, steps=1)
    async with GraphlabApp(_path(recording), theme=DARK).run_test(size=(120, 40)) as pilot:
        await press(pilot, "right right")
        assert "running" in text_of(pilot)
        before = state_of(pilot).last
        run.happen("output", 3, text="more\n")
        run.writer.commit()
        await pilot.pause(0.6)
        state = state_of(pilot)
        assert state.last > before
        assert state.moment == 3
        run.end()
        await pilot.pause(0.6)
        assert "running" not in text_of(pilot).splitlines()[0]


class FakeChild:
    """A run of the recorder, as far as the explorer looks at it."""

    def __init__(self, path: Path, words: str = "") -> None:
        self.path = path
        self.is_running = True
        self.was_interrupted = False
        self._words = words

    def tail(self, lines: int = 20) -> str:
        return self._words

    def interrupt(self) -> None:
        self.was_interrupted = True


async def test_a_recorder_that_dies_leaves_the_explorer_alive(tmp_path: Path) -> None:
    run, recording = builders.running(tmp_path, steps=1)
    child = FakeChild(_path(recording))
    async with GraphlabApp(child.path, theme=DARK, child=cast("Child", child)).run_test(size=(120, 40)) as pilot:
        await press(pilot, "right right")
        child.is_running = False
        await pilot.pause(0.7)
        text = text_of(pilot)
        assert "the run died" in text.splitlines()[0]
        assert "ended without closing its recording" in text.splitlines()[-1]
        await press(pilot, "End Home right")
        assert state_of(pilot).moment == 1
    run.writer.connection.close()


async def test_a_recording_is_waited_for_and_opened(tmp_path: Path) -> None:
    path = tmp_path / "rnn_cell.glab"
    child = FakeChild(path)
    async with GraphlabApp(path, theme=DARK, child=cast("Child", child)).run_test(size=(120, 40)) as pilot:
        await pilot.pause(0.2)
        assert "starting rnn_cell" in text_of(pilot)
        builders.rnn_cell(tmp_path)
        await pilot.pause(0.5)
        await pilot.pause()
        assert "1 Source rnn_cell.py" in text_of(pilot)


async def test_a_run_that_never_begins_says_why(tmp_path: Path) -> None:
    path = tmp_path / "none.glab"
    child = FakeChild(path, "ImportError: no torch here")
    async with GraphlabApp(path, theme=DARK, child=cast("Child", child)).run_test(size=(120, 40)) as pilot:
        child.is_running = False
        await until(pilot, lambda: "no torch here" in text_of(pilot))
        await press(pilot, "q")
    assert child.was_interrupted
    assert pilot.app.return_code == 1


async def test_a_run_that_failed_says_so_at_its_end(tmp_path: Path) -> None:
    path = _path(builders.failed(tmp_path))
    async with GraphlabApp(path, theme=DARK).run_test(size=(120, 40)) as pilot:
        await press(pilot, "End")
        assert "raises RuntimeError: the matrices do not match" in text_of(pilot)


async def test_an_empty_recording_is_explored_without_harm(tmp_path: Path) -> None:
    path = _path(builders.empty(tmp_path))
    async with GraphlabApp(path, theme=DARK).run_test(size=(120, 40)) as pilot:
        await press(pilot, "right left ] [ . , End Home d u m x v 2 down enter 3 4 1")
        assert "nothing has been recorded yet" in text_of(pilot)


@pytest.mark.parametrize("theme", THEME_NAMES)
async def test_every_theme_paints_every_pane(training: Path, theme: str) -> None:
    async with GraphlabApp(training, theme=theme).run_test(size=(170, 45)) as pilot:
        await press(pilot, "] right right x right x 5 v 2 m")
        assert "Inspector" in text_of(pilot)


async def test_without_colour_nothing_breaks(training: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with GraphlabApp(training).run_test(size=(120, 40)) as pilot:
        assert pilot.app.theme == "ansi-dark"
        await press(pilot, "] right right x ? escape : escape t t t t")
        assert "Inspector" in text_of(pilot)
        app = pilot.app
        assert isinstance(app, GraphlabApp)
        styles = [segment.style for strip in screen_strips(app) for segment in strip if segment.style is not None]
        assert all(colour is None or colour.is_default for s in styles for colour in (s.color, s.bgcolor))


async def test_ascii_reaches_every_cell_of_the_screen(training: Path) -> None:
    async with GraphlabApp(training, theme=DARK, is_ascii=True).run_test(size=(170, 45)) as pilot:
        await press(pilot, "] right right")
        assert text_of(pilot).isascii()
        await press(pilot, "?")
        assert text_of(pilot).isascii()


async def test_leaving_remembers_the_cursor_and_the_theme(rnn: Path, tmp_path: Path) -> None:
    place = tmp_path / "state" / "explorer.json"
    async with GraphlabApp(rnn, memory=Memory(place), theme=DARK).run_test(size=(120, 40)) as pilot:
        await press(pilot, "right right right t q")
    memory = Memory(place)
    assert memory.theme == "graphlab-light"
    assert memory.cursor_of(rnn) == 3
    async with GraphlabApp(rnn, memory=memory, theme=DARK).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert state_of(pilot).moment == 3


def test_a_broken_memory_is_no_reason_to_stop(tmp_path: Path) -> None:
    place = tmp_path / "explorer.json"
    for text in ("", "[1, 2", "[]", '{"cursors": 3, "theme": 7}'):
        place.write_text(text)
        memory = Memory(place)
        assert memory.theme is None
        assert memory.cursor_of(tmp_path) == 0
        memory.set_cursor(tmp_path, 3)
        assert memory.cursor_of(tmp_path) == 3


def test_keys_are_pressed_without_a_terminal(rnn: Path, tmp_path: Path) -> None:
    target = tmp_path / "pictures" / "x.txt"
    assert press_keys(rnn, "right right ] .", at=None, size=(100, 30), screenshot=target) == 0
    lines = target.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 30
    assert "rnn_cell" in lines[0]


def test_a_picture_is_the_same_each_time_and_needs_nothing_from_elsewhere(rnn: Path, tmp_path: Path) -> None:
    texts = []
    for name in ("a.svg", "b.svg"):
        press_keys(rnn, "right right right", at=14, size=(120, 40), screenshot=tmp_path / name)
        texts.append((tmp_path / name).read_text(encoding="utf-8"))
    assert texts[0] == texts[1]
    ElementTree.fromstring(texts[0])
    assert "http" not in texts[0].replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "i2h" in texts[0]


def test_what_cannot_be_pictured_is_one_clear_error(rnn: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.svg or \.txt"):
        press_keys(rnn, "", screenshot=tmp_path / "x.gif")
    with pytest.raises(UsageError, match="there is none called 'rigth'"):
        press_keys(rnn, "right rigth", screenshot=tmp_path / "x.svg")
    with pytest.raises(RecordingError, match="no recording"):
        press_keys(tmp_path / "none.glab", "", screenshot=tmp_path / "x.svg")


def test_the_explorer_starts_without_torch_and_networkx() -> None:
    code = (
        "import sys; import graphlab.tui.app; "
        "print([name for name in ('torch', 'networkx', 'numpy', 'pygments', 'markdown_it') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert done.stdout.strip() == "[]"


def test_every_key_can_be_written_as_the_help_shows_it() -> None:
    words = [word for key in KEYS for word in (*key.shown.split(), *key.keys.split(","))]
    assert [word for word in words if not is_key(key_name(word))] == []
    assert [key_name(word) for word in ("PgUp", "Shift+←", "]", "+", "Esc", "N")] == [
        "pageup", "shift+left", "right_square_bracket", "plus", "escape", "N",
    ]  # fmt: skip
    assert not is_key("rigth")


async def test_panes_never_scroll_by_animation(training: Path) -> None:
    async with GraphlabApp(training, theme=DARK).run_test(size=(80, 24)) as pilot:
        await press(pilot, "End 3 pagedown")
        pane = explorer(pilot).query_one("#inspector", Pane)
        assert pane.scroll_y == pane.scroll_target_y
