"""How it is said that a parameter gets no gradient, and where the path to it was cut: templates, to be translated.

Separate from the other messages because each cause has a sentence of its own.
"""

from __future__ import annotations

from graphlab.analysis.findings.finding import Text
from graphlab.analysis.findings.messages import at_line

ARE = ("gets", "get")
FROZEN = Text(
    "warning",
    "{names} {are} no gradient: an optimizer holds it, but it does not require grad{at}",
    "leave frozen parameters out of the optimizer (filter(lambda p: p.requires_grad, model.parameters())), or set "
    "requires_grad to True where they shall learn",
)
NOT_USED = Text(
    "warning",
    "{names} {are} no gradient in any backward: made{at}, and no op of the forward reads it",
    "use it in forward, or take it away",
)
NOT_IN_LOSS = Text(
    "warning",
    "{names} {are} no gradient in any backward: {what}{at} is the last op that reads it, and what comes of it is no "
    "part of the loss",
    "add its branch to the loss, or take it away",
)
MISSING_IN_LIGHT = Text(
    "warning",
    "{names} {are} no gradient in any backward: it is not used, or the path to it is cut",
    "record a step in full (graphlab run --detail light --full 1) to see which op cuts the path, and at which line",
)
DETACHED = Text(
    "warning",
    "{names} {are} no gradient in any backward: the path to the loss is cut{at} by {what}(), which hands on the "
    "numbers "
    "without their graph",
    "leave {what}() out on the way to the loss; it belongs where a number is only shown or stored",
)
COPIED = Text(
    "warning",
    "{names} {are} no gradient in any backward: the path to the loss is cut{at} by torch.{what}(), which makes a new "
    "tensor of the numbers and forgets where they came from",
    "hand the tensor on itself; to join several, use torch.stack or torch.cat",
)
DISCRETE = Text(
    "warning",
    "{names} {are} no gradient in any backward: the path to the loss is cut{at} by {what}, whose result is not "
    "continuous, so nothing flows back through it",
    "compute the loss of the scores themselves (cross_entropy of the logits); {what} is for metrics",
)
NO_GRAD = Text(
    "warning",
    "{names} {are} no gradient in any backward: the path to the loss is cut{at}: {what} runs under no_grad, where "
    "autograd records nothing",
    "take the forward out of the no_grad (or set_grad_enabled(False), or inference_mode) block",
)
BY_DATA = Text(
    "warning",
    "{names} {are} no gradient in any backward: the path to the loss is cut{at} by .data, which hands on the numbers "
    "without their graph",
    "leave .data out; where a graph is to be left on purpose, say detach()",
)
CUT_BY_EXIT = Text(
    "warning",
    "{names} {are} no gradient in any backward: the path to the loss is cut{at} by .{what}(), which makes plain Python "
    "or numpy numbers of a tensor",
    "stay in torch up to the loss; .{what}() is for what is printed or stored",
)
CUTS = {"detached": DETACHED, "copied": COPIED, "discrete": DISCRETE, "no-grad": NO_GRAD, "data": BY_DATA}
"""By why an op's result has no graph."""

BACKWARD_AFTER_CUT = Text(
    "error",
    "torch says: {said} The backward at line {backward} begins at a tensor without a graph: the way from the "
    "parameters to it is cut{at}{cut}",
    "leave that out on the way to the loss",
)
BACKWARD_WITHOUT_GRAPH = Text(
    "error",
    "torch says: {said} The backward at line {backward} begins at a tensor without a graph: {reason}",
    "begin the backward at a tensor that was computed from parameters that require grad, outside no_grad, and without "
    "detach, .item(), .data or numpy on the way",
)
WAY_WAS_CUT = "the way from the parameters to it is cut, or there is none"
NOTHING_REQUIRES = "nothing in the script requires grad"

__all__ = [
    "ARE", "BACKWARD_AFTER_CUT", "BACKWARD_WITHOUT_GRAPH", "BY_DATA", "COPIED", "CUTS", "CUT_BY_EXIT", "DETACHED",
    "DISCRETE", "FROZEN", "MISSING_IN_LIGHT", "NOTHING_REQUIRES", "NOT_IN_LOSS", "NOT_USED", "NO_GRAD", "WAY_WAS_CUT",
    "at_line",
]  # fmt: skip
