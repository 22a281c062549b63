"""Checks recorded gradients without autograd: the script runs again in 64 bits, with single numbers moved a little.

What is compared: the gradient that was recorded, autograd's own in 64 bits, and central differences of the loss.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy

from graphlab.capture.differences import Differences, Move, Reached, step_of
from graphlab.capture.main_module import as_main, run_main, seed_everything
from graphlab.errors import UsageError
from graphlab.language import _
from graphlab.model import LEAF_KINDS
from graphlab.recording import leaf_name

if TYPE_CHECKING:
    from graphlab.model import Snapshot
    from graphlab.recording import Recording
    from graphlab.request import RunRequest

_WHOLE = 8
"""A leaf of so many elements is measured whole; of a larger one the steepest elements and one direction across all."""
_STEEPEST = 3
_SAME_LOSS = 1e-3
_LEAST = 1e-3
TOLERANCE = 1e-3
"""Relative errors above it are told as a difference: rounding in 32 bits is far below."""


@dataclass(frozen=True)
class Check:
    """One number that was moved, or all of them along one direction."""

    index: tuple[int, ...] | None
    """The element; None: a direction in which all move."""
    measured: float
    """How the loss changes with it: a central difference."""
    autograd: float
    """What autograd says in 64 bits."""
    recorded: float | None
    """What the recording says; None where the gradient was too large to be kept whole."""


@dataclass(frozen=True)
class Verified:
    """The gradient of one leaf, checked."""

    node: int
    name: str
    shape: tuple[int, ...]
    checks: tuple[Check, ...]
    error: float
    """How far the recorded gradient is from the differences: the norm of what differs over the norm of the differences.
    Where it was not kept whole, that of autograd's in 64 bits."""
    error_in_64_bits: float
    """The same of autograd's own gradient in 64 bits."""


@dataclass(frozen=True)
class Verification:
    """How a backward's gradients were checked."""

    backward: int
    """Which of the run's backwards, from 1."""
    loss_then: float | None
    loss_now: float
    leaves: tuple[Verified, ...]
    left_out: int
    """How many more leaves there were."""

    @property
    def agrees(self) -> bool:
        """Whether every gradient is what the differences say."""
        return all(leaf.error <= TOLERANCE for leaf in self.leaves)

    @property
    def is_same_run(self) -> bool:
        """Whether the run in 64 bits came to the recorded loss, but for rounding."""
        if self.loss_then is None:
            return True
        return abs(self.loss_now - self.loss_then) <= _SAME_LOSS * max(1.0, abs(self.loss_then))


def verify(
    recording: Recording, request: RunRequest, moment: int, names: Sequence[str] = (), most: int = 8
) -> Verification:
    """Check the gradients of the last backward that began by a moment.

    Args:
        request: how the script runs, from `plan_replay`.
        names: the leaves to check, by name or number; none: the first `most` of them.

    Raises:
        UsageError: there is no such backward or leaf, or the script does not come there again.
    """
    start = recording.next_event(moment + 1, ["backward_start"], back=True)
    if start is None:
        raise UsageError(_("no backward began by e{moment}: there is no gradient to verify").format(moment=moment))
    count = _backwards_up_to(recording, start)
    wanted, left_out = _choose(recording, start, names, most)
    differences = Differences(lambda: _run(request), count)
    base = differences.reach()
    order = _leaves_in_order(recording, start)
    if base is None or len(order) != len(base.leaves):
        raise UsageError(
            _("the script did not come to the same backward again in 64 bits, so its gradients cannot be verified: ")
            + (
                _("it raised {raised}").format(raised=differences.raised)
                if differences.raised
                else _("what is random in it must be seeded")
            )
        )
    losses = recording.event(start).details.get("losses") or [None]
    leaves = []
    whole = max((float(numpy.linalg.norm(each)) for each in base.gradients if each is not None), default=0.0)
    for node, name in wanted:
        place = order.index(node)
        if base.leaves[place] < 0 or base.gradients[place] is None:
            left_out += 1
            continue
        leaves.append(_check(recording, differences, base, place, node, name, start, _LEAST * whole))
    first = losses[0]
    return Verification(count, None if first is None else float(first), base.loss, tuple(leaves), left_out)


def _backwards_up_to(recording: Recording, start: int) -> int:
    return len(recording.events_between(1, start, ["backward_start"]))


def _run(request: RunRequest) -> None:
    argv = [request.argv0 or str(request.script), *request.arguments]
    with as_main(request.script, request.text, argv, module=request.module, stays=False) as main:
        if request.is_seeding and request.seed is not None:
            seed_everything(request.seed)
        run_main(*main)


def _leaves_in_order(recording: Recording, start: int) -> list[int]:
    """Return the leaves that a recorded backward reaches, in the order in which a walk from its roots meets them."""
    structure = recording.structure(recording.number_at(start))
    below: dict[int, list[tuple[int, int]]] = {}
    for edge in structure.edges:
        below.setdefault(edge.target, []).append((edge.slot, edge.source))
    roots = [int(root) for root in recording.event(start).details.get("roots", ())]
    stack = list(reversed(roots))
    found: list[int] = []
    seen: set[int] = set()
    while stack:
        number = stack.pop()
        node = structure.nodes.get(number)
        if number in seen or node is None or node.kind == "data":
            continue
        seen.add(number)
        if node.kind in LEAF_KINDS:
            found.append(number)
        stack += [source for _, source in sorted(below.get(number, ()), reverse=True)]
    return found


def _choose(recording: Recording, start: int, names: Sequence[str], most: int) -> tuple[list[tuple[int, str]], int]:
    order = _leaves_in_order(recording, start)
    called = recording.names(start)

    def name_of(number: int) -> str:
        return leaf_name(recording, recording.node(number), called)

    every = [(number, name_of(number)) for number in order]
    if not names:
        return every[:most], max(len(every) - most, 0)
    chosen = []
    for name in names:
        found = [each for each in every if name in {each[1], str(each[0])}]
        if not found:
            known = ", ".join(each[1] for each in every[:12]) or "none"
            raise UsageError(
                _("no leaf of that backward is called {name!r}: it has {known}").format(name=name, known=known)
            )
        chosen.append(found[0])
    return chosen, 0


def _check(
    recording: Recording,
    differences: Differences,
    base: Reached,
    place: int,
    node: int,
    name: str,
    start: int,
    least: float,
) -> Verified:
    value, gradient = base.values[place], base.gradients[place]
    recorded = _recorded(recording, node, start)
    kept = (
        recorded.array.astype(float)
        if recorded is not None and recorded.is_complete and recorded.array is not None
        else None
    )
    checks = []
    for index in _indices(value, gradient):
        direction = numpy.zeros(value.shape)
        if index is None:
            direction = numpy.random.default_rng(0).standard_normal(value.shape)
        else:
            direction[index] = 1.0
        step = step_of(float(value[index]) if index is not None else float(numpy.abs(value).max(initial=0.0)))
        ends = []
        for sign in (1.0, -1.0):
            moved = differences.reach(Move(base.leaves[place], sign * step * direction))
            if moved is None:
                raise UsageError(
                    _("with {name} moved a little the script takes another way: it cannot be verified").format(
                        name=name
                    )
                )
            ends.append(moved.loss)
        checks.append(
            Check(
                index,
                (ends[0] - ends[1]) / (2 * step),
                float((gradient * direction).sum()),
                None if kept is None else float((kept * direction).sum()),
            )
        )
    measured = [check.measured for check in checks]
    exact = _apart([check.autograd for check in checks], measured, least)
    has_recorded = all(check.recorded is not None for check in checks)
    error = _apart([check.recorded or 0.0 for check in checks], measured, least) if has_recorded else exact
    return Verified(node, name, tuple(value.shape), tuple(checks), error, exact)


def _recorded(recording: Recording, node: int, start: int) -> Snapshot | None:
    """Return what the backward gave to a leaf: what it added, not what was there before."""
    end = recording.next_event(start, ["backward_end"]) or recording.event_count
    changes = [change for change in recording.changes_of(node, "grad", start, end) if change.added is not None]
    if changes:
        return changes[-1].added
    return recording.gradient(node, end)


def _indices(value: Any, gradient: Any) -> list[tuple[int, ...] | None]:
    """Choose what to move: every element of a small leaf; of a larger one the steepest, and one direction across it."""
    if value.size <= _WHOLE:
        return [tuple(map(int, index)) for index in numpy.ndindex(value.shape)]
    steepest = numpy.argsort(-numpy.abs(numpy.nan_to_num(gradient)).ravel(), kind="stable")[:_STEEPEST]
    return [*(tuple(map(int, numpy.unravel_index(place, value.shape))) for place in steepest), None]


def _apart(found: Sequence[float], measured: Sequence[float], least: float) -> float:
    """Return a relative error; of a gradient that is next to nothing, relative to a share of the largest one."""
    difference = numpy.linalg.norm(numpy.subtract(found, measured))
    whole = max(float(numpy.linalg.norm(measured)), least)
    if difference == 0:
        return 0.0
    return float(difference) / whole if whole else math.inf
