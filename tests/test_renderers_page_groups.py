"""Groups on the page: opened, closed and searched, with nothing lying on anything else; and pages of a graph alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from graphlab.graph.diff import compare
from graphlab.layout.fold import apply_folding, fold, plan_folding, without_strays
from graphlab.renderers import render, render_run
from graphlab.renderers.reading import read_nodes
from tests import graphs
from tests.browser import Open, needs_chromium
from tests.recorded import record_text

if TYPE_CHECKING:
    from graphlab.graph.shown import Graph

MOST_BYTES = 2_000_000

GEOMETRY = """() => {
    const boxes = [...document.querySelectorAll("#world > .node")].map((node) => {
        const [x, y, width, height] = ["left", "top", "width", "height"].map((side) => parseFloat(node.style[side]));
        return { x, y, right: x + width, bottom: y + height, name: node.querySelector("b").textContent };
    });
    const overlaps = boxes.flatMap((one, at) => boxes.slice(at + 1).filter((other) => one.x < other.right
        && other.x < one.right && one.y < other.bottom && other.y < one.bottom).map((other) => [one.name, other.name]));
    // A line is `M x y`, then `L x y` and corners `Q x y x y`: all of its stretches run along an axis.
    const crossed = [...document.querySelectorAll(".edge")].flatMap((edge) => {
        const words = edge.getAttribute("d").match(/[MLQ][^MLQ]*/g);
        const corners = words.map((word) => word.slice(1).trim().split(/[ ,]+/).map(Number));
        return corners.slice(1).flatMap(([x, y], at) => {
            const before = corners[at].slice(0, 2);
            const [left, right] = [Math.min(x, before[0]), Math.max(x, before[0])];
            const [top, bottom] = [Math.min(y, before[1]), Math.max(y, before[1])];
            return boxes.filter((box) => left < box.right - 3 && right > box.x + 3 && top < box.bottom - 3
                && bottom > box.y + 3).map((box) => box.name);
        });
    });
    const frames = [...document.querySelectorAll(".frame")].map((frame) => frame.style.width);
    return { boxes: boxes.length, overlaps, crossed, frames: frames.length };
}"""


@needs_chromium
@pytest.mark.parametrize(
    "make", [graphs.mlp, lambda: graphs.residual(8), lambda: graphs.unrolled_rnn(12)], ids=["mlp", "residual", "rnn"]
)
def test_groups_are_opened_and_closed_and_no_line_crosses_a_box(
    make: Callable[[], Graph], tmp_path: Path, opened: Open
) -> None:
    graph, path = make(), tmp_path / "x.html"
    render(graph, path, fold="none")
    page = opened(path)
    whole = page.page.evaluate(GEOMETRY)
    assert whole["boxes"] == len(graph)
    for button in ("#fold-all", "#unfold-all", "#unfold-all"):
        page.page.locator(button).click()
        found = page.page.evaluate(GEOMETRY)
        assert (found["overlaps"], found["crossed"]) == ([], [])
        assert found["boxes"] < len(graph) or button == "#unfold-all"
    # One at a time, the outermost first, until every node is seen again.
    page.page.locator("#fold-all").click()
    opened_groups = 0
    while page.page.locator(".unfold").count():
        before = page.page.evaluate(GEOMETRY)["boxes"]
        page.page.locator(".unfold").first.evaluate("(button) => button.click()")
        found = page.page.evaluate(GEOMETRY)
        assert (found["overlaps"], found["crossed"]) == ([], [])
        assert found["boxes"] > before
        opened_groups += 1
    assert opened_groups > 1
    assert found["boxes"] == len(graph)
    frames = found["frames"]
    page.page.locator(".frame button").first.evaluate("(button) => button.click()")
    assert page.page.evaluate(GEOMETRY)["frames"] < frames


@needs_chromium
def test_a_closed_group_says_what_every_picture_says_of_it(tmp_path: Path, opened: Open) -> None:
    text = """
        import torch
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
        x = torch.randn(5, 3)
        loss = model(x).pow(2).mean()
        loss.backward()
    """
    recording = record_text(tmp_path, text)
    path = tmp_path / "page.html"
    render_run(recording, path, fold=1)
    page = opened(path)
    folding = plan_folding(recording.graph(), 1)
    assert folding is not None
    for moment in range(recording.event_count + 1):
        page.go(moment)
        graph = apply_folding(recording.graph(at=moment, future=True), folding)
        shown = {box["title"]: box for box in page.boxes()}
        assert set(shown) >= {"0", "2"}
        for _, data in graph.nodes(data=True):
            if data["kind"] != "group":
                continue
            box = shown[data["name"]]
            assert box["isFuture"] == (data["state"] == "future")
            assert box["isNow"] == (data["state"] == "now"), (moment, box)
            numbers = {words.rpartition(" ")[0]: float(words.rpartition(" ")[2]) for words in box["numbers"]}
            for key, words in (("gradient", "‖∇‖"), ("leaf_gradient", "parameters ‖∇‖")):
                known = data[key] is not None
                assert known == (words in numbers), (moment, key)
                assert not known or numbers[words] == pytest.approx(data[key].statistics.norm, rel=6e-3)


@needs_chromium
def test_search_opens_the_group_that_hides_a_match(tmp_path: Path, opened: Open) -> None:
    path = tmp_path / "x.html"
    render(graphs.residual(60), path)
    page = opened(path)
    before = page.page.evaluate(GEOMETRY)["boxes"]
    assert f"363 nodes in {before} boxes" in page.text("#place")
    page.press("/")
    page.page.keyboard.type("relu")
    count = int(page.text("#found").split()[-1])
    assert count > 50
    page.press("Shift+Enter")
    assert page.page.evaluate(GEOMETRY)["boxes"] > before
    assert page.text("#panel h2").startswith("F.relu")
    assert page.page.locator(".node.is-chosen").count() == 1
    page.press("Escape", "Escape")


@needs_chromium
@pytest.mark.parametrize("name", list(graphs.AWKWARD))
def test_the_page_of_a_graph_alone_shows_every_node(name: str, tmp_path: Path, opened: Open) -> None:
    graph = graphs.AWKWARD[name]()
    path = tmp_path / "x.html"
    render(graph, path)
    page = opened(path)
    shown = read_nodes(fold(without_strays(graph))).values()
    tags = [[*reading.tags[:3], *([f"+{len(reading.tags) - 3}"] if len(reading.tags) > 3 else [])] for reading in shown]
    assert [box["title"] for box in page.boxes()] == [reading.title for reading in shown]
    assert [box["tags"] for box in page.boxes()] == tags
    found = page.page.evaluate(GEOMETRY)
    assert (found["overlaps"], found["crossed"]) == ([], [])
    assert page.page.locator("#empty").is_visible() == (len(graph) == 0)
    assert page.page.locator("#moments").is_hidden()
    assert path.stat().st_size < MOST_BYTES


@needs_chromium
def test_the_picture_of_two_graphs_shows_what_differs(tmp_path: Path, opened: Open) -> None:
    one, two = graphs.mlp(2), graphs.mlp(3)
    path = tmp_path / "x.html"
    render(compare(one, two).union(), path)
    page = opened(path)
    marked = page.page.locator("#world .node .mark").all_inner_texts()
    assert "+" in marked
    assert page.page.locator(".edge.is-marked").count() > 0
    # What this picture is about is told at once, and only what occurs in it.
    legend = page.text("#legend")
    assert "in B alone" in legend
    assert "just ran" not in legend
    assert page.page.locator("#legend .stroke .edge.is-added").count() == 1
    assert page.page.locator("#notes").is_hidden()
