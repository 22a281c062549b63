"""The small dialogs: one line to type into, and the list of keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.widgets import Input

from graphlab.language import _
from graphlab.tui import messages
from graphlab.tui.keys import SECTIONS, keys_of
from graphlab.tui.pane import RowsPane
from graphlab.tui.rows import Row, fit, rule, wrap


class PromptDialog(ModalScreen[str | None]):
    """One line to type into; Enter takes it, Esc leaves it."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(None)", "leave")]

    def __init__(self, title: str, hint: str) -> None:
        super().__init__()
        self._words = (title, hint)

    def compose(self) -> ComposeResult:
        """Make the line."""
        title, hint = self._words
        frame = Horizontal(Input(placeholder=hint, id="line"), id="prompt")
        frame.border_title = title
        frame.border_subtitle = "Enter · Esc"
        yield frame

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand over what was typed."""
        event.stop()
        self.dismiss(event.value)


def help_rows(where: str, width: int) -> list[Row]:
    """Return every key of a screen with what it does, by section, and what the cursor means."""
    keys = keys_of(where)
    size = max(len(key.shown) for key in keys) + 2
    rows: list[Row] = []
    for section in SECTIONS:
        found = [key for key in keys if key.section == section]
        if not found:
            continue
        rows.append(rule(section, width))
        for key in found:
            lines = wrap(key.help, max(width - size - 1, 8)) or [""]
            rows.append(fit([(f" {key.shown:<{size}}", "key"), (lines[0], "text")], width))
            rows += [fit([(" " * (size + 1), ""), (line, "text")], width) for line in lines[1:]]
    rows.append(rule("", width))
    for text in (messages.CURSOR_NOTE, messages.HELP_NOTE) if where == "explorer" else (messages.HELP_NOTE,):
        rows += [fit([(f" {line}", "quiet")], width) for line in wrap(text, width - 2)]
    return rows


class HelpPane(RowsPane):
    """The list of keys, scrolling."""

    def __init__(self, where: str, *, id: str | None = None) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self.where = where

    def build(self, width: int, height: int) -> Sequence[Row]:
        return help_rows(self.where, width)

    def title(self) -> str:
        return messages.HELP_TITLE

    def legend(self) -> str:
        return "↑ ↓ · Esc"


class HelpScreen(ModalScreen[None]):
    """The list of keys over the screen that it explains."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,question_mark,f1", "dismiss", "close"),
        ("up,k", "scroll(-1)", "up"),
        ("down,j", "scroll(1)", "down"),
        ("pageup", "page(-1)", _("page up")),
        ("pagedown,space", "page(1)", _("page down")),
    ]

    def __init__(self, where: str = "explorer") -> None:
        super().__init__()
        self._pane = HelpPane(where, id="help")

    def compose(self) -> ComposeResult:
        """Show the list."""
        yield self._pane

    def on_mount(self) -> None:
        """Take the signs of the screen below."""
        self._pane.set_class(getattr(self.app, "is_ascii", False), "-ascii")

    def action_scroll(self, delta: int) -> None:
        """Scroll by a row."""
        self._pane.select(delta)

    def action_page(self, direction: int) -> None:
        """Scroll by a page."""
        self._pane.page(direction)
