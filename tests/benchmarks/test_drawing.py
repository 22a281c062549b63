"""How long layouts and pictures of graphs of several sizes take. Measured, not asserted."""

from __future__ import annotations

from typing import Any

import pytest

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
