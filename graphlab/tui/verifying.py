"""Checks the gradient of the selected leaf with central differences: the script runs again in the background."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from graphlab.errors import GraphlabError
from graphlab.model import LEAF_KINDS
from graphlab.tui import messages
from graphlab.tui.child import Child, start_verifying
from graphlab.tui.gradient_book import Measured

if TYPE_CHECKING:
    from graphlab.tui.explore import ExploreScreen

_LOOK_SECONDS = 0.2


class Verifier:
    """One explorer's check, of which there is one at a time.

    Args:
        screen: the explorer, whose state is told what came out.
    """

    def __init__(self, screen: ExploreScreen) -> None:
        self._screen = screen
        self._child: Child | None = None
        self._node = 0
        self._start = 0

    @property
    def badge(self) -> str:
        """What the header says while the script runs again."""
        name = self._screen.state.name_of(self._node) if self._child is not None else ""
        return messages.VERIFYING.format(name=name) if name else ""

    def start(self) -> None:
        """Check the selected leaf's gradient of the last backward; a second time stops it."""
        state = self._screen.state
        if self._child is not None:
            self._child.cancel()
            self._end(messages.REPLAY_STOPPED)
            return
        recording, number = state.recording, state.selected_node
        start = state.gradients.backward_start
        if recording.is_running:
            state.tell(messages.REPLAY_LATER)
        elif recording.path is None or recording.origin is None:
            state.tell(messages.NO_ORIGIN)
        elif number is None or state.node(number).kind not in LEAF_KINDS:
            state.tell(messages.VERIFY_LEAVES)
        elif start is None:
            state.tell(messages.VERIFY_NO_BACKWARD)
        else:
            self._node, self._start = number, start
            try:
                self._child = start_verifying(recording.path, number, start)
            except GraphlabError as error:
                state.tell(str(error))
                return
            state.tell(messages.VERIFY_BEGINS.format(name=state.name_of(number)))
            self._screen.set_timer(_LOOK_SECONDS, self._look)

    def stop(self) -> None:
        """Leave no run behind."""
        if self._child is not None and self._child.is_running:
            self._child.cancel(0.2)
        self._child = None

    def _look(self) -> None:
        child = self._child
        if child is None:
            return
        if child.poll() is None:
            self._screen.set_timer(_LOOK_SECONDS, self._look)
            return
        child.wait(0.5)
        lines = child.tail().split("\n")
        found = [line for line in lines if line.startswith('{"backward"')]
        leaves = json.loads(found[-1])["leaves"] if found else []
        if leaves:
            self._keep(leaves[0])
            return
        said = [line.removeprefix("graphlab: ") for line in lines if line.startswith("graphlab:")]
        self._end((said or [messages.VERIFY_NOTHING if found else child.last_words()])[-1])

    def _keep(self, leaf: dict[str, float]) -> None:
        """Remember what was measured; the inspector shows it beside the gradient."""
        state = self._screen.state
        error, exact = (float(leaf[name]) for name in ("error", "error_in_64_bits"))
        measured = Measured(error, exact)
        state.gradients.measured[self._node, self._start] = measured
        self._end(messages.VERIFIED[measured.agrees].format(name=state.name_of(self._node), error=f"{error:.1e}"))

    def _end(self, said: str) -> None:
        self._child = None
        self._screen.state.tell(said)
        self._screen.state_changed()
