"""Rules of ops that make fewer numbers of many: sums, means, extremes, norms; and of running sums and products."""

from __future__ import annotations

import math

import numpy

from graphlab.analysis.rules.facts import Array, Facts, Rule, axes_of, rule, spread


def _sum(facts: Facts) -> Array:
    return numpy.broadcast_to(spread(facts, facts.g, facts.size), facts.size)


def _mean(facts: Facts) -> Array:
    size = facts.size
    count = math.prod(size[axis] for axis in axes_of(facts, len(size)))
    return _sum(facts) / max(count, 1)


def _var(facts: Facts) -> Array:
    x = facts["self"]
    axes = axes_of(facts, x.ndim)
    count = math.prod(x.shape[axis] for axis in axes)
    centred = x - x.mean(axis=axes, keepdims=True)
    correction = facts.get("correction", 1)
    with numpy.errstate(divide="ignore", invalid="ignore"):
        return spread(facts, facts.g, x.shape) * 2.0 * centred / max(count - correction, 0)


def _std(facts: Facts) -> Array:
    x = facts["self"]
    result = spread(facts, facts["result"], x.shape)
    with numpy.errstate(divide="ignore", invalid="ignore"):
        return numpy.where(result == 0, 0.0, _var(facts) / (2.0 * result))


def _picked(facts: Facts) -> Array:
    """Give the gradient to the elements that were picked, by their index along an axis."""
    result = numpy.zeros(facts.size)
    if not result.ndim:
        return facts.g.reshape(())
    axis = facts["dim"]
    indices, gradient = facts["indices"].astype(int), facts.g
    if indices.ndim < result.ndim:
        indices, gradient = numpy.expand_dims(indices, axis), numpy.expand_dims(gradient, axis)
    where = list(numpy.indices(indices.shape))
    where[axis] = indices
    numpy.add.at(result, tuple(where), gradient)
    return result


def _shared(facts: Facts) -> Array:
    """Share the gradient among all elements that are as large as the result."""
    x = facts["self"]
    is_best = x == spread(facts, facts["result"], x.shape)
    axes = axes_of(facts, x.ndim)
    return spread(facts, facts.g, x.shape) * is_best / is_best.sum(axis=axes, keepdims=True)


def _prod(facts: Facts) -> Array:
    x = facts["self"]
    axes = axes_of(facts, x.ndim)
    gradient = spread(facts, facts.g, x.shape)
    result = numpy.empty(x.shape)
    # The product of all others, without a division: an element may be zero.
    moved = numpy.moveaxis(x, axes, range(len(axes))).reshape(-1, *(n for a, n in enumerate(x.shape) if a not in axes))
    others = numpy.empty_like(moved)
    for index in range(len(moved)):
        others[index] = numpy.delete(moved, index, axis=0).prod(axis=0)
    shape = [x.shape[axis] for axis in axes] + [n for a, n in enumerate(x.shape) if a not in axes]
    result = numpy.moveaxis(others.reshape(shape), range(len(axes)), axes)
    return gradient * result


def _norm(facts: Facts) -> Array:
    x = facts["self"]
    order = facts.get("ord", facts.get("p", 2))
    gradient, result = spread(facts, facts.g, x.shape), spread(facts, facts["result"], x.shape)
    with numpy.errstate(divide="ignore", invalid="ignore"):
        if order == 0:
            return numpy.zeros_like(x)
        if order == 1:
            return gradient * numpy.sign(x)
        if order == 2:
            return numpy.where(result == 0, 0.0, gradient * x / result)
        if math.isinf(order):
            is_best = numpy.abs(x) == result
            return gradient * numpy.sign(x) * is_best / is_best.sum(axis=axes_of(facts, x.ndim), keepdims=True)
        scaled = numpy.sign(x) * numpy.abs(x) ** (order - 1.0) / result ** (order - 1.0)
        return numpy.where(result == 0, 0.0, gradient * scaled)


def _cumsum(facts: Facts) -> Array:
    if facts.g.ndim == 0:
        return facts.g
    axis = facts["dim"]
    return numpy.flip(numpy.cumsum(numpy.flip(facts.g, axis), axis), axis)


def _cumprod(facts: Facts) -> Array:
    x = facts["self"]
    if x.ndim == 0:
        return facts.g
    axis = facts["dim"]
    rows = numpy.moveaxis(x, axis, 0)
    gradient = numpy.moveaxis(facts.g, axis, 0)
    result = numpy.zeros(rows.shape)
    for place in range(len(rows)):
        left = rows[:place].prod(axis=0)
        partial = left * numpy.cumprod(numpy.concatenate([numpy.ones((1, *rows.shape[1:])), rows[place + 1 :]]), axis=0)
        result[place] = (gradient[place:] * partial).sum(axis=0)
    return numpy.moveaxis(result, 0, axis)


def _ends(facts: Facts) -> Array:
    """Part the gradients of the least and of the largest among those that are so."""
    x = facts["self"]
    result = numpy.zeros(x.shape)
    for gradient, name in zip(facts.upstream, ("min", "max"), strict=False):
        if gradient is not None:
            is_best = x == spread(facts, facts[name], x.shape)
            count = is_best.sum(axis=axes_of(facts, x.ndim), keepdims=True)
            result += spread(facts, gradient, x.shape) * is_best / count
    return result


RULES: dict[str, Rule] = {
    "Sum": rule(_sum),
    "Mean": rule(_mean),
    "Var": rule(_var),
    "Std": rule(_std),
    "Max": rule(_picked),
    "Min": rule(_picked),
    "Max1": rule(_shared),
    "Min1": rule(_shared),
    "Median": rule(_shared),
    "Median1": rule(_picked),
    "Amax": rule(_shared),
    "Amin": rule(_shared),
    "Sort": rule(_picked),
    "Topk": rule(_picked),
    "Kthvalue": rule(_picked),
    "Prod": rule(_prod),
    "LinalgVectorNorm": rule(_norm),
    "Norm": rule(_norm),
    "Cumsum": rule(_cumsum),
    "Cumprod": rule(_cumprod),
    "Cummax": rule(_picked),
    "Cummin": rule(_picked),
    "Aminmax": rule(_ends),
    "Nansum": rule(lambda f: spread(f, f.g, f["self"].shape) * ~numpy.isnan(f["self"])),
}
