"""The boxes: signs that join, what is lit, the camera, the map, and the keys that move among them."""

from __future__ import annotations

import unicodedata
from functools import cache
from itertools import combinations
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from textual.events import MouseScrollUp
from textual.pilot import Pilot

from graphlab.layout.boxes import Direction
from graphlab.layout.grid import CellBox
from graphlab.tui.app import GraphlabApp
from graphlab.tui.box_moves import along, beside
from graphlab.tui.box_plan import BoxPlan
from graphlab.tui.box_text import ZOOMS, Zoom, is_framed
from graphlab.tui.boxes import BoxPicture
from graphlab.tui.camera import Camera
from graphlab.tui.explore import ExploreScreen
from graphlab.tui.graph import GraphPane
from graphlab.tui.headless import screen_strips, screen_text
from graphlab.tui.lit import reachable, ways_between
from graphlab.tui.minimap import map_size, minimap
from graphlab.tui.rows import join_text, row_text, row_width, to_ascii
from graphlab.tui.state import ExplorerState
from graphlab.tui.theme import DARK, STYLE_NAMES
from tests import builders
from tests.recorded import record_text

Cell = tuple[int, int]
SIDES = {"UP": (0, -1), "RIGHT": (1, 0), "DOWN": (0, 1), "LEFT": (-1, 0)}
OPPOSITE = {"UP": "DOWN", "DOWN": "UP", "LEFT": "RIGHT", "RIGHT": "LEFT"}


@cache
def random_state(seed: int) -> ExplorerState:
    return ExplorerState(builders.random_program(Path(mkdtemp()), seed, ops=4 + seed * 3))


def plan_of(state: ExplorerState) -> BoxPlan:
    plan = state.box_book.plan()
    assert plan is not None
    return plan


def arms(sign: str) -> dict[str, str]:
    """Return how a box-drawing sign leaves its cell, from its Unicode name: `{"UP": "HEAVY", "LEFT": "LIGHT"}`."""
    words = (
        unicodedata.name(sign)
        .removeprefix("BOX DRAWINGS ")
        .replace("DOUBLE DASH ", "")
        .replace("SINGLE", "LIGHT")
        .split()
    )
    found: dict[str, str] = {}
    weight, waiting = "LIGHT", list[str]()
    for word in words:
        if word in {"LIGHT", "HEAVY", "DOUBLE"}:
            found.update(dict.fromkeys(waiting, word))
            waiting, weight = [], word
        elif word in {"HORIZONTAL", "VERTICAL"}:
            waiting += ["LEFT", "RIGHT"] if word == "HORIZONTAL" else ["UP", "DOWN"]
        elif word in SIDES:
            waiting.append(word)
    return {**found, **dict.fromkeys(waiting, weight)}


def is_drawn(sign: str) -> bool:
    return "─" <= sign <= "╿"


def assert_signs_join(state: ExplorerState, plan: BoxPlan, rows: list[str]) -> None:
    """Assert of every sign that what leaves it goes on in the cell beside, in the same weight."""
    signs = {(x, y): sign for y, row in enumerate(rows) for x, sign in enumerate(row)}
    texts = {
        cell
        for place, box in plan.layout.boxes.items()
        if not is_framed(state.node(plan.items[place].node), plan.items[place].group, plan.zoom)
        for cell in cells_of(box)
    }
    # The number of a mark stands in the border of its box.
    texts |= {(x, y) for (x, y), sign in signs.items() if sign in "(12)"}
    crossings = {place for place, cell in plan.layout.lines.items() if cell.is_crossing}
    for (x, y), sign in signs.items():
        if not is_drawn(sign):
            continue
        for side, weight in arms(sign).items():
            there = (x + SIDES[side][0], y + SIDES[side][1])
            other = signs[there]
            if there in crossings:
                continue  # one of the two lines passes under the other
            if there in texts and not is_drawn(other):
                continue  # a line ends at a text
            assert is_drawn(other), f"{sign} at {x},{y} leads to {other!r}"
            assert arms(other).get(OPPOSITE[side]) == weight, f"{sign} at {x},{y} does not join {other}"
    for x, y in crossings:
        ways = arms(signs[x, y])
        assert set(ways) in ({"UP", "DOWN"}, {"LEFT", "RIGHT"})


def cells_of(box: CellBox) -> set[Cell]:
    return {(x, y) for x in range(box.x, box.x + box.width) for y in range(box.y, box.y + box.height)}


@settings(max_examples=60, deadline=None)
@given(
    seed=some.integers(0, 7),
    share=some.floats(0, 1),
    zoom=some.sampled_from(ZOOMS),
    direction=some.sampled_from(["down", "right"]),
    chosen=some.integers(-1, 40),
    marks=some.lists(some.integers(0, 40), max_size=2, unique=True),
)
def test_signs_join_boxes_are_apart_and_no_line_crosses_one(
    seed: int, share: float, zoom: Zoom, direction: Direction, chosen: int, marks: list[int]
) -> None:
    state = random_state(seed)
    nodes = list(state.recording.structure(1).nodes)
    state.moment = round(share * state.last)
    state.box_book.zoom, state.box_book.direction = zoom, direction
    state.selected = nodes[chosen % len(nodes)] if chosen >= 0 else None
    state.marks = list(dict.fromkeys(nodes[mark % len(nodes)] for mark in marks))
    plan = plan_of(state)
    layout = plan.layout
    for one, two in combinations(layout.boxes.values(), 2):
        assert not cells_of(one) & cells_of(two)
    taken = set().union(*map(cells_of, layout.boxes.values()))
    assert not taken & set(layout.lines)
    picture = BoxPicture(state, plan)
    rows = [picture.row(y, 0, layout.width) for y in range(layout.height)]
    assert all(row_width(row) == layout.width for row in rows)
    assert all(set(names.split()) <= STYLE_NAMES for row in rows for _, names in row)
    assert_signs_join(state, plan, [row_text(row) for row in rows])
    assert all(to_ascii(row_text(row)).isascii() and "?" not in to_ascii(row_text(row)) for row in rows)


@settings(max_examples=60, deadline=None)
@given(
    seed=some.integers(0, 7),
    zoom=some.sampled_from(ZOOMS),
    x=some.integers(-90, 300),
    y=some.integers(-40, 200),
    width=some.integers(1, 120),
    height=some.integers(1, 50),
)
def test_a_view_is_exactly_as_large_as_asked(seed: int, zoom: Zoom, x: int, y: int, width: int, height: int) -> None:
    state = random_state(seed)
    state.box_book.zoom, state.box_book.direction = zoom, "down"
    state.marks, state.selected = [], next(iter(state.recording.structure(1).nodes))
    plan = plan_of(state)
    rows = BoxPicture(state, plan).rows(Camera(x, y), width, height)
    assert len(rows) == height
    assert all(row_width(row) == width for row in rows)
    over = minimap(plan, Camera(x, y), (width, height), [state.selected])
    assert all(row_width(row) == row_width(over[0]) <= map_size(width, height)[0] for row in over)
    assert len(over) <= map_size(width, height)[1]


# -- what is lit ---------------------------------------------------------------------------------------------------


@pytest.fixture
def rnn(tmp_path: Path) -> ExplorerState:
    state = ExplorerState(builders.rnn_cell(tmp_path))
    state.go_last()
    return state


def called(state: ExplorerState, nodes: object) -> set[str]:
    assert isinstance(nodes, frozenset)
    return {state.name_of(node).partition(" ")[0] for node in nodes}


def test_a_selected_node_lights_what_it_comes_from_and_leads_to(rnn: ExplorerState) -> None:
    assert rnn.lighting.lit() is None
    rnn.go_to("h2h")
    lit = rnn.lighting.lit()
    assert lit is not None
    assert called(rnn, lit.above) == {"h2h", "W_h", "prev_h"}
    assert {"h2h", "next_h", "loss"} <= called(rnn, lit.below)
    assert not {"i2h", "W_x", "x"} & called(rnn, lit.above | lit.below)
    text = join_text(BoxPicture(rnn, plan_of(rnn)).rows(Camera(), 60, 30))
    # Without any colour: the lines of what is lit are heavy, the others are not.
    assert "┃" in text
    assert "┸" in text
    assert "┴" in text
    styles = {
        names for row in BoxPicture(rnn, plan_of(rnn)).rows(Camera(), 60, 30) for word, names in row if word == "W_x"
    }
    assert styles == {"faint"}
    rnn.release()
    assert "┸" not in join_text(BoxPicture(rnn, plan_of(rnn)).rows(Camera(), 60, 30))


def test_marks_light_all_ways_between_them_and_a_third_takes_them_away(tmp_path: Path) -> None:
    state = ExplorerState(
        record_text(
            tmp_path,
            "import torch\nw = torch.ones(3, requires_grad=True)\na = w * 2\nb = a.relu()\nc = a + b\n"
            "d = torch.ones(3, requires_grad=True)\nloss = (c * d).sum()\nloss.backward()\n",
        )
    )
    state.go_last()
    for name in ("c", "w"):
        assert state.go_to(name)
        state.lighting.toggle_mark()
    path = state.lighting.path()
    # The skip and the detour, whichever of the two was marked first.
    assert [state.recording.node(node).op for node in path] == [None, "MulBackward0", "ReluBackward0", "AddBackward0"]
    assert "4 nodes" in state.notice
    edges = state.recording.structure(1).edges
    assert ways_between(edges, path[0], path[-1]) == frozenset(path)
    assert reachable(edges, path[0], is_up=True) == {path[0]}
    lit = state.lighting.lit()
    assert lit is not None
    assert lit.is_path
    text = join_text(BoxPicture(state, plan_of(state)).rows(Camera(), 80, 40))
    assert "(1)" in text
    assert "(2)" in text
    state.lighting.toggle_mark()
    assert state.marks == []
    assert state.lighting.path() == []


def test_marks_that_no_way_along_the_edges_joins_light_the_shortest(rnn: ExplorerState) -> None:
    for name in ("W_h", "W_x"):
        rnn.go_to(name)
        rnn.lighting.toggle_mark()
    assert [rnn.name_of(node).partition(" ")[0] for node in rnn.lighting.path()][::4] == ["W_h", "W_x"]
    assert len(rnn.lighting.path()) == 5


# -- keys along the lines ------------------------------------------------------------------------------------------


def test_arrows_go_along_the_lines_and_back(rnn: ExplorerState) -> None:
    plan = plan_of(rnn)
    edges = {(edge.source, edge.target) for edge in rnn.recording.structure(1).edges}
    node = along(plan, None, 1)
    assert node is not None
    seen = [node]
    while (below := along(plan, seen[-1], 1)) is not None:
        assert (seen[-1], below) in edges
        seen.append(below)
    assert rnn.recording.node(seen[-1]).kind == "output"
    up = [seen[-1]]
    while (above := along(plan, up[-1], -1)) is not None:
        assert (above, up[-1]) in edges
        up.append(above)
    assert rnn.recording.node(up[-1]).kind in {"leaf", "data"}
    assert along(plan, None, -1) == seen[-1]


def test_turned_boxes_follow_one_another_to_the_right_and_so_do_the_keys(rnn: ExplorerState) -> None:
    rnn.box_book.turn()
    plan = plan_of(rnn)
    assert all(plan.layout.boxes[source].x < plan.layout.boxes[target].x for source, target, _ in plan.edges)
    for edge in rnn.recording.structure(1).edges:
        there = along(plan, edge.source, 1)
        assert there is not None
        assert plan.box(edge.source).x < plan.box(there).x  # type: ignore[union-attr]  # both are drawn
        assert any(each.target == there for each in rnn.recording.structure(1).edges if each.source == edge.source)
    mm = next(n for n in rnn.recording.structure(1).nodes.values() if n.op == "MmBackward0")
    below = beside(plan, mm.id, 1) or beside(plan, mm.id, -1)
    assert below is not None
    assert plan.box(below).y != plan.box(mm.id).y  # type: ignore[union-attr]  # both are drawn
    rnn.box_book.turn()
    assert plan_of(rnn).direction == "down"


def test_every_box_is_reached_from_the_one_beside(rnn: ExplorerState) -> None:
    plan = plan_of(rnn)
    first, second = [n for n, node in rnn.recording.structure(1).nodes.items() if node.op == "MmBackward0"]
    assert beside(plan, first, 1) == second
    assert beside(plan, second, -1) == first


# -- the camera ----------------------------------------------------------------------------------------------------


def test_the_camera_brings_a_box_into_view_by_the_shortest_way_and_keeps_its_place() -> None:
    camera = Camera(0, 0)
    camera.show(CellBox(10, 10, 20, 4), 60, 30)
    assert (camera.x, camera.y) == (0, 0)
    camera.show(CellBox(10, 40, 20, 4), 60, 30)
    assert (camera.x, camera.y) == (0, 16)
    camera.keep(CellBox(10, 40, 20, 4), CellBox(50, 12, 4, 2))
    assert (50 + 2 - camera.x, 12 + 1 - camera.y) == (10 + 10, 40 + 2 - 16)


@given(x=some.integers(-500, 500), y=some.integers(-500, 500), seed=some.integers(0, 7))
def test_some_of_the_graph_stays_in_sight_however_far_one_pans(x: int, y: int, seed: int) -> None:
    state = random_state(seed)
    layout = plan_of(state).layout
    camera = Camera()
    camera.reset(layout, 60, 20)
    camera.pan(x, y, layout, 60, 20)
    assert camera.x < layout.width
    assert camera.y < layout.height
    assert camera.x > -60
    assert camera.y > -20


# -- on a screen ---------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = builders.random_program(tmp_path, 3, ops=40).path
    assert path is not None
    return path


async def press(pilot: Pilot[int], *keys: str) -> str:
    await pilot.press(*keys)
    await pilot.pause()
    assert isinstance(pilot.app, GraphlabApp)
    return screen_text(screen_strips(pilot.app))


def pane_of(pilot: Pilot[int]) -> GraphPane:
    assert isinstance(pilot.app.screen, ExploreScreen)
    return pilot.app.screen.query_one("#graph", GraphPane)


def place_of(pane: GraphPane) -> tuple[int, int]:
    """Return where on the screen the middle of the selected box stands."""
    plan = pane.plan
    box = plan.box(pane.state.selected_node) if plan is not None else None
    assert box is not None
    return box.x + box.width // 2 - pane.camera.x, box.y + box.height // 2 - pane.camera.y


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_zoom_keeps_the_selected_node_where_it_is(large: Path, size: tuple[int, int]) -> None:
    async with GraphlabApp(large, theme=DARK).run_test(size=size) as pilot:
        await press(pilot, "end", "2", "z")
        pane = pane_of(pilot)
        pane.chosen_view = "boxes"
        await press(pilot, "up", "up", "up")
        before = place_of(pane)
        text = await press(pilot, "minus")
        assert "[✓ " in text
        assert place_of(pane) == before
        text = await press(pilot, "minus")
        assert "[✓ " not in text
        assert place_of(pane) == before
        # The dot that is looked at says what it is.
        assert pane.state.name_of(pane.state.selected_node or 0) in text
        assert "farthest" in await press(pilot, "minus")
        await press(pilot, "plus", "+")
        assert place_of(pane) == before
        assert "nearest" in await press(pilot, "plus")


async def test_the_view_moves_by_keys_wheel_and_map_and_the_selection_stays(large: Path) -> None:
    async with GraphlabApp(large, theme=DARK).run_test(size=(120, 40)) as pilot:
        text = await press(pilot, "end", "2", "z")
        pane = pane_of(pilot)
        assert "╭─map" in text
        node = pane.state.selected_node
        at = (pane.camera.x, pane.camera.y)
        await press(pilot, "J", "J")
        assert pane.camera.y > at[1]
        await press(pilot, "K", "K")
        assert (pane.camera.x, pane.camera.y) == at
        await press(pilot, "shift+down")
        await press(pilot, "greater_than_sign")
        right = pane.camera.x
        await press(pilot, "less_than_sign")
        assert pane.camera.x < right
        at = (pane.camera.x, pane.camera.y)
        await pilot._post_mouse_events([MouseScrollUp], widget=pane, offset=(5, 5))
        await pilot.pause()
        assert pane.camera.y < at[1]
        left, top, wide, _ = pane._map
        await pilot.click(pane, offset=(left + wide // 2 + 1, top + 2))
        await pilot.pause()
        assert pane.camera.y < 10
        assert pane.state.selected_node == node


async def test_nothing_moves_while_time_moves_as_long_as_what_runs_is_in_view(tmp_path: Path) -> None:
    path = builders.rnn_cell(tmp_path).path
    assert path is not None
    async with GraphlabApp(path, theme=DARK).run_test(size=(120, 40)) as pilot:
        await press(pilot, "2", "z")
        pane = pane_of(pilot)
        seen = set()
        for _ in range(20):
            await press(pilot, "right")
            plan = pane.plan
            assert plan is not None
            seen.add((pane.camera.x, pane.camera.y, id(plan.layout)))
        assert len(seen) == 1


async def test_arrows_and_marks_in_the_boxes(tmp_path: Path) -> None:
    path = builders.rnn_cell(tmp_path).path
    assert path is not None
    async with GraphlabApp(path, theme=DARK).run_test(size=(120, 40)) as pilot:
        await press(pilot, "end", "2", "z", "g", "down")
        state = pane_of(pilot).state
        await press(pilot, "end", "m", "down")
        text = await press(pilot, "down", "down", "m")
        assert "ways between" in text or "path between" in text
        assert state.lighting.path()
        assert "the marks are gone" in await press(pilot, "m")
        text = await press(pilot, "down", "down", "down", "down", "down")
        assert "nothing uses it" in text
        for _ in range(8):
            text = await press(pilot, "up")
        assert "nothing flows into it" in text


async def test_two_graph_panes_trade_their_views(tmp_path: Path) -> None:
    path = builders.rnn_cell(tmp_path).path
    assert path is not None
    async with GraphlabApp(path, theme=DARK).run_test(size=(200, 60)) as pilot:
        panes = list(pilot.app.screen.query(GraphPane))
        assert [pane.view for pane in panes] == ["boxes", "lanes"]
        await press(pilot, "2", "v")
        assert [pane.view for pane in panes] == ["lanes", "boxes"]
        await press(pilot, "v")
        assert [pane.view for pane in panes] == ["boxes", "lanes"]
