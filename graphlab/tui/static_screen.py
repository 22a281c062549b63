"""The screen that shows autograd's graph and a static graph of the same code side by side, and their differences."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.screen import Screen

from graphlab.errors import GraphlabError
from graphlab.static_graph import StaticGraph, decode
from graphlab.tui import messages
from graphlab.tui.child import Child, start_tracing
from graphlab.tui.footer import KeyLine
from graphlab.tui.keys import bindings_of
from graphlab.tui.pane import RowsPane
from graphlab.tui.rows import Row
from graphlab.tui.static_book import StaticBook
from graphlab.tui.static_side import SidePane

if TYPE_CHECKING:
    from graphlab.recording import Recording
    from graphlab.tui.explore import ExploreScreen

_LOOK_SECONDS = 0.1


class WordsPane(RowsPane):
    """The differences."""

    def __init__(self, book: StaticBook, *, id: str | None = None) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self.book = book

    def build(self, width: int, height: int) -> Sequence[Row]:
        return self.book.words(width)

    def title(self) -> str:
        return messages.DIFFERENCES

    def legend(self) -> str:
        if not self.book.graphs:
            return ""
        return messages.WHICH_TRACER.format(place=self.book.index + 1, count=len(self.book.graphs))


class StaticScreen(Screen[int | None]):
    """Both graphs and the words; it hands back the node to which the explorer is to go."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("static")]
    AUTO_FOCUS = "#side-dynamic"
    DEFAULT_CSS = """
    StaticScreen { layout: vertical; background: $background; }
    StaticScreen:ansi { background: ansi_default; }
    StaticScreen #sides { height: 3fr; layout: horizontal; }
    StaticScreen SidePane { width: 1fr; height: 1fr; }
    StaticScreen WordsPane { height: 1fr; min-height: 5; }
    """

    def __init__(self, book: StaticBook) -> None:
        super().__init__()
        self.book = book
        self._child: Child | None = None

    def compose(self) -> ComposeResult:
        """Make the three panes."""
        with Horizontal(id="sides"):
            yield SidePane(self.book, "dynamic", self.refresh_panes, id="side-dynamic")
            yield SidePane(self.book, "static", self.refresh_panes, id="side-static")
        yield WordsPane(self.book, id="words")
        yield KeyLine("static", id="keys")

    def on_mount(self) -> None:
        """Have the graphs made, where they are not there yet."""
        is_ascii = getattr(self.app, "is_ascii", False)
        for widget in self.query("RowsPane, KeyLine"):
            widget.set_class(is_ascii, "-ascii")
        if not self.book.has_traced:
            self.book.trouble = why_not(self.book.recording)
            if not self.book.trouble:
                self._trace()

    def on_unmount(self) -> None:
        """Leave no run behind."""
        if self._child is not None and self._child.is_running:
            self._child.cancel(0.2)

    @work(thread=True)
    def _trace(self) -> None:
        """Run the script in a process of its own, and read what the tracers made."""
        folder = Path(tempfile.mkdtemp(prefix="graphlab-"))
        try:
            graphs, trouble = self._run(folder / "static.json")
        finally:
            shutil.rmtree(folder, ignore_errors=True)

        def show() -> None:
            self.book.trouble = trouble
            if graphs:
                self.book.take(graphs)
            self.refresh_panes()

        with contextlib.suppress(RuntimeError):  # the screen is gone
            self.app.call_from_thread(show)

    def _run(self, output: Path) -> tuple[list[StaticGraph], str]:
        path = self.book.recording.path
        assert path is not None
        try:
            child = self._child = start_tracing(path, output)
        except GraphlabError as error:
            return [], str(error)
        while child.wait(_LOOK_SECONDS) is None:
            if not self.is_attached:
                child.cancel(0.2)
                return [], messages.REPLAY_STOPPED
        if child.poll() != 0 or not output.is_file():
            return [], child.last_words().removeprefix("graphlab: ") or messages.NO_TRACE
        rows = json.loads(output.read_text(encoding="utf-8"))["graphs"]
        return [decode(row) for row in rows], ""

    def refresh_panes(self, notice: str = "") -> None:
        """Show the book as it is now, and say something in place of the keys."""
        self.query_one(KeyLine).say(notice)
        for pane in self.query(RowsPane):
            pane.refresh_rows()

    @property
    def _pane(self) -> RowsPane:
        focused = self.focused
        return focused if isinstance(focused, RowsPane) else self.query_one("#side-dynamic", RowsPane)

    def action_select(self, delta: int) -> None:
        """Select the row or box above or below in the focused graph; the other one shows what is the same."""
        self._pane.select(delta)

    def action_sideways(self, direction: int) -> None:
        """Select the box beside in the focused graph."""
        self._pane.sideways(direction)

    def action_page(self, direction: int) -> None:
        """Go a page up or down."""
        self._pane.page(direction)

    def action_pan(self, across: int, down: int) -> None:
        """Move the view of the focused graph."""
        self._pane.pan(across, down)

    def action_view(self) -> None:
        """Show both graphs as boxes, or as rows."""
        width = self.query_one("#side-dynamic", SidePane).size.width
        self.refresh_panes(self.book.switch_view(width))

    def action_nearer(self, direction: int) -> None:
        """See the boxes from nearer, or from farther."""
        self.refresh_panes(self.book.zoom_by(direction))

    def action_turn(self) -> None:
        """Let the boxes run from left to right, or from top to bottom."""
        self.refresh_panes(self.book.turn_boxes())

    def action_tracer(self, direction: int) -> None:
        """Show the next tracer's graph."""
        self.book.turn(direction)
        self.refresh_panes()

    def action_side(self) -> None:
        """Go to the other graph, or to the words."""
        self.focus_next()

    def action_enter(self) -> None:
        """Go back to the explorer, to the node that is selected or lit."""
        self.dismiss(self.book.dynamic_node)

    def action_leave(self) -> None:
        """Go back to the explorer."""
        self.dismiss(None)

    def action_help(self) -> None:
        """Show the keys."""
        from graphlab.tui.dialogs import HelpScreen

        self.app.push_screen(HelpScreen("static"))


def why_not(recording: Recording) -> str:
    """Return why the script of a recording cannot run for its static graphs, or nothing."""
    if recording.is_running:
        return messages.TRACE_LATER
    if recording.path is None or recording.origin is None:
        return messages.NO_ORIGIN
    return ""


def open_static(screen: ExploreScreen, book: StaticBook | None) -> StaticBook | None:
    """Show the static graphs beside the graph of the cursor's step, over the explorer; return what was read of them.

    Args:
        book: what was read the last time.
    """
    from graphlab.recording.statics import read_static_graphs

    state = screen.state
    step = state.step
    if step is None:
        state.tell(messages.NO_STEPS)
        return book
    if book is None:
        book = StaticBook(state.recording, step.step, read_static_graphs(state.recording))
    book.turn_to_step(step.step)

    def answer(node: int | None) -> None:
        if node is not None:
            state.choose(node)
            state.enter_node()

    screen.app.push_screen(StaticScreen(book), answer)
    return book
