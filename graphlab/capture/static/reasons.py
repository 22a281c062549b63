"""Says in plain words why a tracer failed, or what it froze, from its exception and the line of the script."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from types import TracebackType

from graphlab.capture.static.step import CannotTraceError, Read
from graphlab.static_graph import TRACERS, StaticNote, Tracer

_DATA_DEPENDENT = re.compile(
    r"cannot be used as inputs to control flow|data-dependent|Could not (?:guard|extract)|control flow|"
    r"bool\(\) on a tracing|get value out of a tracing|cannot be iterated",
    re.IGNORECASE,
)
_DECIDES = {
    ast.If: "decides by a value which branch runs",
    ast.While: "decides by a value how often it runs",
    ast.For: "decides by a value how often it runs",
    ast.Assert: "checks a value",
    ast.IfExp: "decides by a value what is computed",
}


class Lines:
    """Knows the statements of the script's own files."""

    def __init__(self, text_of: Callable[[str], str | None]) -> None:
        self._text_of = text_of
        """Returns the text of a file of the script's own, by its path on this machine."""

    def innermost(self, step: TracebackType | None) -> tuple[str, int] | None:
        """Return the innermost line of the script in a traceback."""
        found = None
        while step is not None:
            name = step.tb_frame.f_code.co_filename
            if self._text_of(name) is not None:
                found = name, step.tb_lineno
            step = step.tb_next
        return found

    def innermost_named(self, text: str) -> tuple[str, int] | None:
        """Return the innermost line of the script that a stack trace in words names."""
        found = None
        for name, line in re.findall(r'File "([^"]+)", line (\d+)', text):
            if self._text_of(name) is not None:
                found = name, int(line)
        return found

    def code(self, place: tuple[str, int] | None) -> str:
        """Return a line's own text."""
        text = self._text_of(place[0]) if place is not None else None
        lines = text.splitlines() if text is not None else []
        return lines[place[1] - 1].strip() if place is not None and place[1] <= len(lines) else ""

    def decides(self, place: tuple[str, int] | None) -> str | None:
        """Return what the statement at a line decides, or None where it is no `if` and no loop."""
        text = self._text_of(place[0]) if place is not None else None
        if text is None or place is None:
            return None
        for node in ast.walk(ast.parse(text)):
            words = _DECIDES.get(type(node))
            if words is None:
                continue
            condition = node.iter if isinstance(node, ast.For) else node.test  # type: ignore[attr-defined]  # as _DECIDES
            if condition.lineno <= place[1] <= (condition.end_lineno or condition.lineno):
                return words
        return None


def explain(tracer: Tracer, error: BaseException, lines: Lines) -> StaticNote:
    """Return why a tracer has no graph."""
    if isinstance(error, CannotTraceError):
        return StaticNote(error.line, str(error))
    message = str(error)
    place = lines.innermost_named(message) or lines.innermost(error.__traceback__)
    line = place[1] if place is not None else None
    code = lines.code(place)
    shown = f"`{code}` " if code else ""
    decides = lines.decides(place)
    if decides is not None and (_DATA_DEPENDENT.search(message) or tracer in {"fx", "export"}):
        return StaticNote(line, f"{shown}{decides}, and {TRACERS[tracer]} has no values while it traces")
    if _DATA_DEPENDENT.search(message):
        return StaticNote(line, f"{shown}needs a value, and {TRACERS[tracer]} has none while it traces")
    first = next((text for text in message.splitlines() if text.strip()), "").strip()
    said = f"{type(error).__name__}: {first}" if first else type(error).__name__
    return StaticNote(line, f"{shown}stops {TRACERS[tracer]}: {said}" if shown else said)


def frozen(reads: list[Read], file: str, lines: Lines) -> list[StaticNote]:
    """Return what became of the numbers that left a graph: what followed from them is in it as it was this once."""
    notes: dict[int | None, list[object]] = {}
    for read in reads:
        notes.setdefault(read.line, []).append(read.value)
    said = []
    for line, values in notes.items():
        place = (file, line) if line is not None else None
        decides = lines.decides(place)
        code = lines.code(place)
        shown = f"`{code}` " if code else ""
        was = ", ".join(_value_words(value) for value in values[:4]) + (", …" if len(values) > 4 else "")
        if decides is not None:
            said.append(StaticNote(line, f"{shown}{decides}: the graph holds only what {was} led to"))
        else:
            said.append(StaticNote(line, f"{shown}takes a number out of the graph ({was}): from there on a constant"))
    return said


def _value_words(value: object) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)
