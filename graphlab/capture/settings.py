"""The settings under which a run reckoned: with others the same script comes to other numbers in the last digits.

Read when the run ends, for scripts choose them, and nothing in here may start what the script did not: no GPU is asked
for that it has not used.
"""

from __future__ import annotations

import platform
from typing import Any

import torch


def read_settings() -> dict[str, Any]:
    """Return the settings by the names under which a comparison of two runs tells them."""
    found = {
        "python": platform.python_version(),
        "threads": torch.get_num_threads(),
        "default dtype": str(torch.get_default_dtype()).removeprefix("torch."),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "machine": platform.machine(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
    }
    if torch.cuda.is_initialized():
        found["gpu"] = torch.cuda.get_device_name()
    return found
