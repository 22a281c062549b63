"""Steps that are too large or too small: the loss against the size of the updates, and updates against weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy

from graphlab.analysis.findings import number_messages as messages
from graphlab.analysis.findings.finding import Finding, make_finding
from graphlab.analysis.findings.not_finite import first_not_finite
from graphlab.analysis.findings.training import Training, training_of

if TYPE_CHECKING:
    from graphlab.analysis.findings.finding import Text
    from graphlab.recording import Recording

Column = numpy.ndarray[Any, Any]

_FEWEST = 3
"""Steps from which on a diverging loss is told of."""
_MANY = 10
"""Steps from which on a loss that stands still is told of."""
_BLOWN_UP = 100.0
"""By how much a loss has to have grown to have diverged."""
_LARGE = 0.1
"""An update of this part of the weights, step for step, is large."""
_TINY = 1e-5
_FALLEN = 0.01
"""The part of its loss that a run of too small steps has lost at most."""
_SLOPE = 0.05
"""A gradient that would change the loss by so much of it, were the weights moved by their own size, is no small one."""
_APART = 100.0
"""By how much the updates of one parameter against its weights differ from those of the others."""


@dataclass(frozen=True)
class _Pace:
    """How far each step that kept its updates moved all parameters together, against their size."""

    steps: Column
    ratios: Column

    def typical(self, first: int = 0) -> float | None:
        """Return the median from a step on, or None where nothing is known."""
        known = self.ratios[(self.steps >= first) & numpy.isfinite(self.ratios)]
        return float(numpy.median(known)) if len(known) else None


def diverges_at(training: Training) -> int | None:
    """Return the step from which on the loss only grew, to many times what it had been; None if it did not."""
    losses = _loss_run(training)
    if len(losses) < _FEWEST:
        return None
    finite = numpy.isfinite(losses)
    end = len(losses) if finite.all() else int(numpy.argmin(finite))
    known = numpy.abs(losses[:end])
    if len(known) < 2 or not known.min() < known[-1]:
        return None
    has_ended = end < len(losses)
    start = known[: max(end // 2, 1)].min()
    limit = _BLOWN_UP * max(float(start), 1e-30)
    if known[-1] <= (limit if not has_ended else 1e4 * max(float(start), 1e-30)):
        return None
    lowest = int(numpy.flatnonzero(known <= start)[-1])
    pace = _pace(training).typical(lowest + 1)
    grew = float(numpy.mean(numpy.diff(known[lowest:]) > 0))
    return lowest + 2 if (pace is None or pace > _LARGE) and grew > 0.7 else None


def find_too_large_steps(recording: Recording) -> Iterator[Finding]:
    """Find a learning rate that is too large: the loss blows up, or does not fall while updates exceed the weights."""
    training = training_of(recording)
    since = diverges_at(training)
    losses = _loss_run(training)
    pace = _pace(training)
    if since is not None:
        yield _rate_finding(recording, training, "learning-rate-too-large", messages.DIVERGES, since, pace)
        return
    if len(losses) < _MANY or first_not_finite(training) is not None:
        return
    half = len(losses) // 2
    early = pace.ratios[:3][numpy.isfinite(pace.ratios[:3])]
    typical = pace.typical(half)
    # One leap at the start may have thrown the weights so far that later steps are small beside them.
    has_leapt = len(early) > 0 and early.max() > 1 and losses[1:4].max() > 2 * abs(losses[0])
    start, late = float(losses[0]), float(numpy.median(losses[half:]))
    is_large = has_leapt or (typical is not None and typical > _LARGE)
    if is_large and late >= 0.9 * start and start > 0:
        pace = _Pace(pace.steps[:3], pace.ratios[:3]) if has_leapt else pace
        yield _rate_finding(recording, training, "learning-rate-too-large", messages.NO_DESCENT, 1, pace)


def find_too_small_steps(recording: Recording) -> Iterator[Finding]:
    """Find a learning rate that is too small: the loss falls step by step, and gets nowhere."""
    training = training_of(recording)
    losses = _loss_run(training)
    if len(losses) < _MANY or losses[0] == 0 or first_not_finite(training) is not None:
        return
    pace = _pace(training)
    typical = pace.typical()
    fallen = float(losses[0] - losses[-1]) / abs(float(losses[0]))
    if typical is None or not 0 < typical < _TINY or not 0 <= fallen < _FALLEN:
        return
    if _slope(training) < _SLOPE * abs(float(losses[0])):
        return  # it is where it belongs: the gradient is small
    yield _rate_finding(recording, training, "learning-rate-too-small", messages.CRAWLS, 1, pace)


def find_odd_updates(recording: Recording) -> Iterator[Finding]:
    """Find parameters whose updates, against their weights, are 100 times those of the others, or a hundredth."""
    training = training_of(recording)
    ratios: dict[int, float] = {}
    for node in training.parameters:
        if len(recording.node(node).shape or ()) >= 2 and (typical := _typical(training, node)) is not None:
            ratios[node] = typical
    for node, ratio in ratios.items():
        others = [each for other, each in ratios.items() if other != node and each > 0]
        if ratio == 0 or not others:
            continue
        usual = float(numpy.median(others))
        if ratio > _APART * usual and ratio > _LARGE:
            yield _update_finding(recording, training, node, "update-too-large", messages.LARGE_UPDATE, usual)
        elif ratio < usual / _APART and ratio < _TINY:
            yield _update_finding(recording, training, node, "update-too-small", messages.SMALL_UPDATE, usual)
    rounded = [node for node in training.parameters if _is_rounded_away(training, node)]
    if rounded:
        yield _rounding_finding(recording, training, rounded)


FINDERS = (find_too_large_steps, find_too_small_steps, find_odd_updates)


def _loss_run(training: Training) -> Column:
    """Return the losses of the steps that have one."""
    return numpy.asarray(training.losses[training.has_loss])


def _pace(training: Training) -> _Pace:
    parts = [(node, training.update(node)) for node in training.parameters]
    parts = [(node, update) for node, update in parts if len(update.steps)]
    if not parts:
        return _Pace(numpy.zeros(0, "i8"), numpy.zeros(0))
    steps = numpy.concatenate([update.steps for _, update in parts])
    with numpy.errstate(all="ignore"):
        moved = numpy.bincount(steps, numpy.nan_to_num(numpy.concatenate([u.changes for _, u in parts]) ** 2))
        weights = numpy.bincount(steps, numpy.nan_to_num(numpy.concatenate([u.before for _, u in parts]) ** 2))
        known = numpy.unique(steps)
        ratios = numpy.where(weights[known] > 0, numpy.sqrt(moved[known] / weights[known]), numpy.nan)
    return _Pace(known, ratios)


def _slope(training: Training) -> float:
    """Return by how much the loss would change, were the weights moved by their own size against the gradient."""
    gradient = weight = 0.0
    for node in training.parameters:
        update = training.update(node)
        first = training.gradient(node)
        if len(update.steps) and len(first):
            gradient += float(first.numbers[0]) ** 2
            weight += float(update.before[0]) ** 2
    return float(numpy.sqrt(gradient * weight))


def _typical(training: Training, node: int) -> float | None:
    """Return the median of a parameter's updates against its weights over the later half of its steps."""
    update = training.update(node)
    ratios = update.ratios[len(update.steps) // 2 :]
    ratios = ratios[numpy.isfinite(ratios)]
    return float(numpy.median(ratios)) if len(update.steps) >= _MANY and len(ratios) else None


def _is_rounded_away(training: Training, node: int) -> bool:
    """Whether a gradient came and came, and no update changed a bit of the parameter.

    One that is in no optimizer, or in one that steps now and then, looks the same but for its precision: unless that is
    coarse, or no parameter at all is ever changed, nothing is said.
    """
    kept = training.looked_at(node)
    came = [int(step) for step in kept if (training.gradient(node).at(int(step)) or 0.0) > 0]
    update = training.update(node)
    changed = update.steps[update.changes != 0]
    if len(came) < _MANY or numpy.isin(came[len(came) // 2 :], changed).any():
        return False
    is_coarse = _dtype(training, node) in {"float16", "bfloat16"}
    others = [other for other in training.parameters if other != node and training.update(other).changes.any()]
    return is_coarse or (not len(changed) and not others and training.has_optimizer)


def _dtype(training: Training, node: int) -> str:
    """Return the dtype of a parameter as its gradient has it: a model may have been converted after it was made."""
    gradient = training.recording.gradient(node, training.recording.event_count)
    return (gradient.dtype if gradient is not None else training.recording.node(node).dtype) or ""


def _rounding_finding(recording: Recording, training: Training, nodes: list[int]) -> Finding:
    names, dtype = [training.name(node) for node in nodes], _dtype(training, nodes[0])
    gradients = [training.gradient(node).numbers[-1] for node in nodes]
    evidence = {"parameters": names, "dtype": dtype, "gradients": [float(norm) for norm in gradients]}
    return make_finding(
        recording, "update-too-small", messages.ROUNDED_AWAY, _last_update(recording, 1), node=nodes[0],
        evidence=evidence, name=messages.some(names), dtype=dtype,
    )  # fmt: skip


def _rate_finding(
    recording: Recording, training: Training, name: str, text: Text, step: int, pace: _Pace
) -> Finding:  # fmt: skip
    number = min(step, training.count)
    event = _last_update(recording, number)
    losses = _loss_run(training)
    finite = losses[numpy.isfinite(losses)]
    typical = pace.typical(number) or pace.typical()
    evidence = {
        "first_loss": float(losses[0]), "lowest_loss": float(finite.min()), "last_loss": float(losses[-1]),
        "update_to_weight": typical, "learning_rates": _learning_rates(recording) or None,
    }  # fmt: skip
    return make_finding(
        recording, name, text, event, evidence=evidence, first=f"{losses[0]:.4g}", last=f"{finite[-1]:.4g}",
        lowest=f"{finite.min():.4g}", step=number, count=len(losses), updates=_say_ratio(typical),
        fallen=f"{100 * float(losses[0] - losses[-1]) / abs(float(losses[0]) or 1.0):.2g}",
    )  # fmt: skip


def _update_finding(
    recording: Recording, training: Training, node: int, name: str, text: Text, usual: float | None
) -> Finding:  # fmt: skip
    update = training.update(node)
    ratio = _typical(training, node)
    evidence = {"update_to_weight": ratio, "of_the_others": usual, "weight_norm": float(update.before[-1])}
    return make_finding(
        recording, name, text, int(update.events[0]), node=node, evidence=evidence, name=training.name(node),
        ratio=_say_ratio(ratio), usual=_say_ratio(usual), dtype=recording.node(node).dtype,
    )  # fmt: skip


def _say_ratio(ratio: float | None) -> str:
    return messages.UNKNOWN if ratio is None else f"{ratio:.2g}"


def _last_update(recording: Recording, number: int) -> int:
    step = recording.step(number)
    updates = recording.events_between(step.first, step.last, ["update"])
    return updates[-1].id if updates else step.last


def _learning_rates(recording: Recording) -> list[float]:
    """Return the learning rates of the first step in light detail; full detail does not note them."""
    for block in recording.light.blocks:
        return [float(rate) for rate in block.step(block.first).rates]
    return []
