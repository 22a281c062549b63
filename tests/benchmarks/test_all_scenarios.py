"""How long `graphlab run --all` takes: at most three minutes on two idle cores."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any


def test_all_scenarios_two_at_a_time(benchmark: Any, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "graphlab", "run", "--all", "--jobs", "2", "-o", str(tmp_path)]
    benchmark.pedantic(lambda: subprocess.run(words, check=True, capture_output=True), rounds=1)
