"""Which scalars and histograms of a run TensorBoard gets.

Every step has its loss, learning rates, the script's own figures, and of each parameter the norms of gradient, value
and update; of very many steps those are kept whose loss is the largest of their neighbours, so that no spike is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy

from graphlab.errors import RenderError, UsageError
from graphlab.language import _
from graphlab.renderers.tensorboard import messages
from graphlab.series import MEASURES, Series

if TYPE_CHECKING:
    from graphlab.recording import Recording
    from graphlab.series import Leaf

    Array = numpy.ndarray[Any, Any]

FILE_NAME = "events.out.tfevents.0.graphlab"
"""TensorBoard reads files that are called so; the number is a time in others' names, and would differ each time."""
_MOST_STEPS = 10_000
_MOST_HISTOGRAMS = 250


def check_logdir(path: Path) -> Path:
    """Return the file that is to be written into a folder, which need not exist yet.

    Raises:
        RenderError: it is no folder, or none can be there.
    """
    if path.exists() and not path.is_dir():
        raise RenderError(_("{path} is a file: TensorBoard reads a folder, name one").format(path=path))
    if not path.parent.is_dir():
        raise RenderError(
            _("the folder {folder} does not exist: make it first, or write somewhere else").format(folder=path.parent)
        )
    return path / FILE_NAME


def render_events(recording: Recording) -> bytes:
    """Return the event file of a recording.

    Raises:
        UsageError: no training step has ended.
    """
    if not recording.steps:
        raise UsageError(_("no training step has ended in this recording: there is nothing to export"))
    series = Series(recording)
    leaves = series.leaves(len(recording.steps))
    while leaves and not series.read_on(leaves, 1.0):
        pass
    parts = [messages.record(messages.file_version())]
    columns = list(_scalars(series, leaves))
    chosen = _choose(series, _MOST_STEPS)
    with_histograms = set(chosen[:: -(-len(chosen) // _MOST_HISTOGRAMS)])
    for index in chosen:
        values = [messages.scalar(tag, numbers[index]) for tag, numbers, is_there in columns if is_there[index]]
        if index in with_histograms:
            values += _histograms(series, leaves, index + 1)
        time = recording.event(recording.steps[index].last).time
        parts.append(messages.record(messages.summary(time, index + 1, values)))
    return b"".join(parts)


def _scalars(series: Series, leaves: list[Leaf]) -> Iterator[tuple[str, Array, Array]]:
    """Yield name, numbers and which of them are there, each over all steps."""
    yield "loss", series.losses(), series.has_loss()
    for name, numbers in (*series.rates().items(), *series.metrics().items()):
        yield name.replace(" ", "_"), numbers, ~numpy.isnan(numbers)
    for measure in MEASURES:
        for leaf in leaves:
            curve = series.curve(leaf, measure)
            yield f"{measure}_norm/{leaf.name}", numpy.abs(curve.numbers), curve.is_there


def _choose(series: Series, most: int) -> list[int]:
    """Return at most so many steps, counted from 0: of those in a row the one with the largest loss."""
    losses = numpy.nan_to_num(series.losses(), nan=numpy.inf, neginf=numpy.inf)
    size = -(-len(losses) // most)
    return [start + int(losses[start : start + size].argmax()) for start in range(0, len(losses), size)]


def _histograms(series: Series, leaves: list[Leaf], number: int) -> list[bytes]:
    found = []
    for leaf in leaves:
        state = series.at(leaf.node, number)
        for measure, snapshot in (("gradient", state.gradient), ("value", state.value)):
            array = snapshot.array if snapshot is not None else None
            if array is None or array.dtype.kind == "c" or leaf.size < 2:
                continue
            written = messages.histogram(f"{measure}/{leaf.name}", array)
            if written is not None:
                found.append(written)
    return found
