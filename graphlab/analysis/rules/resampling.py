"""Rules of what makes planes larger or smaller: padding by what is there, interpolation, patches.

Apart from the pools, whose windows are the kernel's: here each axis is a matrix, or a map of places, of its own.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy

from graphlab.analysis.rules.convolutions import each_axis, max_pool, nearest, spans
from graphlab.analysis.rules.facts import Array, Facts, Rule, rule


def _reflected(places: Array, size: int) -> Array:
    return size - 1 - numpy.abs(size - 1 - numpy.abs(places))


def _repeated(places: Array, size: int) -> Array:
    return numpy.clip(places, 0, size - 1)


def _padding(place_of: Callable[[Array, int], Array]) -> Callable[[Facts], Array]:
    """Make the rule of a padding that says of each place of an axis, also outside, which one stands there."""

    def compute(facts: Facts) -> Array:
        gradient, pad = facts.g, list(facts["padding"])
        for place in range(len(pad) // 2):
            axis = gradient.ndim - 1 - place
            rows = numpy.moveaxis(gradient, axis, 0)
            size = len(rows) - pad[2 * place] - pad[2 * place + 1]
            result = numpy.zeros((size, *rows.shape[1:]))
            numpy.add.at(result, place_of(numpy.arange(len(rows)) - pad[2 * place], size), rows)
            gradient = numpy.moveaxis(result, 0, axis)
        return gradient

    return compute


def _weights(small: int, large: int, scale: float | None, *, is_aligned: bool) -> Array:
    """Return how much of each element is in each interpolated one, along one axis: a row for each of the latter."""
    if is_aligned:
        places = numpy.arange(large) * ((small - 1) / (large - 1) if large > 1 else 0.0)
    else:
        step = 1.0 / scale if scale else small / large
        places = numpy.maximum((numpy.arange(large) + 0.5) * step - 0.5, 0.0)
    before = numpy.minimum(places.astype(int), small - 1)
    after = numpy.minimum(before + 1, small - 1)
    share = numpy.clip(places - before, 0.0, 1.0)
    weights = numpy.zeros((large, small))
    rows = numpy.arange(large)
    weights[rows, before] += 1.0 - share
    weights[rows, after] += share
    return weights


def _interpolated(facts: Facts) -> Array:
    gradient, shape = facts.g, facts.size
    names = ("scales",) if len(shape) == 3 else ("scales_h", "scales_w")
    for axis, name in enumerate(names, 2):
        weights = _weights(shape[axis], gradient.shape[axis], facts.get(name), is_aligned=facts["align_corners"])
        gradient = numpy.moveaxis(numpy.tensordot(weights.T, numpy.moveaxis(gradient, axis, 0), 1), 0, axis)
    return gradient


def _patches(facts: Facts) -> Array:
    """Put the gradients of patches back where the patches were taken, added up where they overlap."""
    kernel, stride, padding, dilation = (
        each_axis(facts[name], 2) for name in ("kernel_size", "stride", "padding", "dilation")
    )
    sizes = facts["self_sym_argsize_minus_2"], facts["self_sym_argsize_minus_1"]
    counts = tuple(
        (size + 2 * pad - spread * (width - 1) - 1) // step + 1
        for size, pad, spread, width, step in zip(sizes, padding, dilation, kernel, stride, strict=True)
    )
    outer = facts.g.shape[:-2]
    columns = facts.g.reshape(*outer, -1, *kernel, *counts)
    result = numpy.zeros((*columns.shape[: len(outer) + 1], *(s + 2 * p for s, p in zip(sizes, padding, strict=True))))
    for place in numpy.ndindex(*kernel):
        result[spans(place, counts, stride, dilation)] += columns[(..., *place, slice(None), slice(None))]
    return result[..., padding[0] : padding[0] + sizes[0], padding[1] : padding[1] + sizes[1]]


def _unshuffled(facts: Facts) -> Array:
    """Undo a pixel unshuffle: each channel's pixels go back into the square that they came from."""
    factor = facts["downscale_factor"]
    *outer, channels, height, width = facts.g.shape
    blocks = facts.g.reshape(*outer, channels // factor**2, factor, factor, height, width)
    rank = len(outer)
    order = (*range(rank + 1), rank + 3, rank + 1, rank + 4, rank + 2)
    return blocks.transpose(order).reshape(*outer, channels // factor**2, height * factor, width * factor)


RULES: dict[str, Rule] = {
    **{f"ReflectionPad{rank}D": rule(_padding(_reflected)) for rank in (1, 2, 3)},
    **{f"ReplicationPad{rank}D": rule(_padding(_repeated)) for rank in (1, 2, 3)},
    "UpsampleLinear1D": rule(_interpolated),
    "UpsampleBilinear2D": rule(_interpolated),
    "UpsampleNearest1D": rule(nearest),
    "UpsampleNearest2D": rule(nearest),
    "AdaptiveMaxPool2D": rule(max_pool),
    "Im2Col": rule(_patches),
    "PixelUnshuffle": rule(_unshuffled),
}
