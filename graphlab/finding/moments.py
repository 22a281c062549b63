"""The moments at which figures are asked: what made a value of a node, brought it a gradient, or brought it none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy

from graphlab.finding.figures import Figures, figures_of_norms, join_figures, no_figures
from graphlab.finding.query import ANY, Term
from graphlab.finding.texts import Array
from graphlab.model import LEAF_KINDS
from graphlab.store.light import absent_mask

if TYPE_CHECKING:
    from graphlab.finding.index import Index

_AT_ONCE = 1_000_000
_NONE = numpy.empty(0, "i8")
_ENDS = "SELECT id FROM events WHERE kind IN ('backward_end', 'unscale') ORDER BY id"


@dataclass(frozen=True)
class Rows:
    """Moments of nodes (node 0: of a line or a printed text), with the figures of gradient and value as of then."""

    nodes: Array
    events: Array
    gradients: Figures
    values: Figures

    def __len__(self) -> int:
        return int(self.nodes.size)

    def take(self, places: Array) -> Rows:
        """Return some of them, in this order."""
        return Rows(self.nodes[places], self.events[places], self.gradients.take(places), self.values.take(places))

    def where(self, mask: Array) -> Rows:
        """Return some of them."""
        return self.take(numpy.flatnonzero(mask))


def plain_rows(nodes: Array = _NONE, events: Array = _NONE) -> Rows:
    """Return rows without figures."""
    return Rows(nodes, events, no_figures(nodes.size), no_figures(nodes.size))


def join_rows(parts: Sequence[Rows]) -> Rows:
    """Put rows after one another."""
    parts = [plain_rows(), *parts]
    return Rows(
        numpy.concatenate([part.nodes for part in parts]),
        numpy.concatenate([part.events for part in parts]),
        join_figures([part.gradients for part in parts]),
        join_figures([part.values for part in parts]),
    )


def find_moments(index: Index, terms: Sequence[Term], of_nodes: Array) -> Rows:
    """Return the moments at which all terms about figures hold.

    Args:
        of_nodes: which nodes of the index may be found.
    """
    terms = [term for term in terms if term.asks_figures]
    is_without = any(_is_none(term) for term in terms)
    has_gradients = any(term.asks_gradient for term in terms)
    pieces: list[Rows] = []
    if has_gradients or any(term.key == ANY for term in terms):
        found = iter([_without_gradient(index, of_nodes)]) if is_without else _gradients(index, of_nodes)
        as_of = _AsOf(index) if any(not term.asks_gradient for term in terms) else None
        for rows in found:
            seen = rows if as_of is None else Rows(rows.nodes, rows.events, rows.gradients, as_of.figures(rows))
            pieces.append(seen.where(_holds(seen, terms)))
    if not has_gradients:
        rows = _values(index, of_nodes)
        pieces.append(rows.where(_holds(rows, terms)))
    return join_rows(pieces)


def _is_none(term: Term) -> bool:
    return term.key == "grad" and term.text == "none"


def _holds(rows: Rows, terms: Sequence[Term]) -> Array:
    mask = numpy.ones(len(rows), bool)
    for term in terms:
        if term.key == ANY:
            mask &= rows.gradients.where(term) | rows.values.where(term)
        elif not _is_none(term):
            mask &= (rows.gradients if term.asks_gradient else rows.values).where(term)
    return mask


def _is_of(index: Index, nodes: Array, of_nodes: Array) -> Array:
    """Return which of some nodes may be found."""
    rows = index.nodes.rows(nodes)
    return (rows >= 0) & of_nodes[numpy.maximum(rows, 0)] if of_nodes.size else numpy.zeros(nodes.size, bool)


# --- values


def _values(index: Index, of_nodes: Array) -> Rows:
    nodes, events, snapshots = index.values.columns
    mask = _is_of(index, nodes, of_nodes)
    kept = index.figures.take(snapshots[mask])
    return Rows(nodes[mask], events[mask], no_figures(len(kept)), kept)


class _AsOf:
    """Tells the value that a node had at a moment."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._nodes, self._events, self._snapshots = index.values.columns
        self._width = max(index.recording.event_count, int(self._events.max(initial=0))) + 2
        self._keys = self._nodes * self._width + self._events
        self._moves = _light_events(index, "update")
        self._parameters = index.nodes.texts["kind"].where(lambda kind: kind == "parameter")

    def figures(self, rows: Rows) -> Figures:
        """Return the figures of each row's value: the last that was made by then."""
        places = numpy.searchsorted(self._keys, rows.nodes * self._width + rows.events, "right") - 1
        if not self._keys.size:
            return no_figures(len(rows))
        safe = numpy.maximum(places, 0)
        is_known = (places >= 0) & (self._nodes[safe] == rows.nodes)
        if self._moves.size:
            # A light step moves parameters and keeps nothing of it, but on the schedule: values of before are old.
            moved = numpy.searchsorted(self._moves, rows.events, "right") - 1
            last = numpy.where(moved >= 0, self._moves[numpy.maximum(moved, 0)], 0)
            is_old = (last > self._events[safe]) & self._parameters[self._index.nodes.rows(rows.nodes)]
            is_known &= ~is_old
        return self._index.figures.take(numpy.where(is_known, self._snapshots[safe], -1))


# --- gradients


def _gradients(index: Index, of_nodes: Array) -> Iterator[Rows]:
    """Yield the gradients that came: kept tensors, then of light steps the norms."""
    nodes, events, snapshots = index.gradients.columns
    mask = _is_of(index, nodes, of_nodes)
    kept = index.figures.take(snapshots[mask])
    yield Rows(nodes[mask], events[mask], kept, no_figures(len(kept)))
    for block in index.recording.light.blocks:
        leaves = numpy.array(block.outline.leaves, "i8")
        columns = numpy.flatnonzero(_is_of(index, leaves, of_nodes))
        if columns.size:
            table = block.reals[:, block.outline.reals - leaves.size :][:, columns]
            ends = block.integers[:, block.outline.last_end]
            yield _rows_of_norms(numpy.tile(leaves[columns], block.count), numpy.repeat(ends, columns.size), table)
    nodes, events, norms = (column.array for column in index.inner_norms)
    mask = _is_of(index, nodes, of_nodes)
    yield _rows_of_norms(nodes[mask], events[mask], norms[mask])


def _rows_of_norms(nodes: Array, events: Array, norms: Array) -> Rows:
    norms = norms.ravel()
    is_there = ~absent_mask(norms)
    figures = figures_of_norms(norms[is_there])
    return Rows(nodes[is_there], events[is_there], figures, no_figures(len(figures)))


def _light_events(index: Index, kind: str) -> Array:
    """Return the events of a kind in light steps, in order."""
    found = [_NONE]
    for block in index.recording.light.blocks:
        columns = [place for place, event in enumerate(block.outline.events) if event.kind == kind]
        found.append(block.integers[:, columns].ravel())
    return numpy.concatenate(found)


def _without_gradient(index: Index, of_nodes: Array) -> Rows:
    """Return the nodes that got no gradient in a step, at the moment at which its last backward had ended."""
    ends = numpy.array([row[0] for row in index.recording.reader.rows(_ENDS)], "i8")
    steps = index.steps_of(ends)
    is_last = numpy.append(steps[1:] != steps[:-1], True)[: ends.size]
    steps, ends = steps[is_last], ends[is_last]
    pieces = [_ops_without(index, of_nodes, steps, ends), _leaves_without(index, of_nodes, ends)]
    for block in index.recording.light.blocks:
        leaves = numpy.array(block.outline.leaves, "i8")
        columns = numpy.flatnonzero(_is_of(index, leaves, of_nodes))
        table = block.reals[:, block.outline.reals - leaves.size :][:, columns]
        row, column = numpy.nonzero(absent_mask(table))
        pieces.append(plain_rows(leaves[columns][column], block.integers[:, block.outline.last_end][row]))
    return join_rows(pieces)


def _ops_without(index: Index, of_nodes: Array, steps: Array, ends: Array) -> Rows:
    """Return the ops made before the last backward of a full step had ended, which none has reached by then."""
    is_op = index.nodes.texts["kind"].where(lambda kind: kind == "op") & of_nodes
    nodes, events = index.nodes.ids.array[is_op], index.nodes.events.array[is_op]
    if not ends.size:
        return plain_rows()
    places = numpy.minimum(numpy.searchsorted(steps, index.steps_of(events)), steps.size - 1)
    is_asked = (steps[places] == index.steps_of(events)) & (events <= ends[places])
    nodes, moments = nodes[is_asked], ends[places][is_asked]
    came, when, _ = index.gradients.columns
    has_come = numpy.zeros(nodes.size, bool)
    if came.size:
        safe = numpy.minimum(numpy.searchsorted(came, nodes), came.size - 1)
        has_come = (came[safe] == nodes) & (when[safe] <= moments)
    return plain_rows(nodes[~has_come], moments[~has_come])


def _leaves_without(index: Index, of_nodes: Array, ends: Array) -> Rows:
    """Return the leaves whose `.grad` was None when the last backward of a full step had ended."""
    is_leaf = index.nodes.texts["kind"].where(lambda kind: kind in LEAF_KINDS) & of_nodes
    leaves, made = index.nodes.ids.array[is_leaf], index.nodes.events.array[is_leaf]
    gone = dict(index.recording.reader.rows("SELECT node, event FROM gone"))
    let_go = numpy.array([gone.get(leaf, numpy.iinfo("i8").max) for leaf in leaves.tolist()], "i8")
    nodes, events, snapshots = index.grads.columns
    width = max(int(events.max(initial=0)), int(ends.max(initial=0))) + 2
    keys = nodes * width + events
    found: list[Rows] = []
    many = max(_AT_ONCE // max(leaves.size, 1), 1)
    for start in range(0, ends.size, many):
        asked, moments = (side.ravel() for side in numpy.meshgrid(leaves, ends[start : start + many]))
        places = numpy.searchsorted(keys, asked * width + moments, "right") - 1
        times = moments.size // max(leaves.size, 1)
        is_living = (numpy.tile(made, times) <= moments) & (numpy.tile(let_go, times) >= moments)
        if keys.size:
            safe = numpy.maximum(places, 0)
            is_living &= ~((places >= 0) & (nodes[safe] == asked) & (snapshots[safe] >= 0))
        found.append(plain_rows(asked[is_living], moments[is_living]))
    return join_rows(found)
