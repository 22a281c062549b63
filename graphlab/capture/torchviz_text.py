"""torchviz's own DOT text of a graph, with numbers instead of addresses, so that every run writes the same."""

from __future__ import annotations

import importlib
import re
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import torch

_NUMBER = re.compile(r"\b\d{6,}\b")


def _has_hooks(fn: Any) -> bool:
    """Whether a custom function keeps tensors that the script's own hooks have packed away."""
    try:
        return any(each.unpack_hook is not None for each in getattr(fn, "_raw_saved_tensors", ()))
    except RuntimeError:  # freed by now: autograd itself will say so
        return True


def load_torchviz() -> Any:
    """Import what torchviz draws with, and leave everything else as it was.

    Raises:
        Exception: whatever its imports raise.
    """
    path = list(sys.path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its imports warn about distutils
            return importlib.import_module("torchviz.dot")
    finally:
        sys.path[:] = path  # setuptools, which it takes distutils from, leaves a folder of its own there


def draw_with_torchviz(root: torch.Tensor, functions: Sequence[Any], names: dict[str, torch.Tensor]) -> str | None:
    """Return torchviz's picture of what lies below a tensor as DOT text, or None where it cannot draw it.

    Args:
        functions: the nodes of the graph; being held they keep their addresses while torchviz names nodes by them.
        names: what the leaves are called.
    """
    if any(_has_hooks(fn) for fn in functions):
        return None  # it looks into what custom functions keep: that would run the script's own hooks
    held: list[set[Any]] = []

    def make_set() -> set[Any]:
        held.append(set())
        return held[-1]

    try:
        torchviz = load_torchviz()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # What it walks over lies in a set that a function of its own refers to, which refers to itself: until
            # the next garbage collection the whole graph would live on, and what that keeps.
            vars(torchviz)["set"] = make_set
            text: str = torchviz.make_dot(root, params=names).source
    except Exception:  # noqa: BLE001 - its recursion, its imports, a node unknown to it: no picture is worth a run
        return None
    finally:
        for each in held:
            each.clear()
        if "torchviz.dot" in sys.modules:
            vars(sys.modules["torchviz.dot"]).pop("set", None)
    addresses = {str(id(fn)) for fn in functions} | {str(id(tensor)) for tensor in names.values()} | {str(id(root))}
    order: dict[str, str] = {}

    def rename(match: re.Match[str]) -> str:
        word = match.group()
        return order.setdefault(word, f"n{len(order) + 1}") if word in addresses or len(word) > 11 else word

    return _NUMBER.sub(rename, text)
