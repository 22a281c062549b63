"""Boxes and lines on the cells of a terminal: what must hold for every layout, and pictures one can read here."""

from __future__ import annotations

from itertools import combinations

import networkx
import pytest
from hypothesis import given, settings

from graphlab.layout.boxes import Direction
from graphlab.layout.grid import (
    DOWN,
    LEFT,
    RIGHT,
    UP,
    CellSize,
    GridLayout,
    LineCell,
    Strand,
    border_glyph,
    glyph,
    lay_out_grid,
)
from tests import graphs
from tests.graphs import Graph

DIRECTIONS: tuple[Direction, ...] = ("down", "right")
STEPS = {UP: (0, -1, DOWN), DOWN: (0, 1, UP), LEFT: (-1, 0, RIGHT), RIGHT: (1, 0, LEFT)}


def lay_out(graph: Graph, direction: Direction = "down") -> GridLayout:
    """Lay out a graph with ops of four rows and everything else on one."""
    sizes = {}
    for node, data in graph.nodes(data=True):
        is_op = data["kind"] == "op"
        sizes[node] = CellSize(9 + node % 4 if is_op else 6 + node % 3, 4 if is_op else 1, data["kind"] == "parameter")
    labels = {(source, target, key): len(label) for source, target, key, label in graph.edges(keys=True, data="label")}
    return lay_out_grid(graph, sizes, labels, direction=direction, wrap=80)


def box_cells(layout: GridLayout, node: int) -> set[tuple[int, int]]:
    """Return the cells of a box."""
    box = layout.boxes[node]
    return {(x, y) for x in range(box.x, box.x + box.width) for y in range(box.y, box.y + box.height)}


def assert_is_legible(graph: Graph, layout: GridLayout) -> None:
    """Assert that boxes are apart, lines are outside of them and join, and labels have their cells to themselves."""
    assert set(layout.boxes) == set(graph.nodes)
    boxes = {node: box_cells(layout, node) for node in layout.boxes}
    for one, two in combinations(boxes.values(), 2):
        assert not one & two, "boxes overlap"
    taken = set().union(*boxes.values()) if boxes else set()
    assert all(0 <= x < layout.width and 0 <= y < layout.height for x, y in taken | set(layout.lines))
    assert not taken & set(layout.lines), "a line runs through a box"
    assert set(layout.ports) <= taken
    for label in layout.labels.values():
        cells = {(label.x + offset, label.y) for offset in range(label.width)}
        assert not cells & (taken | set(layout.lines)), "a label lies on something"
    assert_lines_join(graph, layout, boxes)


def assert_lines_join(graph: Graph, layout: GridLayout, boxes: dict[int, set[tuple[int, int]]]) -> None:
    """Assert that every line leads from its source to its target, and that lines meet only to cross."""
    cells = {**layout.lines, **layout.ports}
    strands = {(place, strand.net): strand.directions for place, cell in cells.items() for strand in cell.strands}
    for ((x, y), net), directions in strands.items():
        for direction, (step_x, step_y, back) in STEPS.items():
            if directions & direction:
                assert strands[(x + step_x, y + step_y), net] & back, "a line ends in nothing"
    for cell in layout.lines.values():
        if cell.is_crossing:
            assert sorted(strand.directions for strand in cell.strands) == [UP | DOWN, LEFT | RIGHT]
        assert glyph(cell) in "│─╭╮╰╯├┤┬┴┼"
        assert glyph(cell, "ascii") in "|-+"
    for source, target, key in graph.edges(keys=True):
        way = {place for place, cell in cells.items() if any((source, target, key) in s.edges for s in cell.strands)}
        assert way & boxes[source]
        assert way & boxes[target]
        seen = {next(iter(way & boxes[source]))}
        todo = list(seen)
        for x, y in todo:
            for step_x, step_y, _ in STEPS.values():
                near = (x + step_x, y + step_y)
                if near in way and near not in seen:
                    seen.add(near)
                    todo.append(near)
        assert seen & boxes[target]


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", [name for name in graphs.AWKWARD if name not in {"chain", "wide"}])
def test_every_example_is_legible(name: str, direction: Direction) -> None:
    graph = graphs.AWKWARD[name]()
    assert_is_legible(graph, lay_out(graph, direction))


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_wide_graph_is_legible(direction: Direction) -> None:
    graph = graphs.wide(25)
    assert_is_legible(graph, lay_out(graph, direction))


@settings(max_examples=60, deadline=None)
@given(graphs.dags(18))
def test_any_graph_is_legible_from_top_to_bottom(graph: Graph) -> None:
    assert_is_legible(graph, lay_out(graph))


@settings(max_examples=30, deadline=None)
@given(graphs.dags(18))
def test_any_graph_is_legible_from_left_to_right(graph: Graph) -> None:
    assert_is_legible(graph, lay_out(graph, "right"))


def test_a_chain_of_2000_nodes_takes_one_column() -> None:
    graph = graphs.chain(2_000)
    layout = lay_out(graph)
    assert layout.width == 12
    assert all(glyph(cell) == "│" for cell in layout.lines.values())


def test_positions_do_not_depend_on_the_moment() -> None:
    early, late = (graphs.rnn_cell(moment, future=True) for moment in (1, 4))
    one, two = lay_out(early), lay_out(late)
    assert (one.boxes, one.lines, one.ports, one.labels) == (two.boxes, two.lines, two.ports, two.labels)


@pytest.mark.parametrize(
    ("ways", "sign"),
    [
        (UP | DOWN, "│"),
        (LEFT | RIGHT, "─"),
        (DOWN | RIGHT, "╭"),
        (DOWN | LEFT, "╮"),
        (UP | RIGHT, "╰"),
        (UP | LEFT, "╯"),
        (UP | DOWN | RIGHT, "├"),
        (UP | DOWN | LEFT, "┤"),
        (DOWN | LEFT | RIGHT, "┬"),
        (UP | LEFT | RIGHT, "┴"),
        (UP | DOWN | LEFT | RIGHT, "┼"),
    ],
)
def test_a_join_has_the_sign_of_its_directions(ways: int, sign: str) -> None:
    assert glyph(LineCell((Strand(0, ways, ()),))) == sign


def test_lines_that_cross_do_not_look_joined() -> None:
    crossing = LineCell((Strand(0, UP | DOWN, ()), Strand(1, LEFT | RIGHT, ())))
    assert crossing.is_crossing
    assert glyph(crossing) == "│"


def test_a_border_shows_where_a_line_leaves_it() -> None:
    down, up = LineCell((Strand(0, DOWN, ()),)), LineCell((Strand(0, UP, ()),))
    assert border_glyph(down) + border_glyph(up) == "┬┴"
    assert border_glyph(down, "heavy") + border_glyph(up, "heavy") == "┯┷"


def paint(graph: Graph) -> list[str]:
    """Return the picture as rows of text: an op's box with its name, everything else as its name."""
    words = {node: data["name"] or data["call"] for node, data in graph.nodes(data=True)}
    sizes = {
        node: CellSize(len(word) + 4, 3) if graph.nodes[node]["kind"] == "op" else CellSize(len(word), 1, True)
        for node, word in words.items()
    }
    labels = {(source, target, key): len(label) for source, target, key, label in graph.edges(keys=True, data="label")}
    layout = lay_out_grid(graph, sizes, labels)
    rows = [[" "] * layout.width for _ in range(layout.height)]
    for node, box in layout.boxes.items():
        text = words[node]
        if box.height == 3:
            rows[box.y][box.x : box.x + box.width] = f"╭{'─' * (box.width - 2)}╮"
            rows[box.y + 1][box.x : box.x + box.width] = f"│{text.center(box.width - 2)}│"
            rows[box.y + 2][box.x : box.x + box.width] = f"╰{'─' * (box.width - 2)}╯"
        else:
            rows[box.y][box.x : box.x + box.width] = text.center(box.width)
    for (x, y), cell in layout.lines.items():
        rows[y][x] = glyph(cell)
    for (x, y), cell in layout.ports.items():
        if rows[y][x] == "─":
            rows[y][x] = border_glyph(cell)
    for key, label in layout.labels.items():
        rows[label.y][label.x : label.x + label.width] = graph.edges[key]["label"]
    return ["".join(row).rstrip() for row in rows]


def test_the_rnn_cell_looks_like_this() -> None:
    assert paint(graphs.rnn_cell()) == [
        "  W_x     x   W_h   prev_h",
        "  │ ╭─────╯    │  ╭────╯",
        "  │ │.t()      │  │.t()",
        "╭─┴─┴─────╮   ╭┴──┴─────╮",
        "│   i2h   │   │   h2h   │",
        "╰────┬────╯   ╰────┬────╯",
        "     ╰─────╮ ╭─────╯",
        "          ╭┴─┴╮",
        "          │ + │",
        "          ╰─┬─╯",
        "       ╭────┴───╮",
        "       │ next_h │",
        "       ╰────────╯",
    ]


def test_parallel_edges_are_two_lines() -> None:
    assert paint(graphs.square()) == ["  x", "╭┴─┴╮", "│ y │", "╰─┬─╯", "  y"]


def test_a_layout_holds_nothing_but_numbers_and_ids() -> None:
    layout = lay_out_grid(networkx.MultiDiGraph(), {})
    assert (layout.boxes, layout.lines, layout.ports, layout.labels) == ({}, {}, {}, {})
