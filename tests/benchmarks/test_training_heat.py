"""How long the heat maps of 100 parameters over 100,000 steps take: the first paint, a step, a window elsewhere.

Measured, not asserted, as all benchmarks are. The budgets: the first paint 0.3 s, whatever follows 50 ms.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from graphlab.recording import Recording, open_recording
from graphlab.tui.theme import Look
from graphlab.tui.training_view import TrainingView
from tests.light_builder import light_run

STEPS, PARAMETERS = 100_000, 100
WIDTH, HEIGHT = 200, 60


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = light_run(tmp_path_factory.mktemp("heat"), STEPS, PARAMETERS).path
    assert path is not None
    return path


def _page(recording: Recording) -> TrainingView:
    view = TrainingView(recording)
    view.view = "heat"
    return view


def test_the_heat_page_first_paint(benchmark: Any, path: Path) -> None:
    """From an open recording to its rows."""
    benchmark.pedantic(
        lambda recording: _page(recording).rows(50_000, WIDTH, HEIGHT, Look()),
        setup=lambda: ((open_recording(path),), {}),
        rounds=5,
    )


def test_the_heat_page_first_paint_with_opening(benchmark: Any, path: Path) -> None:
    """From the file to the rows."""
    benchmark.pedantic(lambda: _page(open_recording(path)).rows(50_000, WIDTH, HEIGHT, Look()), rounds=5)


def test_a_step_in_the_heat_page(benchmark: Any, path: Path) -> None:
    view = _page(open_recording(path))
    chance = random.Random(0)
    view.rows(1, WIDTH, HEIGHT, Look())
    benchmark.pedantic(lambda: view.rows(chance.randint(1, STEPS), WIDTH, HEIGHT, Look()), rounds=100)


def test_a_window_of_the_heat_page_moves(benchmark: Any, path: Path) -> None:
    """Seen from nearer, so that each jump of the cursor shows other steps."""
    view = _page(open_recording(path))
    chance = random.Random(0)
    for _ in range(4):
        view.nearer(1)
    view.rows(1, WIDTH, HEIGHT, Look())
    benchmark.pedantic(lambda: view.rows(chance.randint(1, STEPS), WIDTH, HEIGHT, Look()), rounds=100)


def test_the_parameters_scroll(benchmark: Any, path: Path) -> None:
    view = _page(open_recording(path))
    view.rows(1, WIDTH, HEIGHT, Look())

    def pick() -> None:
        view.pick(1, 1)
        view.rows(1, WIDTH, HEIGHT, Look())

    benchmark.pedantic(pick, rounds=90)
