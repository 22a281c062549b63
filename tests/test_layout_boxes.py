"""Boxes and lines on a page: what must hold for every layout, measured."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations, pairwise

import networkx
import pytest
from hypothesis import given, settings

from graphlab.errors import RenderError
from graphlab.layout.boxes import Box, BoxLayout, BoxSize, Direction, LabelSize, lay_out_boxes
from graphlab.layout.strips import Page
from tests import graphs
from tests.graphs import Graph

Segment = tuple[float, float, float, float]
DIRECTIONS: tuple[Direction, ...] = ("down", "right")


def lay_out(graph: Graph, direction: Direction = "down", page: Page | None = None) -> BoxLayout:
    """Lay out a graph with boxes of different sizes and a label on every third edge."""
    sizes = {
        node: BoxSize(90 + 17 * (node % 5), 40 + 12 * (node % 3), data["kind"] in {"parameter", "leaf", "data"})
        for node, data in graph.nodes(data=True)
    }
    labels = {edge: LabelSize(40, 24) for number, edge in enumerate(sorted(graph.edges(keys=True))) if number % 3}
    return lay_out_boxes(graph, sizes, labels, direction=direction, page=page)


def segments(points: tuple[tuple[float, float], ...]) -> list[Segment]:
    """Return the stretches of a line, each from its lower to its higher end."""
    return [(min(a, c), min(b, d), max(a, c), max(b, d)) for (a, b), (c, d) in pairwise(points)]


def crosses(segment: Segment, box: Box) -> bool:
    """Whether a stretch of a line runs through the inside of a box."""
    left, top, right, bottom = segment
    return left < box.right and right > box.x and top < box.bottom and bottom > box.y


def assert_is_legible(graph: Graph, layout: BoxLayout, direction: Direction = "down") -> None:
    """Assert all that makes a layout legible."""
    assert set(layout.boxes) == set(graph.nodes)
    assert set(layout.routes) == set(graph.edges(keys=True))
    for one, two in combinations(layout.boxes.values(), 2):
        assert one.right <= two.x or two.right <= one.x or one.bottom <= two.y or two.bottom <= one.y, "boxes overlap"
    for box in layout.boxes.values():
        assert box.x >= 0
        assert box.y >= 0
        assert box.right <= layout.width
        assert box.bottom <= layout.height
    for (source, target, _), route in layout.routes.items():
        (x, y), (end_x, end_y) = route.points[0], route.points[-1]
        start, end = layout.boxes[source], layout.boxes[target]
        if direction == "down":
            assert (y, end_y) == (start.bottom, end.y), "a line begins below its source and ends above its target"
            assert start.x < x < start.right
            assert end.x < end_x < end.right
        else:
            assert (x, end_x) == (start.right, end.x)
            assert start.y < y < start.bottom
            assert end.y < end_y < end.bottom
        for segment in segments(route.points):
            assert segment[0] == segment[2] or segment[1] == segment[3], "a line runs along the axes"
            assert not any(crosses(segment, box) for box in layout.boxes.values()), "a line runs through a box"
    assert_lines_are_told_apart(layout)
    assert_labels_are_free(layout)


def assert_lines_are_told_apart(layout: BoxLayout) -> None:
    """Assert that lines which carry different tensors never run on one another."""
    by_place: dict[tuple[bool, float], list[tuple[float, float, int]]] = defaultdict(list)
    for route in layout.routes.values():
        for left, top, right, bottom in segments(route.points):
            is_vertical = left == right
            place = left if is_vertical else top
            by_place[is_vertical, place].append((*((top, bottom) if is_vertical else (left, right)), route.net))
    for stretches in by_place.values():
        for (low, high, net), (other_low, other_high, other) in combinations(stretches, 2):
            assert net == other or high <= other_low or other_high <= low, "two lines run on one another"
    ends = [(source, target, route.points[-1]) for (source, target, _), route in layout.routes.items()]
    assert len(set(ends)) == len(ends), "parallel edges end at different places"


def assert_labels_are_free(layout: BoxLayout) -> None:
    """Assert that the room of a label belongs to it alone."""
    labels = [(route.label, route.net) for route in layout.routes.values() if route.label is not None]
    lines = [(segment, route.net) for route in layout.routes.values() for segment in segments(route.points)]
    for label, net in labels:
        for box in layout.boxes.values():
            assert label.right <= box.x or box.right <= label.x or label.bottom <= box.y or box.bottom <= label.y
        assert not any(crosses(segment, label) for segment, other in lines if other != net)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", [name for name in graphs.AWKWARD if name != "chain"])
def test_every_example_is_legible(name: str, direction: Direction) -> None:
    graph = graphs.AWKWARD[name]()
    assert_is_legible(graph, lay_out(graph, direction), direction)


@settings(max_examples=100, deadline=None)
@given(graphs.dags())
def test_any_graph_is_legible_from_top_to_bottom(graph: Graph) -> None:
    assert_is_legible(graph, lay_out(graph))


@settings(max_examples=40, deadline=None)
@given(graphs.dags())
def test_any_graph_is_legible_from_left_to_right(graph: Graph) -> None:
    assert_is_legible(graph, lay_out(graph, "right"), "right")


@pytest.mark.parametrize("seed", range(2))
def test_a_random_graph_of_300_nodes_is_legible(seed: int) -> None:
    graph = graphs.random_dag(300, seed, reach=25)
    assert_is_legible(graph, lay_out(graph))


def test_sources_are_above_their_targets() -> None:
    graph = graphs.mlp(4)
    layout = lay_out(graph)
    assert all(layout.boxes[source].bottom < layout.boxes[target].y for source, target in graph.edges())


def test_inputs_stand_from_left_to_right_in_the_order_of_their_slots() -> None:
    layout = lay_out(graphs.rnn_cell(gradients=True))
    x, prev_h, w_h, w_x, i2h, h2h = (layout.boxes[node].x for node in range(6))
    assert w_x < x < w_h < prev_h
    assert i2h < h2h


def test_a_chain_of_ops_is_straight_whatever_parameters_stand_beside_it() -> None:
    graph = graphs.residual(12)
    layout = lay_out(graph)
    middles = {
        box.x + box.width / 2 for node, box in layout.boxes.items() if graph.nodes[node]["kind"] in {"op", "output"}
    }
    assert len(middles) == 1


def test_a_parameter_stands_right_above_the_op_that_uses_it() -> None:
    graph = graphs.residual(12)
    layout = lay_out(graph)
    for node, data in graph.nodes(data=True):
        if data["kind"] == "parameter":
            (target,) = graph.successors(node)
            assert 0 < layout.boxes[target].y - layout.boxes[node].bottom < 100


def test_tensors_that_nothing_uses_stand_in_a_row() -> None:
    graph = graphs.GraphBuilder("loose")
    for _ in range(5):
        graph.node("data", "x", (3,))
    layout = lay_out_boxes(graph.graph, {node: BoxSize(100, 40) for node in range(5)})
    assert [box.y for box in layout.boxes.values()] == [0.0] * 5
    assert [box.x for box in layout.boxes.values()] == [128.0 * index for index in range(5)]


def test_unconnected_parts_stand_as_a_page_shows_them_largest() -> None:
    build = graphs.GraphBuilder("parts")
    for _ in range(3):
        last = build.node("leaf", "a", ())
        for _ in range(6):
            last = build.op("MulBackward0", (last,), shape=())
    wide, tall = Page(1600, 500), Page(140, 4000)
    for page, rows in ((wide, 1), (tall, 3)):
        layout = lay_out_boxes(
            build.graph, dict.fromkeys(build.graph, BoxSize(100, 40)), wrap=150 if page is wide else 1200, page=page
        )
        assert len({box.y for node, box in layout.boxes.items() if not build.graph.in_degree(node)}) == rows


def test_many_unconnected_parts_wrap_into_rows() -> None:
    build = graphs.GraphBuilder("parts")
    for _ in range(60):
        build.op("SinBackward0", [build.node("leaf", "x")])
    layout = lay_out(build.graph)
    assert layout.width <= 1200
    assert_is_legible(build.graph, layout)


@pytest.mark.parametrize("name", ["rnn_cell", "random_dag", "unrolled_rnn"])
def test_positions_do_not_depend_on_the_order_in_which_a_graph_was_put_together(name: str) -> None:
    graph = graphs.AWKWARD[name]()
    reordered = networkx.MultiDiGraph()
    reordered.add_nodes_from(sorted(graph.nodes(data=True), reverse=True))
    reordered.add_edges_from(sorted(graph.edges(keys=True, data=True), key=lambda edge: edge[:3], reverse=True))
    assert lay_out(graph) == lay_out(reordered)


def test_a_chain_of_5000_nodes_is_laid_out() -> None:
    graph = graphs.chain(5_000)
    layout = lay_out(graph)
    assert len({box.x + box.width / 2 for box in layout.boxes.values()}) == 1
    assert all(len(route.points) == 2 for route in layout.routes.values())


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(
    ("graph", "page"),
    [
        (graphs.mlp(12), Page(1600, 1200)),
        (graphs.residual(30), Page(1600, 1200)),
        (graphs.residual(12), Page(700, 300)),
        (graphs.chain(300), Page(1600, 1200)),
        (graphs.unrolled_rnn(40), Page(600, 400)),
    ],
    ids=["mlp", "residual", "small page", "chain", "recurrent"],
)
def test_a_long_chain_is_laid_side_by_side_for_a_page(graph: Graph, page: Page, direction: Direction) -> None:
    strip = lay_out(graph, direction)
    layout = lay_out(graph, direction, page if direction == "down" else page.turned())
    assert_is_legible(graph, layout, direction)
    before, after = (page.shrinks(*size) for size in ((strip.width, strip.height), (layout.width, layout.height)))
    assert after < 0.8 * before
    if direction == "down":
        tops = {node: box.y for node, box in layout.boxes.items()}
        back = [edge for edge in graph.edges() if tops[edge[0]] > tops[edge[1]]]
        assert back, "no line turns round the foot of a column"
        assert {layout.boxes[edge[0]].x < layout.boxes[edge[1]].x for edge in back} == {True}


def test_what_is_no_strip_stays_in_one_piece() -> None:
    page = Page(1600, 1200)
    for graph in (graphs.mlp(3), graphs.random_dag(120, 0, reach=25)):
        assert lay_out(graph, page=page) == lay_out(graph)


def test_one_line_leads_from_a_parameter_to_all_of_its_uses() -> None:
    graph = graphs.unrolled_rnn(8)
    layout = lay_out(graph)
    assert len({route.net for (source, _, _), route in layout.routes.items() if source == 0}) == 1
    assert len({route.points[0] for (source, _, _), route in layout.routes.items() if source == 0}) == 1


def test_a_cycle_is_reported_in_one_line() -> None:
    graph = networkx.MultiDiGraph([(0, 1), (1, 0)])
    with pytest.raises(RenderError, match="cycle"):
        lay_out_boxes(graph, {0: BoxSize(9, 9), 1: BoxSize(9, 9)})
