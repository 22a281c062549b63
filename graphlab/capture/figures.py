"""Norm, least and greatest value of a tensor: computed once for memory that nothing has changed since.

For a large tensor this is most of what it costs to record it. A gradient and its transpose, what goes along an edge
and what a leaf is given, lie in the same memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.multiprocessing.reductions import StorageWeakRef

from graphlab.capture.identity import TensorMap, storage_of
from graphlab.capture.lying import CHECKED, Lying, lying_of

Found = tuple[float | None, float | None, float | None]
"""Norm, minimum and maximum."""
Subtract = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
_ROW = 1024
"""Numbers that are summed as float32 before the sums are as float64."""
_LARGE = 4 * _ROW
"""Numbers from which on it pays to remember what was found."""
_PIECE = 64 * _ROW
"""Numbers that are scaled at a time: their copy stays in the cache."""
_LEAST, _MOST = 1e-12, 1e18
"""Norms between which no square that counts has left the range of float32."""
_NEW = 8
"""How much may be new before what is gone is let go of; a share of what is known, so that looking costs little."""
_PLACES = 512
"""Ways of lying for which it is remembered where samples are taken."""
_VIEWS = 64
"""How many ways of looking at parts of one storage are remembered."""


@dataclass(slots=True, eq=False)
class Memory:
    """What is known of the memory of a tensor while nothing changes it."""

    found: Found
    version: int = -1
    sample: bytes = b""
    snapshots: dict[Any, int] = field(default_factory=dict)
    """Those that were taken of it, by how it was looked at: what goes along an edge is what comes in at its end."""
    is_changed: bool = False


@dataclass(slots=True, eq=False)
class Seen:
    """The snapshot that was taken of a tensor, and by what it is told that nothing has changed since."""

    snapshot: int
    memory: Memory
    version: int
    address: int
    lying: Lying


class Figures:
    """Remembers the figures of live memory, by its storage's address and a weak reference to it."""

    def __init__(self) -> None:
        self._seen: TensorMap[Seen] = TensorMap()
        self._known: dict[int, tuple[StorageWeakRef, dict[Any, Memory]]] = {}
        """By the address of a storage: what is known of it as a whole, and of parts of it."""
        self._added = 0
        """Since what is gone was last let go of."""
        self._places: dict[tuple[Any, ...], torch.Tensor | tuple[torch.Tensor, ...]] = {}

    def snapshot_of(self, tensor: torch.Tensor) -> int | None:
        """Return the snapshot of a large tensor that was kept, if nothing has changed since.

        What goes along an edge is what comes in at its end: the same tensor, once more.
        """
        entry = self._seen.entries.get(id(tensor))
        if entry is None or entry() is not tensor:
            return None
        seen: Seen = entry.value
        is_same = (
            seen.version == tensor._version
            and seen.address == tensor.data_ptr()
            and not seen.memory.is_changed
            and seen.memory.sample == seen.lying.some(seen.address)
        )
        return seen.snapshot if is_same else None

    def keep(self, tensor: torch.Tensor, lying: Lying, memory: Memory, snapshot: int) -> None:
        """Remember the snapshot of a large tensor, how that lies, and what `look` has said of its memory."""
        self._seen.set(tensor, Seen(snapshot, memory, memory.version, tensor.data_ptr(), lying))

    def find(self, tensor: torch.Tensor) -> Found:
        """Return norm, minimum and maximum of a plain tensor that requires no grad."""
        return self.look(tensor).found

    def look(self, tensor: torch.Tensor, lying: Lying | None = None) -> Memory:
        """Return what is known of the memory of a plain tensor that requires no grad.

        Args:
            lying: how a large tensor lies, where that is known; it may require grad then.
        """
        if lying is None:
            if tensor.numel() <= _LARGE or tensor.is_inference():
                return Memory(find_figures(tensor))
            lying = lying_of(tensor)
        flat = _in_memory_order(tensor) if lying is None and not tensor.is_cpu else None
        if lying is None and flat is None:
            return Memory(find_figures(tensor))
        address, version, storage = tensor.data_ptr(), tensor._version, tensor.untyped_storage()
        about = address, tensor.dtype, tensor.numel() if lying is None else lying.same
        held = self._known.get(storage._cdata)
        views = held[1] if held is not None and not held[0].expired() else None
        known = views.get(about) if views is not None else None
        # Who changes `tensor.data` changes no version of ours.
        if known is not None and known.version == version and known.sample == _read_some(address, lying, flat):
            return known
        read = lying.figures(address, tensor.dtype) if lying is not None else None
        is_exact = read is not None and (_LEAST < read[0] < _MOST or read == (0.0, 0.0, 0.0))
        if read is not None and (is_exact or tensor.dtype is not torch.float32):
            found: Found = read
        else:
            found = find_figures(_flatten(tensor) if flat is None else flat)
        memory = Memory(found, version, _read_some(address, lying, flat))  # in this order: it is warm by then
        if views is None:
            self._added += 1
            if self._added >= _NEW and self._added * _NEW >= len(self._known):
                self._drop_dead()
            views = {}
            self._known[storage._cdata] = StorageWeakRef(storage), views
        elif len(views) >= _VIEWS:
            views.clear()
        views[about] = memory
        return memory

    def _drop_dead(self) -> None:
        """Let go of memory that is gone.

        A storage's few bytes live on with a weak reference, amidst the tensors around it, and malloc can join nothing
        across them: each step of a larger model then came to lie in pages that were new.
        """
        self._added = 0
        self._known = {address: known for address, known in self._known.items() if not known[0].expired()}

    def forget(self, tensor: torch.Tensor) -> None:
        """A tensor was changed, whatever its version says."""
        address = storage_of(tensor) if self._known else None
        known = self._known.pop(address, None) if address is not None else None
        if known is not None:
            for memory in known[1].values():
                memory.is_changed = True

    def sample(self, tensor: torch.Tensor, stride: int) -> torch.Tensor:
        """Return every n-th number of a tensor, in the order in which it is read."""
        if tensor.is_contiguous() or tensor.dim() < 2:
            return tensor.reshape(-1)[::stride]
        # `reshape` would copy all of it.
        key = tuple(tensor.shape), tensor.stride(), stride, tensor.device
        places = self._places.get(key)
        flat = _in_memory_order(tensor)
        if places is None:
            numbers = torch.arange(0, tensor.numel(), stride, device=tensor.device)
            places = torch.unravel_index(numbers, tensor.shape)
            if flat is not None:  # one index is looked up sooner than several
                steps = zip(places, tensor.stride(), strict=True)
                places = torch.stack([place * step for place, step in steps]).sum(0)
            if len(self._places) >= _PLACES:
                self._places.clear()
            self._places[key] = places
        return tensor[places] if flat is None or isinstance(places, tuple) else flat[places]


def _read_some(address: int, lying: Lying | None, flat: torch.Tensor | None) -> bytes:
    """Return some numbers of a tensor, by which a change of them is told; flat: all of them, where no CPU can read."""
    if lying is not None:
        return lying.some(address)
    assert flat is not None
    return flat[:: flat.numel() // CHECKED].cpu().contiguous().view(torch.uint8).numpy().tobytes()


def _flatten(tensor: torch.Tensor) -> torch.Tensor:
    """Return all numbers of a tensor as they lie in memory, or where there are gaps between them it."""
    detached = tensor.detach()
    flat = _in_memory_order(detached)
    return detached if flat is None else flat


def _in_memory_order(tensor: torch.Tensor) -> torch.Tensor | None:
    """Return all numbers of a tensor as they lie in memory; None where there are gaps between them."""
    if tensor.is_contiguous():
        return tensor.view(-1)
    strides = tensor.stride()
    turned = tensor.permute(sorted(range(tensor.dim()), key=lambda axis: -strides[axis]))
    return turned.view(-1) if turned.is_contiguous() else None


def find_figures(tensor: torch.Tensor) -> Found:
    """Return norm, minimum and maximum of any numbers; of complex ones those of their size."""
    if tensor.numel() == 0:
        return 0.0, None, None
    wide = tensor.abs() if tensor.is_complex() else tensor
    if not wide.is_floating_point():
        wide = wide.to(torch.float64)
    minimum, maximum = (float(each.item()) for each in torch.aminmax(wide))
    return _norm(wide, _largest(minimum, maximum)), minimum, maximum


def _largest(minimum: float, maximum: float) -> float:
    """Return the size of the number furthest from 0; NaN where one is."""
    return max(-minimum, maximum)


def _norm(tensor: torch.Tensor, largest: float | None = None) -> float:
    """Return the 2-norm of numbers; largest: the size of the largest of them, where that is known."""
    count = tensor.numel()
    if tensor.dtype is not torch.float32 or tensor.dim() != 1 or count <= _LARGE:
        return float(torch.linalg.vector_norm(tensor, dtype=torch.float64).item())
    if largest is None or math.sqrt(count) * largest > _LEAST:
        norm = _norm_by_rows(tensor)
        if _LEAST < norm < _MOST:
            return norm
    # A square may have left the range of float32. Vanishing gradients and updates that moved nothing are not rare.
    if largest is None:
        largest = _largest(*(float(each.item()) for each in torch.aminmax(tensor)))
    if not 0.0 < largest < math.inf:
        return largest
    scale = 2.0 ** -max(-126, min(126, math.frexp(largest)[1]))  # by a power of two nothing is rounded
    piece = torch.empty(_PIECE, device=tensor.device)
    norms = [_norm_by_rows(torch.mul(each, scale, out=piece[: each.numel()])) for each in tensor.split(_PIECE)]
    return math.hypot(*norms) / scale


def _norm_by_rows(tensor: torch.Tensor) -> float:
    """Return the 2-norm of many numbers whose squares float32 can hold."""
    whole = tensor.numel() // _ROW * _ROW
    if whole == tensor.numel():
        parts = torch.linalg.vector_norm(tensor.view(-1, _ROW), dim=1)
    else:
        parts = torch.cat([torch.linalg.vector_norm(tensor[:whole].view(-1, _ROW), dim=1), tensor[whole:]])
    return float(torch.linalg.vector_norm(parts, dtype=torch.float64).item())


def distance(before: torch.Tensor, after: torch.Tensor, subtract: Subtract = torch.sub) -> float | None:
    """Return the 2-norm of after − before; None where the shape is another."""
    if before.shape != after.shape:
        return None
    before, after = before.detach(), after.detach()
    if after.dtype is torch.float32 is before.dtype and after.numel() > _LARGE:
        return _norm(subtract(after, before).reshape(-1))  # a difference of two is rounded once, and so each as exact
    wide = torch.complex128 if after.is_complex() else torch.float64
    return float(torch.linalg.vector_norm(after.to(wide) - before.to(wide)).item())
