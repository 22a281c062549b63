"""A recording as it was at a moment, with what comes later out of sight: what a person may see before the answer.

Separate from `Recording`, because to everyone else a recording is a whole; and because the words of the script are
covered here too: a comment may say what is asked.
"""

from __future__ import annotations

import ast
import tokenize
from dataclasses import replace
from typing import TYPE_CHECKING, overload

from graphlab.model import SourceFile, Span, Step
from graphlab.recording import Recording
from graphlab.recording.table import Steps
from graphlab.scenario.tokens import tokens_of
from graphlab.structure import Structure

if TYPE_CHECKING:
    from graphlab.store import Reader

COVERED = "# …"


class BlindedRecording(Recording):
    """A recording of which only what had happened by a moment is known.

    Args:
        reader: the recording's file.
        moment: the last event that has happened.
        is_covered: whether the comments of the script are covered.
    """

    def __init__(self, reader: Reader, moment: int, *, is_covered: bool) -> None:
        self._moment = moment
        self._is_covered = is_covered
        super().__init__(reader)

    def refresh(self) -> bool:
        """Look at the file, and turn away from what comes after the moment."""
        super().refresh()
        self.event_count = min(self.event_count, self._moment)
        self.steps = _StepsUntil(self)
        self.spans_of = self._spans_until
        if self._is_covered:
            self.files = [SourceFile(file.id, file.path, cover(file.text)) for file in self.files]
            # Nobody may hold a covered text against the script: it would seem to have been edited since.
            self.origin = None
        return False

    @property
    def is_running(self) -> bool:
        """What is to come has not come yet, as in a run that goes on."""
        return True

    def step_until(self, step: Step) -> Step:
        """Return a step as far as it had gone."""
        if step.last <= self._moment:
            return step
        return replace(step, last=max(self._moment, step.first), losses=(), again=frozenset())

    def _spans_until(self, number: int) -> list[Span]:
        spans = [span for span in self._table.spans_of(number) if span.first <= max(self._moment, 1)]
        return [replace(span, last=min(span.last, max(self._moment, span.first))) for span in spans]

    def _structure(self, step: int) -> Structure:
        """Return the graph of a step as far as it had been built."""
        whole = super()._structure(step)
        nodes = {number: node for number, node in whole.nodes.items() if node.event <= self._moment}
        edges = [edge for edge in whole.edges if edge.source in nodes and edge.target in nodes]
        return Structure(nodes, edges, frozenset(whole.counted & nodes.keys()))


class _StepsUntil(Steps):
    """The steps of a recording up to a moment, the last one as far as it had gone."""

    def __init__(self, recording: BlindedRecording) -> None:
        super().__init__(recording._table)
        self._recording = recording

    def __len__(self) -> int:
        if not self._table.count:
            return 0
        return min(self._table.count, max(self._recording.number_at(self._recording.event_count), 1))

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> list[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | list[Step]:
        if isinstance(index, slice):
            return [self._recording.step_until(self._table.step(number + 1)) for number in range(len(self))[index]]
        return self._recording.step_until(self._table.step(range(len(self))[index] + 1))


def cover(text: str) -> str:
    """Cover the comments of a script but for chapter markers, and its docstring but for the title; no line moves."""
    lines = text.split("\n")
    for token in tokens_of(text):
        if token.type == tokenize.COMMENT and not token.string.startswith("# %%"):
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column] + COVERED
    try:
        first = next(iter(ast.parse(text).body), None)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        first = None
    is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    if first is not None and is_text and first.end_lineno is not None:
        for number in range(first.lineno, first.end_lineno - 1):
            lines[number] = ""
    return "\n".join(lines)
