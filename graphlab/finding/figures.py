"""What can be asked of tensors: the norm of each snapshot, and whether it holds NaN, infinities, or nothing but zeros.

Of many snapshots at once: one numpy call for each would take minutes where a recording holds hundreds of thousands.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy

from graphlab.finding.texts import Array
from graphlab.store.format import decode_real

if TYPE_CHECKING:
    from graphlab.finding.query import Term

NAN, INF, ZERO, KNOWN = 1, 2, 4, 8
SNAPSHOT = "SELECT id, shape, stored, stride, data, norm, minimum, maximum FROM snapshots"
_Row = tuple[Any, ...]
_COMPARE = {
    ">": numpy.greater, "<": numpy.less, ">=": numpy.greater_equal, "<=": numpy.less_equal, "=": numpy.equal,
}  # fmt: skip


@dataclass(frozen=True)
class Figures:
    """Norms and flags, a row a tensor."""

    norms: Array
    """NaN where it is not known (or is NaN)."""
    flags: Array

    def __len__(self) -> int:
        return int(self.norms.size)

    def take(self, rows: Array) -> Figures:
        """Return some rows; a row below 0 is one of which nothing is known."""
        if not self.norms.size:
            return no_figures(rows.size)
        is_there = (rows >= 0) & (rows < self.norms.size)
        safe = numpy.where(is_there, rows, 0)
        return Figures(
            numpy.where(is_there, self.norms[safe], numpy.nan),
            numpy.where(is_there, self.flags[safe], 0).astype("u1"),
        )

    def where(self, term: Term) -> Array:
        """Return where a term holds: a comparison of the norm, or a state (`nan`, `inf`, `0`)."""
        if term.key.startswith("|"):
            with numpy.errstate(invalid="ignore"):
                found: Array = _COMPARE[term.text](self.norms, term.number)
            return found
        flag = {"nan": NAN, "inf": INF, "0": ZERO}.get(term.text, 0)
        has_flag: Array = (self.flags & flag) != 0
        return has_flag


def no_figures(size: int) -> Figures:
    """Return rows of which nothing is known."""
    return Figures(numpy.full(size, numpy.nan), numpy.zeros(size, "u1"))


def join_figures(parts: Sequence[Figures]) -> Figures:
    """Put rows after one another."""
    if not parts:
        return no_figures(0)
    return Figures(numpy.concatenate([part.norms for part in parts]), numpy.concatenate([part.flags for part in parts]))


def figures_of_norms(norms: Array) -> Figures:
    """Return figures where norms are all that was kept: a norm is NaN or infinite whenever an entry is."""
    flags: Array = numpy.isnan(norms) * NAN + numpy.isinf(norms) * INF + (norms == 0) * ZERO + KNOWN
    return Figures(numpy.abs(norms), flags.astype("u1"))


def measure(rows: Sequence[_Row]) -> Figures:
    """Return the figures of snapshots, as `SNAPSHOT` reads them."""
    norms, flags = numpy.full(len(rows), numpy.nan), numpy.zeros(len(rows), "u1")
    whole: dict[str, list[int]] = {}
    for place, (_, shape, stored, stride, data, norm, *extremes) in enumerate(rows):
        if data is not None and stride == 1:
            if data:
                whole.setdefault(stored, []).append(place)
            else:
                norms[place], flags[place] = 0.0, KNOWN
        else:
            reals = [decode_real(number) for number in (norm, *extremes)]
            norms[place], flags[place] = _measure_one(reals[0], reals[1:], shape)
    for stored, places in whole.items():
        norms[places], flags[places] = _measure_whole(stored, [rows[place][4] for place in places])
    return Figures(norms, flags)


def _measure_one(norm: float | None, extremes: list[float | None], shape: str) -> tuple[float, int]:
    """Return the figures of a tensor of which norm and extremes were kept."""
    if norm is None:
        return math.nan, 0
    known = [extreme for extreme in extremes if extreme is not None]
    has_nan = math.isnan(norm) or any(map(math.isnan, known))
    # The norm of large finite entries overflows, their extremes do not.
    has_inf = any(map(math.isinf, known or [norm]))
    has_elements = "0" not in shape.split("x")
    return norm, KNOWN | NAN * has_nan | INF * has_inf | ZERO * (norm == 0 and has_elements)


def _measure_whole(stored: str, pieces: Sequence[bytes]) -> tuple[Array, Array]:
    """Return norms and flags of tensors of one dtype, each of one element at least."""
    numbers = numpy.frombuffer(b"".join(pieces), stored)
    sizes = numpy.array([len(piece) for piece in pieces]) // numbers.dtype.itemsize
    starts = numpy.concatenate([[0], numpy.cumsum(sizes)[:-1]])
    with numpy.errstate(all="ignore"):
        wide = numpy.abs(numbers).astype("f8") if numbers.dtype.kind == "c" else numbers.astype("f8")
        norms = numpy.sqrt(numpy.add.reduceat(wide * wide, starts))
        flags = numpy.where(norms == 0, ZERO, 0) | KNOWN
        if not numpy.isfinite(norms).all():
            flags |= numpy.where(numpy.logical_or.reduceat(numpy.isnan(wide), starts), NAN, 0)
            flags |= numpy.where(numpy.logical_or.reduceat(numpy.isinf(wide), starts), INF, 0)
    return norms, flags
