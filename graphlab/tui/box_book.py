"""The boxes of a recording's steps as somebody wants to see them: from how near."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from graphlab.tui import messages
from graphlab.tui.box_plan import BoxPlan, plan_boxes
from graphlab.tui.box_text import ZOOMS, BoxGroup, Zoom

if TYPE_CHECKING:
    from graphlab.tui.state import ExplorerState

MOST_BOXES = 300
"""Beyond so many boxes they cannot be read, and lanes are shown."""


class BoxBook:
    """What a person chose for the boxes, and where that puts them."""

    def __init__(self, state: ExplorerState) -> None:
        self.state = state
        self.zoom: Zoom = "full"
        self.version = 0
        """Grows whenever boxes change places because a person asked for it."""
        self._planned = lru_cache(8)(self._plan)

    def plan(self) -> BoxPlan | None:
        """Return where the boxes of the cursor's step stand; None where there are none, or too many to be read."""
        step = self.state.step
        if step is None:
            return None
        if self.state.is_large or not 0 < len(self.state.recording.structure(step.step).nodes) <= MOST_BOXES:
            return None
        return self._planned(step.step, step.last, self.zoom, self.state.last)

    def _plan(self, step: int, last: int, zoom: Zoom, count: int) -> BoxPlan:
        return plan_boxes(self.state, self.state.recording.structure(step), last, zoom)

    def zoom_by(self, direction: int) -> None:
        """Look from nearer (1) or from farther (-1)."""
        place = ZOOMS.index(self.zoom) - direction
        if not 0 <= place < len(ZOOMS):
            self.state.tell(messages.ZOOM_END[direction > 0])
            return
        self.zoom = ZOOMS[place]
        self.version += 1
        self.state.tell(messages.ZOOM_IS[self.zoom])

    def worst(self, group: BoxGroup) -> float | None:
        """Return the worst gradient inside a group at the cursor."""
        return None
