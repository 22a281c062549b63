"""The norms of many tensors at once, without a `Snapshot` each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

from graphlab.store.format import decode_real

if TYPE_CHECKING:
    from graphlab.store import Reader

Column = numpy.ndarray[Any, Any]

_CHUNK = 20_000


def read_norms(reader: Reader, snapshots: Column) -> Column:
    """Return the 2-norm of each snapshot; NaN where it is not known, or the tensor holds a NaN."""
    numbers, places = numpy.unique(snapshots, return_inverse=True)
    norms = numpy.full(len(numbers), numpy.nan)
    query = "SELECT id, norm, data, stored, stride FROM snapshots WHERE id BETWEEN ? AND ? ORDER BY id"
    start = 0
    while start < len(numbers):
        # As far as one query pays: the numbers of a step lie close together.
        stop = int(numpy.searchsorted(numbers, numbers[start] + 4 * _CHUNK))
        stop = min(stop, start + _CHUNK)
        rows = reader.rows(query, int(numbers[start]), int(numbers[stop - 1]))
        found = numpy.fromiter((row[0] for row in rows), "i8", len(rows))
        is_wanted = numpy.isin(found, numbers[start:stop])
        norms[numpy.searchsorted(numbers, found[is_wanted])] = _norms_of(rows)[is_wanted]
        start = stop
    return norms[places]


def _norms_of(rows: list[Any]) -> Column:
    """Compute the norms of some rows; tensors that are stored alike together."""
    norms = numpy.full(len(rows), numpy.nan)
    alike: dict[tuple[str, int], list[int]] = {}
    for index, (_, norm, data, stored, stride) in enumerate(rows):
        if data is not None and stride == 1:
            alike.setdefault((stored, len(data)), []).append(index)
        elif norm is not None:
            norms[index] = decode_real(norm)
    for (stored, _), indices in alike.items():
        table = numpy.frombuffer(b"".join(rows[index][2] for index in indices), stored).reshape(len(indices), -1)
        with numpy.errstate(all="ignore"):
            wide = table.astype("c16" if table.dtype.kind == "c" else "f8")
            norms[indices] = numpy.linalg.norm(wide, axis=1)
    return norms
