"""What the steps of two runs led to: losses, gradients and values of parameters, laid side by side step by step.

Answers since which step each is not the same, bit for bit and beyond a tolerance, and how the distance grows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy

from graphlab.comparing.run_table import Array, LeafTable, RunTable, Stored
from graphlab.comparing.tolerance import Tolerance, is_beyond
from graphlab.series import Leaf

Sort = Literal["loss", "gradient", "value"]
_ORDER: dict[Sort, int] = {"loss": 0, "gradient": 1, "value": 2}
_CHUNK_BYTES = 64 << 20
_CHUNK = 2_000
_MOST_KEPT = 2_000_000
"""Norms of single leaves that are kept to be drawn."""
_NORM_DIGITS = 1e-5
"""How far norms of the same gradient lie apart that a light step and a reader of a full one have reckoned."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One quantity that both runs have, and since which step it is not the same."""

    sort: Sort
    name: str
    """Of a gradient or value the parameter's; of the loss empty."""
    first: int | None
    """The first step at which it is not the same, bit for bit, of those compared; None: it is the same at all."""
    beyond: int | None
    """The first step at which it lies beyond the tolerance."""
    compared: int
    """At how many steps it is known of both."""
    is_whole: bool
    """Whether elements were compared at every one of these; else at some, or at all, the norm alone."""
    pair: tuple[Leaf, Leaf] | None = None

    def key(self, step: int | None) -> tuple[int, int]:
        """Return what puts outcomes in the order in which they come about."""
        return (step or 0, _ORDER[self.sort])


@dataclass(frozen=True)
class Distances:
    """How far two runs are apart at each step that both have, relative to the larger; NaN where it is not known."""

    losses: Array
    gradients: Array
    """Of all parameters together; of light detail, which keeps norms, at least so far."""
    norms: tuple[Array, Array]
    """The norm of all gradients together in each run."""
    by_leaf: Mapping[str, tuple[Array, Array]]
    """The norms of each leaf's gradients, by its name; of very many numbers only those of the first leaves."""


@dataclass
class _Column:
    """What is compared of a leaf at some steps."""

    is_known: Array
    is_same: Array
    is_near: Array
    is_whole: Array
    squares: Array
    """Of the distance, of the one side and of the other: three rows."""

    @classmethod
    def empty(cls, count: int) -> _Column:
        """Return one that knows nothing yet."""
        false = numpy.zeros(count, bool)
        return cls(false, false.copy(), false.copy(), false.copy(), numpy.zeros((3, count)))


@dataclass(frozen=True)
class _Stack:
    """The elements of a leaf at some steps, a row a step."""

    places: Array
    first: Array
    second: Array
    stride: int
    """1: all elements; n: every n-th, beside the exact norms."""
    norm: Array
    other: Array


def pair_leaves(one: RunTable, two: RunTable) -> list[tuple[Leaf, Leaf]]:
    """Pair the leaves of two runs: by their names; what is left, by their order, where shapes agree."""
    others = {leaf.name: leaf for leaf in two.leaves}
    pairs = [(leaf, others[leaf.name]) for leaf in one.leaves if leaf.name in others]
    taken = {leaf.name for leaf, _ in pairs}
    left = [leaf for leaf in one.leaves if leaf.name not in taken and leaf.is_parameter]
    right = [leaf for leaf in two.leaves if leaf.name not in taken and leaf.is_parameter]
    if [leaf.shape for leaf in left] == [leaf.shape for leaf in right]:
        pairs += zip(left, right, strict=True)
    return pairs


def compare_outcomes(one: RunTable, two: RunTable, tolerance: Tolerance) -> tuple[list[Outcome], Distances]:
    """Compare losses, gradients and values over all steps that both have."""
    count = min(one.count, two.count)
    dtypes = loss_dtype(one), loss_dtype(two)
    losses = one.losses()[:count], two.losses()[:count]
    found = [_compare_losses(losses, tolerance.of(*dtypes))]
    squares = numpy.zeros((3, count))
    is_known = numpy.zeros(count, bool)
    by_leaf: dict[str, tuple[Array, Array]] = {}
    for first, second in pair_leaves(one, two):
        tables = one.read(first), two.read(second)
        columns: dict[Sort, _Column] = {
            "gradient": _compare(one, two, (first, second), tables, "gradients", count, tolerance),
            "value": _compare(one, two, (first, second), tables, "values", count, tolerance),
        }
        found += [_outcome(sort, first, second, column) for sort, column in columns.items()]
        column = columns["gradient"]
        squares[:, column.is_known] += column.squares[:, column.is_known]
        is_known |= column.is_known
        if (len(by_leaf) + 1) * count <= _MOST_KEPT and column.is_known.any():
            sizes = numpy.where(column.is_known, numpy.sqrt(column.squares[1:]), numpy.nan)
            by_leaf[found[-1].name] = sizes[0], sizes[1]
    sizes = numpy.where(is_known, numpy.sqrt(squares), numpy.nan)
    gradients = _relative(sizes[0], sizes[1], sizes[2])
    apart = _relative(_distance(*losses), numpy.abs(losses[0]), numpy.abs(losses[1]))
    return found, Distances(apart, gradients, (sizes[1], sizes[2]), by_leaf)


def _distance(one: Array, two: Array) -> Array:
    """Return how far numbers are apart: NaN from NaN not at all, from all others infinitely far."""
    with numpy.errstate(all="ignore"):
        distance = numpy.abs(one - two)
    is_none = numpy.isnan(one), numpy.isnan(two)
    distance = numpy.where((one == two) | (is_none[0] & is_none[1]), 0.0, distance)
    return numpy.where(is_none[0] != is_none[1], numpy.inf, distance)


def _relative(distance: Array, one: Array, two: Array) -> Array:
    """Divide by the larger of both: so that what has gone to zero in one run is as far away as can be, and no more."""
    with numpy.errstate(all="ignore"):
        size = numpy.fmax(one, two)
        shares = distance / numpy.where(size > 0, size, 1.0)
    shares = numpy.where(numpy.isinf(distance) | numpy.isnan(shares), numpy.inf, shares)
    return numpy.where(numpy.isnan(distance), numpy.nan, numpy.where(distance == 0, 0.0, shares))


def loss_dtype(table: RunTable) -> str:
    """Return the dtype of the tensors at which backwards began."""
    row = table.recording.reader.row("SELECT dtype FROM nodes WHERE kind = 'output' ORDER BY id LIMIT 1")
    return str(row[0]) if row is not None and row[0] else "float32"


def _compare_losses(losses: tuple[Array, Array], allowed: tuple[float, float]) -> Outcome:
    first, second = losses
    is_same = (first == second) | (numpy.isnan(first) & numpy.isnan(second))
    is_same &= (numpy.signbit(first) == numpy.signbit(second)) | (first != 0)
    return Outcome("loss", "", _first(~is_same), _first(is_beyond(first, second, allowed)), len(first), is_whole=True)


def _first(is_apart: Array) -> int | None:
    return int(is_apart.argmax()) + 1 if is_apart.any() else None


def _outcome(sort: Sort, first: Leaf, second: Leaf, column: _Column) -> Outcome:
    name = first.name if first.name == second.name else f"{first.name} ({second.name})"
    known = column.is_known
    return Outcome(
        sort,
        name,
        _first(known & ~column.is_same),
        _first(known & ~column.is_near),
        int(known.sum()),
        is_whole=bool(column.is_whole[known].all()),
        pair=(first, second),
    )


# -- one leaf ----------------------------------------------------------------------------------------------------------


def _compare(
    one: RunTable, two: RunTable, pair: tuple[Leaf, Leaf], tables: tuple[LeafTable, LeafTable],
    what: Literal["gradients", "values"], count: int, tolerance: Tolerance,
) -> _Column:  # fmt: skip
    """Compare a leaf's gradients, or values: by elements where both hold them, else by norms."""
    numbers = tuple(getattr(table, what)[:count] for table in tables)
    allowed = tolerance.of(*(table.dtype(leaf) for table, leaf in zip((one, two), pair, strict=True)))
    column = _Column.empty(count)
    if what == "gradients":
        _compare_presence(column, (tables[0].came[:count], tables[1].came[:count]))
    both = numpy.flatnonzero((numbers[0] > 0) & (numbers[1] > 0))
    for stack in _stacks(one, two, numbers, both, max(pair[0].size, 1)):
        _put_elements(column, stack, allowed)
    if what == "gradients":
        _fill_norms(column, (one, two), tables, count, allowed)
    return column


def _compare_presence(column: _Column, came: tuple[Array, Array]) -> None:
    """Say at which steps a gradient came in one run, and in the other not."""
    column.is_known |= came[0] != came[1]


def _fill_norms(
    column: _Column, tables: tuple[RunTable, RunTable], leaves: tuple[LeafTable, LeafTable], count: int,
    allowed: tuple[float, float],
) -> None:  # fmt: skip
    """Compare gradients by their norms where that is all that is known of both.

    Where a step is light in one run and full in the other the bits mean nothing, for each reckons in its own way.
    """
    left = numpy.flatnonzero(leaves[0].came[:count] & leaves[1].came[:count] & ~column.is_known)
    sizes = []
    for table, leaf in zip(tables, leaves, strict=True):
        known = leaf.norms[left].copy()
        held = table.arrays(leaf.gradients[left][~table.is_light[left]])
        for place in numpy.flatnonzero(~table.is_light[left]).tolist():
            known[place] = _norm(held.get(int(leaf.gradients[left[place]])))
        sizes.append(known)
    first, second = sizes
    is_mixed = tables[0].is_light[left] != tables[1].is_light[left]
    first, second = numpy.where(is_mixed, numpy.abs(first), first), numpy.where(is_mixed, numpy.abs(second), second)
    is_same = (first == second) | (numpy.isnan(first) & numpy.isnan(second))
    is_same |= is_mixed & ~is_beyond(first, second, (_NORM_DIGITS, 0.0))
    column.is_known[left] = True
    column.is_same[left] = is_same
    column.is_near[left] = is_same | ~is_beyond(first, second, allowed)
    distance = numpy.where(is_same, 0.0, _distance(first, second))
    with numpy.errstate(all="ignore"):
        column.squares[:, left] = numpy.vstack([distance**2, first**2, second**2])


def _norm(held: Stored | None) -> float:
    if held is None:
        return numpy.nan
    stored, stride, data, norm = held
    if data is None or stride != 1:
        return numpy.nan if norm is None else float(norm)
    values = numpy.frombuffer(data, stored)
    with numpy.errstate(all="ignore"):
        return float(numpy.linalg.norm(values.astype("c16" if values.dtype.kind == "c" else "f8")))


def _stacks(one: RunTable, two: RunTable, numbers: tuple[Array, ...], places: Array, size: int) -> Iterator[_Stack]:
    """Give the elements of both at some steps, a row a step, of as many steps at once as memory allows."""
    each = int(min(max(_CHUNK_BYTES // (8 * min(size, 4096)), 8), _CHUNK))
    for start in range(0, len(places), each):
        part = places[start : start + each]
        held = [table.arrays(number[part]) for table, number in zip((one, two), numbers, strict=True)]
        alike: dict[Any, list[Any]] = {}
        for place in part.tolist():
            first, second = held[0].get(int(numbers[0][place])), held[1].get(int(numbers[1][place]))
            if first is None or second is None or first[2] is None or second[2] is None or first[1] != second[1]:
                continue
            key = first[0], len(first[2]), second[0], len(second[2]), first[1]
            alike.setdefault(key, []).append((place, first[2], second[2], first[3], second[3]))
        for (stored, length, other, width, stride), rows in alike.items():
            if not length or not width:
                continue
            tables = [
                numpy.frombuffer(b"".join(row[side] for row in rows), dtype).reshape(len(rows), -1)
                for side, dtype in ((1, stored), (2, other))
            ]
            if tables[0].shape == tables[1].shape:
                exact = [numpy.array([row[side] for row in rows], "f8") for side in (3, 4)]
                yield _Stack(numpy.array([row[0] for row in rows], "i8"), tables[0], tables[1], stride, *exact)


def _put_elements(column: _Column, stack: _Stack, allowed: tuple[float, float]) -> None:
    """Write what the elements of some steps say over what their norms said."""
    places, first, second = stack.places, stack.first, stack.second
    wide = "c16" if first.dtype.kind == "c" else "f8"
    is_same = first == second
    if first.dtype == second.dtype and first.dtype.kind == "f":
        bits = f"u{first.dtype.itemsize}"
        is_same = first.view(bits) == second.view(bits)
    with numpy.errstate(all="ignore"):
        is_same |= (first != first) & (second != second)  # noqa: PLR0124 - NaN alone differs from itself
        one, two = first.astype(wide), second.astype(wide)
        is_near = ~is_beyond(one, two, allowed).any(axis=1)
        distance = numpy.where(is_same, 0.0, numpy.abs(one - two))
        distance[numpy.isnan(distance)] = numpy.inf
        squares = numpy.vstack([(each**2).sum(axis=1) for each in (distance, numpy.abs(one), numpy.abs(two))])
    is_all = is_same.all(axis=1)
    if stack.stride != 1:
        # The rest is known by its norm alone.
        norms = stack.norm, stack.other
        is_all &= (norms[0] == norms[1]) | (numpy.isnan(norms[0]) & numpy.isnan(norms[1]))
        is_near &= ~is_beyond(*norms, allowed)
    column.squares[:, places] = squares * stack.stride
    column.is_known[places] = True
    column.is_whole[places] = stack.stride == 1
    column.is_same[places], column.is_near[places] = is_all, is_near
