"""Modules folded into one row each, on the packed columns of a graph of any size.

A folded module is an interval of the order in which ops ran, with the leaves that only it uses, so that folding never
makes a cycle; a module that runs again later is another row.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy

from graphlab.store.format import decode_shape
from graphlab.tui.lane_table import PackedTable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graphlab.recording.packed import History, PackedGraph
    from graphlab.tui.state import ExplorerState

Column = numpy.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Group:
    """What is folded into one row."""

    path: str
    """The module's path."""
    nodes: int
    parameters: int
    numbers: int
    """The elements of its parameters together."""
    first: int
    """The event that made the first of its ops."""
    last: int


def module_of(packed: PackedGraph, node: int) -> str:
    """Return the path of the module that a node belongs to: of a leaf that of the first op that uses it."""
    place = packed.place_of(node)
    if place is None:
        return ""
    codes, words = packed.words("module")
    path = words[codes[place]]
    if path is None:
        users = packed.targets[packed.sources == place]
        path = words[codes[users[0]]] if len(users) else None
    return path or ""


def children_of(packed: PackedGraph, path: str) -> frozenset[str]:
    """Return the paths of the modules right inside a module; of the empty path those at the first level."""
    _, words = packed.words("module")
    start = f"{path}." if path else ""
    inside = (word for word in words if word and word.startswith(start))
    return frozenset(start + word.removeprefix(start).partition(".")[0] for word in inside)


def folds_of(words: Iterable[str | None], folded: frozenset[str]) -> tuple[list[int], list[str]]:
    """Return for each module the number of the outermost folded one that it is in (-1: none), and those."""
    names = sorted(folded)
    number = {name: index for index, name in enumerate(names)}
    found = []
    for word in words:
        parts = word.split(".") if word else []
        paths = (".".join(parts[: depth + 1]) for depth in range(len(parts)))
        found.append(next((number[path] for path in paths if path in number), -1))
    return found, names


class FoldedTable(PackedTable):
    """The rows of a graph in which some modules are folded."""

    def __init__(self, state: ExplorerState, packed: PackedGraph, folded: frozenset[str]) -> None:
        self.state = state
        self._graph = packed
        codes, words = packed.words("module")
        by_word, self._names = folds_of(words, folded)
        kinds, kind_words = packed.words("kind")
        is_kind = {kind: kinds == code for code, kind in enumerate(kind_words)}
        none = numpy.zeros(len(packed), bool)
        ops = numpy.flatnonzero(is_kind.get("op", none))
        stands, self._fold = _stand_in(len(packed), ops, numpy.array(by_word, "i4")[codes[ops]])
        _adopt(packed, stands, self._fold, self._named())
        kept = numpy.flatnonzero(stands == numpy.arange(len(packed)))
        index = numpy.empty(len(packed), "i4")
        index[kept] = numpy.arange(len(kept), dtype="i4")
        self._kept, self._index = kept, index[stands]
        super().__init__(packed, kept, self._index, _edges_between(packed, self._index, len(kept)))
        self._is_parameter = is_kind.get("parameter", none)
        self._members = numpy.argsort(self._index, kind="stable")
        self._starts = numpy.searchsorted(self._index[self._members], numpy.arange(len(kept) + 1))
        self._groups = lru_cache(1024)(self._group)
        self._histories = lru_cache(256)(self._history)
        self._worsts = lru_cache(1024)(self._worst)

    def group_at(self, row: int) -> Group | None:
        return self._groups(row)

    def worst_at(self, row: int, moment: int) -> float | None:
        return self._worsts(row, moment)

    def _named(self) -> Column:
        """Return the places of data that variables hold: they go into no module."""
        step = self.state.step
        names = self.state.recording.names(step.last) if step is not None else {}
        places = (self._graph.place_of(node) for node in names)
        return numpy.array([place for place in places if place is not None], "i8")

    def _inside(self, row: int) -> Column:
        """Return the places that a row stands for, ascending."""
        index = int(self._index[self._graph.place_of(self.node_at(row))])
        return self._members[self._starts[index] : self._starts[index + 1]]

    def _group(self, row: int) -> Group | None:
        place = self._graph.place_of(self.node_at(row))
        fold = int(self._fold[place])
        if fold < 0:
            return None
        inside = self._inside(row)
        parameters = inside[self._is_parameter[inside]]
        shapes, words = self._graph.words("shape")
        sizes = [numpy.prod(decode_shape(word), dtype="i8") if word is not None else 0 for word in words]
        numbers = int(numpy.array(sizes, "i8")[shapes[parameters]].sum())
        events = self._graph.numbers("event")[inside[self._fold[inside] >= 0]]
        made = events[events > 0]
        first, last = (int(made.min()), int(made.max())) if len(made) else (0, 0)
        return Group(self._names[fold], len(inside), len(parameters), numbers, first, last)

    def _history(self, row: int) -> History:
        """Return the gradients inside."""
        history = self._graph.gradients
        inside = self._inside(row)
        starts = numpy.searchsorted(history.places, inside)
        lengths = numpy.searchsorted(history.places, inside, "right") - starts
        rows = numpy.repeat(starts - numpy.cumsum(lengths) + lengths, lengths) + numpy.arange(lengths.sum())
        return history.some(rows)

    def _worst(self, row: int, moment: int) -> float | None:
        """Return the worst gradient inside as of a moment: one that is not finite, else the largest norm."""
        norms = self._histories(row).at(moment)[1]
        if not len(norms):
            return None
        wrong = norms[~numpy.isfinite(norms)]
        return float(wrong[0] if len(wrong) else norms.max())


def _stand_in(count: int, ops: Column, folds: Column) -> tuple[Column, Column]:
    """Return by place what stands for it, the last op of its interval, and the number of its fold (-1: none)."""
    stands = numpy.arange(count)
    fold = numpy.full(count, -1, "i4")
    fold[ops] = folds
    if len(ops):
        is_last = numpy.append((folds[1:] != folds[:-1]) | (folds[1:] < 0), True)
        lasts = numpy.flatnonzero(is_last)
        stands[ops] = ops[lasts[numpy.cumsum(is_last) - is_last]]
    return stands, fold


def _adopt(packed: PackedGraph, stands: Column, fold: Column, named: Column) -> None:
    """Put into a folded module the leaves and data that nothing else uses, but for data that variables hold."""
    has_inputs = numpy.zeros(len(stands), bool)
    has_inputs[packed.targets] = True
    kinds, words = packed.words("kind")
    has_inputs[named] |= kinds[named] == (words.index("data") if "data" in words else -1)
    is_edge = ~has_inputs[packed.sources]
    sources, users = packed.sources[is_edge], stands[packed.targets[is_edge]]
    least, most = numpy.full(len(stands), len(stands)), numpy.full(len(stands), -1)
    numpy.minimum.at(least, sources, users)
    numpy.maximum.at(most, sources, users)
    owned = numpy.flatnonzero((least == most) & (most >= 0))
    owned = owned[fold[most[owned]] >= 0]
    stands[owned] = most[owned]


def _edges_between(packed: PackedGraph, index: Column, count: int) -> tuple[Column, Column]:
    """Return the edges between rows, each once, in order of target."""
    sources, targets = index[packed.sources].astype("i8"), index[packed.targets].astype("i8")
    keys = numpy.sort((targets * count + sources)[sources != targets])
    keys = keys[numpy.diff(keys, prepend=-1) > 0]
    return keys % count, keys // count
