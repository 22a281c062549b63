"""Two graphs drawn as one: common once, the rest marked, and never a cycle."""

from __future__ import annotations

import contextlib
from pathlib import Path

import networkx
import pytest
from hypothesis import given, settings

from graphlab.graph.diff import compare
from graphlab.renderers import endings, render_bytes
from tests import builders, graphs
from tests.graphs import Graph, GraphBuilder, snapshot
from tests.test_graph_diff import layers
from tests.test_renderers_changes import encoder


def marks(graph: Graph) -> dict[str, int]:
    """Return how many nodes have which mark."""
    found: dict[str, int] = {}
    for _, mark in graph.nodes(data="mark"):
        found[mark or "same"] = found.get(mark or "same", 0) + 1
    return found


def test_what_is_common_stands_there_once_and_the_rest_is_marked() -> None:
    before, after = layers([8, 16, 2]), layers([8, 32, 2], acts="Tanh")
    union = compare(before, after).union()
    assert marks(union) == {"same": 5, "changed": 6, "added": 2, "removed": 2}
    sides = {node: union.nodes[node]["op"] for node in union if union.nodes[node].get("mark") in {"added", "removed"}}
    assert sorted(sides.values()) == ["ReluBackward0"] * 2 + ["TanhBackward0"] * 2
    edges = [mark for _, _, mark in union.edges(data="mark") if mark]
    assert (edges.count("added"), edges.count("removed")) == (4, 4)
    (weight,) = (data for _, data in union.nodes(data=True) if data["name"] == "0.weight")
    assert (weight["shape"], weight["was"]) == ((32, 8), {"shape": (16, 8)})


def test_a_graph_compares_itself_as_the_docs_say(tmp_path: Path) -> None:
    with contextlib.closing(builders.training(tmp_path)) as run:
        comparison = run.graph(step=1).compare(run.graph(step=2), factor=None)
        assert comparison.is_equal
        assert comparison.summary == "equal: 10 nodes, 10 edges"
        assert comparison.union()._repr_svg_().startswith("<svg")


def test_equal_graphs_make_the_same_graph_without_a_mark() -> None:
    union = compare(graphs.mlp(3), graphs.mlp(3)).union()
    assert marks(union) == {"same": 19}
    assert union.number_of_edges() == graphs.mlp(3).number_of_edges()
    assert union.graph["doing"] == "equal: 19 nodes, 18 edges"


def test_ops_that_changed_places_are_drawn_twice_where_one_picture_would_be_a_cycle() -> None:
    def pair(first: str, second: str) -> Graph:
        build = GraphBuilder("pair")
        node = build.node("leaf", "x", (3,))
        for name in (first, second):
            node = build.op(f"{name}Backward0", (node,), name, shape=(3,))
        build.output(node)
        return build.graph

    comparison = compare(pair("Sin", "Cos"), pair("Cos", "Sin"))
    union = comparison.union()
    assert networkx.is_directed_acyclic_graph(union)
    assert b"</svg>" in render_bytes(union, "svg")


@given(graphs.dags(), graphs.dags())
@settings(max_examples=60)
def test_the_union_of_any_two_graphs_holds_both_and_no_cycle(one: Graph, two: Graph) -> None:
    union = compare(one, two).union()
    assert networkx.is_directed_acyclic_graph(union)
    kinds = [mark for _, mark in union.nodes(data="mark")]
    assert len(union) - kinds.count("removed") == len(two)
    assert len(union) - kinds.count("added") == len(one)
    edges = [mark for _, _, mark in union.edges(data="mark")]
    assert len(edges) - edges.count("removed") == two.number_of_edges()
    assert len(edges) - edges.count("added") == one.number_of_edges()
    assert all(source < target for source, target in union.edges())


@pytest.mark.parametrize("ending", ["svg", "html", "dot", "txt", "json", "graphml"])
def test_every_format_tells_what_is_added_from_what_is_removed_and_changed(ending: str) -> None:
    before, after = layers([8, 16, 2]), layers([8, 32, 2], acts="Tanh")
    text = render_bytes(compare(before, after).union(), ending).decode()
    words = {"json": ('"added"', '"removed"', '"changed"'), "graphml": (">added<", ">removed<", ">changed<")}
    # The page's data is ASCII.
    text = text.replace("\\u2212", "−").replace("\\u00d7", "×")
    for word in words.get(ending, ("+", "−", "~")):
        assert word in text
    if ending not in {"json", "graphml"}:
        assert "was 16×8" in text
    if ending in {"svg", "dot", "txt"}:
        assert all(legend in text for legend in ("in B alone", "in A alone", "changed"))
    assert ending in endings()


def test_borders_differ_in_dashes_and_not_in_colour_alone() -> None:
    text = render_bytes(compare(layers([8, 16, 2]), layers([8, 32, 2], acts="Tanh")).union(), "svg").decode()
    assert 'stroke="#0060b8" stroke-width="3"/>' in text
    assert 'stroke="#b8410a" stroke-width="3" stroke-dasharray="7 4"' in text
    assert 'stroke="#6f5a00" stroke-width="3" stroke-dasharray="9 3 2 3"' in text


def test_a_gradient_that_changed_says_what_it_was() -> None:
    before, after = graphs.square(), graphs.square()
    after.nodes[0]["gradient"] = snapshot(900.0)
    text = render_bytes(compare(before, after).union(), "svg").decode()
    assert "was ∇ 9" in text


def test_a_large_picture_folds_what_both_graphs_share() -> None:
    text = render_bytes(compare(encoder(12), encoder(13)).union(), "txt").decode()
    assert text.count("encoder.12") >= 8
    svg = render_bytes(compare(encoder(12), encoder(13)).union(), "svg").decode()
    assert "folded where both graphs are the same" in svg
    assert "encoder.12.attention.query.weight" in svg
    assert "encoder.3.attention.query.weight" not in svg
    whole = render_bytes(compare(encoder(12), encoder(13)).union(), "svg", fold="none").decode()
    assert "encoder.3.attention.query.weight" in whole


def test_what_is_added_is_folded_too_where_it_alone_is_more_than_can_be_read() -> None:
    svg = render_bytes(compare(encoder(2), encoder(9)).union(), "svg").decode()
    assert " inside<" in svg
    assert svg.count('<g class="node') <= 60


def test_a_folded_group_with_changes_inside_says_how_many() -> None:
    after = encoder(30)
    for _, data in after.nodes(data=True):
        data["shape"] = (*data["shape"], 1)
    svg = render_bytes(compare(encoder(30), after).union(), "svg").decode()
    assert "inside" in svg
