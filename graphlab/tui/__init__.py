"""The terminal UI: a textual app that looks at recordings. Importing this package imports nothing of textual."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphlab.quiz import Given, Question
    from graphlab.tui.child import Child


def run_explorer(
    recording: Path,
    *,
    at: int | None = None,
    ascii_only: bool = False,
    mouse: bool = True,
    child: Child | None = None,
) -> int:
    """Open the explorer on a recording, also one that a child process is about to write; return the exit status.

    Raises:
        RecordingError: it is missing, damaged, no recording, or of a newer format.
    """
    from graphlab.recording import open_recording

    if child is None:
        # Before the terminal is taken over, so that a bad file is one line and not a screen.
        open_recording(recording).close()
    from graphlab.tui.app import GraphlabApp
    from graphlab.tui.memory import Memory, memory_path

    app = GraphlabApp(recording, at=at, is_ascii=ascii_only, child=child, memory=Memory(memory_path()))
    app.run(mouse=mouse)
    has_failed = child is not None and not child.is_cancelled and child.poll() not in {None, 0}
    return app.return_code or int(has_failed)


def run_gallery(*, ascii_only: bool = False, mouse: bool = True) -> int:
    """Open the gallery of scenarios and recordings; return the exit status."""
    from graphlab.tui.app import GraphlabApp
    from graphlab.tui.memory import Memory, memory_path

    app = GraphlabApp(None, is_ascii=ascii_only, memory=Memory(memory_path()))
    app.run(mouse=mouse)
    return app.return_code or 0


def run_quiz(
    recording: Path, questions: Sequence[Question], *, ascii_only: bool = False, mouse: bool = True
) -> list[Given]:
    """Ask questions about a recording on the screen; return what was answered, as far as somebody answered."""
    from graphlab.tui.quiz_app import QuizApp

    app = QuizApp(recording, questions, is_ascii=ascii_only)
    app.run(mouse=mouse)
    return app.answers


def press_keys(
    recording: Path,
    keys: str,
    *,
    at: int | None = None,
    size: tuple[int, int] = (120, 40),
    screenshot: Path,
    ascii_only: bool = False,
) -> int:
    """Open the explorer without a terminal, press keys, and write what is on the screen as `.svg` or `.txt`.

    Raises:
        RecordingError: the recording cannot be opened.
        UsageError: the picture's ending is none of the two.
    """
    from graphlab.tui.headless import press

    press(recording, keys, at=at, size=size, screenshot=screenshot, is_ascii=ascii_only)
    return 0
