"""The tensors that a page carries: each once, however many nodes, edges, moments and steps show it.

A page that is mailed must stay small. So a tensor is its figures, with as many digits as are shown; its elements come
along while there is room for them, small tensors first.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from graphlab.model import Snapshot
from graphlab.renderers.reading import number_words, read_gradient, shape_words, value_words

WHOLE = 512
"""Elements of the largest tensor whose numbers a page carries."""
ALL_ELEMENTS = 80_000
"""Elements of all tensors together, some seven bytes each."""
COST = 75
"""Bytes of a tensor without its elements, about."""


@dataclass(slots=True)
class _Entry:
    packed: dict[str, Any]
    values: list[Any] | None


class TensorPool:
    """Numbers tensors from 0; the same content has the same number.

    A packed tensor has these keys, those that say nothing left out: `s` shape, `n` norm, `l` least, `h` highest, `m`
    mean, `nan` and `inf` how many, `g` what a node says of it as a gradient and `e` what an edge says (its norm where
    they are absent), `d` the decade of its colour or `zero` or `invalid`, `x` its value in words (its norm where
    absent), `c` the count of its elements, `v` the elements row by row, `w` how many stand in a row.
    """

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self._entries: list[_Entry] = []
        self.most = WHOLE
        """Tensors of up to so many elements all came with them; `pack` lowers it where there is too little room."""

    @property
    def cost(self) -> int:
        """How many bytes the tensors will take without their elements, about."""
        return COST * len(self._entries)

    def add(self, snapshot: Snapshot | None) -> int:
        """Return the number of a tensor; -1 for none."""
        if snapshot is None:
            return -1
        known = hashlib.blake2b(snapshot.data or b"", digest_size=16)
        known.update(repr((snapshot.shape, snapshot.dtype, snapshot.stride, snapshot.norm)).encode())
        key = known.digest()
        if key not in self._numbers:
            self._numbers[key] = len(self._entries)
            self._entries.append(_Entry(_pack(snapshot), _elements(snapshot)))
        return self._numbers[key]

    def pack(self) -> list[dict[str, Any]]:
        """Return all tensors, the elements of as many as there is room for."""
        sizes = sorted(len(entry.values) for entry in self._entries if entry.values is not None)
        totals = list(accumulate(sizes))
        fitting = bisect_right(totals, ALL_ELEMENTS)
        if fitting < len(sizes):
            # All of one size or none of them.
            self.most = sizes[fitting] - 1
            fitting = bisect_right(sizes, self.most)
        # What room is left goes to larger ones in the order in which they were met: the first step's and the last's.
        room = ALL_ELEMENTS - (totals[fitting - 1] if fitting else 0)
        packed = []
        for entry in self._entries:
            values = entry.values
            if values is not None and len(values) > self.most:
                values = values if len(values) <= room else None
                room -= len(values or ())
            packed.append(entry.packed if values is None else {**entry.packed, "v": values})
        return packed


def _pack(snapshot: Snapshot) -> dict[str, Any]:
    statistics = snapshot.statistics
    packed: dict[str, Any] = {"s": shape_words(snapshot.shape), "c": snapshot.size}
    figures = (("n", statistics.norm), ("l", statistics.minimum), ("h", statistics.maximum), ("m", statistics.mean))
    for key, figure in figures:
        if figure is not None:
            packed[key] = shown_number(figure)
    packed |= {key: count for key, count in (("nan", statistics.nans), ("inf", statistics.infinities)) if count}
    for key, digits in (("g", 4), ("e", 3)):
        magnitude = read_gradient(snapshot, digits=digits)
        if magnitude is not None:
            packed["d"] = magnitude.level if magnitude.tone == "level" else magnitude.tone
            if magnitude.tone != "level" or not magnitude.is_norm or digits != 4:
                packed[key] = magnitude.text
    if snapshot.size <= 3 or statistics.norm is None or not math.isfinite(statistics.norm):
        packed["x"] = value_words(snapshot)
    if snapshot.shape and snapshot.shape[-1] > 1:
        packed["w"] = snapshot.shape[-1]
    return packed


def _elements(snapshot: Snapshot) -> list[Any] | None:
    array = snapshot.array
    if array is None or not snapshot.is_complete or not 1 < snapshot.size <= WHOLE or array.dtype.kind == "c":
        return None
    return [shown_number(float(number)) for number in array.ravel().tolist()]


def shown_number(number: float) -> float | int | str:
    """Return a number with the four digits that are shown; words for what JSON has no number for."""
    if not math.isfinite(number):
        return number_words(number, 4)
    rounded = float(f"{number:.4g}")
    return int(rounded) if rounded == int(rounded) and abs(rounded) < 1e15 else rounded
