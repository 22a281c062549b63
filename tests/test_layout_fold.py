"""Folding: what becomes one box, what it says, and that a large graph ends in a small one."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphlab.counted import count_words
from graphlab.errors import RenderError
from graphlab.layout.fold import (
    LEGIBLE,
    MOST,
    MOST_EDGES,
    apply_folding,
    choose_closed,
    fold,
    fold_graph,
    plan_folding,
    without_strays,
)
from graphlab.layout.groups import Group, build_groups, outermost, walk
from tests import graphs
from tests.graphs import Graph


def test_few_nodes_are_folded_too_where_they_would_stand_in_one_long_row() -> None:
    build = graphs.GraphBuilder("row")
    x = build.node("data", "x", (4,))
    for number in range(19):
        weight = build.node("parameter", f"w{number}", (4,))
        build.op("ReluBackward0", (build.op("MulBackward0", (x, weight), shape=(4,)),), shape=(4,))
    assert len(build.graph) < LEGIBLE
    narrow = build.graph.subgraph(list(build.graph)[: 1 + 3 * 16]).copy()
    assert [len(folding.groups) if (folding := plan_folding(graph)) else 0 for graph in (build.graph, narrow)] == [1, 0]


def test_a_graph_that_can_be_read_is_left_as_it_is() -> None:
    graph = graphs.residual(9)
    assert len(graph) <= LEGIBLE
    assert fold(graph) is graph
    assert fold(graphs.chain(3_000), "none").number_of_nodes() == 3_000


def test_what_the_script_puts_together_is_folded_before_it_is_too_much_to_read_and_mere_runs_of_ops_are_not() -> None:
    blocks, ops = graphs.residual(15), graphs.random_dag(LEGIBLE + 20)
    assert LEGIBLE < len(blocks) <= MOST
    assert len(fold(blocks)) <= LEGIBLE
    assert LEGIBLE < len(ops) <= MOST
    assert fold(ops) is ops
    assert len(fold(ops, most=LEGIBLE)) <= LEGIBLE


def test_of_repeated_blocks_one_is_drawn_and_the_others_are_counted() -> None:
    graph = graphs.residual(100)
    folded = fold(graph)
    groups = {data["name"] for _, data in folded.nodes(data=True) if data["kind"] == "group"}
    assert groups == {"9 more × *", "9 more × stage0.*"}
    assert folded.graph["folded"] == "603 nodes in 11 boxes, folded by repeated blocks"


@pytest.mark.parametrize(("skips", "names"), [(0, "net.0.layer0"), (6, "net.0")])
def test_layers_are_seen_where_the_chain_can_be_laid_in_columns(skips: int, names: str) -> None:
    build = graphs.GraphBuilder("varied")
    last = build.node("data", "x", (1,))
    made: list[int] = []
    for number in range(32):
        module, shape = f"net.{number // 4}.layer{number % 4}", (number + 2,)
        weight = build.node("parameter", f"{module}.weight", shape)
        # No two layers are alike, so that none are counted as repeated.
        last = build.op("MulBackward0", (last, weight, *made[:skips]), shape=shape, module=module)
        made.append(last)
    folded = fold(build.graph)
    assert names in {data["name"] for _, data in folded.nodes(data=True)}


def test_a_depth_can_be_asked_for() -> None:
    def names(depth: int) -> set[str]:
        nodes = fold(graphs.residual(20), depth).nodes(data=True)
        return {data["name"] for _, data in nodes if data["kind"] == "group"}

    assert names(1) == {"stage0", "stage1"}
    assert names(2) == {f"stage{stage}.{block}" for stage in range(2) for block in range(10)}


def test_at_a_depth_too_what_lies_in_no_module_is_folded_where_there_is_very_much_of_it() -> None:
    build = graphs.GraphBuilder("both")
    weight = build.node("parameter", "w", ())
    made = [build.node("data", "x", ()), build.node("data", "y", ())]
    for number in range(2 * MOST):
        module = "net" if number < MOST else None
        made.append(build.op("MulBackward0", (made[-1], made[-2], *([weight] * (number % 3))), shape=(), module=module))
    folded = fold(build.graph, 1)
    names = [data["name"] for _, data in folded.nodes(data=True)]
    assert "net" in names
    assert len(names) < LEGIBLE


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
    "random_dag": lambda: graphs.random_dag(10_000, reach=40),
    "dense": lambda: graphs.random_dag(10_000, reach=10_000),
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


@settings(max_examples=80, deadline=None)
@given(graphs.dags(), st.randoms(use_true_random=False))
def test_whatever_is_closed_no_cycle_is_made_and_no_node_is_lost(graph: Graph, chance: random.Random) -> None:
    groups = build_groups(graph)
    every = [group.id for group in walk(groups)]
    assert_folds_well(graph, groups, every)
    assert_folds_well(graph, groups, [name for name in every if chance.random() < 0.4])


@pytest.mark.parametrize("name", ["mlp", "residual", "unrolled_rnn", "random_dag", "chain", "square"])
def test_any_group_of_an_example_can_be_closed(name: str) -> None:
    graph = graphs.AWKWARD[name]()
    groups = build_groups(graph)
    chance = random.Random(name)
    every = [group.id for group in walk(groups)]
    for _ in range(20):
        assert_folds_well(graph, groups, [group for group in every if chance.random() < 0.3])


def assert_folds_well(graph: Graph, groups: Sequence[Group], closed: Collection[str]) -> None:
    """Assert that closing groups gives a graph without cycles that holds every node once."""
    folded = fold_graph(graph, closed, groups)
    assert networkx.is_directed_acyclic_graph(folded)
    drawn = outermost(groups, closed)
    assert len(folded) == len(graph) - sum(len(group.members) - 1 for group in drawn)
    assert {group.id for group in drawn} == {data["group"] for _, data in folded.nodes(data=True) if "group" in data}


def test_the_worst_gradient_inside_is_one_that_is_not_finite_else_the_largest() -> None:
    graph = graphs.mlp(3)
    inside = [node for node, data in graph.nodes(data=True) if data["module"] == "layers.0"]
    graph.nodes[inside[0]]["gradient"] = graphs.snapshot([3e4, 4e4])
    assert group_of(fold(graph, 2), "layers.0")["worst"].statistics.norm == pytest.approx(5e4)
    graph.nodes[inside[1]]["gradient"] = graphs.snapshot([math.inf])
    assert group_of(fold(graph, 2), "layers.0")["worst"].statistics.norm == math.inf
    graph.nodes[inside[0]]["gradient"] = graphs.snapshot([math.nan])
    assert math.isnan(group_of(fold(graph, 2), "layers.0")["worst"].statistics.norm)


def test_a_group_says_what_goes_in() -> None:
    group = group_of(fold(graphs.mlp(3), 2), "layers.0")
    assert group["takes"] == [(32, 4)]
    assert group["shape"] == (32, 16)


def test_as_few_groups_are_closed_as_it_takes() -> None:
    graph = graphs.residual(12)
    groups = build_groups(graph)
    edges = [(source, target) for source, target in graph.edges()]
    rests = {group.id for group in walk(groups) if group.is_rest}
    assert choose_closed(groups, len(graph), edges, 1_000) == rests
    whole = choose_closed(groups, len(graph), edges, 5)
    assert {group.id for group in groups} <= whole


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
