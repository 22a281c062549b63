"""How long the explorer takes for a step of a million nodes. Measured, not asserted.

The budgets: the first picture 1 s after the recording is open, any jump 50 ms, less than 1 GB of memory in all.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graphlab.tui.graph import GraphPane
from tests.benchmarks.large import write_large
from tests.benchmarks.test_stepping import Screen

_FIRST_PICTURE = """
import asyncio, json, resource, sys, time
from pathlib import Path
from graphlab.tui.app import GraphlabApp

opened = []
show = GraphlabApp.explore

def explore(self, recording, **options):
    opened.append(time.perf_counter())
    show(self, recording, **options)

GraphlabApp.explore = explore

async def main():
    app = GraphlabApp(Path(sys.argv[1]), at=int(sys.argv[2]))
    async with app.run_test(size=(120, 40)) as pilot:
        while not any("Graph: lanes" in strip.text for strip in app.screen._compositor.render_strips()):
            await pilot.pause(0.001)
        seconds = time.perf_counter() - opened[0]
        await pilot.pause(2)
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000]))

asyncio.run(main())
"""


@pytest.fixture(scope="module", params=["chain", "random"])
def large(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_large(tmp_path_factory.mktemp("large") / "large.glab", request.param)


@pytest.fixture
def screen(large: Path) -> Iterator[Screen]:
    made = Screen(large, (120, 40))
    made.screen.query_one("#graph").focus()
    yield made
    made.close()


def test_the_first_picture_of_a_million_nodes(benchmark: Any, large: Path) -> None:
    found = []

    def look() -> None:
        words = [sys.executable, "-c", _FIRST_PICTURE, str(large), "900000"]
        out = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        found.append(json.loads(out.splitlines()[-1]))

    benchmark.pedantic(look, rounds=3)
    benchmark.extra_info["seconds_after_open"] = min(seconds for seconds, _ in found)
    benchmark.extra_info["most_megabytes"] = max(megabytes for _, megabytes in found)


def _jumps(screen: Screen) -> dict[str, Callable[[], Any]]:
    state, graph = screen.screen.state, screen.screen.query_one("#graph", GraphPane)
    chance = random.Random(0)
    return {
        "home": state.first,
        "end": state.go_last,
        "page down": lambda: graph.page(1),
        "page up": lambda: graph.page(-1),
        "go to": lambda: state.go_to(f"e{chance.randint(1, state.last)}"),
        "next": state.next,
    }


@pytest.mark.parametrize("jump", ["home", "end", "page down", "page up", "go to", "next"])
def test_a_jump_among_a_million_nodes(benchmark: Any, screen: Screen, jump: str) -> None:
    act, state = _jumps(screen)[jump], screen.screen.state
    chance = random.Random(1)

    def set_up() -> None:
        screen.repaint_after(lambda: state.go(chance.randint(1, state.last - 1)))

    benchmark.pedantic(lambda: screen.repaint_after(act), setup=set_up, rounds=20)


def test_all_modules_of_a_million_nodes_folded(benchmark: Any, screen: Screen) -> None:
    """The first time: everything that folding asks for is read."""
    state = screen.screen.state
    benchmark.pedantic(lambda: screen.repaint_after(state.lane_book.fold_all), rounds=1)
    screen.repaint_after(state.lane_book.fold_all)


def test_a_million_nodes_sorted_by_shape(benchmark: Any, screen: Screen) -> None:
    state = screen.screen.state
    benchmark.pedantic(lambda: screen.repaint_after(lambda: state.lane_book.sort_by("shape")), rounds=1)
    screen.repaint_after(state.lane_book.toggle_sort)
