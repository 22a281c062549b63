"""The order of a training step: gradients zeroed, a backward, a step; and who holds which parameters."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from graphlab.analysis.findings import step_messages as messages
from graphlab.analysis.findings.facts import count_events, events_of
from graphlab.analysis.findings.finding import Finding, make_finding
from graphlab.analysis.findings.held_parameters import Parameters
from graphlab.recording.remarks import Remark, read_remarks

if TYPE_CHECKING:
    from graphlab.model import Event, Node
    from graphlab.recording import Recording

_NAMES = 6
_LOOKED_AT = 400
"""Updates of a run that are looked at for gradients that nothing zeroed."""


def _shown(names: list[str]) -> str:
    return ", ".join(names[:_NAMES]) + (f" … ({len(names)})" if len(names) > _NAMES else "")


# -- zeroing -----------------------------------------------------------------------------------------------------------


def find_unzeroed(recording: Recording) -> Iterator[Finding]:
    """Find an update made with gradients that an earlier update had used, and nothing zeroed in between."""
    parameters = Parameters(recording)
    found = _unzeroed_in_full(recording)
    if found is not None:
        update, nodes, before, after = found
        backward = recording.next_event(update.id, ("backward_start",), back=True)
        at = recording.event(backward) if backward is not None else update
        yield make_finding(
            recording, "gradients-not-zeroed", messages.NOT_ZEROED, update.id, node=nodes[0].id, file=at.file,
            line=at.line, lines=(update.line,),
            evidence={"parameters": [parameters.name_of(node) for node in nodes], "norm_left_over": before,
                      "norm_with_it": after},
            names=_shown([parameters.name_of(node) for node in nodes]), update=update.line,
        )  # fmt: skip
        return
    remarks = read_remarks(recording, "unzeroed")
    if remarks:
        first = remarks[0]
        nodes = [recording.node(node) for node in first.data["nodes"]]
        backward = recording.next_event(first.event + 1, ("backward_start",), back=True)
        start = recording.event(backward) if backward is not None else None
        yield make_finding(
            recording, "gradients-not-zeroed", messages.NOT_ZEROED, max(first.event, 1), node=nodes[0].id,
            file=start.file if start is not None else first.file,
            line=start.line if start is not None else first.line, lines=(first.line,),
            evidence={"parameters": first.data["count"]},
            names=_shown([parameters.name_of(node) for node in nodes]), update=first.line,
        )  # fmt: skip


def _unzeroed_in_full(recording: Recording) -> tuple[Event, list[Node], float | None, float | None] | None:
    """Return the first such update, with the parameters that it is so of, and a norm left over and after adding."""
    reader = recording.reader
    rows = reader.rows(
        "SELECT c.event, c.node, e.kind, c.before, c.after FROM changes c JOIN events e ON e.id = c.event "
        "WHERE e.kind IN ('update', 'accumulate', 'zero_grad') ORDER BY c.event LIMIT ?", _LOOKED_AT * 500,
    )  # fmt: skip
    stale: dict[int, tuple[int, int | None]] = {}
    """By node: what came onto a gradient that an update has used: the event, and the snapshots before and after."""
    used: dict[int, bool] = {}
    found: list[int] = []
    update = 0
    for event, node, kind, before, after in rows:
        if update and event != update:
            break
        if kind == "zero_grad" or after is None:
            used.pop(node, None)
            stale.pop(node, None)
        elif kind == "accumulate":
            if used.get(node) and before is not None:
                stale.setdefault(node, (before, after))
        elif node in stale and _norm(recording, stale[node][0]):
            update = event
            found.append(node)
        else:
            used[node] = True
    if not update:
        return None
    before, after = stale[found[0]]
    nodes = [recording.node(node) for node in found]
    return recording.event(update), nodes, _norm(recording, before), _norm(recording, after)


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
        if zeroed is not None:
            text, other = messages.ZEROED_BEFORE_STEP, zeroed.line
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
    first = next(events_of(recording, "backward_end"), None)
    count = count_events(recording, "backward_end")
    updates = recording.next_event(0, ("update", "skipped_update"))
    if first is None or (recording.facts.status != "ok" and count < 4):
        return  # it did not come so far
    for number, held in parameters.optimizers.items():
        if parameters.steps[number] or count < 2 or not _are_reachable(parameters, number):
            continue
        if updates is not None and _are_moved(recording, parameters, number):
            continue
        yield make_finding(
            recording, "backward-without-step", messages.NO_STEP, first.id, lines=(held[0].line,),
            evidence={"backwards": count, "steps": 0, "optimizer": held[0].text},
            optimizer=held[0].text, made=messages.at_line(held[0].line), count=count,
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
    left = [
        node for node in parameters.nodes
        if node.id not in parameters.held and node.id not in moved and parameters.has_gradient(node)
        and not parameters.is_frozen(node)
    ]  # fmt: skip
    if not left:
        return
    stepping = min(number for number, steps in parameters.steps.items() if steps)
    made = parameters.optimizers[stepping][0]
    names = [parameters.name_of(node) for node in left]
    yield make_finding(
        recording, "parameter-not-in-optimizer", messages.NOT_HELD, max(made.event, 1), node=left[0].id, file=made.file,
        line=made.line, lines=(left[0].line,), evidence={"parameters": names, "optimizer": made.text},
        names=_shown(names), optimizer=made.text, are=messages.ARE[len(names) > 1],
    )  # fmt: skip


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
        names = [parameters.name_of(node) for node in nodes]
        yield make_finding(
            recording, "parameter-in-two-optimizers", messages.HELD_TWICE, max(again.event, 1), node=nodes[0].id,
            file=again.file, line=again.line, lines=(made.line,),
            evidence={"parameters": names, "optimizers": [made.text, again.text]},
            names=_shown(names), one=made.text, other=again.text, first=made.line,
        )  # fmt: skip


FINDERS = (
    find_unzeroed, find_idle_steps, find_backward_without_step, find_parameters_without_optimizer,
    find_parameters_in_two_optimizers,
)  # fmt: skip
