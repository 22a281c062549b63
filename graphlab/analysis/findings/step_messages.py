"""How findings about the order of a training step and about optimizers are said: templates, to be translated."""

from __future__ import annotations

from graphlab.analysis.findings.finding import Text
from graphlab.analysis.findings.messages import at_line
from graphlab.language import _

ARE = (_("gets"), _("get"))
NOT_ZEROED = Text(
    "warning",
    _(
        "the gradients of {names} were added onto those that the update before had used already: nothing zeroes them "
        "between "
        "one update and the backward at line {line}, so each step moves along the sum of all gradients so far"
    ),
    _("call optimizer.zero_grad() once a step, before the backward"),
)
ZEROED_BEFORE_STEP = Text(
    "warning",
    _(
        "{optimizer} steps at line {line}, but no parameter of it has a gradient then: line {other} "
        "zeroes them between the backward and the step"
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
NO_STEP = Text(
    "warning",
    _(
        "{count} backwards gave gradients to parameters that {optimizer} holds (made{made}), and it "
        "never steps: nothing learns"
    ),
    _("call optimizer.step() after the backward"),
)
NOT_HELD = Text(
    "warning",
    _(
        "{names} {are} gradients, but no optimizer holds it and nothing else changes it: {optimizer} was made at line "
        "{line} "
        "without it, or before it was there"
    ),
    _(
        "make the optimizer of all parameters after the model is complete (modules in plain lists are not found by "
        "model.parameters(): use nn.ModuleList), or optimizer.add_param_group(…)"
    ),
)
HELD_TWICE = Text(
    "warning",
    _(
        "{names}: both {one} (line {first}) and {other} (line {line}) hold it and step in turn, so each step moves it "
        "twice, and "
        "each optimizer's momentum is blind to the other's moves"
    ),
    _("give each parameter to one optimizer; for different rates use parameter groups"),
)

__all__ = ["ARE", "HELD_TWICE", "NOT_HELD", "NOT_ZEROED", "NO_STEP", "STEP_BEFORE_BACKWARD", "ZEROED_BEFORE_STEP",
           "at_line"]  # fmt: skip
