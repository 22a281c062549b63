"""Folding: what becomes one box, what it says, and that a large graph ends in a small one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import networkx
import pytest
from hypothesis import given, settings

from graphlab.errors import RenderError
from graphlab.layout.fold import (
    LEGIBLE,
    MOST,
    MOST_EDGES,
    RULES,
    Rule,
    apply_folding,
    count_words,
    execution_order,
    fold,
    plan_folding,
    without_strays,
)
from tests import graphs
from tests.graphs import Graph


def test_a_graph_that_can_be_read_is_left_as_it_is() -> None:
    graph = graphs.residual(20)
    assert len(graph) <= MOST
    assert fold(graph) is graph
    assert fold(graphs.chain(3_000), "none").number_of_nodes() == 3_000


def test_modules_are_grouped_as_deep_as_leaves_few_enough_boxes() -> None:
    graph = graphs.residual(100)
    folded = fold(graph)
    groups = {data["name"] for _, data in folded.nodes(data=True) if data["kind"] == "group"}
    assert groups == {f"stage{stage}" for stage in range(10)}
    assert folded.graph["folded"] == "603 nodes in 13 boxes, folded by module, depth 1"
    assert len(fold(graph, 2)) > LEGIBLE


def test_a_depth_can_be_asked_for() -> None:
    folded = fold(graphs.residual(20), 1)
    assert {data["name"] for _, data in folded.nodes(data=True) if data["kind"] == "group"} == {"stage0", "stage1"}


@pytest.mark.parametrize("depth", [0, -1])
def test_a_depth_below_one_is_refused(depth: int) -> None:
    with pytest.raises(RenderError, match="depth"):
        fold(graphs.residual(2), depth)


def test_a_group_says_what_it_holds() -> None:
    folded = fold(graphs.mlp(3), 2)
    first = next(data for _, data in folded.nodes(data=True) if data["name"] == "layers.0")
    assert first["detail"] == "2 ops, 2 parameters (80 numbers)"
    assert first["shape"] == (32, 16)
    assert first["gradient"] is not None


def group_of(folded: Graph, name: str) -> dict[str, Any]:
    """Return the facts of a group."""
    return next(data for _, data in folded.nodes(data=True) if data["kind"] == "group" and data["name"] == name)


def norms_of(graph: Graph, nodes: Iterable[int]) -> list[float]:
    """Return the norms of some nodes' gradients."""
    return [graph.nodes[node]["gradient"].statistics.norm for node in nodes]


def test_a_group_shows_what_flows_back_into_its_output_and_not_the_smallest_inside() -> None:
    graph = graphs.mlp(3)
    ops = [node for node, data in graph.nodes(data=True) if data["module"] == "layers.0" and data["kind"] == "op"]
    graph.nodes[ops[0]]["gradient"] = graphs.snapshot([[0.0, 0.0]])
    leaving = next(data for *_, data in graph.out_edges(ops[-1], data=True))
    group = group_of(fold(graph, 2), "layers.0")
    assert group["gradient"] is leaving["gradient"]
    assert group["invalid"] is None


def test_what_flows_back_on_several_ways_adds_up() -> None:
    graph = graphs.residual(2)
    blocks = [node for node, data in graph.nodes(data=True) if data["module"] == "stage0.0" and data["call"] == "+"]
    for number, (source, target, key) in enumerate(list(graph.out_edges(blocks[0], keys=True))):
        graph.edges[source, target, key]["gradient"] = graphs.snapshot([3.0, 4.0 * (-1) ** number])
    folded = fold(graph, 2)
    gradient = group_of(folded, "stage0.0")["gradient"]
    assert gradient.array.tolist() == [6.0, 0.0]
    number = group_of(folded, "stage0.0")["id"]
    (bundle,) = [data for *_, data in folded.out_edges(number, data=True)]
    assert (bundle["label"], bundle["gradient"]) == ("2 edges", gradient)


def test_the_parameters_of_a_group_have_one_norm() -> None:
    graph = graphs.mlp(3)
    leaves = [node for node, data in graph.nodes(data=True) if str(data["name"]).startswith("layers.0.")]
    group = group_of(fold(graph, 2), "layers.0")
    assert group["leaf_gradient"].statistics.norm == pytest.approx(math.hypot(*norms_of(graph, leaves)))
    graph.nodes[leaves[0]]["gradient"] = graphs.snapshot([0.0])
    assert group_of(fold(graph, 2), "layers.0")["leaf_gradient"].statistics.norm == norms_of(graph, leaves[1:])[0]
    graph.nodes[leaves[1]]["gradient"] = None
    assert group_of(fold(graph, 2), "layers.0")["leaf_gradient"].statistics.norm == 0


@pytest.mark.parametrize(("values", "words"), [([math.nan, 1.0], "NaN"), ([math.inf, 1.0], "∞"), ([1.0], None)])
def test_a_group_tells_of_a_gradient_inside_that_is_not_finite(values: list[float], words: str | None) -> None:
    graph = graphs.mlp(3)
    first = next(node for node, data in graph.nodes(data=True) if data["module"] == "layers.0")
    graph.nodes[first]["gradient"] = graphs.snapshot(values)
    assert group_of(fold(graph, 2), "layers.0")["invalid"] == words


def test_what_enters_a_group_stays_visible_and_what_its_module_keeps_does_not() -> None:
    graph = graphs.mlp(3)
    convolved = next(node for node, data in graph.nodes(data=True) if data["call"] == "F.linear")
    graph.add_node(99, **{**graph.nodes[0], "id": 99, "name": None, "names": []})
    graph.add_edge(99, convolved, slot=7, output=0, label="", gradient=None, state="done")
    shown = {data["name"] for _, data in fold(graph, 2).nodes(data=True) if data["kind"] == "data"}
    assert shown == {"inputs", "labels"}


def test_one_is_no_plural() -> None:
    assert [count_words(count, "box") for count in (1, 2, 1_200)] == ["1 box", "2 boxes", "1,200 boxes"]
    build = graphs.GraphBuilder()
    weight = build.node("parameter", "m.w", (1,))
    build.op("ExpBackward0", (weight,), module="m")
    folded = fold(build.graph, 1)
    assert folded.nodes[0]["detail"] == "1 op, 1 parameter (1 number)"
    assert folded.graph["folded"].startswith("2 nodes in 1 box,")


LARGE: dict[str, Callable[[], Graph]] = {
    "chain": lambda: graphs.chain(50_000),
    "wide": lambda: graphs.wide(10_000),
    "random_dag": lambda: graphs.random_dag(20_000, reach=40),
    "dense": lambda: graphs.random_dag(20_000, reach=20_000),
    "residual": lambda: graphs.residual(2_000),
    "unrolled_rnn": lambda: graphs.unrolled_rnn(1_000),
}


@pytest.mark.parametrize("name", list(LARGE))
def test_a_large_graph_becomes_one_that_can_be_read(name: str) -> None:
    graph = LARGE[name]()
    folded = fold(graph)
    assert 1 < len(folded) <= LEGIBLE
    assert folded.number_of_edges() <= MOST_EDGES
    assert f"{len(graph):,} nodes" in folded.graph["folded"]
    assert networkx.is_directed_acyclic_graph(folded)


@settings(max_examples=60, deadline=None)
@given(graphs.dags())
def test_no_rule_makes_a_cycle_or_loses_a_node(graph: Graph) -> None:
    for rule in RULES:
        assert_folds_well(graph, rule)


def assert_folds_well(graph: Graph, rule: Rule) -> None:
    """Assert that a rule's groups are disjoint, and that what they are contracted to is a graph without cycles."""
    folding = rule(graph, execution_order(graph), 3)
    members = [node for group in folding.groups for node in group.members]
    assert len(set(members)) == len(members)
    assert set(members) <= set(graph)
    folded = apply_folding(graph, folding)
    assert networkx.is_directed_acyclic_graph(folded)
    assert len(folded) == len(graph) - sum(len(group.members) - 1 for group in folding.groups)


def test_an_earlier_moment_is_folded_like_the_later_one() -> None:
    later = graphs.residual(100)
    folding = plan_folding(later)
    assert folding is not None
    earlier = later.subgraph(range(300)).copy()
    assert set(apply_folding(earlier, folding)) <= set(apply_folding(later, folding))


def test_a_tensor_without_a_name_and_without_a_user_is_a_stray() -> None:
    build = graphs.GraphBuilder()
    x = build.node("data", "x")
    build.node("data")
    build.op("ExpBackward0", (build.node("data"),))
    build.node("data", state="now")
    build.node("parameter")
    assert sorted(without_strays(build.graph)) == [x, 2, 3, 4, 5]
    assert sorted(without_strays(build.graph, keep={1})) == [x, 1, 2, 3, 4, 5]
    only = graphs.GraphBuilder()
    only.node("data")
    assert without_strays(only.graph) is only.graph
    assert without_strays(graphs.empty()).number_of_nodes() == 0


def test_sources_come_before_targets_in_the_order_of_execution() -> None:
    graph = networkx.MultiDiGraph([(3, 1), (1, 2)])
    assert execution_order(graph) == [3, 1, 2]
    with pytest.raises(RenderError, match="cycle"):
        execution_order(networkx.MultiDiGraph([(1, 2), (2, 1)]))
