"""json, graphml, html and txt: what they hold, and that others read them back."""

from __future__ import annotations

import io
import json
import re

import networkx
import pytest

from graphlab.renderers import render_bytes
from tests import graphs
from tests.graphs import AWKWARD


@pytest.mark.parametrize("name", list(AWKWARD))
def test_json_is_read_back_by_networkx(name: str) -> None:
    graph = AWKWARD[name]()
    text = render_bytes(graph, "json").decode()
    document = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    again = networkx.node_link_graph(document, edges="edges")
    assert again.is_directed()
    assert again.is_multigraph()
    assert list(again.nodes) == sorted(graph.nodes)
    assert sorted(again.edges(keys=True)) == sorted(graph.edges(keys=True))
    for source, target, key, data in graph.edges(keys=True, data=True):
        assert again.edges[source, target, key]["slot"] == data["slot"]
    for node, data in graph.nodes(data=True):
        assert again.nodes[node]["shape"] == (None if data["shape"] is None else list(data["shape"]))
        assert again.nodes[node]["kind"] == data["kind"]


def test_json_has_the_keys_that_users_rely_on() -> None:
    document = json.loads(render_bytes(graphs.rnn_cell(gradients=True), "json"))
    node, edge = document["nodes"][4], document["edges"][-1]
    assert list(node) == [
        "id", "kind", "name", "op", "call", "module", "file", "line", "shape", "dtype", "device", "value", "gradient",
    ]  # fmt: skip
    assert list(edge) == ["source", "target", "key", "slot", "gradient"]
    assert list(node["value"]) == ["shape", "norm", "min", "max", "mean", "values"]
    assert node["op"] == "MmBackward0"


def test_json_writes_what_json_has_no_numbers_for_as_words() -> None:
    document = json.loads(render_bytes(graphs.awkward_numbers(), "json"))
    gradients = [node["gradient"] for node in document["nodes"][:6]]
    assert gradients[1]["norm"] == "NaN"
    assert gradients[1]["values"] == ["NaN", 1.0]
    assert gradients[2]["max"] == "Infinity"
    assert gradients[5] is None


@pytest.mark.parametrize("name", [name for name in AWKWARD if name not in {"chain", "names"}])
def test_graphml_is_read_back_by_networkx(name: str) -> None:
    graph = AWKWARD[name]()
    again = networkx.read_graphml(io.BytesIO(render_bytes(graph, "graphml")), node_type=int, force_multigraph=True)
    assert sorted(again.nodes) == sorted(graph.nodes)
    slots = sorted((source, target, data["slot"]) for source, target, data in again.edges(data=True))
    assert slots == sorted((source, target, data["slot"]) for source, target, data in graph.edges(data=True))
    for node, data in graph.nodes(data=True):
        assert again.nodes[node]["kind"] == data["kind"]
        assert again.nodes[node].get("op") == data["op"]


def test_graphml_keeps_names_that_xml_can_hold() -> None:
    graph = graphs.awkward_names()
    again = networkx.read_graphml(io.BytesIO(render_bytes(graph, "graphml")), node_type=int)
    assert [again.nodes[node]["name"] for node in range(3)] == [graph.nodes[node]["name"] for node in range(3)]
    assert again.nodes[3]["name"] == "two↵lines"


def test_txt_holds_one_row_a_node_in_order_of_the_backward() -> None:
    text = render_bytes(graphs.rnn_cell(gradients=True), "txt").decode()
    numbers = re.findall(r"#(\d) ", text.split("\n\n")[1])
    assert numbers == ["9", "8", "7", "6", "5", "2", "1", "4", "3", "0"]
    assert "from #2, #1.t()" in text
