"""A run of the script in the background, one of a kind to an explorer: looked at until it has ended.

What the run is for, and what becomes of what it leaves, is said by those that are derived from it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from graphlab.errors import GraphlabError
from graphlab.tui import messages

if TYPE_CHECKING:
    from graphlab.recording import Recording
    from graphlab.tui.child import Child
    from graphlab.tui.explore import ExploreScreen

LOOK_SECONDS = 0.2


class WatchedRun:
    """A child process that runs the script again while its explorer stays open.

    Args:
        screen: the explorer, whose state is told what came out.
    """

    def __init__(self, screen: ExploreScreen) -> None:
        self._screen = screen
        self._child: Child | None = None

    @property
    def badge(self) -> str:
        """What the header says while it runs."""
        return self._describe() if self._child is not None else ""

    def stop(self) -> None:
        """Leave no run behind."""
        if self._child is not None and self._child.is_running:
            self._child.cancel(0.2)
        self._child = None

    def _describe(self) -> str:
        """Say what is under way."""
        raise NotImplementedError

    def _has_ended(self, child: Child, status: int) -> None:
        """Do something with what a run has left; it ends with `_end`, or gives way to another explorer."""
        raise NotImplementedError

    def _is_stopped(self) -> bool:
        """Stop the run that is under way; False where there is none."""
        if self._child is None:
            return False
        self._child.cancel()
        self._end(messages.REPLAY_STOPPED)
        return True

    def _begin(self, start: Callable[[], Child], said: str) -> None:
        """Start a run, and say so."""
        try:
            self._child = start()
        except GraphlabError as error:
            self._screen.state.tell(str(error))
            return
        self._screen.state.tell(said)
        self._screen.set_timer(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        child = self._child
        if child is None:
            return
        status = child.poll()
        if status is None:
            self._screen.set_timer(LOOK_SECONDS, self._look)
            return
        self._has_ended(child, status)

    def _end(self, said: str) -> None:
        self._child = None
        self._screen.state.tell(said)
        self._screen.state_changed()


def why_not(recording: Recording) -> str:
    """Say why the script of a recording cannot run again; empty where it can."""
    if recording.is_running:
        return messages.REPLAY_LATER
    if recording.path is None or recording.origin is None:
        return messages.NO_ORIGIN
    return ""


def own_words(child: Child) -> list[str]:
    """Return the lines in which the program itself has said something, after a moment for the last of them."""
    child.wait(0.5)
    return [line.removeprefix("graphlab: ") for line in child.tail().split("\n") if line.startswith("graphlab:")]
