"""What part of the boxes is on the screen: plain arithmetic on cells.

Apart from the pane, because what must never jump is decided here: a box that one looks at keeps its place on the
screen when the boxes around it change, and whatever is selected comes into view by the shortest way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphlab.layout.boxes import Direction
    from graphlab.layout.grid import CellBox, GridLayout

_MARGIN = 2
_LEAST_SEEN = 4
"""Rows or columns of the graph that stay in sight however far one pans."""


@dataclass(slots=True)
class Camera:
    """The cell of the layout that stands at the pane's top left; it may lie outside of the graph."""

    x: int = 0
    y: int = 0

    def reset(self, layout: GridLayout, width: int, height: int, direction: Direction = "down") -> None:
        """Look at the beginning: what fits stands in the middle, of what is wider one sees the middle."""
        is_down = direction == "down"
        self.x = (layout.width - width) // 2 if is_down or layout.width < width else 0
        self.y = 0 if is_down else (layout.height - height) // 2

    def show(self, box: CellBox, width: int, height: int) -> None:
        """Bring a box into view by the shortest way."""
        self.x = _nearest(self.x, box.x, box.width, width)
        self.y = _nearest(self.y, box.y, box.height, height)

    def keep(self, before: CellBox, after: CellBox) -> None:
        """Follow a box that stands elsewhere now, so that it stays where it was on the screen."""
        self.x += _middle(after.x, after.width) - _middle(before.x, before.width)
        self.y += _middle(after.y, after.height) - _middle(before.y, before.height)

    def pan(self, across: int, down: int, layout: GridLayout, width: int, height: int) -> None:
        """Move the view; some of the graph stays in sight."""
        self.x = _bounded(self.x + across, layout.width, width, self.x)
        self.y = _bounded(self.y + down, layout.height, height, self.y)

    def centre(self, x: int, y: int, layout: GridLayout, width: int, height: int) -> None:
        """Look at a cell."""
        self.x, self.y = x, y
        self.pan(-width // 2, -height // 2, layout, width, height)

    def sees(self, box: CellBox, width: int, height: int) -> bool:
        """Whether the middle of a box is in view."""
        across, down = _middle(box.x, box.width) - self.x, _middle(box.y, box.height) - self.y
        return 0 <= across < width and 0 <= down < height

    def has_more(self, layout: GridLayout, width: int, height: int) -> bool:
        """Whether any of the graph is out of view."""
        return self.x > 0 or self.y > 0 or self.x + width < layout.width or self.y + height < layout.height


def _middle(start: int, size: int) -> int:
    return start + size // 2


def _nearest(view: int, start: int, size: int, room: int) -> int:
    if view <= start and start + size <= view + room:
        return view
    margin = min(_MARGIN, max((room - size) // 2, 0))
    if size > room or view > start - margin:
        return start - margin
    return start + size + margin - room


def _bounded(view: int, size: int, room: int, before: int) -> int:
    """Return where a view goes: no further out than it is already, and never out of sight of the graph."""
    low = min(_LEAST_SEEN - room, before) if size <= room else min(-_MARGIN, before)
    high = max(size - _LEAST_SEEN, before) if size <= room else max(size + _MARGIN - room, before)
    return min(max(view, low), high)
