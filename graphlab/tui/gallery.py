"""The gallery: scenarios to record and recordings to open. It is what `graphlab` without a word shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Button, Input

from graphlab.errors import GraphlabError, ScenarioError, UsageError
from graphlab.scenario import list_scenarios
from graphlab.store.paths import free_path
from graphlab.tui import messages
from graphlab.tui.block import RowsBlock
from graphlab.tui.child import Child, start_recording
from graphlab.tui.footer import KeyLine
from graphlab.tui.gallery_detail import ScenarioDetail
from graphlab.tui.gallery_rows import TALL, Entry, entry_rows, make_entries, matching, newest_by_scenario, recent_rows
from graphlab.tui.keys import bindings_of
from graphlab.tui.pane import RowsPane
from graphlab.tui.recent import OUTPUTS, Recent, recent_recordings
from graphlab.tui.rows import Row, fit, spread

if TYPE_CHECKING:
    from textual.timer import Timer

    from graphlab.tui.run_dialog import Outcome

_SETTLE_SECONDS = 0.06
"""A selection that moves on within this time is not worth showing in full."""

Recorder = Callable[[str, Path, dict[str, str]], Child]


class ChoicePane(RowsPane):
    """A list of which one is chosen."""

    def __init__(self, title: str, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self._words = title
        self.chosen = 0

    @property
    def count(self) -> int:
        """How many there are to choose from."""
        return 0

    def title(self) -> str:
        return self._words

    def select(self, delta: int) -> None:
        """Choose another."""
        self.choose(self.chosen + delta)

    def choose(self, index: int) -> None:
        """Choose one, by its number."""
        self.chosen = min(max(index, 0), max(self.count - 1, 0))
        self.refresh_rows()
        screen = self.screen
        if isinstance(screen, GalleryScreen):
            screen.chosen_changed(self)

    def page(self, direction: int) -> None:
        """Go a page up or down."""
        self.select(direction * max(self.size.height // 2 - 1, 1))


class ScenarioPane(ChoicePane):
    """The scenarios, by section."""

    def __init__(self) -> None:
        super().__init__(messages.SCENARIOS, id="scenarios")
        self.entries: list[Entry] = []
        self.newest: dict[str, Recent] = {}
        self.hint = ""
        self._owners: list[int | None] = []

    @property
    def count(self) -> int:
        return len(self.entries)

    @property
    def entry(self) -> Entry | None:
        """The entry that is chosen."""
        return self.entries[self.chosen] if self.entries else None

    def build(self, width: int, height: int) -> Sequence[Row]:
        if not self.entries:
            self._owners = []
            return [fit([(f" {self.hint}", "quiet")], width)]
        rows, self._owners = entry_rows(self.entries, self.chosen, self.newest, width, is_tall=height >= TALL)
        return rows

    def wanted_row(self) -> int | None:
        if not self.chosen:
            return 0  # with the head of its section
        return self._owners.index(self.chosen) if self.chosen in self._owners else None

    def click(self, x: int, y: int) -> None:
        """Choose what is clicked; a click on what is chosen already records it."""
        owner = self._owners[y] if 0 <= y < len(self._owners) else None
        if owner is None:
            return
        if owner == self.chosen and isinstance(self.screen, GalleryScreen):
            self.screen.action_enter()
        else:
            self.choose(owner)


class RecentPane(ChoicePane):
    """The recordings, newest first."""

    def __init__(self) -> None:
        super().__init__(messages.RECENTS, id="recents")
        self.recents: list[Recent] = []

    @property
    def count(self) -> int:
        return len(self.recents)

    @property
    def recent(self) -> Recent | None:
        """The recording that is chosen."""
        return self.recents[self.chosen] if self.recents else None

    def build(self, width: int, height: int) -> Sequence[Row]:
        return recent_rows(self.recents, self.chosen if self.has_focus else -1, width)

    def wanted_row(self) -> int | None:
        return self.chosen

    def on_focus(self) -> None:
        """Show which one is chosen only while Enter would open it."""
        self.refresh_rows()

    def on_blur(self) -> None:
        """Show none."""
        self.refresh_rows()

    def click(self, x: int, y: int) -> None:
        """Choose what is clicked; a click on what is chosen already opens it."""
        if not 0 <= y < self.count:
            return
        if y == self.chosen and isinstance(self.screen, GalleryScreen):
            self.screen.action_enter()
        else:
            self.choose(y)


class GalleryScreen(Screen[None]):
    """Scenarios at the left, what they are about at the right, recordings below."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("gallery")]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]  # noqa: RUF012 - as textual declares it
    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-middle"), (36, "-tall")]  # noqa: RUF012 - as above
    AUTO_FOCUS = "#scenarios"

    def __init__(self, *, folder: Path = OUTPUTS, recorder: Recorder | None = None, chosen: str = "") -> None:
        super().__init__()
        self.folder = folder
        self._first = chosen
        """The scenario to begin with, by its name."""
        self._recorder = recorder or _record
        self._all: list[Entry] = []
        self._settling: Timer | None = None
        self.is_filled = False
        """Whether the scenarios have been read: the first paint does not wait for them."""

    def compose(self) -> ComposeResult:
        """Make the parts."""
        yield RowsBlock(self._header, id="gallery-header")
        yield Input(placeholder=messages.FILTER_HINT, id="filter", compact=True)
        with Horizontal(id="gallery-body"):
            yield ScenarioPane()
            yield ScenarioDetail(id="detail")
        yield RecentPane()
        yield KeyLine("gallery", id="keys")

    def on_mount(self) -> None:
        """Take the signs of the app, and fill the lists after the first paint."""
        is_ascii = getattr(self.app, "is_ascii", False)
        for widget in self.query("RowsPane, KeyLine, ScenarioDetail"):
            widget.set_class(is_ascii, "-ascii")
        self.query_one("#filter").display = False
        self.call_after_refresh(self._fill)

    async def _fill(self) -> None:
        problems: list[ScenarioError] = []
        self._all = make_entries(list_scenarios(problems), problems)
        pane = self.scenarios
        pane.entries, pane.hint = self._all, messages.NO_SCENARIOS
        pane.chosen = next((index for index, entry in enumerate(self._all) if entry.name == self._first != ""), 0)
        self.is_filled = True
        self.look_again()
        self.call_after_refresh(self._show_chosen)

    def on_screen_resume(self) -> None:
        """Look what has been recorded since."""
        if self.is_filled:
            self.look_again()

    # -- what is shown ---------------------------------------------------------------------------------------------

    @property
    def scenarios(self) -> ScenarioPane:
        """The list of scenarios."""
        return self.query_one(ScenarioPane)

    @property
    def recents(self) -> RecentPane:
        """The list of recordings."""
        return self.query_one(RecentPane)

    @property
    def detail(self) -> ScenarioDetail:
        """The right side."""
        return self.query_one(ScenarioDetail)

    def _header(self, width: int) -> Sequence[Row]:
        counts = messages.GALLERY_COUNTS.format(
            scenarios=sum(entry.scenario is not None for entry in self._all),
            recordings=len(self.recents.recents) if self.is_mounted else 0,
            folder=f"{self.folder}/",
        )
        left: Row = [(f" {messages.APP} ", "quiet"), (f" {messages.GALLERY} ", "title")]
        return [spread(left, [(f"{counts} ", "quiet")], width)]

    def look_again(self) -> None:
        """Read the folder of recordings again."""
        self.recents.recents = recent_recordings(self.folder)
        self.scenarios.newest = newest_by_scenario(self.recents.recents)
        self.recents.choose(self.recents.chosen)
        self.scenarios.refresh_rows()
        self.query_one("#gallery-header", RowsBlock).show(self._header)

    def chosen_changed(self, pane: ChoicePane) -> None:
        """Tell of another scenario: its title at once, the rest when the selection rests."""
        entry = self.scenarios.entry
        if pane is not self.scenarios or entry is None:
            return
        self.detail.show_head(entry, self.scenarios.newest.get(entry.name))
        if self._settling is not None:
            self._settling.stop()
        self._settling = self.set_timer(_SETTLE_SECONDS, self._show_chosen)

    async def _show_chosen(self) -> None:
        entry = self.scenarios.entry
        if entry is not None:
            await self.detail.show(entry, self.scenarios.newest.get(entry.name))

    def say(self, text: str) -> None:
        """Say something in the last line."""
        line = self.query_one(KeyLine)
        line.notice = text
        line.refresh()

    def on_resize(self) -> None:
        """Nothing said before fits the new size."""
        self.say("")

    # -- keys ------------------------------------------------------------------------------------------------------

    def action_select(self, delta: int) -> None:
        """Choose the row above or below; in the parameters the line above or below."""
        self.say("")
        focused = self.focused
        if isinstance(focused, ChoicePane):
            focused.select(delta)
        elif isinstance(focused, Input) and focused.id == "filter":
            self.scenarios.select(delta)
        else:
            self.detail.focus_line(delta)

    def action_page(self, direction: int) -> None:
        """Go a page up or down, in the list or in the text."""
        if isinstance(self.focused, ChoicePane):
            self.focused.page(direction)
        else:
            self.detail.scroll_relative(y=direction * max(self.detail.size.height - 1, 1), animate=False)

    def action_sideways(self, direction: int) -> None:
        """Scroll the text at the right while the list keeps the focus."""
        self.detail.scroll_relative(y=direction * 4, animate=False)

    def action_first(self) -> None:
        """Choose the first."""
        if isinstance(self.focused, ChoicePane):
            self.focused.choose(0)

    def action_last(self) -> None:
        """Choose the last."""
        if isinstance(self.focused, ChoicePane):
            self.focused.choose(self.focused.count - 1)

    def action_parameters(self) -> None:
        """Change the parameters."""
        if self.detail.lines:
            self.detail.focus_line()
        else:
            self.say(messages.NO_PARAMETERS)

    def action_reset(self) -> None:
        """Take the parameters' defaults back."""
        self.detail.reset()

    def action_find(self) -> None:
        """Filter the scenarios."""
        line = self.query_one("#filter", Input)
        line.display = True
        line.focus()

    def action_release(self) -> None:
        """Step by step: out of the parameters, out of the filter, out of the gallery."""
        line = self.query_one("#filter", Input)
        if line.display:
            line.value = ""
            line.display = False
            self.scenarios.focus()
        elif not self.scenarios.has_focus:
            self.scenarios.focus()
        elif len(self.app.screen_stack) > 2:
            self.dismiss()

    def action_help(self) -> None:
        """Show the keys."""
        from graphlab.tui.dialogs import HelpScreen

        self.app.push_screen(HelpScreen("gallery"))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while typing."""
        if event.input.id != "filter":
            return
        pane = self.scenarios
        before = pane.entry
        pane.entries = matching(self._all, event.value)
        pane.hint = messages.NO_ENTRY_MATCHES
        pane.choose(pane.entries.index(before) if before in pane.entries else 0)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go from the filter to the list, and from the parameters to the recording."""
        if event.input.id == "filter":
            self.scenarios.focus()
        else:
            self.record()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Record."""
        self.record()

    def action_enter(self) -> None:
        """Record the scenario, or open the recording."""
        if self.recents.has_focus:
            if self.recents.recent is not None:
                self.open(self.recents.recent.path)
        else:
            self.record()

    # -- recording and opening -------------------------------------------------------------------------------------

    def record(self) -> None:
        """Record the chosen scenario in a child process, and open it as soon as there is something to see."""
        entry = self.scenarios.entry
        if entry is None or entry.scenario is None:
            self.say(entry.problem if entry is not None else messages.NO_SCENARIOS)
            return
        try:
            settings = self.detail.settings() if self.detail.entry == entry else {}
            path = free_path(self.folder, entry.name)
            child = self._recorder(entry.name, path, settings)
        except UsageError as error:
            self.say(str(error))
            bad = self.detail.first_bad()
            if bad is not None:
                bad.line.focus()
            return
        except (GraphlabError, OSError) as error:
            self.say(str(error))
            return
        self._follow(child, entry.name)

    def _follow(self, child: Child, name: str) -> None:
        from graphlab.tui.run_dialog import RunDialog

        def ended(outcome: Outcome | None) -> None:
            if outcome == "open":
                self.open(child.path, child)
            elif outcome == "cancelled":
                is_kept = child.path.exists()
                self.say(messages.CANCELLED.format(path=child.path) if is_kept else messages.CANCELLED_EMPTY)
            self.look_again()

        self.app.push_screen(RunDialog(child, name), ended)

    def open(self, path: Path, child: Child | None = None) -> None:
        """Open a recording in the explorer."""
        from graphlab.tui.app import GraphlabApp

        app = self.app
        if isinstance(app, GraphlabApp):
            try:
                app.open_recording(path, child=child)
            except GraphlabError as error:
                self.say(str(error))


def _record(name: str, path: Path, settings: dict[str, str]) -> Child:
    return start_recording([name], path, settings=settings)
