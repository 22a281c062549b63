"""What plots say, in one place, so that it can be translated."""

from __future__ import annotations

from graphlab.language import _, plural

TITLES = {
    "loss": _("loss"),
    "gradients": _("gradient norm by parameter and step"),
    "updates": _("update against weight, ‖Δ‖ / ‖value‖"),
    "zeros": _("share of exact zeros in the gradient"),
    "histogram": _("gradient of {name}: share of its entries by size"),
    "parameter": _("{name} over training"),
    "data": _("the model in the space of its data"),
    "surface": _("the error over the two parameters"),
}
STEP = _("step")
LOSS = _("loss")
MEASURES = {"value": _("value"), "gradient": _("gradient"), "update": _("update")}
OPTIMIZER = _("optimizer")
NORM = _("{measure}, norm")
ENTRIES = _("{measure}, {count} entries")
BAR = {"gradients": _("‖gradient‖"), "updates": _("‖Δ‖ / ‖value‖"), "zeros": _("share of zeros")}
SHARE = _("share of the entries")
ABOUT_ZERO = _("about 0")
SAMPLED = _(" (of a sample)")
POINTS = _("data")
BATCH = _("of this step")
MODEL = _("the model")
BORDER = _("border at {place}")
PATH = _("the way of training")
HERE = _("step {step}")
START = _("start")
ERROR = _("error")
COLUMN = "{name}[:, {column}]"
AT_STEP = _("step {step} of {steps}, loss {loss}")
OTHERS_AT_MEANS = plural("the other column at its mean", "the other {count} columns at their means")
PREDICTION = _("prediction")
RUN_A = "A: {name}"
RUN_B = "B: {name}"
NORM_OF_ALL = _("‖gradient‖, all")
DISTANCE = _("relative distance")
OF_LOSS = _("of the loss")
OF_GRADIENTS = _("of the gradients")
TOLERANCE = _("tolerance")
PARTED = _("not the same from step {step} on")
BEYOND_TOLERANCE = _("beyond the tolerance from step {step} on")

NO_STEPS = _("no training step has ended in this recording: there is nothing to plot")
NO_PARAMETERS = _("no parameter was changed and no leaf got a gradient: there is nothing to plot")
NO_PARAMETER = _("there is no parameter {name!r}; there is {near}")
NO_LOSS = _("no step of this recording began a backward at a loss: there is nothing to plot")
NO_VALUES = _("the recording holds no values of this gradient: there is no histogram")
NO_ENDING = _("no ending")
BAD_ENDING = _("a plot is written as .svg, .png or .html, not with {ending}")
IS_FOLDER = _("{path} is a folder: name a file in it")
NO_FOLDER = _("the folder {folder} does not exist: make it first, or write somewhere else")
NO_MATPLOTLIB = _("plots are drawn by matplotlib, which is not installed: pip install matplotlib")


def headline(title: str) -> str:
    """Return a title as one that something can follow: of a docstring it is a sentence with its full stop."""
    return title.removesuffix(".")
