"""The script's own text, read for the line and the reason of a finding; never to find one."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphlab.model import Node
    from graphlab.recording import Recording


@dataclass(frozen=True, slots=True)
class Call:
    """A call in the text."""

    file: int
    line: int
    name: str
    """What is called, as it is written: `F.softmax`, `self.head`."""
    node: ast.Call

    @property
    def last(self) -> str:
        """The last part of the name: `softmax`."""
        return self.name.rpartition(".")[2]


@lru_cache(maxsize=8)
def _parse(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module([], [])


def trees(recording: Recording) -> Iterator[tuple[int, ast.Module]]:
    """Give the number and the syntax tree of each of the script's own files."""
    for file in recording.files:
        yield file.id, _parse(file.text)


def statements(recording: Recording) -> Iterator[tuple[int, ast.stmt]]:
    """Go through all statements of the script's own files, with the number of the file."""
    for file, tree in trees(recording):
        for node in ast.walk(tree):
            if isinstance(node, ast.stmt):
                yield file, node


def calls(recording: Recording, *names: str) -> list[Call]:
    """Return the calls of functions whose names end so, in the order of the text."""
    found = []
    for file, tree in trees(recording):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = dotted(node.func)
                if name.rpartition(".")[2] in names:
                    found.append(Call(file, node.lineno, name, node))
    return sorted(found, key=lambda call: (call.file, call.line))


def dotted(node: ast.expr) -> str:
    """Write a name with dots as it stands in the text; what hangs on something else than a name begins with a dot."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    parts.append(node.id if isinstance(node, ast.Name) else "")
    return ".".join(reversed(parts))


def line_of_definition(recording: Recording, node: Node) -> tuple[int | None, int | None]:
    """Return where a module's attribute (`self.fc3 = …`) is made that a parameter belongs to, else where it came up."""
    parts = [part for part in (node.name or "").split(".") if not part.isdigit()]
    for part in reversed(parts):
        for file, tree in trees(recording):
            for each in ast.walk(tree):
                if isinstance(each, ast.Assign) and any(dotted(target) == f"self.{part}" for target in each.targets):
                    return file, each.lineno
    return node.file, node.line


def line_of_rebinding(recording: Recording, node: Node) -> tuple[int | None, int | None]:
    """Return where an attribute that a parameter is named by is bound again, outside of `__init__`."""
    for part in reversed([part for part in (node.name or "").split(".") if not part.isdigit()]):
        for file, tree in trees(recording):
            for each in _outside_of_init(tree):
                if isinstance(each, ast.Assign) and any(dotted(target).endswith(f".{part}") for target in each.targets):
                    return file, each.lineno
    return line_of_definition(recording, node)


def _outside_of_init(tree: ast.Module) -> Iterator[ast.AST]:
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if not (isinstance(node, ast.FunctionDef) and node.name == "__init__"):
            yield node
            waiting += ast.iter_child_nodes(node)


def forwards_of_functions(recording: Recording) -> Iterator[tuple[int, int, int]]:
    """Give file, first and last line of the forward of each `autograd.Function` of the script's own."""
    for file, tree in trees(recording):
        for each in ast.walk(tree):
            if isinstance(each, ast.ClassDef) and any(
                dotted(base).rpartition(".")[2] == "Function" for base in each.bases
            ):
                for method in each.body:
                    if isinstance(method, ast.FunctionDef) and method.name == "forward":
                        yield file, method.lineno, method.end_lineno or method.lineno


def stands_under(recording: Recording, file: int | None, line: int | None, names: Collection[str]) -> bool:
    """Whether the text around a line, within its function, is a `with` of such a call, or the function decorated so."""
    return any(
        number == (file or 1) and node.lineno <= (line or 0) <= (node.end_lineno or 0) and _begins_with(node, names)
        for number, node in statements(recording)
        if isinstance(node, ast.With | ast.FunctionDef | ast.AsyncFunctionDef)
    )


def _begins_with(node: ast.With | ast.FunctionDef | ast.AsyncFunctionDef, names: Collection[str]) -> bool:
    said = [item.context_expr for item in node.items] if isinstance(node, ast.With) else node.decorator_list
    called = [each.func if isinstance(each, ast.Call) else each for each in said]
    return any(dotted(each).rpartition(".")[2] in names for each in called)


def statements_at(recording: Recording, file: int | None, line: int | None) -> list[ast.stmt]:
    """Return the innermost statements that a line is part of: several where they stand in one line."""
    last = statement_at(recording, file, line)
    beside = [
        node for number, node in statements(recording)
        if last is not None and number == (file or 1) and node.lineno == last.lineno and not hasattr(node, "body")
    ]  # fmt: skip
    return beside or ([last] if last is not None else [])


def statement_at(recording: Recording, file: int | None, line: int | None) -> ast.stmt | None:
    """Return the innermost statement that a line is part of."""
    found = None
    for number, node in statements(recording):
        is_around = line is not None and node.lineno <= line <= (node.end_lineno or node.lineno)
        if number == (file or 1) and is_around and (found is None or node.lineno >= found.lineno):
            found = node
    return found
