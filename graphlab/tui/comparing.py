"""A comparison in the explorer: the cursor's step against another step, another recording, or an exported graph.

Free of textual, as the state is; networkx is imported when the first comparison is asked for.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graphlab.errors import GraphlabError
from graphlab.store.paths import ENDING
from graphlab.tui import messages

if TYPE_CHECKING:
    import networkx

    from graphlab.graph.diff import Comparison, EdgeChange
    from graphlab.tui.state import ExplorerState

MOST_NODES = 20_000
"""Nodes beyond which a person would wait too long at the screen."""
_MOST_RECENT = 20
_NAMED = re.compile(r"(?:(.*?)\s+)?[sS]?(\d+)")
"""A recording or nothing, and a step."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that the step can be compared with."""

    text: str
    """What a person would type."""
    words: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the list of changes."""

    sign: str
    text: str
    node: int | None
    """The node of the cursor's step that it leads to; None where only the other graph has it."""


class Comparing:
    """One person's comparison; A is the other graph, B the step that the cursor was in."""

    def __init__(self, state: ExplorerState) -> None:
        self._state = state
        self.comparison: Comparison | None = None
        self.step = 0
        """The step that is compared."""
        self.name = ""
        """What it is compared with."""
        self.other: Path | None = None
        """The other recording, where it is one."""
        self.facts: list[str] = []
        """What differs between the runs, and what was not compared."""
        self.entries: list[Entry] = []
        self.place = 0
        """The entry that was looked at last."""
        self._signs: dict[int, str] = {}

    # -- asking ----------------------------------------------------------------------------------------------------

    def offers(self) -> list[Offer]:
        """Return the steps and recordings that lie nearest."""
        state = self._state
        step, count = state.step, len(state.recording.steps)
        if step is None:
            return []
        numbers = dict.fromkeys((step.step - 1, step.step + 1, 1, count))
        found = [
            Offer(f"s{number}", messages.COMPARE_STEP.format(step=number))
            for number in numbers
            if 1 <= number <= count and number != step.step
        ]
        path = state.recording.path
        if path is not None:
            with contextlib.suppress(OSError):
                others = sorted(other for other in path.parent.glob(f"*{ENDING}") if other.name != path.name)
                found += [Offer(str(other), messages.COMPARE_RECORDING) for other in others[:_MOST_RECENT]]
        return found

    def ask(self, text: str) -> str:
        """Compare the cursor's step with what a text names; return what is wrong with it, or nothing.

        The text is a step (`s3`), a recording, alone or with a step (`run.glab s3`), or an exported `.json`.
        """
        step = self._state.step
        if step is None:
            return messages.NOTHING_YET
        try:
            from graphlab.graph.diff import compare

            if max(step.nodes, 0) > MOST_NODES:
                return self._ask_for_numbers(text.strip())
            other, name, is_file = self._read(text.strip(), step.step)
            if len(other) > MOST_NODES:
                return self._ask_for_numbers(text.strip())
            comparison = compare(other, self._graph(step.step, is_plain=is_file))
            self.other = self._path(text.strip()) if not is_file else None
        except GraphlabError as error:
            return str(error)
        self._take(comparison, step.step, name)
        return ""

    def _ask_for_numbers(self, text: str) -> str:
        """Compare the numbers alone, where the graphs are too large and a text names a recording."""
        from graphlab.graph.stored import is_graph_file
        from graphlab.recording import open_recording

        path = self._path(text)
        if path is None or is_graph_file(str(path)):
            return messages.COMPARE_TOO_LARGE.format(most=MOST_NODES)
        open_recording(path).close()
        self.clear()
        self.other = path
        return ""

    def _read(self, text: str, here: int) -> tuple[networkx.MultiDiGraph, str, bool]:
        from graphlab.graph.diff.steps import graph_of_step
        from graphlab.graph.stored import is_graph_file, read_graph
        from graphlab.recording import open_recording

        match = _NAMED.fullmatch(text)
        name, number = (match[1], int(match[2])) if match else (text, None)
        if not name:
            step = number or here
            self._state.recording.step(step)
            return self._graph(step), messages.COMPARE_IS_STEP.format(step=step), False
        if is_graph_file(name):
            return read_graph(Path(name).expanduser()), Path(name).name, True
        with contextlib.closing(open_recording(Path(name).expanduser())) as recording:
            if number is None and 1 <= here <= len(recording.steps):
                number = here
            if number is not None:
                recording.step(number)
            graph = graph_of_step(recording, number)
        return graph, messages.COMPARE_IS_FILE.format(name=Path(name).name, step=graph.graph["step"]), False

    @staticmethod
    def _path(text: str) -> Path | None:
        """Return the recording that a text names; None where it names a step of this one."""
        match = _NAMED.fullmatch(text)
        name = match[1] if match else text
        return Path(name).expanduser() if name else None

    def _graph(self, step: int, *, is_plain: bool = False) -> networkx.MultiDiGraph:
        """Return the graph of a step; `is_plain`: beside an exported file, which has the gradients of its moment."""
        from graphlab.graph.diff.steps import graph_of_step

        recording = self._state.recording
        return recording.graph(step=step) if is_plain else graph_of_step(recording, step)

    # -- what was found --------------------------------------------------------------------------------------------

    def _take(self, comparison: Comparison, step: int, name: str) -> None:
        from graphlab.graph.diff import SIGNS
        from graphlab.renderers.changes import edge_line, node_line

        self.comparison, self.step, self.name, self.place = comparison, step, name, 0
        self.facts = [change.words for change in comparison.facts] + list(comparison.notes)
        self.entries = [
            Entry(SIGNS[change.sort], node_line(comparison, change)[2:], change.b) for change in comparison.nodes
        ]
        self.entries += [
            Entry(SIGNS[change.sort], edge_line(comparison, change)[2:], self._end(change))
            for change in comparison.edges
            if change.is_moved
        ]
        self._signs = {change.b: SIGNS[change.sort] for change in comparison.nodes if change.b is not None}
        self._state.changed()

    def _end(self, change: EdgeChange) -> int | None:
        """Return what an edge leads to here, also one of the other graph."""
        if change.b is not None:
            return change.b[1]
        assert change.a is not None
        assert self.comparison is not None
        return self.comparison.pairs.get(change.a[1])

    def clear(self) -> None:
        """Take the marks away."""
        self.comparison = None
        self.other = None
        self.entries, self.facts, self._signs = [], [], {}

    def sign_of(self, node: int) -> str:
        """Return `+`, `~` or `=` for a node of the cursor's step that differs; else nothing."""
        if not self._signs or self._state.step is None or self._state.step.step != self.step:
            return ""
        return self._signs.get(node, "")

    def say(self) -> str:
        """Return how much differs, in the words of the command line; nothing where nothing is compared."""
        return self.comparison.summary if self.comparison is not None else ""

    def go_to(self, place: int) -> None:
        """Select what a line of the list leads to, with the cursor where it was made."""
        entry = self.entries[place]
        state = self._state
        if entry.node is None:
            state.tell(messages.COMPARE_ELSEWHERE.format(name=self.name))
            return
        state.go(state.node(entry.node).event or state.recording.step(self.step).first)
        state.choose(entry.node)
        state.tell(f"{entry.sign} {entry.text}")
