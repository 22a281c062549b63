"""Rules of normalisations: what moves one element moves the mean and the spread of its whole group."""

from __future__ import annotations

import math

import numpy

from graphlab.analysis.rules.facts import Array, Facts, MissingFactError, Rule, Shape, each


def _normalised(x: Array, gradient: Array, axes: tuple[int, ...], mean: Array, inverse: Array) -> Array:
    """Return the gradient of x where y = (x - mean) · inverse, both of them functions of x."""
    centred = (x - mean) * inverse
    own = gradient - gradient.mean(axis=axes, keepdims=True)
    return inverse * (own - centred * (gradient * centred).mean(axis=axes, keepdims=True))


def _channels(values: Array | None, rank: int) -> Array | float:
    """Let one number a channel broadcast over the other dimensions."""
    return 1.0 if values is None else values.reshape(1, -1, *(1,) * (rank - 2))


def _batch(facts: Facts, slot: int) -> Array:
    x, gradient = facts["input"], facts.g
    axes = (0, *range(2, x.ndim))
    eps = facts.get("eps", 1e-5)
    if facts.get("training", True):
        mean = x.mean(axis=axes, keepdims=True)
        inverse = 1.0 / numpy.sqrt(x.var(axis=axes, keepdims=True) + eps)
    else:
        mean = numpy.asarray(_channels(facts["running_mean"], x.ndim))
        inverse = 1.0 / numpy.sqrt(numpy.asarray(_channels(facts["running_var"], x.ndim)) + eps)
    if slot == 1:
        return (gradient * (x - mean) * inverse).sum(axis=axes)
    if slot == 2:
        return gradient.sum(axis=axes)
    weighted = gradient * _channels(facts.get("weight"), x.ndim)
    if not facts.get("training", True):
        return weighted * inverse
    return _normalised(x, weighted, axes, mean, inverse)


def _layer(facts: Facts, slot: int) -> Array:
    x, gradient = facts["input"], facts.g
    shape: Shape = tuple(facts["normalized_shape"])
    axes = tuple(range(x.ndim - len(shape), x.ndim))
    outer = tuple(range(x.ndim - len(shape)))
    mean, inverse = facts["result1"], facts["result2"]
    if slot == 1:
        return (gradient * (x - mean) * inverse).sum(axis=outer)
    if slot == 2:
        return gradient.sum(axis=outer)
    weight = facts.get("weight")
    return _normalised(x, gradient if weight is None else gradient * weight, axes, mean, inverse)


def _group(facts: Facts, slot: int) -> Array:
    x, gradient = facts["input"], facts.g
    count, groups = facts["N"], facts["group"]
    rows = x.reshape(count, groups, -1)
    mean = facts["result1"].reshape(count, groups, 1)
    inverse = facts["result2"].reshape(count, groups, 1)
    axes = (0, *range(2, x.ndim))
    if slot == 1:
        return (gradient * ((rows - mean) * inverse).reshape(x.shape)).sum(axis=axes)
    if slot == 2:
        return gradient.sum(axis=axes)
    weighted = (gradient * _channels(facts.get("weight"), x.ndim)).reshape(rows.shape)
    return _normalised(rows, weighted, (2,), mean, inverse).reshape(x.shape)


def _root_mean_square(facts: Facts, slot: int) -> Array:
    x, gradient = facts["input"], facts.g
    shape: Shape = tuple(facts["normalized_shape"])
    axes = tuple(range(x.ndim - len(shape), x.ndim))
    if "result1" not in facts.saved:
        raise MissingFactError("result1")
    inverse = facts["result1"]
    if slot == 1:
        return (gradient * x * inverse).sum(axis=tuple(range(x.ndim - len(shape))))
    weight = facts.get("weight")
    weighted = gradient if weight is None else gradient * weight
    scaled = x * inverse
    return inverse * (weighted - scaled * (weighted * scaled).sum(axis=axes, keepdims=True) / math.prod(shape))


RULES: dict[str, Rule] = {
    "NativeBatchNorm": each(_batch),
    "CudnnBatchNorm": each(_batch),
    "NativeLayerNorm": each(_layer),
    "NativeGroupNorm": each(_group),
    "FusedRmsNorm": each(_root_mean_square),
}
