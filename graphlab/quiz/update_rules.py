"""Which rule an update followed: found from what it did to the whole tensor, and from what the optimizer keeps for it.

Apart from the questions about it: a rule is held against every number that the recording has, and where one of them
does not fit, or too few could tell, there is no rule and nothing is asked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from graphlab.recording.states import states_at

if TYPE_CHECKING:
    from graphlab.model import Change, Event
    from graphlab.recording import Recording

_FAINTEST = 1e-3
"""How much of the longest move an element must have moved before to tell the momentum."""
_CLOSE = 1e-5
_BETAS, _EPSILON = (0.9, 0.999), 1e-8
"""Adam's own where nobody gives others."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How an update followed from the gradient; arrays hold a number for each element."""

    kind: Literal["descent", "sign", "momentum", "nesterov", "adam"]
    """sign: as long as the rate, whatever the size of the gradient, which is Adam's first step; adam: a later one."""
    rate: float
    momentum: float = 0.0
    """How much of the last move, or of the velocity, came again."""
    kept: Any = None
    """momentum: the last move; nesterov: the velocity with this gradient; adam: the mean of the gradients."""
    root: Any = None
    """adam: the root of the mean of their squares."""


@dataclass(frozen=True, slots=True)
class _Numbers:
    """An update's numbers, in double precision."""

    old: Any
    new: Any
    slope: Any

    def explains(self, move: Any) -> bool:
        """Whether a move leads from the old values to the new ones."""
        import numpy

        tolerance = _CLOSE * max(float(numpy.abs(self.old).max()), 1e-3)
        return bool(numpy.abs(self.new - (self.old + move)).max() <= tolerance)


def find_rule(recording: Recording, event: Event, change: Change, before: Any, after: Any, slope: Any) -> Rule | None:
    """Return the rule of an update, or None where none is known that explains all of it."""
    numbers = _Numbers(*(array.astype("f8") for array in (before, after, slope)))
    simple = _descent(recording, event, numbers)
    if simple is not None:
        return simple
    rates = {float(rate) for rate in event.details.get("rates") or ()}
    moves = recording.changes_of(change.node, "value", 1, event.id - 1)
    if len(rates) != 1 or not moves:
        return None
    (rate,) = rates
    now, then = (_states(recording, change.node, number) for number in (event.id, moves[-1].event))
    if "exp_avg" in now:
        return _adam(now, rate, len(moves) + 1, numbers)
    return _momentum(moves[-1], now, rate, numbers) or _nesterov(then, now, rate, numbers)


def _descent(recording: Recording, event: Event, numbers: _Numbers) -> Rule | None:
    """Return the rule of an update that needs nothing of the steps before."""
    import numpy

    rates = [float(rate) for rate in event.details.get("rates") or ()]
    if not rates:  # by hand: some number of the script's own is the rate
        rates = [float(value) for value in recording.facts.parameters.values() if isinstance(value, float)]
        rates += _variables(recording, event.id)
    for rate in dict.fromkeys(rates):
        if numbers.explains(-rate * numbers.slope):
            return Rule("descent", rate)
    is_adam = "Adam" in str(event.details.get("optimizer"))
    tolerance = _CLOSE * max(float(numpy.abs(numbers.old).max()), 1e-3)
    for rate in rates if is_adam else ():
        missed = numbers.new - (numbers.old - rate * numpy.sign(numbers.slope))
        if numpy.abs(missed).max() <= 1e-3 * rate + tolerance:
            return Rule("sign", rate)
    return None


def _momentum(earlier: Change, now: dict[str, Any], rate: float, numbers: _Numbers) -> Rule | None:
    """Return the rule of an update that repeats a part of the last move."""
    import numpy

    first, between = (each.array if each is not None else None for each in (earlier.before, earlier.after))
    # What moved it in between would be counted as momentum.
    if first is None or between is None or not numpy.array_equal(between.astype("f8"), numbers.old):
        return None
    last, rest = numbers.old - first.astype("f8"), numbers.new - numbers.old + rate * numbers.slope
    buffer = now.get("momentum_buffer")
    if buffer is not None and not numbers.explains(-rate * buffer):
        return None
    # One element fits any rule.
    if numpy.count_nonzero(numpy.abs(last) > _FAINTEST * numpy.abs(last).max()) < 2:
        return None
    momentum = round(float((rest * last).sum() / (last * last).sum()), 3)
    if not 0 < momentum < 1 or not numbers.explains(momentum * last - rate * numbers.slope):
        return None
    return Rule("momentum", rate, momentum, last)


def _nesterov(then: dict[str, Any], now: dict[str, Any], rate: float, numbers: _Numbers) -> Rule | None:
    """Return the rule of an update by the gradient and a part of the velocity that it has just changed."""
    import numpy

    before, velocity = then.get("momentum_buffer"), now.get("momentum_buffer")
    if before is None or velocity is None or not before.any():
        return None
    momentum = round(float(((velocity - numbers.slope) * before).sum() / (before * before).sum()), 3)
    missed = numpy.abs(velocity - momentum * before - numbers.slope).max()
    if not 0 < momentum < 1 or missed > _CLOSE * float(numpy.abs(velocity).max()):
        return None
    if not numbers.explains(-rate * (numbers.slope + momentum * velocity)):
        return None
    return Rule("nesterov", rate, momentum, velocity)


def _adam(now: dict[str, Any], rate: float, count: int, numbers: _Numbers) -> Rule | None:
    """Return the rule of a later step of Adam, from its two means as they are after this gradient."""
    import numpy

    squares = now.get("exp_avg_sq")
    if squares is None:
        return None
    # Both means begin at 0: what they lack by that is made up for.
    mean = now["exp_avg"] / (1 - _BETAS[0] ** count)
    root = numpy.sqrt(squares / (1 - _BETAS[1] ** count)) + _EPSILON
    return Rule("adam", rate, kept=mean, root=root) if numbers.explains(-rate * mean / root) else None


def _states(recording: Recording, node: int, event: int) -> dict[str, Any]:
    """Return what the optimizer kept for a leaf after an update, of what was kept whole."""
    found = states_at(recording, node, event)
    return {
        name: snapshot.array.astype("f8")
        for name, snapshot in found.items()
        if snapshot.is_complete and snapshot.array is not None
    }


def _variables(recording: Recording, moment: int) -> list[float]:
    """Return the numbers that variables of the script hold."""
    found = []
    for variable in recording.variables(moment):
        try:
            found.append(float(variable.text) if variable.tensor is None else math.nan)
        except ValueError:
            continue
    return [number for number in found if math.isfinite(number)]
