"""The first line of the screen: which scenario, phase, event and step, what just ran, and whether there is more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from graphlab.language import _
from graphlab.sentences import phase_of
from graphlab.tui import messages
from graphlab.tui.brief import say_within
from graphlab.tui.pane import paint
from graphlab.tui.rows import Row, fit, row_width, shorten, spread
from graphlab.tui.theme import palette_of

if TYPE_CHECKING:
    from graphlab.tui.state import ExplorerState


def header_row(state: ExplorerState, width: int, *, trouble: str = "", doing: str = "") -> Row:
    """Return the header; where it is too narrow, the sentence gives way and then the badge."""
    facts = state.recording.facts
    phase = phase_of(state.recording, state.moment)
    step = state.step
    # A narrow screen has no room to say what everybody knows.
    left: Row = [(f" {messages.APP} ", "quiet")] if width >= 100 else []
    left += [(f" {shorten(facts.scenario, max(width // 5, 8))} ", "title"), (" ", "")]
    left += [
        (f" {messages.PHASES[phase]} ", f"on{state.recording.span_of(state.moment).phase}"),
        (f" e{state.moment}", "bold"),
    ]
    left.append((f"/{state.last}", "quiet"))
    if step is not None and len(state.recording.steps) > 1:
        left += [(_(" step "), "quiet"), (f"{step.step}", "bold"), (f"/{len(state.recording.steps)}", "quiet")]
    if step is not None and step.detail == "light" and width >= 100:
        left += [(" ", ""), (f" {messages.LIGHT} ", "badge")]
    right = _right(state, trouble or doing, width)
    if row_width(right) > width // 2:
        right = []
    left.append(("  ", ""))
    left += _sentence(state, width - row_width(left) - row_width(right))
    return spread(left, right, width)


def _sentence(state: ExplorerState, room: int) -> Row:
    if state.last == 0:
        return [(messages.NOTHING_YET, "quiet")]
    if state.moment == 0:
        return [(messages.NOTHING_RAN, "quiet")]
    event = state.event
    verb = _("ran ") if event is not None and event.kind in {"line", "op"} else ""
    style = "alarm" if event is not None and event.kind == "error" else "text"
    return [(verb, "quiet"), (say_within(state.recording, state.moment, max(room - len(verb), 1)), style)]


def _right(state: ExplorerState, trouble: str, width: int) -> Row:
    right: Row = [("  ", "")]
    if trouble:
        right += [(f" {trouble} ", "badge"), (" ", "")]
    elif state.recording.is_running:
        right += [(f" {messages.RUNNING} ", "badge"), (" ", "")]
    elif state.recording.facts.status == "cut_off":
        right += [(f" {messages.RECORDER_DIED_SHORT} ", "badge"), (" ", "")]
    if state.is_playing:
        right.append((f"{messages.PLAYING} {state.speed:g}/s ", "cursor"))
    if not state.is_at_end:
        right.append((f"{messages.NOT_AT_END if width >= 100 else messages.NOT_AT_END_SHORT} ", "quiet"))
    return right


class HeaderLine(Widget):
    """The header as a widget of one line."""

    DEFAULT_CSS = """
    HeaderLine { dock: top; height: 1; background: $surface; color: $foreground; }
    HeaderLine:ansi { background: ansi_default; }
    """

    def __init__(self, state: ExplorerState, *, id: str | None = None) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self.state = state
        self.trouble = ""
        self.doing = ""
        """What goes on in the background."""

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 1

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        row = header_row(self.state, width, trouble=self.trouble, doing=self.doing) if y == 0 else fit([], width)
        palette = palette_of(self.app.theme, has_colour=not self.app.no_color)
        return paint(row, width, palette, self.rich_style, is_ascii=self.has_class("-ascii"))
