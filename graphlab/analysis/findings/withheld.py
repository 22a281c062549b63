"""Gradients that a backward returns as None: of a Function of the script's own, whose formula left an input out.

Separate from the cuts: here autograd's graph leads to the parameter, and what ran through it brought nothing.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from graphlab.analysis.findings.source import trees

if TYPE_CHECKING:
    from graphlab.model import Node
    from graphlab.recording import Recording

_MOST = 500
"""Nodes that are looked at between a parameter and who brought it nothing."""


def who_returned_none(recording: Recording, leaf: int) -> Node | None:
    """Return the node that got a gradient, and returned None on the way to a leaf."""
    reader = recording.reader
    waiting, seen = [leaf], {leaf}
    for source in waiting:
        rows = reader.rows(
            "SELECT e.target FROM edges e JOIN gradients g ON g.node = e.target AND g.slot = e.slot "
            "WHERE e.source = ? AND g.snapshot IS NULL ORDER BY g.event LIMIT 8", source,
        )  # fmt: skip
        for (target,) in rows:
            came = reader.row(
                "SELECT 1 FROM gradients WHERE node = ? AND slot < 0 AND snapshot IS NOT NULL LIMIT 1", target
            )
            if came is not None:
                return recording.node(target)
            if target not in seen and len(seen) < _MOST:
                seen.add(target)
                waiting.append(target)
    return None


def function_of(node: Node) -> str:
    """Return what a node's op is the backward of: `Scale` of `ScaleBackward`."""
    return (node.op or "").removesuffix("Backward")


def line_of_return(recording: Recording, node: Node) -> tuple[int | None, int | None]:
    """Return where the script's own backward returns, or where the op ran if that is not the script's."""
    for file, tree in trees(recording):
        for each in ast.walk(tree):
            if isinstance(each, ast.ClassDef) and each.name == function_of(node):
                for method in each.body:
                    if isinstance(method, ast.FunctionDef) and method.name == "backward":
                        returns = [part.lineno for part in ast.walk(method) if isinstance(part, ast.Return)]
                        return file, max(returns, default=method.lineno)
    return node.file, node.line


__all__ = ["function_of", "line_of_return", "who_returned_none"]
