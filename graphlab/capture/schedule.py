"""Which steps of a light recording are looked at closely: so few that a run of any length stays small.

Pure bookkeeping: no torch in here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_JUMP = 10.0
_FREE_EXTRAS = 8
_MANY_BACKWARDS = 100
"""Backwards of one step that are all looked into: more than accumulation and closures take."""
_EXTRA_BYTES = 20
"""How many bytes a parameter and step the steps that are looked at out of turn may take, after the first few."""


@dataclass(frozen=True)
class Plan:
    """What a run asks for.

    Attributes:
        is_full: record everything from the start.
        every: look closely at every so-manieth step instead of the schedule; None for the schedule.
        windows: steps to be recorded in full, each from one to another, both counted in.
    """

    is_full: bool = True
    every: int | None = None
    windows: Sequence[tuple[int, int]] = ()

    def wants_full(self, step: int) -> bool:
        """Whether a step is to be recorded in full.

        The step before a window is too: where the script changes its parameters by hand, its end is seen only in full,
        and with it where the window's first step begins.
        """
        return self.is_full or any(first - 1 <= step <= last for first, last in self.windows)


class Schedule:
    """Decides of each light step whether values, updates and inner gradients are kept.

    By default of steps 1 to 10, then of every 10th to 100, every 100th to 1,000, and so on; and of the step after one
    whose loss, or whose whole gradient's norm, is not finite or more than ten times that before.
    """

    def __init__(self, every: int | None) -> None:
        self._every = every
        self._is_alarmed = False
        self._losses: Sequence[float] = ()
        self._norm = 0.0
        self._extras = 0
        self._spent = 0
        self._parameter_steps = 0

    def is_on(self, step: int, cost_of: Callable[[], int]) -> bool:
        """Whether a step is to be looked at closely; cost_of tells about how many bytes that takes."""
        if is_scheduled(step, self._every):
            return True
        if not self._is_alarmed:
            return False
        cost = cost_of()
        allowed = self._extras < _FREE_EXTRAS or self._spent + cost <= _EXTRA_BYTES * self._parameter_steps
        if allowed:
            self._extras += 1
            self._spent += cost
        return allowed

    def step_ended(self, losses: Sequence[float], figures: Sequence[float | None]) -> None:
        """Look whether the step that follows is to be looked at: this one's losses, and the norm of each gradient."""
        self._parameter_steps += len(figures)
        norm = math.hypot(*[figure for figure in figures if figure is not None])
        self._is_alarmed = _is_alarming(losses, self._losses) or _is_alarming([norm], [self._norm])
        self._losses, self._norm = losses, norm


_INFINITY = float("inf")


def is_scheduled(step: int, every: int | None) -> bool:
    """Whether a step is on the schedule: 1 to 10, every 10th to 100, …; or the first and every so-manieth."""
    if every is not None:
        return step == 1 or step % every == 0
    return step <= 10 or step % 10 ** (len(str(step - 1)) - 1) == 0


def is_looked_into_again(backward: int) -> bool:
    """Whether inner gradients are kept of so-manieth backward of one step: a script without updates has one step."""
    return backward <= _MANY_BACKWARDS or is_scheduled(backward, None)


def _is_alarming(losses: Sequence[float], before: Sequence[float]) -> bool:
    if any(not abs(loss) < _INFINITY for loss in losses):
        return True
    return len(losses) == len(before) and any(
        0 < _JUMP * abs(old) < abs(new) for old, new in zip(before, losses, strict=True)
    )
