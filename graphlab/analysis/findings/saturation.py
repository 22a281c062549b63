"""Activations that hand on next to nothing: units of ReLU that are dead, sigmoid and tanh far out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy

from graphlab.analysis.findings import number_messages as messages
from graphlab.analysis.findings.cuts import RECTIFIERS, dead_units, stem
from graphlab.analysis.findings.finding import Finding, make_finding
from graphlab.analysis.findings.not_finite import first_not_finite
from graphlab.analysis.findings.snapshots import is_zero
from graphlab.analysis.findings.training import training_of
from graphlab.recording.arguments import read_arguments

if TYPE_CHECKING:
    from graphlab.analysis.findings.training import Training
    from graphlab.model import Node
    from graphlab.recording import Recording

Array = numpy.ndarray[Any, Any]

_STEPS = 24
"""Steps in full detail that are looked at, spread over the run."""
_SAMPLES = 32
"""Rows that a unit has to have had before it is called dead."""
_MOST_DEAD = 0.9
_HALF = 0.5
_FLAT = 0.05
"""The part of its steepest slope below which an activation is saturated."""
_NODES = 400
"""Activations of a step that are looked at."""


@dataclass(frozen=True)
class _Use:
    """An activation at one step."""

    step: int
    node: Node


def find_dead_units(recording: Recording) -> Iterator[Finding]:
    """Find ReLUs most of whose units let nothing through, for no sample, to the end of the run; once for each line."""
    worst: dict[tuple[int | None, int | None], tuple[float, Finding]] = {}
    for use, share, units in _dead_layers(recording):
        place = use.node.file, use.node.line or -use.node.id
        if place not in worst or share > worst[place][0]:
            worst[place] = share, _dead_finding(recording, use, share, units)
    yield from (finding for _, finding in worst.values())


def _dead_layers(recording: Recording) -> Iterator[tuple[_Use, float, int]]:
    """Give each such ReLU as it was when it came so far, with the share of its units, and how many there are."""
    for uses in _activations(recording, frozenset(RECTIFIERS)):
        values = [(use, recording.value(use.node.id, recording.step(use.step).last)) for use in uses]
        known = [(use, dead) for use, value in values if (dead := dead_units(value)) is not None]
        shape = uses[0].node.shape or ()
        if len(known) < 2 or len(shape) < 2 or len({dead.size for _, dead in known}) > 1:
            continue
        units = shape[1] if len(shape) in {4, 5} else shape[-1]
        if sum(math.prod(use.node.shape or ()) // max(units, 1) for use, _ in known) < _SAMPLES:
            continue
        for_ever = numpy.logical_and.accumulate(numpy.array([dead for _, dead in known])[::-1])[::-1]
        shares = for_ever.mean(axis=1)
        share = float(shares[0] if shares[0] >= _HALF else shares[len(known) // 2])
        if share >= _HALF and not _is_all_zero(recording, uses[-1]):
            use, dead = known[int(numpy.argmax(shares >= share))]
            yield use, share, dead.size


def _is_all_zero(recording: Recording, use: _Use) -> bool:
    """Whether all units are dead: then gradients are 0, and that is told."""
    return is_zero(recording.value(use.node.id, recording.step(use.step).last))


def _dead_finding(recording: Recording, use: _Use, share: float, units: int) -> Finding:
    text = messages.MOSTLY_DEAD if share >= _MOST_DEAD else messages.PARTLY_DEAD
    dead = round(share * units)
    return make_finding(
        recording, "dead-relu", text, use.node.event, node=use.node.id,
        evidence={"dead_units": dead, "units": units, "share": share, "since_step": use.step}, dead=dead, units=units,
        share=messages.percent(share), op=use.node.op, since=messages.since(use.step),
    )  # fmt: skip


def find_saturated(recording: Recording) -> Iterator[Finding]:
    """Find sigmoids and tanhs that are saturated before training begins, or are so while the loss does not fall."""
    training = training_of(recording)
    if first_not_finite(training) == 1:
        return  # the logarithm of what is saturated, most likely: that is told
    told: set[tuple[int | None, int | None]] = set()
    for uses in _activations(recording, frozenset({"Tanh", "Sigmoid", "Softmax"})):
        shares = [_saturated_share(recording, use) for use in uses]
        is_first = shares[0] is not None and shares[0] >= _HALF and uses[0].step == 1
        last = shares[-1]
        if stem(uses[0].node) == "Softmax":
            # Sharp attention may well be learned: only where it begins so, and stays so, nothing gets through.
            is_first = is_first and min((share or 0.0) for share in shares) >= _MOST_DEAD
            last = None
        is_stuck = last is not None and last >= _MOST_DEAD and _is_stuck(training)
        place = (uses[0].node.file, uses[0].node.line)
        if not (is_first or is_stuck) or place in told:
            continue
        told.add(place)
        use, share = (uses[0], shares[0]) if is_first else (uses[-1], last)
        assert share is not None
        slope = _mean_slope(recording, use)
        yield make_finding(
            recording, "saturated", messages.SATURATED if is_first else messages.SATURATED_LATER, use.node.event,
            node=use.node.id, evidence={"share": share, "mean_slope": slope, "op": use.node.op}, op=use.node.op,
            share=messages.percent(share), slope=f"{slope:.2g}" if slope is not None else messages.UNKNOWN,
        )  # fmt: skip


FINDERS = (find_dead_units, find_saturated)


def _activations(recording: Recording, stems: frozenset[str]) -> list[list[_Use]]:
    """Return the uses of each activation of the script, in the steps that are looked at: by line, module and order."""
    numbers = [number for number in _steps(recording) if recording.step(number).detail == "full"]
    places: dict[tuple[Any, ...], list[_Use]] = {}
    for number in numbers:
        step = recording.step(number)
        nodes = recording.reader.nodes(
            f"WHERE kind = 'op' AND op IN ({', '.join('?' * (3 * len(stems)))}) AND event BETWEEN ? AND ? "
            "ORDER BY id LIMIT ?",
            *(f"{name}Backward{index}" for name in sorted(stems) for index in range(3)), step.first, step.last, _NODES,
        )  # fmt: skip
        counts: dict[tuple[Any, ...], int] = {}
        for node in nodes:
            if not _is_reached(recording, node.id):
                continue
            place = (node.file, node.line, node.module, stem(node), (node.shape or ())[1:])
            counts[place] = counts.get(place, 0) + 1
            places.setdefault((*place, counts[place]), []).append(_Use(number, node))
    return list(places.values())


def _is_reached(recording: Recording, node: int) -> bool:
    """Whether a backward ran through a node: what was only evaluated is left out."""
    return recording.reader.row("SELECT 1 FROM gradients WHERE node = ? LIMIT 1", node) is not None


def _steps(recording: Recording) -> list[int]:
    count = len(recording.steps)
    picked = numpy.unique(numpy.linspace(1, count, min(count, _STEPS)).astype(int)) if count else numpy.zeros(0, int)
    return [int(number) for number in picked]


def _slopes(recording: Recording, use: _Use) -> Array | None:
    """Return the slope at each entry that was kept, as a part of the steepest."""
    value = recording.value(use.node.id, recording.step(use.step).last)
    if value is None or value.array is None or not value.array.size:
        return None
    made = numpy.asarray(value.array, "f8")
    if stem(use.node) == "Softmax":
        return _slopes_of_rows(recording, use, made) if value.is_complete else None
    return 1 - made**2 if stem(use.node) == "Tanh" else 4 * made * (1 - made)


def _slopes_of_rows(recording: Recording, use: _Use, made: Array) -> Array | None:
    """Return for each row of a softmax of several numbers the slope of its largest; masked ones are none of them."""
    arguments = read_arguments(recording, use.node.id)
    axis = arguments.numbers.get("dim") if arguments is not None else None
    if axis is None or not made.ndim:
        return None
    axis = axis - 2**64 if axis >= 2**63 else axis
    rows = numpy.moveaxis(made.reshape(use.node.shape or ()), axis, -1)
    several = (rows > 0).sum(axis=-1) > 1
    largest: Array = rows.max(axis=-1)[several]
    return numpy.asarray(4 * largest * (1 - largest))


def _saturated_share(recording: Recording, use: _Use) -> float | None:
    slopes = _slopes(recording, use)
    return None if slopes is None or slopes.size < 2 else float((slopes < _FLAT).mean())


def _mean_slope(recording: Recording, use: _Use) -> float | None:
    slopes = _slopes(recording, use)
    return None if slopes is None else float(slopes.mean())


def _is_stuck(training: Training) -> bool:
    """Whether the loss of the last steps is not much below that of the first."""
    losses = training.losses[training.has_loss]
    if len(losses) < _FLATTEST or not numpy.isfinite(losses).all():
        return False
    late = float(numpy.median(losses[-max(len(losses) // 4, 1) :]))
    return late > 0.5 * abs(float(losses[0])) and late > 0


_FLATTEST = 5
"""Steps from which on a loss can be said to stand still."""
