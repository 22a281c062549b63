"""The gallery: its keys lead where they say, and what it records opens while the run goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from graphlab.errors import ScenarioError
from graphlab.scenario import parse_source
from graphlab.tui import messages
from graphlab.tui.app import GraphlabApp
from graphlab.tui.child import cancel_all
from graphlab.tui.explore import ExploreScreen
from graphlab.tui.gallery import GalleryScreen
from graphlab.tui.gallery_rows import entry_rows, make_entries, matching, newest_by_scenario, recent_rows, source_rows
from graphlab.tui.recent import Recent, recent_recordings
from graphlab.tui.rows import join_text, row_width
from graphlab.tui.run_dialog import RunDialog
from graphlab.tui.theme import DARK, LIGHT
from tests import builders
from tests.children import Recorder, settled, start_python, until

SCRIPT = '''"""{title}

About *something* worth a look.

Section: {section}
Question: Does it {name}?
"""

import math

STEPS = 5
LR = 0.1
DEVICE = "cpu"

# %% Go
print(math.pi)
'''


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with three scenarios of its own (the package's own follow them), one of them broken."""
    scenarios = tmp_path / "scenarios"
    scenarios.mkdir()
    for name, section in (("alpha", "0 First"), ("beta", "0 Second")):
        text = SCRIPT.format(name=name, title=f"The {name} of things", section=section)
        (scenarios / f"{name}.py").write_text(text, encoding="utf-8")
    (scenarios / "broken.py").write_text("def :\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    cancel_all(0.5)


async def open_gallery(pilot: Pilot[int], record: Recorder | None = None) -> GalleryScreen:
    """Show a gallery with a recorder of the test's own."""
    screen = GalleryScreen(recorder=record or Recorder())
    await pilot.app.push_screen(screen)
    await settled(pilot)
    return screen


# -- rows ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [12, 30, 56, 100])
def test_rows_fill_the_width(workplace: Path, width: int) -> None:
    from graphlab.scenario import list_scenarios

    problems: list[ScenarioError] = []
    entries = make_entries(list_scenarios(problems), problems)
    builders.rnn_cell(workplace)
    recents = recent_recordings(workplace)
    for is_tall in (False, True):
        rows, owners = entry_rows(entries, 1, newest_by_scenario(recents), width, is_tall=is_tall)
        assert len(rows) == len(owners)
        assert {row_width(row) for row in rows} == {width}
    assert {row_width(row) for row in recent_rows(recents, 0, width)} == {width}


def test_a_filter_looks_in_titles_sections_and_questions(workplace: Path) -> None:
    from graphlab.scenario import list_scenarios

    entries = make_entries(list_scenarios(), [])
    assert [entry.name for entry in matching(entries, "THINGS beta")] == ["beta"]
    assert [entry.name for entry in matching(entries, "does it alpha")] == ["alpha"]
    assert matching(entries, "xyzzy") == []


def test_the_search_minds_no_accents() -> None:
    entries = make_entries([parse_source('"""Gráficas y regresión\n"""', "uno.py")], [])
    assert matching(entries, "graficas REGRESION") == matching(entries, "gráficas") == entries
    assert matching(entries, "granos") == []


def test_the_preview_begins_after_the_docstring(workplace: Path) -> None:
    from graphlab.scenario import find_scenario

    lines = join_text(source_rows(find_scenario("alpha"), 3)).split("\n")
    assert lines[0].split() == ["9", "import", "math"]
    assert lines[-1].strip() == "⋯ 5 more lines"


def test_a_recording_says_how_it_ended() -> None:
    recent = Recent(Path("a.glab"), "a", 3, 0, "error", None, time.time())
    assert "the script raised" in join_text(recent_rows([recent], 0, 100))


# -- the screen ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "theme"), [((80, 24), DARK), ((120, 40), LIGHT), ((200, 60), DARK), ((60, 16), LIGHT)]
)
async def test_the_gallery_shows_scenarios_and_the_choice_moves(
    workplace: Path, size: tuple[int, int], theme: str
) -> None:
    app = GraphlabApp(None)
    async with app.run_test(size=size) as pilot:
        app.theme = theme
        screen = await open_gallery(pilot)
        assert screen.scenarios.entry is not None
        assert screen.scenarios.entry.name == "alpha"
        assert screen.detail.entry == screen.scenarios.entry
        await pilot.press("down")
        await settled(pilot)
        assert screen.detail.entry is not None
        assert screen.detail.entry.name == "beta"
        await pilot.press("end")
        await settled(pilot)
        assert screen.scenarios.entry.problem
        head = join_text(screen.detail.query_one("#head").rows)  # type: ignore[attr-defined]  # a RowsBlock
        assert "broken.py" in head.replace("\n ", "")
        await pilot.press("enter")
        assert not isinstance(app.screen, RunDialog)


async def test_enter_records_and_opens_while_the_run_goes_on(workplace: Path) -> None:
    app = GraphlabApp(None)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await open_gallery(pilot, Recorder(seconds=5))
        await pilot.press("enter")
        assert [type(shown) for shown in app.screen_stack[-1:]] == [RunDialog]
        await until(pilot, lambda: isinstance(app.screen, ExploreScreen))
        explorer = app.screen
        assert isinstance(explorer, ExploreScreen)
        assert explorer.state.recording.is_running
        assert explorer.child is not None
        await until(pilot, lambda: not explorer.state.recording.is_running)
        app.pop_screen()
        await settled(pilot)
        assert [recent.path.name for recent in screen.recents.recents] == ["alpha.glab"]


async def test_parameters_are_checked_as_they_are_typed_and_handed_on(workplace: Path) -> None:
    app = GraphlabApp(None)
    async with app.run_test(size=(100, 30)) as pilot:
        record = Recorder()
        screen = await open_gallery(pilot, record)
        await pilot.press("p", "down")
        assert isinstance(app.focused, Input)
        app.focused.value = "fast"
        await settled(pilot)
        bad = screen.detail.first_bad()
        assert bad is not None
        assert bad.parameter.name == "LR"
        await pilot.press("enter")
        assert not record.recorded
        bad.line.value = "0.5"
        await pilot.press("enter")
        await until(pilot, lambda: record.recorded)
        ((name, path, settings),) = record.recorded
        assert (name, path, settings) == ("alpha", Path("outputs/alpha.glab"), {"LR": "0.5"})
        await until(pilot, lambda: isinstance(app.screen, ExploreScreen))
        app.pop_screen()
        await settled(pilot)
        await pilot.press("escape", "r")
        assert screen.detail.settings() == {}


async def test_escape_cancels_a_run_and_keeps_what_it_recorded(workplace: Path) -> None:
    app = GraphlabApp(None)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await open_gallery(pilot)
        child = start_python("import time; time.sleep(60)", workplace / "outputs" / "x.glab")
        screen._follow(child, "alpha")
        await settled(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        assert not child.is_running
        assert screen.query_one("#keys").notice == messages.CANCELLED_EMPTY  # type: ignore[attr-defined]  # a KeyLine


async def test_a_run_that_fails_at_once_says_why(workplace: Path) -> None:
    app = GraphlabApp(None)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await open_gallery(pilot)
        screen._follow(start_python("raise SystemExit('no torch here')", workplace / "x.glab"), "alpha")
        await until(pilot, lambda: isinstance(app.screen, RunDialog) and app.screen.has_failed)
        await settled(pilot)
        progress = app.screen.query_one("#progress")
        assert "no torch here" in join_text(progress.rows)  # type: ignore[attr-defined]  # a RowsBlock
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)


async def test_the_filter_narrows_the_list_and_escape_shows_all_again(workplace: Path) -> None:
    app = GraphlabApp(None)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await open_gallery(pilot)
        count = screen.scenarios.count
        await pilot.press("slash", *"beta")
        assert [entry.name for entry in screen.scenarios.entries] == ["beta"]
        await pilot.press("enter")
        assert screen.scenarios.has_focus
        await pilot.press("escape")
        assert screen.scenarios.count == count
        assert screen.scenarios.entry is not None
        assert screen.scenarios.entry.name == "beta"


async def test_recordings_open_by_keys_and_by_mouse(workplace: Path) -> None:
    (workplace / "outputs").mkdir()
    builders.rnn_cell(workplace / "outputs")
    app = GraphlabApp(None)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await open_gallery(pilot)
        screen.recents.focus()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ExploreScreen))
        app.pop_screen()
        await settled(pilot)
        await pilot.click("#recents", offset=(5, 1))
        await until(pilot, lambda: isinstance(app.screen, ExploreScreen))
        app.pop_screen()
        await settled(pilot)
        await pilot.click("#scenarios", offset=(5, 4))
        await settled(pilot)
        assert screen.scenarios.entry is not None
        assert screen.scenarios.entry.name == "beta"


async def test_an_empty_place_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("graphlab.tui.gallery.list_scenarios", lambda problems: [])
    app = GraphlabApp(None)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_gallery(pilot)
        assert messages.NO_SCENARIOS[:20] in join_text(screen.scenarios._rows)
        assert messages.NO_RECORDINGS[:20] in join_text(screen.recents._rows)
        await pilot.press("enter", "down", "p", "question_mark")
        await settled(pilot)
        await pilot.press("escape")


@pytest.mark.parametrize("loss", [6.853878370e94, -1.5e-300, 0.25, 123456.78])
def test_a_loss_is_never_cut(loss: float) -> None:
    for status in ("ok", "error"):
        recent = Recent(Path("linear_regression_low_2.glab"), "a", 1234, 30, status, loss, time.time())
        for width in range(70, 110):
            text = join_text(recent_rows([recent], 0, width))
            words = text.partition("  loss ")[2].split()
            assert not words or float(words[0]) == pytest.approx(loss, rel=0.5)
            assert words or width < 80


async def test_the_button_is_in_sight_while_parameters_are_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = GraphlabApp(None)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = GalleryScreen(recorder=Recorder(), chosen="linear_regression_low")
        await app.push_screen(screen)
        await settled(pilot)
        await pilot.press("p")
        await settled(pilot)
        button = screen.query_one("#record")
        assert screen.detail.region.contains_region(button.region)
        assert screen.focused is screen.detail.lines[0].line
        assert screen.detail.region.contains_region(screen.focused.region)
