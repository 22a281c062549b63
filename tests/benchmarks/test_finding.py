"""How long a search takes in a recording of 100,000 nodes: to read it once, and to find again at each key.

Measured, not asserted. The budget: 50 ms a key.
"""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from graphlab.finding import Index, Query, find_matches, parse_query
from graphlab.recording import Recording
from tests import builders

NODES = 100_000
_STEPS = 20


@pytest.fixture(scope="module")
def long_run(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Return steps of long chains of ops, each with a line, a value and a gradient of its own."""
    run = builders.Run(tmp_path_factory.mktemp("long") / "long.glab", builders.TRAINING, "long")
    line = run.at("prediction = ")
    leaf = run.leaf(run.at("w = "), numpy.ones(2, "f4"), kind="parameter")
    for step in range(1, _STEPS + 1):
        run.operations.clear()
        made = leaf
        for number in range(NODES // _STEPS):
            made = run.op(line + number % 3, ("mul", "sub", "relu")[number % 3], made.array, (made, numpy.positive))
            run.line(line + number % 3, prediction=made)
        forward = run.event
        run.backward(run.at("loss.backward"), made)
        run.spans(step, ("forward", forward), ("backward", run.event))
        run.writer.commit()
    return run.end()


@pytest.fixture(scope="module")
def index(long_run: Recording) -> Index:
    made = Index(long_run)
    made.feed(has_figures=True)
    assert made.nodes.ids.array.size >= NODES
    return made


@pytest.mark.parametrize("has_figures", [False, True], ids=["texts", "texts and figures"])
def test_reading_all(benchmark: Any, long_run: Recording, has_figures: bool) -> None:
    benchmark.pedantic(lambda: Index(long_run).feed(has_figures=has_figures), rounds=3)


@pytest.mark.parametrize(
    "text",
    ["m", "mul", "op:sub", "name:pred", "line:20", "shape:[2]", "grad:nan", "|grad|>1", "nan", "kind:op -|grad|>1"],
)
def test_a_key(benchmark: Any, index: Index, text: str) -> None:
    query = parse_query(text)
    assert isinstance(query, Query)
    benchmark.pedantic(lambda: find_matches(index, query), rounds=10, warmup_rounds=1)
