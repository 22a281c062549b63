"""The textual app: themes, the gallery and the explorer as screens, and what is remembered between runs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.segment import Segment
from rich.text import Text
from textual.app import App, SystemCommand
from textual.color import Color
from textual.filter import LineFilter
from textual.screen import Screen

from graphlab.errors import GraphlabError
from graphlab.language import _
from graphlab.recording import Recording, open_recording
from graphlab.tui import messages
from graphlab.tui.explore import ExploreScreen
from graphlab.tui.memory import Memory
from graphlab.tui.rows import to_ascii
from graphlab.tui.state import ExplorerState
from graphlab.tui.theme import THEME_NAMES, first_theme, make_themes

if TYPE_CHECKING:
    from graphlab.tui.child import Child
    from graphlab.tui.terminal_images import Abilities


class AsciiFilter(LineFilter):
    """Writes what is painted with ASCII signs of the same width."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Rewrite one line."""
        return [Segment(to_ascii(text), style, control) for text, style, control in segments]


_ASCII = AsciiFilter()


class GraphlabApp(App[int]):
    """The terminal UI. It looks at recordings; to make one it starts the command line as a child process."""

    CSS_PATH = "explorer.tcss"
    TITLE = "graphlab"
    ENABLE_COMMAND_PALETTE = True

    def __init__(
        self,
        recording: Path | None,
        *,
        at: int | None = None,
        is_ascii: bool = False,
        child: Child | None = None,
        memory: Memory | None = None,
        theme: str | None = None,
    ) -> None:
        self.is_ascii = is_ascii
        # textual chooses how it takes colours away before a theme can be set: without this it paints black on black.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.first = (recording, at, child)
        self.memory = memory or Memory(None)
        self._abilities: Abilities | None = None
        for made in make_themes():
            self.register_theme(made)
        self.theme = theme or first_theme(self.memory.theme)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Write everything in ASCII where that is asked for: borders, scrollbars and dialogs too."""
        return [*super().get_line_filters(), _ASCII] if self.is_ascii else super().get_line_filters()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Give themes that are not ours the two colours of text that ours have beside the usual ones."""
        is_ansi = self.current_theme.ansi
        return {
            "quiet": "ansi_default" if is_ansi else "#98a2b3",
            "faint": "ansi_bright_black" if is_ansi else "#6c7685",
        }

    def _handle_exception(self, error: Exception) -> None:
        """Leave with one line, not with a traceback (a recording that was deleted while it is looked at, a bug)."""
        if "GRAPHLAB_DEBUG" in os.environ:
            super()._handle_exception(error)
            return
        if self.is_headless:  # it is raised where the app was run, and said there
            self._return_code = 2
            if self._exception is None:
                self._exception = error
                self._exception_event.set()
            self._close_messages_no_wait()
            return
        self._return_code = 2
        is_ours = isinstance(error, GraphlabError)
        said = messages.LEFT if is_ours else messages.LEFT_UNEXPECTED
        self.panic(Text(said.format(type=type(error).__name__, message=" ".join(str(error).split()))))

    def on_mount(self) -> None:
        """Open what was asked for."""
        self.open_first()

    def open_first(self) -> None:
        """Open the first screen; textual calls every `on_mount` of an app's classes, so another app overrides this."""
        recording, at, child = self.first
        if recording is None:
            self.action_open_gallery()
        else:
            self.open_recording(recording, at=at, child=child)

    def open_recording(self, path: Path, *, at: int | None = None, child: Child | None = None) -> None:
        """Show a recording; one that a child process has not begun yet is waited for.

        Raises:
            RecordingError: it cannot be opened.
        """
        if child is not None and not path.exists():
            from graphlab.tui.waiting import WaitingScreen

            self.push_screen(WaitingScreen(path, child, at))
            return
        self.explore(open_recording(path), at=at, child=child)

    def explore(
        self,
        recording: Recording,
        *,
        at: int | None = None,
        child: Child | None = None,
        instead: Screen[Any] | None = None,
    ) -> None:
        """Show a recording that is open, in place of a screen or on top."""
        start = at
        if start is None and recording.path is not None and not recording.is_running:
            start = self.memory.cursor_of(recording.path)
        for screen in list(self.screen_stack[1:]):
            if isinstance(screen, ExploreScreen):
                self._remember(screen)
        explorer = ExploreScreen(ExplorerState(recording, at=start), child)
        if instead is not None or isinstance(self.screen, ExploreScreen):
            self.switch_screen(explorer)
        else:
            self.push_screen(explorer)

    def action_open_gallery(self, chosen: str = "") -> None:
        """Show the gallery, with a scenario chosen by its name."""
        from graphlab.tui.gallery import GalleryScreen

        self.push_screen(GalleryScreen(chosen=chosen))

    def action_graph_image(self) -> None:
        """Show the picture of the graph at the explorer's moment, where the terminal can."""
        from graphlab.tui.image_screen import open_image

        if isinstance(self.screen, ExploreScreen):
            self._abilities = open_image(self.screen, self._abilities)

    def action_next_theme(self) -> None:
        """Take the next theme, and remember it."""
        names = THEME_NAMES
        index = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(index + 1) % len(names)]
        self.memory.theme = self.theme

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Offer only what our own table does not hold."""
        yield SystemCommand(_("Theme"), _("Choose among all themes"), self.search_themes)

    def _remember(self, screen: ExploreScreen) -> None:
        recording = screen.state.recording
        if recording.path is not None:
            self.memory.set_cursor(recording.path, screen.state.moment)

    def action_help_quit(self) -> None:
        """Say to whoever presses Ctrl+C which key leaves; textual's own note is English."""
        self.notify(messages.HOW_TO_LEAVE)

    async def action_quit(self) -> None:
        """Leave, and remember where the cursor stood."""
        for screen in self.screen_stack:
            if isinstance(screen, ExploreScreen):
                self._remember(screen)
        self.memory.save()
        self.exit(0)
