"""Finds what a query asks for: nodes, at the first moment of each step at which it holds, lines, and printed texts.

Texts hold from when a node was made. Figures are asked at each moment that made a value of the node or brought a
gradient, of its value and gradient as of then. What is excluded must not hold of the node at any moment of that step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy

from graphlab.finding.moments import Rows, find_moments, join_rows, plain_rows
from graphlab.finding.query import ANY, WORD, Query, Term
from graphlab.finding.texts import Array, Column, contains, is_under, text_test
from graphlab.language import _

if TYPE_CHECKING:
    from graphlab.finding.index import Index, Lines, Place

_OF_NODES = {"op": ("op", "call"), "name": ("name",), "shape": ("shape",), "dtype": ("dtype",), "kind": ("kind",)}


@dataclass(frozen=True)
class Matches:
    """All that was found, by moment."""

    rows: Rows
    notes: tuple[str, ...] = ()
    """What could not be asked."""

    def __len__(self) -> int:
        return len(self.rows)

    def in_step(self, index: Index, step: int) -> list[int]:
        """Return the places of the matches in a step."""
        found: list[int] = numpy.flatnonzero(index.steps_of(self.rows.events) == step).tolist()
        return found


_VALUES_IN_LIGHT = _("values are not recorded in light: asked only of parameters, at the steps on the schedule")
_GRADIENTS_IN_LIGHT = _("in light the gradients inside the graph are recorded only at the steps on the schedule")
_NOT_KEPT = _("of {count} tensors neither values nor norms were kept")


def find_matches(index: Index, query: Query) -> Matches:
    """Return what a query finds in what the index has read."""
    if not query:
        return Matches(plain_rows())
    of_nodes = _text_mask(index, query)
    if any(term.asks_figures for term in query.wanted):
        rows = _first_of_steps(index, find_moments(index, query.wanted, of_nodes))
        steps = index.steps_of(rows.events)
        for term in _excluded_figures(query):
            bad = find_moments(index, [term], of_nodes)
            rows = rows.where(~_is_among(rows.nodes, steps, bad.nodes, index.steps_of(bad.events)))
            steps = index.steps_of(rows.events)
    else:
        for term in _excluded_figures(query):
            of_nodes[index.nodes.rows(find_moments(index, [term], of_nodes).nodes)] = False
        kept = numpy.flatnonzero(of_nodes)
        rows = plain_rows(index.nodes.ids.array[kept], index.nodes.events.array[kept])
        rows = join_rows([rows, _find_lines(index, query, rows)])
    rows = rows.where(rows.events <= index.recording.event_count)
    return Matches(rows.take(numpy.lexsort((rows.nodes, rows.events))), _notes(index, query))


def _excluded_figures(query: Query) -> list[Term]:
    return [replace(term, is_excluded=False) for term in query.excluded if term.asks_figures]


def _first_of_steps(index: Index, rows: Rows) -> Rows:
    """Return of each node the first moment in each step."""
    steps = index.steps_of(rows.events)
    order = numpy.lexsort((rows.events, steps, rows.nodes))
    nodes, steps = rows.nodes[order], steps[order]
    is_first = numpy.ones(order.size, bool)
    is_first[1:] = (nodes[1:] != nodes[:-1]) | (steps[1:] != steps[:-1])
    return rows.take(order[is_first])


def _is_among(nodes: Array, steps: Array, other_nodes: Array, other_steps: Array) -> Array:
    """Return which pairs of node and step are among others."""
    width = max(int(steps.max(initial=0)), int(other_steps.max(initial=0))) + 1
    return numpy.isin(nodes * width + steps, other_nodes * width + other_steps)


def _notes(index: Index, query: Query) -> tuple[str, ...]:
    """Say what could not be asked."""
    notes = []
    is_light = bool(index.recording.light.blocks)
    if is_light and any(term.asks_value or term.key == ANY for term in query.terms):
        notes.append(_VALUES_IN_LIGHT)
    if is_light and any(term.asks_gradient or term.key == ANY for term in query.terms):
        notes.append(_GRADIENTS_IN_LIGHT)
    if query.asks_figures:
        asked = numpy.concatenate([index.values.columns[2], index.gradients.columns[2]])
        unknown = int((index.figures.take(asked).flags == 0).sum())
        notes += [_NOT_KEPT.format(count=unknown)] if unknown else []
    return tuple(notes)


# --- texts


def _text_mask(index: Index, query: Query) -> Array:
    """Return which nodes have the texts that are asked for, and none that is excluded."""
    mask = numpy.ones(index.nodes.ids.array.size, bool)
    for term in query.terms:
        if not term.asks_figures:
            mask &= node_texts(index, term) != term.is_excluded
    return mask


def node_texts(index: Index, term: Term) -> Array:
    """Return of which nodes a term about texts holds."""
    nodes = index.nodes
    if term.key == "module":
        # A parameter belongs to the module that its dotted name begins with.
        test = is_under(term.text)
        of_parameters = nodes.texts["kind"].where(lambda kind: kind == "parameter")
        owners = nodes.texts["name"].where(lambda name: name is not None and test(name.rpartition(".")[0]))
        return nodes.texts["module"].where(test) | (of_parameters & owners)
    if term.key in {"line", "file"}:
        return _at_places(index, nodes.places, term)
    keys = ("op", "call", "name", "module") if term.key == WORD else _OF_NODES[term.key]
    mask: Array = numpy.logical_or.reduce([nodes.texts[key].where(text_test(term, key)) for key in keys])
    if term.key in {WORD, "name"}:
        tagged = nodes.tagged.array[nodes.tags.where(contains(term.text))]
        rows = nodes.rows(tagged)
        mask[rows[rows >= 0]] = True
    if term.key == WORD:
        mask |= _at_places(index, nodes.places, term)
    if term.asks_loss:
        mask |= nodes.texts["kind"].where(lambda kind: kind == "output")
    return mask


def _at_places(index: Index, places: Column[Place], term: Term) -> Array:
    """Return which places in the source a term means: by line, by file, or by a word of the statement there."""
    if term.key == "line":
        return places.where(lambda place: place[1] == term.number)
    test = contains(term.text)
    if term.key == "file":
        return places.where(lambda place: place[0] in index.files and test(index.files[place[0]][0]))
    return places.where(lambda place: test(index.text_of(place)))


def line_texts(index: Index, lines: Lines, term: Term) -> Array:
    """Return of which lines and printed texts a term holds."""
    if term.key == "kind":
        return lines.kinds.where(text_test(term))
    if term.key in {"line", "file"}:
        return _at_places(index, lines.places, term)
    if term.key == WORD:
        are_lines = lines.kinds.where(lambda kind: kind == "line")
        return lines.texts.where(contains(term.text)) | (are_lines & _at_places(index, lines.places, term))
    return numpy.zeros(lines.events.array.size, bool)


def _find_lines(index: Index, query: Query, found: Rows) -> Rows:
    """Return the lines and printed texts that are found, but for lines of which a node is found already."""
    lines = index.lines
    events = lines.events.array
    mask = numpy.ones(events.size, bool)
    for term in query.terms:
        mask &= line_texts(index, lines, term) != term.is_excluded
    before = numpy.concatenate([[0], events[:-1]])
    made = numpy.sort(found.events)
    has_nodes = numpy.searchsorted(made, events, "right") > numpy.searchsorted(made, before, "right")
    mask &= ~(has_nodes & lines.kinds.where(lambda kind: kind == "line"))
    kept = events[mask]
    return plain_rows(numpy.zeros(kept.size, "i8"), kept)
