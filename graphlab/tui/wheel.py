"""The mouse's wheel moves the view of a pane that draws a picture larger than itself, with Shift sideways."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual import events

_ROWS = 3
"""That a turn of the wheel moves the view by; sideways twice as many cells, which are half as wide as they are high."""


class PannedByWheel:
    """Beside the base of a pane, which gives `wheel`."""

    def wheel(self, across: int, down: int) -> bool:
        """Move the view by cells and rows; False where the pane scrolls by itself."""
        raise NotImplementedError

    def _turned(self, event: events.MouseEvent, across: int, down: int) -> None:
        if self.wheel(across * _ROWS * 2, down * _ROWS):
            event.stop()
            event.prevent_default()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Move the view down, with Shift to the right."""
        self._turned(event, int(event.shift), int(not event.shift))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Move the view up, with Shift to the left."""
        self._turned(event, -int(event.shift), -int(not event.shift))

    def on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        """Move the view to the right."""
        self._turned(event, 1, 0)

    def on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        """Move the view to the left."""
        self._turned(event, -1, 0)
