"""What the backwards of one light step have reached so far, by autograd's sequence numbers.

A script that never changes its parameters is one step, however long it runs. So a graph that is like one before takes
no memory of its own here: of its numbers only the first is kept, and how far the others lie from that is shared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from graphlab.capture.structures import Structure

NO_NUMBER = 2**64 - 1
"""The sequence number of all AccumulateGrad nodes."""
_MOST = 64
"""Parts that a walk may have to look at before they are put into one."""
Numbers = numpy.ndarray[Any, Any]


@dataclass(slots=True)
class _Part:
    """Ops that one backward was the first to reach."""

    first: int
    last: int
    distances: Numbers
    """How far each number lies from the first, in order."""
    nodes: Numbers


class Reached:
    """The ops and leaves of a step's backwards."""

    def __init__(self) -> None:
        self.leaves: set[int] = set()
        """The nodes of leaves."""
        self._waiting: list[tuple[Sequence[int], Sequence[int], Structure]] = []
        self._parts: list[_Part] = []
        self._last = -1
        self._shared: dict[int, tuple[Numbers, Numbers]] = {}
        """By structure: the distances and nodes of a backward that ran through it."""

    def clear(self) -> None:
        """A step begins."""
        for each in (self.leaves, self._waiting, self._parts, self._shared):
            each.clear()
        self._last = -1

    def add(self, numbers: Sequence[int], leaf_nodes: Sequence[int], found: Structure) -> None:
        """Remember what a backward reaches: put together when the step has another, which most steps have not."""
        self._waiting.append((numbers, leaf_nodes, found))

    def settle(self) -> None:
        """Put together what was added."""
        for numbers, leaf_nodes, found in self._waiting:
            self.leaves.update(leaf_nodes)
            self.leaves.update(found.leaves())
            self._put(numbers, found)
        self._waiting.clear()

    def find(self, numbers: Sequence[int]) -> dict[int, int]:
        """Return by number the nodes of those ops that an earlier backward reached; 0 where it was not written."""
        if not self._parts or min(numbers, default=NO_NUMBER) > self._last:
            return {}
        wanted = _plain(numbers)
        wanted = wanted[wanted >= 0]
        first = int(wanted.min())
        met = [part for part in self._parts if part.last >= first]
        if len(met) > _MOST:
            met = [self._join(met)]
        found = []
        for part in met:
            places = numpy.searchsorted(part.distances, wanted - part.first)
            places[places == len(part.distances)] = 0
            is_there = part.distances[places] == wanted - part.first
            found.append((wanted[is_there], part.nodes[places[is_there]]))
        return _gather(found)

    def _put(self, numbers: Sequence[int], found: Structure) -> None:
        plain = _plain(numbers)
        is_op = plain >= 0
        if not is_op.any():
            return
        nodes = numpy.array(found.nodes, "i8") if found.nodes else numpy.zeros(len(plain), "i8")
        plain, nodes = plain[is_op], nodes[is_op]
        known = self.find(numbers)
        if known:  # what was not written then may have been written since
            is_new = numpy.array([not known.get(number) for number in plain.tolist()], bool)
            plain, nodes = plain[is_new], nodes[is_new]
            if not len(plain):
                return
        order = numpy.argsort(plain)
        first, last = int(plain[order[0]]), int(plain[order[-1]])
        distances, nodes = plain[order] - first, nodes[order]
        shared = self._shared.setdefault(found.number, (distances, nodes))
        if numpy.array_equal(shared[0], distances) and numpy.array_equal(shared[1], nodes):
            distances, nodes = shared
        self._parts.append(_Part(first, last, distances, nodes))
        self._last = max(self._last, last)

    def _join(self, met: list[_Part]) -> _Part:
        """Put parts into one."""
        found = _gather((part.distances + part.first, part.nodes) for part in met)
        numbers = sorted(found)
        plain = numpy.array(numbers, "i8")
        nodes = numpy.array([found[number] for number in numbers], "i8")
        joined = _Part(numbers[0], numbers[-1], plain - numbers[0], nodes)
        gone = set(map(id, met))
        self._parts = [joined, *(part for part in self._parts if id(part) not in gone)]
        return joined


def _gather(found: Iterable[tuple[Numbers, Numbers]]) -> dict[int, int]:
    """Return nodes by their numbers; where several parts have one, that counts in which it is written."""
    written: dict[int, int] = {}
    bare: dict[int, int] = {}
    for numbers, nodes in found:
        is_written = nodes != 0
        written.update(zip(numbers[is_written].tolist(), nodes[is_written].tolist(), strict=True))
        bare.update(dict.fromkeys(numbers[~is_written].tolist(), 0))
    return bare | written


def _plain(numbers: Sequence[int]) -> Numbers:
    """Return numbers as an array; the number of all leaves is -1 there."""
    return numpy.array(numbers, "u8").astype("i8")
