"""Entries of an op's tensors that belong together: what went in where a bad number came out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from graphlab.model import Snapshot

Array = numpy.ndarray[Any, Any]


@dataclass(frozen=True)
class Entry:
    """One entry of an op's output that is no number, and the entries of its inputs there."""

    index: tuple[int, ...]
    output: float
    inputs: tuple[float | None, ...]
    """None for an input that does not reach the output entry by entry."""
    count: int
    """How many entries of the output are no numbers."""
    size: int


def first_bad_entry(output: Snapshot | None, inputs: list[Snapshot | None]) -> Entry | None:
    """Return the first entry of an output that is no number; None where its values were not all kept."""
    made = real(output)
    if made is None:
        return None
    is_bad = ~numpy.isfinite(made)
    if not is_bad.any():
        return None
    # NaN says more than an infinity beside it.
    chosen = numpy.isnan(made) if numpy.isnan(made).any() else is_bad
    flat = int(numpy.flatnonzero(chosen.ravel())[0])
    index = tuple(int(place) for place in numpy.unravel_index(flat, made.shape)) if made.ndim else ()
    found = tuple(entry_at(real(each), made.shape, index) for each in inputs)
    return Entry(index, float(made[index]), found, int(is_bad.sum()), int(made.size))


def real(snapshot: Snapshot | None) -> Array | None:
    """Return the values of a tensor as reals, or None where they were not all kept."""
    if snapshot is None or not snapshot.is_complete or snapshot.array is None:
        return None
    array = snapshot.array
    if array.dtype.kind == "c":
        with numpy.errstate(all="ignore"):
            array = numpy.abs(array)
    return numpy.asarray(array, "f8")


def entry_at(array: Array | None, shape: tuple[int, ...], index: tuple[int, ...]) -> float | None:
    """Return the entry of a tensor that meets an entry of a larger one by broadcasting, or None."""
    if array is None:
        return None
    try:
        wide = numpy.broadcast_to(array, shape)
    except ValueError:
        return None
    return float(wide[index])


def extremes(snapshot: Snapshot | None) -> tuple[float, float]:
    """Return the least and the greatest entry, NaN where they are not known."""
    if snapshot is None:
        return numpy.nan, numpy.nan
    statistics = snapshot.statistics
    low, high = statistics.minimum, statistics.maximum
    return (numpy.nan if low is None else low), (numpy.nan if high is None else high)
