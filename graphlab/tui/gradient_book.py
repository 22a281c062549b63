"""What the explorer knows of gradients beyond their numbers: local rules, summands, and how far a backward has come.

Beside the state, which would grow too long: everything here is asked of the analysis and remembered per moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from graphlab.analysis.rules.flow import (
    Backward,
    Standing,
    Summand,
    read_backward,
    read_ran,
    read_summands,
    start_before,
)
from graphlab.recording.arguments import read_made

if TYPE_CHECKING:
    from collections.abc import Container

    from graphlab.analysis.rules.jacobian import Jacobian
    from graphlab.analysis.rules.local import LocalRule
    from graphlab.analysis.rules.paths import Contributions
    from graphlab.tui.reckoning import Reckoning
    from graphlab.tui.state import ExplorerState

InspectorView = Literal["node", "rule", "paths", "jacobian"]
INSPECTOR_VIEWS: tuple[InspectorView, ...] = ("node", "rule", "paths", "jacobian")


_MOST_ERROR = 1e-3


@dataclass(frozen=True, slots=True)
class Measured:
    """How far a leaf's gradient is from central differences."""

    error: float
    """Of the recorded gradient."""
    error_in_64_bits: float
    """Of autograd's own in 64 bits."""

    @property
    def agrees(self) -> bool:
        """Whether that is rounding."""
        return self.error <= _MOST_ERROR


class GradientBook:
    """The gradients of one state's recording."""

    def __init__(self, state: ExplorerState) -> None:
        self._state = state
        self.view: InspectorView = "node"
        """What the inspector shows."""
        self.measured: dict[tuple[int, int], Measured] = {}
        """By leaf and the event that began the backward: what `V` has found."""
        self._backward = lru_cache(8)(self._read_backward)
        self._ran = lru_cache(8)(self._read_ran)
        self._found_now = lru_cache(8)(self._find_now)
        self._rule = lru_cache(32)(self._find_rule)
        self._made = lru_cache(32)(self._read_made)
        self._contributions = lru_cache(8)(self._find_contributions)
        self._jacobian = lru_cache(8)(self._find_jacobian)
        self._reckoning: Reckoning | None = None
        self._is_owed = False
        self._last_read: Backward | None = None

    def finish(self) -> None:
        """Do in spare time what the next picture inside a backward would wait for; reads nothing from the file."""
        if self._last_read is not None:
            self._last_read.finish()

    @property
    def next_view(self) -> InspectorView:
        """What follows in the order of the inspector's views."""
        return INSPECTOR_VIEWS[(INSPECTOR_VIEWS.index(self.view) + 1) % len(INSPECTOR_VIEWS)]

    def turn_view(self) -> None:
        """Show the inspector's next view."""
        self.view = self.next_view
        self._state.changed()

    def _read_backward(self, start: int, count: int) -> Backward | None:
        self._last_read = read_backward(self._state.recording, start)
        return self._last_read

    def _read_ran(self, start: int, moment: int, count: int) -> Container[int]:
        backward = self._backward(start, count)
        return frozenset() if backward is None else read_ran(self._state.recording, backward, moment)

    def _now(self) -> tuple[Backward, Container[int]] | None:
        """Return the last backward of the step at the cursor, and what it has run; every row on the screen asks."""
        return self._found_now(self._state.moment, self._state.last)

    def _find_now(self, moment: int, count: int) -> tuple[Backward, Container[int]] | None:
        state = self._state
        if state.step is None or state.step.detail == "light":
            return None
        start = start_before(state.recording, state.moment)
        backward = None if start is None else self._backward(start, state.last)
        return None if backward is None else (backward, self._ran(backward.start, state.moment, state.last))

    def _under_way(self) -> tuple[Backward, Container[int]] | None:
        state = self._state
        if state.event is None or state.event.phase != "backward":
            return None
        now = self._now()
        return None if now is None or (now[0].end is not None and state.moment >= now[0].end) else now

    @property
    def is_under_way(self) -> bool:
        """Whether the cursor stands inside a backward."""
        return self._under_way() is not None

    def standing(self, node: int) -> Standing | None:
        """Return how far the backward under way is with a node; None where none is."""
        now = self._under_way()
        return None if now is None else now[0].standing(node, now[1])

    @property
    def backward_start(self) -> int | None:
        """The event that began the last backward of the cursor's step."""
        state = self._state
        return start_before(state.recording, state.moment) if state.step is not None else None

    def measured_of(self, node: int) -> Measured | None:
        """Return what was measured of a leaf's gradient of the last backward, or None."""
        if not self.measured:
            return None
        start = self.backward_start
        return None if start is None else self.measured.get((node, start))

    def summands(self, node: int) -> list[Summand]:
        """Return what each use of a node's output has brought to its gradient by the cursor, in its last backward."""
        now = self._now()
        if now is None or node not in now[0].reached:
            return []
        return read_summands(self._state.recording, now[0], now[1], node, self._state.moment)

    def rule(self, node: int) -> LocalRule:
        """Return the local rule of a node as of the cursor."""
        return self._rule(node, self._state.moment, self._state.last)

    def made(self, node: int) -> list[int]:
        """Return the nodes that a node's backward has made by the cursor, where it kept its graph."""
        state = self._state
        if state.step is None or state.step.detail == "light" or state.is_large:
            return []
        return self._made(node, state.step.last, state.last)

    def _read_made(self, node: int, moment: int, count: int) -> list[int]:
        return read_made(self._state.recording, node, moment)

    def contributions(self, leaf: int) -> Contributions | None:
        """Return what each path brings to a leaf in the last backward of the cursor's step.

        None before one began, and while the paths through a large graph are still followed.
        """
        state, start = self._state, self.backward_start
        if start is None:
            return None
        if state.is_large and state.recording.path is not None:
            if self._reckoning is None:
                from graphlab.tui.reckoning import Reckoning

                self._reckoning = Reckoning(state.recording.path)
            found = self._reckoning.contributions(leaf, start)
            self._is_owed = found is None
            return found
        return self._contributions(leaf, start, state.last)

    def take_owed(self) -> bool:
        """Return whether an answer is owed to whoever asked last, and so shall ask again; a word said once."""
        is_owed, self._is_owed = self._is_owed, False
        return is_owed

    def _find_contributions(self, leaf: int, start: int, count: int) -> Contributions:
        from graphlab.analysis.rules.paths import find_contributions

        return find_contributions(self._state.recording, self._state.node(leaf), start)

    def jacobian(self, node: int, slot: int) -> Jacobian | str:
        """Return the Jacobian of a node in an input as of the cursor, or why there is none."""
        return self._jacobian(node, slot, self._state.moment, self._state.last)

    def _find_jacobian(self, node: int, slot: int, moment: int, count: int) -> Jacobian | str:
        from graphlab.analysis.rules.jacobian import find_jacobian

        return find_jacobian(self._state.recording, self._state.node(node), slot, moment)

    def _find_rule(self, number: int, moment: int, count: int) -> LocalRule:
        from graphlab.analysis.rules.local import find_rule

        state = self._state
        edges = state.edges_into(number)
        return find_rule(state.recording, state.node(number), moment, self.short_name, edges)

    def short_name(self, number: int) -> str:
        """Return a name that is short enough for a formula."""
        from graphlab.counted import op_words

        node = self._state.recording.node(number)
        return self._state.tag_of(node) or (op_words(node.op) if node.op else node.kind)
