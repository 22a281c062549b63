"""A backward that begins at a tensor without a graph: torch's words explained by where the way to it was cut.

Separate from the parameters that never get a gradient: here the run has ended with an error, and one line is to blame.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from graphlab.analysis.findings import cut_messages as messages
from graphlab.analysis.findings.cut_choice import choose_cut
from graphlab.analysis.findings.dataflow import Flow
from graphlab.analysis.findings.facts import ask_for_full, last_event, source_line
from graphlab.analysis.findings.finding import Finding, make_finding
from graphlab.analysis.findings.held_parameters import Parameters, shown
from graphlab.analysis.findings.missing import line_of_freezing, of_cut
from graphlab.analysis.findings.source import dotted, statements_at

if TYPE_CHECKING:
    from graphlab.model import Node
    from graphlab.recording import Recording


def find_backward_without_graph(recording: Recording) -> Iterator[Finding]:
    """Explain torch's words that a tensor does not require grad: where the way to it was cut."""
    number = recording.next_event(recording.event_count + 1, ("error",), back=True)
    if number is None:
        return
    error = recording.event(number)
    message = str(error.details.get("message", ""))
    if "does not require grad and does not have a grad_fn" not in message:
        return
    said = f"“{message.splitlines()[0].rstrip('.')}”."
    way = _way_to_backward(recording, error.id, error.file, error.line)
    parameters = Parameters(recording)
    frozen = _frozen_on_the_way(parameters, *way) if way is not None else []
    if frozen:
        file, line = line_of_freezing(recording, parameters, frozen[0])
        names = [parameters.name_of(node) for node in frozen]
        yield make_finding(
            recording, "backward-without-graph", messages.BACKWARD_OF_FROZEN, error.id, node=frozen[0].id, file=file,
            line=line, lines=(error.line,), evidence={"reason": "frozen", "parameters": names}, backward=error.line,
            names=shown(names), at=messages.at_line(line), said=said,
        )  # fmt: skip
        return
    cut = choose_cut(way[0], way[0].cuts(_sources(parameters, way[0]), way[1]), error.id) if way is not None else None
    if cut is not None:
        why = of_cut(recording, cut)
        how = why.text.message.partition("{at}")[2].format(what=why.what)
        text = messages.BACKWARD_AFTER_CUT._replace(remedy=why.text.remedy)
        yield make_finding(
            recording, "backward-without-graph", text, cut.event or error.id, file=why.file,
            line=why.line, lines=(error.line, why.at), evidence={"reason": cut.reason, "backward_at": error.id},
            backward=error.line, cut=how, at=messages.at_line(why.line), said=said,
            what=why.what,
        )  # fmt: skip
        return
    asked = ask_for_full(recording, error)
    has_leaves = (
        bool(asked)
        or recording.reader.row("SELECT 1 FROM nodes WHERE kind IN ('parameter', 'leaf') LIMIT 1") is not None
    )
    reason = messages.WAY_WAS_CUT if has_leaves else messages.NOTHING_REQUIRES
    yield make_finding(
        recording, "backward-without-graph", messages.BACKWARD_WITHOUT_GRAPH, error.id,
        evidence=asked, reason=reason, backward=error.line, said=said,
    )  # fmt: skip


def _sources(parameters: Parameters, flow: Flow) -> set[int]:
    """Return the tensors that a gradient was meant for: of the optimizers' parameters, where there are any."""
    leaves = [*parameters.nodes, *parameters.leaves]
    held = [leaf for leaf in leaves if leaf.id in parameters.held]
    return {each for leaf in held or leaves for each in flow.objects_of(leaf.id)}


def _frozen_on_the_way(parameters: Parameters, flow: Flow, roots: set[int]) -> list[Node]:
    """Return what an optimizer holds and the roots are computed from, if all of it is frozen."""
    above = flow.ancestors(roots)
    held = [node for node in parameters.living if node.id in parameters.held and flow.objects_of(node.id) & above]
    return held if all(map(parameters.is_frozen, held)) else []


def _way_to_backward(
    recording: Recording, last: int, file: int | None, line: int | None
) -> tuple[Flow, set[int]] | None:
    """Return what flowed to the tensors that a line begins a backward at, with these tensors."""
    names: set[str] = set()
    for each in itertools.chain.from_iterable(map(ast.walk, statements_at(recording, file, line))):
        if not isinstance(each, ast.Call) or not isinstance(each.func, ast.Attribute | ast.Name):
            continue
        called = dotted(each.func).rpartition(".")[2]
        begins = each if called == "backward" else each.args[0] if called == "grad" and each.args else None
        if begins is not None:
            names.update(part.id for part in ast.walk(begins) if isinstance(part, ast.Name))
    if not names or not source_line(recording, file, line):
        return None
    query = "SELECT object FROM bindings WHERE name = ? AND object IS NOT NULL AND event <= ? ORDER BY id DESC LIMIT 1"
    roots = {row[0] for name in names if (row := recording.reader.row(query, name, last)) is not None}
    if not roots:
        return None
    before = last_event(recording, "update", last)
    return Flow(recording, before.id if before is not None else 1, last), roots


FINDERS = (find_backward_without_graph,)
