"""The steps that a page carries, and how each is packed: its events, and what each of them changes in the graph.

A state is never written twice. A step begins with what is there at its first moment; from then on only what an event
changed is noted, so that the page finds any moment by going through the changes before it.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_left
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphlab.errors import RenderError
from graphlab.layout.fold import Fold
from graphlab.recording.arrivals import Arrivals, read_arrivals
from graphlab.renderers.page.groups import describe_groups
from graphlab.renderers.page.structures import PageStructure, describe_nodes
from graphlab.renderers.page.tensors import TensorPool
from graphlab.renderers.reading import plain, value_words
from graphlab.sentences import phase_of_span, say_event

if TYPE_CHECKING:
    import networkx

    from graphlab.model import Edge, Event, Node, Snapshot
    from graphlab.recording import Recording
    from graphlab.structure import Structure

MOST_NODES = 3_000
"""Nodes beyond which a step is shown folded, at one moment."""
MOST_MOMENTS = 1_500
"""Moments of one step."""
MOST_BYTES = 1_100_000
"""Bytes of all steps together, without the elements of tensors: a page must stay small enough to be mailed."""
MOST_STEPS = 400
VALUE, GRADIENT, EDGE, NAMES, PARAMETERS = range(5)
"""What a change is of; the last is for groups: the gradients of their parameters."""
_TELLING = {
    "line",
    "backward_start",
    "backward_end",
    "update",
    "skipped_update",
    "zero_grad",
    "clip",
    "unscale",
    "error",
}


@dataclass
class StepPacker:
    """Packs steps of a recording; what they share is kept once."""

    recording: Recording
    fold: Fold
    opened: Collection[str] = ()
    pool: TensorPool = field(default_factory=TensorPool)
    structures: list[PageStructure] = field(default_factory=list)
    said: dict[str, int] = field(default_factory=dict)
    """Each sentence and its number."""
    names: dict[tuple[str, ...], int] = field(default_factory=lambda: {(): 0})
    """Each set of names that sits on a node, and its number."""
    thinned: int = 1
    """How many events one moment stands for at most."""
    cost: int = 0
    _keys: dict[Any, int] = field(default_factory=dict)

    def pack(self, number: int) -> dict[str, Any]:
        """Return a step packed."""
        recording = self.recording
        step = recording.step(number)
        # What comes after all steps is shown with the last.
        last = recording.event_count if number == len(recording.steps) else step.last
        events = recording.events_between(step.first, last)
        structure = recording.structure(number)
        moments = self._choose_moments(events, number)
        arrivals = read_arrivals(recording, number, structure, events)
        tags = self._read_tags(moments, arrivals)
        nodes = _without_strays(structure, tags)
        places = {node.id: index for index, node in enumerate(nodes)}
        edges = [edge for edge in structure.edges if edge.source in places and edge.target in places]
        shared = self._share(nodes, edges, places, moments[-1])
        by_number = {event.id: event for event in events}
        spans = [
            (phase_of_span(recording, span), bisect_left(moments, span.first)) for span in recording.spans_of(number)
        ]
        packed = {
            "step": number,
            "structure": shared,
            "events": moments,
            "ids": list(places),
            "kinds": [by_number[moment].kind if moment in by_number else "" for moment in moments],
            "lines": [by_number[moment].line or 0 if moment in by_number else 0 for moment in moments],
            "files": [by_number[moment].file or 0 if moment in by_number else 0 for moment in moments],
            "now": [places.get(by_number[moment].node or 0, -1) if moment in by_number else -1 for moment in moments],
            "said": [self._say(moment) for moment in moments],
            "spans": spans,
            "born": [_born(moments, node.event) for node in nodes],
            "edges": [_born(moments, edge.event) for edge in edges],
            "changes": self._changes(moments, arrivals, nodes, edges, tags, shared),
        }
        self.cost += len(json.dumps(packed, separators=(",", ":")))
        return packed

    def _choose_moments(self, events: list[Event], number: int) -> list[int]:
        """Return the events at which a step is shown; of very many all that tell much, and some between."""
        numbers = [event.id for event in events]
        if len(numbers) > MOST_MOMENTS:
            every = math.ceil(len(numbers) / (MOST_MOMENTS / 2))
            telling = [event.id for event in events if event.kind in _TELLING]
            telling = telling[:: math.ceil(len(telling) / (MOST_MOMENTS / 2))] if telling else []
            numbers = sorted({*numbers[::every], *telling, numbers[-1]})
            self.thinned = max(self.thinned, every)
        return [0, *numbers] if number == 1 else numbers

    def _read_tags(self, moments: list[int], arrivals: Arrivals) -> list[tuple[int, dict[int, tuple[str, ...]]]]:
        """Return the names on all nodes, at each moment at which they may differ from those before."""
        wanted = sorted({0, *(_index(moments, event) for event in arrivals.names)})
        found = []
        for index in wanted:
            names = self.recording.names(moments[index]) if index < len(moments) else {}
            found.append((index, {node: tuple(map(plain, tags)) for node, tags in names.items()}))
        return found

    def _share(self, nodes: list[Node], edges: list[Edge], places: dict[int, int], moment: int) -> int:
        """Return the number of a structure, the same for all steps that repeat it."""
        links = [
            (places[edge.source], places[edge.target], edge.slot, edge.output, plain(edge.label)) for edge in edges
        ]
        facts = [(node.kind, node.op, node.call, node.name, node.module, node.file, node.line, node.shape, node.dtype,
                  node.device) for node in nodes]  # fmt: skip
        key = json.dumps([facts, links])
        if key not in self._keys:
            self._keys[key] = len(self.structures)
            graph = self.recording.graph(at=moment, future=True).subgraph(places).copy()
            groups = self._describe_groups(graph, places)
            for node in nodes:
                # Which variables mean a node depends on the moment.
                graph.nodes[node.id].update(name=node.name, names=[])
            described = describe_nodes(graph)
            self.structures.append(PageStructure(described, links, groups))
            self.cost += len(json.dumps([described, links, groups]))
        return self._keys[key]

    def _describe_groups(self, graph: networkx.MultiDiGraph, places: dict[int, int]) -> list[dict[str, Any]]:
        """Return the groups; that one is to be open is asked of the step that was wanted, which comes first."""
        try:
            return describe_groups(graph, places, self.fold, self.opened)
        except RenderError:
            if not self.structures:
                raise
            return describe_groups(graph, places, self.fold)

    def _say(self, moment: int) -> int:
        sentence = plain(say_event(self.recording, moment))
        if sentence not in self.said:
            self.said[sentence] = len(self.said)
            self.cost += len(sentence) + 3
        return self.said[sentence]

    def _changes(
        self,
        moments: list[int],
        arrivals: Arrivals,
        nodes: list[Node],
        edges: list[Edge],
        tags: list[tuple[int, dict[int, tuple[str, ...]]]],
        shared: int,
    ) -> list[int]:
        """Return the changes in order, four numbers each: index of the moment, what, of which node or edge, to what."""
        recording, structure = self.recording, self.structures[shared]
        changes: list[tuple[int, int, int, int]] = []

        def follow(what: int, which: int, events: list[int], born: int, read: Any) -> None:
            before = -1
            start = max(born, moments[0])
            for index in sorted({_index(moments, event) for event in (start, *events) if event >= born}):
                if index >= len(moments):
                    continue
                snapshot: Snapshot | None = read(moments[index])
                number = self.pool.add(snapshot)
                if number != before:
                    changes.append((index, what, which, number))
                    before = number
                if what == VALUE:
                    structure.note_value(which, value_words(snapshot))

        with recording.reading():
            for which, node in enumerate(nodes):
                key = node.id
                follow(
                    VALUE, which, arrivals.values.get(key, []), node.event, lambda at, key=key: recording.value(key, at)
                )
                follow(
                    GRADIENT, which, arrivals.gradients.get(key, []), node.event,
                    lambda at, key=key: recording.gradient(key, at),
                )  # fmt: skip
            for which, edge in enumerate(edges):
                follow(
                    EDGE, which, arrivals.edges.get((edge.target, edge.slot), []), edge.event,
                    lambda at, edge=edge: recording.edge_gradient(edge.target, edge.slot, at),
                )  # fmt: skip
        changes += self._name_changes(nodes, tags, structure)
        return [number for change in sorted(changes) for number in change]

    def _name_changes(
        self, nodes: list[Node], tags: list[tuple[int, dict[int, tuple[str, ...]]]], structure: PageStructure
    ) -> Iterator[tuple[int, int, int, int]]:
        for which, node in enumerate(nodes):
            before: tuple[str, ...] = ()
            for index, names in tags:
                now = names.get(node.id, ())
                if now != before:
                    structure.note_tags(which, now)
                    yield index, NAMES, which, self.names.setdefault(now, len(self.names))
                    before = now


def _index(moments: list[int], event: int) -> int:
    """Return the first moment at which an event has happened."""
    return bisect_left(moments, event)


def _born(moments: list[int], event: int) -> int:
    """Return the first moment at which something is there; -1 where it was there before the step."""
    return -1 if event < moments[0] else _index(moments, event)


def _without_strays(structure: Structure, tags: list[tuple[int, dict[int, tuple[str, ...]]]]) -> list[Node]:
    """Leave out tensors that have neither a user nor a name at any moment, such as buffers nobody reads."""
    linked = {end for edge in structure.edges for end in (edge.source, edge.target)}
    named = {node for _, names in tags for node in names}
    nodes = list(structure.nodes.values())
    kept = [
        node
        for node in nodes
        if node.kind not in {"data", "leaf"} or node.id in linked or node.id in named or node.name
    ]
    return kept or nodes


def order_steps(recording: Recording, wanted: int) -> Iterator[int]:
    """Yield the numbers of all steps, those first that a page must have: the wanted, the ends, what is not finite.

    The others follow in halves of halves, so that wherever a page ends they lie evenly.
    """
    count = len(recording.steps)
    losses = recording.losses
    broken = next((index for index, loss in enumerate(losses, 1) if loss is not None and not math.isfinite(loss)), 0)
    seen = set()
    for number in (wanted, 1, count, broken, broken - 1, *_halves(count)):
        if 1 <= number <= count and number not in seen:
            seen.add(number)
            yield number


def _halves(count: int) -> Iterator[int]:
    """Yield 1 to `count` so that the first few of them lie evenly: by their bits, the lowest first."""
    bits = max(1, (count - 1).bit_length())
    for index in range(1 << bits):
        number = int(f"{index:0{bits}b}"[::-1], 2) + 1
        if number <= count:
            yield number


def pack_steps(packer: StepPacker, wanted: int) -> list[dict[str, Any]]:
    """Pack as many steps as a page has room for, in their order."""
    packed: list[dict[str, Any]] = []
    for number in order_steps(packer.recording, wanted):
        if packed and (packer.cost + packer.pool.cost > MOST_BYTES or len(packed) >= MOST_STEPS):
            break
        packed.append(packer.pack(number))
    return sorted(packed, key=lambda step: int(step["step"]))
