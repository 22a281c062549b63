"""Rules of convolution and pooling: the kernel's places one by one, which is quick enough for small tensors."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy

from graphlab.analysis.rules.facts import Array, Facts, Rule, Shape, each, rule


def spans(place: Shape, counts: Shape, stride: Shape, dilation: Shape) -> tuple[Any, ...]:
    """Return the elements of a padded input that one place of the kernel meets, over all outputs."""
    return (
        ...,
        *(
            slice(at * spread, at * spread + step * (count - 1) + 1, step)
            for at, count, step, spread in zip(place, counts, stride, dilation, strict=True)
        ),
    )


def _places(kernel: Shape) -> Iterator[Shape]:
    return itertools.product(*map(range, kernel))


def _inner(padding: Shape, sizes: Shape) -> tuple[Any, ...]:
    return (..., *(slice(pad, pad + size) for pad, size in zip(padding, sizes, strict=True)))


def _padded_shape(sizes: Shape, padding: Shape, counts: Shape, stride: Shape, kernel: Shape, dilation: Shape) -> Shape:
    """Return a shape that holds the padded input, and all that the last window reaches to."""
    return tuple(
        max(size + 2 * pad, (count - 1) * step + (width - 1) * spread + 1)
        for size, pad, count, step, width, spread in zip(sizes, padding, counts, stride, kernel, dilation, strict=True)
    )


def _convolution(facts: Facts, slot: int) -> Array:
    if slot == 2:
        return facts.g.sum(axis=(0, *range(2, facts.g.ndim)))
    x, weight, gradient = facts["input"], facts["weight"], facts.g
    groups = facts["groups"]
    is_turned = facts["transposed"]
    # A transposed convolution is the other way round: what it reads has the place of a convolution's output.
    wide, narrow = (gradient, x) if is_turned else (x, gradient)
    kernel = weight.shape[2:]
    stride, padding, dilation = (each_axis(facts[name], len(kernel)) for name in ("stride", "padding", "dilation"))
    counts = narrow.shape[2:]
    outer = _padded_shape(wide.shape[2:], padding, counts, stride, kernel, dilation)
    inner = _inner(padding, wide.shape[2:])
    batch, per = x.shape[0], weight.shape[1]
    fold = weight.shape[0] // groups
    weights = weight.reshape(groups, fold, per, *kernel)
    rows = narrow.reshape(batch, groups, fold, -1)
    padded = numpy.zeros((batch, groups, per, *outer))
    if slot == 1 or is_turned:
        padded[inner] = wide.reshape(batch, groups, per, *wide.shape[2:])
    result = numpy.zeros(weights.shape) if slot == 1 else numpy.zeros(rows.shape if is_turned else padded.shape)
    for place in _places(kernel):
        seen = spans(place, counts, stride, dilation)
        at: tuple[Any, ...] = (..., *place)
        here = weights[at]
        if slot == 1:
            result[at] = numpy.einsum("bgfo,bgpo->gfp", rows, padded[seen].reshape(batch, groups, per, -1))
        elif is_turned:
            result += numpy.einsum("gfp,bgpo->bgfo", here, padded[seen].reshape(batch, groups, per, -1))
        else:
            result[seen] += numpy.einsum("bgfo,gfp->bgpo", rows, here).reshape(batch, groups, per, *counts)
    if slot == 1:
        return result.reshape(weight.shape)
    return result.reshape(x.shape) if is_turned else result[inner].reshape(x.shape)


def each_axis(value: int | list[int] | Shape, rank: int) -> Shape:
    """Return an option for each axis: one number stands for all."""
    if isinstance(value, int):
        return (value,) * rank
    return tuple(value) * rank if len(value) == 1 else tuple(value)


def max_pool(facts: Facts) -> Array:
    """Put each gradient where the largest of its window was."""
    shape = facts.size
    indices = facts["result1"].astype(int)
    # An index counts through the last dimensions; all before them are planes of their own.
    planes = math.prod(shape[:-2])
    result = numpy.zeros((planes, shape[-2] * shape[-1]))
    rows = indices.reshape(planes, -1)
    numpy.add.at(result, (numpy.arange(planes)[:, None], rows), facts.g.reshape(planes, -1))
    return result.reshape(shape)


def _average_pool(facts: Facts) -> Array:
    shape = facts.size
    kernel = each_axis(facts["kernel_size"], 2)
    stride = each_axis(facts["stride"], 2) if facts.get("stride") else kernel
    padding = each_axis(facts["padding"], 2)
    counts = facts.g.shape[-2:]
    outer = _padded_shape(shape[-2:], padding, counts, stride, kernel, (1, 1))
    own = numpy.ones((1, 1))
    for axis in range(2):
        own = own * _window_sizes(
            facts, shape[-2 + axis], kernel[axis], stride[axis], padding[axis], counts[axis]
        ).reshape([-1 if axis == other else 1 for other in range(2)])
    share = facts.g / (facts.get("divisor_override") or own)
    result = numpy.zeros((*shape[:-2], *outer))
    for place in _places(kernel):
        result[spans(place, counts, stride, (1, 1))] += share
    return result[_inner(padding, shape[-2:])]


def _window_sizes(facts: Facts, size: int, kernel: int, stride: int, padding: int, count: int) -> Array:
    """Return by how many elements each window's sum was divided along one axis."""
    starts = numpy.arange(count) * stride - padding
    ends = numpy.minimum(starts + kernel, size + padding)
    if facts.get("count_include_pad", True):
        return ends - starts
    return numpy.minimum(ends, size) - numpy.maximum(starts, 0)


def _adaptive_pool(facts: Facts) -> Array:
    shape = facts.size
    result = numpy.zeros(shape)
    rows, columns = facts.g.shape[-2:]
    for row, column in _places((rows, columns)):
        tall = slice(row * shape[-2] // rows, -(-(row + 1) * shape[-2] // rows))
        broad = slice(column * shape[-1] // columns, -(-(column + 1) * shape[-1] // columns))
        count = (tall.stop - tall.start) * (broad.stop - broad.start)
        result[..., tall, broad] += facts.g[..., row : row + 1, column : column + 1] / count
    return result


def nearest(facts: Facts) -> Array:
    """Add up over the copies of each element."""
    shape = facts.size
    result = numpy.zeros(shape)
    out = facts.g.shape[2:]
    index = [
        numpy.minimum((numpy.arange(large) * _ratio(facts, axis, small, large)).astype(int), small - 1)
        for axis, (small, large) in enumerate(zip(shape[2:], out, strict=True))
    ]
    numpy.add.at(result, (slice(None), slice(None), *numpy.ix_(*index)), facts.g)
    return result


def _ratio(facts: Facts, axis: int, small: int, large: int) -> float:
    scale = facts.get(("scales_h", "scales_w")[axis]) or facts.get("scales")
    return 1.0 / scale if scale else small / large


RULES: dict[str, Rule] = {
    "Convolution": each(_convolution),
    "MaxPool2DWithIndices": rule(max_pool),
    "AvgPool2D": rule(_average_pool),
    "AdaptiveAvgPool2D": rule(_adaptive_pool),
}
