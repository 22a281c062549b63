"""Rules of ops that work element by element: arithmetic, powers, angles, choices."""

from __future__ import annotations

import math

import numpy

from graphlab.analysis.rules.facts import Array, Facts, MissingFactError, Rule, each, rule


def sign(values: Array) -> Array:
    """Return -1, 0 or 1, as torch counts: of NaN 0."""
    return numpy.asarray((values > 0) * 1.0 - (values < 0) * 1.0)


def _times(facts: Facts, name: str) -> Array:
    return facts.g * numpy.conj(facts[name])


def _scaled(facts: Facts, sign: float = 1.0) -> Array:
    return facts.g * (sign * facts.get("alpha", 1))


def _quotient(facts: Facts, slot: int) -> Array:
    if facts.get("rounding_mode") is not None:
        return numpy.zeros_like(facts.g)
    below = facts["other"]
    return facts.g / below if slot == 0 else -facts.g * facts["self"] / (below * below)


def _power_of_base(facts: Facts) -> Array:
    exponent, base = numpy.asarray(facts["exponent"]), facts["self"]
    # At an exponent of 0 the result is 1 whatever the base: 0·base⁻¹ would be NaN at 0.
    return numpy.where(exponent == 0, 0.0, facts.g * exponent * numpy.power(base, exponent - 1.0))


def _power_of_exponent(facts: Facts) -> Array:
    base, exponent = numpy.asarray(facts["self"]), numpy.asarray(facts["exponent"])
    is_flat = (base == 0) & (exponent >= 0)
    return numpy.where(is_flat, 0.0, facts.g * facts["result"] * numpy.log(numpy.where(is_flat, 1.0, base)))


def _clamp(facts: Facts, slot: int) -> Array:
    value = facts["self"]
    low, high = facts.get("min"), facts.get("max")
    above = numpy.ones(value.shape, bool) if low is None else value >= low
    below = numpy.ones(value.shape, bool) if high is None else value <= high
    if slot == 0:
        return facts.g * (above & below)
    if slot == 1:
        is_low = ~above & (True if high is None else numpy.asarray(low) < numpy.asarray(high))
        return facts.g * is_low
    if high is None:
        raise MissingFactError("max")
    is_high = value > high
    return facts.g * (is_high if low is None else is_high | (numpy.asarray(low) > numpy.asarray(high)))


def _larger(facts: Facts, slot: int, sign: float = 1.0) -> Array:
    first, second = sign * facts["self"], sign * facts["other"]
    # Where both are the same each gets half.
    mine, others = (first, second) if slot == 0 else (second, first)
    return facts.g * ((mine > others) + 0.5 * (mine == others))


def _where(facts: Facts, slot: int) -> Array:
    condition = facts["condition"].astype(bool)
    # torch counts the condition among the inputs where it is a tensor that stands first.
    return facts.g * (condition if slot == 0 else ~condition)


def _addcdiv(facts: Facts, slot: int) -> Array:
    if slot == 0:
        return facts.g
    scale = facts.get("value", 1)
    below = facts["tensor2"]
    return facts.g * scale / below if slot == 1 else -facts.g * scale * facts["tensor1"] / (below * below)


def _lerp(facts: Facts, slot: int) -> Array:
    if slot == 2:
        return facts.g * (facts["end"] - facts["self"])
    weight = facts["weight"]
    return facts.g * (1.0 - weight if slot == 0 else weight)


def _atan2(facts: Facts, slot: int) -> Array:
    over, beside = facts["self"], facts["other"]
    square = over * over + beside * beside
    return facts.g * (beside if slot == 0 else -over) / square


def _xlogy(facts: Facts, slot: int) -> Array:
    factor, inside = numpy.asarray(facts["self"]), numpy.asarray(facts["other"])
    if slot == 0:
        return numpy.where((factor == 0) & (inside <= 0), 0.0, facts.g * numpy.log(inside))
    return facts.g * factor / inside


def _logit(facts: Facts) -> Array:
    p, edge = facts["self"], facts.get("eps")
    slope = facts.g / (p * (1.0 - p))
    return slope if edge is None else numpy.where((p >= edge) & (p <= 1.0 - edge), slope, 0.0)


RULES: dict[str, Rule] = {
    "Add": rule(lambda f: f.g, _scaled),
    "Sub": rule(lambda f: f.g, lambda f: _scaled(f, -1.0)),
    "Rsub": rule(lambda f: _scaled(f, -1.0), lambda f: f.g),
    "Mul": rule(lambda f: _times(f, "other"), lambda f: _times(f, "self")),
    "Div": each(_quotient),
    "Neg": rule(lambda f: -f.g),
    "Reciprocal": rule(lambda f: -f.g * f["result"] * f["result"]),
    "Logaddexp": rule(
        lambda f: f.g * numpy.exp(f["self"] - numpy.logaddexp(f["self"], f["other"])),
        lambda f: f.g * numpy.exp(f["other"] - numpy.logaddexp(f["self"], f["other"])),
    ),
    "Hypot": rule(lambda f: f.g * f["self"] / f["result"], lambda f: f.g * f["other"] / f["result"]),
    "Fmod": rule(lambda f: f.g, lambda f: -f.g * numpy.trunc(f["self"] / f["other"])),
    "Remainder": rule(lambda f: f.g, lambda f: -f.g * numpy.floor(f["self"] / f["other"])),
    "Frac": rule(lambda f: f.g),
    "NanToNum": rule(lambda f: f.g * numpy.isfinite(f["self"])),
    "Logit": rule(_logit),
    "Pow": rule(_power_of_base),
    "Pow1": rule(_power_of_base, _power_of_exponent),
    "Pow2": rule(_power_of_exponent, _power_of_exponent),
    "Square": rule(lambda f: 2.0 * f.g * f["self"]),
    "Sqrt": rule(lambda f: f.g / (2.0 * f["result"])),
    "Rsqrt": rule(lambda f: -0.5 * f.g * f["result"] ** 3),
    "Exp": rule(lambda f: f.g * f["result"]),
    "Exp2": rule(lambda f: f.g * f["result"] * math.log(2.0)),
    "Expm1": rule(lambda f: f.g * (f["result"] + 1.0)),
    "Log": rule(lambda f: f.g / f["self"]),
    "Log2": rule(lambda f: f.g / (f["self"] * math.log(2.0))),
    "Log10": rule(lambda f: f.g / (f["self"] * math.log(10.0))),
    "Log1P": rule(lambda f: f.g / (f["self"] + 1.0)),
    "Sin": rule(lambda f: f.g * numpy.cos(f["self"])),
    "Cos": rule(lambda f: -f.g * numpy.sin(f["self"])),
    "Tan": rule(lambda f: f.g * (1.0 + f["result"] ** 2)),
    "Asin": rule(lambda f: f.g / numpy.sqrt(1.0 - f["self"] ** 2)),
    "Acos": rule(lambda f: -f.g / numpy.sqrt(1.0 - f["self"] ** 2)),
    "Atan": rule(lambda f: f.g / (1.0 + f["self"] ** 2)),
    "Sinh": rule(lambda f: f.g * numpy.cosh(f["self"])),
    "Cosh": rule(lambda f: f.g * numpy.sinh(f["self"])),
    "Erf": rule(lambda f: f.g * 2.0 / math.sqrt(math.pi) * numpy.exp(-(f["self"] ** 2))),
    "Atan2": each(_atan2),
    "Xlogy": each(_xlogy),
    "Abs": rule(lambda f: f.g * sign(f["self"])),
    "Sign": rule(lambda f: numpy.zeros_like(f.g)),
    "Sgn": rule(lambda f: numpy.zeros_like(f.g)),
    "Floor": rule(lambda f: numpy.zeros_like(f.g)),
    "Ceil": rule(lambda f: numpy.zeros_like(f.g)),
    "Round": rule(lambda f: numpy.zeros_like(f.g)),
    "Trunc": rule(lambda f: numpy.zeros_like(f.g)),
    "Clamp": each(_clamp),
    "ClampMin": each(_clamp),
    "ClampMax": each(lambda f, slot: _clamp(f, 0 if slot == 0 else 2)),
    "Maximum": each(_larger),
    "Minimum": each(lambda f, slot: _larger(f, slot, -1.0)),
    "Where": each(_where),
    "MaskedFill": rule(lambda f: f.g * ~f["mask"].astype(bool), lambda f: (f.g * f["mask"]).sum()),
    "Addcmul": rule(
        lambda f: f.g,
        lambda f: f.g * f["tensor2"] * f.get("value", 1),
        lambda f: f.g * f["tensor1"] * f.get("value", 1),
    ),
    "Addcdiv": each(_addcdiv),
    "Lerp": each(_lerp),
    "Clone": rule(lambda f: f.g),
    "ToCopy": rule(lambda f: f.g),
    "Copy": rule(lambda f: numpy.zeros_like(f.g), lambda f: f.g),
    "CopyBackwards": rule(lambda f: numpy.zeros_like(f.g), lambda f: f.g),
    "Alias": rule(lambda f: f.g),
    "Fill": rule(lambda f: numpy.zeros_like(f.g), lambda f: f.g.sum()),
    "Zero": rule(lambda f: numpy.zeros_like(f.g)),
    "NativeDropout": rule(lambda f: f.g * f["result1"] / (1.0 - f["p"]) if f["p"] < 1 else numpy.zeros_like(f.g)),
    "TanhBackward": rule(
        lambda f: f.g * (1.0 - f["output"] ** 2), lambda f: -2.0 * f.g * f["grad_output"] * f["output"]
    ),
    "SigmoidBackward": rule(
        lambda f: f.g * f["output"] * (1.0 - f["output"]),
        lambda f: f.g * f["grad_output"] * (1.0 - 2.0 * f["output"]),
    ),
    "ThresholdBackward": rule(lambda f: f.g * (f["self"] > f["threshold"]), lambda f: numpy.zeros_like(f.g)),
}
"""By the name of the op, `Backward` and its number left out."""
