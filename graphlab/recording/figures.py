"""Values and gradients of a whole graph at a moment, read in a few queries instead of three a node.

Separate from `run`, which answers for one node at a time: the graph of 50,000 nodes would ask it 150,000 times.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from graphlab.model import LEAF_KINDS, Snapshot
from graphlab.structure import number_ranges

if TYPE_CHECKING:
    from graphlab.model import Node
    from graphlab.recording.run import Recording


class Figures:
    """What is known of some nodes' values and gradients as of a moment: what the recording itself would answer."""

    def __init__(self, recording: Recording, nodes: Iterable[Node], moment: int) -> None:
        self._recording = recording
        self._moment = moment
        # Leaves and data have a state for each step: of these the recording asks the last, node by node. What light
        # steps recorded lies elsewhere.
        bulk = [] if recording.light.blocks else [node.id for node in nodes if node.kind in {"op", "output"}]
        self._outputs = {node.id for node in nodes if node.kind == "output"}
        self._known = frozenset(bulk)
        self._values: dict[int, int | None] = {}
        self._gradients: dict[tuple[int, int], int | None] = {}
        self._snapshots: dict[int, Snapshot] = {}
        if bulk:
            self._read(bulk)

    def value(self, node: Node) -> Snapshot | None:
        """Return the forward value of a node."""
        if node.id not in self._known:
            return self._recording.value(node.id, self._moment)
        return self._snapshot(self._values.get(node.id))

    def gradient(self, node: Node) -> Snapshot | None:
        """Return the gradient of a node: a leaf's `.grad`, else the upstream gradient of its output."""
        if node.id not in self._known or node.kind in LEAF_KINDS:
            return self._recording.gradient(node.id, self._moment)
        return self._snapshot(self._gradients.get((node.id, 0 if node.id in self._outputs else -1)))

    def edge_gradient(self, target: int, slot: int) -> Snapshot | None:
        """Return the gradient that had flowed back along an edge."""
        if target not in self._known:
            return self._recording.edge_gradient(target, slot, self._moment)
        return self._snapshot(self._gradients.get((target, slot)))

    def _snapshot(self, number: int | None) -> Snapshot | None:
        return None if number is None else self._snapshots.get(number)

    def _read(self, numbers: list[int]) -> None:
        reader = self._recording.reader
        for first, last in number_ranges(numbers):
            # The lowest output counts, and of that the last state.
            states = reader.rows(
                "SELECT node, output, snapshot FROM tensors WHERE node BETWEEN ? AND ? AND event <= ? AND label = '' "
                "ORDER BY node, output DESC, event, id",
                first, last, self._moment,
            )  # fmt: skip
            self._values.update((node, snapshot) for node, _, snapshot in states)
            came = reader.rows(
                "SELECT node, slot, snapshot FROM gradients WHERE node BETWEEN ? AND ? AND event <= ? "
                "ORDER BY node, slot, event",
                first, last, self._moment,
            )  # fmt: skip
            self._gradients.update(((node, slot), snapshot) for node, slot, snapshot in came)
        wanted = {number for number in (*self._values.values(), *self._gradients.values()) if number is not None}
        for first, last in number_ranges(wanted):
            self._snapshots.update(reader.snapshots(first, last))
