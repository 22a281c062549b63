"""The trainings of one script: each learning rate, fold or seed that it tries trains parameters of its own.

What a loss does is asked of each of them alone: side by side in one column, the end of one and the start of the next
look like a loss that leaps.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy

from graphlab.analysis.findings.held_parameters import Parameters
from graphlab.analysis.findings.not_finite import first_not_finite
from graphlab.analysis.findings.training import Training

if TYPE_CHECKING:
    from graphlab.recording import Recording

Column = numpy.ndarray[Any, Any]


@dataclass(frozen=True)
class Pace:
    """How far each step that kept its updates moved all parameters of a training together, against their size."""

    steps: Column
    ratios: Column

    def typical(self, first: int = 0, last: int | None = None) -> float | None:
        """Return the median from a step on, up to another, or None where nothing is known."""
        inside = (self.steps >= first) & (self.steps <= (self.steps[-1:].max(initial=0) if last is None else last))
        known = self.ratios[inside & numpy.isfinite(self.ratios)]
        return float(numpy.median(known)) if len(known) else None

    def first(self, count: int) -> Pace:
        """Return what the first steps did."""
        return Pace(self.steps[:count], self.ratios[:count])


@dataclass(frozen=True)
class OneTraining:
    """Steps that train the same parameters, and what these steps did."""

    whole: Training
    parameters: list[int]
    first: int
    """The first of its steps."""
    last: int

    @cached_property
    def steps(self) -> Column:
        """Its steps that have a loss, in order: of steps between which another training lies, its own."""
        is_known = numpy.zeros(
            self.whole.count + 1, bool
        )  # a mark a step: to sort those of all parameters takes seconds
        for node in self.parameters:
            is_known[self.gradient_steps(node)] = True
        known = numpy.flatnonzero(is_known)
        return numpy.asarray(known[self.whole.has_loss[known - 1]])

    @cached_property
    def losses(self) -> Column:
        """The loss of each of these steps."""
        return numpy.asarray(self.whole.losses[self.steps - 1])

    def gradient_steps(self, node: int) -> Column:
        """Return the steps of this training at which a parameter got a gradient."""
        steps = self.whole.gradient(node).steps
        mine: Column = steps[(steps >= self.first) & (steps <= self.last)]
        return mine

    @cached_property
    def is_finite(self) -> bool:
        """Whether losses, gradients and parameters were finite in all its steps."""
        bad = first_not_finite(self.whole)
        return bad is None or not self.first <= bad <= self.last

    @cached_property
    def pace(self) -> Pace:
        """How far its steps moved its parameters; those that a step leaves where they are count as well."""
        moved, weights = (numpy.zeros(self.whole.count + 1) for _ in range(2))
        known: list[Column] = []
        still = 0.0
        with numpy.errstate(all="ignore"):
            for node in self.parameters:
                update = self.whole.update(node)
                mine = (update.steps >= self.first) & (update.steps <= self.last)
                if not mine.any():
                    still += self._norm(node) ** 2
                    continue
                steps = update.steps[mine]
                known.append(steps)
                # How far a weight was moved that is NaN by then is not known.
                changes = numpy.where(update.is_finite[mine], numpy.nan_to_num(update.changes[mine] ** 2), numpy.nan)
                numpy.add.at(moved, steps, changes)
                numpy.add.at(weights, steps, numpy.nan_to_num(update.before[mine] ** 2))
            at = numpy.unique(numpy.concatenate(known)) if known else numpy.zeros(0, "i8")
            size = weights[at] + still
            return Pace(at, numpy.where(size > 0, numpy.sqrt(moved[at] / size), numpy.nan))

    def _norm(self, node: int) -> float:
        value = self.whole.recording.value(node, int(self.whole.ends[self.last - 1]))
        norm = value.statistics.norm if value is not None else None
        return norm if norm is not None and numpy.isfinite(norm) else 0.0


def trainings_of(training: Training) -> list[OneTraining]:
    """Return the trainings of a run in the order of their beginning: by parameters that are trained together.

    Where the script goes on with the same parameters under an optimizer made later, that is one more.
    """
    known = _KNOWN.get(training)
    if known is None:
        known = _KNOWN[training] = _find_trainings(training)
    return known


_KNOWN: WeakKeyDictionary[Training, list[OneTraining]] = WeakKeyDictionary()


def _find_trainings(training: Training) -> list[OneTraining]:
    found: list[OneTraining] = []
    held = Parameters(training.recording)
    for parameters in _together(training):
        steps = [training.gradient(node).steps for node in parameters]
        first, last = min(int(each[0]) for each in steps), max(int(each[-1]) for each in steps)
        begins = [first, *_made_anew(training.recording, held, set(parameters), first, last)]
        ends = [each - 1 for each in begins[1:]] + [last]
        for start, end in zip(begins, ends, strict=True):
            inside = [
                node for node, each in zip(parameters, steps, strict=True) if ((each >= start) & (each <= end)).any()
            ]
            if inside:
                found.append(OneTraining(training, inside, start, end))
    return sorted(found, key=lambda each: each.first)


def _together(training: Training) -> list[list[int]]:
    """Return groups of parameters: those that get gradients in the same steps, directly or by way of others."""
    owner = numpy.full(training.count + 1, -1)
    groups: dict[int, list[int]] = {}
    for node in training.parameters:
        steps = training.gradient(node).steps
        if not len(steps):
            continue
        joined = [node]
        owners = owner[steps]
        # Mostly all steps are one group's, and to sort or to hash a hundred thousand takes much longer than to see it.
        is_one = bool((owners == owners[0]).all())
        for other in owners[:1].tolist() if is_one else numpy.unique(owners).tolist():
            if other >= 0:
                joined = groups.pop(other) + joined
                owner[owner == other] = node
        owner[steps] = node
        groups[node] = joined
    known = Parameters(training.recording)
    stepping = {node for node, holders in known.held.items() if any(known.steps[number] for number in holders)}
    # What the script moves beside an optimizer (an input, to attack the model) is not trained by it.
    return [sorted([node for node in nodes if node in stepping] or nodes) for nodes in groups.values()]


def _made_anew(recording: Recording, known: Parameters, nodes: set[int], first: int, last: int) -> list[int]:
    """Return the steps from which on an optimizer holds some parameters that was made when all before were done."""
    ours = [number for number in sorted(known.optimizers) if set(known.optimizers[number][0].data["nodes"]) & nodes]
    starts = []
    for number in ours[1:]:
        made = known.optimizers[number][0].event
        before = [step.event for other in ours if other < number for step in known.steps[other]]
        step = recording.number_at(max(made, 1))
        if before and max(before) <= made and first < step <= last:
            starts.append(step)
    return sorted(set(starts))
