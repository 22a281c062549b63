"""All rules, by the name of the op."""

from __future__ import annotations

from graphlab.analysis.rules import (
    activations,
    attention,
    convolutions,
    elementwise,
    losses,
    normalisations,
    products,
    reductions,
    resampling,
    views,
)
from graphlab.analysis.rules.facts import Rule, rule_keys

_FAMILIES = (
    elementwise, activations, reductions, products, views, losses, normalisations, convolutions, resampling, attention,
)  # fmt: skip
RULES: dict[str, Rule] = {name: found for family in _FAMILIES for name, found in family.RULES.items()}


def rule_of(op: str) -> Rule | None:
    """Return the rule of an op by the name of its grad_fn (`AddmmBackward0`), or None where we have none."""
    return next((RULES[key] for key in rule_keys(op) if key in RULES), None)


def key_of(op: str) -> str | None:
    """Return the key of an op's rule."""
    return next((key for key in rule_keys(op) if key in RULES), None)
