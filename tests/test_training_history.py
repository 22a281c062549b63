"""One parameter over the steps: its histogram, its entries, what the optimizer keeps, as torch itself has them."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import numpy
import pytest

from graphlab.recording import Recording
from graphlab.recording.states import read_states
from graphlab.series import Series
from graphlab.training.history import History
from tests.recorded import record_text

SCRIPT = """
    import torch
    torch.manual_seed(0)
    x = torch.randn(16, 4)
    model = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.ReLU(), torch.nn.Linear(5, 1))
    with torch.no_grad():
        model[0].bias[1] = -50.0
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    kept = []
    for step in range(12):
        optimizer.zero_grad()
        loss = model(x).pow(2).mean()
        loss.backward()
        optimizer.step()
        p = model[0].weight
        kept.append((p.detach().numpy().copy(), p.grad.numpy().copy(), *(
            optimizer.state[p][name].norm().item() for name in ("exp_avg", "exp_avg_sq"))))
"""


def _recorded(folder: Path, detail: str = "full") -> tuple[Recording, list[Any]]:
    names: dict[str, Any] = {}
    exec(compile(textwrap.dedent(SCRIPT), "script.py", "exec"), names)  # the oracle: the same script, bare
    return record_text(folder, SCRIPT, detail=detail), names["kept"]


def _history(recording: Recording) -> History:
    series = Series(recording)
    history = History(series, series.leaves(len(recording.steps))[0])
    while not history.read_on(1.0):
        pass
    return history


@pytest.mark.parametrize("detail", ["full", "light"])
def test_moments_are_those_of_the_optimizer(tmp_path: Path, detail: str) -> None:
    recording, kept = _recorded(tmp_path, detail)
    states = _history(recording).states()
    assert list(states) == ["exp_avg", "exp_avg_sq"]
    for place, name in ((2, "exp_avg"), (3, "exp_avg_sq")):
        steps, norms = states[name]
        assert steps.tolist() == (list(range(12)) if detail == "full" else list(range(10)))
        assert norms.tolist() == pytest.approx([kept[step][place] for step in steps], rel=1e-5)


def test_a_recording_that_lacks_the_table_has_no_states(tmp_path: Path) -> None:
    recording, _ = _recorded(tmp_path)
    import sqlite3

    recording.close()
    assert recording.path is not None
    with sqlite3.connect(recording.path) as connection:
        connection.execute("DROP TABLE optimizer_states")
    connection.close()
    from graphlab.recording import open_recording

    assert read_states(open_recording(recording.path), 1) == {}


@pytest.mark.parametrize("detail", ["full", "light"])
def test_entries_are_the_parameters_own(tmp_path: Path, detail: str) -> None:
    recording, kept = _recorded(tmp_path, detail)
    history = _history(recording)
    for place, measure in ((0, "value"), (1, "gradient")):
        entries = history.entries(measure)  # type: ignore[arg-type]  # a tuple's words are no literals to mypy
        assert entries is not None
        for step, row in zip(*entries, strict=True):
            numpy.testing.assert_allclose(row, kept[step][place].ravel(), rtol=1e-6)
    moved = history.entries("update")
    assert moved is not None
    numpy.testing.assert_allclose(moved[1][3], (kept[3][0] - kept[2][0]).ravel(), atol=1e-7)


def test_the_histogram_counts_every_entry_and_zeros_apart(tmp_path: Path) -> None:
    recording, kept = _recorded(tmp_path)
    found = _history(recording).histogram(numpy.arange(12), 12, 21)
    assert found.shares.shape[1] == 12
    assert found.is_there.all()
    for step, (_, gradient, *_) in enumerate(kept):
        shares = found.shares[:, step]
        assert shares.sum() == pytest.approx(1.0, abs=1e-5)
        size = gradient.size
        assert shares[: found.middle].sum() == pytest.approx((gradient > found.edges[0]).sum() / size, abs=1e-5)
        assert shares[found.middle + 1 :].sum() == pytest.approx((gradient < -found.edges[0]).sum() / size, abs=1e-5)
        assert shares[found.middle] >= (gradient == 0).mean() - 1e-6
        for row, (low, high) in enumerate(zip(found.edges[:-1], found.edges[1:], strict=True)):
            inside = ((gradient >= low) & (gradient < high)).sum() / size
            assert shares[found.middle - 1 - row] == pytest.approx(inside, abs=1e-5)
    assert (found.shares[found.middle] >= 0.2 - 1e-6).all(), "a dead unit of five"


def test_of_steps_that_share_a_column_the_largest_share_shows(tmp_path: Path) -> None:
    recording, _ = _recorded(tmp_path)
    history = _history(recording)
    every = history.histogram(numpy.arange(12), 12, 401).shares
    grouped = history.histogram(numpy.array([0, 5]), 12, 401).shares
    numpy.testing.assert_allclose(grouped[:, 1], every[:, 5:].max(axis=1), atol=1e-6)
