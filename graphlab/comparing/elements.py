"""Two tensors compared element by element: where they first differ, by how much, and by how many steps of their dtype.

The values are those that recordings hold: all of them, or a sample of every n-th, whose places are told as places in
the whole tensor. Where none were kept, the norms and extremes alone are compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy

from graphlab.comparing.tolerance import Tolerance, is_beyond

if TYPE_CHECKING:
    from graphlab.model import Snapshot

Array = numpy.ndarray[Any, Any]

_BITS = {"float64": 52, "float32": 23, "float16": 10, "bfloat16": 7}
"""Bits of a number after its leading one: fewer of them are a coarser dtype."""


@dataclass(frozen=True, slots=True)
class Apart:
    """One element that is not the same in both."""

    index: tuple[int, ...] | None
    """Where in the tensor; None where the tensor as a whole is told (its shape, its norm)."""
    what: str
    """`element`, `norm`, `shape`, or `missing` where one side has no tensor."""
    a: Any
    b: Any
    ulps: int | None
    """Distance in units in the last place, of the coarser dtype; None where that means nothing (NaN, infinity)."""
    elements: int
    """How many of those compared differ."""
    of: int
    """How many were compared."""


def apart(one: Snapshot | None, two: Snapshot | None, tolerance: Tolerance | None = None) -> Apart | None:
    """Return the first element in which two tensors differ, or None where they are the same.

    Args:
        tolerance: what is allowed; None: nothing is, bit for bit (but a NaN is equal to any NaN).
    """
    if one is None or two is None:
        return None if one is two else Apart(None, "missing", one is not None, two is not None, None, 1, 1)
    if one.shape != two.shape:
        return Apart(None, "shape", one.shape, two.shape, None, 1, 1)
    pairs = _common(one, two)
    if pairs is None:
        return _norms_apart(one, two, tolerance)
    first, second, stride = pairs
    is_apart = _differs(first, second, one.dtype, two.dtype, tolerance)
    if not is_apart.any():
        # Of a sample the rest is known by its norm alone.
        return None if stride == 1 else _norms_apart(one, two, tolerance)
    place = int(is_apart.argmax())
    index = tuple(int(each) for each in numpy.unravel_index(place * stride, one.shape)) if one.shape else ()
    a, b = first[place].item(), second[place].item()
    return Apart(index, "element", a, b, ulps(a, b, one.dtype, two.dtype), int(is_apart.sum()), is_apart.size)


def _common(one: Snapshot, two: Snapshot) -> tuple[Array, Array, int] | None:
    """Return the elements that both hold, each as one row, and how far apart they lie in the tensor."""
    first, second = one.array, two.array
    if first is None or second is None:
        return None
    first, second = first.ravel(), second.ravel()
    if one.stride == two.stride:
        return first, second, one.stride
    stride = int(numpy.lcm(one.stride, two.stride))
    return first[:: stride // one.stride], second[:: stride // two.stride], stride


def _differs(first: Array, second: Array, one: str, two: str, tolerance: Tolerance | None) -> Array:
    wide = "c16" if "c" in (first.dtype.kind, second.dtype.kind) else "f8"
    if tolerance is not None:
        if first.dtype.kind in "iub" and second.dtype.kind in "iub" and tolerance.relative is None:
            return numpy.asarray(first != second)
        return is_beyond(first.astype(wide), second.astype(wide), tolerance.of(one, two))
    if first.dtype == second.dtype and first.dtype.kind == "f":
        # As whole numbers, so that −0 is told from 0.
        is_apart = first.view(f"u{first.dtype.itemsize}") != second.view(f"u{second.dtype.itemsize}")
    else:
        is_apart = first != second
    if is_apart.any() and first.dtype.kind in "fc" and second.dtype.kind in "fc":
        is_apart &= ~(numpy.isnan(first) & numpy.isnan(second))
    return numpy.asarray(is_apart)


def _norms_apart(one: Snapshot, two: Snapshot, tolerance: Tolerance | None) -> Apart | None:
    """Compare what is known of tensors whose values were not kept, or not all of them."""
    pairs = [(one.magnitude, two.magnitude), (one.minimum, two.minimum), (one.maximum, two.maximum)]
    for a, b in pairs:
        if a is None or b is None:
            continue
        allowed = tolerance.of(one.dtype, two.dtype) if tolerance is not None else (0.0, 0.0)
        if bool(is_beyond(numpy.array(a), numpy.array(b), allowed)):
            return Apart(None, "norm", one.magnitude, two.magnitude, None, 1, 1)
    return None


# -- distances ---------------------------------------------------------------------------------------------------------


def ulps(a: Any, b: Any, one: str, two: str) -> int | None:
    """Return how many numbers of a dtype lie between two, counted in steps; of two dtypes the coarser counts."""
    known = [dtype for dtype in (one, two) if dtype in _BITS]
    if len(known) < 2 or isinstance(a, complex) or isinstance(b, complex):
        return None
    if not (numpy.isfinite(a) and numpy.isfinite(b)):
        return None
    coarse = min(known, key=_BITS.__getitem__)
    return abs(_ordinal(float(a), coarse) - _ordinal(float(b), coarse))


def _ordinal(number: float, dtype: str) -> int:
    """Number the values of a dtype in order, from 0 at zero."""
    if dtype == "bfloat16":
        # The upper half of a float32, rounded to the nearest as torch does.
        bits = int(numpy.float32(number).view("u4"))
        size = ((bits & 0x7FFFFFFF) + 0x7FFF + ((bits >> 16) & 1)) >> 16
        return -size if bits >> 31 else size
    bytes_of = {"float64": 8, "float32": 4, "float16": 2}[dtype]
    with numpy.errstate(over="ignore"):
        bits = int(numpy.array(number, f"f{bytes_of}").view(f"u{bytes_of}"))
    sign = 1 << (8 * bytes_of - 1)
    return -(bits ^ sign) if bits & sign else bits


def is_another_order(one: Snapshot | None, two: Snapshot | None) -> bool:
    """Whether two tensors hold the same rows, but not in the same order."""
    if one is None or two is None or one.shape != two.shape or not one.shape or one.shape[0] < 2:
        return False
    first, second = one.array, two.array
    if first is None or second is None or not (one.is_complete and two.is_complete) or first.dtype != second.dtype:
        return False
    rows, others = rows_of(first), rows_of(second)
    return rows != others and sorted(rows) == sorted(others)


def rows_of(array: Array) -> list[bytes]:
    """Return the rows of a tensor, each as its bytes."""
    return [row.tobytes() for row in numpy.ascontiguousarray(array)]


def coarser(one: str, two: str) -> str:
    """Return which of two dtypes has fewer digits; the first where they are alike."""
    return min((one, two), key=lambda dtype: _BITS.get(dtype, 99))
