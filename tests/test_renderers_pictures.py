"""svg, png, and the pictures that others draw: what must be seen in them, and that nothing is cut or overlaps."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from graphlab.errors import RenderError
from graphlab.layout.boxes import Direction
from graphlab.layout.fold import LEGIBLE, without_strays
from graphlab.renderers import render_bytes
from graphlab.renderers.programs import find_graphviz_pure
from graphlab.renderers.reading import plain
from graphlab.renderers.svg import MARGIN
from tests import graphs
from tests.graphs import AWKWARD, Graph

SMALL = [name for name in AWKWARD if name != "chain"]
LARGE: dict[str, tuple[Callable[[], Graph], dict[str, Any]]] = {
    "random_300": (lambda: graphs.random_dag(300, reach=25), {"fold": "none"}),
    "random_folded": (lambda: graphs.random_dag(1_000, seed=2, reach=30), {}),
    "folded": (lambda: graphs.residual(100), {}),
    "one_open": (lambda: graphs.residual(100), {"opened": ["stage1.7"]}),
    "by_modules": (lambda: graphs.residual(40), {"fold": 1}),
    "steps_of_a_loop": (lambda: graphs.unrolled_rnn(60), {}),
}
"""What is too much to be read, and how it is asked for."""
SVG = "{http://www.w3.org/2000/svg}"
TORCHVIZ = """digraph {
    node [fontname=monospace fontsize=10 height=0.2 shape=box style=filled]
    1 [label="\\n ()" fillcolor=darkolivegreen1]
    2 [label=SumBackward0]
    3 -> 2
    3 [label=TanhBackward0]
    2 -> 1
}
"""


def with_torchviz() -> Graph:
    """Return a graph that was recorded with torchviz's text."""
    graph = graphs.rnn_cell()
    graph.graph["torchviz"] = TORCHVIZ
    return graph


def svg_of(graph: Graph, **choices: Any) -> ET.Element:
    """Return a picture as XML."""
    return ET.fromstring(render_bytes(graph, "svg", **choices))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", list(AWKWARD))
def test_svg_is_xml_with_a_title_and_a_group_a_node(name: str, theme: str) -> None:
    graph = AWKWARD[name]()
    root = svg_of(graph, theme=theme, fold="none" if len(graph) < 500 else "auto")
    assert root.tag == f"{SVG}svg"
    assert plain(str(graph.graph["title"])) in "".join(root.itertext())
    if len(graph) < 500:
        assert {group.get("id") for group in root.iter(f"{SVG}g") if group.get("id") != "graph"} - {None} == {
            f"n{node}" for node in graph
        }


@pytest.mark.parametrize("name", [name for name in SMALL if name != "wide"])
def test_svg_shows_every_shape_and_every_gradient_as_text(name: str) -> None:
    graph = AWKWARD[name]()
    shown = [element.text or "" for element in svg_of(graph).iter(f"{SVG}text")]
    for _, data in graph.nodes(data=True):
        if data["shape"] is not None:
            assert any(text.startswith("×".join(map(str, data["shape"])) or "()") for text in shown)
    labels = [data["label"] for *_, data in graph.edges(data=True) if data["label"]]
    assert all(label in shown for label in labels)


def test_svg_carries_what_the_slides_show() -> None:
    shown = [element.text or "" for element in svg_of(graphs.rnn_cell(gradients=True)).iter(f"{SVG}text")]
    for words in ("W_x", "20×10", "MmBackward0", "i2h", "h2h", "tanh", "next_h", ".t()", "line 8", "step 1 of 1"):
        assert any(words in text for text in shown), words
    assert any(text.startswith("‖∇‖ ") for text in shown)


def test_zero_nan_and_infinite_gradients_are_unmistakable() -> None:
    root = svg_of(graphs.awkward_numbers())
    shown = [element.text or "" for element in root.iter(f"{SVG}text")]
    assert {"‖∇‖ 0", "‖∇‖ NaN", "‖∇‖ ∞", "‖∇‖ 1e-30", "‖∇‖ 1e30"} <= set(shown)
    assert "gradient is zero" in shown
    assert "gradient is NaN or infinite" in shown


def texts_of(root: ET.Element) -> list[str]:
    """Return every text that is drawn."""
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def test_a_group_shows_its_output_its_parameters_and_that_nan_is_inside() -> None:
    graph = graphs.mlp(3)
    first = next(node for node, data in graph.nodes(data=True) if data["module"] == "layers.0")
    graph.nodes[first]["gradient"] = graphs.snapshot([float("nan")])
    shown = texts_of(svg_of(graph, fold=2))
    assert any(text.startswith("parameters ‖∇‖ ") for text in shown)
    assert {"NaN inside", "gradient is NaN or infinite"} <= set(shown)


def frozen(*, is_over: bool = True) -> Graph:
    """Return a perceptron whose first weight and bias got no gradient."""
    graph = graphs.mlp(3)
    graph.graph["is_backward_over"] = is_over
    for _, data in graph.nodes(data=True):
        if str(data["name"]).startswith("layers.0."):
            data["gradient"] = None
    for source, _, data in graph.edges(data=True):
        if str(graph.nodes[source]["name"]).startswith("layers.0."):
            data["gradient"] = None
    return graph


def test_a_leaf_without_a_gradient_is_hollow_and_says_so_once_the_backward_has_ended() -> None:
    graph = frozen()
    root = svg_of(graph)
    hollow = [group for group in root.iter(f"{SVG}g") if group.find(f"{SVG}rect[@stroke-dasharray='3 3']") is not None]
    assert [graph.nodes[int(str(group.get("id"))[1:])]["name"] for group in hollow] == [
        "layers.0.weight", "layers.0.bias",
    ]  # fmt: skip
    shown = texts_of(root)
    assert shown.count("no gradient") == 2
    assert "parameter that got no gradient" in shown
    assert "no gradient" not in texts_of(svg_of(frozen(is_over=False)))
    assert "no gradient" in render_bytes(graph, "txt").decode()
    assert "no gradient" in render_bytes(graph, "dot").decode()
    assert "parameters: no gradient" in texts_of(svg_of(graph, fold=2))


def test_a_leaf_whose_gradient_was_cleared_since_lacks_none() -> None:
    graph = frozen()
    gradient = next(data["gradient"] for _, data in graph.nodes(data=True) if data["gradient"] is not None)
    for source, _, data in graph.edges(data=True):
        if graph.nodes[source]["name"] == "layers.0.weight":
            data["gradient"] = gradient
    assert texts_of(svg_of(graph)).count("no gradient") == 1


def test_where_no_leaf_has_a_gradient_none_is_missing() -> None:
    graph = graphs.mlp(3, gradients=False)
    graph.graph["is_backward_over"] = True
    assert "no gradient" not in texts_of(svg_of(graph))


@pytest.mark.parametrize("call", ["binary_cross_entropy_with_logits", "triplet_margin_with_distance_loss"])
def test_the_longest_calls_of_torch_are_named_in_whole(call: str) -> None:
    build = graphs.GraphBuilder("loss")
    build.op("MeanBackward0", [build.node("leaf", "x", (3,))], call=f"torch.nn.functional.{call}")
    assert f"F.{call}" in texts_of(svg_of(build.graph))


def test_the_rule_above_the_legend_is_as_wide_as_the_picture() -> None:
    root = svg_of(graphs.chain(12), direction="right")
    rule = next(element for element in root.findall(f"{SVG}rect") if element.get("height") == "1")
    assert float(rule.get("width", "0")) + 2 * MARGIN == float(root.get("width", "0")) > 1100


@pytest.mark.parametrize("direction", ["down", "right"])
@pytest.mark.parametrize("name", [*SMALL, *LARGE])
def test_no_text_is_cut_and_none_runs_out_of_its_box(name: str, direction: Direction) -> None:
    make, choices = LARGE.get(name) or (AWKWARD[name], {})
    root = svg_of(make(), direction=direction, **choices)
    page = float(root.get("width", "0")), float(root.get("height", "0"))
    for text in root.iter(f"{SVG}text"):
        assert float(text.get("x", "0")) + float(text.get("textLength", "0")) <= page[0]
    for group in root.iter(f"{SVG}g"):
        if not (group.get("id") or "").startswith("n"):
            continue
        left, top, right, bottom = outline_of(group)
        for text in group.iter(f"{SVG}text"):
            x, y, size = (float(text.get(key, "0")) for key in ("x", "y", "font-size"))
            assert left <= x
            assert x + float(text.get("textLength", "0")) <= right
            assert top <= y - 0.76 * size
            assert y + 0.24 * size <= bottom


@pytest.mark.parametrize("direction", ["down", "right"])
@pytest.mark.parametrize("name", [*AWKWARD, *LARGE])
def test_in_a_picture_no_box_overlaps_another_and_no_line_crosses_a_box(name: str, direction: Direction) -> None:
    make, choices = LARGE.get(name) or (AWKWARD[name], {})
    root = svg_of(make(), direction=direction, **choices)
    groups = [group for group in root.iter(f"{SVG}g") if (group.get("id") or "").startswith("n")]
    # A folded group's second sheet lies behind its box, to the right and below; lines leave from the box.
    boxes = [outline_of(group, sheet=1 if "group" in (group.get("class") or "") else 0) for group in groups]
    assert boxes or name == "empty"
    for (left, top, right, bottom), (x, y, x_end, y_end) in combinations(boxes, 2):
        assert right <= x or x_end <= left or bottom <= y or y_end <= top
    edges = next((group for group in root.iter(f"{SVG}g") if group.get("class") == "edges"), None)
    lines = [element for element in edges if element.get("fill") == "none"] if edges is not None else []
    for element in lines:
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", element.get("d", ""))]
        corners = list(zip(numbers[::2], numbers[1::2], strict=True))
        for (x, y), (x_end, y_end) in pairwise(corners):
            near, far = (min(x, x_end), min(y, y_end)), (max(x, x_end), max(y, y_end))
            for left, top, right, bottom in boxes:
                # Coordinates are written with two decimals.
                is_beside = near[0] > right - 0.02 or far[0] < left + 0.02
                assert is_beside or near[1] > bottom - 0.02 or far[1] < top + 0.02


def outline_of(group: ET.Element, sheet: int = 0) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of a shape in a node's group, the first unless said otherwise."""
    shapes = [element for element in group if element.tag in {f"{SVG}rect", f"{SVG}path"}]
    for element in shapes[sheet:]:
        if element.tag == f"{SVG}rect":
            x, y, width, height = (float(element.get(key, "0")) for key in ("x", "y", "width", "height"))
            return x, y, x + width, y + height
        if element.tag == f"{SVG}path":
            numbers = [float(number) for number in re.findall(r"-?[\d.]+", element.get("d", ""))]
            return min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2])
    raise AssertionError("a node has an outline")


@settings(max_examples=40, deadline=None)
@given(graphs.dags())
def test_any_graph_becomes_svg(graph: Graph) -> None:
    root = svg_of(graph)
    assert sum(1 for group in root.iter(f"{SVG}g") if (group.get("class") or "").startswith("node")) == len(
        without_strays(graph)
    )


def test_buffers_are_drawn_once_something_uses_them_or_a_variable_holds_them() -> None:
    stage = graphs.rnn_cell(4)
    first = graphs.rnn_cell(1)
    stage.nodes[1].update(name=None, names=[])
    first.nodes[1].update(name=None, names=[])
    for ending in ("svg", "html", "dot", "txt"):
        for choices in ({}, {"stage": stage}):
            assert "1×20" in render_bytes(stage, ending, **choices).decode()
            assert "1×20" not in render_bytes(first, ending, **choices).decode()
    # A name that is gone later does not let a picture of the earlier moment fail.
    stage.add_node(77, **{**stage.nodes[1], "id": 77})
    first.add_node(77, **{**first.nodes[1], "id": 77, "name": "seen", "names": ["seen"]})
    assert "seen" in texts_of(svg_of(first, stage=stage))


def test_pictures_of_several_moments_lie_on_one_another() -> None:
    stage = graphs.rnn_cell(gradients=True)

    def outlines(graph: Graph) -> dict[str, tuple[float, float, float, float]]:
        root = svg_of(graph, stage=stage)
        return {group.get("id", ""): outline_of(group) for group in root.iter(f"{SVG}g") if group.get("id") != "graph"
                if group.get("id")}  # fmt: skip

    last = outlines(stage)
    for moment in (1, 2, 3, 4):
        now = outlines(graphs.rnn_cell(moment))
        assert now == {node: last[node] for node in now}


def test_a_stage_that_lacks_nodes_is_refused_in_one_line() -> None:
    with pytest.raises(RenderError, match="stage lacks nodes"):
        svg_of(graphs.rnn_cell(4), stage=graphs.rnn_cell(1))


def test_png_has_the_size_that_the_scale_asks_for_and_no_more_pixels_than_memory_bears() -> None:
    def size(data: bytes) -> tuple[int, int]:
        return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")

    small, large = (size(render_bytes(graphs.square(), "png", scale=scale)) for scale in (1.0, 2.0))
    assert large == (2 * small[0], 2 * small[1])
    width, height = size(render_bytes(graphs.chain(1_000), "png", fold="none"))
    assert height <= 32_000
    assert width * height <= 41_000_000


def test_a_large_graph_is_folded_and_says_so() -> None:
    graph = graphs.residual(100)
    assert "603 nodes in 11 boxes, folded by repeated blocks" in render_bytes(graph, "svg").decode()
    assert "nodes in" not in render_bytes(graphs.residual(9), "svg").decode()


def run_graphviz_pure(dot: bytes) -> str:
    """Return what graphviz-pure makes of DOT text."""
    program = find_graphviz_pure()
    assert program is not None
    done = subprocess.run([program, "-Tsvg"], input=dot, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@pytest.mark.parametrize("direction", ["down", "right"])
@pytest.mark.parametrize("name", [name for name in SMALL if name not in {"wide", "random_dag"}])
def test_dot_is_drawn_by_graphviz(name: str, direction: Direction) -> None:
    graph = AWKWARD[name]()
    picture = run_graphviz_pure(render_bytes(graph, "dot", direction=direction))
    root = ET.fromstring(picture)
    groups = [group.get("class") for group in root.iter(f"{SVG}g")]
    assert groups.count("node") == len(graph)
    assert groups.count("edge") == graph.number_of_edges()


def test_dot_is_written_without_recursion() -> None:
    assert render_bytes(graphs.chain(20_000), "dot").count(b"->") == 19_999


def test_torchviz_is_drawn_from_its_stored_text() -> None:
    graph = with_torchviz()
    assert render_bytes(graph, "dot", renderer="torchviz").decode() == TORCHVIZ
    picture = render_bytes(graph, "svg", renderer="torchviz").decode()
    assert "TanhBackward0" in picture
    assert render_bytes(graph, "svg", renderer="torchviz").decode() == picture
    assert render_bytes(graph, "png", renderer="torchviz").startswith(b"\x89PNG")


@pytest.mark.parametrize("ending", ["svg", "png", "dot", "pdf"])
def test_without_torchvizs_text_one_line_says_so(ending: str) -> None:
    with pytest.raises(RenderError, match="no picture by torchviz"):
        render_bytes(graphs.rnn_cell(), ending, renderer="torchviz")


def test_graphvizs_pdf_without_graphviz_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(RenderError, match="apt install graphviz"):
        render_bytes(graphs.square(), "pdf", renderer="graphviz")
    with pytest.raises(RenderError, match="apt install graphviz"):
        render_bytes(with_torchviz(), "pdf", renderer="torchviz")


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for dot is a script with a shebang")
def test_graphvizs_pdf_comes_from_the_systems_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = tmp_path / "dot"
    stand_in.write_text(
        f"#!{sys.executable}\nimport os, sys\ntext = sys.stdin.read()\n"
        "assert sys.argv[1:] == ['-Tpdf'] and os.environ['SOURCE_DATE_EPOCH'] == '0'\n"
        "sys.exit('syntax error') if 'fail' in text else print('%PDF of', text.split('{')[0])\n"
    )
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert render_bytes(graphs.square(), "pdf", renderer="graphviz") == b'%PDF of digraph "square" \n'
    graph = graphs.square()
    graph.graph["title"] = "fail"
    with pytest.raises(RenderError, match="could not draw the graph: syntax error"):
        render_bytes(graph, "pdf", renderer="graphviz")


@pytest.mark.parametrize("name", list(AWKWARD))
def test_networkx_lays_out_every_graph(name: str) -> None:
    graph = AWKWARD[name]()
    root = ET.fromstring(render_bytes(graph, "svg", renderer="networkx"))
    assert "laid out by networkx" in "".join(root.itertext())
    if len(graph) <= LEGIBLE:
        drawn = [group.get("id") for group in root.iter(f"{SVG}g") if (group.get("class") or "").startswith("node")]
        assert drawn == [f"n{node}" for node in sorted(graph)]


def test_networkx_shows_gradients_and_a_legend_and_nothing_runs_through_words() -> None:
    root = svg_of(frozen(), renderer="networkx")
    shown = texts_of(root)
    for words in ("op (node of autograd)", "parameter that got no gradient", "no gradient"):
        assert words in shown
    assert any(text.startswith("‖∇‖ ") for text in shown)
    assert len(root.findall(f".//{SVG}circle[@stroke-dasharray='3 3']")) == 3
    order = ["edge" if element.get("fill") == "none" else element.tag for element in root]
    assert max(place for place, word in enumerate(order) if word == "edge") < order.index(f"{SVG}g")
    assert all(rect.get("opacity") is None for rect in root.iter(f"{SVG}rect"))


def test_networkx_folds_what_its_lines_would_make_unreadable() -> None:
    assert "folded by repeated blocks" in "".join(texts_of(svg_of(graphs.residual(20), renderer="networkx")))
    assert "folded" not in "".join(texts_of(svg_of(graphs.residual(20), renderer="networkx", fold="none")))
