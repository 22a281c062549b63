"""The quiz by itself, without the explorer: what `graphlab quiz` opens on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graphlab.recording import open_recording
from graphlab.tui.app import GraphlabApp
from graphlab.tui.memory import Memory, memory_path
from graphlab.tui.quiz_screen import QuizScreen

if TYPE_CHECKING:
    from graphlab.quiz import Given, Question


class QuizApp(GraphlabApp):
    """Asks questions about a recording, and ends with the last of them."""

    def __init__(self, recording: Path, questions: Sequence[Question], *, is_ascii: bool = False) -> None:
        super().__init__(recording, is_ascii=is_ascii, memory=Memory(memory_path()))
        self.recording = open_recording(recording)
        self.questions = questions
        self.answers: list[Given] = []

    def open_first(self) -> None:
        """Open the quiz in place of the explorer."""
        screen = QuizScreen(self.recording.reader, self.questions, self.recording.title)
        self.answers = screen.answers
        self.push_screen(screen, lambda _: self.exit(0))
