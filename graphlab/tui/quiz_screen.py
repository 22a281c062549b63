"""The quiz's screen: source and graph as of just before the answer, and the question under them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Static

from graphlab.errors import GraphlabError
from graphlab.quiz.blinders import BlindedRecording
from graphlab.quiz.messages import KINDS
from graphlab.store import Reader
from graphlab.tui import quiz_messages as messages
from graphlab.tui.graph import GraphPane
from graphlab.tui.pane import Pane, RowsPane
from graphlab.tui.quiz_state import QuizState, quiz_rows
from graphlab.tui.rows import Row
from graphlab.tui.source import SourcePane, code_rows
from graphlab.tui.state import ExplorerState

if TYPE_CHECKING:
    from textual import events

    from graphlab.quiz import Given, Question
    from graphlab.tui.explore import ExploreScreen

_VIEW_KEY = "v"


class QuizPane(RowsPane):
    """The question, or what its answer was worth."""

    def __init__(self, quiz: QuizState) -> None:
        super().__init__(id="quiz")
        self.quiz = quiz

    def build(self, width: int, height: int) -> Sequence[Row]:
        return quiz_rows(self.quiz, width)

    def title(self) -> str:
        return messages.SCORE if self.quiz.stage == "score" else KINDS[self.quiz.question.kind]

    def legend(self) -> str:
        return self.quiz.hint


class CodePane(SourcePane):
    """The source alone: where leaves are asked for, the variables beneath it would tell them."""

    def build(self, width: int, height: int) -> Sequence[Row]:
        self._top, rows = code_rows(self.state, width, height, self.chosen)
        return rows


class PlainState(ExplorerState):
    """A look at a recording that marks no leaves."""

    def leaf_lines(self, file: int) -> frozenset[int]:
        """Return no line."""
        return frozenset()


class QuizScreen(Screen[None]):
    """Asks one question after the other; every key is the quiz's own."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "leave", "end"),
        ("enter", "enter", "answer"),
        ("tab", "leave_out", "leave out"),
        ("backspace", "erase", "erase"),
        ("up", "move(-1)", "above"),
        ("down", "move(1)", "below"),
        ("pageup", "page(-1)", "page up"),
        ("pagedown", "page(1)", "page down"),
    ]
    DEFAULT_CSS = """
    QuizScreen { layout: vertical; background: $background; }
    QuizScreen:ansi { background: ansi_default; }
    QuizScreen #quiz-header { height: 1; background: $surface; color: $foreground; padding: 0 1; }
    QuizScreen:ansi #quiz-header { background: ansi_default; }
    QuizScreen #scene { height: 1fr; layout: horizontal; }
    QuizScreen #scene SourcePane { width: 1fr; height: 1fr; }
    QuizScreen #scene GraphPane { width: 1fr; height: 1fr; }
    QuizScreen #no-graph { width: 1fr; height: 1fr; padding: 1 2; color: $quiet; }
    QuizScreen #quiz { height: auto; min-height: 8; max-height: 60%; border: heavy $accent; }
    QuizScreen.-told #quiz { max-height: 75%; }
    QuizScreen.-score #scene { display: none; }
    QuizScreen.-score #quiz { height: 1fr; max-height: 100%; }
    """
    AUTO_FOCUS = "#quiz"

    def __init__(self, reader: Reader, questions: Sequence[Question], title: str) -> None:
        super().__init__()
        self.quiz = QuizState(questions)
        self._reader = reader
        self._title = title
        self._shown: tuple[int, str] | None = None

    @property
    def answers(self) -> list[Given]:
        """What has been answered so far."""
        return self.quiz.answers

    def compose(self) -> ComposeResult:
        """Make the header, room for the panes, and the question."""
        yield Static("", id="quiz-header", markup=False)
        yield Horizontal(id="scene")
        yield QuizPane(self.quiz)

    async def on_mount(self) -> None:
        """Show the first question."""
        self.query_one(QuizPane).set_class(getattr(self.app, "is_ascii", False), "-ascii")
        await self._show()

    async def _show(self) -> None:
        """Show how things stand: the panes anew where another moment is to be seen."""
        quiz = self.quiz
        self.set_class(quiz.stage == "score", "-score")
        self.set_class(quiz.stage == "told", "-told")
        said = messages.HEADER.format(
            title=self._title, number=max(quiz.number, 0) + 1, count=len(quiz.questions), right=quiz.right
        )
        header = f"{messages.TITLE}   {self._title}" if quiz.stage == "score" else said
        self.query_one("#quiz-header", Static).update(header)
        place = (quiz.number, quiz.stage)
        if quiz.stage != "score" and place != self._shown:
            self._shown = place
            await self._set_scene()
        pane = self.query_one(QuizPane)
        # Its height follows its rows, which only the rows' width decides.
        width = max(self.size.width - 4, 10)
        pane.styles.height = "1fr" if quiz.stage == "score" else len(quiz_rows(quiz, width)) + 2
        self.call_after_refresh(self._refresh_panes)

    def _refresh_panes(self) -> None:
        for pane in self.query(RowsPane):
            pane.refresh_rows()

    async def _set_scene(self) -> None:
        """Show source and graph as of the moment of the question, or as of its answer."""
        question, is_told = self.quiz.question, self.quiz.stage == "told"
        moment = question.event if is_told else question.moment
        recording = BlindedRecording(self._reader, moment, is_covered=not is_told)
        is_bare = question.kind == "leaves" and not is_told
        state = (PlainState if is_bare else ExplorerState)(recording, at=moment)
        source = (CodePane if is_bare else SourcePane)(state)
        source.chosen = question.line
        panes: list[Pane | Static] = [source]
        if is_bare:
            pass  # the graph draws leaves as leaves
        elif recording.steps and recording.step_of(moment).detail == "full" and not state.is_large:
            if question.node is not None and (is_told or recording.node(question.node).event <= moment):
                state.choose(question.node)
            panes.append(GraphPane(state))
        else:
            panes.append(Static(messages.NO_GRAPH, id="no-graph", markup=False))
        for pane in panes:
            pane.can_focus = False
            pane.set_class(getattr(self.app, "is_ascii", False), "-ascii")
        scene = self.query_one("#scene", Horizontal)
        await scene.remove_children()
        await scene.mount(*panes)

    async def on_resize(self) -> None:
        """Make room for the question anew."""
        await self._show()

    # -- keys ------------------------------------------------------------------------------------------------------

    async def on_key(self, event: events.Key) -> None:
        """Take letters, digits and signs; the other keys are bindings."""
        if event.character is None or not event.character.isprintable():
            return
        event.stop()
        event.prevent_default()
        is_choice = event.character.lower() in "abcdefghi"[: len(self.quiz.question.choices)] if self._asks else False
        if event.character == _VIEW_KEY and not self.quiz.is_typed and not is_choice:
            for pane in self.query(GraphPane):
                pane.switch_view()
                pane.refresh_rows()
            return
        self.quiz.press(event.character)
        await self._show()

    @property
    def _asks(self) -> bool:
        return self.quiz.stage == "asking"

    async def action_enter(self) -> None:
        """Take the answer, or go on."""
        if self.quiz.stage == "score":
            self._end()
            return
        self.quiz.enter()
        await self._show()

    async def action_leave_out(self) -> None:
        """Give no answer."""
        self.quiz.leave_out()
        await self._show()

    async def action_erase(self) -> None:
        """Take the last sign back."""
        self.quiz.erase()
        await self._show()

    async def action_move(self, delta: int) -> None:
        """Choose the answer above or below; where it is told already, move what does not fit."""
        if not self._asks:
            self.query_one(QuizPane).scroll_relative(y=delta, animate=False)
            return
        self.quiz.move(delta)
        await self._show()

    def action_page(self, direction: int) -> None:
        """Go a page up or down in the graph."""
        for pane in self.query(GraphPane):
            if pane.fills_height:
                pane.pan(0, direction * 2)
            else:
                pane.page(direction)

    async def action_leave(self) -> None:
        """End the quiz: first to the score, where something was answered, then away."""
        if self.quiz.stage == "score" or not self.quiz.answers:
            self._end()
            return
        self.quiz.stage = "score"
        await self._show()

    def _end(self) -> None:
        self.dismiss(None)


def open_quiz(screen: ExploreScreen) -> None:
    """Ask about the recording that is explored; the cursor stays where it is."""
    from graphlab.quiz import choose_questions

    state = screen.state
    if state.recording.is_running:
        state.tell(messages.NOTHING_YET)
        return
    try:
        questions = choose_questions(state.recording)
    except GraphlabError as error:
        state.tell(str(error))
        return
    screen.app.push_screen(QuizScreen(state.recording.reader, questions, state.recording.title))
