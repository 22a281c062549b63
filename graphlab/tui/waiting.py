"""What is shown while a child process has begun but its recording is not there yet: torch takes a while to import."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Static

from graphlab.errors import RecordingError
from graphlab.recording import open_recording
from graphlab.tui import messages

if TYPE_CHECKING:
    from graphlab.tui.child import Child

_LOOK_SECONDS = 0.1


class WaitingScreen(Screen[None]):
    """Waits for a recording to begin, and opens it."""

    BINDINGS: ClassVar[list[BindingType]] = [("q,escape", "stop", "stop")]

    def __init__(self, path: Path, child: Child, at: int | None = None) -> None:
        super().__init__()
        self.path = path
        self.child = child
        self.at = at

    def compose(self) -> ComposeResult:
        """Say what is waited for."""
        yield Static(messages.WAITING.format(name=self.path.stem), id="waiting", markup=False)
        yield Static(messages.WAITING_KEYS, id="waiting-keys", markup=False)

    def on_mount(self) -> None:
        """Look every now and then."""
        self._timer = self.set_interval(_LOOK_SECONDS, self._look)

    def _look(self) -> None:
        from graphlab.tui.app import GraphlabApp

        is_over = not self.child.is_running
        # Before its first commit the file is there, but holds nothing that could be opened.
        with contextlib.suppress(RecordingError):
            recording = open_recording(self.path)
            self._timer.stop()
            if isinstance(self.app, GraphlabApp):
                self.app.explore(recording, at=self.at, child=self.child, instead=self)
            return
        if is_over:
            self._timer.stop()
            text = f"{messages.CHILD_FAILED.format(name=self.path.stem)}\n\n{self.child.tail()}"
            self.query_one("#waiting", Static).update(text)

    def action_stop(self) -> None:
        """Stop the run and leave; the exit status says whether it was stopped or had failed."""
        status = 130 if self.child.is_running else 1
        self.child.interrupt()
        self.app.exit(status, return_code=status)
