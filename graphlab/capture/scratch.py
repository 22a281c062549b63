"""Copies of what is about to be changed, in memory that is used again: fresh memory costs five times the copying.

The system clears each page of it when it is first touched. So the copies of one step lend their memory to the next,
up to a budget.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch

from graphlab.capture.snapshots import PLAIN_TYPES

SPARE_BYTES = 128 * 2**20
"""How much memory is kept between two steps."""
_LARGE = 64 * 2**10
"""Bytes from which on a copy is worth keeping: smaller ones come from memory that Python holds anyway."""


class Scratch:
    """Memory for copies that are needed for a moment, again and again."""

    def __init__(self) -> None:
        self._spare: dict[Any, list[torch.Tensor]] = {}
        """By dtype, shape and strides."""
        self._difference: torch.Tensor | None = None

    def copy(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return a copy of a tensor; call it where no gradients are followed."""
        spare = self._spare.get(_kind_of(tensor)) if _is_worth(tensor) else None
        return spare.pop().copy_(tensor.detach()) if spare else tensor.detach().clone()

    def difference(self, after: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
        """Return after − before, good until the next difference is asked for; both are plain tensors of one shape."""
        spare = self._difference
        if spare is None or _kind_of(spare) != _kind_of(after) or spare.is_inference():
            spare = self._difference = torch.empty_like(after)
        return torch.sub(after, before, out=spare)

    def give_back(self, copies: Iterable[torch.Tensor]) -> None:
        """Take copies back that nobody needs any more; what lay here unused since the last time is let go."""
        self._spare, self._difference, size = {}, None, 0
        for copy in copies:
            if _is_worth(copy):
                size += copy.nbytes
                if size > SPARE_BYTES:
                    return
                self._spare.setdefault(_kind_of(copy), []).append(copy)


def _is_worth(tensor: torch.Tensor) -> bool:
    """Whether a tensor is large, and its memory can be written again like any other."""
    return (
        type(tensor) in PLAIN_TYPES and tensor.layout is torch.strided and tensor.is_cpu and tensor.nbytes >= _LARGE
        and not (tensor.is_quantized or tensor.is_nested or tensor.is_complex() or tensor.is_inference())
    )  # fmt: skip


def _kind_of(tensor: torch.Tensor) -> Any:
    return tensor.dtype, tensor.shape, tensor.stride()
