"""How the findings about numbers are said: every text of theirs, as templates, so that they can be translated.

A message says what was found and ends with the likely cause; a remedy says what people usually do about it.
"""

from __future__ import annotations

from graphlab.analysis.findings.finding import Text
from graphlab.language import _

# -- NaN and infinity --------------------------------------------------------------------------------------------------

NAN = _("NaN")
INFINITY = _("infinity")
NOTHING = _("the script")
COUNTED = _(" ({count:,} of {size:,} entries, the first at {index})")
LOSS_IS = _("the loss is {loss}")
GRADIENT_IS = _("the gradient of {names} is not finite")
THEN_NAN = _("; {op} at line {line} then makes NaN of that infinity (0 · ∞, ∞ − ∞ or ∞ / ∞)")
AND_MORE = _(" and {count} more")

SWALLOWED = Text(
    "warning",
    _(
        "{op} makes {what} of finite numbers{count}: {reason}. The loss is finite all the same, for a later op makes "
        "0 of it (1 / ∞): these entries are lost to the model"
    ),
    "",
)
NOT_FINITE_FORWARD = Text(
    "error", _("{op} is the first op to make {what} of finite numbers{count}: {reason}{then}"), "{remedy}"
)
NOT_FINITE_BACKWARD = Text(
    "error",
    _(
        "the forward is finite, but the backward of {op} is the first to make {what} of finite "
        "gradients{count}: {reason}"
    ),
    "{remedy}",
)
DATA_NOT_FINITE = Text(
    "error",
    _("{what} is in the data already{count}: {op} brought it into the run, no computation made it"),
    _(
        "clean the data: look with torch.isfinite(x).all(), then drop those rows, or fill them "
        "(torch.nan_to_num, the mean of the column)"
    ),
)
UNINITIALISED = Text(
    "error",
    _(
        "{op} hands out memory with whatever lay in it, here {what}{count}: it was used before "
        "anything was written to it"
    ),
    _("make it with torch.zeros, or write every entry (nn.init) before it is used"),
)
UPDATE_NOT_FINITE = Text(
    "error",
    _(
        "the update of {name} (norm {weight}) makes it infinite or NaN of a finite gradient (norm "
        "{gradient}): the step is too large for its numbers"
    ),
    _("lower the learning rate, clip the gradients, or look at the optimizer's eps (0 divides by 0)"),
)
LIGHT_NOT_FINITE = Text(
    "error",
    _("at step {step} {what} for the first time; light detail does not hold which op made it so"),
    _("record step {step} in full to see the op: graphlab replay RECORDING --full {step}"),
)

FORWARD_CAUSES = {
    "mean-of-nothing": (
        _("it was taken of a tensor without elements (a selection that picked nothing)"),
        _("leave such a batch out, or divide the sum by max(count, 1)"),
    ),
    "spread-of-one": (
        _("the unbiased spread of a single value divides 0 by 0"),
        _("use unbiased=False (correction=0), or take it over more than one value"),
    ),
    "all-masked": (
        _("all entries of a row are minus infinity (all of it is masked), and the softmax divides 0 by 0"),
        _("leave one entry of each row unmasked, or put 0 where a whole row is masked, before the softmax"),
    ),
    "log-of-zero": (
        _("the logarithm of 0 is minus infinity"),
        (
            _(
                "add a small number (torch.log(p + 1e-8)) or clamp(min=1e-8), or use a loss that takes logits "
                "(cross_entropy, binary_cross_entropy_with_logits, log_softmax)"
            )
        ),
    ),
    "log-of-negative": (
        _("it was given {value}, and a negative number has no logarithm"),
        _("clamp its input to a small positive number, or look why it becomes negative"),
    ),
    "root-of-negative": (
        (
            _(
                "it was given {value}, and a negative number has no square root (a variance computed as E[x²] − E[x]² "
                "rounds below 0)"
            )
        ),
        _("clamp(min=0) its input plus a small number, or use torch.var"),
    ),
    "root-of-zero": (
        _("one over the square root of 0 is infinite"),
        _("add a small number under the root: rsqrt(x + 1e-8)"),
    ),
    "power-of-negative": (
        _("it raised {value}, a negative number, to a power that is no whole number"),
        _("take it of abs() or of clamp(min=0) plus a small number"),
    ),
    "power-of-zero": (
        _("it raised 0 to a negative power"),
        _("add a small number to the base before the power is taken"),
    ),
    "zero-by-zero": (_("it divides 0 by 0"), _("add a small number to the divisor: x / (y + 1e-8)")),
    "division-by-zero": (
        _("it divides by 0 (a count, a norm or a spread that is 0)"),
        _("add a small number to the divisor, x / (y + 1e-8), or clamp(min=1e-8) it"),
    ),
    "infinity-by-infinity": (
        _("it divides infinity by infinity: both overflowed before"),
        _("subtract the largest before exp (torch.softmax and logsumexp do), or use those"),
    ),
    "zero-times-infinity": (
        _("it multiplies 0 by infinity"),
        (
            _(
                "put the mask before what becomes infinite, or choose with torch.where and masked_fill instead of "
                "multiplying by 0"
            )
        ),
    ),
    "infinity-less-infinity": (
        _("it subtracts infinity from infinity"),
        _("mask with a large finite number (torch.finfo(x.dtype).min) instead of infinity, or mask after the sum"),
    ),
    "no-target": (
        _("no target counts: all of them are ignore_index (or of a class of weight 0), and the mean divides 0 by 0"),
        _("leave such a batch out, or use reduction='sum' divided by max(count, 1)"),
    ),
    "outside-domain": (
        _("it was given {value}, outside of where {op} is defined, or at its edge"),
        _("clamp its input a little inside the range: x.clamp(-1 + 1e-6, 1 - 1e-6)"),
    ),
    "float16-overflow": (
        _("the result is larger than float16 can hold (65504): overflow in half precision"),
        _("compute this in float32 (x.float()), use bfloat16, or autocast with a GradScaler"),
    ),
    "exponent-overflow": (
        _("of {value} it makes a number larger than {dtype} can hold ({largest}): overflow"),
        _("subtract the largest first, or use logsumexp, softmax, softplus, or clamp(max=…) its input"),
    ),
    "overflow": (
        _("the result is larger than {dtype} can hold ({largest}): numbers have been growing for some time"),
        _("look what grows: normalise, scale the initialisation, or lower the learning rate"),
    ),
    "other": (
        _("of finite numbers it made what is none"),
        _("look at what went in: it is outside of what {op} can take"),
    ),
}
"""By the cause: what happened, and the remedy."""

TIMES_ZERO = _(", and the gradient of 0 that comes from above times infinity is NaN")
NOT_TAKEN = _(
    "; it gets a gradient of 0 from {op} at line {line}, which did not take these entries, and 0 times infinity is NaN"
)
NOT_TAKEN_REMEDY = _(
    "make the input harmless before the op, not its result after it: x_safe = torch.where(mask, x, 1.0), then the op "
    "on x_safe (the gradient of a branch that where does not take is 0, but still multiplied)"
)
BACKWARD_CAUSES = {
    "root": (
        _("the slope of a square root at {value} is infinite"),
        _("add a small number under the root: torch.sqrt(x + 1e-8)"),
    ),
    "log": (
        _("the slope of a logarithm at {value} is infinite"),
        _("add a small number, torch.log(x + 1e-8), or clamp(min=1e-8)"),
    ),
    "negative": (
        _("it was taken at {value}, a negative number, where it is not defined"),
        _("clamp its input to a small positive number before it"),
    ),
    "quotient": (
        _("it divides by a number that is 0, or whose square is smaller than {dtype} can hold"),
        _("add a small number to the divisor: x / (y + 1e-8)"),
    ),
    "power": (
        _("the slope of a power below 1 (or of x**y in y) at {value} is infinite"),
        _("add a small number to the base before the power is taken"),
    ),
    "edge": (
        _("its slope at {value}, the edge of where it is defined, is infinite"),
        _("clamp its input a little inside the range: x.clamp(-1 + 1e-6, 1 - 1e-6)"),
    ),
    "norm": (
        _("a norm has no slope where its tensor is 0"),
        _("add a small number under the root: (x.pow(2).sum() + 1e-12).sqrt()"),
    ),
    "spread": (
        _("the slope of a spread is infinite where all values are equal"),
        _("add a small number under the root: (x.var() + 1e-8).sqrt()"),
    ),
    "infinite-factor": (
        _("a gradient is multiplied by a factor that is infinite or too large"),
        _("keep that factor finite: clamp what goes into it"),
    ),
    "degenerate": (
        _("its gradient divides by the distance of singular values (or eigenvalues), and two are equal"),
        _("add a little noise to the diagonal, or use a loss that does not need their vectors"),
    ),
    "float16-overflow": (
        _("the gradient is larger than float16 can hold (65504)"),
        _("scale the loss less, compute this in float32, or use bfloat16"),
    ),
    "overflow": (
        _("the gradient is larger than {dtype} can hold"),
        _("look what grows from layer to layer: scale the initialisation, normalise, clip the gradients"),
    ),
    "sum": (
        _("the gradients that came together here are larger than their dtype can hold"),
        _("scale the loss less, or compute this in float32"),
    ),
    "other": (
        _("its own derivative is not finite at what went in"),
        _("look at what went in: it is where {op} has no derivative"),
    ),
}
"""By the cause: what happened, and the remedy."""

# -- gradients that are 0 ----------------------------------------------------------------------------------------------


def some(names: list[str]) -> str:
    """Return a few names of many."""
    return ", ".join(names[:3]) + (AND_MORE.format(count=len(names) - 3) if len(names) > 3 else "")


def since(step: int) -> str:
    """Say from which step on something holds."""
    return _("at every step") if step == 1 else _("from step {step} on").format(step=step)


def percent(share: float | None) -> str:
    """Write a share."""
    return _("all") if share is None else f"{100 * share:.0f} %"


def at(op: str | None, line: int | None) -> str:
    """Say where an op lies."""
    name = op or _("the loss")
    return name if line is None else _("{name} at line {line}").format(name=name, line=line)


DEAD_RELU = Text(
    "warning",
    _(
        "the gradient of {names} is exactly 0 {since}: {share} of the units of {place} are 0 for "
        "every sample, and hand on no gradient (dead ReLU)"
    ),
    _(
        "lower the learning rate, look at the initialisation (no large negative biases) and the "
        "scale of the data, or use LeakyReLU or GELU"
    ),
)
CLAMPED = Text(
    "warning",
    _(
        "the gradient of {names} is exactly 0 {since}: all that {op} is given lies outside of its "
        "bounds, where it is flat"
    ),
    _("begin inside the bounds, widen them, or use a soft one (tanh, sigmoid, softplus)"),
)
SATURATED_TO_ZERO = Text(
    "warning",
    _("the gradient of {names} is exactly 0 {since}: {op} is so far saturated that its slope rounds to 0"),
    _("scale its inputs (standardise the data, a smaller initialisation), or give the loss the raw outputs (logits)"),
)
SOFTMAX_OF_ONE = Text(
    "warning",
    _(
        "the gradient of {names} is exactly 0 {since}: {op} normalises a single number, which is "
        "always 1, whatever the parameters are"
    ),
    _("use sigmoid (or binary_cross_entropy_with_logits) for one output, or take the softmax over the other dimension"),
)
STAIRS = Text(
    "warning",
    _(
        "the gradient of {names} is exactly 0 {since}: {op} is flat between its stairs, so its "
        "derivative is 0 everywhere"
    ),
    _(
        "train with something smooth in its place (sigmoid, the raw value), or hand its gradient on "
        "as it is (x + (q(x) - x).detach())"
    ),
)
UNDERFLOW = Text(
    "warning",
    _(
        "the gradient of {names} is exactly 0 {since}: what {op} makes of the gradient that comes is smaller than "
        "float16 can hold (6e-8), and rounds to 0: underflow in half precision"
    ),
    _("scale the loss before the backward (torch.amp.GradScaler), or compute in bfloat16 or float32"),
)
NEVER_ANY_LOSS = Text(
    "warning",
    _(
        "the loss is exactly 0 at every step, and so is the gradient of {names}: {op} makes 0 of all that it is "
        "given, as where every example keeps its margin from the start, so nothing is learnt"
    ),
    _("give it examples that are harder, or a larger margin; look whether its inputs are of the scale that it expects"),
)
DRAWN = Text(
    "warning",
    _(
        "the gradient of {names} is exactly 0 {since}: {op} draws at random, and what is drawn has no slope in the "
        "chances that it is drawn with"
    ),
    _(
        "let the loss read the logarithm of the chance of what was drawn (log_prob(action) times its reward), or draw "
        "in a way that has a slope (rsample(), F.gumbel_softmax)"
    ),
)
NO_EFFECT = Text(
    "note",
    _(
        "{names} {have} no effect: {op} at line {line} takes the mean away again, so the gradient is 0 but for "
        "rounding ({norm}, of {upstream} that comes)"
    ),
    _("nothing has to be done; the bias could be left out (bias=False) where a normalisation follows"),
)
HAVE = (_("has"), _("have"))
NOT_CHOSEN = Text(
    "warning",
    _("the gradient of {names} is exactly 0 {since}: {op} never takes what they lead to"),
    _("look at its condition or index: what it does not choose learns nothing"),
)
DROPPED = Text(
    "warning",
    _("the gradient of {names} is exactly 0 {since}: the dropout drops everything"),
    _("lower its probability"),
)
ZERO_PARAMETER = Text(
    "warning",
    _(
        "the gradient of {names} is exactly 0 {since}: at {place} it is multiplied by {factor}, which is all 0 "
        "(initialised at 0)"
    ),
    _("initialise {factor} with small random numbers (nn.init); only biases may begin at 0"),
)
ZERO_FACTOR = Text(
    "warning",
    _("the gradient of {names} is exactly 0 {since}: at {place} it is multiplied by a tensor that is all 0 ({factor})"),
    _("look why that factor is 0: data that are all 0, a mask that masks everything, a layer that is dead"),
)
ZERO_NUMBER = Text(
    "warning",
    _("the gradient of {names} is exactly 0 {since}: at {place} it is multiplied by the number 0"),
    _("look at that weight or coefficient: it switches off everything before it"),
)
CANCELS_SOME = Text(
    "note",
    _(
        "the gradient of {names} is exactly 0 {since}: what comes along different ways cancels out, "
        "so the loss does not depend on it (a bias of which only differences count)"
    ),
    _("nothing has to be done; the parameter could be left out (bias=False)"),
)
CANCELS = Text(
    "warning",
    _("the gradient of {names} is exactly 0 {since}: what comes along different ways cancels out"),
    _("look whether the loss really depends on it: x − x, or the sum of a softmax, does not"),
)
ZERO_OTHER = Text(
    "warning",
    _("the gradient of {names} is exactly 0 {since}: {place} gets a gradient and hands on none"),
    _("look at its inputs in the explorer: at these numbers its derivative is 0"),
)
ZERO_LIGHT = Text(
    "warning",
    _(
        "the gradient of {names} is exactly 0 from step {step} to the end; light detail does not hold at which op it "
        "became so"
    ),
    _("record step {step} in full to see the op: graphlab replay RECORDING --full {step}"),
)

# -- steps that are too large or too small -----------------------------------------------------------------------------

UNKNOWN = _("an unknown part")
IDENTICAL_UNITS = Text(
    "warning",
    _(
        "after {steps:,} steps all {units} units of {name} are still exactly the same: they began alike, get the same "
        "gradient, and together do the work of one (concerned: {names})"
    ),
    _("initialise weights with random numbers (nn.init.kaiming_uniform_, xavier_normal_); only biases may begin alike"),
)

# -- depth -------------------------------------------------------------------------------------------------------------

USE = _("{name} (use {number})")
VANISHES = Text(
    "warning",
    _(
        "the gradient vanishes with depth: of {last} at {other} only {first} arrives at {name}, "
        "{between} layers nearer to the input, {each} of it from layer to layer; {op} hands on "
        "{factor} of it each time"
    ),
    _(
        "use ReLU or GELU in place of sigmoid and tanh, initialise for the activation (kaiming, xavier), and add "
        "normalisation or residual connections"
    ),
)
VANISHES_IN_TIME = Text(
    "note",
    _(
        "the gradient vanishes over time: of {last} at the last use of {name} only {first} arrives at the first of "
        "{count}, {each} of it from use to use; {op} hands on {factor} of it each time: what lies far back is not "
        "learned from"
    ),
    _("use an LSTM or GRU, begin with an orthogonal recurrent weight, or look at shorter stretches"),
)
EXPLODES = Text(
    "warning",
    _(
        "the gradient explodes with depth: {last} at {other} has become {first} at {name}, {between} "
        "layers nearer to the input, times {each} from layer to layer; {op} multiplies it by "
        "{factor} each time"
    ),
    _(
        "initialise with smaller weights (kaiming, xavier; of a recurrent weight orthogonal), normalise, or clip the "
        "gradients (clip_grad_norm_)"
    ),
)

# -- activations that hand on little -----------------------------------------------------------------------------------

MOSTLY_DEAD = Text(
    "warning",
    _(
        "{dead} of {units} units of {op} ({share}) are 0 for every sample that was looked at, {since}: they get no "
        "gradient and learn nothing any more (dead ReLU)"
    ),
    _(
        "lower the learning rate, look at the initialisation (no large negative biases) and the "
        "scale of the data, or use LeakyReLU or GELU"
    ),
)
PARTLY_DEAD = Text(
    "note",
    _(
        "{dead} of {units} units of {op} ({share}) are 0 for every sample that was looked at, {since} (dead ReLU); the "
        "others learn"
    ),
    _("nothing has to be done as long as the loss falls; else lower the learning rate, or use LeakyReLU"),
)
SATURATED = Text(
    "warning",
    _(
        "{share} of {op}'s values are saturated from the start: its slope there is near 0 (on average {slope} of the "
        "steepest), and little gradient gets through: what goes in is too large"
    ),
    _(
        "standardise the data, and scale the initial weights by one over the square root of their "
        "inputs (nn.Linear does, xavier_normal_)"
    ),
)
SATURATED_LATER = Text(
    "warning",
    _(
        "{share} of {op}'s values are saturated, and the loss stands still: its slope there is near 0 (on average "
        "{slope} of the steepest), so hardly any gradient gets through"
    ),
    _(
        "lower the learning rate, and give the loss raw outputs (binary_cross_entropy_with_logits) "
        "in place of a sigmoid"
    ),
)
