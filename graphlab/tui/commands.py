"""What the command palette offers: every key's action, and any place that can be named."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider

from graphlab.tui import messages
from graphlab.tui.find import find_place
from graphlab.tui.keys import keys_of

if TYPE_CHECKING:
    from graphlab.tui.state import ExplorerState

_MOST_LINES = 8
_FIRST = 100.0
"""A score above all that a fuzzy match gets: who types `e120` means the event."""


class ExplorerCommands(Provider):
    """Actions of the explorer, and places: events, steps, phases, names, lines."""

    @property
    def _state(self) -> ExplorerState | None:
        return getattr(self.screen, "state", None)

    async def discover(self) -> Hits:
        """Offer every action before anything is typed."""
        for key in keys_of("explorer"):
            yield DiscoveryHit(f"{key.help}  ({key.shown})", partial(self.screen.run_action, key.action))

    async def search(self, query: str) -> Hits:
        """Offer the actions and places that match."""
        matcher = self.matcher(query)
        for key in keys_of("explorer"):
            text = f"{key.help}  ({key.shown})"
            score = matcher.match(text)
            if score > 0:
                yield Hit(score, matcher.highlight(text), partial(self.screen.run_action, key.action))
        state = self._state
        if state is None:
            return
        place = find_place(state, query)
        if not isinstance(place, str):
            yield Hit(_FIRST, messages.PALETTE_GO.format(text=query), partial(state.go_to, query))
        for file, number, line in _lines(state, query):
            text = messages.PALETTE_LINE.format(line=number, text=line.strip()).replace("[", "\\[")
            yield Hit(0.5, text, partial(state.go_to_line, file, number))


def _lines(state: ExplorerState, query: str) -> list[tuple[int, int, str]]:
    found = [
        (file.id, number, line)
        for file in state.recording.files
        for number, line in enumerate(file.text.splitlines(), 1)
        if query.lower() in line.lower()
    ]
    return found[:_MOST_LINES]
