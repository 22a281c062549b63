"""How findings about the order of a training step and about optimizers are said: templates, to be translated."""

from __future__ import annotations

from graphlab.analysis.findings.finding import Text
from graphlab.analysis.findings.messages import at_line
from graphlab.language import _

NOT_ZEROED = Text(
    "warning",
    _(
        "the gradients of {names} were added onto those that the update before had used already: nothing zeroes them "
        "between "
        "one update and the backward at line {line}, so each step moves along the sum of all gradients so far"
    ),
    _("call optimizer.zero_grad() once a step, before the backward"),
)
NOT_ZEROED_BY_HAND = NOT_ZEROED._replace(
    remedy=_("set each gradient back once a step, after the update: w.grad = None (or w.grad.zero_())"),
)
ZEROED_BEFORE_STEP = Text(
    "warning",
    _(
        "{optimizer} steps at line {line}, but no parameter of it has a gradient then: line {other} "
        "zeroes them between the backward and the step"
    ),
    _("zero before the backward: optimizer.zero_grad(), loss.backward(), optimizer.step()"),
)
ZEROED_SOMEWHERE = Text(
    "warning",
    _(
        "{optimizer} steps at line {line}, but no parameter of it has a gradient then: something zeroes them between "
        "the backward and the step"
    ),
    _("zero before the backward: optimizer.zero_grad(), loss.backward(), optimizer.step()"),
)
STEP_BEFORE_BACKWARD = Text(
    "warning",
    _(
        "{optimizer} steps at line {line}, but no parameter of it has a gradient then: the step stands before the "
        "backward, "
        "so each one uses the gradients of the step before, or none"
    ),
    _("the order is optimizer.zero_grad(), loss.backward(), optimizer.step()"),
)
NO_BACKWARD = Text(
    "warning",
    _(
        "{optimizer} steps at line {line}, but no backward ever runs: no parameter gets a gradient, and the step has "
        "nothing to go by"
    ),
    _("call loss.backward() before optimizer.step()"),
)
NO_STEP = Text(
    "warning",
    _("{count} backwards gave gradients to parameters that {optimizer} holds (made{made}), and it never steps: {so}"),
    _("call optimizer.step() after the backward"),
)
NOTHING_LEARNS = _("nothing learns")
THEY_STAY = _("others step, and its parameters stay as they are")
NOT_HELD = Text(
    "warning",
    _(
        "no optimizer holds {names}, and nothing else changes the values, although gradients come: {optimizer} was "
        "made{made} without them, or before they were there"
    ),
    _(
        "make the optimizer of all parameters after the model is complete (modules in plain lists are not found by "
        "model.parameters(): use nn.ModuleList), or optimizer.add_param_group(…)"
    ),
)
MADE_ANEW = Text(
    "warning",
    _(
        "{names} is made anew again and again{at} ({count} different tensors that get gradients): {optimizer}, "
        "made{made}, still holds the first, which the forward no longer reads, so nothing of it is learnt"
    ),
    _(
        "let the parameter be the same tensor for the whole run: compute what is needed of it under another name, or "
        "change its values in place (with torch.no_grad(): w.copy_(…))"
    ),
)
HELD_TWICE = Text(
    "warning",
    _(
        "{names}: both {one}{first} and {other}{second} hold it and step in turn, so each step moves it "
        "twice, and "
        "each optimizer's momentum is blind to the other's moves"
    ),
    _("give each parameter to one optimizer; for different rates use parameter groups"),
)


def in_line(line: int | None) -> str:
    """Name a line in brackets; nothing where that is not known."""
    return "" if line is None else _(" (line {line})").format(line=line)


__all__ = [
    "HELD_TWICE", "MADE_ANEW", "NOTHING_LEARNS", "NOT_HELD", "NOT_ZEROED", "NOT_ZEROED_BY_HAND", "NO_BACKWARD",
    "NO_STEP", "STEP_BEFORE_BACKWARD", "THEY_STAY", "ZEROED_BEFORE_STEP", "ZEROED_SOMEWHERE", "at_line", "in_line",
]  # fmt: skip
