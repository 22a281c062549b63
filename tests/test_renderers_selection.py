"""What of a graph is drawn: the neighbourhood of a node, chosen figures; Graphviz's layout; and Mermaid's text."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import pytest

from graphlab.errors import RenderError
from graphlab.layout.fold import LEGIBLE
from graphlab.renderers import render_bytes
from graphlab.renderers.selection import Shown, find_focus, neighbourhood
from tests import graphs
from tests.graphs import AWKWARD

TEXT = "{http://www.w3.org/2000/svg}text"


def texts_of(picture: bytes) -> list[str]:
    return [element.text or "" for element in ET.fromstring(picture).iter(TEXT)]


def nodes_of(picture: bytes) -> list[int]:
    return [node["id"] for node in json.loads(picture)["nodes"]]


def test_hops_count_edges_in_either_direction() -> None:
    graph = graphs.chain(20)
    assert sorted(neighbourhood(graph, 10, 0)) == [10]
    assert sorted(neighbourhood(graph, 10, 2)) == [8, 9, 10, 11, 12]
    assert neighbourhood(graph, 10, 2).number_of_edges() == 4
    assert len(neighbourhood(graph, 10, 500)) == 20
    assert len(graph) == 20


@pytest.mark.parametrize(
    ("focus", "found"), [("W_h", [2]), ("h2h", [5]), ("#5", [5]), ("5", [5]), (5, [5]), ([5, 2], [2, 5])]
)
def test_a_node_is_named_by_its_name_its_number_or_a_variable(focus: str | int | list[int], found: list[int]) -> None:
    assert find_focus(graphs.rnn_cell(gradients=True), focus) == found


@pytest.mark.parametrize("focus", ["nothing", "99", -1, [], [99]])
def test_a_node_that_is_not_there_is_refused_in_one_line(focus: str | int | list[int]) -> None:
    with pytest.raises(RenderError, match=r"there is no node .*: give a name or a number"):
        render_bytes(graphs.rnn_cell(), "svg", focus=focus)


@pytest.mark.parametrize("ending", ["svg", "html", "dot", "txt", "mmd"])
def test_every_picture_says_what_it_is_a_part_of(ending: str) -> None:
    text = render_bytes(graphs.rnn_cell(gradients=True), ending, focus="W_h", hops=1).decode()
    assert "2 of 10 nodes: W_h and 1 hop around" in text


def test_data_is_cut_to_the_neighbourhood_but_keeps_every_figure() -> None:
    picture = render_bytes(graphs.rnn_cell(gradients=True), "json", focus="W_h", hops=1, show=["shape"])
    assert nodes_of(picture) == [2, 5]
    assert all(node["gradient"] for node in json.loads(picture)["nodes"])


def test_a_focus_lies_on_the_places_of_the_stage() -> None:
    stage, early = graphs.rnn_cell(gradients=True), graphs.rnn_cell(2)
    picture = render_bytes(early, "svg", focus="h2h", stage=stage)
    assert "h2h" in "".join(texts_of(picture))


@pytest.mark.parametrize("shown", ["value", "gradient", "shape"])
def test_only_the_figures_that_are_asked_for_stand_in_the_boxes(shown: Shown) -> None:
    words = " ".join(texts_of(render_bytes(graphs.rnn_cell(gradients=True), "svg", show=[shown])))
    assert ("= -2.4515" in words) == (shown == "value")
    assert ("∇" in words) == (shown == "gradient")
    assert ("20×1" in words) == (shown == "shape")


def test_what_is_not_shown_is_not_taken_away_from_the_graph() -> None:
    graph = graphs.mlp(3)
    before = render_bytes(graph, "svg")
    render_bytes(graph, "svg", show=[])
    assert render_bytes(graph, "svg") == before


@pytest.mark.parametrize("show", [["values"], "value"])
def test_a_figure_that_there_is_not_is_refused_in_one_line(show: list[str] | str) -> None:
    with pytest.raises(RenderError, match="show cannot hold 'value"):
        render_bytes(graphs.square(), "svg", show=show)  # type: ignore[arg-type]  # that is what is tested


def test_negative_hops_are_refused() -> None:
    with pytest.raises(RenderError, match="hops cannot be -1"):
        render_bytes(graphs.square(), "svg", focus=0, hops=-1)


@pytest.mark.parametrize("name", list(AWKWARD))
def test_mermaid_has_every_box_and_line_and_nothing_that_ends_a_text_early(name: str) -> None:
    graph = AWKWARD[name]()
    text = render_bytes(graph, "mmd").decode()
    lines = [line.strip() for line in text.splitlines()]
    assert lines[0] == lines[2] == "---"
    assert lines[3] == "flowchart TD"
    for line in lines[4:]:
        assert line.startswith(("n", "%%", "classDef ", "linkStyle "))
        if re.match(r"n\d+[\[({]", line):
            (words,) = re.findall(r'"([^"]*)"', line)
            assert not re.search(r"[<>](?!br>)(?<!<br>)", words.replace("<br>", ""))
    boxes = [line for line in lines if re.match(r"n\d+[\[({]", line)]
    edges = [line for line in lines if re.match(r"n\d+ -", line)]
    if len(graph) <= LEGIBLE:
        assert len(edges) == graph.number_of_edges()
        assert len(boxes) <= len(graph)
    assert len(edges) <= 500
    assert {line.rpartition(":::")[2] for line in boxes} <= {line.split()[1] for line in lines if "classDef" in line}


def test_mermaid_colours_edges_by_their_gradient() -> None:
    text = render_bytes(graphs.rnn_cell(gradients=True), "mmd").decode()
    assert re.search(r"linkStyle [\d,]+ stroke:#[0-9a-f]{6},stroke-width:2px", text)
    assert '"in i2h' not in text
    assert "MmBackward0 · line 8" in text


@pytest.mark.parametrize("direction", ["down", "right"])
def test_graphviz_lays_out_the_same_words(direction: str) -> None:
    graph = graphs.rnn_cell(gradients=True)
    words = " ".join(texts_of(render_bytes(graph, "svg", renderer="graphviz", direction=direction)))  # type: ignore[arg-type]
    assert "MmBackward0" in words
    assert "blue (1e-5) over grey (1) to orange" in words
    assert render_bytes(graph, "png", renderer="graphviz").startswith(b"\x89PNG")


def test_graphviz_is_given_a_large_graph_folded() -> None:
    picture = render_bytes(graphs.residual(100), "svg", renderer="graphviz")
    assert "9 more × stage0.*" in " ".join(texts_of(picture))
