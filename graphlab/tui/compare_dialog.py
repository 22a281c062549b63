"""The dialogs of a comparison: what the cursor's step is compared with, and the list of what differs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from graphlab.language import _
from graphlab.tui import messages
from graphlab.tui.comparing import MOST_NODES
from graphlab.tui.list_dialog import ListDialog, ListPane
from graphlab.tui.pane import RowsPane
from graphlab.tui.rows import Row, fit, over, rule, wrap
from graphlab.tui.runs_dialog import open_numbers

if TYPE_CHECKING:
    from graphlab.tui.explore import ExploreScreen
    from graphlab.tui.state import ExplorerState

_STYLES = {"+": "match", "-": "quiet", "~": "number", "=": "quiet"}
_AGAIN = -1
"""What the list hands back where another comparison is wanted."""
_NUMBERS = -2
"""What it hands back where the numbers of both runs are."""


class OffersPane(RowsPane, can_focus=False):
    """What can be compared with, and what is wrong with what was typed."""

    def __init__(self, state: ExplorerState) -> None:
        super().__init__(id="found")
        self._all = state.comparing.offers()
        self.offers = self._all
        self.chosen = 0
        self.problem = ""

    def filter(self, text: str) -> None:
        """Offer only what holds a text."""
        self.offers = [offer for offer in self._all if text.lower() in offer.text.lower()]
        self.chosen, self.problem = 0, ""
        self.refresh_rows()

    def build(self, width: int, height: int) -> Sequence[Row]:
        if self.problem:
            return [fit([(f" {line}", "alarm")], width) for line in wrap(self.problem, width - 2)]
        if not self.offers:
            return [fit([(f" {line}", "quiet")], width) for line in wrap(messages.COMPARE_HELP, width - 2)]
        rows = [fit([(f" {offer.text}", "bold"), (f"  {offer.words}", "quiet")], width) for offer in self.offers]
        return [over(row, "selected") if index == self.chosen else row for index, row in enumerate(rows)]

    def title(self) -> str:
        return ""

    def wanted_row(self) -> int | None:
        return self.chosen if self.offers else None


class CompareDialog(ModalScreen[bool]):
    """Asks what to compare with; Enter compares, Esc leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "leave", "leave"),
        ("up", "choose(-1)", "up"),
        ("down", "choose(1)", "down"),
    ]
    DEFAULT_CSS = """
    CompareDialog { align: center bottom; background: $background 30%; }
    CompareDialog:ansi { background: transparent; }
    CompareDialog #prompt { dock: bottom; height: 12; max-height: 60%; border: round $accent; background: $surface;
        border-title-color: $foreground; border-subtitle-color: $quiet; padding: 0 1; }
    CompareDialog #prompt Input { border: none; height: 1; padding: 0; background: $surface; width: 1fr; }
    CompareDialog #found { border: none; height: 1fr; background: $surface; }
    CompareDialog:ansi #prompt { border: round ansi_default; background: ansi_default;
        border-subtitle-color: ansi_default; }
    CompareDialog:ansi #found { border: none; background: ansi_default; }
    """

    def __init__(self, state: ExplorerState) -> None:
        super().__init__()
        self._state = state
        self._is_done = False
        self._pane = OffersPane(state)

    def compose(self) -> ComposeResult:
        """Make the list and the line."""
        frame = Vertical(self._pane, Input(placeholder=messages.COMPARE_HINT, id="line"), id="prompt")
        step = self._state.step
        frame.border_title = messages.COMPARE_TITLE.format(step=step.step if step is not None else 0)
        frame.border_subtitle = messages.COMPARE_KEYS
        yield frame

    def on_mount(self) -> None:
        """Take the signs of the screen below."""
        self._pane.set_class(getattr(self.app, "is_ascii", False), "-ascii")
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Offer what fits what is typed."""
        event.stop()
        self._pane.filter(event.value.strip())

    def action_choose(self, delta: int) -> None:
        """Choose the offer above or below."""
        if self._pane.offers:
            self._pane.chosen = (self._pane.chosen + delta) % len(self._pane.offers)
            self._pane.refresh_rows()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Compare with the chosen offer, else with what was typed."""
        event.stop()
        if self._is_done:
            return
        pane, typed = self._pane, event.value.strip()
        is_exact = any(offer.text.lower() == typed.lower() for offer in pane.offers)
        text = pane.offers[pane.chosen].text if pane.offers and not (is_exact or typed.isdecimal()) else typed
        pane.problem = self._state.comparing.ask(text) if text else messages.COMPARE_HELP
        if pane.problem:
            pane.refresh_rows()
        else:
            self._answer(is_compared=True)

    def action_leave(self) -> None:
        """Compare nothing."""
        self._answer(is_compared=False)

    def _answer(self, *, is_compared: bool) -> None:
        # Keys come faster than screens go: a second answer would take away the screen below.
        if not self._is_done:
            self._is_done = True
            self.dismiss(is_compared)


class ChangesPane(ListPane):
    """What differs, a line a change; the facts of the runs first."""

    def __init__(self, state: ExplorerState, chosen: int) -> None:
        super().__init__(id="changes")
        self._comparing = state.comparing
        self.chosen = chosen

    def count(self) -> int:
        return len(self._comparing.entries)

    def build(self, width: int, height: int) -> Sequence[Row]:
        facts = [
            fit([(f" {line}", "quiet")], width) for fact in self._comparing.facts for line in wrap(fact, width - 2)
        ]
        head = [*facts, rule("", width)] if facts else []
        self.head = len(head)
        rows: list[Row] = []
        for index, entry in enumerate(self._comparing.entries):
            names = "text" if entry.node is not None else "quiet"
            row = fit([(f" {entry.sign} ", _STYLES[entry.sign]), (entry.text, names)], width)
            rows.append(over(row, "selected") if index == self.chosen else row)
        return [*head, *(rows or [fit([(f" {messages.COMPARE_EQUAL}", "text")], width)])]

    def title(self) -> str:
        comparing = self._comparing
        return messages.CHANGES_TITLE.format(name=comparing.name, step=comparing.step, summary=comparing.say())

    def legend(self) -> str:
        return messages.CHANGES_LEGEND


class ChangesDialog(ListDialog[int | None]):
    """The list over the explorer; Enter goes to the chosen change."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q", "leave", "close"),
        ("up,k", "choose(-1)", "up"),
        ("down,j", "choose(1)", "down"),
        ("pageup", "choose(-8)", _("page up")),
        ("pagedown", "choose(8)", _("page down")),
        ("enter", "take", _("go there")),
        ("v", "numbers", _("the numbers of both runs")),
        ("D", "again", _("compare with another")),
    ]
    DEFAULT_CSS = """
    ChangesDialog { align: center bottom; background: $background 0%; }
    ChangesDialog:ansi { background: transparent; }
    ChangesDialog #changes { dock: bottom; width: 100%; height: 14; max-height: 60%; border: round $accent;
        background: $surface; border-title-color: $foreground; border-subtitle-color: $quiet; }
    ChangesDialog:ansi #changes { border: round ansi_default; background: ansi_default; }
    """

    def __init__(self, state: ExplorerState, chosen: int = 0) -> None:
        super().__init__(ChangesPane(state, chosen))
        self._state = state
        self._is_done = False

    def action_take(self) -> None:
        """Go to the chosen change."""
        if self._state.comparing.entries:
            self._answer(self._list.chosen)

    def action_numbers(self) -> None:
        """Show the numbers of both runs instead."""
        self._answer(_NUMBERS)

    def action_again(self) -> None:
        """Ask for another comparison."""
        self._answer(_AGAIN)

    def action_leave(self) -> None:
        """Go nowhere."""
        self._answer(None)

    def _answer(self, place: int | None) -> None:
        if not self._is_done:  # as above
            self._is_done = True
            self.dismiss(place)


def open_comparison(screen: ExploreScreen) -> None:
    """Show the list of what differs; where nothing is compared yet, ask first with what."""
    state = screen.state

    def take(place: int | None) -> None:
        if place == _AGAIN:
            ask()
        elif place == _NUMBERS:
            open_numbers(screen, back=lambda: show(is_compared=True))
        elif place is not None:
            state.comparing.place = place
            state.comparing.go_to(place)

    def show(is_compared: bool | None) -> None:
        if is_compared and state.comparing.comparison is None:  # the graphs are too large
            open_numbers(screen, back=lambda: state.tell(messages.COMPARE_TOO_LARGE.format(most=MOST_NODES)))
        elif is_compared:
            screen.app.push_screen(ChangesDialog(state, state.comparing.place), take)

    def ask() -> None:
        screen.app.push_screen(CompareDialog(state), show)

    if state.step is None:
        state.tell(messages.NOTHING_YET)
    elif state.comparing.comparison is None or state.comparing.step != state.step.step:
        ask()
    else:
        show(is_compared=True)
