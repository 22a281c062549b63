"""How findings about leaves are said: templates, to be translated."""

from __future__ import annotations

from graphlab.analysis.findings.finding import Text
from graphlab.analysis.findings.messages import at_line
from graphlab.language import _

LOST_LEAF = Text(
    "error",
    _(
        "{name} meant a leaf with a gradient; since line {line} it means {what}: the next backward "
        "fills the gradient of the old tensor, and {name}.grad is None"
    ),
    _("change the leaf itself: `with torch.no_grad(): {name} -= lr * {name}.grad`, or let an optimizer do it"),
)
WITH_GRAPH = _("the result of an op, whose graph leads through the update back to the old one")
WITHOUT_GRAPH = _("a new tensor that requires no grad")
GRAD_OF_RESULT = Text(
    "warning",
    _(
        ".grad was asked of {name} at line {line} and is None: {name} is no leaf but the result of {op}{made}, and "
        "autograd keeps "
        "the gradients of leaves alone"
    ),
    _(
        "ask the leaf that it was made of; or make the leaf last (torch.randn(…).mul_(…).to(device).requires_grad_()), "
        "or call "
        "retain_grad() before the backward"
    ),
)
A_TENSOR = _("a tensor")
AN_OP = _("an op")
TARGET = Text(
    "warning",
    _(
        "the target {name} requires grad (line {line}): each backward computes a gradient for it "
        "that nobody reads, and the loss could be lowered by moving the target"
    ),
    _("make the target without requires_grad, or detach it"),
)
DATA = Text(
    "warning",
    _(
        "the data {name} require grad (line {line}): each backward computes and adds up a gradient "
        "for them that nobody reads"
    ),
    _("leave requires_grad to parameters; ask it of data only where their gradient is wanted"),
)
TARGET_NETWORK = Text(
    "warning",
    _(
        "the target of {op}{at} keeps its graph: it is computed from {names}, which no optimizer holds, so "
        "each backward goes through that network as well and fills gradients that nobody uses"
    ),
    _("compute the target under torch.no_grad(), or detach() it; a network that shall learn belongs in the optimizer"),
)

SWAPPED = Text(
    "warning",
    _(
        "{op}{at} is given the target first and the prediction second: only what it takes for the target has a graph, "
        "and its slope there is infinite where the other is 0 or 1"
    ),
    _("exchange the two: the prediction first, the target second"),
)

__all__ = [
    "AN_OP",
    "A_TENSOR",
    "DATA",
    "GRAD_OF_RESULT",
    "LOST_LEAF",
    "SWAPPED",
    "TARGET",
    "TARGET_NETWORK",
    "WITHOUT_GRAPH",
    "WITH_GRAPH",
    "at_line",
]
