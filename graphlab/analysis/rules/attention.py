"""The rule of attention where torch computes it in one go: softmax(q·kᵀ)·v, walked back."""

from __future__ import annotations

import math

import numpy

from graphlab.analysis.rules.facts import Array, Facts, MissingFactError, Rule, each
from graphlab.language import _


def _attention(facts: Facts, slot: int) -> Array:
    if facts.get("dropout_p", 0.0):
        raise MissingFactError(_("dropout mask"))
    query, key, value, gradient = facts["query"], facts["key"], facts["value"], facts.g
    scale = facts.get("scale") or 1.0 / math.sqrt(query.shape[-1])
    scores = scale * query @ numpy.swapaxes(key, -1, -2)
    mask = facts.get("attn_mask")
    if mask is not None:
        scores = numpy.where(mask, scores, -numpy.inf) if mask.dtype == bool else scores + mask
    if facts.get("is_causal", False):
        scores = numpy.where(numpy.tril(numpy.ones(scores.shape[-2:], bool)), scores, -numpy.inf)
    weights = numpy.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = weights / weights.sum(axis=-1, keepdims=True)
    if slot == 2:
        return numpy.swapaxes(weights, -1, -2) @ gradient
    pull = gradient @ numpy.swapaxes(value, -1, -2)
    scored = weights * (pull - (pull * weights).sum(axis=-1, keepdims=True))
    return scale * (scored @ key if slot == 0 else numpy.swapaxes(scored, -1, -2) @ query)


RULES: dict[str, Rule] = {
    "ScaledDotProductFlashAttentionForCpu": each(_attention),
    "ScaledDotProductFlashAttention": each(_attention),
    "ScaledDotProductEfficientAttention": each(_attention),
}
