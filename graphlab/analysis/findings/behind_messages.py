"""How findings about what autograd does not see are said: templates, to be translated."""

from __future__ import annotations

from graphlab.analysis.findings.finding import Text
from graphlab.language import _

CHANGED_BEHIND = Text(
    "error",
    _(
        "line {line} changes {tensor} through .data after {saver} at line {saved} had saved it, and autograd does not "
        "notice: the "
        "backward at line {backward} computes with the new numbers, so its gradient is wrong, without any error"
    ),
    _(
        "make the change after the backward, or out of place; under `with torch.no_grad()` autograd "
        "notices, and says so"
    ),
)
HALF_DONE = Text(
    "error",
    _(
        "the backward at line {line} raised half way, which the script caught: {done} of {count} leaves have its "
        "gradient, the "
        "others what was there before, and the update at line {update} uses both"
    ),
    _("zero the gradients in the except block (optimizer.zero_grad()), and leave the step out"),
)
