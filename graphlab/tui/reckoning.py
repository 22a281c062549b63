"""Reckons beside the explorer which paths carry a gradient, where a graph is so large that it takes seconds.

A thread with a reader of its own, so that keys answer meanwhile; who looks on asks again until the answer is there.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from graphlab.errors import GraphlabError
from graphlab.recording import open_recording

if TYPE_CHECKING:
    from graphlab.analysis.rules.paths import Contributions

_Question = tuple[int, int]
"""A leaf, and the event that began the backward."""


class Reckoning:
    """What was asked of one recording, and what is known by now."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[_Question, Contributions] = {}
        self._threads: dict[_Question, Thread] = {}

    def contributions(self, leaf: int, start: int) -> Contributions | None:
        """Return what each path brings to a leaf, or None while that is being reckoned."""
        question = leaf, start
        if question not in self._threads:
            # A daemon: whoever leaves the explorer does not wait for it.
            self._threads[question] = Thread(target=self._reckon, args=question, name="graphlab-paths", daemon=True)
            self._threads[question].start()
        return self._known.get(question)

    def _reckon(self, leaf: int, start: int) -> None:
        from graphlab.analysis.rules.paths import Contributions, find_contributions

        try:
            with contextlib.closing(open_recording(self._path)) as recording:
                found = find_contributions(recording, recording.node(leaf), start)
        except GraphlabError as error:
            found = Contributions(leaf, start, (), None, "path", str(error))
        self._known[leaf, start] = found
