"""Where NaN and infinity come from: the first op, forward or backward, that made one from numbers.

A mask of minus infinity is no fault: only what reaches a loss, a gradient or a parameter is followed back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy

from graphlab.analysis.findings import number_messages as messages
from graphlab.analysis.findings.finding import Finding, make_finding
from graphlab.analysis.findings.not_finite_backward import find_in_backward
from graphlab.analysis.findings.not_finite_causes import explain_forward
from graphlab.analysis.findings.snapshots import has_infinity, has_nan
from graphlab.analysis.findings.training import Training, training_of

if TYPE_CHECKING:
    from graphlab.model import Event, Snapshot, Tensor
    from graphlab.recording import Recording

_FILLERS = frozenset(
    {"full", "full_like", "new_full", "fill_", "fill", "masked_fill", "masked_fill_", "tensor", "as_tensor",
     "scalar_tensor", "new_tensor", "triu", "tril", "where", "setitem", "index_fill", "index_fill_",
     "constant_pad_nd", "pad"}
)  # fmt: skip
"""Ops that put an infinity where the script says so: a mask."""
_OVERWRITES = frozenset({"fill_", "zero_", "copy_", "normal_", "uniform_", "constant_", "random_", "bernoulli_"})
"""Ops that change a tensor in place without a look at what it held."""
_WRITTEN_INFINITY = re.compile(r"\binf\b|infinity|neg_inf", re.IGNORECASE)
_COUNTING = frozenset({"int64", "int32", "int16", "int8", "uint8", "bool"})
_MOST = 20_000
"""Tensors that are looked at on the way back."""


@dataclass(frozen=True)
class Origin:
    """An op that made NaN or infinity from numbers."""

    event: int
    made: Tensor
    inputs: list[Tensor]
    turned: int | None = None
    """The op that made NaN of the infinity of the origin."""


def find_not_finite(recording: Recording) -> Iterator[Finding]:
    """Find the first step at which a loss, a gradient or a parameter is not finite, and the op that made it so."""
    training = training_of(recording)
    step = first_not_finite(training)
    if step is None:
        yield from _find_swallowed(recording, training)
        return
    if recording.step(step).detail == "light":
        yield _light_finding(recording, training, step)
        return
    yield from _find_in_step(recording, training, step)


FINDERS = (find_not_finite,)


def first_not_finite(training: Training) -> int | None:
    """Return the first step at which a loss, a gradient or a parameter is not finite; a scaler's skipped ones apart."""
    first = [int(step) for step in _bad_steps(training)[:1]]
    updates = [training.update(node) for node in training.parameters]
    first += [int(each.steps[~each.is_finite][0]) for each in updates if not each.is_finite.all()]
    return min(first, default=None)


def _find_swallowed(recording: Recording, training: Training) -> Iterator[Finding]:
    """Find what overflowed in float16 and vanished again, as 1 / ∞ does: the loss is finite, those entries are lost."""
    if len(training.skipped):
        return  # a scaler looks after them
    rows = recording.reader.rows(
        "SELECT id FROM tensors WHERE dtype = 'float16' AND snapshot IS NOT NULL ORDER BY id LIMIT ?", _MOST
    )
    for (number,) in rows:
        tensor = recording.tensor(number)
        # Downwards it is a mask: the least number of all added to a score.
        if not has_infinity(recording.snapshot(tensor.snapshot)) or _is_mask(recording, tensor):
            continue
        inputs = _inputs_of(recording, tensor)
        if not inputs or not all(_is_clean(recording.snapshot(each.snapshot)) for each in inputs):
            continue
        event = recording.event(tensor.event)
        explained = explain_forward(recording, event, tensor, inputs)
        text = messages.SWALLOWED._replace(remedy=explained.text.remedy)
        yield make_finding(
            recording, "not-finite", text, tensor.event, node=event.node, evidence=explained.evidence, **explained.words
        )
        return


def _is_mask(recording: Recording, tensor: Tensor) -> bool:
    """Whether an infinity was put there, or is below."""
    snapshot = recording.snapshot(tensor.snapshot)
    greatest = snapshot.statistics.maximum if snapshot is not None else None
    return is_filled(recording, tensor) or greatest is None or not numpy.isposinf(greatest)


def _bad_steps(training: Training) -> Any:
    is_bad = training.has_loss & ~numpy.isfinite(training.losses)
    bad = [numpy.flatnonzero(is_bad) + 1]
    for leaf in training.leaves:
        curve = training.gradient(leaf)
        bad.append(curve.steps[~numpy.isfinite(curve.numbers)])
    return numpy.setdiff1d(numpy.unique(numpy.concatenate(bad)), training.skipped)


def _light_finding(recording: Recording, training: Training, number: int) -> Finding:
    step = recording.step(number)
    loss = step.loss
    leaves = [leaf for leaf in training.leaves if not numpy.isfinite(training.gradient(leaf).at(number) or 0.0)]
    names = [training.name(leaf) for leaf in leaves]
    is_loss = loss is not None and not numpy.isfinite(loss)
    what = messages.LOSS_IS.format(loss=loss) if is_loss else messages.GRADIENT_IS.format(names=messages.some(names))
    start = next(event for event in recording.events_between(step.first, step.last, ["backward_start"]))
    return make_finding(
        recording, "not-finite", messages.LIGHT_NOT_FINITE, start.id, node=None,
        evidence={"loss": loss, "gradients": names, "record_in_full": number}, what=what, step=number,
    )  # fmt: skip


def _find_in_step(recording: Recording, training: Training, number: int) -> Iterator[Finding]:
    step = recording.step(number)
    for start in recording.events_between(step.first, step.last, ["backward_start"]):
        for root in start.details.get("roots", ()):
            loss = _root_value(recording, root)
            if loss is not None and not _is_clean(recording.snapshot(loss.snapshot)):
                yield _forward_finding(recording, loss)
                return
    found = find_in_backward(recording, step)
    if found is not None:
        yield found
        return
    yield from _find_in_updates(recording, training, number)


def _root_value(recording: Recording, root: int) -> Tensor | None:
    """Return the tensor that a backward began at."""
    edges = recording.reader.edges("WHERE target = ? ORDER BY slot", root)
    moment = recording.event_count
    value = recording.value_tensor(edges[0].source, moment) if edges else None
    return value or recording.value_tensor(root, moment)


def _is_clean(snapshot: Snapshot | None) -> bool:
    return not (has_nan(snapshot) or has_infinity(snapshot))


def _forward_finding(recording: Recording, loss: Tensor) -> Finding:
    origin = find_origin(recording, loss)
    event = recording.event(origin.event) if origin.event else None
    explained = explain_forward(recording, event, origin.made, origin.inputs)
    turned = recording.event(origin.turned) if origin.turned and origin.turned != origin.event else None
    then = messages.THEN_NAN.format(op=turned.text, line=turned.line) if turned is not None else ""
    lines = [recording.event(at).line for at in (loss.event, origin.turned) if at]
    node = event.node if event is not None and event.kind == "op" else origin.made.node
    return make_finding(
        recording, explained.finding, explained.text, origin.event or loss.event, node=node, lines=lines,
        evidence=explained.evidence, then=then, **explained.words,
    )  # fmt: skip


def find_origin(recording: Recording, bad: Tensor) -> Origin:
    """Follow NaN or infinity from a tensor back to the earliest op that made it from numbers."""
    origins: list[Origin] = []
    meant: list[Origin] = []
    turned: list[int] = []
    seen: set[int] = set()
    waiting = [bad]
    while waiting and len(seen) < _MOST:
        tensor = waiting.pop()
        if tensor.id in seen:
            continue
        seen.add(tensor.id)
        inputs = _inputs_of(recording, tensor)
        states = [(each, recording.snapshot(each.snapshot)) for each in inputs]
        with_nan = [each for each, state in states if has_nan(state)]
        infinite = [each for each, state in states if has_infinity(state)]
        # What was not kept (inside of matmul) may be bad as well: where nothing else is, it has to be.
        unknown = [each for each, state in states if state is None and each.dtype not in _COUNTING]
        is_known = tensor.snapshot is not None
        is_nan = not is_known or has_nan(recording.snapshot(tensor.snapshot))
        followed = (with_nan or infinite or unknown) if is_nan else (infinite or with_nan or unknown)
        waiting += followed
        origin = Origin(tensor.event, tensor, inputs)
        if not followed:
            is_meant = not is_nan and is_filled(recording, tensor)
            (meant if is_meant else origins).append(origin)
        elif followed is infinite and is_nan:
            turned.append(tensor.event)
            # It is the origin itself where that infinity was meant.
            meant.insert(0, origin)
    if not origins:
        return max(meant[:1] or [Origin(bad.event, bad, _inputs_of(recording, bad))], key=lambda each: each.event)
    first = min(origins, key=lambda each: each.event)
    return Origin(first.event, first.made, first.inputs, min(turned, default=None))


def _inputs_of(recording: Recording, tensor: Tensor) -> list[Tensor]:
    """Return what the op that made a state of a tensor read; nothing where no op made it."""
    if not tensor.event or recording.event(tensor.event).kind != "op":
        return []
    inputs = [each for each in recording.inputs(tensor.event) if each.id != tensor.id]
    if recording.event(tensor.event).text in _OVERWRITES:
        return [each for each in inputs if each.object != tensor.object]
    return inputs


def is_filled(recording: Recording, tensor: Tensor) -> bool:
    """Whether an infinity stands in a tensor because the script put it there: a mask."""
    event = recording.event(tensor.event) if tensor.event else None
    if event is None or event.kind != "op":
        return False
    return event.text in _FILLERS or _WRITTEN_INFINITY.search(source_line(recording, event)) is not None


def source_line(recording: Recording, event: Event) -> str:
    """Return the text of the line that an event lies at."""
    text = next((file.text for file in recording.files if file.id == (event.file or 1)), "")
    lines = text.splitlines()
    return lines[event.line - 1] if event.line and event.line <= len(lines) else ""


def _find_in_updates(recording: Recording, training: Training, number: int) -> Iterator[Finding]:
    """Find the update that made a parameter infinite or NaN from finite gradients."""
    for node in training.parameters:
        update = training.update(node)
        bad = (update.steps == number) & ~update.is_finite
        if bad.any():
            place = int(numpy.flatnonzero(bad)[0])
            event = int(update.events[place])
            gradient, weight = training.gradient(node).at(number), float(update.before[place])
            yield make_finding(
                recording, "not-finite-update", messages.UPDATE_NOT_FINITE, event, node=node,
                evidence={"gradient_norm": gradient, "weight_norm": weight},
                name=training.name(node), gradient=_number(gradient), weight=_number(weight),
            )  # fmt: skip
            return


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.3g}"
