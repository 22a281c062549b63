"""The export dialog: a picture, or the data, of the graph at the cursor's moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static
from textual.worker import Worker, WorkerState

from graphlab.errors import GraphlabError
from graphlab.sentences import say_event
from graphlab.store.paths import free_path
from graphlab.tui import messages
from graphlab.tui.block import RowsBlock
from graphlab.tui.recent import OUTPUTS
from graphlab.tui.rows import Row, fit, wrap

if TYPE_CHECKING:
    from textual import events

    from graphlab.recording import Recording
    from graphlab.tui.state import ExplorerState

FORMATS = ("svg", "png", "pdf", "html", "dot", "json", "graphml", "txt", "csv")
RENDERERS = ("graphlab", "torchviz", "networkx")
THEMES = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be written."""

    path: Path
    renderer: str
    theme: str
    has_future: bool


def default_path(name: str, moment: int, ending: str, folder: Path = OUTPUTS) -> Path:
    """Return a path that is not taken yet: `outputs/NAME-e12.svg`."""
    return free_path(folder, f"{name}-e{moment}", f".{ending}")


def write_graph(recording: Recording, moment: int, order: Order) -> Path:
    """Draw the graph at a moment and write it.

    Raises:
        GraphlabError: it cannot be drawn so, or not written there.
    """
    from graphlab.recording import open_recording
    from graphlab.renderers import check_target, render, render_run, write_whole
    from graphlab.renderers.table import gradient_table

    renderer: Any = order.renderer
    theme: Any = order.theme
    if order.path.parent == OUTPUTS:
        OUTPUTS.mkdir(exist_ok=True)  # ours to make; any other folder that is not there is a slip of the pen
    check_target(order.path, renderer=renderer)
    # Another connection: this runs in a thread, and the explorer goes on asking its own recording.
    own = recording if recording.path is None else open_recording(recording.path)
    try:
        if order.path.suffix.lower() == ".csv":
            write_whole(order.path, gradient_table(own).encode())
            return order.path
        if order.path.suffix.lower() == ".html":
            render_run(own, order.path, moment, theme=theme)
            return order.path
        graph = own.graph(at=moment, future=order.has_future)
        render(graph, order.path, renderer=renderer, theme=theme)
    finally:
        if own is not recording:
            own.close()
    return order.path


class ChoiceLine(RowsBlock, can_focus=True):
    """Several words of which one is chosen; ← → choose another, so does a click."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("right,l,space", "turn(1)", "next"),
        ("left,h", "turn(-1)", "previous"),
    ]
    DEFAULT_CSS = "ChoiceLine { height: 1; width: 1fr; }"

    class Turned(Message):
        """Another word was chosen."""

    def __init__(self, words: Sequence[str], *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(self._row, id=id)
        self.words = tuple(words)
        self.index = 0

    @property
    def word(self) -> str:
        """The word that is chosen."""
        return self.words[self.index]

    def choose(self, word: str) -> None:
        """Choose a word without telling anybody."""
        if word in self.words and word != self.word:
            self.index = self.words.index(word)
            self.show(self._row)

    def _row(self, width: int) -> list[Row]:
        row: Row = []
        for index, word in enumerate(self.words):
            is_chosen = index == self.index
            names = ("selected key" if self.has_focus else "bold selected") if is_chosen else "quiet"
            row += [(f"[{word}]" if is_chosen else f" {word} ", names), (" ", "")]
        return [fit(row, width)]

    def action_turn(self, direction: int) -> None:
        """Choose the next or the previous word."""
        self.index = (self.index + direction) % len(self.words)
        self.show(self._row)
        self.post_message(self.Turned())

    def on_focus(self) -> None:
        """Show it."""
        self.show(self._row)

    def on_blur(self) -> None:
        """Show it."""
        self.show(self._row)

    def on_click(self, event: events.Click) -> None:
        """Choose the word under the pointer."""
        start = 0
        for index, word in enumerate(self.words):
            if start <= event.x < start + len(word) + 2:
                self.action_turn(index - self.index)
                return
            start += len(word) + 3


class ExportDialog(ModalScreen[None]):
    """Asks how and where to, and writes the file without holding up the explorer."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss", "leave"),
        ("up", "app.focus_previous", "up"),
        ("down", "app.focus_next", "down"),
        ("enter", "save", "save"),
    ]
    AUTO_FOCUS = "#format"
    DEFAULT_CSS = """
    ExportDialog { align: center middle; background: $background 60%; }
    ExportDialog:ansi { background: transparent; }
    ExportDialog #export {
        width: 76; max-width: 96%; height: auto; max-height: 96%; padding: 0 1;
        border: heavy $accent; background: $surface;
        border-title-color: $foreground; border-title-style: bold; border-subtitle-color: $quiet;
    }
    ExportDialog:ansi #export { border: heavy ansi_default; background: ansi_default; }
    ExportDialog Horizontal { height: 1; }
    ExportDialog .label { width: 11; color: $quiet; }
    ExportDialog #file { width: 1fr; background: $panel; }
    ExportDialog:ansi #file { background: ansi_default; text-style: underline; }
    ExportDialog #answer { margin: 1 0 0 0; }
    ExportDialog #save { margin: 1 0 0 11; background: $primary; color: $background; text-style: bold; }
    ExportDialog #save:focus { background: $accent; }
    ExportDialog:ansi #save { background: ansi_default; color: ansi_default; text-style: reverse; }
    """

    def __init__(self, state: ExplorerState, *, folder: Path = OUTPUTS) -> None:
        super().__init__()
        self.state = state
        self.folder = folder
        self.answer = ""
        """What is said under the form: what goes wrong, or what is being done."""
        self._is_bad = False
        self._confirmed: Path | None = None
        self._worker: Worker[Path] | None = None

    def compose(self) -> ComposeResult:
        """Make the form."""
        with Vertical(id="export") as frame:
            frame.border_title = messages.EXPORT_TITLE
            frame.border_subtitle = messages.EXPORT_KEYS
            yield RowsBlock(self._moment_rows)
            for label, line in (
                (messages.EXPORT_FORMAT, ChoiceLine(FORMATS, id="format")),
                (messages.EXPORT_RENDERER, ChoiceLine(RENDERERS, id="renderer")),
                (messages.EXPORT_THEME, ChoiceLine(messages.EXPORT_THEMES, id="theme")),
                (messages.EXPORT_FUTURE, ChoiceLine(messages.EXPORT_FUTURES, id="future")),
                (messages.EXPORT_FILE, Input(str(self._default("svg")), id="file", compact=True)),
            ):
                yield Horizontal(Static(label, classes="label", markup=False), line)
            yield Button(messages.EXPORT_SAVE, id="save", compact=True)
            yield RowsBlock(self._answer_rows, id="answer")

    def _default(self, ending: str) -> Path:
        return default_path(self.state.recording.facts.scenario or "graph", self.state.moment, ending, self.folder)

    def _moment_rows(self, width: int) -> list[Row]:
        state = self.state
        words = f"e{state.moment}/{state.last}: {say_event(state.recording, state.moment)}"
        return [*(fit([(line, "quiet")], width) for line in wrap(words, max(width, 8))[:2]), fit([], width)]

    def _answer_rows(self, width: int) -> list[Row]:
        style = "alarm" if self._is_bad else "text"
        return [fit([(line, style)], width) for line in wrap(self.answer, max(width, 8))]

    def _say(self, text: str, *, is_bad: bool = False) -> None:
        self.answer, self._is_bad = text, is_bad
        self.query_one("#answer", RowsBlock).show(self._answer_rows)

    # -- the form --------------------------------------------------------------------------------------------------

    @property
    def path(self) -> Path:
        """The file as it is typed."""
        return Path(self.query_one("#file", Input).value.strip()).expanduser()

    def on_choice_line_turned(self, event: ChoiceLine.Turned) -> None:
        """Give the file the ending of the format."""
        self._say("")
        ending = self.query_one("#format", ChoiceLine).word
        line = self.query_one("#file", Input)
        path = self.path
        if path.suffix == f".{ending}" or not path.name:
            return
        is_default = any(str(path) == str(self._default(known)) for known in FORMATS)
        line.value = str(self._default(ending) if is_default else path.with_suffix(f".{ending}"))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Choose the format that the file's ending says."""
        self._confirmed = None
        self.query_one("#format", ChoiceLine).choose(self.path.suffix.lstrip(".").lower())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Save."""
        self.action_save()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Save."""
        self.action_save()

    # -- saving ----------------------------------------------------------------------------------------------------

    def action_save(self) -> None:
        """Write the file in a thread; one that is there already is replaced only on a second Enter."""
        path = self.path
        if self._worker is not None and self._worker.is_running:
            return
        if not path.name or path.is_dir():
            self._say(messages.EXPORT_NO_FILE, is_bad=True)
            return
        if path.exists() and path != self._confirmed:
            self._confirmed = path
            self._say(messages.EXPORT_EXISTS.format(path=path), is_bad=True)
            return
        order = Order(
            path,
            self.query_one("#renderer", ChoiceLine).word,
            THEMES[self.query_one("#theme", ChoiceLine).index],
            self.query_one("#future", ChoiceLine).index == 1,
        )
        recording, moment = self.state.recording, self.state.moment
        self._say(messages.EXPORTING.format(path=path))
        self._worker = self.run_worker(
            lambda: write_graph(recording, moment, order), thread=True, exit_on_error=False, name="export"
        )

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Say what became of it."""
        if event.worker is not self._worker:
            return
        if event.state is WorkerState.SUCCESS:
            self.state.tell(messages.EXPORT_DONE.format(path=event.worker.result))
            self.dismiss()
        elif event.state is WorkerState.ERROR:
            self._say(explain(event.worker.error), is_bad=True)


def explain(error: BaseException | None) -> str:
    """Say an error in one line."""
    if isinstance(error, GraphlabError):
        return str(error)
    if isinstance(error, OSError):
        return messages.EXPORT_FAILED.format(reason=error.strerror or error)
    return messages.EXPORT_FAILED.format(reason=f"{type(error).__name__}: {error}".split("\n", maxsplit=1)[0])
