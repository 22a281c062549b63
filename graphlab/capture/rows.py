"""Many small tensors as one row of numbers: copied in one go, and measured, compared and cut into pieces by numpy.

Asking tensor by tensor costs more than the numbers do. The parameters of most small models, and their gradients, are
all of one kind; where something else is among them there is no row.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy
import torch

MOST = 1024
"""Elements up to which a tensor is small."""
_TYPES = {torch.Tensor, torch.nn.Parameter}
_HALF = {torch.float16, torch.bfloat16}


class Row:
    """Tensors one after the other.

    Args:
        numbers: what they hold.
        sizes: how many numbers each has, at least one.
    """

    def __init__(self, numbers: numpy.ndarray[Any, Any], sizes: Sequence[int]) -> None:
        self.numbers = numbers
        self.sizes = sizes

    @classmethod
    def of(cls, tensors: Sequence[torch.Tensor | None]) -> Row | None:
        """Copy tensors that are all small, of float32 and on the CPU; None where something else is among them."""
        if not _TYPES.issuperset(map(type, tensors)):  # a class of the script's own runs its code when it is copied
            return None
        first = tensors[0] if tensors else None
        if first is None or first.dtype is not torch.float32 or not first.is_cpu:
            return None
        sizes = list(map(torch.Tensor.numel, tensors))  # type: ignore[arg-type]  # a None among them has another type
        if not 0 < min(sizes) <= max(sizes) <= MOST:
            return None
        try:
            row = torch._C._nn.flatten_dense_tensors(tensors).detach()  # type: ignore[arg-type]  # as above
        except (TypeError, RuntimeError):  # sparse, nested, or wrapped by vmap
            return None
        row = row.clone() if len(tensors) == 1 else row  # of one alone torch gives a view
        # One that is wider, complex or somewhere else would make the row so.
        return cls(row.numpy(), sizes) if row.dtype is torch.float32 and row.is_cpu else None

    def norms(self) -> list[float]:
        """Return the 2-norm of each, summed in float64."""
        with numpy.errstate(all="ignore"):
            squares = numpy.add.reduceat(numpy.square(self.numbers, dtype="f8"), [0, *accumulate(self.sizes[:-1])])
            norms: list[float] = numpy.sqrt(squares).tolist()
        return norms

    def figures(self) -> list[float]:
        """Return the 2-norm of each, or the number itself of one with one element."""
        figures = self.norms()
        if 1 in self.sizes:
            at = [0, *accumulate(self.sizes)]
            for index, size in enumerate(self.sizes):
                if size == 1:
                    figures[index] = float(self.numbers[at[index]])
        return figures

    def distances(self, before: Row) -> list[float]:
        """Return how far each has moved from what it was, as a 2-norm; before must have the same sizes."""
        with numpy.errstate(all="ignore"):
            moved = numpy.subtract(self.numbers, before.numbers, dtype="f8")
        return Row(moved, self.sizes).norms()

    def piece(self, place: int) -> numpy.ndarray[Any, Any]:
        """Return the numbers of one."""
        start = sum(self.sizes[:place])
        return self.numbers[start : start + self.sizes[place]]

    def pieces(self) -> list[bytes]:
        """Return the bytes of each, little-endian."""
        data = self.numbers.astype("<f4", copy=False).tobytes()
        return [data[4 * start : 4 * end] for start, end in pairwise((0, *accumulate(self.sizes)))]


def row_of(tensors: list[torch.Tensor]) -> Row:
    """Copy tensors of one dtype on the CPU, half types as float32.

    Raises:
        RuntimeError: something among them is nested, or wrapped by vmap.
    """
    row = torch._C._nn.flatten_dense_tensors(tensors).detach()
    row = row.clone() if len(tensors) == 1 else row
    return Row((row.float() if row.dtype in _HALF else row).numpy(), list(map(torch.Tensor.numel, tensors)))
