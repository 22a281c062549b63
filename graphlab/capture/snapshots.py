"""Copies what is kept of a tensor: all values of a small one, exact figures and a sample of a large one.

For a small CPU tensor copying its bytes is far cheaper than computing statistics: the recorder copies, the reader
computes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy
import torch

from graphlab.capture.figures import Figures, find_figures
from graphlab.capture.lying import lying_of, memory_at
from graphlab.capture.sink import Sink

BUDGET = 4096
"""Elements up to which every value is kept."""
_MANY = 10_000
"""Shapes that are remembered."""
SAMPLE = 1024
"""About how many values are kept of a larger tensor."""

_PLAIN = {
    torch.float32: "<f4",
    torch.float64: "<f8",
    torch.float16: "<f2",
    torch.int64: "<i8",
    torch.int32: "<i4",
    torch.int16: "<i2",
    torch.int8: "|i1",
    torch.uint8: "|u1",
    torch.bool: "|b1",
    torch.complex64: "<c8",
    torch.complex128: "<c16",
}


PLAIN_TYPES: frozenset[type] = frozenset({torch.Tensor, torch.nn.Parameter})
"""The classes of tensors that run no code of anybody's, whatever is asked of them."""
_SIMPLE = {
    dtype: (str(dtype).removeprefix("torch."), stored, int(stored[2:]))
    for dtype, stored in _PLAIN.items()
    if not dtype.is_complex
}
"""Of dtypes whose bytes are kept as they lie in memory: their names, and how many bytes an element has."""
_NO_DISPATCH = torch.Tensor.__torch_dispatch__
_NAMES: dict[torch.dtype, str] = {}
_SHAPES: dict[Any, tuple[int, ...]] = {}
_DEVICES: dict[torch.device, str] = {}


def dtype_name(tensor: Any) -> str:
    """Return the name of the dtype of a tensor, or of what a grad_fn knows of one, without `torch.`."""
    dtype = tensor.dtype
    name = _NAMES.get(dtype)
    if name is None:
        name = _NAMES[dtype] = str(dtype).removeprefix("torch.")
    return name


def shape_of(sizes: Iterable[Any]) -> tuple[int, ...]:
    """Return a shape as numbers; what has no number (the ragged size of a nested tensor) is -1."""
    return tuple(size if type(size) is int else -1 for size in sizes)


def sizes_of(tensor: Any) -> tuple[int, ...]:
    """Return the shape of a tensor, or of what a grad_fn knows of one; a strided nested tensor has none as a whole."""
    try:
        sizes = tensor.shape
    except RuntimeError:
        return (tensor.size(0), -1) if isinstance(tensor, torch.Tensor) else (-1,)
    if type(sizes) is list:  # a grad_fn's
        sizes = tuple(sizes)
    try:
        return _SHAPES[sizes]
    except (KeyError, TypeError, RuntimeError):
        shape = shape_of(sizes)
        if -1 not in shape and len(_SHAPES) < _MANY:
            _SHAPES[shape] = shape
        return shape


def device_name(tensor: torch.Tensor) -> str:
    """Return the name of the device that a tensor is on."""
    return "cpu" if tensor.is_cpu else name_device(tensor.device)


def name_device(device: torch.device) -> str:
    """Return a device's name: `cpu`, `cuda:0`."""
    name = _DEVICES.get(device)
    if name is None:
        name = _DEVICES[device] = str(device)
    return name


def is_opaque(tensor: torch.Tensor) -> bool:
    """Whether a tensor has no values that can be looked at from outside.

    It is wrapped by `vmap` or `grad`, or of a class that runs code of its own whatever is asked of it.
    """
    return (
        type(tensor).__torch_dispatch__ is not _NO_DISPATCH
        or torch._C._functorch.is_functorch_wrapped_tensor(tensor)
        or torch._C._functorch.is_legacy_batchedtensor(tensor)
    )


def take_snapshot(sink: Sink, tensor: torch.Tensor, figures: Figures, *, has_values: bool) -> int | None:
    """Keep what the budget allows of a tensor and return its number, or None where it has no readable values.

    Call it where no function or dispatch mode sees what it does.
    """
    if has_values and type(tensor) in PLAIN_TYPES:
        try:
            number = _copy_memory(sink, tensor) if tensor.numel() <= BUDGET else _read_large(sink, tensor, figures)
        except RuntimeError:  # wrapped by `torch.func`, or without memory of its own
            number = None
        if number is not None:
            return number
    if tensor.layout is torch.sparse_coo and not is_opaque(tensor):
        return _take_sparse(sink, tensor, has_values=has_values)
    if not _is_readable(tensor):
        return None
    shape, dtype, device = sizes_of(tensor), dtype_name(tensor), device_name(tensor)
    detached = tensor.detach()
    stored = _PLAIN.get(detached.dtype)
    if stored is None:
        detached, stored = detached.to(torch.float32), "<f4"
    detached = detached.resolve_conj().resolve_neg()
    size = detached.numel()
    if size <= BUDGET and has_values:
        return sink.add_snapshot(shape, dtype, device, stored, 1, _bytes_of(detached), None, None, None)
    memory = figures.look(detached)
    seen_as = shape, detached.stride()
    number = memory.snapshots.get(seen_as)
    if number is None:
        norm, minimum, maximum = memory.found
        if not has_values:
            minimum = maximum = None  # they are values of its entries
        stride = max(1, size // SAMPLE)
        sample = _bytes_of(figures.sample(detached, stride)) if has_values else None
        number = sink.add_snapshot(shape, dtype, device, stored, stride, sample, norm, minimum, maximum)
        memory.snapshots[seen_as] = number
    return number


def _copy_memory(sink: Sink, tensor: torch.Tensor) -> int | None:
    """Copy the bytes of a small plain tensor, by far the most; None where it has to be done otherwise."""
    simple = _SIMPLE.get(tensor.dtype)
    count = tensor.numel()
    if (
        simple is None or not count or tensor.layout is not torch.strided or not tensor.is_cpu
        or tensor.is_nested or tensor.is_neg()
    ):  # fmt: skip
        return None
    dtype, stored, size = simple
    shape = sizes_of(tensor)
    is_turned = False
    if not tensor.is_contiguous():
        is_turned = len(shape) == 2 and tensor.stride() == (1, shape[0])
        if not is_turned:
            if not _has_memory(tensor):
                return None
            return sink.add_values(shape, dtype, stored, tensor.detach().numpy().tobytes())
    count *= size
    address = tensor.data_ptr()
    if not address or tensor.untyped_storage().nbytes() < count:  # a storage that was resized to nothing
        return None
    data = memory_at(address, count).raw
    if is_turned:  # a matrix that was transposed: a third of what torch takes to hand it to numpy
        data = numpy.frombuffer(data, stored).reshape(shape[1], shape[0]).T.tobytes()
    return sink.add_values(shape, dtype, stored, data)


def _read_large(sink: Sink, tensor: torch.Tensor, figures: Figures) -> int | None:
    """Take figures and sample of a large plain tensor where it lies; None where it has to be done otherwise."""
    number = figures.snapshot_of(tensor)
    if number is not None:
        return number
    simple = _SIMPLE.get(tensor.dtype)
    lying = None if simple is None or tensor.is_inference() else lying_of(tensor)
    if simple is None or lying is None:
        return None
    memory = figures.look(tensor, lying)
    number = memory.snapshots.get(lying)
    if number is None:
        dtype, stored, _ = simple
        stride = max(1, lying.count // SAMPLE)
        sample = lying.sample(tensor.data_ptr(), stride)
        number = sink.add_snapshot(sizes_of(tensor), dtype, "cpu", stored, stride, sample, *memory.found)
        memory.snapshots[lying] = number
    figures.keep(tensor, lying, memory, number)
    return number


def _take_sparse(sink: Sink, tensor: torch.Tensor, *, has_values: bool) -> int:
    """Keep norm and extremes of a sparse tensor; what it does not hold is 0."""
    held = tensor.detach().coalesce().values()
    norm, minimum, maximum = find_figures(held)
    if minimum is not None and maximum is not None and held.numel() < tensor.numel():
        minimum, maximum = min(minimum, 0.0), max(maximum, 0.0)
    if not has_values:
        minimum = maximum = None
    shape, stored = tuple(tensor.shape), _PLAIN.get(tensor.dtype, "<f4")
    return sink.add_snapshot(shape, dtype_name(tensor), str(tensor.device), stored, 1, None, norm, minimum, maximum)


def _is_readable(tensor: torch.Tensor) -> bool:
    return not (
        tensor.is_meta or tensor.is_sparse or tensor.is_quantized or tensor.is_nested
        or tensor.layout is not torch.strided or is_opaque(tensor) or not _has_memory(tensor)
    )  # fmt: skip


def _has_memory(tensor: torch.Tensor) -> bool:
    """Whether a strided tensor's storage is as large as it says: one that was resized to nothing must not be read."""
    if not tensor.numel():
        return True
    if tensor.is_contiguous():
        extent = tensor.numel()
    else:
        extent = 1 + sum([(length - 1) * step for length, step in zip(tensor.shape, tensor.stride(), strict=True)])
    return tensor.untyped_storage().nbytes() >= (tensor.storage_offset() + extent) * tensor.element_size()


def _bytes_of(tensor: torch.Tensor) -> bytes:
    data: bytes = tensor.cpu().numpy().tobytes()
    return data
