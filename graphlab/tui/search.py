"""The search of the explorer: what was asked, what was found so far, and where among it the cursor stands.

Free of textual, as the state is; numpy and all that is searched are read when the first search begins.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from graphlab.tui import messages

if TYPE_CHECKING:
    from graphlab.finding import Index, Matches, Query
    from graphlab.finding.why import Found
    from graphlab.recording import Recording
    from graphlab.tui.state import ExplorerState

_INSTALMENT = 0.02
"""Seconds of reading on while a run grows, each time that the screen is painted."""


class Search:
    """One person's search in one recording."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self.text = ""
        self.query: Query | None = None
        self.problem = ""
        """What is wrong with the text, in one line."""
        self.matches: Matches | None = None
        """None until all has been looked through once."""
        self.is_shown = False
        """Whether count and marks are on the screen."""
        self._count = -1
        self._found: dict[int, frozenset[int]] = {}

    @cached_property
    def _index(self) -> Index:
        from graphlab.finding import Index

        return Index(self._recording)

    def ask(self, text: str) -> None:
        """Take what a person has typed."""
        from graphlab.finding import parse_query

        parsed = parse_query(text)
        self.text = text.strip()
        self.problem, self.query = (parsed, None) if isinstance(parsed, str) else ("", parsed)
        self.matches = None

    def look(self, seconds: float | None = None) -> bool:
        """Find what there is, reading on for so long at most; True when all has been looked through."""
        if not self.query:
            return True
        if not self._index.feed(has_figures=self.query.asks_figures, seconds=seconds):
            return False
        if self.matches is None or self._count != self._recording.event_count:
            from graphlab.finding import find_matches

            self.matches = find_matches(self._index, self.query)
            self._count = self._recording.event_count
            self._found.clear()
        return True

    def __len__(self) -> int:
        return len(self.matches) if self.matches is not None else 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be asked."""
        return self.matches.notes if self.matches is not None else ()

    def describe(self, place: int) -> Found:
        """Say what one of the matches is."""
        from graphlab.finding.why import describe

        assert self.query is not None and self.matches is not None
        return describe(self._index, self.query, self.matches, place)

    # -- among the matches -----------------------------------------------------------------------------------------

    def place_of(self, state: ExplorerState) -> int | None:
        """Return which match the cursor stands on, or None."""
        if self.matches is None:
            return None
        rows = self.matches.rows
        first, last = (int(rows.events.searchsorted(state.moment, side)) for side in ("left", "right"))
        nodes: list[int] = rows.nodes[first:last].tolist()
        wanted = state.selected_node
        if wanted in nodes:
            return first + nodes.index(wanted)
        return first + nodes.index(0) if 0 in nodes and state.selected is None else None

    def next_place(self, state: ExplorerState, direction: int) -> int | None:
        """Return the next match (or the one before) from the cursor on; over the end it starts again."""
        if self.matches is None or not len(self):
            return None
        here = self.place_of(state)
        if here is None:
            here = int(self.matches.rows.events.searchsorted(state.moment)) - (direction > 0)
        count = len(self)
        return (here + direction) % count

    def go(self, state: ExplorerState, direction: int) -> None:
        """Go to the next match, or the one before."""
        with self._recording.reading():
            self.look()
            place = self.next_place(state, direction)
            if place is None:
                self.is_shown = False
                words = (messages.NO_MATCH.format(text=self.text), *self.notes)
                state.tell(self.problem or "; ".join(words))
            else:
                self.go_to(state, place)

    def go_to(self, state: ExplorerState, place: int) -> None:
        """Go to one of the matches: the cursor to its moment, the selection to its node."""
        found = self.describe(place)
        self.is_shown = True
        state.go(found.event)
        state.choose(found.node)
        state.tell(messages.MATCH_IS.format(place=place + 1, count=len(self), why=found.why or self.text))

    def say(self, state: ExplorerState) -> str:
        """Return how many matches there are, and on which the cursor stands; nothing where no search is on."""
        if not self.is_shown:
            return ""
        self.look(_INSTALMENT)
        place = self.place_of(state)
        if place is None:
            return messages.MATCHES(len(self)).format(count=len(self))
        return messages.MATCH_OF.format(place=place + 1, count=len(self))

    def is_found(self, state: ExplorerState, node: int) -> bool:
        """Whether a node is to be marked in the cursor's step: what was found by its texts in all of them."""
        if not self.is_shown or self.matches is None or not self.query or state.step is None:
            return False
        asks_figures = any(term.asks_figures for term in self.query.wanted)
        step = state.step.step if asks_figures else 0
        if step not in self._found:
            rows = self.matches.rows
            nodes = rows.nodes if not asks_figures else rows.nodes[self._index.steps_of(rows.events) == step]
            self._found[step] = frozenset(nodes.tolist())
        return node in self._found[step]
