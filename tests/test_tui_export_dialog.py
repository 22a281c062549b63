"""The export dialog: format and file name follow each other, and it says what became of the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from graphlab.errors import RenderError
from graphlab.tui.app import GraphlabApp
from graphlab.tui.explore import ExploreScreen
from graphlab.tui.export_dialog import ChoiceLine, ExportDialog, Order, default_path, explain, write_graph
from graphlab.tui.rows import row_text
from tests import builders
from tests.children import settled, until


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


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
    app = GraphlabApp(None)
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
    app = GraphlabApp(None)
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
    app = GraphlabApp(None)
    async with app.run_test(size=(100, 30)) as pilot:
        dialog = await open_dialog(pilot, workplace)
        await pilot.press("enter")
        await until(pilot, lambda: dialog.answer == "pdf needs graphviz")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ExploreScreen))


async def test_a_file_that_is_there_is_replaced_only_on_a_second_enter(workplace: Path) -> None:
    app = GraphlabApp(None)
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


def test_csv_is_the_table_of_gradients(tmp_path: Path) -> None:
    recording = builders.training(tmp_path, steps=3)
    path = write_graph(recording, 5, Order(tmp_path / "gradients.csv", "graphlab", "light", has_future=False))
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("step,loss,name,shape,norm")
    assert len(lines) == 1 + 3 * 2


async def test_every_format_of_the_dialog_is_seen_at_80_columns(workplace: Path) -> None:
    app = GraphlabApp(None)
    async with app.run_test(size=(80, 24)) as pilot:
        dialog = await open_dialog(pilot, workplace)
        assert "csv" in row_text(dialog.query_one("#format", ChoiceLine).rows[0])
