"""The command line in this process, where torch is imported already: what most tests of commands need.

A test of the process itself (signals, limits, exits in the middle, what is there before torch) starts a child instead.
Both answer alike.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol

import pytest

from graphlab.cli import main


class RunGraphlab(Protocol):
    """Runs a command in a folder; what comes back is what `subprocess.run` would say of a child."""

    def __call__(self, *words: str, folder: Path) -> subprocess.CompletedProcess[str]: ...


def child_environment() -> dict[str, str]:
    """Return the environment in which a child finds the graphlab that is tested, wherever it starts."""
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}


def run_child(*words: str, folder: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "graphlab", *words], cwd=folder, env=child_environment(), capture_output=True,
        text=True, check=False, timeout=300, **options,
    )  # fmt: skip


def run_in_process(words: tuple[str, ...], folder: Path, capture: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Run a command in a folder and return its exit code and what it wrote; afterwards all is as it was before."""
    capture.readouterr()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        # A script that the command runs stays `__main__`, for a process that ends with it; this one does not.
        patch.setitem(sys.modules, "__main__", sys.modules["__main__"])
        for name in ("argv", "excepthook"):
            patch.setattr(sys, name, getattr(sys, name))
        try:
            code = main(words)
        except SystemExit as ended:  # the script's own
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    output, errors = capture.readouterr()
    return code, output, errors
