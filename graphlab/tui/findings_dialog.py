"""The list of findings over the explorer: what is, or may be, wrong with the run; Enter goes there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen

from graphlab.errors import GraphlabError
from graphlab.language import _
from graphlab.tui import messages
from graphlab.tui.pane import RowsPane
from graphlab.tui.rows import Row, fit, over, wrap

if TYPE_CHECKING:
    from graphlab.analysis.findings import Finding
    from graphlab.tui.explore import ExploreScreen
    from graphlab.tui.state import ExplorerState

ASKED = "record_in_full"
"""What a finding's evidence says of the step that would show more."""
_STYLES = {"error": "alarm", "warning": "number", "note": "quiet"}


class FindingsPane(RowsPane):
    """A line a finding; below the chosen one what it says in full."""

    def __init__(self) -> None:
        super().__init__(id="findings")
        self.found: list[Finding] | None = None
        """None while they are looked for."""
        self.problem = ""
        self.chosen = 0
        self._places: list[int] = []
        """The row that each finding begins in."""

    def build(self, width: int, height: int) -> Sequence[Row]:
        if self.problem:
            return [fit([(f" {line}", "alarm")], width) for line in wrap(self.problem, width - 2)]
        if self.found is None:
            return [fit([(f" {messages.READING}", "quiet")], width)]
        if not self.found:
            return [fit([(f" {line}", "text")], width) for line in wrap(messages.NO_FINDINGS, width - 2)]
        rows: list[Row] = []
        self._places = []
        for index, finding in enumerate(self.found):
            self._places.append(len(rows))
            row = _heading(finding, width)
            rows.append(over(row, "selected") if index == self.chosen else row)
            if index == self.chosen:
                rows += _details(finding, width)
        return rows

    def title(self) -> str:
        if self.found is None:
            return messages.FINDINGS_TITLE
        counts = [(name, sum(each.severity == name for each in self.found)) for name in _STYLES]
        said = [messages.FINDING_COUNTS[name](count).format(count=count) for name, count in counts if count]
        return " · ".join([messages.FINDINGS_TITLE, *said])

    def legend(self) -> str:
        return messages.FINDINGS_LEGEND

    def wanted_row(self) -> int | None:
        return self._places[self.chosen] if self.found and self._places else None

    def select(self, delta: int) -> None:
        if self.found:
            self.chosen = min(max(self.chosen + delta, 0), len(self.found) - 1)
            self.refresh_rows()

    def click(self, x: int, y: int) -> None:
        above = [index for index, place in enumerate(self._places) if place <= y]
        if above:
            self.chosen = above[-1]
            self.refresh_rows()


def _heading(finding: Finding, width: int) -> Row:
    step = messages.FINDING_STEP.format(step=finding.step) if finding.step is not None else ""
    line = messages.FINDING_LINE.format(line=finding.line) if finding.line is not None else ""
    row: Row = [(f" {messages.FINDING_SIGNS[finding.severity]} ", _STYLES[finding.severity])]
    row += [(f"{finding.finding:<28} ", "bold"), (f"{step:<8} ", "quiet"), (f"{line:<6} ", "quiet")]
    return fit([*row, (finding.message, "text")], width)


def _details(finding: Finding, width: int) -> list[Row]:
    """Return the whole message, the numbers and the remedy of the chosen finding."""
    parts = [(finding.message, "text"), (_numbers(finding), "number")]
    parts.append((messages.REMEDY.format(text=finding.remedy) if finding.remedy else "", "quiet"))
    asked = finding.evidence.get(ASKED)
    parts.append((messages.FINDING_REPLAY.format(step=asked) if asked else "", "key"))
    return [
        fit([("    ", ""), (line, style)], width) for text, style in parts if text for line in wrap(text, width - 6)
    ]


def _numbers(finding: Finding) -> str:
    from graphlab.analysis.findings.evidence import say_evidence

    lines = [str(line) for line in finding.lines if line != finding.line]
    also = messages.FINDING_LINES.format(lines=", ".join(lines)) if lines else ""
    return "; ".join(filter(None, (say_evidence(finding), also)))


class FindingsDialog(ModalScreen["tuple[Finding, bool] | None"]):
    """Looks for findings in the background, and lists them.

    Enter goes to the chosen one, r records its step in full where that would tell more, Esc leaves.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,c", "leave", "close"),
        ("up,k", "choose(-1)", "up"),
        ("down,j", "choose(1)", "down"),
        ("pageup", "choose(-8)", _("page up")),
        ("pagedown", "choose(8)", _("page down")),
        ("enter", "take", _("go there")),
        ("r", "replay", _("record its step in full")),
    ]
    DEFAULT_CSS = """
    FindingsDialog { align: center bottom; background: $background 0%; }
    FindingsDialog:ansi { background: transparent; }
    FindingsDialog #findings { dock: bottom; width: 100%; height: 18; max-height: 70%; border: round $accent;
        background: $surface; border-title-color: $foreground; border-subtitle-color: $quiet; }
    FindingsDialog:ansi #findings { border: round ansi_default; background: ansi_default; }
    """

    def __init__(self, state: ExplorerState) -> None:
        super().__init__()
        self._state = state
        self._is_done = False
        self._is_asked = False
        self._pane = FindingsPane()

    def compose(self) -> ComposeResult:
        """Show the list."""
        yield self._pane

    def on_mount(self) -> None:
        """Take the signs of the screen below, and begin to look."""
        self._pane.set_class(getattr(self.app, "is_ascii", False), "-ascii")
        self._pane.focus()
        path = self._state.recording.path
        if path is None:
            self._look_here()
        else:
            self._look()

    def _look_here(self) -> None:
        """Look in a recording that is kept in memory, which only this thread may read."""
        from graphlab.analysis.findings import check

        self._show(check(self._state.recording))

    @work(thread=True, exclusive=True)
    def _look(self) -> None:
        """Look with a reader of its own, so that keys and panes need not wait."""
        from graphlab.analysis.findings import check
        from graphlab.recording import open_recording

        assert self._state.recording.path is not None
        try:
            recording = open_recording(self._state.recording.path)
            try:
                found = check(recording)
            finally:
                recording.close()
        except GraphlabError as error:
            self.app.call_from_thread(self._show, [], str(error))
        else:
            self.app.call_from_thread(self._show, found)

    def _show(self, found: list[Finding], problem: str = "") -> None:
        if self._is_done:
            return
        self._pane.found, self._pane.problem = found, problem
        self._pane.refresh_rows()

    def action_choose(self, delta: int) -> None:
        """Choose the finding above or below."""
        self._pane.select(delta)

    def action_take(self) -> None:
        """Go to the chosen finding."""
        if self._pane.found:
            self._answer(self._pane.found[self._pane.chosen])

    def action_replay(self) -> None:
        """Record the step in full that would tell more of the chosen finding."""
        if self._pane.found and self._pane.found[self._pane.chosen].evidence.get(ASKED):
            self._is_asked = True
            self.action_take()

    def action_leave(self) -> None:
        """Go nowhere."""
        self._answer(None)

    def _answer(self, finding: Finding | None) -> None:
        # Keys come faster than screens go: a second answer would take away the screen below.
        if not self._is_done:
            self._is_done = True
            self.dismiss((finding, self._is_asked) if finding is not None else None)


def open_findings(screen: ExploreScreen) -> None:
    """Show the list over a screen, and go where one leads that is chosen there."""
    state = screen.state

    def go(answer: tuple[Finding, bool] | None) -> None:
        if answer is None:
            return
        finding, is_asked = answer
        if is_asked:
            screen.action_replay(int(finding.evidence[ASKED]), open_findings)
            return
        if finding.event is not None:
            state.go(finding.event)
        if finding.node is not None:
            state.choose(finding.node)
        state.tell(f"{finding.finding}: {finding.message}")

    screen.app.push_screen(FindingsDialog(state), go)
