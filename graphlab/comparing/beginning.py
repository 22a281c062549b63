"""Which steps of two runs stand beside each other: the first of both, but for a run that went on from a checkpoint.

Such a run begins with the loss that the other had some steps later, and goes on with the same losses bit for bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    Array = numpy.ndarray[Any, Any]

_LEAST = 2
"""Losses in a row that must be the same: one alone may be the same by chance, or because it is 0."""
_MOST = 64


def find_beginning(one: Array, two: Array) -> tuple[int, int]:
    """Return the steps of both runs, counted from 1, that stand beside each other first."""
    if not len(one) or not len(two) or _is_same(one[:1], two[:1]):
        return 1, 1
    later = _find_in(two, one)
    if later is not None:
        return later + 1, 1
    later = _find_in(one, two)
    return (1, later + 1) if later is not None else (1, 1)


def _find_in(short: Array, long: Array) -> int | None:
    """Return where the losses of one run go on as the other begins."""
    for place in numpy.flatnonzero(long == short[0]).tolist():
        room = min(len(long) - place, len(short), _MOST)
        part = short[:room]
        is_telling = room >= _LEAST and len(numpy.unique(part)) > 1
        if place and is_telling and _is_same(long[place : place + room], part):
            return int(place)
    return None


def _is_same(one: Array, two: Array) -> bool:
    return bool(((one == two) | (numpy.isnan(one) & numpy.isnan(two))).all())
