"""Graphs that live longer than they are needed: kept over steps, retained, or built where nothing flows back."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from graphlab.analysis.findings import graph_messages as messages
from graphlab.analysis.findings.dataflow import Flow, Op, root_objects
from graphlab.analysis.findings.facts import backwards, places_of_calls
from graphlab.analysis.findings.finding import Finding, make_finding
from graphlab.analysis.findings.held_parameters import Parameters
from graphlab.analysis.findings.source import calls, dotted, statements
from graphlab.recording.remarks import read_remarks

if TYPE_CHECKING:
    from graphlab.recording import Recording

_GROWING = frozenset({"append", "extend", "appendleft", "add", "insert", "put", "update", "setdefault"})
_KEEPS = 3
"""From this rank on a statement keeps what was there."""
_FEW = 3
"""Steps of a run that is over before one can see whether more is kept."""
_STEPS = 40
"""Steps that are looked at for forwards whose graph nothing uses."""


def find_graph_kept_alive(recording: Recording) -> Iterator[Finding]:
    """Find variables that lead to the graphs of ever more earlier steps."""
    looks: dict[str, list[tuple[int, int, int, int]]] = {}
    for remark in read_remarks(recording, "held"):
        facts = remark.data
        looks.setdefault(remark.text, []).append((remark.event, facts["steps"], facts["of"], facts["nodes"]))
    holders = {name: _line_of_holding(recording, name) for name in looks}
    has_cause = any(rank >= _KEEPS for rank, _, _ in holders.values())
    told = set()
    for name, seen in looks.items():
        first, last = seen[0], seen[-1]
        rank, file, line = holders[name]
        if has_cause and rank < _KEEPS:
            continue  # it only leads to what another keeps
        if line is not None and (file, line) in told:
            continue  # the same by another name: `self.meter` and `trainer.meter`
        is_growing = len(seen) > 1 and last[1] > first[1]
        is_all = last[1] >= last[2] and len(recording.steps) <= _FEW
        if not is_growing and not is_all:
            continue  # some steps back, and no more: a window, or a value to compare with
        told.add((file, line))
        event = max(first[0], 1)
        yield make_finding(
            recording, "graph-kept-alive", messages.KEPT_ALIVE, event, file=file,
            line=line if line is not None else recording.event(event).line,
            evidence={"variable": name, "steps_kept": last[1], "of_steps": last[2], "nodes_kept": last[3]},
            name=name, at=messages.at_line(line), steps=last[1], nodes=last[3],
        )  # fmt: skip


def _line_of_holding(recording: Recording, path: str) -> tuple[int, int | None, int | None]:
    """Return where the text makes a variable hold more: `total += loss`, `losses.append(loss)`, `h = f(x, h)`.

    Before file and line stands how much it looks so.
    """
    best: tuple[int, int | None, int | None] = (0, None, None)
    endings = {path, path.rpartition(".")[2]}
    for file, node in statements(recording):
        rank = 0
        if isinstance(node, ast.AugAssign):
            rank = 4 if _is_named(node.target, endings) else 0
        elif (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Call)
            and isinstance(node.value.func, ast.Attribute)
        ):
            is_growing = node.value.func.attr in _GROWING
            rank = 4 if is_growing and _is_named(node.value.func.value, endings) else 0
        elif isinstance(node, ast.Assign):
            rank = max((_rank(target, node.value, endings) for target in node.targets), default=0)
        if rank > best[0]:
            best = rank, file, node.lineno
    return best


def _rank(target: ast.expr, value: ast.expr, endings: set[str]) -> int:
    """Say how much an assignment looks like one that keeps what was there: the more, the higher."""
    targets = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
    if not any(_is_named(each, endings) for each in targets):
        return 0
    if any(isinstance(each, ast.Subscript) for each in targets):
        return 3
    is_used = any(isinstance(part, ast.Name | ast.Attribute) and _is_named(part, endings) for part in ast.walk(value))
    return 3 if is_used else 1 if isinstance(value, ast.Constant | ast.List | ast.Dict) else 2


def _is_named(node: ast.expr, endings: set[str]) -> bool:
    while isinstance(node, ast.Subscript):
        node = node.value
    name = dotted(node) if isinstance(node, ast.Name | ast.Attribute) else ""
    return name in endings or (isinstance(node, ast.Attribute) and name.rpartition(".")[2] in endings)


# -- retain_graph ------------------------------------------------------------------------------------------------------


def find_needless_retain(recording: Recording) -> Iterator[Finding]:
    """Find backwards that kept their graph, where no other ever goes through any op of it."""
    kept = {remark.event: remark for remark in read_remarks(recording, "kept_graph") if remark.text == "retain_graph"}
    if not kept or recording.facts.status not in {"ok", "interrupted"}:
        return
    known = list(backwards(recording))
    ops = {row[0] for row in recording.reader.rows("SELECT id FROM nodes WHERE kind = 'op'")}
    times: dict[int, int] = {}
    for each in known:
        for node in each.nodes & ops:
            times[node] = times.get(node, 0) + 1
    retained = [each for each in known if each.event in kept]
    if not retained or any(times[node] > 1 for each in retained for node in each.nodes & ops):
        return
    first = retained[0]
    yield make_finding(
        recording, "retain-graph-not-needed", messages.NEEDLESS_RETAIN, first.event,
        evidence={"backwards": len(retained), "nodes": len(first.nodes & ops)}, count=len(retained),
    )  # fmt: skip


# -- evaluation --------------------------------------------------------------------------------------------------------


def find_evaluation_with_graph(recording: Recording) -> Iterator[Finding]:
    """Find forwards through parameters, after training has begun, whose graph no backward ever goes through."""
    update = recording.next_event(0, ("update",))
    if update is None or recording.facts.detail == "light":
        return
    unused = _unused_forwards(recording, update)
    lines: dict[tuple[int | None, int | None], list[Op]] = {}
    for op in unused:
        lines.setdefault((op.file, op.line), []).append(op)
    says_eval = bool(calls(recording, "eval"))
    outer: dict[tuple[int | None, int | None], list[Op]] = {}
    for ops in lines.values():
        outer.setdefault(outermost(recording, ops[0].event), []).extend(ops)
    for (file, line), ops in outer.items():
        steps = {recording.number_at(op.event) for op in ops}
        if len(steps) < 2 and not says_eval:
            continue  # one look at the end: wasteful, but no habit
        yield make_finding(
            recording, "evaluation-with-graph", messages.EVALUATION, ops[0].event, file=file, line=line,
            lines=(ops[0].line,), evidence={"ops": len(ops), "steps": len(steps)}, count=len(ops),
        )  # fmt: skip


def _unused_forwards(recording: Recording, update: int) -> list[Op]:
    """Return the ops after an event that read parameters, and whose results flow into no loss."""
    reader = recording.reader
    reached: set[int] = set()
    for each in backwards(recording):
        reached |= each.nodes
    rows = reader.rows(
        "SELECT n.id, n.event, p.id FROM nodes n JOIN edges d ON d.target = n.id JOIN nodes p ON p.id = d.source "
        "WHERE n.kind = 'op' AND p.kind = 'parameter' AND n.event > ? ORDER BY n.event, p.id", update,
    )  # fmt: skip
    known = Parameters(recording)
    if known.optimizers:  # what the script moves by hand beside them (an input, to attack the model) is no parameter
        rows = [row for row in rows if row[2] in known.held]
    by_step: dict[int, list[int]] = {}
    for node, event, parameter in rows:
        events = by_step.setdefault(recording.number_at(event), [])
        if node not in reached and parameter in reached and event not in events[-1:]:
            events.append(event)
    own = {row[0] for row in reader.rows("SELECT id FROM nodes WHERE kind = 'parameter'")}
    found = []
    for number in sorted(number for number, events in by_step.items() if events)[:_STEPS]:
        step = recording.step(number)
        flow = Flow(recording, step.first, step.last)
        starts = recording.events_between(step.first, step.last, ("backward_start",))
        roots = {each for start in starts for each in root_objects(recording, start.id, flow)}
        above = flow.ancestors(roots)
        ops = [flow.ops[event] for event in by_step[number] if event in flow.ops]
        # What reads parameters alone (a norm, an entry to be printed) is no forward.
        ops = [op for op in ops if any(state.node not in own for state in op.read)]
        found += [op for op in ops if not any(state.object in above for state in op.made)]
    return found


def outermost(recording: Recording, number: int) -> tuple[int | None, int | None]:
    """Return the line of the script itself (or of its outermost function) from which an op came to run."""
    place: tuple[int | None, int | None] = (None, None)
    for file, line, function in places_of_calls(recording, number):
        place = file, line
        if not function.startswith(("forward", "__call__")):
            break  # a function of the script's own (`evaluate`): the call of the model in it is what is meant
    return place


FINDERS = (find_graph_kept_alive, find_needless_retain, find_evaluation_with_graph)
