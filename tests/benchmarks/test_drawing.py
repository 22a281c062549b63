"""How long layouts and pictures of graphs of several sizes take. Measured, not asserted."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Literal

import pytest

from graphlab.layout.lanes import Lanes, newest_first
from graphlab.recording import open_recording
from graphlab.renderers import render, render_bytes
from graphlab.renderers.programs import find_dot, find_graphviz_pure, run_dot
from tests import graphs
from tests.benchmarks.large import write_large


@pytest.mark.parametrize("count", [1_000, 100_000, 1_000_000])
def test_lanes_and_a_jump_to_their_middle(benchmark: Any, count: int) -> None:
    sources, targets = range(count - 1), range(1, count)

    def look() -> None:
        lanes = Lanes(newest_first(range(count), sources, targets), sources, targets)
        lanes.rows(count // 2, count // 2 + 50)

    benchmark.pedantic(look, rounds=3)


@pytest.mark.parametrize("fold", ["auto", "none"])
@pytest.mark.parametrize("count", [50, 500, 5_000, 50_000])
def test_a_picture(benchmark: Any, count: int, fold: Literal["auto", "none"]) -> None:
    if fold == "none" and count > 500:
        pytest.skip("nobody reads a picture of so many boxes")
    graph = graphs.random_dag(count, reach=40)
    benchmark.pedantic(lambda: render_bytes(graph, "svg", fold=fold), rounds=3)


@pytest.mark.parametrize("count", [50, 500])
def test_the_same_graph_by_graphviz(benchmark: Any, count: int) -> None:
    """The layout of `dot`, or of graphviz-pure where the system has none, with our words."""
    graph = graphs.random_dag(count, reach=40)
    benchmark.pedantic(lambda: render_bytes(graph, "svg", renderer="graphviz", fold="none"), rounds=1)


@pytest.mark.parametrize("count", [50, 500])
def test_the_same_graph_by_torchviz(benchmark: Any, count: int) -> None:
    """As many ops in torchviz's DOT, laid out by the same program; beyond 1,000 ops torchviz recurses to death."""
    torch = pytest.importorskip("torch")
    from graphlab.capture.torchviz_text import draw_with_torchviz

    chance = random.Random(0)
    made = [torch.ones(4, requires_grad=True)]
    while len(made) < count:
        made.append(made[-1] * made[-chance.randint(1, min(40, len(made)))])
    program = find_dot() or find_graphviz_pure()
    assert program is not None
    benchmark.pedantic(lambda: run_dot(program, "svg", draw_with_torchviz(made[-1], [], {}) or ""), rounds=1)


def test_an_export_of_50000_nodes(benchmark: Any, tmp_path: Path) -> None:
    """From the file of a recording to a folded picture: 5 seconds at most on an idle machine."""
    path = write_large(tmp_path / "large.glab", "random", 50_000)

    def export() -> None:
        recording = open_recording(path)
        render(recording.graph(), tmp_path / "large.svg")
        recording.close()

    benchmark.pedantic(export, rounds=2)
