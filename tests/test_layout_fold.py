"""Folding: what becomes one box, what it says, and that a large graph ends in a small one."""

from __future__ import annotations

import time
from collections.abc import Callable

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
    execution_order,
    fold,
    plan_folding,
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
    assert folded.graph["folded"] == "603 nodes in 12 boxes, folded by module, depth 1"
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


def test_the_worst_gradient_inside_a_group_is_shown() -> None:
    graph = graphs.residual(2)
    conv = next(node for node, data in graph.nodes(data=True) if data["module"] == "stage0.0.conv1")
    graph.nodes[conv]["gradient"] = graphs.snapshot([float("nan")])
    graph.nodes[conv + 1]["gradient"] = graphs.snapshot([1.0])
    folded = fold(graph, 2)
    group = next(data for _, data in folded.nodes(data=True) if data["name"] == "stage0.0")
    assert group["gradient"] is graph.nodes[conv]["gradient"]


LARGE: dict[str, Callable[[], Graph]] = {
    "chain": lambda: graphs.chain(50_000),
    "wide": lambda: graphs.wide(10_000),
    "random_dag": lambda: graphs.random_dag(20_000, reach=40),
    "dense": lambda: graphs.random_dag(20_000, reach=20_000),
    "residual": lambda: graphs.residual(2_000),
    "unrolled_rnn": lambda: graphs.unrolled_rnn(1_000),
}


@pytest.mark.parametrize("name", list(LARGE))
def test_a_large_graph_becomes_one_that_can_be_read_within_seconds(name: str) -> None:
    graph = LARGE[name]()
    start = time.perf_counter()
    folded = fold(graph)
    assert time.perf_counter() - start < 15
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


def test_sources_come_before_targets_in_the_order_of_execution() -> None:
    graph = networkx.MultiDiGraph([(3, 1), (1, 2)])
    assert execution_order(graph) == [3, 1, 2]
    with pytest.raises(RenderError, match="cycle"):
        execution_order(networkx.MultiDiGraph([(1, 2), (2, 1)]))
