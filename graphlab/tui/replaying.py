"""Records a step of a light recording in full: the script runs again in the background meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from graphlab.errors import GraphlabError
from graphlab.recording import open_recording
from graphlab.store.paths import free_path
from graphlab.tui import messages
from graphlab.tui.child import Child, start_replay
from graphlab.tui.watched import LOOK_SECONDS, WatchedRun, own_words, why_not

if TYPE_CHECKING:
    from pathlib import Path

    from graphlab.tui.explore import ExploreScreen


Then = Callable[["ExploreScreen"], None]
"""What is done in the explorer of the new recording."""


class Replayer(WatchedRun):
    """One explorer's replay; the explorer gives way to the recording that it makes."""

    def __init__(self, screen: ExploreScreen) -> None:
        super().__init__(screen)
        self._step = 0
        self._then: Then | None = None

    def start(self, number: int | None = None, then: Then | None = None) -> None:
        """Record a step in full (the cursor's, if none is named), where it is not; a second time stops it.

        Args:
            number: the step.
            then: what is done in the explorer of the new recording.
        """
        if self._is_stopped():
            return
        state = self._screen.state
        reason = why_not(state.recording)
        step = state.step.step if number is None and state.step is not None else number
        if reason or step is None:
            state.tell(reason or messages.NOTHING_YET)
        elif state.recording.step(step).detail == "full":
            state.tell(messages.STEP_IS_FULL.format(step=step))
        else:
            path = state.recording.path
            assert path is not None
            self._step, self._then = step, then
            output = free_path(path.parent, f"{path.stem}-replay")
            self._begin(partial(start_replay, path, step, output), messages.REPLAY_BEGINS.format(step=step))

    def _describe(self) -> str:
        return messages.REPLAYING.format(step=self._step)

    def _has_ended(self, child: Child, status: int) -> None:
        # A script that raises does so once more, and its recording is whole all the same.
        if status == 0 or (status == 1 and child.path.is_file() and not _has_parted(own_words(child))):
            self._child = None
            self._open(child.path)
            return
        said = own_words(child)
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
        starts = [span.first for span in recording.spans_of(self._step) if span.phase == "forward"]
        app = self._screen.app
        app.explore(recording, at=starts[0] if starts else step.first, instead=self._screen)  # type: ignore[attr-defined]  # our app
        explorer: ExploreScreen = app.screen_stack[-1]  # type: ignore[assignment]  # as above
        said, then = messages.REPLAYED.format(step=self._step, path=path), self._then

        def begin() -> None:
            explorer.state.tell(said)
            if then is not None:
                then(explorer)

        explorer.set_timer(LOOK_SECONDS, begin)  # once it has painted itself


def _has_parted(said: list[str]) -> bool:
    return any(line.startswith(messages.PARTED) for line in said)
