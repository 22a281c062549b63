"""Lanes: rows, the lanes that pass them, and the lines that join."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from graphlab.layout.lanes import CHECKPOINT, LaneRow, Lanes, link_cells, newest_first, node_cells
from tests import graphs
from tests.graphs import Graph


def lanes_of(graph: Graph) -> Lanes:
    """Return the lanes of a graph, the last op on top."""
    edges = sorted(graph.edges(data="slot"), key=lambda edge: (edge[1], edge[2], edge[0]))
    sources, targets = [source for source, _, _ in edges], [target for _, target, _ in edges]
    return Lanes(newest_first(sorted(graph), sources, targets), sources, targets)


def draw(graph: Graph) -> list[str]:
    """Return the picture as text."""
    lanes = lanes_of(graph)
    lines = []
    for row in lanes.rows(0, len(lanes)):
        data = graph.nodes[row.node]
        cells = "".join(cell.text for cell in node_cells(row, "○" if data["kind"] == "op" else "●"))
        lines.append(f"{cells}{data['name'] or data['call']}")
        lines += ["".join(cell.text for cell in link_cells(row)).rstrip()] if row.joins else []
    return lines


def test_the_rnn_cell_looks_as_the_backward_walks_it() -> None:
    assert draw(graphs.rnn_cell()) == [
        "○ next_h",
        "○ +",
        "├─╮",
        "│ ○ h2h",
        "│ ├─╮",
        "│ ● │ W_h",
        "│   ● prev_h",
        "○ i2h",
        "├─╮",
        "● │ W_x",
        "  ● x",
    ]


def test_a_line_joins_the_lane_that_a_tensor_has_already() -> None:
    build = graphs.GraphBuilder()
    a, b = build.node("leaf", "a"), build.node("leaf", "b")
    c = build.op("CBackward0", (a, b))
    d = build.op("DBackward0", (a,))
    build.op("EBackward0", (c, d, b))
    assert draw(build.graph) == [
        "○ e",
        "├─┬─╮",
        "│ ○ │ d",
        "○ │ │ c",
        "╰─┼─┤",
        "  ● │ a",
        "    ● b",
    ]


def test_a_line_passes_under_a_lane_that_it_does_not_join() -> None:
    build = graphs.GraphBuilder()
    x = build.op("XBackward0", [build.node("leaf", "p")])
    c = build.op("CBackward0", [build.node("leaf", "a"), build.node("leaf", "b")])
    build.op("EBackward0", (c, build.op("FBackward0", (x,))))
    assert draw(build.graph) == [
        "○ e",
        "├─╮",
        "│ ○ f",
        "○ │ c",
        "├─│─╮",
        "● │ │ a",
        "  │ ● b",
        "  ○ x",
        "  ● p",
    ]


@settings(max_examples=80, deadline=None)
@given(graphs.dags())
def test_every_edge_has_a_lane_from_its_target_down_to_its_source(graph: Graph) -> None:
    lanes = lanes_of(graph)
    rows = lanes.rows(0, len(lanes))
    assert sorted(row.node for row in rows) == sorted(graph)
    place = {row.node: row.row for row in rows}
    lane = {row.node: row.lane for row in rows}
    for source, target in set(graph.edges()):
        assert place[source] > place[target], "inputs stand below"
        row = rows[place[target]]
        links = [link for link in (row.below, *row.joins) if link is not None]
        (link,) = [link for link in links if link.node == source]
        assert link.lane == lane[source]
        assert link.count == graph.number_of_edges(source, target)
        for between in rows[place[target] + 1 : place[source]]:
            assert (lane[source], source) in between.passing
    for row in rows:
        taken = [number for number, _ in row.passing] + [row.lane]
        assert len(set(taken)) == len(taken), "no two lanes share a place"
        assert row.is_expected == any(True for _ in graph.successors(row.node))


@settings(max_examples=50, deadline=None)
@given(graphs.dags())
def test_a_line_of_cells_never_leaves_a_gap(graph: Graph) -> None:
    lanes = lanes_of(graph)
    for row in lanes.rows(0, len(lanes)):
        text = "".join(cell.text for cell in link_cells(row))
        ends = [link.lane for link in row.joins] + [row.lane]
        if row.joins:
            assert " " not in text[2 * min(ends) : 2 * max(ends) + 1]


def big(count: int) -> tuple[list[int], list[int]]:
    """Return the edges of a graph in which each node uses two of the twelve before it."""
    sources, targets = [], []
    for node in range(1, count):
        sources += [max(0, node - 1 - node * 7 % 11), max(0, node - 1 - node * 5 % 12)]
        targets += [node, node]
    return sources, targets


def test_any_window_of_rows_is_what_the_whole_shows() -> None:
    sources, targets = big(3_000)
    order = newest_first(range(3_000), sources, targets)
    whole = Lanes(order, sources, targets).rows(0, 3_000)
    for start in (0, 1, CHECKPOINT - 1, CHECKPOINT, 1_999, 2_990):
        assert Lanes(order, sources, targets).rows(start, start + 7) == whole[start : start + 7]


def test_lanes_beyond_the_limit_are_left_out() -> None:
    graph = graphs.wide(200)
    lanes = lanes_of(graph)
    for row in lanes.rows(0, len(lanes), 10):
        assert len(row.passing) <= 10
        for cells in (node_cells(row, "●", 10), link_cells(row, 10)):
            assert len(cells) <= 20
    top: LaneRow = lanes.rows(0, 1, 10)[0]
    assert link_cells(top, 10)[-1].text == "…"


def test_a_parameter_stands_below_the_first_op_that_uses_it() -> None:
    graph = graphs.unrolled_rnn(4)
    lanes = lanes_of(graph)
    order = [row.node for row in lanes.rows(0, len(lanes))]
    for node, data in graph.nodes(data=True):
        if data["kind"] == "parameter":
            assert order.index(node) > max(order.index(user) for user in graph.successors(node))


@pytest.mark.parametrize("nodes", [[], [5], [7, 3]])
def test_nodes_without_edges_are_rows(nodes: list[int]) -> None:
    lanes = Lanes(newest_first(nodes, [], []), [], [])
    assert [row.node for row in lanes.rows(0, 9)] == nodes[::-1]


def test_an_edge_against_the_order_is_left_out() -> None:
    lanes = Lanes([1, 2], [1], [2])
    assert [row.joins for row in lanes.rows(0, 2)] == [(), ()]
    assert [row.below for row in lanes.rows(0, 2)] == [None, None]
