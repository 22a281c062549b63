"""How long the numbers of two runs take to compare: 100,000 light steps against 100,000, and full steps op by op.

Measured, not asserted, as all benchmarks are. The budget: a few seconds, and little memory beside the files' own.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy
import pytest

from graphlab.comparing import Tolerance, compare_runs
from graphlab.graph.diff import compare
from graphlab.recording import open_recording
from tests import graphs
from tests.light_builder import light_run
from tests.recorded import record_text

STEPS, PARAMETERS = 100_000, 20

FULL = """
    import torch

    LR = 0.1
    torch.manual_seed(0)
    x = torch.randn(16, 8)
    y = x.sum(1, keepdim=True)
    model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)
    for step in range(300):
        loss = ((model(x) - y) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    """


@pytest.fixture(scope="module")
def long_runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two long light runs that part at step 48,213 by one norm's last digits, and from there on more and more."""

    def bump(step: int, norms: numpy.ndarray[tuple[int], numpy.dtype[numpy.float64]]) -> None:
        if step >= 48_213:
            norms[3] *= 1 + 1e-9 * 1.0003 ** (step - 48_213)

    paths = []
    for name, figure in (("a", None), ("b", bump)):
        path = light_run(tmp_path_factory.mktemp(name), STEPS, PARAMETERS, figure).path
        assert path is not None
        paths.append(path)
    return paths[0], paths[1]


def test_two_graphs_of_ten_thousand_nodes(benchmark: Any) -> None:
    """With ten ops less in one of them: two seconds on an idle machine."""
    before, after = graphs.random_dag(10_000, 1), graphs.random_dag(10_000, 1)
    ops = [node for node, data in after.nodes(data=True) if data["kind"] == "op"]
    after.remove_nodes_from(random.Random(1).sample(ops, 10))
    comparison = benchmark.pedantic(compare, (before, after), rounds=3)
    assert (comparison.count("added"), comparison.count("removed")) == (0, 10)


def test_two_long_light_runs(benchmark: Any, long_runs: tuple[Path, Path]) -> None:
    """From two files to the answer."""
    found = benchmark.pedantic(
        lambda: compare_runs(open_recording(long_runs[0]), open_recording(long_runs[1])), rounds=3
    )
    assert found.first_step == 48_213


def test_two_full_runs_op_by_op(benchmark: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Until the first element beyond a tolerance that only late steps exceed: all steps before it are walked."""
    paths = []
    for name, rate in (("a", "0.1"), ("b", "0.1000001")):
        recording = record_text(tmp_path_factory.mktemp(name), FULL.replace("LR = 0.1", f"LR = {rate}"), name="run")
        assert recording.path is not None
        paths.append(recording.path)
    loose = Tolerance(0.01, 0.0)
    found = benchmark.pedantic(
        lambda: compare_runs(open_recording(paths[0]), open_recording(paths[1]), loose), rounds=3
    )
    assert found.walk.first.step == 1
    assert found.walk.beyond.step > 20
