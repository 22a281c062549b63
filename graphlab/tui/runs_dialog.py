"""The page about the numbers of two runs, over the explorer: made in the background; Enter goes to where they part.

Separate from the list of what differs between the graphs, of which `v` makes this and back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen

from graphlab.errors import GraphlabError
from graphlab.language import _
from graphlab.tui import messages
from graphlab.tui.pane import RowsPane
from graphlab.tui.rows import Row, fit, wrap

if TYPE_CHECKING:
    from graphlab.comparing import RunComparison
    from graphlab.tui.explore import ExploreScreen
    from graphlab.tui.runs_page import RunsPage, Target
    from graphlab.tui.state import ExplorerState

Answer = tuple[Literal["here", "there"], "Target"] | Literal["graphs"] | None
"""Where to go, and in which of the runs; or back to the graphs."""


class RunsPane(RowsPane):
    """The page, or that it is being made."""

    fills_height = True

    def __init__(self, state: ExplorerState) -> None:
        super().__init__(id="runs")
        self._state = state
        self.runs: RunsPage | None = None
        self.problem = ""

    def build(self, width: int, height: int) -> Sequence[Row]:
        if self.problem:
            return [fit([(f" {line}", "alarm")], width) for line in wrap(self.problem, width - 2)]
        if self.runs is None:
            return [fit([(f" {messages.READING}", "quiet")], width)]
        step = self._state.step
        return self.runs.rows(step.step if step is not None else 1, width, height, self.look)

    def title(self) -> str:
        other, path = self._state.comparing.other, self._state.recording.path
        names = [each.name if each is not None else "" for each in (other, path)]
        return messages.RUNS_TITLE.format(a=names[0], b=names[1])

    def legend(self) -> str:
        return messages.RUNS_KEYS

    def select(self, delta: int) -> None:
        if self.runs is not None:
            self.runs.select(delta)
            self.refresh_rows()

    def sideways(self, direction: int) -> None:
        if self.runs is not None:
            self.runs.turn(direction)
            self.refresh_rows()


class RunsDialog(ModalScreen[Answer]):
    """The page over the explorer; Enter goes to the chosen place, `o` goes there in the other run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q", "leave", "close"),
        ("up,k", "choose(-1)", "up"),
        ("down,j", "choose(1)", "down"),
        ("pageup", "choose(-8)", _("page up")),
        ("pagedown", "choose(8)", _("page down")),
        ("left,h", "turn(-1)", _("previous curve")),
        ("right,l", "turn(1)", _("next curve")),
        ("enter", "take('here')", _("go there")),
        ("o", "take('there')", _("go there in the other run")),
        ("v", "graphs", _("the graphs of both")),
    ]
    DEFAULT_CSS = """
    RunsDialog { align: center middle; background: $background 0%; }
    RunsDialog:ansi { background: transparent; }
    RunsDialog #runs { width: 100%; height: 100%; border: round $accent; background: $surface;
        border-title-color: $foreground; border-subtitle-color: $quiet; }
    RunsDialog:ansi #runs { border: round ansi_default; background: ansi_default; }
    """

    def __init__(self, state: ExplorerState, other: Path) -> None:
        super().__init__()
        self._state = state
        self._other = other
        self._is_done = False
        self._pane = RunsPane(state)

    def compose(self) -> ComposeResult:
        """Show the page."""
        yield self._pane

    def on_mount(self) -> None:
        """Take the signs of the screen below, and begin to compare."""
        self._pane.set_class(getattr(self.app, "is_ascii", False), "-ascii")
        self._pane.focus()
        self._compare()

    @work(thread=True, exclusive=True)
    def _compare(self) -> None:
        """Compare with readers of its own, so that keys and panes need not wait."""
        from graphlab.comparing import compare_runs
        from graphlab.recording import open_recording

        here = self._state.recording.path
        assert here is not None
        try:
            one = open_recording(self._other)
            try:
                two = open_recording(here)
                try:
                    found = compare_runs(one, two)
                finally:
                    two.close()
            finally:
                one.close()
        except GraphlabError as error:
            self.app.call_from_thread(self._show, None, str(error))
        else:
            self.app.call_from_thread(self._show, found)

    def _show(self, found: RunComparison | None, problem: str = "") -> None:
        if self._is_done:
            return
        if found is not None:
            from graphlab.tui.runs_page import RunsPage

            self._pane.runs = RunsPage(found)
        self._pane.problem = problem
        self._pane.refresh_rows()

    def action_choose(self, delta: int) -> None:
        """Choose the line above or below."""
        self._pane.select(delta)

    def action_turn(self, direction: int) -> None:
        """Show another curve."""
        self._pane.sideways(direction)

    def action_take(self, side: Literal["here", "there"]) -> None:
        """Go to the chosen place, in one of the runs."""
        page = self._pane.runs
        if page is not None and page.targets:
            self._answer((side, page.targets[page.chosen]))

    def action_graphs(self) -> None:
        """Show the graphs instead."""
        self._answer("graphs")

    def action_leave(self) -> None:
        """Go nowhere."""
        self._answer(None)

    def _answer(self, answer: Answer) -> None:
        # Keys come faster than screens go: a second answer would take away the screen below.
        if not self._is_done:
            self._is_done = True
            self.dismiss(answer)


def open_numbers(screen: ExploreScreen, back: Callable[[], None]) -> None:
    """Show the page about the numbers of the runs that are compared; `back` shows the graphs again."""
    state = screen.state
    other = state.comparing.other
    if other is None or state.recording.path is None:
        state.tell(messages.RUNS_ONLY_RUNS)
        return

    def go(answer: Answer) -> None:
        if answer is None:
            return
        if answer == "graphs":
            back()
            return
        side, target = answer
        if side == "there":
            from graphlab.tui.app import GraphlabApp

            assert isinstance(screen.app, GraphlabApp)
            screen.app.open_recording(other, at=target.events[0])
            return
        state.go(target.events[1])
        if target.nodes[1] is not None:
            state.choose(target.nodes[1])
        state.tell(target.text)

    screen.app.push_screen(RunsDialog(state, other), go)
