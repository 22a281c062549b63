"""The order of a training step: gradients zeroed, a backward, a step; and who holds which parameters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy

from graphlab.analysis.findings import step_messages as messages
from graphlab.analysis.findings.computed_targets import not_held, target_of
from graphlab.analysis.findings.facts import backwards_to, count_events
from graphlab.analysis.findings.finding import Finding, make_finding
from graphlab.analysis.findings.held_parameters import Parameters, shown
from graphlab.analysis.findings.source import line_of_rebinding
from graphlab.recording.remarks import Remark, read_remarks

if TYPE_CHECKING:
    from graphlab.model import Event, Node
    from graphlab.recording import Recording

_ANEW = 3
"""How often a parameter is made under a name before that is the way of the script."""
_ALONG = 0.999
"""The cosine between a move and a gradient from which on the one is a multiple of the other."""
_LOOKED_AT = 400
"""Updates of a run that are looked at for gradients that nothing zeroed."""


# -- zeroing -----------------------------------------------------------------------------------------------------------


def find_unzeroed(recording: Recording) -> Iterator[Finding]:
    """Find an update made with gradients that an earlier update had used, and nothing zeroed in between."""
    parameters = Parameters(recording)
    text = messages.NOT_ZEROED if any(parameters.steps.values()) else messages.NOT_ZEROED_BY_HAND
    found = _unzeroed_in_full(recording, parameters)
    if found is not None:
        update, nodes, before, after = found
        if not any(node.id in parameters.held for node in nodes):
            text = messages.NOT_ZEROED_BY_HAND
        backward = recording.next_event(update.id, ("backward_start",), back=True)
        at = recording.event(backward) if backward is not None else update
        yield make_finding(
            recording, "gradients-not-zeroed", text, update.id, node=nodes[0].id, file=at.file,
            line=at.line, lines=(update.line,),
            evidence={"parameters": [parameters.name_of(node) for node in nodes], "norm_left_over": before,
                      "norm_with_it": after},
            names=shown([parameters.name_of(node) for node in nodes]), update=update.line,
        )  # fmt: skip
        return
    remarks = read_remarks(recording, "unzeroed")
    if parameters.steps:  # as in full: what belongs to no optimizer is copied, not trained
        remarks = [each for each in remarks if parameters.held.keys() & set(each.data["nodes"])]
    if remarks:
        first = remarks[0]
        nodes = [recording.node(node) for node in first.data["nodes"]]
        backward = recording.next_event(first.event + 1, ("backward_start",), back=True)
        start = recording.event(backward) if backward is not None else None
        yield make_finding(
            recording, "gradients-not-zeroed", text, max(first.event, 1), node=nodes[0].id,
            file=start.file if start is not None else first.file,
            line=start.line if start is not None else first.line, lines=(first.line,),
            evidence={"parameters": first.data["count"]},
            names=shown([parameters.name_of(node) for node in nodes]), update=first.line,
        )  # fmt: skip


def _unzeroed_in_full(
    recording: Recording, parameters: Parameters
) -> tuple[Event, list[Node], float | None, float | None] | None:
    """Return the first such update, with the parameters that it is so of, and a norm left over and after adding."""
    reader = recording.reader
    rows = reader.rows(
        "SELECT c.event, c.node, e.kind, c.before, c.after FROM changes c JOIN events e ON e.id = c.event "
        "WHERE e.kind IN ('update', 'accumulate', 'zero_grad') ORDER BY c.event LIMIT ?", _LOOKED_AT * 500,
    )  # fmt: skip
    stale: dict[int, tuple[int, int | None]] = {}
    """By node: what came onto a gradient that an update has used: the event, and the snapshots before and after."""
    used: dict[int, bool] = {}
    latest: dict[int, int] = {}
    """By node: the snapshot of its gradient as it is by then."""
    # Beside optimizers, what the script does to the parameters of no optimizer are copies: of a target network.
    copied = {node.id for node in parameters.nodes if node.id not in parameters.held} if parameters.steps else set()
    found: list[int] = []
    update = 0
    for event, node, kind, before, after in rows:
        if update and event != update and kind == "accumulate":
            break  # what is updated by hand has an event for each parameter, up to the next backward
        if kind == "zero_grad" or after is None:
            used.pop(node, None)
            stale.pop(node, None)
        elif kind == "accumulate":
            latest[node] = after
            if used.get(node) and before is not None:
                stale.setdefault(node, (before, after))
        elif node in copied and not (node in stale and _goes_along(recording, before, after, latest[node])):
            used[node] = True
        elif node in stale and _norm(recording, stale[node][0]):
            update = update or event
            if node not in found:
                found.append(node)
        else:
            used[node] = True
    if not update:
        return None
    before, after = stale[found[0]]
    nodes = [recording.node(node) for node in found]
    return recording.event(update), nodes, _norm(recording, before), _norm(recording, after)


def _goes_along(recording: Recording, before: int | None, after: int | None, gradient: int) -> bool:
    """Whether an update moved a parameter straight along its gradient, as no copy of another's values does."""
    arrays = []
    for number in (before, after, gradient):
        kept = recording.snapshot(number)
        if kept is None or kept.array is None or not kept.is_complete:
            return False
        arrays.append(numpy.asarray(kept.array, "f8").ravel())
    move, slope = arrays[1] - arrays[0], arrays[2]
    size = float(numpy.linalg.norm(move) * numpy.linalg.norm(slope))
    return bool(size > 0 and abs(float(move @ slope)) > _ALONG * size and move.size > 1)


def _norm(recording: Recording, snapshot: int | None) -> float | None:
    kept = recording.snapshot(snapshot)
    return kept.statistics.norm if kept is not None else None


# -- a step without a backward, a backward without a step --------------------------------------------------------------


def find_idle_steps(recording: Recording) -> Iterator[Finding]:
    """Find steps of an optimizer whose parameters had no gradient at that time."""
    parameters = Parameters(recording)
    seen = set()
    for remark in read_remarks(recording, "idle_step"):
        number = remark.data["optimizer"]
        if number in seen:
            continue
        seen.add(number)
        steps = parameters.steps[number]
        is_in_loop = any(each.line == remark.line and each.event > remark.event for each in steps)
        backward_before = recording.next_event(remark.event + 1, ("backward_end",), back=True)
        backward_after = recording.next_event(remark.event, ("backward_start",))
        if not is_in_loop and backward_before is None and backward_after is not None:
            continue  # a step before all else, which schedulers are thought to want
        zeroed = _zeroed_after(recording, backward_before, remark)
        if backward_before is not None and zeroed is None and not _are_reachable(parameters, number):
            continue  # its parameters are cut off, which is a finding of its own
        if backward_before is None and backward_after is None:
            text, other = messages.NO_BACKWARD, None
        elif zeroed is not None:
            text, other = messages.ZEROED_BEFORE_STEP, zeroed.line
        elif backward_before is not None and recording.step_of(max(remark.event, 1)).detail == "light":
            text, other = messages.ZEROED_SOMEWHERE, None  # what zeroes is no event there
        else:
            text = messages.STEP_BEFORE_BACKWARD
            other = recording.event(backward_after).line if backward_after is not None else None
        yield make_finding(
            recording, "step-without-gradient", text, max(remark.event, 1), file=remark.file, line=remark.line,
            lines=(other,), evidence={"optimizer": remark.text, "steps_without_gradient": _count(recording, number)},
            optimizer=remark.text, other=other,
        )  # fmt: skip


def _zeroed_after(recording: Recording, backward: int | None, remark: Remark) -> Event | None:
    """Return what zeroed the gradients between a backward's end and a step, or None."""
    if backward is None:
        return None
    events = recording.events_between(backward, remark.event, ("zero_grad",))
    return events[-1] if events else None


def _are_reachable(parameters: Parameters, number: int) -> bool:
    nodes = {node for remark in parameters.optimizers.get(number, ()) for node in remark.data["nodes"]}
    return any(parameters.has_gradient(node) for node in parameters.nodes if node.id in nodes)


def _count(recording: Recording, number: int) -> int:
    return sum(remark.data["optimizer"] == number for remark in read_remarks(recording, "idle_step"))


def find_backward_without_step(recording: Recording) -> Iterator[Finding]:
    """Find an optimizer that never steps, though backwards give its parameters gradients."""
    parameters = Parameters(recording)
    count = count_events(recording, "backward_end")
    updates = recording.next_event(0, ("update", "skipped_update"))
    if count < 2 or (recording.facts.status != "ok" and count < 4):
        return  # it did not come so far
    for number, held in parameters.optimizers.items():
        if parameters.steps[number] or not _are_reachable(parameters, number):
            continue
        if updates is not None and _are_moved(recording, parameters, number):
            continue
        nodes = {node for remark in held for node in remark.data["nodes"]}
        first, own = backwards_to(recording, nodes)
        if first is None or own < 2:
            continue
        _, made = parameters.made_at(number)
        others = any(parameters.steps[other] for other in parameters.optimizers)
        names = [parameters.name_of(node) for node in parameters.nodes if node.id in nodes]
        yield make_finding(
            recording, "backward-without-step", messages.NO_STEP, first, lines=(made,),
            evidence={"backwards": own, "steps": 0, "optimizer": held[0].text, "parameters": names},
            optimizer=held[0].text, made=messages.at_line(made), count=own,
            so=messages.THEY_STAY if others else messages.NOTHING_LEARNS, names=shown(names),
        )  # fmt: skip


def _are_moved(recording: Recording, parameters: Parameters, number: int) -> bool:
    """Whether another than the optimizer moves its parameters: another optimizer, or the script itself."""
    nodes = {node for remark in parameters.optimizers[number] for node in remark.data["nodes"]}
    if any(parameters.steps[other] for node in nodes for other in parameters.held.get(node, ())):
        return True
    rows = recording.reader.rows("SELECT DISTINCT node FROM changes WHERE what = 'value'")
    return any(row[0] in nodes for row in rows)


# -- who holds what ----------------------------------------------------------------------------------------------------


def find_parameters_without_optimizer(recording: Recording) -> Iterator[Finding]:
    """Find parameters that get gradients, and that no optimizer holds, nor the script moves."""
    parameters = Parameters(recording)
    if not any(parameters.steps.values()):
        return
    moved = {row[0] for row in recording.reader.rows("SELECT DISTINCT node FROM changes WHERE what = 'value'")}
    left = [node for node in not_held(parameters) if node.id not in moved]
    if not left or target_of(recording, parameters, left) is not None:
        return  # what a target is computed from is told as that
    stepping = min(number for number, steps in parameters.steps.items() if steps)
    first = parameters.optimizers[stepping][0]
    made_file, made = parameters.made_at(stepping)
    made_anew = _made_anew(recording, left)
    names = [parameters.name_of(node) for node in left]
    text = messages.NOT_HELD
    file, line, others = made_file, made, {left[0].line}
    if made_anew:
        left = [node for node in left if node in made_anew]
        names = sorted({node.name or "" for node in made_anew})
        text, (file, line), others = messages.MADE_ANEW, line_of_rebinding(recording, left[0]), {made}
    yield make_finding(
        recording, "parameter-not-in-optimizer", text, max(first.event, 1), node=left[0].id, file=file,
        line=line, lines=others, evidence={"parameters": names, "optimizer": first.text},
        names=shown(names), optimizer=first.text, at=messages.at_line(line), made=messages.at_line(made),
        count=len(left),
    )  # fmt: skip


def _made_anew(recording: Recording, left: list[Node]) -> list[Node]:
    """Return those that are made again and again, from step to step, under one name."""
    again = Counter(node.name for node in left if node.name)
    found = [node for node in left if again[node.name or ""] >= _ANEW]
    steps = {recording.number_at(max(node.event, 1)) for node in found}
    return found if len(steps) >= _ANEW else []


def find_parameters_in_two_optimizers(recording: Recording) -> Iterator[Finding]:
    """Find parameters that two optimizers hold which step in turn."""
    parameters = Parameters(recording)
    groups: dict[tuple[int, int], list[Node]] = {}
    for node in parameters.nodes:
        numbers = sorted(number for number in parameters.held.get(node.id, ()) if parameters.steps[number])
        for first, second in pairwise(numbers):
            one, other = ([step.event for step in parameters.steps[number]] for number in (first, second))
            if max(one[0], other[0]) < min(one[-1], other[-1]):  # neither is done when the other begins
                groups.setdefault((first, second), []).append(node)
    for (first, second), nodes in groups.items():
        made, again = parameters.optimizers[first][0], parameters.optimizers[second][0]
        (_, at), (file, line) = parameters.made_at(first), parameters.made_at(second)
        names = [parameters.name_of(node) for node in nodes]
        yield make_finding(
            recording, "parameter-in-two-optimizers", messages.HELD_TWICE, max(again.event, 1), node=nodes[0].id,
            file=file, line=line, lines=(at,),
            evidence={"parameters": names, "optimizers": [made.text, again.text]},
            names=shown(names), one=made.text, other=again.text, first=messages.in_line(at),
            second=messages.in_line(line),
        )  # fmt: skip


FINDERS = (
    find_unzeroed, find_idle_steps, find_backward_without_step, find_parameters_without_optimizer,
    find_parameters_in_two_optimizers,
)  # fmt: skip
