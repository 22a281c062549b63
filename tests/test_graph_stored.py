"""Graphs read back from exported JSON: what was written comes back, and anything else is refused in one line."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphlab.errors import RecordingError
from graphlab.graph.diff import compare
from graphlab.graph.stored import read_graph
from graphlab.renderers import render_bytes
from tests import builders, graphs
from tests.graphs import AWKWARD, Graph, GraphBuilder, snapshot


def through_file(graph: Graph, folder: Path) -> Graph:
    path = folder / "graph.json"
    path.write_bytes(render_bytes(graph, "json"))
    return read_graph(path)


@pytest.mark.parametrize("make", AWKWARD.values(), ids=AWKWARD.keys())
def test_what_was_written_comes_back(make: Callable[[], Graph], tmp_path: Path) -> None:
    graph = make()
    again = through_file(graph, tmp_path)
    if graph.graph["title"] != "awkward_numbers":  # the mean of a sample is not kept
        assert render_bytes(again, "json") == render_bytes(graph, "json")
    assert compare(graph, again).is_equal
    assert compare(again, graph).is_equal


def test_numbers_that_json_lacks_come_back(tmp_path: Path) -> None:
    build = GraphBuilder("numbers")
    build.node("leaf", "x", (3,), value=snapshot([math.nan, math.inf, -math.inf]), gradient=snapshot([1, 2, 2]))
    build.node("leaf", "y", (4096, 4096), gradient=graphs.sampled((4096, 4096), math.inf))
    nodes = through_file(build.graph, tmp_path).nodes
    value = nodes[0]["value"].array
    assert math.isnan(value[0])
    assert value[1:].tolist() == [math.inf, -math.inf]
    assert nodes[0]["gradient"].statistics.norm == 3
    assert (nodes[1]["gradient"].statistics.norm, nodes[1]["gradient"].is_complete) == (math.inf, False)


def test_facts_of_the_run_are_compared_too(tmp_path: Path) -> None:
    recording = builders.rnn_cell(tmp_path)
    graph = recording.graph()
    recording.close()
    again = through_file(graph, tmp_path)
    assert (again.graph["torch"], again.graph["seed"]) == ("2.13.0", 0)
    again.graph["torch"] = "2.12.0"
    assert [(change.name, change.a, change.b) for change in compare(again, graph).facts] == [
        ("torch", "2.12.0", "2.13.0")
    ]


GOOD = {
    "graph": {},
    "nodes": [{"id": 1, "kind": "leaf", "shape": [2], "gradient": {"shape": [2], "norm": 1.0, "values": [0.0, 1.0]}}],
    "edges": [],
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("", "is no graph that `graphlab export` wrote: it is no JSON"),
        ("\udcff", "it is no JSON"),
        ([], "it has no 'graph'"),
        ({"graph": {}, "nodes": {}}, "it has no 'nodes'"),
        ({**GOOD, "nodes": [{"kind": "op"}]}, "a node has no number"),
        ({**GOOD, "nodes": [{"id": 1, "kind": "knot"}]}, "node 1 is of the unknown kind 'knot'"),
        ({**GOOD, "nodes": [{"id": 1, "kind": "op", "op": 3}]}, "the op of node 1 is no text"),
        ({**GOOD, "nodes": [{"id": 1, "kind": "op", "shape": [2, -1]}]}, "the shape of node 1 is"),
        ({**GOOD, "nodes": [{"id": 1, "kind": "op", "value": {"shape": [2], "values": [1]}}]}, "do not have its shape"),
        ({**GOOD, "nodes": [{"id": 1, "kind": "op", "value": {"shape": [], "norm": "big"}}]}, "a figure of node 1"),
        ({**GOOD, "edges": [{"source": 1, "target": 2}]}, "an edge does not lead"),
        ({**GOOD, "edges": [{"source": [], "target": 1}]}, "an edge does not lead"),
        ({**GOOD, "edges": [{"source": 1, "target": 1, "slot": "x"}]}, "the slot of an edge into node 1"),
    ],
)
def test_what_is_no_exported_graph_is_refused_in_one_line(change: Any, said: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    text = change if isinstance(change, str) else json.dumps(change)
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(RecordingError) as raised:
        read_graph(path)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="No such file"):
        read_graph(tmp_path / "none.json")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.floats() | st.sampled_from(["op", "leaf", "NaN", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "kind", "shape", "value", "gradient", "norm", "values", "source", "target", "slot"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(JSON, JSON, st.lists(JSON, max_size=3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_whatever_stands_in_a_file_is_read_or_refused(tmp_path: Path, node: Any, edge: Any, more: list[Any]) -> None:
    path = tmp_path / "any.json"
    path.write_text(json.dumps({"graph": {}, "nodes": [node, *more], "edges": [edge] * bool(edge)}), encoding="utf-8")
    try:
        graph = read_graph(path)
    except RecordingError:
        return
    assert all(graph.nodes[number]["id"] == number for number in graph)
