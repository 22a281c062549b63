"""The gallery records in child processes and leaves none behind; the export dialog says what became of the file."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from graphlab.errors import RecordingError, RenderError, ScenarioError
from graphlab.tui import child as child_module
from graphlab.tui import messages
from graphlab.tui.app import GraphlabApp
from graphlab.tui.child import Child, cancel_all, free_path, start_recording
from graphlab.tui.explore import ExploreScreen
from graphlab.tui.export_dialog import ChoiceLine, ExportDialog, Order, default_path, explain, write_graph
from graphlab.tui.gallery import GalleryScreen
from graphlab.tui.gallery_rows import entry_rows, make_entries, matching, newest_by_scenario, recent_rows, source_rows
from graphlab.tui.recent import Recent, count_words, read_recent, recent_recordings, say_when
from graphlab.tui.rows import join_text, row_width
from graphlab.tui.run_dialog import RunDialog
from graphlab.tui.theme import DARK, LIGHT
from tests import builders

ROOT = str(Path(__file__).parents[1])

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

RECORD = """
import sys, time
sys.path.insert(0, {root!r})
from pathlib import Path
from tests import builders
path = Path({path!r})
path.parent.mkdir(parents=True, exist_ok=True)
print("begins", flush=True)
run = builders.Run(path, builders.TRAINING, "alpha")
builders._play_training(run, 2)
time.sleep({seconds})
run.end()
"""


def start_python(code: str, path: Path) -> Child:
    """Start Python in a group of its own, as `start_recording` does."""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0,
        start_new_session=os.name != "nt",
    )  # fmt: skip
    child = Child(process, path)
    child_module._children.append(child)
    return child


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


def recorder(seconds: float = 0.0) -> child_module.Child | object:
    """Return what records in place of the command line: a child that writes a recording."""

    def record(name: str, path: Path, settings: dict[str, str]) -> Child:
        recorded.append((name, path, settings))
        return start_python(RECORD.format(root=ROOT, path=str(path), seconds=seconds), path)

    recorded: list[tuple[str, Path, dict[str, str]]] = []
    record.recorded = recorded  # type: ignore[attr-defined]  # what the tests look at
    return record


async def open_gallery(pilot: Pilot[int], record: object = None) -> GalleryScreen:
    """Show a gallery with a recorder of the test's own."""
    screen = GalleryScreen(recorder=record or recorder())  # type: ignore[arg-type]  # as recorder() returns
    await pilot.app.push_screen(screen)
    await settled(pilot)
    return screen


async def settled(pilot: Pilot[int]) -> None:
    await pilot.pause(0.12)
    await pilot.pause()


async def until(pilot: Pilot[int], condition: object, seconds: float = 10.0) -> None:
    """Wait for something to be true."""
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]  # a callable
        assert time.monotonic() < end, "it never became true"
        await pilot.pause(0.05)


def make_app() -> GraphlabApp:
    return GraphlabApp(None)


# -- child processes -----------------------------------------------------------------------------------------------


def test_what_a_run_prints_is_kept_up_to_a_bound(tmp_path: Path) -> None:
    child = start_python("print('x' * 1_000_000); print('last words')", tmp_path / "x.glab")
    assert child.wait(10) == 0
    assert child.last_words() == "last words"
    assert len(child.tail(10)) <= 65_536


def test_a_cancelled_run_is_gone_even_if_it_will_not_listen(tmp_path: Path) -> None:
    deaf = (
        "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nsignal.signal(signal.SIGTERM, "
        "signal.SIG_IGN)\nprint('deaf', flush=True)\ntime.sleep(60)"
    )
    child = start_python(deaf, tmp_path / "x.glab")
    while "deaf" not in child.tail():
        time.sleep(0.02)
    assert child.cancel(0.1) != 0
    assert not child.is_running


@pytest.mark.skipif(os.name == "nt", reason="process groups as POSIX has them")
def test_what_a_run_started_goes_with_it(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "other = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(other.pid, flush=True)\ntime.sleep(60)"
    )
    child = start_python(code, tmp_path / "x.glab")
    while not child.tail().strip():
        time.sleep(0.02)
    other = int(child.tail())
    child.cancel(0.5)
    for _ in range(100):
        try:
            os.kill(other, 0)
        except ProcessLookupError:
            break
        if Path(f"/proc/{other}/stat").exists() and Path(f"/proc/{other}/stat").read_text().split()[2] == "Z":
            break  # dead, and waiting for init to notice
        time.sleep(0.02)
    else:
        pytest.fail("it is still there")


def test_an_interrupt_is_sent_once_so_that_the_recording_can_be_closed(tmp_path: Path) -> None:
    polite = (
        "import time\ntry:\n    print('ready', flush=True); time.sleep(60)\nexcept KeyboardInterrupt:\n"
        "    time.sleep(0.3); print('closed', flush=True)"
    )
    child = start_python(polite, tmp_path / "x.glab")
    while "ready" not in child.tail():
        time.sleep(0.02)
    child.interrupt()
    assert child.cancel(3.0) == 0
    assert child.last_words() == "closed"


def test_leaving_cancels_every_run(tmp_path: Path) -> None:
    child = start_python("import time; time.sleep(60)", tmp_path / "x.glab")
    cancel_all(0.5)
    assert not child.is_running


def test_the_command_is_that_of_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = []

    class Stub:
        stdout = Path(os.devnull).open("rb")  # noqa: SIM115 - closed by the child's listener

        def __init__(self, command: list[str], **options: object) -> None:
            commands.append((command, options))

        def poll(self) -> int:
            return 0

    monkeypatch.setattr(subprocess, "Popen", Stub)
    start_recording(["rnn_cell"], tmp_path / "a.glab", settings={"LR": "0.5"}, arguments=["--fast"])
    ((command, options),) = commands
    assert command[1:] == [
        "-m", "graphlab", "run", "--set", "LR=0.5", "-o", str(tmp_path / "a.glab"), "rnn_cell", "--", "--fast",
    ]  # fmt: skip
    assert options["stdin"] == subprocess.DEVNULL


def test_a_recorder_that_cannot_start_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-such-python"))
    with pytest.raises(RecordingError, match="cannot start the recorder"):
        start_recording(["rnn_cell"], tmp_path / "a.glab")


def test_nothing_is_ever_overwritten(tmp_path: Path) -> None:
    names = []
    for _ in range(3):
        path = free_path(tmp_path, "rnn_cell")
        path.touch()
        names.append(path.name)
    assert names == ["rnn_cell.glab", "rnn_cell-2.glab", "rnn_cell-3.glab"]


# -- recent recordings ---------------------------------------------------------------------------------------------


def test_recent_recordings_come_newest_first_and_damaged_ones_are_left_out(tmp_path: Path) -> None:
    builders.rnn_cell(tmp_path)
    builders.training(tmp_path)
    (tmp_path / "damaged.glab").write_bytes(b"not a recording")
    os.utime(tmp_path / "training.glab", (1, 1))
    found = recent_recordings(tmp_path)
    assert [recent.path.name for recent in found] == ["rnn_cell.glab", "training.glab"]
    assert (found[1].events, found[1].steps, found[1].status) == (builders.training(tmp_path).event_count, 5, "ok")
    assert recent_recordings(tmp_path / "nowhere") == []


def test_a_run_that_goes_on_can_be_looked_at(tmp_path: Path) -> None:
    run, _ = builders.running(tmp_path)
    recent = read_recent(tmp_path / "running.glab")
    assert recent.status == "running"
    assert recent.events > 0
    run.end()


def test_counts_and_times_are_said_as_people_do() -> None:
    assert count_words(1, 0) == "1 event"
    assert count_words(1234, 1) == "1,234 events, 1 step"
    assert [say_when(1000.0, 1000.0 + seconds) for seconds in (5, 130, 7300, 90_000 * 3)] == [
        "just now", "2 min ago", "2 h ago", "3 d ago",
    ]  # fmt: skip


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
    assert matching(entries, "no such thing at all") == []


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
    app = make_app()
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
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await open_gallery(pilot, recorder(seconds=1.5))
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
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        record = recorder()
        screen = await open_gallery(pilot, record)
        await pilot.press("p", "down")
        assert isinstance(app.focused, Input)
        app.focused.value = "fast"
        await settled(pilot)
        bad = screen.detail.first_bad()
        assert bad is not None
        assert bad.parameter.name == "LR"
        await pilot.press("enter")
        assert not record.recorded  # type: ignore[attr-defined]  # as recorder() sets it
        bad.line.value = "0.5"
        await pilot.press("enter")
        await until(pilot, lambda: record.recorded)  # type: ignore[attr-defined]  # as above
        ((name, path, settings),) = record.recorded  # type: ignore[attr-defined]  # as above
        assert (name, path, settings) == ("alpha", Path("outputs/alpha.glab"), {"LR": "0.5"})
        await until(pilot, lambda: isinstance(app.screen, ExploreScreen))
        app.pop_screen()
        await settled(pilot)
        await pilot.press("escape", "r")
        assert screen.detail.settings() == {}


async def test_escape_cancels_a_run_and_keeps_what_it_recorded(workplace: Path) -> None:
    app = make_app()
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
    app = make_app()
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
    app = make_app()
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
    app = make_app()
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
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_gallery(pilot)
        assert messages.NO_SCENARIOS[:20] in join_text(screen.scenarios._rows)
        assert messages.NO_RECORDINGS[:20] in join_text(screen.recents._rows)
        await pilot.press("enter", "down", "p", "question_mark")
        await settled(pilot)
        await pilot.press("escape")


# -- export --------------------------------------------------------------------------------------------------------


async def open_dialog(pilot: Pilot[int], folder: Path) -> ExportDialog:
    recording = builders.rnn_cell(folder)
    assert recording.path is not None
    app = pilot.app
    assert isinstance(app, GraphlabApp)
    app.open_recording(recording.path)
    await until(pilot, lambda: isinstance(app.screen, ExploreScreen))
    await pilot.press("right", "e")
    await until(pilot, lambda: isinstance(app.screen, ExportDialog))
    dialog = app.screen
    assert isinstance(dialog, ExportDialog)
    return dialog


async def test_the_format_and_the_files_ending_follow_each_other(workplace: Path) -> None:
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        dialog = await open_dialog(pilot, workplace)
        moment = dialog.state.moment
        assert dialog.path == Path(f"outputs/rnn_cell-e{moment}.svg")
        await pilot.press("right")
        assert dialog.path.suffix == ".png"
        dialog.query_one("#file", Input).value = "elsewhere/graph.dot"
        await settled(pilot)
        assert dialog.query_one("#format", ChoiceLine).word == "dot"


async def test_saving_tells_the_path(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    orders = []

    def write(recording: object, moment: int, order: Order) -> Path:
        orders.append((moment, order))
        return order.path

    monkeypatch.setattr("graphlab.tui.export_dialog.write_graph", write)
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        dialog = await open_dialog(pilot, workplace)
        state = dialog.state
        await pilot.press("down", "right", "enter")
        await until(pilot, lambda: isinstance(app.screen, ExploreScreen))
        ((moment, order),) = orders
        assert (moment, order.renderer, order.has_future) == (state.moment, "torchviz", False)
        keys = app.screen.query_one("#keys")
        await until(pilot, lambda: "saved" in keys.notice)  # type: ignore[attr-defined]  # a KeyLine


async def test_a_failure_is_one_line_and_the_dialog_stays(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(recording: object, moment: int, order: Order) -> Path:
        raise RenderError("pdf needs graphviz")

    monkeypatch.setattr("graphlab.tui.export_dialog.write_graph", write)
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        dialog = await open_dialog(pilot, workplace)
        await pilot.press("enter")
        await until(pilot, lambda: dialog.answer == "pdf needs graphviz")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ExploreScreen))


async def test_a_file_that_is_there_is_replaced_only_on_a_second_enter(workplace: Path) -> None:
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        dialog = await open_dialog(pilot, workplace)
        taken = workplace / "taken.svg"
        taken.write_text("mine", encoding="utf-8")
        dialog.query_one("#file", Input).value = str(taken)
        await settled(pilot)
        await pilot.press("enter")
        assert "there already" in dialog.answer
        assert taken.read_text(encoding="utf-8") == "mine"


def test_a_default_name_is_never_taken(tmp_path: Path) -> None:
    (tmp_path / "a-e3.svg").touch()
    assert default_path("a", 3, "svg", tmp_path).name == "a-e3-2.svg"


def test_errors_are_said_in_one_line() -> None:
    assert explain(PermissionError(13, "Permission denied")) == "not saved: Permission denied"
    assert explain(ValueError("one\ntwo")) == "not saved: ValueError: one"


def test_a_graph_is_written_and_only_our_own_folder_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recording = builders.rnn_cell(tmp_path)
    path = Path("outputs/graph.dot")
    assert write_graph(recording, recording.event_count, Order(path, "graphlab", "light", has_future=False)) == path
    assert path.read_text(encoding="utf-8").startswith("digraph")
    with pytest.raises(RenderError, match="does not exist"):
        write_graph(recording, 1, Order(Path("ouptuts/graph.dot"), "graphlab", "light", has_future=False))
