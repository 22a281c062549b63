"""Where a step's graph changes: the events that bring a node a value or a gradient, an edge a gradient, a node a name.

For readers that show every moment of a step, such as the page that is mailed: between these events nothing that is
shown of the graph changes, so they ask for each value once, and not once a moment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graphlab.model import LEAF_KINDS

if TYPE_CHECKING:
    from graphlab.model import Event
    from graphlab.recording.run import Recording
    from graphlab.structure import Structure


@dataclass(frozen=True, slots=True)
class Arrivals:
    """For everything that may change in a step, the events after which it may differ from before, in order."""

    values: dict[int, list[int]] = field(default_factory=dict)
    """By node."""
    gradients: dict[int, list[int]] = field(default_factory=dict)
    """By node."""
    edges: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    """By target and slot."""
    names: list[int] = field(default_factory=list)
    """Events after which variables may hold something else."""


def read_arrivals(recording: Recording, number: int, structure: Structure, events: list[Event]) -> Arrivals:
    """Find the events of a step that change something; `events` are all of the step's."""
    if recording.step(number).detail == "light":
        every = [event.id for event in events]
        nodes = dict.fromkeys(structure.nodes, every)
        return Arrivals(nodes, nodes, {(edge.target, edge.slot): every for edge in structure.edges}, every[-1:])
    arrivals = Arrivals()
    first, last = (events[0].id, events[-1].id) if events else (0, -1)
    rows = recording.reader.rows
    with recording.reading():
        for node in structure.nodes.values():
            found = rows(
                "SELECT DISTINCT event FROM tensors WHERE node = ? AND event BETWEEN ? AND ? AND label = '' "
                "ORDER BY event",
                node.id, first, last,
            )  # fmt: skip
            arrivals.values[node.id] = [row[0] for row in found]
            found = rows(
                "SELECT slot, event FROM gradients WHERE node = ? AND event BETWEEN ? AND ? ORDER BY event",
                node.id, first, last,
            )  # fmt: skip
            for slot, event in found:
                if slot >= 0:
                    arrivals.edges.setdefault((node.id, slot), []).append(event)
            arrivals.gradients[node.id] = list(dict.fromkeys(row[1] for row in found))
            if node.kind in LEAF_KINDS:
                found = rows(
                    "SELECT event FROM changes WHERE node = ? AND what = 'grad' AND event BETWEEN ? AND ? "
                    "ORDER BY event",
                    node.id, first, last,
                )  # fmt: skip
                arrivals.gradients[node.id] = [row[0] for row in found]
        ends = {row[0] for row in rows("SELECT last FROM frames WHERE last BETWEEN ? AND ?", first, last)}
    arrivals.names.extend(
        event.id for event in events if event.kind == "line" or event.details.get("inplace") or event.id in ends
    )
    return arrivals
