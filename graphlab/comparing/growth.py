"""How the distance between two runs grows: rounding that stays, rounding that is blown up step by step, or a jump.

Chaos and a mistake both end far apart. The one begins at the size of a rounding error and grows by about the same
factor a step; the other is there at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy

if TYPE_CHECKING:
    Array = numpy.ndarray[Any, Any]

Kind = Literal["none", "rounding", "chaos", "jump"]

_JUMP = 1_000.0
"""A growth within one step that no smooth dynamics of training makes of rounding errors."""
_SMALL_DIGITS = 64.0
"""Rounding errors of this many units of the dtype are a beginning, not a jump."""
_EPSILON = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}


@dataclass(frozen=True, slots=True)
class Growth:
    """The course of a distance over the steps."""

    kind: Kind
    start: int | None
    """The first step with a distance, and how large it is there, relative to what is compared."""
    begins: float | None
    largest: float | None
    at: int | None
    """The step at which it is largest."""
    last: float | None
    factor: float | None
    """By how much it grows a step, on the whole, from its start to where it stops growing."""
    jump: int | None
    """The step at which it is there at once, or at once far larger."""


def tell_growth(distances: Array, dtype: str, tolerance: float) -> Growth:
    """Tell how a relative distance grows over the steps.

    Args:
        distances: a number a step, NaN where it is not known, infinite where one side is no number.
        dtype: the coarser of the two runs'.
        tolerance: relative; what stays below it is rounding.
    """
    places = numpy.flatnonzero(~numpy.isnan(distances) & (distances > 0))
    if not places.size:
        return Growth("none", None, None, None, None, None, None, None)
    sizes = distances[places]
    begins, last = float(sizes[0]), float(distances[~numpy.isnan(distances)][-1])
    largest = int(sizes.argmax())
    small = max(_SMALL_DIGITS * _EPSILON.get(dtype, 0.0), tolerance)
    facts = (int(places[0]) + 1, begins, float(sizes[largest]), int(places[largest]) + 1, last)
    factor = _factor(places, sizes)
    if begins > small or not numpy.isfinite(begins):
        return Growth("jump", *facts, factor, int(places[0]) + 1)
    reached = numpy.maximum.accumulate(sizes)
    if float(sizes[largest]) <= small:
        return Growth("rounding", *facts, factor, None)
    # Below the digits of the dtype a distance comes and goes; a jump leads from small to large.
    with numpy.errstate(all="ignore"):
        ratios = sizes[1:] / numpy.maximum(reached[:-1], _EPSILON.get(dtype, 0.0))
    leaps = numpy.flatnonzero(~(ratios <= _JUMP) & (numpy.diff(places) <= 2) & (sizes[1:] > small))
    if leaps.size:
        return Growth("jump", *facts, factor, int(places[1:][leaps[0]]) + 1)
    return Growth("chaos", *facts, factor, None)


def _factor(places: Array, sizes: Array) -> float | None:
    """Fit the growth a step to the logarithms, up to where a tenth of the largest distance is reached."""
    finite = numpy.isfinite(sizes)
    places, sizes = places[finite], sizes[finite]
    if len(sizes) < 3:
        return None
    end = int((sizes >= sizes.max() / 10).argmax()) + 1
    if end < 3:
        return None
    slope = float(numpy.polyfit(places[:end], numpy.log(sizes[:end]), 1)[0])
    return float(numpy.exp(slope))
