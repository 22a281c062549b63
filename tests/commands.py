"""The command line in this process, where torch is imported already: what most tests of commands need.

A test of the process itself (signals, limits, exits in the middle, what is there before torch) starts a child instead.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest

from graphlab.cli import main


class RunGraphlab(Protocol):
    """Runs a command in a folder; what comes back is what `subprocess.run` would say of a child."""

    def __call__(self, *words: str, folder: Path) -> subprocess.CompletedProcess[str]: ...


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
