"""Shown while a scenario begins to be recorded: how far it is, how to stop it, and what went wrong."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from graphlab.errors import RecordingError
from graphlab.sentences import format_number
from graphlab.tui import messages
from graphlab.tui.block import RowsBlock
from graphlab.tui.recent import Recent, count_words, read_recent
from graphlab.tui.rows import Row, fit, spread

if TYPE_CHECKING:
    from graphlab.tui.child import Child

Outcome = Literal["open", "cancelled", "failed"]

_LOOK_SECONDS = 0.1
_SETTLE_SECONDS = 0.8
"""So long a run that has begun may go on to its first step before it is opened."""
_PATIENCE_SECONDS = 3.0
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_ASCII_SPINNER = "|/-\\"


class RunDialog(ModalScreen[Outcome]):
    """Follows a run until there is something to open; Esc stops it."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q", "stop", "stop"), ("enter", "close", "close")]
    DEFAULT_CSS = """
    RunDialog { align: center middle; background: $background 60%; }
    RunDialog:ansi { background: transparent; }
    RunDialog #run {
        width: 64; max-width: 90%; height: auto; max-height: 80%;
        border: heavy $accent; background: $surface; padding: 0 1;
        border-title-color: $foreground; border-title-style: bold; border-subtitle-color: $quiet;
    }
    RunDialog:ansi #run { border: heavy ansi_default; background: ansi_default; }
    """

    def __init__(self, child: Child, name: str) -> None:
        super().__init__()
        self.child = child
        self.scenario_name = name
        self.progress: Recent | None = None
        self.has_failed = False
        self._began = time.monotonic()
        self._first_seen: float | None = None
        self._stopped_at: float | None = None
        self._turn = 0

    def compose(self) -> ComposeResult:
        """Make the frame."""
        frame = Vertical(RowsBlock(self._rows, id="progress"), id="run")
        frame.border_title = messages.RECORDING_NOW.format(name=self.scenario_name)
        frame.border_subtitle = messages.ESC_CANCELS
        yield frame

    def on_mount(self) -> None:
        """Look every now and then."""
        self._timer = self.set_interval(_LOOK_SECONDS, self.look)

    def look(self) -> None:
        """See how far the run is, and leave when there is something to open or all is over."""
        self._turn += 1
        is_over = not self.child.is_running
        self.progress = self._read() or self.progress
        has_begun = self.progress is not None and self.progress.events > 0
        now = time.monotonic()
        if has_begun and self._first_seen is None:
            self._first_seen = now
        if self._stopped_at is not None:
            if is_over or now - self._stopped_at > _PATIENCE_SECONDS:
                self.child.cancel(0.2)
                self._leave("cancelled")
        elif has_begun and (
            is_over or (self.progress is not None and self.progress.steps > 0) or self._has_settled(now)
        ):
            self._leave("open")
        elif is_over:
            self._fail()
            return
        self.query_one(RowsBlock).show(self._rows)

    def _has_settled(self, now: float) -> bool:
        return self._first_seen is not None and now - self._first_seen > _SETTLE_SECONDS

    def _read(self) -> Recent | None:
        # The recorder makes the file before its first commit: until then there is nothing to read.
        try:
            return read_recent(self.child.path)
        except RecordingError:
            return None

    def _leave(self, outcome: Outcome) -> None:
        self._timer.stop()
        if self.is_current:
            self.dismiss(outcome)

    def _fail(self) -> None:
        self._timer.stop()
        self.has_failed = True
        self.child.wait(0.2)
        frame = self.query_one("#run")
        frame.border_title = messages.NOT_RECORDED.format(name=self.scenario_name)
        frame.border_subtitle = messages.ESC_CLOSES
        self.query_one(RowsBlock).show(self._rows)

    def _rows(self, width: int) -> Sequence[Row]:
        if self.has_failed:
            lines = self.child.tail(12).split("\n")
            return [fit([(line, "alarm" if line is lines[-1] else "text")], width) for line in lines]
        spinner = _ASCII_SPINNER if getattr(self.app, "is_ascii", False) else _SPINNER
        words = messages.STARTING if self._first_seen is None else self.scenario_name
        if self._stopped_at is not None:
            words = messages.CANCELLING
        left: Row = [(f"{spinner[self._turn % len(spinner)]} ", "cursor"), (words, "text")]
        seconds = time.monotonic() - self._began
        rows = [fit([], width), spread(left, [(f"{seconds:.1f} s", "quiet")], width)]
        seen: Row = [("  ", "")]
        if self.progress is not None and self.progress.events:
            seen.append((count_words(self.progress.events, self.progress.steps), "number"))
            if self.progress.loss is not None:
                seen += [(f"   {messages.LOSS} ", "quiet"), (format_number(self.progress.loss), "number")]
        return [*rows, fit(seen, width), fit([], width)]

    def action_stop(self) -> None:
        """Ask the run to stop; once it has failed, close."""
        if self.has_failed:
            self.dismiss("failed")
        elif self._stopped_at is None:
            self._stopped_at = time.monotonic()
            self.child.interrupt()

    def action_close(self) -> None:
        """Close what tells of a failure."""
        if self.has_failed:
            self.dismiss("failed")

    def on_unmount(self) -> None:
        """Never leave a run behind that nobody has opened."""
        if self._stopped_at is not None and self.child.is_running:
            self.child.cancel(0.2)
