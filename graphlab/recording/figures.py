"""Values and gradients of a whole graph at a moment, read in a few queries instead of three a node.

Separate from `run`, which answers for one node at a time: the graph of 50,000 nodes would ask it 150,000 times. What
it says of a node, this says too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from graphlab.model import LEAF_KINDS, Snapshot
from graphlab.structure import number_ranges

if TYPE_CHECKING:
    from graphlab.model import Node
    from graphlab.recording.run import Recording
    from graphlab.structure import Structure

# What is asked of leaves and data is asked inside SQLite, node by node: each has a state for each step, and the index
# leads to the last by a moment. What it finds lies in one row a node.
_STATES = """
SELECT n.id, t.event, t.snapshot FROM nodes n JOIN tensors t ON t.id = COALESCE(
    (SELECT id FROM tensors WHERE node = n.id AND event <= :moment AND label = '' AND output = 0
     ORDER BY event DESC, id DESC LIMIT 1),
    (SELECT id FROM tensors WHERE node = n.id AND event <= :moment AND label = ''
     ORDER BY output, event DESC, id DESC LIMIT 1))
WHERE n.id BETWEEN :first AND :last AND n.kind IN ('parameter', 'leaf', 'data')"""
_CHANGES = """
SELECT n.id, c.event, c.after FROM nodes n JOIN changes c ON c.node = n.id AND c.event =
    (SELECT MAX(event) FROM changes WHERE node = n.id AND what = '{what}' AND event <= :moment)
WHERE n.id BETWEEN :first AND :last AND n.kind IN ('parameter', 'leaf')"""
# An op's lowest output counts, and of that the last state.
_MADE = """
SELECT node, snapshot FROM tensors WHERE node BETWEEN :first AND :last AND event <= :moment AND label = ''
ORDER BY node, output DESC, event, id"""
_FLOWED = """
SELECT node, slot, snapshot FROM gradients WHERE node BETWEEN :first AND :last AND event <= :moment
ORDER BY node, slot, event"""


class Figures:
    """What is known of the values and gradients of a graph as of a moment."""

    def __init__(self, recording: Recording, structure: Structure, moment: int) -> None:
        self._recording = recording
        self._moment = moment
        self._nodes = structure.nodes
        self._values: dict[int, int | None] = {}
        self._leaf_gradients: dict[int, int | None] = {}
        self._gradients: dict[tuple[int, int], int | None] = {}
        self._light: dict[int, Snapshot | None] = {}
        """Gradients of leaves that a light step has kept, where that is the last that is known of them."""
        self._norms: dict[tuple[int, int], float] = {}
        self._sources = {(edge.target, edge.slot): edge.source for edge in reversed(structure.edges)}
        self._read_ops([node.id for node in self._nodes.values() if node.kind in {"op", "output"}])
        self._read_leaves([node.id for node in self._nodes.values() if node.kind not in {"op", "output"}])
        numbers = (*self._values.values(), *self._leaf_gradients.values(), *self._gradients.values())
        self._snapshots: dict[int, Snapshot] = {}
        for first, last in number_ranges({number for number in numbers if number is not None}):
            self._snapshots.update(recording.reader.snapshots(first, last))

    def value(self, node: Node) -> Snapshot | None:
        """Return the forward value of a node."""
        return self._snapshot(self._values.get(node.id))

    def gradient(self, node: Node) -> Snapshot | None:
        """Return the gradient of a node: a leaf's `.grad`, else the upstream gradient of its output."""
        if node.kind in LEAF_KINDS:
            if node.id in self._light:
                return self._light[node.id]
            return self._snapshot(self._leaf_gradients.get(node.id))
        return self.edge_gradient(node.id, 0 if node.kind == "output" else -1)

    def edge_gradient(self, target: int, slot: int) -> Snapshot | None:
        """Return the gradient that had flowed back along an edge."""
        edge = target, slot
        if edge in self._gradients:
            return self._snapshot(self._gradients[edge])
        norm = self._norms.get(edge)
        if norm is None:
            return None
        facts = self._nodes[self._sources.get(edge, target)]
        return Snapshot(facts.shape or (), facts.dtype or "", facts.device or "", "<f8", norm=norm)

    def _snapshot(self, number: int | None) -> Snapshot | None:
        return None if number is None else self._snapshots.get(number)

    def _rows(self, statement: str, numbers: Iterable[int]) -> Iterator[Any]:
        for first, last in number_ranges(numbers):
            yield from self._recording.reader.rows(statement, first=first, last=last, moment=self._moment)

    def _read_ops(self, numbers: list[int]) -> None:
        self._values.update(self._rows(_MADE, numbers))
        self._gradients.update(((node, slot), number) for node, slot, number in self._rows(_FLOWED, numbers))
        light, moment = self._recording.light, self._moment
        step = light.step(self._recording.number_at(moment))
        if step is None:
            return
        for event, outlined in zip(step.events, step.outline.events, strict=True):
            if outlined.kind == "backward_end" and event <= moment:
                self._norms.update(light.norms_of(event))

    def _read_leaves(self, numbers: list[int]) -> None:
        light = self._recording.light
        states = {node: (event, number) for node, event, number in self._rows(_STATES, numbers)}
        came = {node: (event, number) for node, event, number in self._rows(_CHANGES.format(what="grad"), numbers)}
        if light.blocks:
            updates = self._rows(_CHANGES.format(what="value"), numbers)
            self._take_light_values(states, {node: (event, number) for node, event, number in updates})
            leaves = [number for number in numbers if self._nodes[number].kind in LEAF_KINDS]
            self._take_light_gradients({leaf: came[leaf][0] if leaf in came else 0 for leaf in leaves})
        self._values.update((node, number) for node, (_, number) in states.items())
        self._leaf_gradients.update((node, number) for node, (_, number) in came.items())

    def _take_light_values(
        self, states: dict[int, tuple[int, int | None]], updates: dict[int, tuple[int, int | None]]
    ) -> None:
        """Take what updates made of parameters; a value that a later light step has changed is not known."""
        moved = self._recording.light.next_event(self._moment + 1, ("update",), -1)
        for node in [number for number, facts in self._nodes.items() if facts.kind == "parameter"]:
            known = max(states.get(node, (0, None)), updates.get(node, (0, None)), key=lambda pair: pair[0])
            states[node] = known if moved is None or moved <= known[0] else (known[0], None)

    def _take_light_gradients(self, waiting: dict[int, int]) -> None:
        """Look from the moment backwards, for each leaf, for a light step that tells more than what else is known."""
        light = self._recording.light
        number: int | None = self._recording.number_at(self._moment)
        while number is not None and waiting:
            step = light.step(number)
            number = light.blocks.next_step(number, -1)
            if step is None:
                continue
            end = step.events[step.outline.last_end]
            waiting = {leaf: after for leaf, after in waiting.items() if after < end}
            if end > self._moment:
                continue
            for leaf in [leaf for leaf in waiting if leaf in step.outline.places]:
                del waiting[leaf]
                self._light[leaf] = light.figure_of(self._nodes[leaf], step.figure(leaf))
