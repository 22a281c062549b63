"""What a comparison of two runs says, in one place: terminal, explorer and plots alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy

from graphlab.comparing.causes import is_setting
from graphlab.language import _, plural
from graphlab.sentences import format_number, format_shape

if TYPE_CHECKING:
    from graphlab.comparing.comparison import RunComparison
    from graphlab.comparing.growth import Growth
    from graphlab.comparing.outcomes import Outcome, Sort
    from graphlab.comparing.walk import OtherOps, Place

SAME = plural(
    "numbers: the same, bit for bit, at the one step", "numbers: the same, bit for bit, at all {count:,} steps"
)
SAME_BUT_LONGER = plural(
    "numbers: the same, bit for bit, at the one step that both have",
    "numbers: the same, bit for bit, at the {count:,} steps that both have",
)
SAME_BY_NORM = plural(
    "numbers: the same at the one step, some of them by the norms of their gradients alone",
    "numbers: the same at all {count:,} steps, some of them by the norms of their gradients alone",
)
WITHIN = plural(
    "numbers: not the same, but within the tolerance ({allowed})",
    "numbers: not the same from step {step:,} on, but within the tolerance at all {count:,} steps ({allowed})",
)
BEYOND = _("numbers: not the same from step {step:,} on, beyond the tolerance from step {beyond:,} on ({allowed})")
NO_STEPS = _("numbers: not compared, for one of the runs has no training step")
ALLOWED = _("relative {relative}, absolute {absolute}")
LENGTHS = _("A has {a:,} steps, B {b:,}")
BESIDE = _("step {a:,} of A stands beside step {b:,} of B")

INITIAL = _("initial parameters differ: {count} of {known} ({names})")
DATA_ORDER = _("the data came in another order from step {step:,} on: the same {rows:,} rows in both")
DATA_BATCHES = _("the data came in batches of other sizes from step {step:,} on: the same {rows:,} rows in both")
DATA_OTHER = _("other data came from step {step:,} on: {shared:,} of {rows:,} rows came in both")
DATA_UNKNOWN = _("other data came from step {step:,} on, or the same in another order: it was not kept whole")

FIRST = _("first: {place}")
FIRST_BEYOND = _("beyond the tolerance: {place}")
AT = _("step {step:,}, {event}{line}: {what} {difference}")
LINE = _(", line {line}")
LINES = _(", line {a} in A, {b} in B")
TWO_EVENTS = _("e{a} in A, e{b} in B")
WHATS = {
    "input": _("what {name} reads (input {slot})"),
    "op": _("what {name} makes"),
    "gradient": _("what flows back from {name} into its input {slot}"),
    "grad": _("the gradient of {name}"),
    "clip": _("the gradient of {name} after it was clipped or unscaled"),
    "update": _("{name} after the update"),
}
ELEMENT = _("is {a} in A, {b} in B at {index}{ulps} ({elements:,} of {of:,} elements differ)")
SCALAR = _("is {a} in A, {b} in B{ulps}")
ULPS = plural(", {ulps:,} ulp apart", ", {ulps:,} ulps apart")
SHAPE = _("is of shape {a} in A, {b} in B")
NORM = _("has the norm {a} in A, {b} in B")
MISSING = _("is there in {side} alone")
OTHER_OPS = _("ops are not the same from step {step:,} on: {a} in A, {b} in B")
OP_AT = _("{name} -> {shape} (e{event}, line {line})")
NO_OP = _("no more")
ORDER = _("; the same rows in another order")
OUTCOME = _("{name}: not the same from step {first:,} on, {beyond}")
OUTCOME_BEYOND = _("beyond the tolerance from step {beyond:,} on")
OUTCOME_WITHIN = _("never beyond the tolerance")
SORTS: dict[Sort, str] = {"loss": _("loss"), "gradient": _("gradients"), "value": _("parameters")}
OF_LEAF = _("{sort} ({name})")
OUTCOME_SAME = _("{name}: the same at all {compared:,} steps")
BY_NORM = _("by norm")

GROWTH = _("distance of {what}: {course}")
COURSES = {
    "none": _("none"),
    "rounding": _("rounding: {begins} at step {start:,}, at most {largest} (step {at:,})"),
    "chaos": _("rounding that grows{factor}: {begins} at step {start:,}, {largest} at step {at:,}"),
    "jump": _("a jump at step {jump:,}: {begins} at step {start:,}, at most {largest} (step {at:,})"),
}
FACTOR = _(" by a factor of {factor} a step")
DOUBLES = _(", doubling every {steps:,} steps")
OPS_NOT_COMPARED = _(
    "ops are not compared: no step is in full detail in both (graphlab replay RECORDING --full {step} makes it so)"
)
NOT_WALKED = _("the first op beyond the tolerance was not looked for beyond step {step:,}: too many ops lie between")

_DIGITS = {"float64": 17, "float32": 9, "float16": 5, "bfloat16": 4}
_MOST_NAMES = 4
_FAST = 1.5
"""A growth a step from which on one says the factor, below it the steps in which it doubles."""
_SLOW = 1e7


def allowed_words(comparison: RunComparison) -> str:
    """Return the tolerance of the losses."""
    relative, absolute = comparison.tolerance.of(*comparison.dtypes)
    return ALLOWED.format(relative=format_number(relative), absolute=format_number(absolute))


def verdict(comparison: RunComparison) -> str:
    """Return in one line whether the numbers are the same, and since when they are not."""
    if not comparison.count:
        return NO_STEPS
    step, beyond = comparison.first_step, comparison.beyond
    if step is None:
        is_whole = all(outcome.is_whole for outcome in comparison.outcomes)
        said = SAME_BY_NORM if not is_whole else SAME if comparison.is_equal else SAME_BUT_LONGER
        return said(comparison.count).format(count=comparison.count)
    if beyond is None or beyond.beyond is None:
        within = WITHIN(comparison.count)
        return within.format(step=comparison.in_a(step), count=comparison.count, allowed=allowed_words(comparison))
    steps = comparison.in_a(step), comparison.in_a(beyond.beyond)
    return BEYOND.format(step=steps[0], beyond=steps[1], allowed=allowed_words(comparison))


def alignment_words(comparison: RunComparison) -> list[str]:
    """Return how the steps of both stand beside each other, where that is not plain."""
    skipped = comparison.a.skipped, comparison.b.skipped
    lines = []
    if any(skipped):
        lines.append(BESIDE.format(a=skipped[0] + 1, b=skipped[1] + 1))
    if len(set(comparison.steps)) > 1:
        lines.append(LENGTHS.format(a=comparison.steps[0] + skipped[0], b=comparison.steps[1] + skipped[1]))
    return lines


def cause_words(comparison: RunComparison, *, has_facts: bool) -> list[str]:
    """Return what differs before the numbers do.

    Args:
        has_facts: also the facts of the runs, which a comparison of the graphs tells as well.
    """
    causes = comparison.causes
    lines = [change.words for change in causes.facts if has_facts or is_setting(change)]
    if comparison.first_step is None:
        return lines
    if causes.initial:
        names = ", ".join(causes.initial[:_MOST_NAMES]) + (", …" if len(causes.initial) > _MOST_NAMES else "")
        lines.append(INITIAL.format(count=len(causes.initial), known=causes.known, names=names))
    data = causes.data
    if data is not None and data.sort != "other":
        said = DATA_ORDER if data.sort == "order" else DATA_BATCHES
        lines.append(said.format(step=comparison.in_a(data.step), rows=data.rows))
    elif data is not None and data.rows is not None:
        lines.append(DATA_OTHER.format(step=comparison.in_a(data.step), shared=data.shared, rows=data.rows))
    elif data is not None:
        lines.append(DATA_UNKNOWN.format(step=comparison.in_a(data.step)))
    return lines


def place_words(comparison: RunComparison, place: Place) -> str:
    """Return where two runs part: step, event, line, tensor, element, and by how much."""
    events = place.a.event, place.b.event
    event = f"e{events[0]}" if events[0] == events[1] else TWO_EVENTS.format(a=events[0], b=events[1])
    lines = place.a.line, place.b.line
    line = LINE.format(line=lines[0]) if lines[0] == lines[1] else LINES.format(a=lines[0], b=lines[1])
    what = WHATS[place.a.sort].format(name=place.a.name, slot=place.a.slot)
    said = line if any(lines) else ""
    step = comparison.in_a(place.step)
    return AT.format(step=step, event=event, line=said, what=what, difference=difference_words(place))


def other_words(comparison: RunComparison, other: OtherOps) -> str:
    """Return since when the runs do not do the same."""
    ops = [
        OP_AT.format(name=piece.name, shape=format_shape(piece.shape), event=piece.event, line=piece.line)
        if piece is not None
        else NO_OP
        for piece in (other.a, other.b)
    ]
    return OTHER_OPS.format(step=comparison.in_a(other.step), a=ops[0], b=ops[1])


def difference_words(place: Place) -> str:
    """Return how a tensor differs: its first other element, or what of the whole."""
    apart = place.apart
    if apart.what == "shape":
        return SHAPE.format(a=format_shape(apart.a), b=format_shape(apart.b))
    if apart.what == "missing":
        return MISSING.format(side="A" if apart.a else "B")
    if apart.what == "norm":
        return NORM.format(a=format_number(apart.a), b=format_number(apart.b))
    ulps = ULPS(apart.ulps).format(ulps=apart.ulps) if apart.ulps is not None else ""
    numbers = {"a": _number(apart.a, place.dtypes[0]), "b": _number(apart.b, place.dtypes[1]), "ulps": ulps}
    if not apart.index:
        return SCALAR.format(**numbers)
    said = ELEMENT.format(**numbers, index=list(apart.index), elements=apart.elements, of=apart.of)
    return said + (ORDER if place.is_another_order else "")


def _number(number: Any, dtype: str) -> str:
    """Write a number with all digits that its dtype has."""
    return f"{number:.{_DIGITS[dtype]}g}" if isinstance(number, float) and dtype in _DIGITS else str(number)


def earliest(outcomes: Sequence[Outcome], sort: Sort) -> Outcome | None:
    """Return of one sort the outcome that is the first not to be the same; where all are, one of them."""
    some = [outcome for outcome in outcomes if outcome.sort == sort and outcome.compared]
    return min(
        some, key=lambda outcome: (outcome.first is None, outcome.first or 0, outcome.beyond or 1 << 60), default=None
    )


def outcome_words(comparison: RunComparison, outcome: Outcome) -> str:
    """Return since when one loss, gradient or value is not the same."""
    name = SORTS[outcome.sort]
    if outcome.first is None:
        return OUTCOME_SAME.format(name=name, compared=outcome.compared)
    marks = [outcome.name] if outcome.name else []
    marks += [] if outcome.is_whole else [BY_NORM]
    named = OF_LEAF.format(sort=name, name=", ".join(marks)) if marks else name
    beyond = OUTCOME_WITHIN
    if outcome.beyond is not None:
        beyond = OUTCOME_BEYOND.format(beyond=comparison.in_a(outcome.beyond))
    return OUTCOME.format(name=named, first=comparison.in_a(outcome.first), beyond=beyond)


def outcome_lines(comparison: RunComparison) -> list[str]:
    """Return of losses, gradients and parameters since when they are not the same, and of the rest that it is."""
    lines = []
    for sort in SORTS:
        outcome = earliest(comparison.outcomes, sort)
        if outcome is not None:
            beyond = [each.beyond for each in comparison.outcomes if each.sort == sort and each.beyond is not None]
            lines.append(outcome_words(comparison, replace(outcome, beyond=min(beyond, default=None))))
    return lines


def growth_words(comparison: RunComparison, growth: Growth, what: str) -> str:
    """Return how a distance grows."""
    return GROWTH.format(
        what=what,
        course=COURSES[growth.kind].format(
            begins=_size(growth.begins), start=comparison.in_a(growth.start or 0), largest=_size(growth.largest),
            at=comparison.in_a(growth.at or 0), jump=comparison.in_a(growth.jump or 0),
            factor=_pace(growth.factor),
        ),
    )  # fmt: skip


def _pace(factor: float | None) -> str:
    """Return how fast a distance grows, where it grows so that one could see it."""
    if factor is None or not 1 < factor < numpy.inf:
        return ""
    if factor >= _FAST:
        return FACTOR.format(factor=f"{factor:.3g}")
    steps = float(numpy.log(2) / numpy.log(factor))
    return DOUBLES.format(steps=round(steps)) if steps < _SLOW else ""


def _size(number: float | None) -> str:
    return "" if number is None else f"{number:.2g}"


def number_lines(comparison: RunComparison, *, has_facts: bool = False) -> list[str]:
    """Return the whole comparison of the numbers, the verdict first."""
    lines = [verdict(comparison), *(f"  {line}" for line in alignment_words(comparison))]
    lines += [f"  {line}" for line in cause_words(comparison, has_facts=has_facts)]
    if comparison.first_step is None:
        return lines
    found = comparison.walk
    if found.other is not None:
        lines.append("  " + other_words(comparison, found.other))
    if found.first is not None:
        lines.append("  " + FIRST.format(place=place_words(comparison, found.first)))
    if found.beyond is not None and found.beyond != found.first:
        lines.append("  " + FIRST_BEYOND.format(place=place_words(comparison, found.beyond)))
    lines += [f"  {line}" for line in outcome_lines(comparison)]
    growths: tuple[tuple[Growth, Sort], ...] = ((comparison.loss_growth, "loss"), (comparison.growth, "gradient"))
    for growth, sort in growths:
        if growth.kind != "none" and (sort == "loss" or comparison.measures_gradients):
            lines.append("  " + growth_words(comparison, growth, SORTS[sort]))
    if comparison.is_light:
        lines.append("  " + OPS_NOT_COMPARED.format(step=comparison.in_a(comparison.first_step)))
    elif not found.is_complete and found.beyond is None:
        lines.append("  " + NOT_WALKED.format(step=comparison.in_a(found.walked)))
    return lines
