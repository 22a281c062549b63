"""How it is said that a parameter gets no gradient, and where the path to it was cut: templates, to be translated.

Separate from the other messages because each cause has a sentence of its own.
"""

from __future__ import annotations

from graphlab.analysis.findings.finding import Text
from graphlab.analysis.findings.messages import at_line
from graphlab.language import _

ARE = (_("gets"), _("get"))
FROZEN = Text(
    "warning",
    _("{names} {are} no gradient: an optimizer holds it, but it does not require grad{at}"),
    _(
        "leave frozen parameters out of the optimizer (filter(lambda p: p.requires_grad, model.parameters())), or set "
        "requires_grad to True where they shall learn"
    ),
)
NOT_USED = Text(
    "warning",
    _("{names} {are} no gradient in any backward: made{at}, and no op of the forward reads it"),
    _("use it in forward, or take it away"),
)
NOT_IN_LOSS = Text(
    "warning",
    _(
        "{names} {are} no gradient in any backward: {what}{at} is the last op that reads it, and "
        "what comes of it is no part of the loss"
    ),
    _("add its branch to the loss, or take it away"),
)
MISSING_IN_LIGHT = Text(
    "warning",
    _("{names} {are} no gradient in any backward: it is not used, or the path to it is cut"),
    _("record a step in full (graphlab run --detail light --full 1) to see which op cuts the path, and at which line"),
)
DETACHED = Text(
    "warning",
    _(
        "{names} {are} no gradient in any backward: the path to the loss is cut{at} by {what}(), which hands on the "
        "numbers "
        "without their graph"
    ),
    _("leave {what}() out on the way to the loss; it belongs where a number is only shown or stored"),
)
COPIED = Text(
    "warning",
    _(
        "{names} {are} no gradient in any backward: the path to the loss is cut{at} by "
        "torch.{what}(), which makes a new tensor of the numbers and forgets where they came from"
    ),
    _("hand the tensor on itself; to join several, use torch.stack or torch.cat"),
)
DISCRETE = Text(
    "warning",
    _(
        "{names} {are} no gradient in any backward: the path to the loss is cut{at} by {what}, whose result is not "
        "continuous, so nothing flows back through it"
    ),
    _("compute the loss of the scores themselves (cross_entropy of the logits); {what} is for metrics"),
)
DRAWN = Text(
    "warning",
    _(
        "{names} {are} no gradient in any backward: the path to the loss is cut{at} by {what}, which draws at random: "
        "what is drawn has no slope in the chances that it is drawn with"
    ),
    _(
        "let the loss read the logarithm of the chance of what was drawn (Categorical(…).log_prob(action) times its "
        "reward), or draw in a way that has a slope (rsample(), F.gumbel_softmax)"
    ),
)
NO_GRAD = Text(
    "warning",
    _(
        "{names} {are} no gradient in any backward: the path to the loss is cut{at}: {what} runs under no_grad, where "
        "autograd records nothing"
    ),
    _("take the forward out of the no_grad (or set_grad_enabled(False), or inference_mode) block"),
)
BY_DATA = Text(
    "warning",
    _(
        "{names} {are} no gradient in any backward: the path to the loss is cut{at} by .data, which "
        "hands on the numbers without their graph"
    ),
    _("leave .data out; where a graph is to be left on purpose, say detach()"),
)
CUT_BY_EXIT = Text(
    "warning",
    _(
        "{names} {are} no gradient in any backward: the path to the loss is cut{at} by {what}, "
        "which makes plain Python or numpy numbers of a tensor"
    ),
    _("stay in torch up to the loss (to join tensors, torch.stack); {what} is for what is printed or stored"),
)
A_COMPARISON = _("a comparison")
RETURNED_NONE = Text(
    "warning",
    _("{names} {are} no gradient in any backward: the graph leads there, and the backward of {what} returns None{at}"),
    _(
        "return a gradient for every input of the forward that shall learn, in their order; None is for inputs that "
        "need none. graphlab run --verify compares what is returned with finite differences"
    ),
)
OF_A_GRADIENT = Text(
    "warning",
    _(
        "{names} {are} no gradient in any backward: the path to the loss is cut{at} by autograd.grad, which was asked "
        "without create_graph=True, so the gradient that it gives has no graph of its own"
    ),
    _("ask for it with autograd.grad(…, create_graph=True), so that a second backward can go through it"),
)
CUTS = {
    "detached": DETACHED, "copied": COPIED, "discrete": DISCRETE, "drawn": DRAWN, "no-grad": NO_GRAD, "data": BY_DATA,
    "gradient": OF_A_GRADIENT,
}  # fmt: skip
"""By why an op's result has no graph."""

EXITS = {
    "item": ".item()", "tolist": ".tolist()", "numpy": ".numpy()", "array": "numpy", "float": "float(…)",
    "int": "int(…)", "index": "int(…)",
}  # fmt: skip
"""By how a tensor was asked for its numbers: as people write it."""

BACKWARD_AFTER_CUT = Text(
    "error",
    _(
        "torch says: {said} The backward at line {backward} begins at a tensor without a graph: the way from the "
        "parameters to it is cut{at}{cut}"
    ),
    _("leave that out on the way to the loss"),
)
BACKWARD_OF_FROZEN = Text(
    "error",
    _(
        "torch says: {said} The backward at line {backward} begins at a tensor without a graph: all parameters of an "
        "optimizer that it is computed from are frozen{at} ({names})"
    ),
    _("set requires_grad to True where parameters shall learn, and freeze only the others"),
)
BACKWARD_WITHOUT_GRAPH = Text(
    "error",
    _("torch says: {said} The backward at line {backward} begins at a tensor without a graph: {reason}"),
    _(
        "begin the backward at a tensor that was computed from parameters that require grad, outside "
        "no_grad, and without detach, .item(), .data or numpy on the way"
    ),
)
IDLE_TERM = Text(
    "warning",
    _(
        "a term of the loss whose backward begins at line {backward} has no graph: the way from {names} to it is "
        "cut{at}{cut}. It is added to the loss's number, and pulls at no parameter"
    ),
    "",
)
WAY_WAS_CUT = _("the way from the parameters to it is cut, or there is none")
NOTHING_REQUIRES = _("nothing in the script requires grad")

__all__ = [
    "ARE", "A_COMPARISON", "BACKWARD_AFTER_CUT", "BACKWARD_OF_FROZEN", "BACKWARD_WITHOUT_GRAPH", "BY_DATA", "COPIED",
    "CUTS", "CUT_BY_EXIT", "DETACHED", "DISCRETE", "DRAWN", "EXITS", "FROZEN", "IDLE_TERM", "MISSING_IN_LIGHT",
    "NOTHING_REQUIRES", "NOT_IN_LOSS", "NOT_USED", "NO_GRAD", "OF_A_GRADIENT", "RETURNED_NONE", "WAY_WAS_CUT",
    "at_line",
]  # fmt: skip
