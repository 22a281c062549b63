"""What a comparison says: a line a change, whole modules where there are many, gradients with their factor."""

from __future__ import annotations

import math

import pytest

from graphlab.graph.diff import compare
from graphlab.model import Snapshot
from graphlab.renderers.changes import change_lines, gradient_change, report
from tests import graphs
from tests.graphs import GraphBuilder, snapshot


def encoder(layers: int) -> graphs.Graph:
    """Return blocks of many nodes each, two modules deep."""
    build = GraphBuilder("encoder")
    last = build.node("data", "x", (4, 8))
    for layer in range(layers):
        for part in ("query", "key", "value", "out"):
            module = f"encoder.{layer}.attention.{part}"
            weight = build.node("parameter", f"{module}.weight", (8, 8))
            bias = build.node("parameter", f"{module}.bias", (8,))
            flipped = build.op("TBackward0", (weight,), shape=(8, 8), module=module)
            last = build.op("AddmmBackward0", (bias, last, flipped), shape=(4, 8), module=module)
        last = build.op("NativeLayerNormBackward0", (last,), shape=(4, 8), module=f"encoder.{layer}.norm")
    build.output(build.op("MeanBackward0", (last,), "loss", shape=(), module="head"))
    return build.graph


def test_many_nodes_that_make_a_whole_module_are_one_line() -> None:
    comparison = compare(encoder(12), encoder(14))
    assert comparison.summary == "nodes: +34 (207 the same)   edges: +35 -1"
    assert change_lines(comparison) == [
        "+ module encoder.12  17 nodes, 8 parameters among them",
        "+ module encoder.13  17 nodes, 8 parameters among them",
        "- edge nativelayernorm (encoder.11.norm) -> mean [loss] (head), input 0",
    ]


def test_many_changes_of_a_module_say_what_changed() -> None:
    after = encoder(12)
    for _, data in after.nodes(data=True):
        if data["kind"] != "parameter" and data["op"] != "TBackward0" and data["shape"]:
            data["shape"] = (5, *data["shape"][1:])
    lines = change_lines(compare(encoder(12), after))
    assert "~ module encoder.0.attention.query  addmm" not in "".join(lines)
    assert len(lines) == 61
    assert lines[1] == "~ addmm  AddmmBackward0  4×8 -> 5×8  encoder.0.attention.query  line 5"


def test_few_changes_are_told_one_by_one() -> None:
    lines = change_lines(compare(graphs.unrolled_rnn(4), graphs.unrolled_rnn(5)))
    assert [line.split("  ")[0] for line in lines] == [
        "+ x[4]", "+ @", "+ @", "+ +", "+ +", "+ tanh [h[4]]",
        "- edge tanh [h[3]] (line 28) -> sum [loss] (line 29), input 0",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (snapshot(0.5), snapshot(50.0), "0.5 -> 50 (x 100)"),
        (snapshot(50.0), snapshot(0.5), "50 -> 0.5 (/ 100)"),
        (snapshot(0.0), snapshot(1.0), "0 -> 1"),
        (snapshot(1.0), snapshot(math.nan), "1 -> NaN"),
        (snapshot(1.0), snapshot(math.inf), "1 -> ∞"),
        (None, snapshot(2.0), "none -> 2"),
    ],
)
def test_a_gradient_is_told_with_its_factor(before: Snapshot | None, after: Snapshot | None, words: str) -> None:
    assert gradient_change(before, after) == words


def test_where_a_node_is_told_its_edges_with_the_same_news_are_not() -> None:
    before, after = graphs.square(), graphs.square()
    after.nodes[0]["gradient"] = snapshot(900.0)
    for key in (0, 1):
        after.edges[0, 1, key]["gradient"] = snapshot(450.0)
    comparison = compare(before, after)
    assert change_lines(comparison) == ["~ x  leaf  ()  line 1  gradient 9 -> 900 (x 100)"]
    assert report(comparison)["counts"]["edges"]["changed"] == 2
    del after.nodes[0]["gradient"]
    before.nodes[0]["gradient"] = None
    assert change_lines(compare(before, after)) == [
        "~ edge x -> * [y] (line 2), input 0  gradient 4.5 -> 450 (x 100)",
        "~ edge x -> * [y] (line 2), input 1  gradient 4.5 -> 450 (x 100)",
    ]
