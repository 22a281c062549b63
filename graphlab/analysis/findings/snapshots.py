"""What many snapshots say at once: norms, zeros, and whether all in them are numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy

from graphlab.store.format import decode_real

if TYPE_CHECKING:
    from graphlab.model import Snapshot
    from graphlab.store import Reader

Column = numpy.ndarray[Any, Any]

_CHUNK = 20_000
_QUERY = "SELECT id, stride, data, stored, norm, minimum, maximum FROM snapshots WHERE id BETWEEN ? AND ? ORDER BY id"


@dataclass(frozen=True)
class Figures:
    """Of some snapshots, in the order asked for."""

    norms: Column
    """NaN where it is not known, or is NaN."""
    is_finite: Column
    """False only where it is known to hold NaN or infinity."""


def read_figures(reader: Reader, snapshots: Column) -> Figures:
    """Read the norms of some snapshots, and whether they hold only numbers."""
    numbers, places = numpy.unique(snapshots, return_inverse=True)
    norms = numpy.full(len(numbers), numpy.nan)
    is_finite = numpy.ones(len(numbers), bool)
    start = 0
    while start < len(numbers):
        # As far as one query pays: the numbers of a step lie close together.
        stop = min(int(numpy.searchsorted(numbers, numbers[start] + 4 * _CHUNK)), start + _CHUNK)
        rows = reader.rows(_QUERY, int(numbers[start]), int(numbers[stop - 1]))
        found = numpy.fromiter((row[0] for row in rows), "i8", len(rows))
        is_wanted = numpy.isin(found, numbers[start:stop])
        wanted = [row for row, is_in in zip(rows, is_wanted.tolist(), strict=True) if is_in]
        targets = numpy.searchsorted(numbers, found[is_wanted])
        norms[targets], is_finite[targets] = _measure(wanted)
        start = stop
    return Figures(norms[places], is_finite[places])


def _measure(rows: list[Any]) -> tuple[Column, Column]:
    norms, is_finite = numpy.full(len(rows), numpy.nan), numpy.ones(len(rows), bool)
    alike: dict[tuple[str, int], list[int]] = {}
    for index, (_, stride, data, stored, norm, minimum, maximum) in enumerate(rows):
        if data is not None and stride == 1:
            alike.setdefault((stored, len(data)), []).append(index)
            continue
        known = decode_real(norm)
        norms[index] = math.nan if known is None else known
        # The norm of large finite entries may overflow, so the extremes speak first.
        ends = [decode_real(end) for end in (minimum, maximum) if end is not None] or [known]
        is_finite[index] = all(end is None or math.isfinite(end) for end in ends)
    for (stored, _), indices in alike.items():
        table = numpy.frombuffer(b"".join(rows[index][2] for index in indices), stored).reshape(len(indices), -1)
        with numpy.errstate(all="ignore"):
            wide = table.astype("c16" if table.dtype.kind == "c" else "f8")
            norms[indices] = numpy.linalg.norm(wide, axis=1)
            is_finite[indices] = numpy.isfinite(wide).all(axis=1)
    return norms, is_finite


def has_nan(snapshot: Snapshot | None) -> bool:
    """Whether a tensor holds a NaN, as far as was kept of it."""
    if snapshot is None:
        return False
    statistics = snapshot.statistics
    if snapshot.is_complete:
        return bool(statistics.nans)
    return any(map(math.isnan, _ends(snapshot)))


def has_infinity(snapshot: Snapshot | None) -> bool:
    """Whether a tensor holds an infinity (and no NaN, where not all of it was kept)."""
    if snapshot is None:
        return False
    if snapshot.is_complete:
        return bool(snapshot.statistics.infinities)
    return any(map(math.isinf, _ends(snapshot)))


def _ends(snapshot: Snapshot) -> list[float]:
    """Return what is known exactly of a tensor of which not all values were kept."""
    ends = [end for end in (snapshot.minimum, snapshot.maximum) if end is not None]
    return ends or [norm for norm in (snapshot.norm,) if norm is not None]


def is_finite(snapshot: Snapshot | None) -> bool:
    """Whether nothing but numbers is known to be in a tensor."""
    return not (has_nan(snapshot) or has_infinity(snapshot))


def is_zero(snapshot: Snapshot | None) -> bool:
    """Whether every entry of a tensor is 0."""
    if snapshot is None:
        return False
    return snapshot.statistics.norm == 0
