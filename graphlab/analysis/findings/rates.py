"""Steps that are too large or too small: the loss against the size of the updates, and updates against weights."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy

from graphlab.analysis.findings import rate_messages as messages
from graphlab.analysis.findings.cuts import stem
from graphlab.analysis.findings.finding import Finding, make_finding
from graphlab.analysis.findings.held_parameters import Parameters
from graphlab.analysis.findings.number_messages import UNKNOWN, some
from graphlab.analysis.findings.training import Training, training_of
from graphlab.analysis.findings.trainings import OneTraining, Pace, trainings_of

if TYPE_CHECKING:
    from graphlab.analysis.findings.finding import Text
    from graphlab.recording import Recording

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

_SUNK = 1e4
"""By how much a loss below 0 has to have grown in size to be one without bound."""
_SUNK_IF_TURNED = 100.0
"""The same, of an error with its sign turned."""
_ERRORS = frozenset(
    {"MseLoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "BinaryCrossEntropy", "BinaryCrossEntropyWithLogits", "Abs"}
)
"""Ops of losses that are never below 0."""
_ABYSS = 1e8
"""The same, whatever the updates are."""
_STEADILY = 0.9
"""The share of steps that go the same way."""
_STILL_STEEP = 0.01
"""The part of its first gradient that a training has to be left with, to have stopped before its end."""
_PRECISION = {"float64": 1.1e-16, "float32": 6e-8, "bfloat16": 4e-3, "float16": 5e-4}
"""What a change has to be, against a number, to be seen in it."""
_NOISE = 1e-6
"""Beside the largest gradient of a step: what one that is 0 but for rounding in float32 comes to at most."""


def diverges_at(one: OneTraining) -> int | None:
    """Return the step from which on the loss only grew, to many times what it had been; None if it did not."""
    losses = one.losses
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
    # A loss that falls below zero grows in size alone (a temperature that is learned, from 0 on).
    if losses[end - 1] < losses[lowest]:
        return None
    since = int(one.steps[min(lowest + 1, len(losses) - 1)])
    pace = one.pace.typical(since, int(one.steps[end - 1]))
    grew = float(numpy.mean(numpy.diff(known[lowest:]) > 0))
    return since if (pace is None or pace > _LARGE) and grew > 0.7 else None


def sinks_at(one: OneTraining) -> int | None:
    """Return the first step of a training whose loss falls below 0 without end, ever faster; None if it does not.

    A likelihood of a distribution that narrows falls below 0 as well, and a critic's loss; but not in leaps.
    """
    losses = one.losses
    finite = numpy.isfinite(losses)
    known = losses if finite.all() else losses[: int(numpy.argmin(finite))]
    if len(known) < _MANY or known[-1] >= 0:
        return None
    if -known[-1] <= _SUNK * max(abs(float(known[0])), 1e-30):
        return one.first if _speeds_down(known) and is_turned_error(one) else None
    pace = one.pace.typical()
    fell = float(numpy.mean(numpy.diff(known) < 0))
    # Adam's steps are small however far there is to fall. A first loss may be next to 0 by chance.
    early = float(numpy.abs(known[: max(_FEWEST, len(known) // 10)]).max())
    is_deep = -known[-1] > _ABYSS * max(early, 1e-30)
    return one.first if fell > _STEADILY and (is_deep or (pace is not None and pace > _LARGE)) else None


def _speeds_down(losses: numpy.ndarray[tuple[int], numpy.dtype[numpy.float64]]) -> bool:
    """Whether losses fell steadily to many times their size, and the more the later."""
    quarter = len(losses) // 4
    late, before = losses[-quarter - 1] - losses[-1], losses[-2 * quarter - 1] - losses[-quarter - 1]
    fell = float(numpy.mean(numpy.diff(losses) < 0))
    largest = float(numpy.abs(losses[: max(_FEWEST, len(losses) // 10)]).max())
    return bool(late > before > 0) and fell > _STEADILY and -losses[-1] > _SUNK_IF_TURNED * max(largest, 1e-30)


def is_turned_error(one: OneTraining) -> bool:
    """Whether the only loss of a step is an error, whose least is 0, with its sign turned."""
    recording = one.whole.recording
    structure = recording.structure(one.last)
    sources = {edge.target: structure.nodes[edge.source] for edge in structure.edges if edge.slot == 0}
    outputs = [node for node in structure.nodes.values() if node.kind == "output"]
    if len(outputs) != 1:
        return False
    node, is_turned = sources.get(outputs[0].id), False
    while node is not None:
        name = stem(node)
        if name in _ERRORS:
            return is_turned
        is_turned ^= name == "Neg"
        node = sources.get(node.id) if name in {"Neg", "Mean", "Sum", "Div"} else None
    return False


def find_too_large_steps(recording: Recording) -> Iterator[Finding]:
    """Find a learning rate that is too large: the loss blows up, or does not fall while updates exceed the weights."""
    trainings = trainings_of(training_of(recording))
    told: set[tuple[str | None, int | None]] = set()
    for one in trainings:
        found = _too_large(recording, one, len(trainings))
        if found is not None and (found.file, found.line) not in told:
            told.add((found.file, found.line))
            yield found


def _too_large(recording: Recording, one: OneTraining, count: int) -> Finding | None:
    since, losses, pace = diverges_at(one), one.losses, one.pace
    if since is not None:
        return _rate_finding(recording, one, "learning-rate-too-large", messages.DIVERGES, since, pace, count)
    since = sinks_at(one)
    if since is not None:
        return _rate_finding(recording, one, "loss-without-bound", messages.SINKS, since, pace, count)
    if len(losses) < _MANY or not one.is_finite or _begins_at_nothing(one):
        return None
    half = len(losses) // 2
    early = pace.first(3).ratios[numpy.isfinite(pace.first(3).ratios)]
    typical = pace.typical(int(one.steps[half]))
    # One leap at the start may have thrown the weights so far that later steps are small beside them.
    has_leapt = len(early) > 0 and early.max() > 1 and losses[1:4].max() > 2 * abs(losses[0])
    start, late = float(losses[0]), float(numpy.median(losses[half:]))
    is_large = has_leapt or (typical is not None and typical > _LARGE)
    # Of a run that was thrown to a hundred times its loss, what counts is whether it has learned anything since.
    least = 0.5 if has_leapt and losses.max() > _BLOWN_UP * start else 0.9
    if not is_large or late < least * start or start <= 0:
        return None
    pace = pace.first(1) if has_leapt else pace
    text = messages.LEAPT if has_leapt else messages.NO_DESCENT
    return _rate_finding(recording, one, "learning-rate-too-large", text, one.first, pace, count)


def _begins_at_nothing(one: OneTraining) -> bool:
    """Whether all that is trained is numbers that begin at 0 (the logarithm of a temperature): any step is large."""
    for node in one.parameters:
        update = one.whole.update(node)
        mine = update.before[(update.steps >= one.first) & (update.steps <= one.last)]
        if math.prod(one.whole.recording.node(node).shape or ()) != 1 or not len(mine) or mine[0] != 0:
            return False
    return True


def find_too_small_steps(recording: Recording) -> Iterator[Finding]:
    """Find a learning rate that is too small: the loss falls step by step, and gets nowhere."""
    trainings = trainings_of(training_of(recording))
    for one in trainings:
        losses, pace = one.losses, one.pace
        if len(losses) < _MANY or losses[0] == 0 or not one.is_finite:
            continue
        typical = pace.typical()
        fallen = float(losses[0] - losses[-1]) / abs(float(losses[0]))
        if typical is None or not 0 < typical < _TINY or not 0 <= fallen < _FALLEN:
            continue
        if _slope(one) < _SLOPE * abs(float(losses[0])):
            continue  # it is where it belongs: the gradient is small
        name = "learning-rate-too-small"
        yield _rate_finding(recording, one, name, messages.CRAWLS, one.first, pace, len(trainings))
        return


def find_odd_updates(recording: Recording) -> Iterator[Finding]:
    """Find parameters whose updates, against their weights, are 100 times those of the others, or a hundredth."""
    training = training_of(recording)
    for one in trainings_of(training):
        yield from _odd_updates(recording, one)
    yield from _faded_updates(recording, training)
    rounded = [node for node in training.parameters if _is_rounded_away(training, node)]
    if rounded:
        yield _rounding_finding(recording, training, rounded)


def _faded_updates(recording: Recording, training: Training) -> Iterator[Finding]:
    """Find a training whose updates changed weights at first, and for its later half not a bit of any."""
    for one in trainings_of(training):
        kept = {int(step) for node in one.parameters for step in training.looked_at(node)}
        changed = {
            int(step) for node in one.parameters
            for step in training.update(node).steps[training.update(node).changes != 0]
        }  # fmt: skip
        last = max((step for step in changed if one.first <= step <= one.last), default=one.last)
        still = sorted(step for step in kept if last < step <= one.last)
        if not training.has_optimizer or len(still) < _FEWEST:
            continue
        count = int((one.steps >= still[0]).sum())
        if count < max(_MANY, len(one.steps) / 2) or not _is_steep(training, one, still):
            continue
        event = _last_update(recording, still[0])
        rates = _rates_at(recording, event)
        yield make_finding(
            recording, "update-too-small", messages.FADED, event,
            evidence={"since_step": still[0], "of_steps": one.last, "learning_rates": rates or None},
            since=still[0], rate=f"{max(rates):.4g}" if rates else UNKNOWN,
        )  # fmt: skip


def _is_steep(training: Training, one: OneTraining, still: list[int]) -> bool:
    """Whether the gradients of some steps are still of the size of the first: the minimum is far."""
    first, late = (
        sum((training.gradient(node).at(step) or 0.0) ** 2 for node in one.parameters)
        for step in (one.first, still[-1])
    )
    return bool(late > (_STILL_STEEP**2) * first > 0)


def _odd_updates(recording: Recording, one: OneTraining) -> Iterator[Finding]:
    paces = {node: pace for node in one.parameters if (pace := _pace_of(recording, one, node)) is not None}
    for node, pace in paces.items():
        others = [each for other, each in paces.items() if other != node and each.typical > 0]
        if pace.typical == 0 or not others:
            continue
        usual, early = (float(numpy.median([getattr(each, name) for each in others])) for name in ("typical", "early"))
        is_large = pace.typical > _APART * usual and pace.typical > _LARGE
        if is_large or (pace.early > 1 and pace.early > _APART * early):
            ratio, others_do = (pace.typical, usual) if is_large else (pace.early, early)
            yield _update_finding(recording, one, node, "update-too-large", messages.LARGE_UPDATE, ratio, others_do)
        elif pace.typical < usual / _APART and pace.typical < _TINY:
            text = messages.SMALL_UPDATE
            yield _update_finding(recording, one, node, "update-too-small", text, pace.typical, usual)


FINDERS = (find_too_large_steps, find_too_small_steps, find_odd_updates)


def _slope(one: OneTraining) -> float:
    """Return by how much the loss would change, were the weights moved by their own size against the gradient."""
    gradient = weight = 0.0
    for node in one.parameters:
        update, norms = one.whole.update(node), one.whole.gradient(node)
        mine = update.before[(update.steps >= one.first) & (update.steps <= one.last)]
        first = norms.at(int(one.gradient_steps(node)[0])) if len(one.gradient_steps(node)) else None
        if len(mine) and first is not None:
            gradient += first**2
            weight += float(mine[0]) ** 2
    return float(numpy.sqrt(gradient * weight))


@dataclass(frozen=True)
class _Moved:
    """How far the updates of a training moved one weight, against its size."""

    typical: float
    """The median over the later half of its steps."""
    early: float
    """The first update, against what the weight is or (began it nearly at 0) would usually begin with."""


def _pace_of(recording: Recording, one: OneTraining, node: int) -> _Moved | None:
    shape = recording.node(node).shape or ()
    update = one.whole.update(node)
    mine = (update.steps >= one.first) & (update.steps <= one.last)
    ratios = update.ratios[mine]
    if len(shape) < 2 or len(ratios) < _MANY:
        return None
    late = ratios[len(ratios) // 2 :]
    late = late[numpy.isfinite(late)]
    if not len(late):
        return None
    usual = _usual_norm(shape)
    changes, before = update.changes[mine], update.before[mine]
    early = float(numpy.max(changes[:3] / numpy.maximum(before[:3], max(usual, 1e-30))))
    return _Moved(float(numpy.median(late)), early if math.isfinite(early) else 0.0)


def _usual_norm(shape: tuple[int, ...]) -> float:
    """Return the norm of a fresh weight: layers begin with entries of about 1 / √(what they sum over)."""
    return math.sqrt(math.prod(shape) / max(math.prod(shape[1:]), 1))


def _is_rounded_away(training: Training, node: int) -> bool:
    """Whether a gradient came and came, and no update changed a bit of the parameter.

    One that is in no optimizer, or in one that steps now and then, looks the same but for its precision: unless that is
    coarse, or the same optimizer moves others, or no parameter at all is ever changed, nothing is said.
    """
    kept = training.looked_at(node)
    came = [int(step) for step in kept if (training.gradient(node).at(int(step)) or 0.0) > 0]
    update = training.update(node)
    changed = update.steps[update.changes != 0]
    if len(came) < _MANY or numpy.isin(came[len(came) // 2 :], changed).any():
        return False
    if _dtype(training, node) in {"float16", "bfloat16"}:
        return True
    if len(changed) or not training.has_optimizer:
        return False
    others = [other for other in training.parameters if other != node and training.update(other).changes.any()]
    if others and _is_noise(training, node, others, came[len(came) // 2 :]):
        return False
    return not others or _is_moved_with(training, node, came)


def _is_noise(training: Training, node: int, others: list[int], steps: list[int]) -> bool:
    """Whether a gradient is so small beside the others that it is what rounding left of 0.

    So is that of a bias before a batch norm, which takes the mean away again: nothing is lost with its updates.
    """
    gradients = [training.gradient(other) for other in others]
    return all(
        (training.gradient(node).at(step) or 0.0) < _NOISE * max(each.at(step) or 0.0 for each in gradients)
        for step in steps
    )


def _is_moved_with(training: Training, node: int, steps: list[int]) -> bool:
    """Whether the one optimizer that holds a parameter moves others in all these steps, at learning rates above 0."""
    parameters = Parameters(training.recording)
    holders = parameters.held.get(node, set())
    if len(holders) != 1:
        return False
    held = parameters.optimizers[next(iter(holders))][0]
    moved = {step for other in held.data["nodes"] for step in training.update(other).steps.tolist()}
    return moved.issuperset(steps) and all(rate > 0 for rate in held.data.get("rates", ()))


def _dtype(training: Training, node: int) -> str:
    """Return the dtype of a parameter as its gradient has it: a model may have been converted after it was made."""
    gradient = training.recording.gradient(node, training.recording.event_count)
    return (gradient.dtype if gradient is not None else training.recording.node(node).dtype) or ""


def _rounding_finding(recording: Recording, training: Training, nodes: list[int]) -> Finding:
    names, dtype = [training.name(node) for node in nodes], _dtype(training, nodes[0])
    gradients = [training.gradient(node).numbers[-1] for node in nodes]
    update = _last_update(recording, 1)
    rates = _rates_at(recording, update)
    evidence = {
        "parameters": names, "dtype": dtype, "gradients": [float(norm) for norm in gradients],
        "learning_rates": rates or None,
    }  # fmt: skip
    back = recording.next_event(update, ("backward_end",), back=True) or update
    zeroed = recording.events_between(back, update, ("zero_grad",))
    if zeroed:
        text = messages.MADE_ZERO
    elif _is_rate_zero(recording, update):
        text = messages.RATE_OF_ZERO
    elif not rates:
        text = messages.ROUNDED_OR_MADE_ZERO
    else:
        is_felt = any(_would_move(training, node, max(rates)) for node in nodes)
        text = messages.CLIPPED_AWAY if is_felt else messages.ROUNDED_AWAY
    return make_finding(
        recording, "update-too-small", text, update, node=nodes[0], lines=[each.line for each in zeroed[-1:]],
        evidence=evidence, name=some(names), dtype=dtype, zeroed=zeroed[-1].line if zeroed else None,
        rate=f"{max(rates):.4g}" if rates else UNKNOWN,
    )  # fmt: skip


def _would_move(training: Training, node: int, rate: float) -> bool:
    """Whether a plain step along the gradient of a parameter is far above what rounding swallows."""
    value = training.recording.value(node, training.recording.event_count)
    shape = training.recording.node(node).shape or ()
    weight = value.statistics.norm if value is not None else _usual_norm(shape)
    gradient = float(numpy.median(training.gradient(node).numbers))
    precision = _PRECISION.get(_dtype(training, node), _PRECISION["float32"])
    return weight is not None and rate * gradient > 100 * precision * weight


def _rates_at(recording: Recording, update: int) -> list[float]:
    """Return the learning rates of an update, as far as they were kept."""
    noted = recording.event(update).details.get("rates") if update else None
    step = recording.light.step(recording.number_at(update)) if update else None
    return [float(rate) for rate in noted or (step.rates if step is not None else [])]


def _is_rate_zero(recording: Recording, update: int) -> bool:
    """Whether the learning rates of an update, and of the last of all, are 0."""
    last = recording.next_event(recording.event_count + 1, ("update",), back=True) or update
    rates = _rates_at(recording, update) + _rates_at(recording, last)
    return bool(rates) and not any(rates)


def _rate_finding(
    recording: Recording, one: OneTraining, name: str, text: Text, step: int, pace: Pace, trainings: int
) -> Finding:  # fmt: skip
    event = _last_update(recording, step)
    losses = one.losses
    finite = losses[numpy.isfinite(losses)]
    typical = pace.typical(step) or pace.typical()
    evidence = {
        "first_loss": float(losses[0]), "lowest_loss": float(finite.min()), "last_loss": float(losses[-1]),
        "update_to_weight": typical, "learning_rates": _rates_at(recording, event) or None,
        "trainings": trainings if trainings > 1 else None,
    }  # fmt: skip
    return make_finding(
        recording, name, text, event, evidence=evidence, first=f"{losses[0]:.4g}", last=f"{finite[-1]:.4g}",
        lowest=f"{finite.min():.4g}", highest=f"{finite.max():.4g}", step=step, count=len(losses),
        updates=_say_ratio(typical),
        fallen=f"{100 * float(losses[0] - losses[-1]) / abs(float(losses[0]) or 1.0):.2g}",
    )  # fmt: skip


def _update_finding(
    recording: Recording, one: OneTraining, node: int, name: str, text: Text, ratio: float, usual: float
) -> Finding:  # fmt: skip
    update = one.whole.update(node)
    first = int(numpy.searchsorted(update.steps, one.first))
    evidence = {"update_to_weight": ratio, "of_the_others": usual, "weight_norm": float(update.before[-1])}
    return make_finding(
        recording, name, text, int(update.events[first]), node=node, evidence=evidence, name=one.whole.name(node),
        ratio=_say_ratio(ratio), usual=_say_ratio(usual), dtype=recording.node(node).dtype,
    )  # fmt: skip


def _say_ratio(ratio: float | None) -> str:
    return UNKNOWN if ratio is None else f"{ratio:.2g}"


def _last_update(recording: Recording, number: int) -> int:
    step = recording.step(number)
    updates = recording.events_between(step.first, step.last, ["update"])
    return updates[-1].id if updates else step.last
