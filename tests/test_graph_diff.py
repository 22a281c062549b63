"""Two graphs compared: nothing where they are the same, and exactly what was done to one of them where they are not."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from itertools import pairwise

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphlab.errors import UsageError
from graphlab.graph.diff import Comparison, compare
from graphlab.graph.diff.facts import compare_facts
from tests import graphs
from tests.graphs import AWKWARD, Graph, GraphBuilder, snapshot


def words(graph: Graph, node: int | None) -> str:
    """Return what a node is: its name, or its op and module."""
    data = graph.nodes[node]
    return str(data["name"] or f"{data['op']} {data['module'] or ''}".strip())


def told(comparison: Comparison) -> dict[str, list[str]]:
    """Return the nodes of each sort of change, in order, as they are called where they are."""
    found: dict[str, list[str]] = {}
    for change in comparison.nodes:
        graph, node = (comparison.b, change.b) if change.b is not None else (comparison.a, change.a)
        found.setdefault(change.sort, []).append(words(graph, node))
    return found


def moved(comparison: Comparison) -> list[tuple[str, str, str]]:
    """Return the edges between nodes of both graphs that only one of them has."""
    found: list[tuple[str, str, str]] = []
    for change in comparison.edges:
        if change.is_moved and change.sort != "changed":
            graph, ends = (comparison.b, change.b) if change.b is not None else (comparison.a, change.a)
            assert ends is not None
            found.append((change.sort, words(graph, ends[0]), words(graph, ends[1])))
    return found


def renumbered(graph: Graph, seed: int) -> Graph:
    """Return the same graph as another run might number it: the numbers grow, with holes."""
    source = random.Random(seed)
    numbers, last = {}, 0
    for node in sorted(graph):
        last += source.randint(1, 5)
        numbers[node] = last
    other = networkx.relabel_nodes(graph, numbers)
    for node in other:
        other.nodes[node]["id"] = node
    return other


def layers(widths: list[int], names: list[str] | None = None, acts: str = "Relu") -> Graph:
    """Return a multilayer perceptron, its modules numbered as `nn.Sequential` does it, or named."""
    build = GraphBuilder("layers")
    last = build.node("data", "x", (32, widths[0]), line=1)
    for index, (into, out) in enumerate(pairwise(widths)):
        module = names[index] if names else str(2 * index)
        weight = build.node("parameter", f"{module}.weight", (out, into), line=2)
        bias = build.node("parameter", f"{module}.bias", (out,), line=2)
        flipped = build.op("TBackward0", (weight,), shape=(into, out), module=module, line=3)
        last = build.op("AddmmBackward0", (bias, last, flipped), shape=(32, out), module=module, line=3)
        last = build.op(
            f"{acts}Backward0", (last,), shape=(32, out), module=None if names else str(2 * index + 1), line=3
        )
    build.output(build.op("MeanBackward0", (last,), "loss", shape=(), line=4))
    return build.graph


# -- equal graphs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", AWKWARD.values(), ids=AWKWARD.keys())
def test_a_graph_is_equal_to_itself_however_it_is_numbered(make: Callable[[], Graph]) -> None:
    comparison = compare(make(), renumbered(make(), 3))
    assert comparison.is_equal
    assert not comparison.facts
    assert not comparison.notes
    assert len(comparison.pairs) == len(comparison.a)


@given(graphs.dags(), st.integers(0, 100))
def test_any_graph_is_equal_to_itself(graph: Graph, seed: int) -> None:
    comparison = compare(graph, renumbered(graph, seed))
    assert comparison.is_equal
    assert list(comparison.pairs) == sorted(graph)


def test_twins_that_run_in_the_other_order_are_no_change() -> None:
    """Two branches of the same ops with parameters of their own, whichever runs first."""

    def twins(order: tuple[str, str]) -> Graph:
        build = GraphBuilder("twins")
        x = build.node("data", "x", (4,))
        weights = {name: build.node("parameter", name, (4, 4)) for name in ("a", "b")}
        products = {name: build.op("MvBackward0", (weights[name], x), shape=(4,)) for name in order}
        halves = {name: build.op("SinBackward0", (products[name],), shape=(4,)) for name in order}
        build.output(build.op("AddBackward0", (halves["a"], halves["b"]), "loss", shape=(4,)))
        return build.graph

    assert compare(twins(("a", "b")), twins(("b", "a"))).is_equal


# -- changes of a model --------------------------------------------------------------------------------------------


def test_a_layer_inserted_in_the_middle_is_all_that_is_added_though_all_names_behind_it_shift() -> None:
    comparison = compare(layers([8, 16, 24, 2]), layers([8, 16, 16, 24, 2]))
    assert told(comparison) == {
        "added": ["2.weight", "2.bias", "TBackward0 2", "AddmmBackward0 2", "ReluBackward0 3"],
        "renamed": [
            "4.weight", "4.bias", "TBackward0 4", "AddmmBackward0 4", "ReluBackward0 5",
            "6.weight", "6.bias", "TBackward0 6", "AddmmBackward0 6", "ReluBackward0 7",
        ],
    }  # fmt: skip
    assert moved(comparison) == [("removed", "ReluBackward0 1", "AddmmBackward0 4")] or moved(comparison) == [
        ("removed", "ReluBackward0 1", "AddmmBackward0 2")
    ]


def test_names_tell_layers_apart_that_are_of_one_shape() -> None:
    before = layers([8] * 4, ["one", "two", "three"])
    after = layers([8] * 5, ["one", "new", "two", "three"])
    comparison = compare(before, after)
    assert told(comparison)["added"][:4] == ["new.weight", "new.bias", "TBackward0 new", "AddmmBackward0 new"]
    assert len(comparison.nodes) == 5
    assert told(compare(after, before))["removed"][:2] == ["new.weight", "new.bias"]


def test_two_layers_inserted_at_two_places_are_both_found() -> None:
    before = layers([8, 16, 24, 32, 40, 2])
    after = layers([8, 16, 16, 24, 32, 32, 40, 2])
    comparison = compare(before, after)
    assert [name for name in told(comparison)["added"] if "weight" in name] == ["2.weight", "8.weight"]
    assert (comparison.count("added"), comparison.count("removed"), comparison.count("changed")) == (10, 0, 0)


def test_of_twelve_and_thirteen_equal_blocks_one_is_added() -> None:
    comparison = compare(graphs.residual(12), graphs.residual(13))
    assert (comparison.count("added"), comparison.count("removed"), comparison.count("changed")) == (6, 0, 0)
    assert len(moved(comparison)) == 1


def test_another_width_is_another_shape_and_not_another_layer() -> None:
    comparison = compare(layers([8, 16, 24, 2]), layers([8, 20, 24, 2]))
    assert {change.sort for change in comparison.nodes} == {"changed"}
    assert {change.what for change in comparison.nodes} == {("shape",)}
    assert told(comparison)["changed"] == [
        "0.weight", "0.bias", "TBackward0 0", "AddmmBackward0 0", "ReluBackward0 1", "2.weight", "TBackward0 2",
    ]  # fmt: skip
    assert not comparison.edges


def test_another_batch_changes_shapes_alone() -> None:
    before, after = graphs.mlp(4, gradients=False), graphs.mlp(4, gradients=False)
    for _, data in after.nodes(data=True):
        if data["kind"] != "parameter" and data["op"] != "TBackward0" and data["shape"]:
            data["shape"] = (64, *data["shape"][1:])
    comparison = compare(before, after)
    assert {change.sort for change in comparison.nodes} == {"changed"}
    assert not comparison.edges


def test_another_activation_is_removed_and_added() -> None:
    comparison = compare(layers([8, 16, 2]), layers([8, 16, 2], acts="Tanh"))
    assert told(comparison) == {
        "removed": ["ReluBackward0 1", "ReluBackward0 3"],
        "added": ["TanhBackward0 1", "TanhBackward0 3"],
    }


def test_a_dtype_is_a_change_of_its_own() -> None:
    after = layers([8, 2])
    after.nodes[1]["dtype"] = "bfloat16"
    (change,) = compare(layers([8, 2]), after).nodes
    assert (change.sort, change.a, change.b, change.what) == ("changed", 1, 1, ("dtype",))


def test_a_recurrent_loop_that_runs_longer_has_its_last_rounds_added() -> None:
    comparison = compare(graphs.unrolled_rnn(6), graphs.unrolled_rnn(8))
    assert (comparison.count("added"), comparison.count("removed")) == (12, 0)
    assert [name for name in told(comparison)["added"] if name.startswith("h")] == ["h[6]", "h[7]"]


def test_operands_that_change_places_are_edges_that_moved() -> None:
    def difference(order: tuple[int, int]) -> Graph:
        build = GraphBuilder("difference")
        ends = [build.node("leaf", name, (3,)) for name in ("a", "b")]
        build.output(build.op("SubBackward0", (ends[order[0]], ends[order[1]]), "d", shape=(3,)))
        return build.graph

    comparison = compare(difference((0, 1)), difference((1, 0)))
    assert not [change for change in comparison.nodes if change.sort != "renamed"]
    assert not comparison.is_equal


# -- whatever is done to any graph ---------------------------------------------------------------------------------


@st.composite
def edits(draw: st.DrawFn) -> tuple[Graph, Graph, dict[str, set[str]]]:
    """Return a graph whose nodes can all be told apart, the graph after some edits, and what these were."""
    size = draw(st.integers(1, 24))
    build = GraphBuilder("before")
    for number in range(size):
        if number and draw(st.booleans()):
            sources = draw(st.lists(st.integers(0, number - 1), min_size=1, max_size=3))
            build.op(f"Op{number}Backward0", sources, shape=(number,))
        else:
            build.node("parameter", f"w{number}", (number,))
    before, after = build.graph, build.graph.copy()
    expected: dict[str, set[str]] = {"added": set(), "removed": set(), "renamed": set(), "changed": set()}
    nodes = sorted(before)
    for node in draw(st.sets(st.sampled_from(nodes), max_size=4)):
        sort = draw(st.sampled_from(("removed", "renamed", "changed", "added")))
        data = after.nodes[node]
        if sort == "removed":
            after.remove_node(node)
        elif sort == "renamed" and data["kind"] == "parameter":
            data.update(name=f"other{node}", names=[f"other{node}"])
        elif sort == "changed":
            data["shape"] = (*data["shape"], 7)
        elif sort == "added":
            number = 1000 + node
            after.add_node(
                number, **(dict(data) | {"id": number, "name": f"new{node}", "kind": "op", "op": f"New{node}"})
            )
            after.add_edge(node, number, slot=0, output=0, label="", gradient=None, state="done")
            expected["added"].add(f"new{node}")
            continue
        else:
            continue
        expected[sort].add(words(before, node) if sort == "removed" else words(after, node))
    return before, after, expected


@given(edits())
def test_exactly_what_was_done_to_a_graph_is_found(case: tuple[Graph, Graph, dict[str, set[str]]]) -> None:
    before, after, expected = case
    found = told(compare(before, after))
    names = expected["renamed"]
    # A parameter of another name whose users are all gone cannot be told from another one.
    lone = {name for name in names if not _is_known(before, after, name)}
    assert set(found.get("added", ())) == expected["added"] | lone
    assert set(found.get("renamed", ())) == names - lone
    assert set(found.get("changed", ())) == expected["changed"]
    gone = {f"w{name.removeprefix('other')}" for name in lone}
    assert set(found.get("removed", ())) == expected["removed"] | gone


def _is_known(before: Graph, after: Graph, name: str) -> bool:
    node = int(name.removeprefix("other"))
    users = set(before.successors(node)), set(after.successors(node))
    return bool(users[0] & users[1]) or users == (set(), set())


@given(edits())
def test_which_graph_comes_first_makes_no_difference(case: tuple[Graph, Graph, dict[str, set[str]]]) -> None:
    before, after, _ = case
    there, back = compare(before, after), compare(after, before)
    assert {second: first for first, second in back.pairs.items()} == dict(there.pairs)
    assert there.count("added") == back.count("removed")
    assert there.count_edges("added") == back.count_edges("removed")


@given(graphs.dags(), graphs.dags())
def test_any_two_graphs_can_be_compared(one: Graph, two: Graph) -> None:
    comparison = compare(one, two)
    assert len(set(comparison.pairs.values())) == len(comparison.pairs)
    assert len(one) - comparison.count("removed") == len(two) - comparison.count("added") == len(comparison.pairs)
    kept = one.number_of_edges() - comparison.count_edges("removed")
    assert kept == two.number_of_edges() - comparison.count_edges("added")


@pytest.mark.parametrize("seed", range(8))
def test_of_a_graph_full_of_alike_ops_few_that_were_taken_out_are_all_that_is_told(seed: int) -> None:
    before, after = graphs.random_dag(400, seed), graphs.random_dag(400, seed)
    ops = [node for node, data in after.nodes(data=True) if data["kind"] == "op"]
    gone = random.Random(seed).sample(ops, 4)
    after.remove_nodes_from(gone)
    comparison = compare(before, after)
    assert (comparison.count("added"), comparison.count("removed")) == (0, 4)
    assert sum(change.sort == "changed" for change in comparison.nodes) == 0


# -- gradients -----------------------------------------------------------------------------------------------------


def product(gradient: float | None, factor: float = 1.0) -> Graph:
    build = GraphBuilder("product")
    x = build.node("leaf", "x", (), gradient=None if gradient is None else snapshot(gradient))
    w = build.node("parameter", "w", (), gradient=snapshot(factor))
    build.output(build.op("MulBackward0", (x, w), "y", shape=(), gradient=snapshot(1.0)))
    return build.graph


@pytest.mark.parametrize(
    ("before", "after", "is_told"),
    [
        (1.0, 9.9, False),
        (1.0, 10.1, True),
        (10.1, 1.0, True),
        (1.0, -1.0, False),
        (0.0, 0.0, False),
        (0.0, 1e-30, True),
        (1.0, math.nan, True),
        (math.nan, math.nan, False),
        (math.inf, math.nan, True),
        (math.inf, -math.inf, False),
        (1.0, None, True),
        (None, None, False),
    ],
)
def test_a_gradient_is_told_that_changed_by_more_than_the_factor(
    before: float | None, after: float | None, is_told: bool
) -> None:
    comparison = compare(product(before), product(after))
    assert [change.what for change in comparison.nodes] == [("gradient",)] * is_told
    assert compare(product(before), product(after), factor=None).is_equal


def test_the_factor_can_be_chosen() -> None:
    assert not compare(product(1.0), product(2.5), factor=2).is_equal
    assert compare(product(1.0), product(2.5), factor=3).is_equal
    with pytest.raises(UsageError, match="factor of 1 or more"):
        compare(product(1.0), product(1.0), factor=0.5)


def test_gradients_that_one_side_lacks_altogether_are_a_note() -> None:
    bare = product(2.0)
    for _, data in bare.nodes(data=True):
        data["gradient"] = None
    comparison = compare(product(2.0), bare)
    assert comparison.is_equal
    assert comparison.notes == (
        "gradients of parameters and leaves are not compared: B holds none at its moment",
        "gradients of ops are not compared: B holds none at its moment",
    )


def test_gradients_of_edges_are_compared_too() -> None:
    before, after = graphs.square(), graphs.square()
    after.edges[0, 1, 1]["gradient"] = snapshot(450.0)
    comparison = compare(before, after)
    assert not comparison.nodes
    assert [(change.sort, change.a, change.b) for change in comparison.edges] == [("changed", (0, 1, 1), (0, 1, 1))]


# -- what else ------------------------------------------------------------------------------------------------------


def test_light_detail_has_no_data_and_is_not_blamed_for_it() -> None:
    before, after = layers([8, 16, 2]), layers([8, 16, 2])
    after.remove_node(0)
    after.graph["detail"] = "light"
    comparison = compare(before, after)
    assert comparison.is_equal
    assert [change.name for change in comparison.facts] == ["detail"]
    assert "light detail" in comparison.notes[0]


def test_facts_that_differ_are_told_and_are_no_difference_of_the_graphs() -> None:
    facts = {
        "torch": "2.12.0",
        "seed": 0,
        "parameters": {"LR": 0.1, "SEED": 0, "OLD": 1},
        "sources": {"a.py": "1\n2\n"},
    }
    others = {"torch": "2.13.0", "seed": 1, "parameters": {"LR": 0.2, "SEED": 1}, "sources": {"b.py": "1\n3\n4\n"}}
    before, after = layers([8, 2]), layers([8, 2])
    before.graph.update(facts)
    after.graph.update(others)
    comparison = compare(before, after)
    assert comparison.is_equal
    assert [(change.name, change.a, change.b) for change in comparison.facts] == [
        ("torch", "2.12.0", "2.13.0"),
        ("seed", 0, 1),
        ("LR", 0.1, 0.2),
        ("OLD", 1, None),
        ("a.py -> b.py", 1, 2),
    ]


def test_lines_tell_apart_what_is_alike_also_after_an_edit() -> None:
    """The loop runs once less, and a branch behind it takes its op: the loop's op is gone, not the branch's."""
    text = "b = a * 2\nwhile b.norm() < 9:\n    b = b * 2\nc = b * 100\n"

    def flow(rounds: int, source: str, last: int) -> Graph:
        build = GraphBuilder("flow", sources={"example.py": source})
        node = build.node("leaf", "a", ())
        for line in (last - 3, *[last - 1] * rounds, last):
            node = build.op("MulBackward0", (node,), shape=(), line=line)
        build.output(node, line=last + 1)
        return build.graph

    comparison = compare(flow(3, text, 4), flow(2, f"# new\n{text}", 5))
    (change,) = comparison.nodes
    assert (change.sort, comparison.a.nodes[change.a]["line"]) == ("removed", 3)


def test_a_graph_with_a_cycle_is_refused_in_one_line() -> None:
    graph = layers([8, 2])
    graph.add_edge(max(graph), 0, slot=0)
    with pytest.raises(UsageError, match="cycle"):
        compare(graph, layers([8, 2]))


def test_an_empty_file_that_one_project_has_alone_is_no_difference() -> None:
    one = {"sources": {"train.py": "x = 1\n"}}
    two = {"sources": {"train.py": "x = 1\n", "tool/__init__.py": "", "tool/model.py": "y = 2\n"}}
    assert [change.words for change in compare_facts(one, two)] == ["tool/model.py: 1 line of B alone"]
