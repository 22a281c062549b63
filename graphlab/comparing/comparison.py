"""Two runs compared by their numbers: since when they are not the same, where, by how much, and what came before."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from graphlab.comparing.beginning import find_beginning
from graphlab.comparing.causes import Causes, find_causes
from graphlab.comparing.growth import Growth, tell_growth
from graphlab.comparing.outcomes import Distances, Outcome, compare_outcomes, loss_dtype
from graphlab.comparing.run_table import RunTable
from graphlab.comparing.tolerance import Tolerance
from graphlab.comparing.walk import Place, Walk, walk

if TYPE_CHECKING:
    from graphlab.recording import Recording


@dataclass(frozen=True, eq=False)
class RunComparison:
    """What makes the numbers of run A those of run B."""

    a: RunTable
    b: RunTable
    tolerance: Tolerance
    outcomes: tuple[Outcome, ...]
    distances: Distances
    walk: Walk
    causes: Causes
    dtypes: tuple[str, str]
    """Of the losses."""

    @property
    def steps(self) -> tuple[int, int]:
        """How many steps each run has."""
        return self.a.count, self.b.count

    @property
    def count(self) -> int:
        """How many steps both have."""
        return min(self.steps)

    @cached_property
    def first(self) -> Outcome | None:
        """The loss, gradient or value that is the first not to be the same."""
        apart = [outcome for outcome in self.outcomes if outcome.first is not None]
        return min(apart, key=lambda outcome: outcome.key(outcome.first), default=None)

    @cached_property
    def beyond(self) -> Outcome | None:
        """The loss, gradient or value that is the first to lie beyond the tolerance."""
        apart = [outcome for outcome in self.outcomes if outcome.beyond is not None]
        return min(apart, key=lambda outcome: outcome.key(outcome.beyond), default=None)

    @property
    def first_step(self) -> int | None:
        """The first step in which anything is not the same, within it or in what it led to."""
        steps = [self.walk.first.step if self.walk.first else None, self.first.first if self.first else None]
        return min((step for step in steps if step is not None), default=None)

    def in_a(self, step: int) -> int:
        """Return the number that A gives a step: so steps are told."""
        return self.a.number(step)

    @property
    def is_equal(self) -> bool:
        """Whether all that is known of both runs is the same, bit for bit, and they are of one length."""
        is_one_length = self.steps[0] == self.steps[1] and not (self.a.skipped or self.b.skipped)
        return self.first_step is None and is_one_length

    @property
    def is_within(self) -> bool:
        """Whether losses, gradients and parameters stay within the tolerance at every step that both have."""
        return self.beyond is None

    @property
    def is_light(self) -> bool:
        """Whether no step is in full detail in both, so that ops cannot be compared."""
        return bool((self.a.is_light[: self.count] | self.b.is_light[: self.count]).all())

    @cached_property
    def growth(self) -> Growth:
        """How the relative distance of the gradients grows; of runs without gradients that of the losses."""
        return self._tell(self.distances.gradients if self.measures_gradients else self.distances.losses)

    @cached_property
    def loss_growth(self) -> Growth:
        """How the relative distance of the losses grows."""
        return self._tell(self.distances.losses)

    @property
    def measures_gradients(self) -> bool:
        """Whether `growth` is that of the gradients."""
        distances = self.distances.gradients
        return bool((distances > 0).any()) or not bool((self.distances.losses > 0).any())

    def _tell(self, distances: object) -> Growth:
        import numpy

        from graphlab.comparing.elements import coarser

        return tell_growth(numpy.asarray(distances), coarser(*self.dtypes), self.tolerance.of(*self.dtypes)[0])


def compare_runs(
    a: Recording, b: Recording, tolerance: Tolerance | None = None, *, begins: tuple[int, int] | None = None
) -> RunComparison:
    """Compare the numbers of two recordings, of any detail and length.

    Args:
        begins: the steps of both that stand beside each other first; None: the first of each, but where one run goes
            on where the other was at a later step, that step.

    Raises:
        UsageError: there is no such step.
    """
    allowed = tolerance or Tolerance()
    with a.reading(), b.reading():
        if begins is not None:
            a.step(begins[0])
            b.step(begins[1])
        first, second = begins or find_beginning(RunTable(a).losses(), RunTable(b).losses())
        one, two = RunTable(a, first - 1), RunTable(b, second - 1)
        outcomes, distances = compare_outcomes(one, two, allowed)
        beyond = min((outcome.beyond for outcome in outcomes if outcome.beyond is not None), default=None)
        found = walk(one, two, allowed, until=beyond)
        causes = find_causes(one, two, _parted(outcomes, found.first))
        dtypes = loss_dtype(one), loss_dtype(two)
        # Read here what is asked of the tables later: the recordings may be closed by then.
        _ = [(table.is_light, table.ends, table.losses(), table.figures()) for table in (one, two)]
    return RunComparison(one, two, allowed, tuple(outcomes), distances, found, causes, dtypes)


def _parted(outcomes: list[Outcome], first: Place | None) -> int | None:
    """Return the first step after which the parameters are not the same; where none is known, the first apart."""
    values = [outcome.first for outcome in outcomes if outcome.sort == "value" and outcome.first is not None]
    others = [outcome.first for outcome in outcomes if outcome.first is not None]
    others += [first.step] if first is not None else []
    return min(values or others, default=None)
