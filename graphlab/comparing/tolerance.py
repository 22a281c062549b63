"""How far two numbers may lie apart and still be called the same: `rtol` and `atol` of `torch.testing.assert_close`.

A is the number that is expected: |A − B| ≤ absolute + relative · |A|. Without numbers of one's own those of
`assert_close` hold, which go by dtype; of two dtypes the larger of both.
https://docs.pytorch.org/docs/stable/testing.html
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy

from graphlab.errors import UsageError
from graphlab.language import _

Array = numpy.ndarray[Any, Any]

BY_DTYPE: Mapping[str, tuple[float, float]] = {
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
    "complex32": (1e-3, 1e-5),
    "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-7, 1e-7),
    "quint8": (1.3e-6, 1e-5),
    "quint2x4": (1.3e-6, 1e-5),
    "quint4x2": (1.3e-6, 1e-5),
    "qint8": (1.3e-6, 1e-5),
    "qint32": (1.3e-6, 1e-5),
}
"""Relative and absolute; of every other dtype both are 0."""

_BY_NAME = "dtype"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What is allowed; by dtype where no numbers are given."""

    relative: float | None = None
    absolute: float | None = None

    def of(self, *dtypes: str) -> tuple[float, float]:
        """Return what is allowed, relative and absolute, between numbers of these dtypes."""
        if self.relative is not None:
            return self.relative, self.absolute or 0.0
        found = [BY_DTYPE.get(dtype, (0.0, 0.0)) for dtype in dtypes] or [(0.0, 0.0)]
        return max(relative for relative, _ in found), max(absolute for _, absolute in found)


def read_tolerance(text: str | None) -> Tolerance:
    """Read `1e-5`, `1e-5,1e-8` or `dtype`.

    Raises:
        UsageError: the text says no tolerance.
    """
    if text is None or text.strip() == _BY_NAME:
        return Tolerance()
    with contextlib.suppress(ValueError):
        numbers = [float(part) for part in text.split(",")]
        if len(numbers) <= 2 and all(math.isfinite(number) and number >= 0 for number in numbers):
            return Tolerance(numbers[0], numbers[1] if len(numbers) == 2 else 0.0)
    raise UsageError(
        _("--tolerance takes REL, REL,ABS or dtype (such as 1e-5 or 1e-5,1e-8), not {text!r}").format(text=text)
    )


def is_beyond(one: Array, two: Array, allowed: tuple[float, float]) -> Array:
    """Say which numbers lie farther apart than is allowed; NaN is equal to NaN, an infinity to itself."""
    relative, absolute = allowed
    with numpy.errstate(all="ignore"):
        distance = numpy.abs(one - two)
        is_near = (one == two) | (numpy.isnan(one) & numpy.isnan(two))
        is_near |= numpy.isfinite(distance) & (distance <= absolute + relative * numpy.abs(one))
    return numpy.asarray(~is_near)
