"""Terms of a loss that have no graph: a penalty whose number is added, and which no parameter feels.

Separate from the parameters that never get a gradient: here each gets one, from the other terms.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from graphlab.analysis.findings import cut_messages as messages
from graphlab.analysis.findings.cut_choice import choose_cut
from graphlab.analysis.findings.dataflow import Cut, Flow, root_objects
from graphlab.analysis.findings.facts import events_of
from graphlab.analysis.findings.finding import Finding, make_finding
from graphlab.analysis.findings.held_parameters import Parameters, shown
from graphlab.analysis.findings.missing import of_cut
from graphlab.analysis.findings.numbers import NUMBERS, bound_names
from graphlab.analysis.findings.snapshots import is_zero
from graphlab.analysis.findings.source import statement_at

if TYPE_CHECKING:
    from graphlab.analysis.findings.dataflow import Op
    from graphlab.model import Event
    from graphlab.recording import Recording

_SUMS = frozenset({"add", "radd", "iadd", "add_", "sub", "rsub", "isub", "sub_"})
_JOINS = frozenset({"stack", "cat", "sum", "mean"})
"""Ops that a list of terms becomes a loss by."""
_SCALINGS = frozenset({"mul", "rmul", "div", "truediv", "true_divide", "neg", "imul", "mul_", "div_"})
_BACKWARDS = 400
"""Backwards among which lines are looked for: those of the first steps."""
_LOOKED_AT = 8
"""Backwards that are looked at, each the first of its line."""


def find_idle_terms(recording: Recording) -> Iterator[Finding]:
    """Find a term of a loss that was computed from parameters and has no graph."""
    parameters = Parameters(recording)
    seen: set[tuple[int | None, int | None]] = set()
    told: set[tuple[int | None, int | None]] = set()
    for start in itertools.islice(events_of(recording, "backward_start"), _BACKWARDS):
        place = start.file, start.line
        if start.details.get("call") == "grad" or place in seen:
            continue
        seen.add(place)
        step = recording.step_of(start.id)
        if step.detail == "light" or len(seen) > _LOOKED_AT:
            return
        flow = Flow(recording, step.first, start.id)
        for finding in _of_backward(recording, parameters, flow, start):
            if (finding.line, start.file) not in told:
                told.add((finding.line, start.file))
                yield finding


def _of_backward(recording: Recording, parameters: Parameters, flow: Flow, start: Event) -> Iterator[Finding]:
    own = [*parameters.nodes, *(leaf for leaf in parameters.leaves if leaf.id in parameters.held)]
    sources = {each for node in own for each in flow.objects_of(node.id)}
    roots = root_objects(recording, start.id, flow)
    idle, lively, sums = _terms(recording, flow, roots)
    cuts = []
    for term in idle:
        above = flow.ancestors({term})
        # A number that is set right beside its stand-in, `x + (y - x).detach()`, is computed from another term.
        if not above & lively:
            cut = choose_cut(flow, flow.cuts(sources, {term}), start.id)
            cuts += [(cut, above)] if cut is not None else []
    cuts += list(_numbers(recording, flow, sources, sums))
    for cut, above in cuts:
        names = [parameters.name_of(node) for node in own if flow.objects_of(node.id) & above]
        why = of_cut(recording, cut)
        how = why.text.message.partition("{at}")[2].format(what=why.what)
        text = messages.IDLE_TERM._replace(remedy=why.text.remedy)
        yield make_finding(
            recording, "loss-term-without-gradient", text, max(cut.event, 1), file=why.file, line=why.line,
            lines=(start.line, why.at), evidence={"reason": why.reason, "parameters": names},
            backward=start.line, names=shown(names), at=messages.at_line(why.line), cut=how, what=why.what,
        )  # fmt: skip


def _terms(recording: Recording, flow: Flow, roots: set[int]) -> tuple[list[int], set[int], list[Op]]:
    """Return what a loss is the sum of: numbers without a graph, tensors that have one, and the ops that add."""
    maker = {state.object: op for op in flow.ops.values() for state in op.made}
    idle: list[int] = []
    lively: set[int] = set()
    sums: list[Op] = []
    waiting, seen = sorted(roots), set(roots)
    for number in waiting:
        op = maker.get(number)
        if op is None or not (op.name in _SUMS | _JOINS or (op.name in _SCALINGS and len(op.read) == 1)):
            lively.add(number)
            continue
        sums += [op] if op.name in _SUMS else []
        for state in op.read:
            is_number = recording.tensor(state.object).shape == ()
            if state.object in seen:
                continue
            seen.add(state.object)
            if state.requires_grad and (is_number or op.name in _JOINS):
                waiting.append(state.object)
            elif not state.requires_grad and is_number and not _is_nothing(recording, state.object):
                idle.append(state.object)
    return idle, lively, sums


def _is_nothing(recording: Recording, number: int) -> bool:
    """Whether a term is 0: nobody misses its gradient."""
    return is_zero(recording.snapshot(recording.tensor(number).snapshot))


def _numbers(
    recording: Recording, flow: Flow, sources: set[int], sums: list[Op]
) -> Iterator[tuple[Cut, set[int]]]:  # fmt: skip
    """Give the terms that are plain numbers by then: `loss + rate * penalty.item()`."""
    tainted = flow.made_of(sources)
    terms = [
        (term, op.event) for op in sums if (added := statement_at(recording, op.file, op.line)) is not None
        for term in _added_terms(added)
    ]  # fmt: skip
    for remark in flow.exits:
        state = flow.states.get(remark.tensor or 0)
        if state is None or state.object not in tainted or remark.text not in NUMBERS:
            continue
        statement = statement_at(recording, remark.file, remark.line)
        names = bound_names(statement)
        for term, event in terms:
            if remark.event <= event and _is_number(recording, term, remark.line, names, event):
                yield (
                    Cut(remark.text, remark.text, remark.event, remark.file, remark.line),
                    flow.ancestors({state.object}),
                )
                break


def _added_terms(statement: ast.stmt) -> list[ast.expr]:
    """Return the terms of what a statement computes, as far as it is a sum."""
    if not isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Return | ast.Expr):
        return []
    is_added = isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Add | ast.Sub)
    waiting = [statement.value] if statement.value is not None else []
    terms = []
    for value in waiting:
        if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add | ast.Sub):
            waiting += [value.left, value.right]
        elif value is not statement.value or is_added:
            terms.append(value)
    return terms


def _is_number(recording: Recording, term: ast.expr, line: int | None, names: set[str], event: int) -> bool:
    """Whether a term is the number that a tensor became at a line, or one of the names it got, times plain numbers."""
    inside = list(ast.walk(term))
    asks = [
        part for part in inside
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in {"item", "tolist"}
        and part.lineno <= (line or 0) <= (part.end_lineno or 0)
    ]  # fmt: skip
    hidden = {id(part) for ask in asks for part in ast.walk(ask)}
    rest = {part.id for part in inside if isinstance(part, ast.Name) and id(part) not in hidden}
    if not asks and not rest & names:
        return False
    # What a name holds by then; one of a function's own is looked for under all of that name.
    query = "SELECT kind FROM bindings WHERE name = ? AND event <= ? ORDER BY id DESC LIMIT 1"
    kinds = [row[0] for name in rest if (row := recording.reader.row(query, name, event)) is not None]
    is_called = any(isinstance(part, ast.Call) for part in inside if id(part) not in hidden)
    return "tensor" not in kinds and not is_called


FINDERS = (find_idle_terms,)
