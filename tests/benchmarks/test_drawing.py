"""How long layouts and pictures of graphs of several sizes take. Measured, not asserted."""

from __future__ import annotations

from typing import Any

import pytest

from graphlab.layout.grid import CellSize, lay_out_grid
from graphlab.layout.lanes import Lanes, newest_first
from graphlab.renderers import render_bytes
from tests import graphs


@pytest.mark.parametrize("count", [1_000, 100_000, 1_000_000])
def test_lanes_and_a_jump_to_their_middle(benchmark: Any, count: int) -> None:
    sources, targets = range(count - 1), range(1, count)

    def look() -> None:
        lanes = Lanes(newest_first(range(count), sources, targets), sources, targets)
        lanes.rows(count // 2, count // 2 + 50)

    benchmark.pedantic(look, rounds=3)


@pytest.mark.parametrize("count", [50, 500, 5_000])
def test_a_picture(benchmark: Any, count: int) -> None:
    graph = graphs.random_dag(count)
    benchmark.pedantic(lambda: render_bytes(graph, "svg"), rounds=3)


@pytest.mark.parametrize("count", [50, 500, 5_000])
def test_boxes_on_cells(benchmark: Any, count: int) -> None:
    """The explorer's boxes: so many in view, in four rows each."""
    graph = graphs.random_dag(count)
    sizes = {node: CellSize(18, 4) for node in graph}
    benchmark.pedantic(lambda: lay_out_grid(graph, sizes, wrap=60), rounds=1 if count > 1_000 else 3)
