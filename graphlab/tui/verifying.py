"""Checks the gradient of the selected leaf with central differences: the script runs again in the background."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from graphlab.model import LEAF_KINDS
from graphlab.tui import messages
from graphlab.tui.child import Child, start_verifying
from graphlab.tui.gradient_book import Measured
from graphlab.tui.watched import WatchedRun, own_words, why_not

if TYPE_CHECKING:
    from graphlab.tui.explore import ExploreScreen


class Verifier(WatchedRun):
    """One explorer's check of a gradient."""

    def __init__(self, screen: ExploreScreen) -> None:
        super().__init__(screen)
        self._node = 0
        self._start = 0

    def start(self) -> None:
        """Check the selected leaf's gradient of the last backward; a second time stops it."""
        if self._is_stopped():
            return
        state = self._screen.state
        number, start = state.selected_node, state.gradients.backward_start
        reason = why_not(state.recording)
        if reason:
            state.tell(reason)
        elif number is None or state.node(number).kind not in LEAF_KINDS:
            state.tell(messages.VERIFY_LEAVES)
        elif start is None:
            state.tell(messages.VERIFY_NO_BACKWARD)
        else:
            self._node, self._start = number, start
            path = state.recording.path
            assert path is not None
            said = messages.VERIFY_BEGINS.format(name=state.name_of(number))
            self._begin(partial(start_verifying, path, number, start), said)

    def _describe(self) -> str:
        return messages.VERIFYING.format(name=self._screen.state.name_of(self._node))

    def _has_ended(self, child: Child, status: int) -> None:
        said = own_words(child)
        found = [line for line in child.tail().split("\n") if line.startswith('{"backward"')]
        leaves = json.loads(found[-1])["leaves"] if found else []
        if leaves:
            self._keep(leaves[0])
        else:
            self._end((said or [messages.VERIFY_NOTHING if found else child.last_words()])[-1])

    def _keep(self, leaf: dict[str, float]) -> None:
        """Remember what was measured; the inspector shows it beside the gradient."""
        state = self._screen.state
        error, exact = (float(leaf[name]) for name in ("error", "error_in_64_bits"))
        measured = Measured(error, exact)
        state.gradients.measured[self._node, self._start] = measured
        self._end(messages.VERIFIED[measured.agrees].format(name=state.name_of(self._node), error=f"{error:.1e}"))
