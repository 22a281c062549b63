"""Which findings are only what another one leads to: the cause alone is told."""

from __future__ import annotations

from collections.abc import Sequence

from graphlab.analysis.findings.finding import Finding

CAUSES: dict[str, tuple[str, ...]] = {
    "grad-of-non-leaf": ("name-lost-its-leaf",),
    "backward-without-graph": ("name-lost-its-leaf",),
    "not-finite": ("learning-rate-too-large", "exploding-gradient", "loss-without-bound", "target-requires-grad"),
    "not-finite-update": ("learning-rate-too-large", "exploding-gradient", "loss-without-bound"),
    "exploding-gradient": ("loss-without-bound",),
    "loss-term-without-gradient": ("gradient-missing",),
    "data-requires-grad": ("gradient-missing",),
    "evaluation-with-graph": ("parameter-not-in-optimizer",),
    "dead-relu": ("learning-rate-too-large",),
    "saturated": ("learning-rate-too-large", "loss-without-bound"),
    "update-too-large": ("learning-rate-too-large", "loss-without-bound"),
    "update-too-small": ("vanishing-gradient", "learning-rate-too-small"),
    "learning-rate-too-small": ("vanishing-gradient", "zero-gradient", "dead-relu", "saturated"),
    "learning-rate-too-large": ("exploding-gradient", "identical-units", "gradients-not-zeroed"),
}
"""By the name of a finding: those that explain it, where they hold no later and concern the same node, or none."""


WHOLE_RUN = frozenset(
    {
        "learning-rate-too-large",
        "learning-rate-too-small",
        "loss-without-bound",
        "gradients-not-zeroed",
        "exploding-gradient",
        "vanishing-gradient",
    }
)
"""Causes that concern every node, wherever they are shown."""
AT_ITS_LINE = frozenset({"data-requires-grad"})
"""Findings that what is wrong with another node explains, at the same line: `torch.tensor(l, requires_grad=True)`."""


def without_explained(found: Sequence[Finding]) -> list[Finding]:
    """Leave out what an earlier finding explains, and what is said twice; the order stays."""
    kept: list[Finding] = []
    for finding in found:
        causes = CAUSES.get(finding.finding, ())
        is_explained = any(each.finding in causes and _concerns(each, finding) for each in found)
        if not is_explained and finding not in kept:
            kept.append(finding)
    return kept


def _concerns(cause: Finding, finding: Finding) -> bool:
    """Whether a cause lies no later than what it may explain, and is not about another node."""
    is_earlier = cause.event is None or finding.event is None or cause.event <= finding.event
    is_here = cause.line is not None and (cause.file, cause.line) == (finding.file, finding.line)
    if finding.finding == "evaluation-with-graph":
        # What a parameter is made anew from builds a graph that ends in it.
        return cause.line in finding.lines and cause.file == finding.file
    if finding.finding in AT_ITS_LINE:
        # Light detail does not know the line of the cut: that this leaf is it is likelier than two mistakes.
        return is_here or cause.evidence.get("reason") == "unknown"
    return (is_earlier or is_here) and (
        cause.finding in WHOLE_RUN or cause.node is None or finding.node is None or cause.node == finding.node
    )
