"""The page about the numbers of two runs: their curves on one axis, where they part, and a list of first places.

Free of textual; pure but for which curve is shown. The run that is looked at is B, the other A.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy

from graphlab.comparing.words import (
    SORTS,
    alignment_words,
    cause_words,
    growth_words,
    outcome_words,
    place_words,
    verdict,
)
from graphlab.tui import messages
from graphlab.tui.curves import Axis
from graphlab.tui.dots import MARGIN, Canvas
from graphlab.tui.rows import Row, fill, fit, over, rule, wrap

if TYPE_CHECKING:
    from graphlab.comparing import Outcome, Place, RunComparison
    from graphlab.tui.theme import Look

Array = numpy.ndarray[Any, Any]

_TALL = 34
"""Rows from which on the distance has a picture of its own below the curves."""
_MOST_HEAD = 7


@dataclass(frozen=True, slots=True)
class Target:
    """A line of the list: what it says, and where it leads in either run."""

    text: str
    events: tuple[int, int]
    nodes: tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of both runs."""

    name: str
    a: Array
    b: Array


class RunsPage:
    """One comparison, and how a person looks at it."""

    def __init__(self, comparison: RunComparison) -> None:
        self.comparison = comparison
        self.targets = list_targets(comparison)
        self.measures = list_measures(comparison)
        self.shown = 0
        """Which of the measures."""
        self.chosen = 0
        """Which line of the list."""

    def turn(self, direction: int) -> None:
        """Show another measure."""
        self.shown = (self.shown + direction) % len(self.measures)

    def select(self, delta: int) -> None:
        """Choose another line."""
        self.chosen = min(max(self.chosen + delta, 0), max(len(self.targets) - 1, 0))

    def rows(self, cursor: int, width: int, height: int, look: Look) -> list[Row]:
        """Draw the page for the cursor's step of B."""
        head = self._head(width)[: max(min(_MOST_HEAD, height // 3), 2)]
        listed = min(len(self.targets), max(height // 4, 3)) or 1
        room = max(height - len(head) - listed - 2, 5)
        has_distance = height >= _TALL and self.measures[self.shown].name != messages.RUNS_DISTANCE
        tall = room - room * 2 // 5 if has_distance else room
        rows = [*head, *self._curves(self.shown, cursor, width, tall, look)]
        if has_distance:
            rows += self._curves(len(self.measures) - 1, cursor, width, room - tall, look)
        rows.append(rule(messages.RUNS_LIST, width))
        return fill([*rows, *self._list(width, height - len(rows))], width, height)

    def _head(self, width: int) -> list[Row]:
        comparison = self.comparison
        lines = [(verdict(comparison), "bold")]
        lines += [(line, "text") for line in alignment_words(comparison)]
        lines += [(line, "number") for line in cause_words(comparison, has_facts=True)]
        if comparison.growth.kind != "none":
            lines.append((growth_words(comparison, comparison.growth, SORTS["gradient"]), "quiet"))
        return [fit([(f" {part}", style)], width) for line, style in lines for part in wrap(line, width - 2)]

    def _list(self, width: int, room: int) -> list[Row]:
        if not self.targets:
            return [fit([(f" {messages.RUNS_EQUAL}", "text")], width)]
        # The chosen line in full, the others as far as there is room.
        chosen = wrap(self.targets[self.chosen].text, width - 2)[: max(room - 1, 1)]
        others = room - len(chosen)
        first = min(max(self.chosen - others // 2, 0), max(len(self.targets) - others - 1, 0))
        rows: list[Row] = []
        for index in range(first, min(first + others + 1, len(self.targets))):
            if index == self.chosen:
                rows += [over(fit([(f" {line}", "text")], width), "selected") for line in chosen]
            else:
                rows.append(fit([(f" {self.targets[index].text}", "text")], width))
        return rows

    # -- curves ----------------------------------------------------------------------------------------------------

    def _curves(self, which: int, cursor: int, width: int, height: int, look: Look) -> list[Row]:
        """Draw one measure of both runs in so many rows, with its heading and its axes."""
        measure = self.measures[which]
        is_log = _is_log(measure)
        name = messages.RUNS_LOG.format(name=measure.name) if is_log else measure.name
        legend = messages.RUNS_LEGEND if measure.b.size else messages.RUNS_DISTANCE_LEGEND
        longest = max(len(measure.a), len(measure.b), 1)
        start = self.comparison.in_a(1)
        wide, tall = max(width - MARGIN - 1, 4), max(height - 3, 1)
        up = _axis(measure, is_log=is_log)
        canvas = Canvas(wide, tall, Axis(start, start + max(longest - 1, 1)), up, is_ascii=look.is_ascii)
        steps = numpy.arange(start, start + longest)
        for curve, style in ((measure.a, "curve"),):
            canvas.line(*_envelope(steps[: len(curve)], _scaled(curve, is_log=is_log), 2 * wide), style)
        self._put_other(canvas, measure, steps, is_log=is_log)
        for step, sign in self._marks():
            canvas.upright(step, sign, "alarm")
        rows = canvas.rows()
        if is_log:
            rows = [_unlog(row, index, tall, up) for index, row in enumerate(rows)]
        rows[-1] = _ticks(start, longest, wide, cursor + self.comparison.a.skipped - self.comparison.b.skipped)
        return [rule(f"{name}   {legend}", width), *(fit(row, width) for row in rows)]

    def _put_other(self, canvas: Canvas, measure: Measure, steps: Array, *, is_log: bool) -> None:
        """Mark the other run where it lies beside the first."""
        if not measure.b.size:
            return
        numbers = _scaled(measure.b, is_log=is_log)
        mine = _scaled(measure.a, is_log=is_log)
        reach = max(canvas.up.high - canvas.up.low, 1e-300)
        count = min(len(mine), len(numbers))
        is_beside = numpy.ones(len(numbers), bool)
        with numpy.errstate(all="ignore"):
            is_beside[:count] = ~(numpy.abs(mine[:count] - numbers[:count]) <= reach / (2 * canvas.height))
        is_shown = is_beside & numpy.isfinite(numbers)
        xs, ys = _envelope(steps[: len(numbers)], numpy.where(is_shown, numbers, numpy.nan), canvas.width)
        for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
            if numpy.isfinite(y):
                canvas.mark(x, y, "×", "gradient")

    def _marks(self) -> list[tuple[int, str]]:
        comparison = self.comparison
        first, beyond = comparison.first_step, comparison.beyond
        marks = [(comparison.in_a(first), "┊")] if first is not None else []
        if beyond is not None and beyond.beyond is not None and beyond.beyond != first:
            marks.append((comparison.in_a(beyond.beyond), "│"))
        return marks


# -- what there is to show ---------------------------------------------------------------------------------------------


def list_measures(comparison: RunComparison) -> list[Measure]:
    """Return what both runs have: the loss, figures, gradient norms, and last how far they are apart."""
    found = [Measure(messages.RUNS_LOSS, comparison.a.losses(), comparison.b.losses())]
    norms = comparison.distances.norms
    if numpy.isfinite(norms[0]).any() or numpy.isfinite(norms[1]).any():
        found.append(Measure(messages.RUNS_GRADIENTS, *norms))
    figures = comparison.a.figures(), comparison.b.figures()
    found += [Measure(name, figures[0][name], figures[1][name]) for name in figures[0] if name in figures[1]]
    by_leaf = comparison.distances.by_leaf
    found += [Measure(messages.RUNS_GRADIENT.format(name=name), *pair) for name, pair in by_leaf.items()]
    distances = comparison.distances
    distance = distances.gradients if comparison.measures_gradients else distances.losses
    return [*found, Measure(messages.RUNS_DISTANCE, distance, numpy.zeros(0))]


def list_targets(comparison: RunComparison) -> list[Target]:
    """Return where one can go: the first places, then every loss, gradient and value that is not the same."""
    walk = comparison.walk
    places = [walk.first] + ([walk.beyond] if walk.beyond != walk.first else [])
    heads = messages.RUNS_FIRST, messages.RUNS_BEYOND
    found = [
        Target(head.format(place=place_words(comparison, place)), (place.a.event, place.b.event), _nodes(place))
        for head, place in zip(heads, places, strict=False)
        if place is not None
    ]
    apart = [outcome for outcome in comparison.outcomes if outcome.first is not None]
    apart.sort(key=lambda outcome: outcome.key(outcome.first))
    return found + [_target(comparison, outcome) for outcome in apart]


def _nodes(place: Place) -> tuple[int | None, int | None]:
    return place.a.node, place.b.node


def _target(comparison: RunComparison, outcome: Outcome) -> Target:
    assert outcome.first is not None
    events = []
    for table in (comparison.a, comparison.b):
        after = table.ends if outcome.sort == "value" else table.backward_ends
        # `ends` begins with the event before the first step.
        event = int(after[outcome.first if outcome.sort == "value" else outcome.first - 1])
        events.append(event or int(table.ends[outcome.first]))
    nodes = (outcome.pair[0].node, outcome.pair[1].node) if outcome.pair is not None else (None, None)
    return Target(outcome_words(comparison, outcome), (events[0], events[1]), nodes)


# -- drawing -----------------------------------------------------------------------------------------------------------


def _is_log(measure: Measure) -> bool:
    both = numpy.concatenate([measure.a, measure.b])
    finite = both[numpy.isfinite(both)]
    if measure.name == messages.RUNS_DISTANCE:
        return bool((finite > 0).any())
    return bool(finite.size and finite.min() > 0 and finite.max() > 50 * finite.min())


def _scaled(numbers: Array, *, is_log: bool) -> Array:
    if not is_log:
        return numbers
    with numpy.errstate(all="ignore"):
        return numpy.where(numbers > 0, numpy.log10(numbers), numpy.nan)


def _axis(measure: Measure, *, is_log: bool) -> Axis:
    both = _scaled(numpy.concatenate([measure.a, measure.b]), is_log=is_log)
    finite = both[numpy.isfinite(both)]
    if not finite.size:
        return Axis(0.0, 1.0)
    low, high = float(finite.min()), float(finite.max())
    if high == low:
        return Axis(low - 0.5, high + 0.5)
    return Axis(0.0 if not is_log and 0 < low < high / 2 else low, high)


def _envelope(steps: Array, numbers: Array, columns: int) -> tuple[Array, Array]:
    """Keep of the steps that share a column the least and the largest number: a spike is never lost."""
    if len(steps) <= 2 * columns:
        return steps, numbers
    size = -(-len(steps) // columns)
    padded = numpy.full(-(-len(steps) // size) * size, numpy.nan)
    padded[: len(steps)] = numbers
    table = padded.reshape(-1, size)
    is_there = ~numpy.isnan(table)
    low = numpy.where(is_there, table, numpy.inf).argmin(axis=1)
    high = numpy.where(is_there, table, -numpy.inf).argmax(axis=1)
    begins = numpy.arange(len(table)) * size
    places = numpy.sort(numpy.stack([begins + low, begins + high], axis=1), axis=1).ravel()
    places = numpy.minimum(places, len(steps) - 1)
    return steps[places], numbers[places]


def _unlog(row: Row, index: int, tall: int, up: Axis) -> Row:
    """Write the number instead of its logarithm beside the upright axis."""
    if index >= tall or not row[0][0].strip():
        return row
    number = 10.0 ** up.number(1 - index / max(tall - 1, 1))
    return [(f"{number:>{len(row[0][0]) - 1}.1e} ", row[0][1]), *row[1:]]


def _ticks(start: int, count: int, wide: int, cursor: int) -> Row:
    """Write the numbers of some steps, and ▲ under the cursor's."""
    text = [" "] * wide
    parts = max(min(wide // 12, count - 1), 1)
    for part in range(parts + 1):
        step = round(part / parts * (count - 1))
        label = str(start + step)
        place = min(round(step / max(count - 1, 1) * (wide - 1)), wide - len(label))
        if not "".join(text[max(place - 1, 0) : place + len(label) + 1]).strip():
            text[place : place + len(label)] = label
    column = round((cursor - start) / max(count - 1, 1) * (wide - 1))
    row: Row = [(" " * MARGIN, "")]
    if not 0 <= column < wide:
        return [*row, ("".join(text), "quiet")]
    return [*row, ("".join(text[:column]), "quiet"), ("▲", "cursor"), ("".join(text[column + 1 :]), "quiet")]
