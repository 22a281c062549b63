"""How the numbers of a tensor lie in memory, to read them there: numpy takes four calls for what takes torch a dozen.

A tensor, its transpose and what `view` and `reshape` make of it lie in the same memory, and so have the same figures.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy
import torch

Found = tuple[float, float, float]
"""Norm, minimum and maximum."""
_ROW = 256
"""Numbers that are summed as float32 before the sums are as float64: seven digits, in a fifth of the time."""
_WIDENED = 8192
"""Numbers up to which all are summed as float64: that is quick enough. Of other dtypes so many are at a time."""
_STORED = {
    torch.float32: "f4", torch.float64: "f8", torch.int64: "i8", torch.int32: "i4", torch.int16: "i2",
    torch.int8: "i1", torch.uint8: "u1", torch.bool: "?",
}  # fmt: skip
CHECKED = 64
"""In how many places numbers are compared before memory counts as unchanged."""
_PLACE = 8
"""How many bytes are read in each."""
_NUMBER = numpy.dtype(f"V{_PLACE}")
_REMEMBERED = 512
_MOST_COPIED = 2**20
"""Numbers up to which those with gaps between them are copied to be measured."""
_READERS: dict[int, Callable[[int], Any]] = {}
_known: dict[Any, Lying] = {}
"""By shape, strides and size of a number."""


class Lying:
    """How numbers lie, from the address of the first on.

    Args:
        shape: of the tensor.
        strides: of the tensor, in numbers.
        size: of a number, in bytes.
    """

    __slots__ = ("_checked", "_samples", "_shape", "_strides", "count", "extent", "is_whole", "same", "size")

    def __init__(self, shape: tuple[int, ...], strides: tuple[int, ...], size: int) -> None:
        self._shape, self._strides, self.size = shape, strides, size
        self.count = math.prod(shape)
        self.extent = size * (1 + sum([(length - 1) * step for length, step in zip(shape, strides, strict=True)]))
        """How many bytes lie between the first of them and the end of the last."""
        self.same = _merge(shape, strides)
        """The same for tensors that lie in the same places, if they begin at the same."""
        self.is_whole = self.same == ((self.count, 1),)
        """Whether there are no gaps between them, and none lies there twice."""
        self._checked = None
        """Where numbers are compared, for all that lie in the same places in the same order."""
        if not self.is_whole:
            sizes, steps = self._axes()
            self._checked = _places(range(0, self.count, max(1, self.count // CHECKED)), sizes, steps)
        self._samples: dict[int, Any] = {}

    def some(self, address: int) -> bytes:
        """Return what lies in places all over the memory, by which a change of it is told."""
        memory = memory_at(address, self.extent)
        if self._checked is not None:
            numbers = numpy.ndarray(self.extent // self.size, f"V{self.size}", memory)
            found: bytes = numbers[self._checked].tobytes()
            return found
        step = (self.extent - _PLACE) // (CHECKED - 1) // _PLACE * _PLACE
        return numpy.ndarray(CHECKED, _NUMBER, memory, 0, (step,)).tobytes()

    def sample(self, address: int, every: int) -> bytes:
        """Return every n-th number, in the order in which the tensor is read."""
        places = self._samples.get(every)
        if places is None:
            places = slice(None, None, every)
            if not self.is_whole or self._strides != _strides_in_order(self._shape, self._strides):
                places = _places(range(0, self.count, every), self._shape, self._strides)
            self._samples[every] = places
        numbers = numpy.ndarray(self.extent // self.size, f"V{self.size}", memory_at(address, self.extent))
        return numbers[places].tobytes()

    def figures(self, address: int, dtype: torch.dtype) -> Found | None:
        """Return the figures of the numbers; None where another way is to be taken."""
        stored = _STORED.get(dtype)
        numbers = self._numbers(address, stored) if stored is not None else None
        if numbers is None:
            return None
        rows_end = self.count // _ROW * _ROW if stored == "f4" and self.count > _WIDENED else 0
        with numpy.errstate(all="ignore"):
            square = 0.0
            if rows_end:
                rows = numbers[:rows_end].reshape(-1, _ROW)
                square = float(numpy.add.reduce(numpy.vecdot(rows, rows), dtype="f8"))
            # What a recurrent layer keeps for its backward may be many millions of bytes: all at once they would be
            # eight times as many.
            for start in range(rows_end, self.count, _WIDENED):
                rest = numbers[start : start + _WIDENED].astype("f8")
                square += float(numpy.vecdot(rest, rest))
            return math.sqrt(square), float(numbers.min()), float(numbers.max())

    def _numbers(self, address: int, stored: str) -> Any:
        """Return the numbers in one row: where they lie, or, where there are gaps between them, a copy."""
        memory = memory_at(address, self.extent)
        if self.is_whole:
            return numpy.ndarray(self.count, stored, memory)
        if self.count > _MOST_COPIED:
            return None
        sizes, strides = self._axes()
        lying = numpy.ndarray(sizes, stored, memory, 0, [self.size * step for step in strides])
        return numpy.ascontiguousarray(lying).reshape(-1)

    def _axes(self) -> tuple[list[int], list[int]]:
        return [length for length, _ in self.same], [step for _, step in self.same]


def lying_of(tensor: torch.Tensor) -> Lying | None:
    """Return how a tensor lies; None where it does not lie plainly in memory of the CPU that is as large as it says.

    Raises:
        RuntimeError: it has no memory of its own (wrapped by `torch.func`).
    """
    if not tensor.is_cpu or tensor.layout is not torch.strided or tensor.is_neg() or tensor.is_nested:
        return None
    shape, strides, size = tensor.shape, tensor.stride(), tensor.dtype.itemsize
    key = shape, strides, size
    lying = _known.get(key)
    if lying is None:
        lying = Lying(tuple(shape), strides, size)
        if len(_known) >= _REMEMBERED:
            _known.clear()
        _known[key] = lying
    # A storage that was resized to nothing must not be read.
    is_there = tensor.untyped_storage().nbytes() >= size * tensor.storage_offset() + lying.extent
    return lying if is_there else None


def memory_at(address: int, size: int) -> Any:
    """Return memory as an array of ctypes: to read it so is ten times as quick as to ask numpy for a tensor's."""
    read = _READERS.get(size)
    if read is None:
        read = _READERS[size] = (ctypes.c_char * size).from_address
    return read(address)


def _merge(shape: tuple[int, ...], strides: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Return length and stride of as few dimensions as hold the same numbers, in the order in which these lie."""
    found: list[tuple[int, int]] = []
    axes = [(step, length) for length, step in zip(shape, strides, strict=True) if length != 1]
    for step, length in sorted(axes, reverse=True):
        if found and found[-1][1] == length * step:
            found[-1] = found[-1][0] * length, step
        else:
            found.append((length, step))
    return tuple(found)


def _strides_in_order(shape: tuple[int, ...], strides: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides of numbers that lie in the order in which they are read; those of one number tell nothing."""
    found, step = [], 1
    for length, given in zip(reversed(shape), reversed(strides), strict=True):
        found.append(step if length != 1 else given)
        step *= length
    return tuple(reversed(found))


def _places(numbers: range, shape: Sequence[int], strides: Sequence[int]) -> Any:
    """Return where some numbers lie, of those that are counted along some dimensions."""
    places = numpy.zeros(len(numbers), "i8")
    for index, step in zip(numpy.unravel_index(numpy.array(numbers), tuple(shape)), strides, strict=True):
        places += index * step
    return places
