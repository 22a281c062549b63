"""Lets go of deep graphs node by node, the newest first.

autograd frees a graph without recursion, but not one whose nodes Python has looked at: each wrapper frees the next, and
beyond some 40,000 in a row the stack ends, and with it the process. So the nodes of a large graph are held for as long
as it lives, and let go one after the other, each when those that lead to it are gone.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

_DEEP = 10_000


class _Mark:
    """Lies in the metadata of a graph's root, and lives as long as that."""

    __slots__ = ("__weakref__",)


class DeepGraphs:
    """The large graphs that a run has looked at."""

    def __init__(self) -> None:
        self._held: list[tuple[list[Any], list[weakref.ref[_Mark]]]] = []
        self._has_dead = False
        """Whether a root has gone since graphs were last let go: it is asked after every statement."""

    def hold(self, functions: Sequence[Any], roots: Sequence[Any]) -> None:
        """Hold the nodes of a graph, where it is large, until its roots are gone."""
        if len(functions) < _DEEP:
            return
        marks = []
        for root in roots:
            mark = _Mark()
            root.metadata[__name__, id(mark)] = mark
            marks.append(weakref.ref(mark, self._note_dead))
        # A list lets go of its last element first: a node is younger than what it leads to.
        self._held.append((sorted(functions, key=lambda fn: fn._sequence_nr()), marks))

    def _note_dead(self, mark: weakref.ref[_Mark]) -> None:
        self._has_dead = True

    def release(self) -> None:
        """Let go of the graphs whose roots are gone."""
        if self._has_dead:
            self._has_dead = False  # first: letting go of one graph may end another
            dead = [nodes for nodes, marks in self._held if all(mark() is None for mark in marks)]
            self._held = [(nodes, marks) for nodes, marks in self._held if any(mark() is not None for mark in marks)]
            for nodes in dead:
                nodes.clear()

    def stop(self) -> None:
        """Leave what the script still holds to itself: it must outlive the script's own variables."""
        self.release()
        _LEFT.extend(self._held)
        self._held = []


_LEFT: list[Any] = []
