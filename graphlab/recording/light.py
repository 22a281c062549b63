"""Steps in light detail as their readers see them: the same questions as for full steps, answered from packed rows.

The events of a light step are no rows of their own: `backward_start`, `backward_end`, `unscale`, `update` and
`skipped_update`. Steps that run through the same graph share its nodes and edges.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, cast

from graphlab.errors import RecordingError
from graphlab.language import _
from graphlab.model import Event, Snapshot
from graphlab.store.light import LightStep, absent_mask, is_absent, pack_reals, unpack_reals
from graphlab.structure import Structure, read_nodes_and_edges, unpack_numbers

if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence

    import numpy

    from graphlab.model import EventKind, Node
    from graphlab.recording.run import Recording
    from graphlab.store.light import Blocks

_KINDS = frozenset({"backward_start", "backward_end", "unscale", "update", "skipped_update"})


@dataclass(frozen=True)
class LightGraph:
    """A structure that the backwards of light steps share."""

    number: int
    nodes: array[int]
    roots: array[int]
    measured: array[int]
    """Pairs of node and slot, in the order of the norms."""

    @cached_property
    def places(self) -> dict[tuple[int, int], int]:
        """By node and slot: the place of its norm among those of the graph."""
        pairs = zip(self.measured[::2], self.measured[1::2], strict=True)
        return {pair: place for place, pair in enumerate(pairs)}


class LightReader:
    """Answers for the light steps of a recording; it grows with it."""

    def __init__(self, recording: Recording, blocks: Blocks) -> None:
        self._recording = recording
        self.blocks = blocks
        """All light steps, as they lie in the file: many in a block."""
        self.graph = lru_cache(64)(self._graph)
        self._norms = lru_cache(16)(self._read_norms)

    def step(self, number: int) -> LightStep | None:
        """Return what was kept of a light step; None for one in full detail."""
        return self.blocks.step(number)

    def _graph(self, number: int) -> LightGraph | None:
        row = self._recording.reader.row("SELECT nodes, roots, measured FROM graphs WHERE id = ?", number)
        if row is None or row[0] is None:
            if number:
                raise RecordingError(_("the recording is damaged: a graph that a step ran through is not in it"))
            return None
        return LightGraph(number, *map(unpack_numbers, row))

    # -- events ----------------------------------------------------------------------------------------------------

    def event(self, number: int) -> Event | None:
        """Return an event of a light step, or None where there is none of this number."""
        step = self.step(self._recording.number_at(number))
        if step is None or number not in step.events:
            return None
        index = step.events.index(number)
        outlined = step.outline.events[index]
        node: int | None = None
        details: dict[str, Any] = {}
        if outlined.kind == "backward_start":
            graph = self.graph(step.graph_of(index))
            roots = list(graph.roots) if graph is not None else []
            node = roots[0] if roots else None
            details = {"call": outlined.call, "roots": roots, "losses": step.losses_from(index)}
        elif outlined.optimizer is not None or outlined.kind == "update":
            details = {"optimizer": outlined.optimizer}
        span = self._recording.span_of(number)
        return Event(
            number, cast("EventKind", outlined.kind), span.step, span.phase, outlined.file, outlined.line, None, node,
            "", step.time, details,
        )  # fmt: skip

    def events_between(self, first: int, last: int, kinds: Sequence[str] = ()) -> list[Event]:
        """Return the events of light steps from one number to another, of some kinds, in order."""
        if not self.blocks or last < first:
            return []
        numbers = range(self._recording.number_at(first), self._recording.number_at(last) + 1)
        wanted = [event for number in numbers for event in self._events_of(number, kinds) if first <= event <= last]
        return [self._recording.event(event) for event in wanted]

    def next_event(self, moment: int, kinds: Sequence[str], direction: int) -> int | None:
        """Return the nearest event of a light step after or before a moment, of some kinds, or None."""
        if not self.blocks or (kinds and not {*kinds} & _KINDS):
            return None
        number: int | None = self._recording.number_at(moment)
        while number is not None:
            events = [event for event in self._events_of(number, kinds) if (event - moment) * direction > 0]
            if events:
                return events[0] if direction > 0 else events[-1]
            number = self.blocks.next_step(number, direction)
        return None

    def _events_of(self, number: int, kinds: Sequence[str]) -> list[int]:
        step = self.step(number)
        if step is None:
            return []
        pairs = zip(step.events, step.outline.events, strict=True)
        return [event for event, outlined in pairs if not kinds or outlined.kind in kinds]

    # -- graphs, values and gradients ------------------------------------------------------------------------------

    def structure(self, number: int) -> Structure | None:
        """Return the graph of a light step, its nodes made at the backward that ran through them; None for a full one.

        Where the structure was not kept, it is empty.
        """
        step = self.step(number)
        if step is None:
            return None
        made: dict[int, int] = {}
        roots: set[int] = set()
        for index in step.outline.starts:
            graph = self.graph(step.graph_of(index))
            if graph is not None:
                roots.update(graph.roots)
                for node in (*graph.nodes, *graph.roots):
                    made.setdefault(node, step.events[index])
        nodes, edges = read_nodes_and_edges(self._recording.reader, made)
        return Structure(nodes, edges, frozenset(made) - roots)

    def made(self, number: int) -> list[tuple[int, numpy.ndarray[Any, Any]]] | None:
        """Return each backward of a light step with the nodes that it ran through, ascending; None for a full step."""
        import numpy

        step = self.step(number)
        if step is None:
            return None
        found = []
        for index in step.outline.starts:
            graph = self.graph(step.graph_of(index))
            if graph is not None:
                found.append((step.events[index], numpy.sort(numpy.concatenate((graph.nodes, graph.roots)))))
        return found

    def gradient_columns(self, number: int) -> list[tuple[Any, int, Any]]:
        """Return what was kept of a light step's gradients: nodes, the event at which they were taken, and norms."""
        import numpy

        step = self.step(number)
        if step is None:
            return []
        outline = step.outline
        figures = step.figures
        is_there = ~absent_mask(figures)
        found = [
            (numpy.array(outline.leaves, "i8")[is_there], step.events[outline.last_end], numpy.abs(figures[is_there]))
        ]
        for event, outlined in zip(step.events, outline.events, strict=True):
            graph, norms = self._norms(event) if outlined.kind == "backward_end" else (0, ())
            measured = self.graph(graph)
            if measured is not None:
                pairs = numpy.array(measured.measured, "i8").reshape(-1, 2)[: len(norms)]
                kept = numpy.array(norms, "f8")[: len(pairs)]
                is_output = (pairs[:, 1] == -1) & ~absent_mask(kept)
                found.append((pairs[is_output, 0], event, kept[is_output]))
        return found

    def value_of(self, node: int, moment: int) -> tuple[int, int | None]:
        """Return the event of the last update by a moment that kept what it made of a parameter, and the snapshot."""
        row = self._recording.reader.row(
            "SELECT event, after FROM changes WHERE node = ? AND what = 'value' AND event <= ? "
            "ORDER BY event DESC LIMIT 1",
            node, moment,
        )  # fmt: skip
        return (0, None) if row is None else (row[0], row[1])

    def has_moved(self, event: int, moment: int) -> bool:
        """Whether a light step has changed parameters between an event and a moment: values of before no longer hold.

        An update at the event itself kept what it made of them.
        """
        last = self.next_event(moment + 1, ("update",), -1)
        return last is not None and last > event

    def leaf_gradient(self, node: int, moment: int, *, after: int) -> tuple[Snapshot | None] | None:
        """Return what the last light step whose backwards had ended by a moment kept of a leaf's `.grad`.

        Args:
            after: the event of what else is known of it: nothing older is returned, nor of the same event.

        Returns:
            A tuple of the gradient (in it None where the leaf got none), or None where no such step tells.
        """
        number: int | None = self._recording.number_at(moment) if self.blocks else None
        while number is not None:
            step = self.step(number)
            if step is not None:
                end = step.events[step.outline.last_end]
                if end <= after:
                    return None
                if end <= moment and node in step.outline.places:
                    return (self.figure_of(self._recording.node(node), step.figure(node)),)
            number = self.blocks.next_step(number, -1)
        return None

    def figure_of(self, facts: Node, figure: float | None) -> Snapshot | None:
        """Return what a light step has kept of a leaf's gradient as what a full one keeps."""
        if figure is None:
            return None
        shape, dtype, device = facts.shape or (), facts.dtype or "float32", facts.device or "cpu"
        kept = Snapshot(shape, dtype, device, "<f8", norm=abs(figure))
        is_number = kept.size == 1 and self._recording.has_values and not dtype.startswith("complex")
        return replace(kept, data=pack_reals([figure])) if is_number else kept

    def norms_of(self, event: int) -> dict[tuple[int, int], float]:
        """Return what the end of a backward kept of the gradients inside its graph: norms by node and slot."""
        number, norms = self._norms(event)
        graph = self.graph(number)
        # There may be fewer norms than places, where the run ended within the backward.
        found = zip(graph.places, norms, strict=False) if graph is not None else ()
        return {place: norm for place, norm in found if not is_absent(norm)}

    def edge_norm(self, node: int, slot: int, moment: int) -> Snapshot | None:
        """Return what a light step on the schedule kept of a gradient inside its graph, as of a moment, or None."""
        step = self.step(self._recording.number_at(moment)) if self.blocks else None
        if step is None:
            return None
        for event, outlined in reversed(list(zip(step.events, step.outline.events, strict=True))):
            if outlined.kind != "backward_end" or event > moment:
                continue
            number, norms = self._norms(event)
            graph = self.graph(number)
            place = graph.places.get((node, slot)) if graph is not None else None
            if place is not None and place < len(norms) and not is_absent(norms[place]):
                source = self._source(node, slot) if slot >= 0 else node
                facts = self._recording.node(source)
                return Snapshot(facts.shape or (), facts.dtype or "", facts.device or "", "<f8", norm=norms[place])
        return None

    def _source(self, target: int, slot: int) -> int:
        query = "SELECT source FROM edges WHERE target = ? AND slot = ?"
        return self._recording.reader.number(query, target, slot) or target

    def _read_norms(self, event: int) -> tuple[int, Sequence[float]]:
        row = self._recording.reader.row("SELECT graph, norms FROM edge_norms WHERE event = ?", event)
        return (0, ()) if row is None else (row[0], unpack_reals(row[1]))
