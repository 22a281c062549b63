"""Rules of losses: how far each prediction pulls the loss."""

from __future__ import annotations

import numpy

from graphlab.analysis.rules.activations import sigmoid
from graphlab.analysis.rules.facts import Array, Facts, Rule, each, rule

_MEAN = 1
"""Autograd's number for reduction="mean"; 0 is none, 2 is the sum."""


def _pulled(facts: Facts, slope: Array) -> Array:
    """Weigh each element's slope with the upstream gradient, and with 1/n where the loss is a mean."""
    scaled = facts.g * slope
    return scaled / max(slope.size, 1) if facts["reduction"] == _MEAN else scaled


def _both(facts: Facts, slot: int, slope: Array) -> Array:
    return _pulled(facts, slope if slot == 0 else -slope)


def _difference(facts: Facts) -> Array:
    return numpy.asarray(facts["self"] - facts["target"])


def _squared(facts: Facts, slot: int) -> Array:
    return _both(facts, slot, 2.0 * _difference(facts))


def _smooth(facts: Facts, slot: int) -> Array:
    difference, beta = _difference(facts), facts["beta"]
    if beta == 0:
        return _both(facts, slot, numpy.sign(difference))
    is_near = numpy.abs(difference) < beta
    return _both(facts, slot, numpy.where(is_near, difference / beta, numpy.sign(difference)))


def _huber(facts: Facts, slot: int) -> Array:
    difference, delta = _difference(facts), facts["delta"]
    is_near = numpy.abs(difference) <= delta
    return _both(facts, slot, numpy.where(is_near, difference, delta * numpy.sign(difference)))


def _soft_margin(facts: Facts) -> Array:
    x, target = facts["self"], facts["target"]
    return _pulled(facts, -target * sigmoid(-target * x))


def _likelihood(facts: Facts) -> Array:
    x, target = facts["self"], facts["target"].astype(int)
    moved = numpy.moveaxis(x, 1, -1) if x.ndim > 1 else x
    rows = moved.reshape(-1, moved.shape[-1])
    wanted = target.reshape(-1)
    weight = facts.get("weight")
    ignored = facts.get("ignore_index", -100)
    shares = numpy.ones(len(wanted)) if weight is None else weight[numpy.clip(wanted, 0, len(weight) - 1)]
    shares = numpy.where(wanted == ignored, 0.0, shares)
    pull = facts.g.reshape(-1) * shares
    if facts["reduction"] == _MEAN:
        with numpy.errstate(divide="ignore", invalid="ignore"):
            pull = pull / shares.sum()
    result = numpy.zeros(rows.shape)
    kept = wanted != ignored
    result[numpy.arange(len(wanted))[kept], wanted[kept]] = -pull[kept]
    result = result.reshape(moved.shape)
    return numpy.moveaxis(result, -1, 1) if x.ndim > 1 else result


def _cross_entropy(facts: Facts, slot: int) -> Array:
    x, target = facts["self"], facts["target"]
    weight = facts.get("weight", 1.0)
    if slot == 0:
        # torch keeps the denominator away from zero.
        return _pulled(facts, weight * (x - target) / numpy.maximum((1.0 - x) * x, 1e-12))
    return _pulled(facts, weight * (numpy.log(1.0 - x) - numpy.log(x)))


def _cross_entropy_of_logits(facts: Facts, slot: int) -> Array:
    x, target = facts["self"], facts["target"]
    weight, positive = facts.get("weight", 1.0), facts.get("pos_weight")
    chance = sigmoid(x)
    if slot:
        slope = -x if positive is None else numpy.log(1.0 - chance) - positive * numpy.log(chance)
        return _pulled(facts, numpy.asarray(weight * slope))
    factor = target if positive is None else positive * target
    return _pulled(facts, weight * ((factor + 1.0 - target) * chance - factor))


RULES: dict[str, Rule] = {
    "MseLoss": each(_squared),
    "SmoothL1Loss": each(_smooth),
    "HuberLoss": each(_huber),
    "SoftMarginLoss": rule(_soft_margin),
    "NllLoss": rule(_likelihood),
    "NllLoss2D": rule(_likelihood),
    "BinaryCrossEntropy": each(_cross_entropy),
    "BinaryCrossEntropyWithLogits": each(_cross_entropy_of_logits),
}
