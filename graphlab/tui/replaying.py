"""Records a step of a light recording in full: the script runs again in the background meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphlab.errors import GraphlabError
from graphlab.recording import open_recording
from graphlab.store.paths import free_path
from graphlab.tui import messages
from graphlab.tui.child import Child, start_replay

if TYPE_CHECKING:
    from pathlib import Path

    from graphlab.recording import Recording
    from graphlab.tui.explore import ExploreScreen

_LOOK_SECONDS = 0.2


class Replayer:
    """One explorer's replay, of which there is one at a time.

    Args:
        screen: the explorer, which gives way to the new recording.
    """

    def __init__(self, screen: ExploreScreen) -> None:
        self._screen = screen
        self._child: Child | None = None
        self._step = 0

    @property
    def badge(self) -> str:
        """What the header says while a replay runs."""
        return messages.REPLAYING.format(step=self._step) if self._child is not None else ""

    def start(self) -> None:
        """Record the cursor's step in full, where it is not; a second time stops it."""
        state = self._screen.state
        if self._child is not None:
            self._child.cancel()
            self._end(messages.REPLAY_STOPPED)
            return
        reason = _why_not(state.recording)
        step = state.step
        if reason or step is None:
            state.tell(reason or messages.NOTHING_YET)
        elif step.detail == "full":
            state.tell(messages.STEP_IS_FULL.format(step=step.step))
        else:
            path = state.recording.path
            assert path is not None
            self._step = step.step
            try:
                self._child = start_replay(path, step.step, free_path(path.parent, f"{path.stem}-replay"))
            except GraphlabError as error:
                state.tell(str(error))
                return
            state.tell(messages.REPLAY_BEGINS.format(step=step.step))
            self._screen.set_timer(_LOOK_SECONDS, self._look)

    def stop(self) -> None:
        """Leave no run behind."""
        if self._child is not None and self._child.is_running:
            self._child.cancel(0.2)
        self._child = None

    def _look(self) -> None:
        child = self._child
        if child is None:
            return
        status = child.poll()
        if status is None:
            self._screen.set_timer(_LOOK_SECONDS, self._look)
        elif status == 0:
            self._child = None
            self._open(child.path)
        else:
            child.wait(0.2)
            said = [
                line.removeprefix("graphlab: ") for line in child.tail().split("\n") if line.startswith("graphlab:")
            ]
            parted = [line for line in said if line.startswith(messages.PARTED)]
            self._end((parted or said or [child.last_words()])[-1])

    def _open(self, path: Path) -> None:
        """Go to the step, where its forward begins."""
        try:
            recording = open_recording(path)
            step = recording.step(self._step)
        except GraphlabError as error:
            self._end(str(error))
            return
        starts = [span.first for span in recording.spans_of(step.step) if span.phase == "forward"]
        app = self._screen.app
        app.explore(recording, at=starts[0] if starts else step.first, instead=self._screen)  # type: ignore[attr-defined]  # our app
        explorer: ExploreScreen = app.screen_stack[-1]  # type: ignore[assignment]  # as above
        said = messages.REPLAYED.format(step=self._step, path=path)
        explorer.set_timer(_LOOK_SECONDS, lambda: explorer.state.tell(said))  # once it has painted itself

    def _end(self, said: str) -> None:
        self._child = None
        self._screen.state.tell(said)
        self._screen.state_changed()


def _why_not(recording: Recording) -> str:
    if recording.is_running:
        return messages.REPLAY_LATER
    if recording.path is None or recording.origin is None:
        return messages.NO_ORIGIN
    return ""
