"""What it costs to record a training, beside torchviz, torchview and torchlens on the same models.

Measured, not asserted; the table that `make bench` ends with shows the targets.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

_OTHERS = ["torchviz", "torchview", "torchlens", "torchlens backward"]
_LIMIT = 900
"""Seconds for all cases of a tool."""


@pytest.mark.parametrize("tool", ["light", "full", *_OTHERS, "growth", "long"])
def test_what_a_step_costs(benchmark: Any, measured: dict[str, Any], tool: str) -> None:
    module = tool.split(maxsplit=1)[0]
    if tool in _OTHERS and importlib.util.find_spec(module) is None:
        measured[tool] = f"{module} is not installed"
        pytest.skip(f"{module} is not installed")
    command = [sys.executable, "-m", "tests.benchmarks.measure", tool]
    # Two threads of one step would measure the scheduler.
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    root = Path(__file__).resolve().parents[2]

    def run() -> None:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root, env=environment) as child:
            # Another tool may take many minutes over one step: what it has not done by then is too slow.
            timer = threading.Timer(_LIMIT, child.kill)
            timer.start()
            assert child.stdout is not None
            for line in child.stdout:
                measured.setdefault(tool, {}).update(json.loads(line))
            timer.cancel()
        assert tool in measured

    benchmark.pedantic(run, rounds=1)
