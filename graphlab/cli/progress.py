"""Tells how a run goes on: one row a training step, and on a terminal a line that moves."""

from __future__ import annotations

import math
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from graphlab.cli import messages
from graphlab.cli.output import obeys, write_json, write_line
from graphlab.errors import GraphlabError
from graphlab.model import LeafGradient, Step
from graphlab.recording import Recording, open_recording
from graphlab.report import report_step
from graphlab.sentences import format_number

_SECONDS, _MOST_SECONDS = 0.25, 2.0
"""How long it takes at least, and at most, until there is news again."""
_SHARE = 0.02
"""Of the run's time, what reading and writing the rows of steps may take: they are told while the script waits."""
_MOST = 20
"""Steps that are told at a time at most, where more have ended since the last time: the newest."""
_SHOWN = 4
"""Leaves whose gradient norm stands in a row."""
_WIDTH = len("1.2346e+07")
"""Room for any norm, so that rows stand below each other when numbers grow."""


class Progress:
    """Follows a recording while it is written, by reading what has been committed.

    Args:
        path: the recording.
        parameters: the script's; STEPS tells how far there is to go.
        results: where each step goes as a line of JSON, or None for rows on stderr.
        has_rows: False leaves the rows out.
    """

    def __init__(
        self, path: Path, parameters: Mapping[str, Any], results: TextIO | None, *, has_rows: bool = True
    ) -> None:
        self._path = path
        steps = parameters.get("STEPS")
        self._total = steps if isinstance(steps, int) and steps > 0 else None
        self._results = results
        self._has_rows = has_rows
        self._recording: Recording | None = None
        self._told = 0
        self._pause = _SECONDS
        self._row_seconds = 0.001
        """What telling a step takes, as far as is known."""
        self._looked_at = time.monotonic()
        self._line = ""
        # As it is now: while the script runs, what stands there records its words, and our rows are none of them.
        self._stream = sys.stderr
        self._is_terminal = results is None and obeys(sys.stderr)

    @property
    def before_print(self) -> Callable[[], None] | None:
        """What is to happen before the script prints: None where no line moves, for it would be asked each time."""
        return self.clear_line if self._is_terminal else None

    def tell(self, text: str) -> None:
        """Say one line to the person."""
        self.clear_line()
        write_line(messages.FAILURE.format(message=text), self._stream)

    def look(self, events: int) -> None:
        """Show what is new, now and then; called whenever rows may have been committed."""
        now = time.monotonic()
        if now - self._looked_at < self._pause:
            return
        self._tell_steps(is_done=False)
        if self._is_terminal:
            self._show_line(events)
        self._looked_at = time.monotonic()
        self._pause = min(max(_SECONDS, (self._looked_at - now) / _SHARE), _MOST_SECONDS)

    def finish(self, *, is_told: bool = False) -> None:
        """Show the rest, after the recording was closed; is_told: the person knows what is wrong with it."""
        self.clear_line()
        self._tell_steps(is_done=True, is_told=is_told)
        if self._recording is not None:
            self._recording.close()

    def clear_line(self) -> None:
        """Take the moving line away, before anything else is printed."""
        if self._line:
            self._line = ""
            sys.__stderr__.write("\r\x1b[2K")  # type: ignore[union-attr]  # _is_terminal says that it is there
            sys.__stderr__.flush()  # type: ignore[union-attr]

    def _show_line(self, events: int) -> None:
        done = f"{self._told}/{self._total}" if self._total else str(self._told)
        bar = ""
        if self._total:
            filled = min(20, 20 * self._told // self._total)
            bar = f"{'━' * filled}{'─' * (20 - filled)} "
        self.clear_line()
        width = shutil.get_terminal_size().columns
        self._line = messages.PROGRESS.format(bar=bar, steps=done, events=events)[: width - 1]
        sys.__stderr__.write(self._line)  # type: ignore[union-attr]
        sys.__stderr__.flush()  # type: ignore[union-attr]

    def _tell_steps(self, *, is_done: bool, is_told: bool = False) -> None:
        """Tell the steps that have ended; the last of a run under way may not have."""
        try:
            if self._recording is None:
                self._recording = open_recording(self._path)
            else:
                self._recording.refresh()
            recording = self._recording
            ended = len(recording.steps) if is_done else len(recording.steps) - 1
            first = self._told + 1
            if self._results is None and not is_done:
                first = max(first, ended + 1 - self._affordable())
            if self._has_rows and first <= ended:
                began = time.perf_counter()
                for number in range(first, ended + 1):
                    self._tell_step(recording, number)
                self._row_seconds = (time.perf_counter() - began) / (ended + 1 - first)
            self._told = max(self._told, ended)
            recording.light.blocks.forget(self._told)
        except GraphlabError as error:
            if is_done and not is_told:
                self.tell(str(error))

    def _affordable(self) -> int:
        """Return how many rows of steps there is time for since the last ones: one at least, the newest."""
        seconds = _SHARE * (time.monotonic() - self._looked_at)
        return max(1, min(_MOST, int(seconds / max(self._row_seconds, 1e-6))))

    def _tell_step(self, recording: Recording, number: int) -> None:
        if self._results is not None:
            write_json(report_step(recording, number), self._results)
            self._results.flush()
            return
        step = recording.step(number)
        leaves = recording.step_gradients(number)
        if step.loss is None and not leaves:
            return  # no backward, nothing to learn from it
        self.clear_line()
        width = shutil.get_terminal_size().columns if self._is_terminal else None
        write_line(step_row(step, leaves, width), self._stream)


def step_row(step: Step, leaves: Sequence[LeafGradient], width: int | None) -> str:
    """Return the row of a step, with as many of its leaves as a terminal so wide has room for."""
    row = ""
    for shown in range(min(len(leaves), _SHOWN), -1, -1):
        norms = [_say_leaf(leaf) for leaf in leaves[:shown]]
        if len(leaves) > shown:
            known = [leaf.gradient.statistics.norm or 0.0 for leaf in leaves if leaf.gradient is not None]
            norms.insert(0, messages.ALL_LEAVES.format(norm=f"{format_number(math.hypot(*known)):<{_WIDTH}}"))
        more = messages.MORE_LEAVES.format(count=len(leaves) - shown) if 0 < shown < len(leaves) else ""
        loss = format_number(step.loss)
        row = messages.STEP_ROW.format(step=step.step, loss=loss, norms="  ".join(norms), more=more).rstrip()
        if width is None or len(row) < width:
            break
    return row


def _say_leaf(leaf: LeafGradient) -> str:
    norm = format_number(leaf.gradient.statistics.norm) if leaf.gradient is not None else None
    return f"{leaf.name} {norm!s:<{_WIDTH}}"
