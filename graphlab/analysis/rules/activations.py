"""Rules of activation functions, and of softmax and its like."""

from __future__ import annotations

import math

import numpy

from graphlab.analysis.rules.facts import Array, Facts, Rule, each, rule, spread


def sigmoid(values: Array) -> Array:
    """Return 1 / (1 + e^-x), without overflow."""
    with numpy.errstate(over="ignore"):
        return 1.0 / (1.0 + numpy.exp(-values))


def _erf(values: Array) -> Array:
    return numpy.vectorize(math.erf, otypes=[float])(values) if values.size else values


def _gelu(facts: Facts) -> Array:
    x = facts["self"]
    if facts.get("approximate", "none") == "tanh":
        scale = math.sqrt(2.0 / math.pi)
        inner = numpy.tanh(scale * (x + 0.044715 * x**3))
        slope = scale * (1.0 + 3.0 * 0.044715 * x**2)
        return facts.g * (0.5 * (1.0 + inner) + 0.5 * x * (1.0 - inner**2) * slope)
    density = numpy.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
    return facts.g * (0.5 * (1.0 + _erf(x / math.sqrt(2.0))) + x * density)


def _silu(facts: Facts) -> Array:
    x = facts["self"]
    gate = sigmoid(x)
    return facts.g * gate * (1.0 + x * (1.0 - gate))


def _mish(facts: Facts) -> Array:
    x = facts["self"]
    inner = numpy.tanh(numpy.logaddexp(0.0, x))
    return facts.g * (inner + x * sigmoid(x) * (1.0 - inner**2))


def _elu(facts: Facts) -> Array:
    alpha, scale, inside = facts["alpha"], facts.get("scale", 1), facts.get("input_scale", 1)
    if "self" in facts.saved:
        x = facts["self"]
        return facts.g * numpy.where(x <= 0, inside * alpha * scale * numpy.exp(inside * numpy.minimum(x, 0.0)), scale)
    y = facts["result"]
    return facts.g * numpy.where(y <= 0, inside * (y + alpha * scale), scale)


def _celu(facts: Facts) -> Array:
    alpha = facts["alpha"]
    if "self" in facts.saved:
        x = facts["self"]
        return facts.g * numpy.where(x <= 0, numpy.exp(numpy.minimum(x, 0.0) / alpha), 1.0)
    y = facts["result"]
    return facts.g * numpy.where(y <= 0, y / alpha + 1.0, 1.0)


def _leaky(facts: Facts) -> Array:
    seen = facts["self"] if "self" in facts.saved else facts["result"]
    return facts.g * numpy.where(seen > 0, 1.0, facts["negative_slope"])


def _softplus(facts: Facts) -> Array:
    scaled = facts["self"] * facts["beta"]
    return facts.g * numpy.where(scaled > facts["threshold"], 1.0, sigmoid(scaled))


def _hardtanh(facts: Facts) -> Array:
    x = facts["self"]
    return facts.g * ((x > facts["min_val"]) & (x < facts["max_val"]))


def _hardswish(facts: Facts) -> Array:
    x = facts["self"]
    return facts.g * numpy.where(x <= -3.0, 0.0, numpy.where(x < 3.0, x / 3.0 + 0.5, 1.0))


def _prelu(facts: Facts, slot: int) -> Array:
    x = facts["self"]
    if slot == 0:
        return facts.g * numpy.where(x > 0, 1.0, facts["weight"])
    return facts.g * numpy.where(x > 0, 0.0, x)


def _glu(facts: Facts) -> Array:
    axis = facts["dim"]
    value, gate = numpy.split(facts["self"], 2, axis=axis)
    opening = sigmoid(gate)
    return numpy.concatenate([facts.g * opening, facts.g * value * opening * (1.0 - opening)], axis=axis)


def _softmax(facts: Facts) -> Array:
    weighted = facts.g * facts["result"]
    if weighted.ndim == 0:
        return numpy.zeros_like(weighted)
    return weighted - facts["result"] * weighted.sum(axis=facts["dim"], keepdims=True)


def _log_softmax(facts: Facts) -> Array:
    if facts.g.ndim == 0:
        return numpy.zeros_like(facts.g)
    return facts.g - numpy.exp(facts["result"]) * facts.g.sum(axis=facts["dim"], keepdims=True)


def _logsumexp(facts: Facts) -> Array:
    x = facts["self"]
    result = spread(facts, facts["result"], x.shape)
    return spread(facts, facts.g, x.shape) * numpy.exp(x - result)


def _random_leak(facts: Facts) -> Array:
    """Multiply by what was drawn; in evaluation nothing is, and the noise is memory that nobody wrote."""
    if facts.get("training", False):
        return facts.g * facts["noise"]
    return facts.g * numpy.where(facts["self"] > 0, 1.0, (facts["lower"] + facts["upper"]) / 2)


RULES: dict[str, Rule] = {
    "Relu": rule(lambda f: f.g * (f["result"] > 0)),
    "LeakyRelu": rule(_leaky),
    "RreluWithNoise": rule(_random_leak),
    "Softshrink": rule(lambda f: f.g * (numpy.abs(f["self"]) > f["lambd"])),
    "Hardshrink": rule(lambda f: f.g * (numpy.abs(f["self"]) > f["lambd"])),
    "Threshold": rule(lambda f: f.g * (f["self"] > f["threshold"])),
    "Elu": rule(_elu),
    "Celu": rule(_celu),
    "Gelu": rule(_gelu),
    "Silu": rule(_silu),
    "Mish": rule(_mish),
    "Softplus": rule(_softplus),
    "Hardtanh": rule(_hardtanh),
    "Hardsigmoid": rule(lambda f: f.g * (numpy.abs(f["self"]) < 3.0) / 6.0),
    "Hardswish": rule(_hardswish),
    "PreluKernel": each(_prelu),
    "Glu": rule(_glu),
    "LogSigmoid": rule(lambda f: f.g * sigmoid(-f["self"])),
    "Sigmoid": rule(lambda f: f.g * f["result"] * (1.0 - f["result"])),
    "Tanh": rule(lambda f: f.g * (1.0 - f["result"] ** 2)),
    "Softmax": rule(_softmax),
    "SafeSoftmax": rule(_softmax),
    "LogSoftmax": rule(_log_softmax),
    "Logsumexp": rule(_logsumexp),
}
