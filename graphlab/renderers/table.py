"""The gradient table of a whole run as csv: one row a step and leaf.

The one format that takes a recording, not a graph.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from graphlab.sentences import format_shape

if TYPE_CHECKING:
    from graphlab.recording import Recording

COLUMNS = ("step", "loss", "name", "shape", "norm", "min", "max", "mean", "update_norm")


def gradient_table(recording: Recording) -> str:
    """Return the table as text, with a header; a leaf that got no gradient has empty cells."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for step in recording.steps:
        moved = {parameter.node: parameter.update_norm for parameter in recording.step_parameters(step.step)}
        for leaf in recording.step_gradients(step.step):
            figures: tuple[float | None, ...] = (None,) * 4
            if leaf.gradient is not None:
                found = leaf.gradient.statistics
                figures = (found.norm, found.minimum, found.maximum, found.mean)
            row = (step.step, step.loss, leaf.name, format_shape(leaf.shape), *figures, moved.get(leaf.node))
            writer.writerow(["" if cell is None else repr(cell) if isinstance(cell, float) else cell for cell in row])
    return text.getvalue()
