"""Every pane's rows, at any moment, size and look: exactly as wide as asked, no unknown style, never an exception."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from graphlab.recording import Recording
from graphlab.sentences import phase_of, phase_of_span
from graphlab.tui.boxes import BoxPicture
from graphlab.tui.camera import Camera
from graphlab.tui.code import highlight
from graphlab.tui.dialogs import help_rows
from graphlab.tui.footer import footer_row
from graphlab.tui.header import header_row
from graphlab.tui.inspector import inspector_rows
from graphlab.tui.keys import KEYS, keys_of
from graphlab.tui.lanes import LaneRows
from graphlab.tui.rows import Row, join_text, row_text, row_width
from graphlab.tui.source import source_rows
from graphlab.tui.state import EdgeChoice, ExplorerState, Stride, TensorView
from graphlab.tui.theme import STYLE_NAMES, Look
from graphlab.tui.timeline import timeline_rows
from tests import builders


@cache
def recordings() -> list[Recording]:
    """Make one of each kind, once."""
    folder = Path(mkdtemp())
    return list(builders.many(folder))


def lane_rows(state: ExplorerState, width: int, height: int, look: Look) -> Sequence[Row]:
    table = state.lane_book.table()
    return LaneRows(state, table, width) if table is not None else []


def box_rows(state: ExplorerState, width: int, height: int, look: Look) -> Sequence[Row]:
    plan = state.box_book.plan()
    if plan is None:
        return []
    camera = Camera()
    camera.reset(plan.layout, width, height)
    return BoxPicture(state, plan).rows(camera, width, height)


PANES: dict[str, Callable[[ExplorerState, int, int, Look], Sequence[Row]]] = {
    "source": lambda state, width, height, look: source_rows(state, width, height)[2],
    "lanes": lane_rows,
    "boxes": box_rows,
    "inspector": inspector_rows,
    "timeline": lambda state, width, height, look: timeline_rows(state, width, height)[0],
    "header": lambda state, width, height, look: [header_row(state, width)],
    "footer": lambda state, width, height, look: [footer_row("explorer", width), footer_row("explorer", width, "told")],
    "help": lambda state, width, height, look: help_rows("explorer", width),
}
FILLING = {"source", "timeline"}


@pytest.mark.parametrize("name", PANES)
@given(
    which=some.integers(0, 3),
    share=some.floats(0, 1),
    width=some.integers(8, 210),
    height=some.integers(1, 60),
    stride=some.sampled_from(["line", "op", "event"]),
    view=some.sampled_from(["heat", "numbers", "histogram"]),
    look=some.builds(Look, has_heat=some.booleans(), is_ascii=some.booleans()),
    choice=some.integers(0, 40),
)
@settings(max_examples=60)
def test_rows_are_exactly_as_wide_as_asked(
    name: str,
    which: int,
    share: float,
    width: int,
    height: int,
    stride: Stride,
    view: TensorView,
    look: Look,
    choice: int,
) -> None:
    recording = recordings()[which]
    state = ExplorerState(recording, at=round(share * recording.event_count))
    state.stride, state.tensor_view = stride, view
    order = state.lane_book.order()
    if order and choice < 2 * len(order):
        node = order[choice % len(order)]
        edges = state.edges_into(node)
        state.selected = EdgeChoice(node, edges[0].slot) if choice >= len(order) and edges else node
        state.marks = [order[0], node]
    rows = list(PANES[name](state, width, height, look))
    assert all(row_width(row) == width for row in rows), [row_text(row) for row in rows if row_width(row) != width]
    assert all(set(names.split()) <= STYLE_NAMES for row in rows for _, names in row)
    if name in FILLING:
        assert len(rows) == height


def at(state: ExplorerState, words: str) -> ExplorerState:
    assert state.go_to(words)
    return state


@pytest.fixture
def rnn() -> ExplorerState:
    return ExplorerState(recordings()[0])


@pytest.fixture
def training() -> ExplorerState:
    return ExplorerState(recordings()[1])


def test_the_source_marks_what_ran_and_what_comes_and_says_the_shapes(rnn: ExplorerState) -> None:
    rnn.go_to("h2h")
    rnn.next()
    text = join_text(source_rows(rnn, 80, 34)[2])
    assert "▷ 23 h2h = torch.mm(W_h, prev_h.t())" in text
    assert "▶26 next_h = i2h + h2h" in text
    assert "20x20 @ 20x1 -> 20x1" in text
    assert "multiply the recurrent weights by the previous hidden state" in text
    assert "+ h2h" in text
    assert "none yet" in text
    assert "loss" in text
    assert "not made yet" in text


def test_in_the_backward_the_forward_line_and_its_caller_are_both_in_sight(rnn: ExplorerState) -> None:
    at(rnn, "e30")
    text = join_text(source_rows(rnn, 40, 7)[2])
    assert "◀ 21" in text
    assert "⋯" in text
    assert "▷▶32 loss.backward()" in text


def test_a_gradient_that_has_not_come_is_none_yet_and_never_zero(rnn: ExplorerState) -> None:
    at(rnn, "h2h")
    text = join_text(inspector_rows(rnn, 50, 30))
    assert "none yet: arrives at e28" in text
    at(rnn, "e28")
    text = join_text(inspector_rows(rnn, 50, 30))
    assert "none yet" not in text
    assert "gradient ∂L/∂h2h" in text


def test_data_needs_no_gradient(rnn: ExplorerState) -> None:
    rnn.go_last()
    rnn.choose(next(n for n, node in rnn.recording.structure(1).nodes.items() if node.kind == "data"))
    assert "needs no gradient" in join_text(inspector_rows(rnn, 50, 30))


def test_lanes_show_what_is_made_now_and_to_come(rnn: ExplorerState) -> None:
    at(rnn, "h2h")
    table = rnn.lane_book.table()
    assert table is not None
    text = join_text(LaneRows(rnn, table, 50))
    assert "◉─╮ mm" in text
    assert "○─╮   add" in text
    assert "●─╮   mm      i2h 20x1" in text
    rnn.go_last()
    text = join_text(LaneRows(rnn, table, 50))
    assert "○" not in text
    assert text.count("✓") == 6
    assert text.count(" ∇ ") == 8


def test_boxes_are_dashed_before_heavy_now_and_stay_where_they_are(rnn: ExplorerState) -> None:
    at(rnn, "h2h")
    plan = rnn.box_book.plan()
    assert plan is not None
    before = join_text(BoxPicture(rnn, plan).rows(Camera(), 60, 30))
    assert "┃ mm" in before
    assert "│ mm" in before
    assert "╎ add" in before
    rnn.go_last()
    after = join_text(BoxPicture(rnn, plan).rows(Camera(), 60, 30))
    assert "╎" not in after
    assert after.count("∇") == 8
    assert [line.find("tanh") for line in before.splitlines()] == [line.find("tanh") for line in after.splitlines()]


def test_a_click_finds_the_box_under_it(rnn: ExplorerState) -> None:
    plan = rnn.box_book.plan()
    assert plan is not None
    for place, box in plan.layout.boxes.items():
        assert plan.box_at(box.x, box.y) == plan.items[place].node
        assert plan.box_at(box.x + box.width - 1, box.y + box.height - 1) == plan.items[place].node
        assert plan.box_at(box.x + box.width, box.y) != plan.items[place].node
    assert plan.box_at(0, -1) is None
    assert plan.box_at(0, plan.layout.height) is None


def test_the_timeline_has_a_mark_a_stop_and_the_cursor_among_them(rnn: ExplorerState) -> None:
    at(rnn, "e17")
    rows, marks, _ = timeline_rows(rnn, 118, 3)
    text = row_text(rows[1])
    assert len(marks) == text.count("●") + text.count("○") + 1
    assert text.count("◉") == 1
    assert "forward" in row_text(rows[0])
    assert "mm'" in row_text(rows[2])


def test_a_timeline_with_more_stops_than_cells_is_sampled(training: ExplorerState) -> None:
    training.stride = "event"
    at(training, "s3")
    row = timeline_rows(training, 20, 1)[0][0]
    assert row_text(row).count("◉") == 1
    assert row_width(row) == 20


def test_the_loss_of_all_steps_stands_in_the_timeline(training: ExplorerState) -> None:
    at(training, "s2")
    rows, _, steps = timeline_rows(training, 100, 4)
    assert [number for _, number in steps] == [1, 2, 3, 4, 5]
    assert "█" in row_text(rows[3])
    assert "step 2/5" in row_text(rows[0])


def test_the_header_answers_where_we_are(training: ExplorerState) -> None:
    at(training, "s2")
    at(training, "bwd")
    text = row_text(header_row(training, 120))
    for words in ("training", "BACKWARD", "e46/144", "step 2/5", "backward begins at loss", "not at end (End)"):
        assert words in text
    assert "not at end" in row_text(header_row(training, 80))
    training.go_last()
    assert "not at end" not in row_text(header_row(training, 120))


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_help_and_quit_are_in_the_footer_at_every_width(width: int) -> None:
    text = row_text(footer_row("explorer", width))
    assert "? Help" in text
    assert "q Quit" in text
    assert "…" not in text


def test_the_help_screen_is_the_table_of_keys() -> None:
    text = join_text(help_rows("explorer", 200))
    for key in keys_of("explorer"):
        assert f"{key.shown} " in text
        assert key.help in text


def test_ids_and_keys_are_unique() -> None:
    assert len({key.id for key in KEYS}) == len(KEYS)
    for where in ("explorer", "gallery"):
        names = [name for key in keys_of(where) for name in key.keys.split(",")]
        assert len(set(names)) == len(names)
    assert not any("ctrl" in key.keys or "alt" in key.keys for key in KEYS)


def test_code_keeps_its_text_and_survives_what_is_no_python() -> None:
    for text in (
        builders.TRAINING,
        "def f(:\n  'x\n\tif",
        '"""never closed\nx = 1',
        "",
        "x = f'{a!r:>{w}}'\n\n# %% A\n",
    ):
        assert [row_text(row) for row in highlight(text)] == text.expandtabs(4).splitlines()


def test_where_words_are_cut_the_number_stays_and_a_mark_says_so(rnn: ExplorerState) -> None:
    moment = next(event.id for event in rnn.recording.events if event.kind == "gradient" and event.node)
    rnn.go(moment)
    gradient = rnn.recording.gradient(rnn.recording.event(moment).node or 0, moment)
    assert gradient is not None
    number = f"{gradient.statistics.norm:.5g}"
    for width in (60, 70, 80):
        text = row_text(header_row(rnn, width))
        assert number in text
        assert "upstream" not in text
    for width, height in ((34, 8), (24, 6), (34, 4)):
        assert number in join_text(source_rows(rnn, width, height)[2])


@pytest.mark.parametrize("height", [4, 5, 6, 7, 12])
def test_narration_is_there_in_a_low_pane_and_ends_in_a_mark_where_it_is_cut(rnn: ExplorerState, height: int) -> None:
    rnn.go(rnn.recording.moment(line=23))
    text = join_text(source_rows(rnn, 30, height)[2])
    assert "multiply the recurrent" in text
    assert "…" in text.splitlines()[-1] or "previous hidden state" in " ".join(text.split())


def test_what_is_no_part_of_training_is_setup_only_until_training_begins(tmp_path: Path) -> None:
    training = builders.training(tmp_path, steps=2)
    first, second = (training.spans_of(step) for step in (1, 2))
    assert [phase_of(training, span.first) for span in (*first, second[0])] == [
        "setup", "forward", "backward", "update", "between",
    ]  # fmt: skip
    cell = builders.rnn_cell(tmp_path)
    assert [phase_of_span(cell, span) for span in cell.spans_of(1)] == ["setup", "forward", "backward", "after"]
    state = ExplorerState(cell)
    state.go(cell.event_count)
    assert " AFTER " in row_text(header_row(state, 120))
    state = ExplorerState(training)
    state.go(second[0].first)
    assert any("│between" in row_text(row) for row in timeline_rows(state, 120, 5)[0])
