"""Parameters whose numbers went into the loss as plain Python numbers: `s = scale.item()`, and a later line uses `s`.

Separate from the flow of tensors: what becomes of a number is not recorded, so the text is asked who reads its name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from graphlab.analysis.findings.dataflow import Cut
from graphlab.analysis.findings.source import statement_at

if TYPE_CHECKING:
    from graphlab.analysis.findings.dataflow import Flow
    from graphlab.recording import Recording
    from graphlab.recording.remarks import Remark

NUMBERS = frozenset({"item", "tolist", "numpy", "array", "float", "int", "index"})
"""What a tensor is asked for that becomes plain numbers, as remarks name it."""


def exits_into_numbers(
    recording: Recording, flow: Flow, objects: set[int], roots: set[int]
) -> Iterator[Cut]:  # fmt: skip
    """Give the lines where tensors made of some became numbers that a line of the way to the roots uses."""
    tainted, above = flow.made_of(objects), flow.ancestors(roots)
    for remark in flow.exits:
        state = flow.states.get(remark.tensor or 0)
        if state is None or state.object not in tainted or remark.text not in NUMBERS:
            continue
        if _is_used(recording, flow, remark, above):
            yield Cut(remark.text, remark.text, remark.event, remark.file, remark.line)


def _is_used(recording: Recording, flow: Flow, remark: Remark, above: set[int]) -> bool:
    """Whether a number stays in a line that computes towards the roots, or its name is read by one later."""
    statement = statement_at(recording, remark.file, remark.line)
    places = {
        (op.file, op.line) for op in flow.ops.values()
        if op.event >= remark.event and any(state.object in above for state in op.made)
    }  # fmt: skip
    if (remark.file, remark.line) in places or isinstance(statement, ast.Return):
        return True
    names = bound_names(statement)
    return bool(names) and any(_reads(statement_at(recording, *place), names) for place in places)


def bound_names(statement: ast.stmt | None) -> set[str]:
    """Return the names that a statement binds."""
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign | ast.AugAssign):
        targets = [statement.target]
    else:
        return set()
    parts = (part for target in targets for part in ast.walk(target))
    return {part.id if isinstance(part, ast.Name) else part.attr for part in parts
            if isinstance(part, ast.Name | ast.Attribute)}  # fmt: skip


def _reads(statement: ast.stmt | None, names: set[str]) -> bool:
    for part in ast.walk(statement) if statement is not None else ():
        if isinstance(part, ast.Name | ast.Attribute) and isinstance(part.ctx, ast.Load):
            name = part.id if isinstance(part, ast.Name) else part.attr
            if name in names:
                return True
    return False
