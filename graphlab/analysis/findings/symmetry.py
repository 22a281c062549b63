"""Units that are identical for ever: they began alike, so they get like gradients, and stay alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy

from graphlab.analysis.findings import number_messages as messages
from graphlab.analysis.findings.entries import real
from graphlab.analysis.findings.finding import Finding, make_finding
from graphlab.analysis.findings.source import line_of_definition
from graphlab.analysis.findings.training import Training, training_of

if TYPE_CHECKING:
    from graphlab.recording import Recording

Array = numpy.ndarray[Any, Any]

_ALIKE = 1e-6
"""Kernels work on several units at once and on the rest one by one: equal units may part in their last digits."""


def find_identical_units(recording: Recording) -> Iterator[Finding]:
    """Find weights that were updated, and whose units still are all the same."""
    training = training_of(recording)
    found = []
    for node in training.parameters:
        shape = recording.node(node).shape or ()
        update = training.update(node)
        if len(shape) < 2 or len(update.steps) < 2 or not (update.changes > 0).any():
            continue
        kept = recording.changes_of(node, "value", int(update.events[-1]), int(update.events[-1]))
        units = _identical_units(real(kept[0].after)) if kept else 0
        if units:
            found.append((node, units))
    # The layers next to such units are alike too, for the same cause: the first is told of.
    for node, units in found[:1]:
        yield _finding(recording, training, node, units, [training.name(other) for other, _ in found])


FINDERS = (find_identical_units,)


def _identical_units(value: Array | None) -> int:
    """Return how many units a weight has that are all equal, along its rows or its columns; 0 where they differ."""
    if value is None or not numpy.isfinite(value).all() or not value.any():
        return 0
    rows = value.reshape(value.shape[0], -1)
    for units in (rows, rows.T) if value.ndim == 2 else (rows,):
        if min(units.shape) > 1 and numpy.abs(units - units[:1]).max() <= _ALIKE * numpy.abs(units).max():
            return int(units.shape[0])
    return 0


def _finding(recording: Recording, training: Training, node: int, units: int, names: list[str]) -> Finding:
    update = training.update(node)
    event = int(update.events[0])
    # As it was before the update: an update by hand is an op that makes its value anew.
    made = recording.value_tensor(node, recording.last_backward_end(recording.step_of(event)))
    at = recording.event(made.event) if made is not None and made.event else None
    place = recording.node(node)
    file, line = (at.file, at.line) if at is not None and at.kind == "op" else line_of_definition(recording, place)
    evidence = {"units": units, "parameters": names, "steps": len(update.steps), "shape": list(place.shape or ())}
    return make_finding(
        recording, "identical-units", messages.IDENTICAL_UNITS, event, node=node, file=file, line=line,
        evidence=evidence, name=training.name(node), units=units, names=messages.some(names), steps=training.count,
    )  # fmt: skip
