"""Norms of many gradients at once, and of one storage only once.

Small tensors are summed in float64. A large one's norm is computed in its own precision (half types in float32), which
is quick; where that gives 0 or infinity it is computed again in float64: squares leave the range of float32 long
before the entries do.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.multiprocessing.reductions import StorageWeakRef

from graphlab.capture.identity import version_of
from graphlab.capture.rows import MOST, Row, row_of
from graphlab.capture.snapshots import is_opaque

LARGE = 16_384
"""Elements above which a gradient's norm is computed at once, while it is in the cache, and nothing is kept of it."""

Figure = float | torch.Tensor | None
"""A number; or on its way from another device, as a tensor without dimensions; or None where there is none."""

_INFINITY = float("inf")
_HALF = {torch.float16, torch.bfloat16}


@torch.no_grad()
def figures_of(tensors: Sequence[torch.Tensor | None]) -> list[Figure]:
    """Return of each tensor its 2-norm, or the number itself of a real one with one element; None for None."""
    row = Row.of(tensors)
    if row is not None:
        return [*row.figures()]
    found: list[Figure] = [None] * len(tensors)
    together: dict[tuple[torch.dtype, torch.device, bool], list[int]] = {}
    small: list[int] = []
    for index, tensor in enumerate(tensors):
        if tensor is None:
            continue
        size = tensor.numel()
        # Most are small and of one kind: for these every question counts.
        if 1 < size <= MOST and tensor.dtype is torch.float32 and tensor.is_cpu and tensor.layout is torch.strided:
            small.append(index)
        elif size > 1 and _is_plain(tensor) and not tensor.dtype.is_complex:
            together.setdefault((tensor.dtype, tensor.device, size <= MOST), []).append(index)
        else:
            found[index] = figure_of(tensor)
    if small:
        together[torch.float32, torch.device("cpu"), True] = small
    for (dtype, device, is_small), places in together.items():
        same = [tensor for index in places if (tensor := tensors[index]) is not None]
        norms: Sequence[Figure]
        if device.type != "cpu":
            norms = torch._foreach_norm(same, 2, dtype=torch.float32 if dtype in _HALF else None)
        elif is_small:
            norms = _norms_of_small(same)
        else:
            norms = torch.stack(torch._foreach_norm(same, 2, dtype=torch.float64)).tolist()
        for index, norm in zip(places, norms, strict=True):
            found[index] = norm
    return found


def _norms_of_small(tensors: list[torch.Tensor]) -> Sequence[Figure]:
    """Return the norms of many small tensors of one dtype."""
    try:
        return row_of(tensors).norms()
    except RuntimeError:  # nested, or wrapped by vmap
        return [figure_of(tensor) for tensor in tensors]


def distances(before: Sequence[torch.Tensor], after: Sequence[torch.Tensor]) -> list[float]:
    """Return the 2-norm of after − before for many pairs of tensors of the same shapes."""
    found = [0.0] * len(after)
    small: list[int] = []
    for index, tensor in enumerate(after):
        if 0 < tensor.numel() <= MOST and tensor.dtype is torch.float32 and tensor.is_cpu:
            small.append(index)
        else:
            size = figure_of(tensor.detach() - before[index])
            found[index] = abs(float(size)) if size is not None else float("nan")
    if small:
        moved = row_of([after[index] for index in small]).distances(row_of([before[index] for index in small]))
        for index, size in zip(small, moved, strict=True):
            found[index] = size
    return found


def figure_of(tensor: torch.Tensor) -> Figure:
    """Return a tensor's 2-norm, or the number itself of a real one with one element; None where it has no values."""
    if tensor.layout is torch.sparse_coo:
        return figure_of(tensor.detach().coalesce().values()) if tensor._nnz() else 0.0
    if not _is_plain(tensor):
        return None
    detached = tensor.detach()
    if detached.numel() == 1 and not detached.is_complex():
        single = detached.reshape(()).to(torch.float64)
        return float(single.item()) if single.device.type == "cpu" else single
    if detached.numel() == 0:
        return 0.0
    norm: torch.Tensor = torch.linalg.vector_norm(detached, dtype=torch.float32 if detached.dtype in _HALF else None)
    if norm.device.type != "cpu":
        return norm
    figure = float(norm.item())
    return _exactly(detached) if figure in {0.0, _INFINITY} else figure


def _exactly(tensor: torch.Tensor) -> float:
    wide = torch.complex128 if tensor.is_complex() else torch.float64
    return float(torch.linalg.vector_norm(tensor, dtype=wide).item())


def _is_plain(tensor: torch.Tensor) -> bool:
    is_number = tensor.dtype.is_floating_point or tensor.dtype.is_complex
    if not is_number or tensor.layout is not torch.strided or tensor.is_meta:
        return False
    return not (tensor.is_nested or is_opaque(tensor))


class Measured:
    """The figures of large tensors of one backward, each storage measured once.

    A weight's gradient passes several hands: transposed, accumulated into `.grad`. While its storage lives nothing
    else has that address; none is kept alive.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[StorageWeakRef, int, int, Figure]] = {}

    def figure_of(self, tensor: torch.Tensor) -> Figure:
        """Return what `figure_of` returns, from memory where the same elements were measured before."""
        if tensor.layout is not torch.strided or tensor.is_meta:
            return figure_of(tensor)
        storage = tensor.untyped_storage()
        size, version = tensor.numel(), version_of(tensor)
        known = self._known.get(storage._cdata)
        if known is not None and known[1:3] == (size, version) and not known[0].expired():
            return known[3]
        figure = figure_of(tensor)
        # An expanded tensor has more elements than its storage; a slice fewer: neither stands for another's.
        if size * tensor.element_size() == storage.nbytes():
            self._known[storage._cdata] = StorageWeakRef(storage), size, version, figure
        return figure


def arrive(figures: Sequence[Figure]) -> list[float | None]:
    """Return figures as plain numbers: those on other devices come over in one transfer a device."""
    waiting: dict[torch.device, list[int]] = {}
    if torch.Tensor not in set(map(type, figures)):
        return [*figures]  # type: ignore[list-item]  # numbers all of them
    for index, figure in enumerate(figures):
        if isinstance(figure, torch.Tensor):
            waiting.setdefault(figure.device, []).append(index)
    found: list[float | None] = [None if isinstance(figure, torch.Tensor) else figure for figure in figures]
    for places in waiting.values():
        tensors = [figure.to(torch.float64) for index in places if isinstance(figure := figures[index], torch.Tensor)]
        for index, number in zip(places, torch.stack(tensors).tolist(), strict=True):
            found[index] = number
    return found
