"""How findings about learning rates and sizes of updates are said, as templates; see `messages`."""

from __future__ import annotations

from graphlab.analysis.findings.finding import Text
from graphlab.language import _

DIVERGES = Text(
    "warning",
    _(
        "the loss grows from {lowest} to {last} from step {step} on, while each update moves the "
        "weights by {updates} of their size: the learning rate is too large, and every step "
        "overshoots further"
    ),
    _("divide the learning rate by 10 (and again, until the loss falls), standardise the data, or clip the gradients"),
)
SINKS = Text(
    "warning",
    _(
        "the loss falls below 0 without end, from {first} to {last} in {count:,} steps, and faster with each: nothing "
        "bounds it from below, so what gets better is not the model"
    ),
    _(
        "look whether its sign is turned (-F.mse_loss(…), -criterion(…)): a loss gets smaller as the model gets "
        "better, and an error has 0 as its least"
    ),
)
NO_DESCENT = Text(
    "warning",
    _(
        "the loss does not fall ({first} at first, {last} after {count:,} steps), while each update "
        "moves the weights by {updates} of their size: the learning rate is too large, and the steps "
        "jump across the minimum"
    ),
    _("divide the learning rate by 10 (and again, until the loss falls), or standardise the data"),
)
LEAPT = Text(
    "warning",
    _(
        "the first updates move the weights by {updates} of their size and throw the loss from {first} to {highest}; "
        "after {count:,} steps it is {last}: the learning rate is too large"
    ),
    _("divide the learning rate by 10 (and again, until the loss falls from the first step on)"),
)
CRAWLS = Text(
    "warning",
    _(
        "in {count:,} steps the loss fell by {fallen} % only ({first} to {last}) although its "
        "gradient is not small, and each update moves the weights by {updates} of their size: the "
        "learning rate is too small"
    ),
    _("multiply the learning rate by 10 (and again, until the loss falls visibly), or use Adam"),
)
LARGE_UPDATE = Text(
    "warning",
    _(
        "each update moves {name} by {ratio} of its size, the other weights by {usual}: its learning rate is too large "
        "for it"
    ),
    _(
        "give it a smaller learning rate (a parameter group of its own), or look at its initialisation: it may be too "
        "small"
    ),
)
SMALL_UPDATE = Text(
    "warning",
    _("each update moves {name} by {ratio} of its size, the other weights by {usual}: it hardly learns"),
    _("give it a larger learning rate (a parameter group of its own), or look why its gradient is so small"),
)
MADE_ZERO = Text(
    "warning",
    _(
        "a gradient comes at every step, but line {zeroed} makes it 0 before the optimizer steps at line {line}: no "
        "update changes {name}"
    ),
    _("clip to a norm above 0 (clip_grad_norm_(…, 1.0)); zero gradients before the backward, not after it"),
)
RATE_OF_ZERO = Text(
    "warning",
    _("a gradient comes at every step, but the learning rate is 0 at each: no update changes {name}"),
    _(
        "look where the rate comes from: a scheduler that begins at 0 and rises only after many steps (or divides "
        "whole numbers, step // warmup), or a group of its own with lr=0"
    ),
)
ROUNDED_AWAY = Text(
    "warning",
    _(
        "a gradient comes at every step, and no update changes a single bit of {name}: at a learning rate of {rate} "
        "the updates are smaller than the precision of {dtype}"
    ),
    _("raise the learning rate, and keep the weights in float32 (autocast leaves them there)"),
)
CLIPPED_AWAY = Text(
    "warning",
    _(
        "a gradient comes at every step that would move {name} at the learning rate of {rate}, and no update changes "
        "a single bit: the gradient is made 0, or next to it, before the step (clipped to hardly any norm, or zeroed)"
    ),
    _("clip to a norm above 0 (clip_grad_norm_(…, 1.0)); zero gradients before the backward, not after it"),
)
ROUNDED_OR_MADE_ZERO = Text(
    "warning",
    _(
        "a gradient comes at every step, and no update changes a single bit of {name}: the updates "
        "are smaller than the precision of {dtype}, or the gradient is made 0 before the step (clipped to a norm of 0)"
    ),
    _("keep the weights in float32 (autocast leaves them there), or raise the learning rate"),
)
FADED = Text(
    "warning",
    _(
        "from step {since} to the end no update changes a single bit of any parameter, although gradients still come: "
        "the learning rate has fallen to {rate}, and the training stands still long before its minimum"
    ),
    _(
        "look at the scheduler: how often it is stepped (once an epoch, not once a batch), and how much of the rate "
        "each step leaves (gamma)"
    ),
)
