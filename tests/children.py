"""What tests of child processes share: children that write recordings without torch, and waiting for them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from graphlab.tui import child as child_module
from graphlab.tui.child import Child

ROOT = str(Path(__file__).parents[1])

RECORD = """
import sys, time
sys.path.insert(0, {root!r})
from pathlib import Path
from tests import builders
path = Path({path!r})
path.parent.mkdir(parents=True, exist_ok=True)
print("begins", flush=True)
run = builders.Run(path, builders.TRAINING, "alpha")
builders._play_training(run, 2)
time.sleep({seconds})
run.end()
"""


def start_python(code: str, path: Path) -> Child:
    """Start Python in a group of its own, as `start_recording` does."""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0,
        start_new_session=os.name != "nt",
    )  # fmt: skip
    child = Child(process, path)
    child_module._children.append(child)
    return child


class Recorder:
    """Records in place of the command line, and remembers what it was asked for."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.recorded: list[tuple[str, Path, dict[str, str]]] = []

    def __call__(self, name: str, path: Path, settings: dict[str, str]) -> Child:
        self.recorded.append((name, path, settings))
        return start_python(RECORD.format(root=ROOT, path=str(path), seconds=self.seconds), path)


async def settled(pilot: Pilot[int]) -> None:
    await pilot.pause(0.12)
    await pilot.pause()


async def until(pilot: Pilot[int], condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait for something to be true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never became true"
        await pilot.pause(0.05)
