"""Lets `torch.utils.swap_tensors` work on tensors that we know by weak references.

It refuses tensors that any weak reference leads to (`load_state_dict` and `Module.to` swap parameters of some
classes). Ours may lead there: they mean the object, which keeps its identity.
"""

from __future__ import annotations

import types
import weakref
from typing import Any

import torch
import torch.utils

from graphlab.capture.identity import TensorRef


class Swaps:
    """Stands in for the module `weakref` where `swap_tensors` looks it up."""

    def __init__(self) -> None:
        self._kept: Any = None

    def start(self) -> None:
        """Hide our references from it."""
        kept = self._kept = vars(torch.utils)["weakref"]

        def getweakrefs(tensor: object) -> list[Any]:
            return [each for each in kept.getweakrefs(tensor) if not isinstance(each, TensorRef)]

        stand_in = types.ModuleType("weakref")
        stand_in.__dict__.update({**vars(weakref), "getweakrefs": getweakrefs})
        vars(torch.utils)["weakref"] = stand_in

    def stop(self) -> None:
        """Put the module back."""
        if self._kept is not None:
            vars(torch.utils)["weakref"] = self._kept
            self._kept = None
