"""Gradients that are exactly 0, step for step to the end: where they became 0, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy

from graphlab.analysis.findings import number_messages as messages
from graphlab.analysis.findings.cuts import Cut, find_cuts
from graphlab.analysis.findings.finding import Finding, make_finding
from graphlab.analysis.findings.flow import flow_of
from graphlab.analysis.findings.held_parameters import Parameters
from graphlab.analysis.findings.not_finite import first_not_finite
from graphlab.analysis.findings.source import line_of_definition
from graphlab.analysis.findings.training import Training, training_of

if TYPE_CHECKING:
    from graphlab.analysis.findings.finding import Text
    from graphlab.recording import Recording

_PASSING = frozenset({"zero-parameter", "zero-factor", "not-taken"})
"""Causes that a first step may well have, and the second has no more: a state or a last layer that begins at 0."""
_LEAST_SHARE = 0.1
"""Of its steps a leaf has to have a gradient of 0 at the end of the run, to be told of."""

_FEWEST = 3
"""Steps of a loss of 0, none before it, that are told of."""


@dataclass
class _Group:
    """Leaves whose gradient one cause made 0."""

    step: int
    seen: int
    """The step whose gradients were looked at."""
    cuts: list[Cut] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


def find_zero_gradients(recording: Recording) -> Iterator[Finding]:
    """Find leaves whose gradient is 0 from some step to the end, and the op at which it became so."""
    training = training_of(recording)
    spoilt = first_not_finite(training)
    groups: dict[tuple[int | None, int | None, str], _Group] = {}
    light: dict[int, list[str]] = {}
    parameters = Parameters(recording)
    passing = {leaf.id for leaf in parameters.leaves if parameters.steps and leaf.id not in parameters.held}
    for leaf in training.leaves:
        if leaf in passing and len(training.gradient(leaf)) == 1:
            continue  # of one step, beside an optimizer's parameters: an input, a number made into a tensor
        step = zero_from(training, leaf)
        if step is None or (spoilt is not None and step > spoilt):
            continue  # what follows NaN and infinity says nothing
        seen = step if recording.step(step).detail == "full" else _step_with_edges(recording, step)
        cuts = find_cuts(flow_of(recording, seen), leaf)[:1] if seen is not None else []
        is_unknown = not cuts or (cuts[0].cause == "other" and recording.step(step).detail == "light")
        if cuts and cuts[0].cause == "balanced":
            continue  # its samples pull as hard one way as the other
        if len(training.gradient(leaf)) == 1 and (is_unknown or cuts[0].cause in _PASSING):
            continue
        if is_unknown:
            light.setdefault(step, []).append(training.name(leaf))
            continue
        cut = cuts[0]
        place = cut.node if cut.cause != "zero-parameter" else cut.cut
        known = groups.setdefault((place.file, place.line or -place.id, cut.cause), _Group(step, seen or step))
        known.cuts.append(cut)
        known.names.append(training.name(leaf))
    is_all = len(training.leaves) == sum(len(group.names) for group in groups.values())
    for group in groups.values():
        yield _finding(recording, group, is_all=is_all)
    known_steps = {group.step for group in groups.values()}
    for step, names in light.items():
        if step in known_steps:
            continue  # what is known of the others is the cause of these as well, or hides it
        start = recording.events_between(recording.step(step).first, recording.step(step).last, ["backward_end"])
        yield make_finding(
            recording, "zero-gradient", messages.ZERO_LIGHT, start[-1].id,
            evidence={"gradients": names, "record_in_full": step}, names=messages.some(names), step=step,
        )  # fmt: skip


FINDERS = (find_zero_gradients,)


def zero_from(training: Training, leaf: int) -> int | None:
    """Return the step from which on the gradient of a leaf is 0 to the end; None where that says nothing."""
    curve = training.gradient(leaf)
    if not len(curve) or curve.numbers[-1] != 0 or _is_solved(training, curve.steps):
        return None
    alive = numpy.flatnonzero(curve.numbers != 0)
    first = int(alive[-1]) + 1 if len(alive) else 0
    run = len(curve) - first
    if len(curve) > 1 and (run < 2 or run < _LEAST_SHARE * len(curve)):
        return None
    return int(curve.steps[first])


def _is_solved(training: Training, steps: numpy.ndarray[tuple[int], numpy.dtype[numpy.int64]]) -> bool:
    """Whether the loss itself has come to 0: then every gradient may be. One that was 0 from the start came nowhere."""
    losses = training.losses[steps - 1]
    return bool(losses[-1] == 0) and not (len(losses) >= _FEWEST and (losses == 0).all())


def _step_with_edges(recording: Recording, step: int) -> int | None:
    """Return the first step from one on whose gradients inside the graph were kept, as light detail does of some."""
    first = recording.step(step).first
    row = recording.reader.row("SELECT MIN(event) FROM edge_norms WHERE event >= ?", first)
    return recording.number_at(row[0]) if row is not None and row[0] is not None else None


def _finding(recording: Recording, group: _Group, *, is_all: bool) -> Finding:
    cut, step = group.cuts[0], group.step
    name, text = _TEXTS[cut.cause]
    if cut.cause == "cancels" and not is_all:
        text = messages.CANCELS_SOME
    if cut.cause == "clamped" and not training_of(recording).losses.any():
        text = messages.NEVER_ANY_LOSS
    came = recording.find_events("kind = 'gradient' AND node = ? ORDER BY id LIMIT 1", cut.cut.id)
    event = came[0].id if came else recording.last_backward_end(recording.step(step))
    factors = list(dict.fromkeys(each.factor for each in group.cuts if each.factor))
    evidence = {
        "cause": cut.cause, "gradients": group.names, "share": cut.share, "cut": cut.cut.op,
        "factors": factors or None, "since_step": step,
    }  # fmt: skip
    if cut.node.line is None:
        evidence["record_in_full"] = group.seen
    file, line = _place(recording, cut)
    lines = [each for cut in group.cuts for each in (cut.cut.line, _place(recording, cut)[1])]
    return make_finding(
        recording, name, text, event, node=cut.node.id, file=file, line=line, lines=lines,
        evidence=evidence, names=messages.some(group.names), op=cut.node.op or cut.factor, since=messages.since(step),
        factor=messages.some(factors), share=messages.percent(cut.share), place=messages.at(cut.cut.op, cut.cut.line),
    )  # fmt: skip


def _place(recording: Recording, cut: Cut) -> tuple[int | None, int | None]:
    """Return the file and line of what is to blame: of a parameter that is 0, where it was made so."""
    if cut.cause == "zero-parameter":
        made = recording.value_tensor(cut.node.id, recording.last_backward_end(recording.step(1)))
        event = recording.event(made.event) if made is not None and made.event else None
        if event is not None and event.kind == "op":
            return event.file, event.line
        return line_of_definition(recording, cut.node)
    return cut.node.file, cut.node.line


_TEXTS: dict[str, tuple[str, Text]] = {
    "rectified": ("dead-relu", messages.DEAD_RELU),
    "clamped": ("zero-gradient", messages.CLAMPED),
    "saturated": ("saturated", messages.SATURATED_TO_ZERO),
    "softmax-of-one": ("zero-gradient", messages.SOFTMAX_OF_ONE),
    "stairs": ("zero-gradient", messages.STAIRS),
    "not-taken": ("zero-gradient", messages.NOT_CHOSEN),
    "underflow": ("zero-gradient", messages.UNDERFLOW),
    "drawn": ("zero-gradient", messages.DRAWN),
    "dropped": ("zero-gradient", messages.DROPPED),
    "zero-parameter": ("zero-gradient", messages.ZERO_PARAMETER),
    "zero-factor": ("zero-gradient", messages.ZERO_FACTOR),
    "zero-number": ("zero-gradient", messages.ZERO_NUMBER),
    "cancels": ("zero-gradient", messages.CANCELS),
    "other": ("zero-gradient", messages.ZERO_OTHER),
}
