"""Rules of products of matrices and vectors: each is a contraction, and so are its gradients."""

from __future__ import annotations

import numpy

from graphlab.analysis.rules.facts import Array, Facts, Rule, rule


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
    "Linear": rule(lambda f: f.g @ f["weight"], _linear, lambda f: f.g.reshape(-1, f.g.shape[-1]).sum(axis=0)),
}
