"""The nodes that the backwards of one step have reached: each counts once, however many backwards reach it.

A script that never changes its parameters is one step, however long it runs. The nodes of a backward were made one
after the other, so once there are many of them, only where runs of numbers begin and end is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

_MANY = 50_000
"""Nodes that are remembered one by one."""
Numbers = numpy.ndarray[Any, Any]


class CountedNodes:
    """Remembers nodes by their numbers."""

    def __init__(self) -> None:
        self._late: set[int] = set()
        self._starts: Numbers = numpy.zeros(0, "i8")
        """Of the runs, in order."""
        self._ends: Numbers = self._starts
        self._count = 0
        """How many nodes the runs hold."""

    def __len__(self) -> int:
        """Return how many nodes there are."""
        return self._count + len(self._late)

    def add(self, reached: Mapping[int, int]) -> int:
        """Add nodes, with how many edges lead into each; return how many lead into those that are new."""
        new = reached.keys() - self._late
        if self._count:
            numbers = numpy.fromiter(new, "i8", len(new))
            places = numpy.searchsorted(self._starts, numbers, "right") - 1
            is_known = (places >= 0) & (numbers < self._ends[places])
            new = set(numbers[~is_known].tolist())
        self._late |= new
        if len(self._late) > _MANY:
            self._join()
        return sum(map(reached.__getitem__, new))

    def _join(self) -> None:
        numbers = numpy.sort(numpy.fromiter(self._late, "i8", len(self._late)))
        self._count += len(numbers)
        self._late.clear()
        starts = numpy.concatenate([self._starts, numbers])
        ends = numpy.concatenate([self._ends, numbers + 1])
        order = numpy.argsort(starts)
        starts, ends = starts[order], ends[order]
        is_apart = starts[1:] > ends[:-1]
        self._starts = starts[numpy.concatenate([[True], is_apart])]
        self._ends = ends[numpy.concatenate([is_apart, [True]])]
