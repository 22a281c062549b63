"""How long a step of the cursor and a jump take in a recording of 10,000 events, and how long the first paint.

Measured, not asserted: a machine under load says nothing about the code. The budgets: a step 16 ms (median), a jump
50 ms (95th percentile), the first paint 0.5 s from the start of the process.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graphlab.tui.app import GraphlabApp
from graphlab.tui.explore import ExploreScreen
from graphlab.tui.graph import GraphPane
from graphlab.tui.theme import DARK
from tests import builders

SIZES = [(80, 24), (120, 40), (200, 60)]


@pytest.fixture(scope="module")
def long_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = builders.long_run(tmp_path_factory.mktemp("long")).path
    assert path is not None
    return path


class Screen:
    """An explorer on a screen of a size, driven without a pilot's waits."""

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        # One runner, because textual's context variables must be set and reset in one and the same context.
        self.runner = asyncio.Runner()
        self.app = GraphlabApp(path, theme=DARK)
        self.context = self.app.run_test(size=size)
        self.runner.run(self._open())
        screen = self.app.screen
        assert isinstance(screen, ExploreScreen)
        self.screen = screen

    async def _open(self) -> None:
        pilot = await self.context.__aenter__()
        await pilot.pause(0.3)

    def repaint_after(self, act: Callable[[], Any]) -> None:
        """Act, make the rows anew, and write what has changed on the screen."""

        async def run() -> None:
            act()
            self.screen._repaint()
            for _ in range(5):
                await asyncio.sleep(0)  # the panes tell the screen that they have changed
            self.screen._on_timer_update()

        self.runner.run(run())

    def close(self) -> None:
        self.runner.run(self._close())
        self.runner.close()

    async def _close(self) -> None:
        await self.context.__aexit__(None, None, None)


@pytest.fixture(params=SIZES, ids=[f"{width}x{height}" for width, height in SIZES])
def screen(request: pytest.FixtureRequest, long_run: Path) -> Iterator[Screen]:
    made = Screen(long_run, request.param)
    yield made
    made.close()


def test_a_step_forward(benchmark: Any, screen: Screen) -> None:
    state = screen.screen.state
    state.go(5000)
    benchmark.pedantic(lambda: screen.repaint_after(state.next), rounds=300, warmup_rounds=5)


def test_a_step_back(benchmark: Any, screen: Screen) -> None:
    state = screen.screen.state
    state.go(5000)
    benchmark.pedantic(lambda: screen.repaint_after(state.previous), rounds=300, warmup_rounds=5)


def test_a_jump_anywhere(benchmark: Any, screen: Screen) -> None:
    state = screen.screen.state
    chance = random.Random(0)
    times = 200

    def jump() -> None:
        screen.repaint_after(lambda: state.go(chance.randint(0, state.last)))

    benchmark.pedantic(jump, rounds=times, warmup_rounds=3)
    ordered = sorted(benchmark.stats.stats.data)
    benchmark.extra_info["p95_ms"] = round(ordered[int(0.95 * len(ordered))] * 1000, 2)


def test_the_first_paint(benchmark: Any, long_run: Path) -> None:
    """From the start of a process to the first line of the explorer in its output."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from graphlab.tui.app import GraphlabApp\n"
        f"app = GraphlabApp(Path({str(long_run)!r}))\n"
        "app.call_later(lambda: None)\n"
        "async def main():\n"
        "    async with app.run_test(size=(120, 40)) as pilot:\n"
        "        while not any('Source' in strip.text for strip in app.screen._compositor.render_strips()):\n"
        "            await pilot.pause(0.001)\n"
        "import asyncio\n"
        "asyncio.run(main())\n"
    )
    benchmark.pedantic(lambda: subprocess.run([sys.executable, "-c", code], check=True), rounds=5, warmup_rounds=1)


@pytest.fixture(params=SIZES, ids=[f"boxes-{width}x{height}" for width, height in SIZES])
def boxes(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Screen]:
    """Boxes alone on the screen, of a graph that is larger than it."""
    path = builders.random_program(tmp_path, 3, ops=80).path
    assert path is not None
    made = Screen(path, request.param)
    pane = made.screen.query_one("#graph", GraphPane)
    pane.chosen_view = "boxes"
    made.repaint_after(lambda: made.screen._zoom(pane))
    yield made
    made.close()


def test_a_step_in_the_boxes(benchmark: Any, boxes: Screen) -> None:
    state = boxes.screen.state
    state.go(state.last // 2)
    benchmark.pedantic(lambda: boxes.repaint_after(state.next), rounds=60, warmup_rounds=5)


def test_another_box_is_selected_and_lights_the_way(benchmark: Any, boxes: Screen) -> None:
    state = boxes.screen.state
    state.go_last()
    nodes = list(state.recording.structure(1).nodes)
    chance = random.Random(0)
    benchmark.pedantic(lambda: boxes.repaint_after(lambda: state.choose(chance.choice(nodes))), rounds=60)
