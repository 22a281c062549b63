"""The rows of the lanes sorted by a column, on packed columns: a million of them in a second or two."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy

from graphlab.store.format import decode_shape
from graphlab.tui.lane_columns import size_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphlab.recording.packed import History, PackedGraph
    from graphlab.tui.state import ExplorerState

Column = numpy.ndarray[Any, Any]


def sorted_places(state: ExplorerState, packed: PackedGraph, name: str) -> Column:
    """Return the places of a step's graph in the order of a column, as it is at the end of the step.

    Texts and lines go up, figures down, those that are not finite first; what has none comes last, and what is alike
    stays in the order in which it ran.
    """
    keys = _KEYS[name](state, packed)
    return numpy.argsort(keys, kind="stable")


def _words_key(packed: PackedGraph, name: Any, others: dict[int, str] | None = None) -> Column:
    codes, words = packed.words(name)
    every = sorted({word for word in [*words, *(others or {}).values()] if word})
    rank = {word: index for index, word in enumerate(every)}
    keys = numpy.array([rank.get(word or "", len(every)) for word in words], "i4")[codes]
    for place, word in (others or {}).items():
        keys[place] = rank[word]
    return keys


def _op(state: ExplorerState, packed: PackedGraph) -> Column:
    return _words_key(packed, "op")


def _name(state: ExplorerState, packed: PackedGraph) -> Column:
    names = state.recording.names(packed.step.last)
    codes, words = packed.words("name")
    held = {}
    for node, tags in names.items():
        place = packed.place_of(node)
        if place is not None and tags and words[codes[place]] is None:
            held[place] = tags[0]
    return _words_key(packed, "name", held)


def _module(state: ExplorerState, packed: PackedGraph) -> Column:
    return _words_key(packed, "module")


def _numbers(packed: PackedGraph) -> Column:
    """Return how many elements each tensor has; -1 where that is not known."""
    codes, words = packed.words("shape")
    sizes = [math.prod(decode_shape(word)) if word is not None else -1 for word in words]
    return numpy.asarray(numpy.array(sizes, "f8")[codes])


def _shape(state: ExplorerState, packed: PackedGraph) -> Column:
    return -_numbers(packed)


def _bytes(state: ExplorerState, packed: PackedGraph) -> Column:
    codes, words = packed.words("dtype")
    return numpy.asarray(-_numbers(packed) * numpy.array([size_of(word) for word in words])[codes])


def _event(state: ExplorerState, packed: PackedGraph) -> Column:
    return packed.numbers("event")


def _line(state: ExplorerState, packed: PackedGraph) -> Column:
    lines = packed.numbers("line").astype("f8")
    lines[lines == 0] = numpy.inf
    return lines


def _time(state: ExplorerState, packed: PackedGraph) -> Column:
    if packed.step.detail == "light":
        return numpy.zeros(len(packed))
    first, last = packed.step.first, packed.step.last
    events = packed.numbers("event")
    rest = "events WHERE id BETWEEN ? AND ? ORDER BY id"
    ids, times = state.recording.reader.columns(["id", "time * 1e9"], rest, max(first - 1, 1), last)
    spent = numpy.diff(times, prepend=times[:1])
    keys = numpy.zeros(len(packed))
    codes, kinds = packed.words("kind")
    is_op = codes == (kinds.index("op") if "op" in kinds else -1)
    known = numpy.flatnonzero((events >= first) & (events <= last) & is_op)
    keys[known] = -spent[numpy.searchsorted(ids, events[known])]
    return keys


def _figures(packed: PackedGraph, history: History) -> Column:
    places, norms = history.at(packed.step.last)
    keys = numpy.full(len(packed), numpy.inf)
    keys[places] = numpy.where(numpy.isfinite(norms), -norms, -numpy.inf)
    return keys


def _gradient(state: ExplorerState, packed: PackedGraph) -> Column:
    return _figures(packed, packed.gradients)


def _value(state: ExplorerState, packed: PackedGraph) -> Column:
    return _figures(packed, packed.values)


_KEYS: dict[str, Callable[[ExplorerState, PackedGraph], Column]] = {
    "op": _op, "name": _name, "shape": _shape, "value": _value, "gradient": _gradient, "bytes": _bytes, "time": _time,
    "module": _module, "line": _line, "event": _event,
}  # fmt: skip
