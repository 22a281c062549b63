"""Rules of products of matrices and vectors: each is a contraction, and so are its gradients."""

from __future__ import annotations

import numpy

from graphlab.analysis.rules.facts import Array, Facts, MissingFactError, Rule, each, rule


def turned(matrix: Array) -> Array:
    """Return a matrix, or each of a batch of them, transposed."""
    return numpy.swapaxes(matrix, -1, -2)


def _left(facts: Facts, name: str) -> Array:
    return facts.get("alpha", 1) * (facts.g @ turned(facts[name]))


def _right(facts: Facts, name: str) -> Array:
    return facts.get("alpha", 1) * (turned(facts[name]) @ facts.g)


def _added(facts: Facts) -> Array:
    return facts.g * facts.get("beta", 1)


def _outer(facts: Facts, name: str) -> Array:
    return facts.get("alpha", 1) * numpy.outer(facts.g, facts[name])


def _linear(facts: Facts) -> Array:
    x, gradient = facts["input"], facts.g
    return gradient.reshape(-1, gradient.shape[-1]).T @ x.reshape(-1, x.shape[-1])


def _inverse(facts: Facts) -> Array:
    back = turned(facts["inverse"])
    return -back @ facts.g @ back


def _logarithm_of_determinant(facts: Facts) -> Array:
    gradient = facts.upstream[1] if len(facts.upstream) > 1 else None
    if gradient is None:  # the sign has no slope
        return numpy.zeros(facts["A"].shape)
    return gradient[..., None, None] * turned(numpy.linalg.inv(facts["A"]))


def _solution(facts: Facts, slot: int) -> Array:
    if not facts["left"] or facts["result"].ndim != facts["A"].ndim:
        raise MissingFactError("A")
    right = numpy.linalg.solve(turned(facts["A"]), facts.g)
    return right if slot else -right @ turned(facts["result"])


def _distance(facts: Facts, slot: int) -> Array:
    difference = facts["x1"][..., :, None, :] - facts["x2"][..., None, :, :]
    order, distance = facts["p"], facts["result"][..., None]
    if order == 0 or numpy.isinf(order):
        raise MissingFactError("p")
    with numpy.errstate(divide="ignore", invalid="ignore"):
        slope = numpy.sign(difference) * numpy.abs(difference) ** (order - 1.0) / distance ** (order - 1.0)
    slope = numpy.where(distance == 0, 0.0, slope) if order != 1 else numpy.sign(difference)
    pulled = facts.g[..., None] * slope
    return -pulled.sum(axis=-3) if slot else pulled.sum(axis=-2)


def _cross(facts: Facts, first: str | None, second: str | None) -> Array:
    one, other = (facts.g if name is None else facts[name] for name in (first, second))
    return numpy.cross(one, other, axis=facts["dim"])


RULES: dict[str, Rule] = {
    "Mm": rule(lambda f: _left(f, "mat2"), lambda f: _right(f, "self")),
    "Bmm": rule(lambda f: _left(f, "mat2"), lambda f: _right(f, "self")),
    "Addmm": rule(_added, lambda f: _left(f, "mat2"), lambda f: _right(f, "mat1")),
    "Baddbmm": rule(_added, lambda f: _left(f, "batch2"), lambda f: _right(f, "batch1")),
    "Addbmm": rule(_added, lambda f: _left(f, "batch2"), lambda f: _right(f, "batch1")),
    "Mv": rule(lambda f: numpy.outer(f.g, f["vec"]), lambda f: f["self"].T @ f.g),
    "Addmv": rule(_added, lambda f: _outer(f, "vec"), lambda f: f.get("alpha", 1) * (f["mat"].T @ f.g)),
    "Addr": rule(
        _added,
        lambda f: f.get("alpha", 1) * (f.g @ f["vec2"]),
        lambda f: f.get("alpha", 1) * (f.g.T @ f["vec1"]),
    ),
    "Dot": rule(lambda f: f.g * f["tensor"], lambda f: f.g * f["self"]),
    "Vdot": rule(lambda f: f.g * f["other"], lambda f: f.g * f["self"]),
    "LinalgInvEx": rule(_inverse),
    "LinalgDet": rule(
        lambda f: (f.g * f["result"])[..., None, None] * turned(numpy.linalg.inv(f["A"])),
    ),
    "LinalgSlogdet": rule(_logarithm_of_determinant),
    "LinalgSolveEx": each(_solution),
    "Cdist": each(_distance),
    "LinalgCross": rule(lambda f: _cross(f, "other", None), lambda f: _cross(f, None, "self")),
    "Linear": rule(lambda f: f.g @ f["weight"], _linear, lambda f: f.g.reshape(-1, f.g.shape[-1]).sum(axis=0)),
}
