"""What the tracer must know of a file's text: where each statement begins, and which names it binds."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement, or the header of a compound one; all its lines count as its first."""

    line: int
    names: tuple[str, ...] = ()
    """The names that it binds, in order of appearance (`self.h` as it is written)."""
    is_with: bool = False
    """Whether it is the header of a `with`, whose line comes by once more when the block is left."""


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements of a file by each of their lines; lines without one (docstrings) are absent."""

    by_line: dict[int, Statement] = field(default_factory=dict)


def read_statements(text: str) -> Statements:
    """Read the statements of a file; a text that does not parse has none."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return Statements()
    found = Statements()
    for node, is_docstring in _walk(tree):
        if not is_docstring:
            _add(found, node)
    return found


def _walk(tree: ast.AST) -> Iterator[tuple[ast.stmt, bool]]:
    """Go through all statements, outer ones first, and say which are docstrings."""
    stack: list[ast.AST] = [tree]
    while stack:
        parent = stack.pop()
        has_docstring = isinstance(parent, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            for index, child in enumerate(getattr(parent, name, [])):
                stack.append(child)
                if isinstance(child, ast.stmt):
                    is_text = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
                    is_docstring = has_docstring and name == "body" and index == 0 and is_text
                    yield child, is_docstring and isinstance(child.value.value, str)  # type: ignore[attr-defined]


def _add(found: Statements, node: ast.stmt) -> None:
    first, last = node.lineno, node.end_lineno or node.lineno
    body = getattr(node, "body", None)
    if isinstance(body, list) and body:
        inner = body[0]
        decorators = getattr(inner, "decorator_list", [])
        last = max(first, min([inner.lineno, *(each.lineno for each in decorators)]) - 1)
    decorated = getattr(node, "decorator_list", [])
    start = min([first, *(each.lineno for each in decorated)])
    names, is_with = tuple(dict.fromkeys(_names(node))), isinstance(node, ast.With | ast.AsyncWith)
    before = found.by_line.get(start)
    if before is not None and before.line == start:  # several in one line: they count as one
        names, is_with = tuple(dict.fromkeys(before.names + names)), before.is_with or is_with
    statement = Statement(start, names, is_with)
    for line in range(start, last + 1):
        found.by_line[line] = statement
    # A match's cases and a try's handlers have headers of their own, but are no statements: they count as themselves.
    for part in (*getattr(node, "handlers", []), *getattr(node, "cases", [])):
        line = part.lineno if isinstance(part, ast.ExceptHandler) else part.pattern.lineno
        found.by_line.setdefault(line, Statement(line, tuple(_pattern_names(part))))


def _names(node: ast.stmt) -> Iterator[str]:
    """Name what a statement (of a compound one the header) binds."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
        return
    if isinstance(node, ast.Import | ast.ImportFrom):
        return  # modules and functions are no tensors, and there are many
    parts: list[ast.AST] = []
    for name, value in ast.iter_fields(node):
        if name not in {"body", "orelse", "finalbody", "handlers", "cases"}:
            parts += [part for part in (value if isinstance(value, list) else [value]) if isinstance(part, ast.AST)]
    for part in parts:
        yield from _stored(part)


def _stored(part: ast.AST) -> Iterator[str]:
    stack = [part]
    while stack:
        inner = stack.pop()
        if isinstance(inner, ast.Lambda):
            continue
        # What a comprehension counts with is its own; all else in it is seen from outside.
        inside = [inner.iter, *inner.ifs] if isinstance(inner, ast.comprehension) else ast.iter_child_nodes(inner)
        stack.extend(reversed(list(inside)))
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store | ast.Del):
            yield inner.id
        elif (
            isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store) and isinstance(inner.value, ast.Name)
        ):
            yield f"{inner.value.id}.{inner.attr}"


def _pattern_names(part: ast.AST) -> Iterator[str]:
    if isinstance(part, ast.ExceptHandler) and part.name:
        yield part.name
    for inner in ast.walk(getattr(part, "pattern", ast.Pass())):
        if isinstance(inner, ast.MatchAs | ast.MatchStar) and inner.name:
            yield inner.name
