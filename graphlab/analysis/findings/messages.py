"""How findings are said: every text of this family, as templates, in one place, so that they can be translated.

A message says what was found and ends with the likely cause; a remedy says what people usually do about it.
"""

from __future__ import annotations

from graphlab.analysis.findings.finding import Text
from graphlab.language import _


def at_line(line: int | None) -> str:
    """Say where something stands; nothing where that is not known."""
    return "" if line is None else _(" at line {line}").format(line=line)


BROKEN_FINDER = Text(
    "note",
    _("the search {name} failed on this recording ({error}); what it looks for was not looked for"),
    _("the other findings are not touched by it"),
)

# -- PyTorch's own errors ----------------------------------------------------------------------------------------------

SECOND_BACKWARD = Text(
    "error",
    _(
        "torch says: {said} The backward at line {line} goes once more through the graph that the "
        "backward at line {first} freed{where}"
    ),
    _(
        "build the graph anew for each backward (run the forward again), detach what is carried from "
        "one step to the next (h = h.detach()), or give the first backward retain_graph=True where "
        "both shall go through one graph"
    ),
)
CARRIED_GRAPH = _(": it hangs together through {name}, made at line {made}, which was not detached")
CHANGED_IN_PLACE = Text(
    "error",
    _(
        "torch says: {said} {saver} at line {saved} kept {tensor} for its backward, and {changer} at line {changed} "
        "changed it in place afterwards"
    ),
    _("write the change out of place (y = y + 1, F.relu(y)), or make it before the tensor is used, or change a clone"),
)
CHANGED_SOMEWHERE = Text(
    "error",
    _("torch says: {said} Something changed a tensor in place that the graph had kept"),
    _("record the step in full detail to see who kept it and who changed it"),
)
LEAF_IN_PLACE = Text(
    "error",
    _("torch says: {said} {leaf} is a leaf that requires grad, and line {line} changes it where autograd records"),
    _("put updates into `with torch.no_grad():`, or let an optimizer make them"),
)
NOT_SCALAR = Text(
    "error",
    _("torch says: {said} The backward at line {line} begins at a tensor of several numbers: a loss was not reduced"),
    _("reduce the loss first (.mean() or .sum()), or give backward the gradient to begin with"),
)

# -- losses ------------------------------------------------------------------------------------------------------------

SQUASHED_TWICE = Text(
    "warning",
    _("{loss}{at} is given what {squash}{earlier} has squashed already, and squashes it once more: {effect}"),
    _("give it the raw outputs (logits) of the last layer; take {squash} only where probabilities are shown"),
)
FLATTENS = _("gradients become small and the loss cannot reach zero")
HARMLESS = _("this changes no value, but costs time, and says that somebody expects logits there")
WRONG_DIMENSION = Text(
    "warning",
    _(
        "{squash}{earlier} makes shares along dimension {along} of {shape}, and {loss}{at} reads the classes along "
        "dimension {classes}: the shares of one sample do not add up to 1, samples compete with one another"
    ),
    _("give it the dimension of the classes (dim={classes}), or the raw outputs to cross_entropy"),
)
PROBABILITIES_TO_NLL = Text(
    "warning",
    _(
        "{loss}{at} is given probabilities (of {squash}{earlier}) and not their logarithms, so the "
        "loss is negative and no likelihood"
    ),
    _("take log_softmax in place of softmax, or cross_entropy on the raw outputs"),
)
PROBABILITIES_TO_DIVERGENCE = Text(
    "warning",
    _(
        "{loss}{at} is given probabilities (of {squash}{earlier}) where it expects their logarithms: what it gives is "
        "no divergence, and falls below 0"
    ),
    _("give it log_softmax as its first argument; the second is the target, as probabilities (or log_target=True)"),
)
WRONG_GRADIENT = Text(
    "error",
    _("torch says: {said} What the backward of {function} returns{at} does not fit the inputs of its forward{applied}"),
    _(
        "return one gradient for each input of the forward, in their order, each of its input's shape, and None for "
        "what needs none"
    ),
)
CALLED_AT = _(", called at line {line}")
GRAD_OF_DATA = Text(
    "warning",
    _(
        "{name}.grad is None at line {line}, for {name} does not require grad: a backward gives gradients to leaves "
        "alone that ask for them"
    ),
    _("call {name}.requires_grad_() before the forward that the gradient is wanted of"),
)
SCORES_TO_NLL = Text(
    "warning",
    _(
        "{loss}{at} is given the raw scores of {squash}{earlier} and not logarithms of shares: it takes the score of "
        "the right class alone, so the loss falls below 0 without end"
    ),
    _("use cross_entropy on the raw scores, or put log_softmax before nll_loss"),
)
BROADCAST = Text(
    "warning",
    _(
        "{op}{at} joins {left} with {right}: broadcasting makes {result} of them, every prediction against "
        "every target, and the loss is the mean of {count:,} pairs that do not belong together"
    ),
    _("give both the same shape: pred.squeeze(1), or target.unsqueeze(1) / target.view_as(pred)"),
)
AN_UPDATE = _("the update by {optimizer}")
BY_HAND = _("hand")
RESULT_OF = _("the result of {op}")
A_TENSOR = _("a tensor")
