"""The explorer in a real terminal, by keys alone: what a pilot without a screen does not see."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import builders

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
_PATIENCE = 60.0
"""Seconds until a screen that does not come counts as a failure; a busy machine takes its time."""


class Terminal:
    """A terminal of some size in which one command runs."""

    def __init__(self, folder: Path, columns: int, rows: int) -> None:
        self.folder = folder
        self._size = ("-x", str(columns), "-y", str(rows))
        self._socket = f"graphlab-{os.getpid()}-{columns}x{rows}"

    def _tmux(self, *words: str) -> str:
        command = ["tmux", "-L", self._socket, "-f", "/dev/null", *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def run(self, *words: str, environment: str = "") -> None:
        """Run graphlab, and leave a line with its exit code on the screen."""
        command = (
            f"cd {shlex.quote(str(self.folder))} && {environment} {sys.executable} -m graphlab {shlex.join(words)}"
        )
        state = f"XDG_STATE_HOME={shlex.quote(str(self.folder / 'state'))}"
        shell = f"export {state}; {command}; echo left with $?; exec cat"
        self._tmux("new-session", "-d", *self._size, "sh", "-c", shell)

    def press(self, *keys: str) -> None:
        """Press keys one by one."""
        for key in keys:
            self._tmux("send-keys", key)

    def screen(self) -> str:
        """Return the text of the screen."""
        return self._tmux("capture-pane", "-p")

    def wait_for(self, *words: str) -> str:
        """Wait until all of some words stand on the screen, and return its text."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            screen = self.screen()
            if all(word in screen for word in words):
                return screen
            time.sleep(0.1)
        pytest.fail(f"{words} did not come; the screen:\n{self.screen()}")

    def close(self) -> None:
        """End it with all that runs in it."""
        subprocess.run(["tmux", "-L", self._socket, "kill-server"], capture_output=True, check=False)


@pytest.fixture
def open_terminal(tmp_path: Path) -> Iterator[Callable[[int, int], Terminal]]:
    """Open terminals that are closed after the test."""
    opened: list[Terminal] = []

    def open_one(columns: int, rows: int) -> Terminal:
        opened.append(Terminal(tmp_path, columns, rows))
        return opened[-1]

    yield open_one
    for terminal in opened:
        terminal.close()


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), pytest.param(120, 40, marks=pytest.mark.slow)])
def test_the_whole_way_goes_by_keys_alone(
    open_terminal: Callable[[int, int], Terminal], columns: int, rows: int
) -> None:
    """Gallery, RNN cell forward and back, training view of linear regression, a picture, and out."""
    terminal = open_terminal(columns, rows)
    terminal.run()
    terminal.wait_for("Gallery", "▸ tensor_ranks")
    terminal.press(*["Down"] * 5)
    terminal.wait_for("▸ rnn_cell")
    terminal.press("Enter")
    terminal.wait_for("Source rnn_cell.py", "e0/51")
    terminal.press("Right")
    terminal.wait_for("e1/51")
    terminal.press("End")
    terminal.wait_for("e51/51")
    terminal.press("Home")
    terminal.wait_for("e0/51", "? Help")
    terminal.press("o")
    terminal.wait_for("Gallery", "▸ rnn_cell")
    terminal.press(*["Down"] * 8)
    terminal.wait_for("▸ linear_regression_low")
    terminal.press("Enter")
    terminal.wait_for("Source linear_re", "e0/")
    terminal.press("5")
    terminal.wait_for("5 Training", "step 1 of 30")
    terminal.press("]")
    terminal.wait_for("step 2 of 30")
    terminal.press("End")
    terminal.wait_for("step 30 of 30")
    terminal.press("e")
    terminal.wait_for("outputs/")
    terminal.press("Enter")
    terminal.wait_for("linear_regression_low-e")
    end = time.monotonic() + _PATIENCE
    while not list((terminal.folder / "outputs").glob("*.svg")) and time.monotonic() < end:
        time.sleep(0.1)
    (picture,) = (terminal.folder / "outputs").glob("*.svg")
    assert "AddBackward0" in picture.read_text(encoding="utf-8")
    terminal.wait_for("step 30 of 30")
    terminal.press("q")
    terminal.wait_for("left with 0")


@pytest.mark.parametrize(
    "environment",
    ["COLORTERM=truecolor", "COLORTERM= TERM=xterm-256color", "COLORTERM= TERM=linux", "NO_COLOR=1"],
    ids=["truecolor", "256", "16", "no-color"],
)
def test_every_kind_of_terminal_shows_the_cell_and_is_left_cleanly(
    open_terminal: Callable[[int, int], Terminal], tmp_path: Path, environment: str
) -> None:
    recording = builders.rnn_cell(tmp_path)
    terminal = open_terminal(80, 24)
    terminal.run("explore", str(recording.path), environment=environment)
    terminal.wait_for("1 Source", "2 Graph", "? Help")
    terminal.press("Right", "Right", "Right")
    terminal.wait_for("e3/")
    terminal.press("q")
    terminal.wait_for("left with 0")
