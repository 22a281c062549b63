"""Folding in the boxes: what large graphs open with, what a folded box says, and that what one looks at stays put."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from graphlab.recording import Recording, steps
from graphlab.tui import box_book, box_groups
from graphlab.tui.app import GraphlabApp
from graphlab.tui.box_book import MOST_AT_ONCE, MOST_OPEN
from graphlab.tui.box_groups import LEGIBLE
from graphlab.tui.box_plan import BoxPlan
from graphlab.tui.box_text import ZOOMS, BoxGroup, Zoom
from graphlab.tui.boxes import BoxPicture
from graphlab.tui.camera import Camera
from graphlab.tui.graph import GraphPane
from graphlab.tui.rows import join_text, row_text, row_width
from graphlab.tui.state import ExplorerState
from graphlab.tui.theme import DARK
from tests import builders
from tests.recorded import record_text
from tests.test_tui_boxes import assert_signs_join, cells_of, pane_of, place_of, plan_of, press
from tests.test_tui_lanes import MODULES

TRANSFORMER = """\
import torch
torch.manual_seed(0)
layer = torch.nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
model = torch.nn.TransformerEncoder(layer, 12)
x = torch.randn(2, 3, 8)
loss = model(x).pow(2).mean() * 3
loss.backward()
"""

RECURRENT = """\
import torch
cell = torch.nn.LSTMCell(4, 8)
h, c = torch.zeros(3, 8), torch.zeros(3, 8)
for t in range(10):
    h, c = cell(torch.randn(3, 4), (h, c))
h.sum().backward()
"""


@cache
def recorded(text: str) -> Recording:
    return record_text(Path(mkdtemp()), text)


def state_of(text: str) -> ExplorerState:
    state = ExplorerState(recorded(text))
    state.go_last()
    return state


def path_of(text: str) -> Path:
    path = recorded(text).path
    assert path is not None
    return Path(path)


def folded(plan: BoxPlan) -> list[BoxGroup]:
    return [item.group for item in plan.items if item.group is not None]


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)


LIST = """\
import torch
cell = torch.nn.RNNCell(4, 8)
inputs = [torch.randn(3, 4, requires_grad=True) for _ in range(40)]
h = None
for x in inputs:
    h = cell(x, h)
h.sum().backward()
"""


def test_many_inputs_alike_are_one_line_and_the_steps_are_called_by_what_made_them() -> None:
    plan = plan_of(state_of(LIST))
    names = [group.name for group in folded(plan)]
    assert "40 × inputs" in names
    assert "1 of 40: rnn_tanh_cell" in names
    inputs = next(place for place, item in enumerate(plan.items) if item.group and "inputs" in item.group.name)
    targets = [target for source, target, _ in plan.edges if source == inputs]
    assert len(targets) == len(set(targets)) == 40


def test_a_transformer_of_twelve_layers_opens_as_a_dozen_boxes() -> None:
    state = state_of(TRANSFORMER)
    plan = plan_of(state)
    assert len(state.recording.structure(1).nodes) > 4 * MOST_OPEN
    assert [group.name for group in folded(plan) if not group.is_minor] == [f"layers.{index}" for index in range(12)]
    assert len(plan.items) <= LEGIBLE
    assert len(plan.index) == len(state.recording.structure(1).nodes)
    assert state.box_book.title() == f"{len(plan.index):,} nodes in {len(plan.items)} boxes"


def test_a_folded_box_says_how_much_it_holds_and_the_worst_gradient_inside() -> None:
    state = state_of(TRANSFORMER)
    group = next(group for group in folded(plan_of(state)) if group.name == "layers.7")
    nodes = [state.recording.node(number) for number in group.nodes]
    parameters = [node for node in nodes if node.kind == "parameter"]
    assert (group.parameters, len(parameters)) == (12, 12)
    assert group.numbers == sum(math.prod(node.shape or ()) for node in parameters) == 600
    text = join_text(BoxPicture(state, plan_of(state)).rows(Camera(), 90, 200))
    assert f"{len(nodes)} nodes" in text
    assert "12 params of 600" in text
    backward = next(span for span in state.recording.spans_of(1) if span.phase == "backward")
    for moment in (state.last, (backward.first + backward.last) // 2, backward.first - 1):
        state.go(moment)
        norms = [
            gradient.statistics.norm
            for node in nodes
            if (gradient := state.gradient(node.id)) is not None and gradient.statistics.norm is not None
        ]
        assert state.box_book.worst(group) == (pytest.approx(max(norms)) if norms else None)


def test_a_gradient_that_is_not_finite_is_the_worst() -> None:
    state = state_of(MODULES)
    state.box_book.fold_all()
    rows = BoxPicture(state, plan_of(state)).rows(Camera(), 90, 60)
    found = {names for row in rows for text, names in row if "∇nan" in text}
    assert found
    assert all("nan" in names.split() for names in found)


def test_groups_to_come_that_run_and_that_ran_are_told_apart() -> None:
    state = state_of(TRANSFORMER)
    layers = [group for group in folded(plan_of(state)) if not group.is_minor]
    state.stride = "event"
    state.go(layers[4].first)
    text = join_text(BoxPicture(state, plan_of(state)).rows(Camera(), 90, 200))
    assert text.count("╔") == 4
    assert text.count("┏") == 1
    assert text.count("╭╌") >= 7


def test_steps_of_a_loop_are_numbered() -> None:
    names = [group.name for group in folded(plan_of(state_of(RECURRENT))) if not group.is_minor]
    assert [name.partition(":")[0] for name in names] == [f"{index} of 10" for index in range(1, 11)]


def test_a_box_is_opened_one_level_and_closed_from_inside() -> None:
    state = state_of(TRANSFORMER)
    book = state.box_book
    before = len(plan_of(state).items)
    group = next(group for group in folded(plan_of(state)) if group.name == "layers.3")
    state.choose(group.stands)
    book.fold()
    names = [each.name for each in folded(plan_of(state))]
    assert "layers.3" not in names
    assert "layers.3.self_attn" in names
    assert "layers.4" in names
    assert len(plan_of(state).items) > before
    norm = next(node for node in group.nodes if state.recording.node(node).module == "layers.3.norm1")
    state.choose(norm)
    book.fold()
    assert "open" in state.notice
    assert "layers.3.norm1" not in [each.name for each in folded(plan_of(state))]
    book.fold()
    assert "layers.3.norm1" in [each.name for each in folded(plan_of(state))]
    add = next(
        node
        for node in group.nodes
        if state.recording.node(node).op == "AddBackward0" and state.recording.node(node).module == "layers.3"
    )
    state.choose(add)
    book.fold()
    assert len(plan_of(state).items) == before


def test_small_graphs_open_whole_and_fold_too() -> None:
    state = state_of(MODULES)
    assert not folded(plan_of(state))
    nodes = state.recording.structure(2).nodes.values()
    number = next(node.id for node in nodes if node.module == "head" and node.op == "AddmmBackward0")
    state.choose(number)
    state.box_book.fold()
    assert [group.name for group in folded(plan_of(state))] == ["head"]
    state.training_step(-1)
    # Steps that are alike are folded alike.
    assert [group.name for group in folded(plan_of(state))] == ["head"]
    state.box_book.fold_all()
    assert {"blocks", "head"} <= {group.name.partition(".")[0] for group in folded(plan_of(state))}
    state.box_book.fold_all()
    assert not folded(plan_of(state))


def test_all_boxes_at_once_are_refused_where_nobody_could_read_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(box_book, "MOST_BOXES", MOST_AT_ONCE)
    state = state_of(TRANSFORMER)
    book = state.box_book
    first = plan_of(state)
    book.fold_all()
    assert len(plan_of(state).items) < len(first.items)
    book.fold_all()
    assert len(plan_of(state).items) <= MOST_AT_ONCE
    book.opened = None
    tree = book.tree()
    assert tree is not None
    assert tree.count(tree.all) == len(first.index) > MOST_AT_ONCE
    book.opened = tree.all
    assert book.plan() is None


def test_nothing_to_fold_is_said(tmp_path: Path) -> None:
    state = ExplorerState(builders.empty(tmp_path))
    state.box_book.fold()
    state.box_book.fold_all()
    assert state.box_book.plan() is None
    state = ExplorerState(builders.rnn_cell(tmp_path))
    state.box_book.fold()
    assert "selected" in state.notice
    state.go_last()
    state.box_book.fold()
    assert state.notice == "what is selected is in no group"
    state.box_book.fold_all()
    assert "nothing to fold" in state.notice


def test_a_search_marks_the_folded_box_that_holds_a_match() -> None:
    state = state_of(TRANSFORMER)
    state.find("name:layers.5.linear1.weight")
    rows = BoxPicture(state, plan_of(state)).rows(Camera(), 90, 200)
    assert [text.strip() for row in rows for text, names in row if "match" in names] == ["▸ layers.5"]


@settings(max_examples=25, deadline=None)
@given(
    which=some.sampled_from([TRANSFORMER, MODULES, RECURRENT]),
    chosen=some.lists(some.integers(0, 200), max_size=6),
    zoom=some.sampled_from(ZOOMS),
    share=some.floats(0, 1),
)
def test_whatever_is_open_signs_join_and_boxes_are_apart(
    which: str, chosen: list[int], zoom: Zoom, share: float
) -> None:
    state = ExplorerState(recorded(which), at=round(share * recorded(which).event_count))
    state.choose(next(iter(state.recording.structure(1).nodes)))
    tree = state.box_book.tree()
    assert tree is not None
    groups = sorted(tree.all)
    state.box_book.opened = tree.first | {groups[number % len(groups)] for number in chosen}
    state.box_book.zoom = zoom
    plan = plan_of(state)
    taken = [cell for box in plan.layout.boxes.values() for cell in cells_of(box)]
    assert len(taken) == len(set(taken))
    assert not set(taken) & set(plan.layout.lines)
    picture = BoxPicture(state, plan)
    rows = [picture.row(y, 0, plan.layout.width) for y in range(plan.layout.height)]
    assert all(row_width(row) == plan.layout.width for row in rows)
    if zoom == "full":
        # A line that enters a folded box ends at its double border, which has no heavy joint.
        state.selected = None
        picture = BoxPicture(state, plan)
        rows = [picture.row(y, 0, plan.layout.width) for y in range(plan.layout.height)]
    assert_signs_join(state, plan, [row_text(row) for row in rows])


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_folding_keeps_the_selected_node_where_it_is(size: tuple[int, int]) -> None:
    async with GraphlabApp(path_of(TRANSFORMER), theme=DARK).run_test(size=size) as pilot:
        await press(pilot, "end", "2", "z")
        pane = pane_of(pilot)
        pane.chosen_view = "boxes"
        plan = pane.plan
        assert plan is not None
        pane.state.choose(next(group.stands for group in folded(plan) if group.name == "layers.6"))
        await press(pilot)
        before = place_of(pane)
        text = await press(pilot, "f")
        assert "is open" in text
        assert place_of(pane) == before
        await press(pilot, "up", "up")
        before = place_of(pane)
        await press(pilot, "f")
        assert place_of(pane) == before
        assert "═ folded" in text or size[0] == 80


async def test_nothing_moves_from_step_to_step() -> None:
    async with GraphlabApp(path_of(MODULES), theme=DARK).run_test(size=(120, 40)) as pilot:
        await press(pilot, "end", "2", "z", "F", "minus")
        pane = pane_of(pilot)
        before = (pane.camera.x, pane.camera.y, pane.plan.layout if pane.plan else None)
        await press(pilot, "left_square_bracket")
        assert pane.state.step is not None
        assert pane.state.step.step == 1
        assert (pane.camera.x, pane.camera.y, pane.plan.layout if pane.plan else None) == before


async def test_boxes_of_a_very_large_graph_are_shown_when_somebody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "MANY", 100)
    async with GraphlabApp(path_of(TRANSFORMER), theme=DARK).run_test(size=(120, 40)) as pilot:
        text = await press(pilot, "end", "2", "z")
        assert "Graph: lanes" in text
        pane = pilot.app.screen.query_one(GraphPane)
        text = await press(pilot, "v")
        while pane.is_waiting:
            await pilot.pause(0.02)
        text = await press(pilot)
        assert "674 nodes in 17 boxes" in text
        assert "▸ layers." in text
        # No column is left blank where the lanes' scrollbar was.
        assert next(line for line in text.splitlines() if "─map─" in line).endswith("╮┃")
        assert "Graph: lanes" in await press(pilot, "v")


async def test_keys_answer_while_it_is_found_what_belongs_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "MANY", 100)
    asked, may_go_on = Event(), Event()

    class Slow(box_groups.GroupTree):
        def __init__(self, recording: Recording, step: int) -> None:
            asked.set()
            assert may_go_on.wait(20)
            super().__init__(recording, step)

    monkeypatch.setattr(box_groups, "GroupTree", Slow)
    async with GraphlabApp(path_of(TRANSFORMER), theme=DARK).run_test(size=(120, 40)) as pilot:
        pane = pilot.app.screen.query_one(GraphPane)
        text = await press(pilot, "end", "2", "v")
        assert asked.wait(20)
        assert "Graph: lanes" in text
        assert "finding what belongs together" in text
        before = pane.state.moment
        await press(pilot, "left")
        assert pane.state.moment < before
        # Asked again, the lanes stay, also when the groups are there.
        await press(pilot, "v")
        may_go_on.set()
        while pane.is_waiting:
            await pilot.pause(0.02)
        assert "Graph: lanes" in await press(pilot)
        assert "674 nodes in 17 boxes" in await press(pilot, "v")
