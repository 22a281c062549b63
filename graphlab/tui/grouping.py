"""Finds beside the explorer what belongs together in a large graph, which takes seconds.

A thread with a reader of its own, so that keys answer meanwhile; who looks on asks again until the answer is there.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from graphlab.errors import GraphlabError
from graphlab.recording import open_recording

if TYPE_CHECKING:
    from graphlab.recording import Recording
    from graphlab.tui.box_groups import GroupTree

_Question = tuple[int, int]
"""A step, and how many nodes it had: it may be growing."""
_SWITCH_SECONDS = 0.0002
_KEPT = 2
"""Trees of large graphs that are kept; each takes as much memory as its graph."""


class Grouping:
    """The groups of one recording's large graphs, one found after the other."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[_Question, GroupTree | None] = {}
        self._thread: Thread | None = None
        self._is_owed = False

    @property
    def is_busy(self) -> bool:
        """Whether groups are being found."""
        return self._thread is not None and self._thread.is_alive()

    def take_owed(self) -> bool:
        """Return whether an answer is owed to whoever asked last, and so shall ask again; a word said once."""
        is_owed, self._is_owed = self._is_owed, False
        return is_owed

    def tree(self, recording: Recording, step: int, count: int) -> GroupTree | None:
        """Return the groups of a step; None while they are being found, and where they cannot be.

        Args:
            recording: what the groups shall read from, once they are found.
        """
        question = step, count
        if question not in self._known:
            if not self.is_busy:
                # A daemon: whoever leaves the explorer does not wait for it.
                self._thread = Thread(target=self._find, args=(question,), name="graphlab-groups", daemon=True)
                self._thread.start()
            self._is_owed = True
            return None
        tree = self._known[question]
        if tree is not None:
            tree.read_from(recording)
        return tree

    def _find(self, question: _Question) -> None:
        from graphlab.tui.box_groups import GroupTree

        tree = None
        interval = sys.getswitchinterval()
        # A key is some hundred steps that each let go of the interpreter, and waited 5 ms to get it back.
        sys.setswitchinterval(_SWITCH_SECONDS)
        try:
            with contextlib.suppress(GraphlabError), contextlib.closing(open_recording(self._path)) as recording:
                tree = GroupTree(recording, question[0])
                # What is asked first, asked where nobody waits.
                tree.closed(tree.first)
        finally:
            sys.setswitchinterval(interval)
            # Whatever came between, there is an answer: who asks again would only begin anew.
            kept = list(self._known.items())[1 - _KEPT :]
            self._known = {**dict(kept), question: tree}
