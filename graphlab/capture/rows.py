"""Many small tensors as one row of numbers: copied in one go, and measured, compared and cut into pieces by numpy.

Asking tensor by tensor costs more than the numbers do. The parameters of most small models, and their gradients, are
all of one kind; where something else is among them there is no row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from operator import itemgetter
from typing import Any

import numpy
import torch

from graphlab.capture.sink import Pieces
from graphlab.capture.snapshots import sizes_of

MOST = 1024
"""Elements up to which a tensor is small."""
_FEW = 8
"""Tensors up to which it does not pay to look for those that are alike."""
_ALIKE = 4
"""How many tensors a shape must have on average, so that it pays to copy shape by shape."""
_REMEMBERED = 64
_TYPES = {torch.Tensor, torch.nn.Parameter}
_HALF = {torch.float16, torch.bfloat16}
Numbers = numpy.ndarray[Any, Any]


class Layout:
    """Where in a row each of its tensors lies: one after the other, or those of one shape together.

    torch copies tensors of one shape together in a quarter of the time that tensors of any shapes take.

    Args:
        sizes: how many numbers each tensor has, at least one.
        alike: the places of the tensors of each shape, where these lie together.
        tensors: what lies there, if `alike` is given.
    """

    def __init__(
        self, sizes: Sequence[int], alike: Sequence[Sequence[int]] = (), tensors: Sequence[torch.Tensor] = ()
    ) -> None:
        self.sizes = sizes
        self.is_plain = not alike
        """Whether tensors lie there one after the other."""
        self._alike = [(_taker(places), torch.Size((len(places), *tensors[places[0]].shape))) for places in alike]
        self.shapes = [tensor.shape for tensor in tensors]
        """Of each its shape, where these lie shape by shape."""
        order = [place for places in alike for place in places] or range(len(sizes))
        self.bounds = numpy.array([0, *accumulate(sizes[place] for place in order)][:-1])
        """Where tensors begin, in the order in which they lie there."""
        self.ranks = numpy.argsort(order) if alike else None
        """Of each tensor, which of these it is."""
        starts = self.bounds if self.ranks is None else self.bounds[self.ranks]
        self.starts: tuple[int, ...] = tuple(starts.tolist())
        self._single = [place for place, size in enumerate(sizes) if size == 1]
        self._pieces: Pieces | None = None

    def copy(self, tensors: Sequence[torch.Tensor]) -> Numbers | None:
        """Return the numbers of tensors of one shape after the other; None where these are not those of the layout."""
        if self.is_plain:
            return None
        parts = []
        try:
            for take, shape in self._alike:
                part = torch.stack(take(tensors)).detach()  # type: ignore[arg-type]  # a list or tuple
                # One that is wider, complex or somewhere else would make them all so.
                if part.shape != shape or part.dtype is not torch.float32 or not part.is_cpu:
                    return None
                parts.append(part.numpy().reshape(-1))
        except (TypeError, RuntimeError):  # of other shapes, or sparse, nested, wrapped by vmap
            return None
        return parts[0] if len(parts) == 1 else numpy.concatenate(parts)

    def pieces(self, tensors: Sequence[torch.Tensor], places: Sequence[int]) -> Pieces:
        """Return as plain values where some tensors lie; tensors: all that lie there."""
        is_all = len(places) == len(self.sizes)
        if is_all and self._pieces is not None and not self.is_plain:  # else the same sizes may be of other shapes
            return self._pieces
        shapes = tuple([sizes_of(tensors[place]) for place in places])
        pieces = Pieces(shapes, tuple([self.starts[place] for place in places]))
        if is_all:
            self._pieces = pieces
        return pieces

    def figures(self, norms: list[float], numbers: Numbers) -> list[float]:
        """Put the numbers themselves in place of the norms of tensors with one element."""
        for place in self._single:
            norms[place] = float(numbers[self.starts[place]])
        return norms


_layouts: dict[Any, Layout] = {}
"""By how many tensors there are, and the shapes of the first and the last: how these lay in the last row of them."""


class Row:
    """Tensors in one row.

    Args:
        numbers: what they hold.
        layout: where each lies.
    """

    def __init__(self, numbers: Numbers, layout: Layout) -> None:
        self.numbers = numbers
        self.layout = layout

    @classmethod
    def of(cls, tensors: Sequence[torch.Tensor | None]) -> Row | None:
        """Copy tensors that are all small, of float32 and on the CPU; None where something else is among them."""
        if not _TYPES.issuperset(map(type, tensors)):  # a class of the script's own runs its code when it is copied
            return None
        first = tensors[0] if tensors else None
        if first is None or first.dtype is not torch.float32 or not first.is_cpu:
            return None
        return _copy(first, tensors)  # type: ignore[arg-type]  # a None among them has another type

    def norms(self) -> list[float]:
        """Return the 2-norm of each, summed in float64."""
        layout = self.layout
        with numpy.errstate(all="ignore"):
            sums = numpy.add.reduceat(numpy.square(self.numbers, dtype="f8"), layout.bounds)
            norms: list[float] = numpy.sqrt(sums if layout.ranks is None else sums[layout.ranks]).tolist()
        return norms

    def figures(self) -> list[float]:
        """Return the 2-norm of each, or the number itself of one with one element."""
        return self.layout.figures(self.norms(), self.numbers)

    def distances(self, before: Row) -> list[float]:
        """Return how far each has moved from what it was, as a 2-norm; before must have the same sizes."""
        known = before.numbers
        if before.layout is not self.layout:
            known = numpy.empty_like(self.numbers)
            for place, (start, size) in enumerate(zip(self.layout.starts, self.layout.sizes, strict=True)):
                known[start : start + size] = before.piece(place)
        with numpy.errstate(all="ignore"):
            moved = numpy.subtract(self.numbers, known, dtype="f8")
        return Row(moved, self.layout).norms()

    def piece(self, place: int) -> Numbers:
        """Return the numbers of one."""
        start = self.layout.starts[place]
        return self.numbers[start : start + self.layout.sizes[place]]

    def bytes_of(self, place: int) -> bytes:
        """Return the bytes of one, little-endian."""
        return self.piece(place).astype("<f4", copy=False).tobytes()

    def all_bytes(self) -> bytes:
        """Return the bytes of all, as they lie there, little-endian."""
        return self.numbers.astype("<f4", copy=False).tobytes()


def _taker(places: Sequence[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda tensors: [tensors[place] for place in places]


def _copy(first: torch.Tensor, tensors: Sequence[torch.Tensor]) -> Row | None:
    try:
        key = (len(tensors), first.shape, tensors[-1].shape) if len(tensors) > _FEW else None
        known = _layouts.get(key)
        numbers = known.copy(tensors) if known is not None else None
        if known is not None and numbers is not None:
            return Row(numbers, known)
        sizes = list(map(torch.Tensor.numel, tensors))
        if not 0 < min(sizes) <= max(sizes) <= MOST:
            return None
        row = torch._C._nn.flatten_dense_tensors(tensors).detach()  # type: ignore[arg-type]  # a list
        if key is not None and (known is None or known.sizes != sizes):
            known = _remember(key, tensors, sizes)
    except (TypeError, RuntimeError):  # sparse, nested, or wrapped by vmap
        return None
    row = row.clone() if len(tensors) == 1 else row  # of one alone torch gives a view
    layout = known if known is not None and known.is_plain else Layout(sizes)
    # One that is wider, complex or somewhere else would make the row so.
    return Row(row.numpy(), layout) if row.dtype is torch.float32 and row.is_cpu else None


def _remember(key: Any, tensors: Sequence[torch.Tensor], sizes: Sequence[int]) -> Layout:
    """Find out how tensors like these are copied best, for when they come again."""
    alike: dict[torch.Size, list[int]] = {}
    for place, tensor in enumerate(tensors):
        alike.setdefault(tensor.shape, []).append(place)
    is_paying = len(alike) * _ALIKE <= len(tensors)
    if len(_layouts) >= _REMEMBERED:
        _layouts.clear()
    found = _layouts[key] = Layout(sizes, list(alike.values()), tensors) if is_paying else Layout(sizes)
    return found


def row_of(tensors: list[torch.Tensor]) -> Row:
    """Copy tensors of one dtype on the CPU, half types as float32.

    Raises:
        RuntimeError: something among them is nested, or wrapped by vmap.
    """
    row = torch._C._nn.flatten_dense_tensors(tensors).detach()
    row = row.clone() if len(tensors) == 1 else row
    return Row((row.float() if row.dtype in _HALF else row).numpy(), Layout(list(map(torch.Tensor.numel, tensors))))
