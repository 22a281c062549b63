"""The explorer's screen: it composes the panes, turns keys into calls of the state, and follows a run that goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Static

from graphlab.errors import RecordingError
from graphlab.recorded_words import say_recorded
from graphlab.tui import messages
from graphlab.tui.commands import ExplorerCommands
from graphlab.tui.footer import KeyLine
from graphlab.tui.graph import GraphPane
from graphlab.tui.header import HeaderLine
from graphlab.tui.inspector import InspectorPane
from graphlab.tui.keys import bindings_of
from graphlab.tui.pane import Pane
from graphlab.tui.source import SourcePane
from graphlab.tui.timeline import TimelinePane

if TYPE_CHECKING:
    from textual.timer import Timer

    from graphlab.tui.child import Child
    from graphlab.tui.replaying import Replayer, Then
    from graphlab.tui.state import ExplorerState
    from graphlab.tui.static_book import StaticBook
    from graphlab.tui.verifying import Verifier

FOLLOW_SECONDS = 0.25
_WARM_UP = 0.1
_NO_NEWS = 5.0
"""Seconds without a new event, after which a run is no longer called running."""
_SHARE = 4
"""Following a run takes at most a fifth of the time."""
_WIDE = 160
_TRAINING = 5
_PANES = ("source", "graph", "inspector", "timeline", "training")


class ExploreScreen(Screen[None]):
    """One recording, explored."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("explorer")]
    COMMANDS = {ExplorerCommands}  # noqa: RUF012 - textual declares it as a class variable
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (100, "-normal"), (_WIDE, "-wide")]  # noqa: RUF012 - as above
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (16, "-low"), (24, "-tall")]  # noqa: RUF012 - as above
    AUTO_FOCUS = "#source"

    def __init__(self, state: ExplorerState, child: Child | None = None) -> None:
        super().__init__()
        self.state = state
        self.child = child
        self._is_stale = False
        self._last_news = time.monotonic()
        self._replayer: Replayer | None = None
        self._verifier: Verifier | None = None
        self._static: StaticBook | None = None
        self._player: Timer | None = None
        self._follower: Timer | None = None

    def compose(self) -> ComposeResult:
        """Make the panes."""
        state = self.state
        yield HeaderLine(state, id="header")
        yield Static("", id="tiny", markup=False)
        with Container(id="body"):
            with Container(id="left"):
                yield SourcePane(state, id="source")
                with Container(id="graphs"):
                    yield GraphPane(state, id="graph")
                    yield GraphPane(state, "lanes", id="graph-lanes")
            yield InspectorPane(state, id="inspector")
        yield TimelinePane(state, id="timeline")
        yield KeyLine("explorer", id="keys")

    # -- following the state ---------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Begin to follow the state, and the run where it still goes on."""
        is_ascii = getattr(self.app, "is_ascii", False)
        for widget in self.query("Pane, HeaderLine, KeyLine"):
            widget.set_class(is_ascii, "-ascii")
        self.state.watch(self.state_changed)
        if self.state.recording.is_running:
            self._follower = self.set_timer(FOLLOW_SECONDS, self._follow)
        elif self.state.recording.facts.status == "cut_off":
            self._say_how_it_ended()
        self.state_changed()
        self.set_timer(_WARM_UP, self._warm_up)

    @work(thread=True)
    def _warm_up(self) -> None:
        """Import what the first value that is looked at needs, after the first picture and before the first key."""
        import numpy as _  # noqa: F401 - only so that it is there

        self.state.lane_book.finish()

    def on_unmount(self) -> None:
        """Stop following."""
        self.state.unwatch(self.state_changed)
        for worker in (self._replayer, self._verifier):
            if worker is not None:
                worker.stop()

    def state_changed(self) -> None:
        """Repaint soon: several changes before the next paint cost one."""
        if not self._is_stale:
            self._is_stale = True
            self.call_later(self._repaint)

    def _repaint(self) -> None:
        if not self._is_stale:
            return
        self._is_stale = False
        state = self.state
        self.query_one(KeyLine).say(state.notice)
        state.notice = ""
        with state.recording.reading():
            for pane in self.query(Pane):
                if pane.display:
                    pane.refresh_rows()
        header = self.query_one(HeaderLine)
        badges = (worker.badge for worker in (self._replayer, self._verifier) if worker is not None)
        header.doing = next((badge for badge in badges if badge), "")
        header.refresh()
        self._keep_playing()

    def _keep_playing(self) -> None:
        is_playing = self.state.is_playing
        if is_playing and self._player is None:
            self._player = self.set_interval(1 / min(self.state.speed, 30), self.state.tick)
        elif not is_playing and self._player is not None:
            self._player.stop()
            self._player = None

    def _follow(self) -> None:
        """Look what the run has added, and look again: soon, but not so often that keys must wait."""
        began = time.monotonic()
        try:
            has_grown = self.state.follow()
            # A recorder that has just ended may have closed its file between our look and its end.
            is_dead = self.child is not None and not self.child.is_running and not has_grown
        except RecordingError as error:
            self._stop_following(messages.RECORDING_GONE.format(reason=error))
            return
        if not self.state.recording.is_running:
            self._stop_following()
            self._say_how_it_ended()
        elif is_dead:
            self.state.recording.reader.keep_open()
            self._stop_following(messages.RECORDER_DIED_SHORT)
            self.state.tell(messages.RECORDER_DIED)
        else:
            self._note_news(has_grown=has_grown)
            pause = max(FOLLOW_SECONDS, _SHARE * (time.monotonic() - began))
            self._follower = self.set_timer(pause, self._follow)

    def _note_news(self, *, has_grown: bool) -> None:
        """Say of a run that nobody here started whether it still writes: its process may be long gone."""
        header = self.query_one(HeaderLine)
        now = time.monotonic()
        if has_grown:
            self._last_news = now
            header.trouble = ""
            self._repaint()
        elif self.child is None and now - self._last_news > _NO_NEWS and not header.trouble:
            header.trouble = messages.NO_NEWS
            header.refresh()

    def _say_how_it_ended(self) -> None:
        facts = self.state.recording.facts
        if facts.status == "error" and facts.error is not None:
            self.state.tell(messages.RUN_FAILED.format(error=facts.error.type))
        elif facts.status == "interrupted":
            self.state.tell(messages.RUN_INTERRUPTED)
        elif facts.status == "cut_off" and facts.error is not None:
            how = f" ({self.child.how_it_ended})" if self.child is not None else ""
            self.state.tell(messages.RUN_CUT_OFF.format(said=say_recorded(facts.error.message) + how))

    def _stop_following(self, trouble: str = "") -> None:
        self._follower = None
        self.query_one(HeaderLine).trouble = trouble
        self.state_changed()

    def on_resize(self) -> None:
        """Say it in one line where there is no room at all; where there is much, show training too."""
        if self.size.width >= _WIDE:
            self.call_after_refresh(self._training)
        text = messages.TOO_SMALL.format(width=self.size.width, height=self.size.height)
        self.query_one("#tiny", Static).update(text[: max(self.size.width, 1)])
        self.state_changed()

    # -- panes -----------------------------------------------------------------------------------------------------

    @property
    def pane(self) -> Pane:
        """The pane that has the focus."""
        focused = self.focused
        return focused if isinstance(focused, Pane) else self.query_one("#source", Pane)

    async def _training(self) -> Pane:
        """Return the training pane; it is made when it is first seen, for it reads and imports the most."""
        found = list(self.query("#training").results(Pane))
        if found:
            return found[0]
        from graphlab.tui.training import TrainingPane

        pane = TrainingPane(self.state, id="training")
        pane.set_class(getattr(self.app, "is_ascii", False), "-ascii")
        await self.query_one("#body").mount(pane)
        self.state_changed()
        return pane

    async def action_pane(self, number: int) -> None:
        """Focus a pane; what does not fit on the screen is shown alone."""
        pane = await self._training() if number == _TRAINING else self.query_one(f"#{_PANES[number - 1]}", Pane)
        if self.has_class("-zoom") or (number == _TRAINING and not self.has_class("-wide")):
            self._zoom(None if pane.has_class("-zoomed") else pane)
            return
        pane.focus()

    def action_zoom(self) -> None:
        """Show the focused pane alone, or all again."""
        self._zoom(None if self.has_class("-zoom") else self.pane)

    def _zoom(self, pane: Pane | None) -> None:
        for other in self.query(".-zoomed"):
            other.remove_class("-zoomed")
        self.set_class(pane is not None, "-zoom")
        if pane is not None:
            pane.add_class("-zoomed")
        for container in self.query(Container):
            container.set_class(pane is not None and pane not in container.query(Pane), "-empty")
        if pane is not None:
            pane.focus()
        elif not self.pane.display:
            self.query_one("#source").focus()
        self.call_after_refresh(self.state_changed)

    def action_release(self) -> None:
        """Leave the zoom, else let go of selection and marks."""
        if self.has_class("-zoom"):
            self._zoom(None)
        else:
            self.state.release()

    def action_view(self) -> None:
        """Show the focused pane's other view; where two panes show the graph, they trade theirs."""
        pane = self.pane
        pane.switch_view()
        for other in self.query(GraphPane):
            if isinstance(pane, GraphPane) and other is not pane and other.display and other.view == pane.view:
                other.switch_view()
        self.state_changed()

    def action_select(self, delta: int) -> None:
        """Select the row above or below."""
        self.pane.select(delta)

    def action_page(self, direction: int) -> None:
        """Go a page up or down."""
        self.pane.page(direction)

    @property
    def _graph(self) -> GraphPane:
        """The graph pane that has the focus, else the one that shows lanes where both are on the screen."""
        pane = self.pane
        shown = [pane] if isinstance(pane, GraphPane) else [each for each in self.query(GraphPane) if each.display]
        return next((each for each in reversed(shown) if each.view == "lanes"), self.query_one("#graph", GraphPane))

    def action_turn(self) -> None:
        """Let the boxes run from left to right, or from top to bottom."""
        shown = [each for each in self.query(GraphPane) if each.display and each.view == "boxes"]
        (shown[0] if shown else self._graph).turn()

    def action_fold(self) -> None:
        """Fold or unfold what is selected in the graph."""
        self._graph.fold()

    def action_fold_all(self) -> None:
        """Fold or unfold all of the graph."""
        self._graph.fold_all()

    def action_columns(self) -> None:
        """Choose the columns of the lanes."""
        from graphlab.tui.columns_dialog import ColumnsDialog

        self._pause()
        self.app.push_screen(ColumnsDialog(self.state))

    def action_sort(self) -> None:
        """Sort the lanes, or put them back into the order in which they ran."""
        self.state.lane_book.toggle_sort()

    def action_sideways(self, direction: int) -> None:
        """Go sideways."""
        self.pane.sideways(direction)

    def action_pan(self, across: int, down: int) -> None:
        """Move the view of the focused pane."""
        self.pane.pan(across, down)

    def action_nearer(self, direction: int) -> None:
        """See the boxes from nearer, or from farther; in the training pane fewer steps, or more."""
        if not self.pane.nearer(direction):
            self.state.box_book.zoom_by(direction)

    def action_enter(self) -> None:
        """Move the cursor to what is selected."""
        self._pause()
        pane = self.pane
        pane.enter()
        if pane.number == _TRAINING and pane.has_class("-zoomed"):
            # The step is opened in the panes that show it.
            self._zoom(None)
            self.query_one("#source").focus()

    # -- the cursor ------------------------------------------------------------------------------------------------

    def _pause(self) -> None:
        self.state.pause()
        self._keep_playing()

    def action_next(self) -> None:
        """Go to the next stop."""
        self._pause()
        self.state.next()

    def action_previous(self) -> None:
        """Go to the stop before."""
        self._pause()
        self.state.previous()

    def action_first(self) -> None:
        """Go to the start."""
        self._pause()
        self.state.first()

    def action_last(self) -> None:
        """Go to the end."""
        self._pause()
        self.state.go_last()

    def action_phase(self, direction: int) -> None:
        """Go to the next phase or chapter, or the one before."""
        self._pause()
        self.state.phase(direction)

    def action_training_step(self, direction: int) -> None:
        """Go to another training step."""
        self._pause()
        self.state.training_step(direction)

    def action_play(self) -> None:
        """Play or pause."""
        self.state.toggle_play()

    def action_stride(self) -> None:
        """Take the next kind of stride."""
        self.state.turn_stride()

    def action_where_made(self) -> None:
        """Go to where the selected value was made."""
        self._pause()
        self.state.where_made()

    def action_next_use(self) -> None:
        """Go to the next use of the selected value."""
        self._pause()
        self.state.next_use()

    def action_jump_back(self) -> None:
        """Take the last jump back."""
        self._pause()
        self.state.jump_back()

    def action_match(self, direction: int) -> None:
        """Go to the next match, or the one before."""
        self._pause()
        self.state.match(direction)

    def action_mark(self) -> None:
        """Mark the selected node."""
        self.state.lighting.toggle_mark()

    def action_show_as(self) -> None:
        """Show tensors in the next way."""
        self.state.turn_tensor_view()

    # -- dialogs and the rest --------------------------------------------------------------------------------------

    def action_go_to(self) -> None:
        """Ask where to go."""
        self._ask(messages.GO_TO, messages.GO_TO_HINT, self.state.go_to)

    def action_find(self) -> None:
        """Ask what to find."""
        from graphlab.tui.find_dialog import FindDialog

        self._pause()

        def answer(place: int | None) -> None:
            if place is not None and place >= 0:
                self.state.search.go_to(self.state, place)
            elif place is not None:
                self.state.match(1)

        self.app.push_screen(FindDialog(self.state), answer)

    def _ask(self, title: str, hint: str, then: Any) -> None:
        from graphlab.tui.dialogs import PromptDialog

        self._pause()

        def answer(text: str | None) -> None:
            if text:
                then(text)

        self.app.push_screen(PromptDialog(title, hint), answer)

    def action_copy(self) -> None:
        """Copy what the focused pane offers."""
        text = self.pane.copy_text()
        if text:
            self.app.copy_to_clipboard(text)
        self.state.tell(messages.COPIED.format(text=text) if text else messages.NOTHING_TO_COPY)

    def action_help(self) -> None:
        """Show the keys."""
        from graphlab.tui.dialogs import HelpScreen

        self.app.push_screen(HelpScreen())

    def action_replay(self, number: int | None = None, then: Then | None = None) -> None:
        """Record a step in full, the cursor's if none is named; `then` is done in its explorer."""
        from graphlab.tui.replaying import Replayer

        self._pause()
        if self._replayer is None:
            self._replayer = Replayer(self)
        self._replayer.start(number, then)
        self.state_changed()

    def action_verify(self) -> None:
        """Check the selected leaf's gradient with central differences."""
        from graphlab.tui.verifying import Verifier

        self._pause()
        if self._verifier is None:
            self._verifier = Verifier(self)
        self._verifier.start()
        self.state_changed()

    def action_static(self) -> None:
        """Show the static graphs of the script beside the graph of the cursor's step."""
        from graphlab.tui.static_screen import open_static

        self._pause()
        self._static = open_static(self, self._static)

    def action_compare(self) -> None:
        """Compare the cursor's step with another graph."""
        from graphlab.tui.compare_dialog import open_comparison

        self._pause()
        open_comparison(self)

    def action_check(self) -> None:
        """List what is, or may be, wrong with the run."""
        from graphlab.tui.findings_dialog import open_findings

        self._pause()
        open_findings(self)

    def action_quiz(self) -> None:
        """Ask questions about the run."""
        from graphlab.tui.quiz_screen import open_quiz

        self._pause()
        open_quiz(self)

    def action_export(self) -> None:
        """Open the export dialog."""
        from graphlab.tui.export_dialog import ExportDialog

        self._pause()
        self.app.push_screen(ExportDialog(self.state))

    async def action_gallery(self) -> None:
        """Open the gallery."""
        self._pause()
        await self.run_action(f"app.open_gallery({self.state.recording.facts.scenario!r})")
