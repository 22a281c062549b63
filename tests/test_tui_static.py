"""`w`: autograd's graph and the static graphs of the same code, side by side, lit together."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from textual.pilot import Pilot

from graphlab.model import NodeKind
from graphlab.recording import open_recording
from graphlab.static_graph import StaticGraph, StaticNode, StaticNote, encode
from graphlab.tui import messages, static_screen
from graphlab.tui.app import GraphlabApp
from graphlab.tui.child import Child
from graphlab.tui.rows import row_text
from graphlab.tui.static_book import StaticBook
from graphlab.tui.static_screen import StaticScreen
from graphlab.tui.static_side import SidePane
from tests import builders
from tests.test_tui_explore import explorer, press, state_of, text_of


def node(number: int, kind: NodeKind, call: str | None, name: str | None, line: int | None, *inputs: int) -> StaticNode:
    return StaticNode(
        number, kind, "forward", call and f"aten.{call}.default", call, name, None, "rnn_cell.py", line, None, (20, 1),
        "float32", inputs,
    )  # fmt: skip


GRAPHS = [
    StaticGraph("fx", "cell", (), (), StaticNote(9, "`if x > 0:` decides by a value which branch runs")),
    StaticGraph(
        "export",
        "cell",
        (
            node(1, "parameter", None, "W_h", None),
            node(2, "data", None, "odd", None),
            node(3, "op", "tanh", None, None, 1, 2),
            node(4, "op", "sort", None, 12, 3),
        ),
        (StaticNote(12, "a note of the tracer"),),
        None,
    ),
]


@pytest.fixture
def recording_path(tmp_path: Path) -> Path:
    path = builders.rnn_cell(tmp_path).path
    assert path is not None
    return path


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a quick child write the graphs, in place of one that asks torch."""
    rows = json.dumps({"scenario": "rnn_cell", "graphs": [encode(graph) for graph in GRAPHS]})

    def start(recording: Path, output: Path) -> Child:
        program = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.argv[2])"
        command = [sys.executable, "-c", program, str(output), rows]
        return Child(subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True), output)

    monkeypatch.setattr(static_screen, "start_tracing", start)
    monkeypatch.setattr(static_screen, "why_not", lambda recording: "")


async def open_screen(pilot: Pilot[int]) -> StaticBook:
    """Press `w`, and wait for the graphs."""
    await press(pilot, "w")
    await pilot.app.workers.wait_for_complete()
    await pilot.pause(0.05)
    screen = pilot.app.screen
    assert isinstance(screen, StaticScreen)
    return screen.book


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_both_graphs_and_the_differences_are_on_the_screen(recording_path: Path, size: tuple[int, int]) -> None:
    async with GraphlabApp(recording_path).run_test(size=size) as pilot:
        await open_screen(pilot)
        text = text_of(pilot)
        assert "autograd · step 1" in text
        assert "torch.export · cell" in text, "the first tracer that has a graph"
        assert messages.DIFFERENCES in text
        assert "a note of the tracer" in text
        assert "sort only in the static graph" in text
        assert "? Help" in text


@pytest.mark.usefixtures("traced")
async def test_what_is_the_same_is_lit_on_the_other_side(recording_path: Path) -> None:
    async with GraphlabApp(recording_path).run_test(size=(120, 40)) as pilot:
        book = await open_screen(pilot)
        names = book.recording.names(book.recording.step(1).last)
        book.choose("dynamic", next(number for number, held in names.items() if "W_h" in held))
        assert book.lit("static") == {1}
        assert book.row("static") == book.drawn("static").rows[1]
        await press(pilot, "tab down")
        assert book.side == "static"
        book.choose("static", 4)
        assert not book.lit("dynamic"), "what is in one graph alone lights nothing"
        text = "\n".join(row_text(row) for row in book.rows_of("static", 40))
        assert "○" in text.splitlines()[book.drawn("static").rows[4]]
        assert "●" in text.splitlines()[book.drawn("static").rows[1]]


@pytest.mark.usefixtures("traced")
async def test_both_graphs_are_boxes_and_what_is_the_same_is_lit_in_both(recording_path: Path) -> None:
    async with GraphlabApp(recording_path).run_test(size=(120, 40)) as pilot:
        book = await open_screen(pilot)
        text = text_of(pilot)
        assert "╭╌╌" in text, "sort has no partner"
        assert "╭──" in text
        assert book.plan("dynamic") is not None
        tanh = next(each for each in book.recording.structure(1).nodes.values() if each.op == "TanhBackward0")
        book.choose("dynamic", tanh.id)
        await press(pilot, "down")
        assert book.selected is not None
        assert [edge.source for edge in book.recording.structure(1).edges if edge.target == book.selected] == [tanh.id]
        await press(pilot, "up")
        assert book.selected == tanh.id, "back along the same line"
        for side in ("dynamic", "static"):
            pane = pilot.app.screen.query_one(f"#side-{side}", SidePane)
            heavy = [line for line in map(row_text, pane._rows) if "┏" in line]
            assert len(heavy) == 1, f"one box is lit in {side}"
        await press(pilot, "b")
        plan = book.plan("static")
        assert plan is not None
        assert all(plan.layout.boxes[source].x < plan.layout.boxes[target].x for source, target, _ in plan.edges)
        assert_sides_join(pilot)
        await press(pilot, "v")
        assert "┏━━" not in text_of(pilot).replace("┏━ autograd", "")
        assert messages.LEGENDS_STATIC["lanes"] in text_of(pilot)


def assert_sides_join(pilot: Pilot[int]) -> None:
    """Assert that a line leaves each box that something uses, through the box's own border."""
    for pane in pilot.app.screen.query(SidePane):
        plan = pane.plan
        assert plan is not None
        for source, target, _ in plan.edges:
            one, two = plan.layout.boxes[source], plan.layout.boxes[target]
            rows = range(plan.layout.height)
            ports = {(x, y) for y in rows for x in plan.layout.row(y).ports}
            assert any(one.x <= x < one.x + one.width and one.y <= y < one.y + one.height for x, y in ports)
            assert any(two.x <= x < two.x + two.width and two.y <= y < two.y + two.height for x, y in ports)


@pytest.mark.usefixtures("traced")
async def test_a_full_stop_shows_the_next_tracer_and_why_it_has_no_graph(recording_path: Path) -> None:
    async with GraphlabApp(recording_path).run_test(size=(120, 40)) as pilot:
        book = await open_screen(pilot)
        await press(pilot, "full_stop")
        assert book.graph is not None
        assert book.graph.tracer == "fx"
        text = text_of(pilot)
        assert messages.NO_STATIC_GRAPH.format(tracer="torch.fx.symbolic_trace") in text
        assert "Line 9: `if x > 0:` decides by a value" in text
        await press(pilot, "escape")
        assert pilot.app.screen is explorer(pilot)
        await press(pilot, "w")
        screen = pilot.app.screen
        assert isinstance(screen, StaticScreen)
        assert screen.book.graph is not None, "the script does not run a second time"
        assert screen.book.graph.tracer == "fx"


@pytest.mark.usefixtures("traced")
async def test_enter_goes_to_the_event_that_made_the_node(recording_path: Path) -> None:
    async with GraphlabApp(recording_path).run_test(size=(120, 40)) as pilot:
        book = await open_screen(pilot)
        tanh = next(each for each in book.recording.structure(1).nodes.values() if each.op == "TanhBackward0")
        book.choose("static", 3)
        assert book.lit("dynamic") == {tanh.id}
        await press(pilot, "enter")
        assert pilot.app.screen is explorer(pilot)
        assert state_of(pilot).moment == tanh.event
        assert state_of(pilot).selected_node == tanh.id


async def test_without_its_script_a_recording_says_why_there_are_none(recording_path: Path) -> None:
    async with GraphlabApp(recording_path).run_test(size=(120, 40)) as pilot:
        book = await open_screen(pilot)
        assert book.trouble == messages.NO_ORIGIN
        assert messages.NO_ORIGIN[:40] in text_of(pilot)
        assert "autograd · step 1" in text_of(pilot)


@pytest.mark.slow
async def test_the_script_of_a_recording_is_really_traced(tmp_path: Path) -> None:
    from tests.recorded import record_text
    from tests.test_graph_correspond import SCRIPT

    path = record_text(tmp_path, SCRIPT).path
    assert path is not None
    async with GraphlabApp(path, at=open_recording(path).step(1).last).run_test(size=(120, 40)) as pilot:
        book = await open_screen(pilot)
        assert [graph.tracer for graph in book.graphs] == ["fx", "export", "compile", "step", "jit"]
        assert book.graph is not None
        assert book.graph.tracer == "compile", "fx and export stop at the branch"
