"""Keeps our frames out of what anomaly mode says of the forward.

Under `torch.autograd.detect_anomaly` each node remembers, as text, the stack that made it; a backward that finds NaN
prints it. Some of its frames are there only because we watch.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch

_KEY = "traceback_"
_OURS = str(Path(__file__).resolve().parent)
_OVERRIDES = str(Path(torch.overrides.__file__))
_HEAD = re.compile(r'  File "(.+)", line \d+, in (.+)')


def clean_stack(grad_fn: Any) -> None:
    """Rewrite the stack that a node remembers, where it remembers one."""
    frames = grad_fn.metadata.get(_KEY)
    if isinstance(frames, list):
        frames[:] = _without_ours(frames)


def _without_ours(frames: list[str]) -> list[str]:
    """Return the frames of a stack, the outermost first, that stand in it in an unwatched run too.

    Below the mode comes a frame of ours that carries the name of its caller. A function of torch that handed itself
    to the mode is called by it once more: its first frame goes with ours.
    """
    kept: list[str] = []
    is_below_mode = False
    for text in frames:
        head = _HEAD.match(text)
        file, name = head.groups() if head is not None else ("", "")
        if file.startswith(_OURS):
            if name == "run_main":
                kept.clear()  # what ran the script
            is_below_mode = name in {"watch", "_watch_any", "_pass", "__torch_function__"}
        elif file == _OVERRIDES and name == "handle_torch_function":
            kept.pop()
        elif is_below_mode:
            is_below_mode = False
        else:
            kept.append(text)
    return kept
