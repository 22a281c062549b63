"""What plots say, in one place, so that it can be translated."""

from __future__ import annotations

TITLES = {
    "loss": "loss",
    "gradients": "gradient norm by parameter and step",
    "updates": "update against weight, ‖Δ‖ / ‖value‖",
    "zeros": "share of exact zeros in the gradient",
    "histogram": "gradient of {name}: share of its entries by size",
    "parameter": "{name} over training",
    "data": "the model in the space of its data",
    "surface": "the error over the two parameters",
}
STEP = "step"
LOSS = "loss"
MEASURES = {"value": "value", "gradient": "gradient", "update": "update"}
OPTIMIZER = "optimizer"
NORM = "{measure}, norm"
ENTRIES = "{measure}, {count} entries"
BAR = {"gradients": "‖gradient‖", "updates": "‖Δ‖ / ‖value‖", "zeros": "share of zeros"}
SHARE = "share of the entries"
ABOUT_ZERO = "about 0"
SAMPLED = " (of a sample)"
POINTS = "data"
BATCH = "of this step"
MODEL = "the model"
BORDER = "border at {place}"
PATH = "the way of training"
HERE = "step {step}"
START = "start"
ERROR = "error"
COLUMN = "{name}[:, {column}]"
AT_STEP = "step {step} of {steps}, loss {loss}"
OTHERS_AT_MEANS = "the other {count} columns at their means"
PREDICTION = "prediction"
RUN_A = "A: {name}"
RUN_B = "B: {name}"
NORM_OF_ALL = "‖gradient‖, all"
DISTANCE = "relative distance"
OF_LOSS = "of the loss"
OF_GRADIENTS = "of the gradients"
TOLERANCE = "tolerance"
PARTED = "not the same from step {step} on"
BEYOND_TOLERANCE = "beyond the tolerance from step {step} on"

NO_STEPS = "no training step has ended in this recording: there is nothing to plot"
NO_PARAMETERS = "no parameter was changed and no leaf got a gradient: there is nothing to plot"
NO_PARAMETER = "there is no parameter {name!r}; there is {near}"
NO_LOSS = "no step of this recording began a backward at a loss: there is nothing to plot"
NO_VALUES = "the recording holds no values of this gradient: there is no histogram"
NO_ENDING = "no ending"
BAD_ENDING = "a plot is written as .svg, .png or .html, not with {ending}"
IS_FOLDER = "{path} is a folder: name a file in it"
NO_FOLDER = "the folder {folder} does not exist: make it first, or write somewhere else"
NO_MATPLOTLIB = "plots are drawn by matplotlib, which is not installed: pip install matplotlib"
