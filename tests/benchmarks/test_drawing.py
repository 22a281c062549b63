"""How long layouts and pictures of graphs of several sizes take. Measured, not asserted."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import pytest

from graphlab.errors import RenderError
from graphlab.layout.grid import CellSize, lay_out_grid
from graphlab.layout.lanes import Lanes, newest_first
from graphlab.recording import open_recording
from graphlab.renderers import render, render_bytes, render_run
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


@pytest.mark.parametrize("count", [50, 500, 5_000])
def test_boxes_in_a_terminal(benchmark: Any, count: int) -> None:
    """Laid out on cells, and the 60 rows drawn that one sees first."""
    graph = graphs.random_dag(count, reach=40)
    sizes = {node: CellSize(18, 4) for node in graph.nodes}

    def look() -> None:
        layout = lay_out_grid(graph, sizes)
        for y in range(min(60, layout.height)):
            layout.row(y)

    benchmark.pedantic(look, rounds=3)


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
    try:
        benchmark.pedantic(lambda: run_dot(program, "svg", draw_with_torchviz(made[-1], [], {}) or ""), rounds=1)
    except RenderError as error:
        # graphviz-pure lays 500 of torchviz's ops in two minutes on an idle machine, or not.
        pytest.skip(str(error))


@pytest.mark.parametrize("ending", ["svg", "png", "html"])
@pytest.mark.parametrize("kind", ["random", "chain", "layers"])
def test_an_export_of_50000_nodes(benchmark: Any, tmp_path: Path, kind: str, ending: str) -> None:
    """From the file of a recording to a folded picture: 5 seconds at most on an idle machine.

    `layers` is a model in light detail, recorded by torch itself; the others are as large recordings are written.
    """
    path = tmp_path / "large.glab"
    if kind == "layers":
        script = tmp_path / "layers.py"
        script.write_text(_LAYERS, encoding="utf-8")
        words = [sys.executable, "-m", "graphlab", "run", str(script), "--detail", "light", "-o", str(path)]
        subprocess.run(words, check=True, capture_output=True)
    else:
        write_large(path, kind, 50_000)

    def export() -> None:
        recording = open_recording(path)
        if ending == "html":
            render_run(recording, tmp_path / "large.html")
        else:
            render(recording.graph(), tmp_path / f"large.{ending}")
        recording.close()

    benchmark.pedantic(export, rounds=2)


_LAYERS = """
import torch
torch.manual_seed(0)
block = lambda: torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.LayerNorm(4), torch.nn.ReLU())
model = torch.nn.Sequential(*[torch.nn.Sequential(*[block() for _ in range(20)]) for _ in range(280)])
model(torch.randn(3, 4)).pow(2).mean().backward()
"""
