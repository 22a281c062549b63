"""How the gradient flowed through one step in full detail: its edges, and the norm on each."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy

from graphlab.analysis.findings.snapshots import read_figures

if TYPE_CHECKING:
    from graphlab.model import Edge, Node, Snapshot
    from graphlab.recording import Recording


_OUTPUTS = 4
"""Of a node that are looked at: splits have more, but then one gradient tells enough."""


class Flow:
    """A step's graph with its gradients; ask `flow_of`, which reads each step once."""

    def __init__(self, recording: Recording, number: int) -> None:
        self.recording = recording
        self.step = recording.step(number)
        structure = recording.structure(number)
        self.nodes = structure.nodes
        self.users: dict[int, list[Edge]] = {}
        """By node: the edges from it, towards the loss."""
        self.inputs: dict[int, list[Edge]] = {}
        """By node: the edges into it."""
        for edge in structure.edges:
            self.users.setdefault(edge.source, []).append(edge)
            self.inputs.setdefault(edge.target, []).append(edge)
        self._is_light = self.step.detail == "light"
        rows = recording.reader.rows(
            "SELECT node, slot, snapshot FROM gradients WHERE event BETWEEN ? AND ? AND snapshot IS NOT NULL "
            "ORDER BY event",
            self.step.first, self.step.last,
        )  # fmt: skip
        self._snapshots: dict[tuple[int, int], int] = {(node, slot): snapshot for node, slot, snapshot in rows}

    @cached_property
    def _norms(self) -> dict[tuple[int, int], float]:
        keys = list(self._snapshots)
        figures = read_figures(self.recording.reader, numpy.array([self._snapshots[key] for key in keys], "i8"))
        return dict(zip(keys, figures.norms.tolist(), strict=True))

    def edge_norm(self, edge: Edge) -> float | None:
        """Return the norm of the gradient that came back along an edge, or None."""
        return self._norm(edge.target, edge.slot)

    def _norm(self, node: int, slot: int) -> float | None:
        if self._is_light:
            kept = self.recording.light.edge_norm(node, slot, self.step.last)
            return kept.norm if kept is not None else None
        return self._norms.get((node, slot))

    def upstream_norm(self, node: int) -> float | None:
        """Return the norm of the gradient that came into a node's outputs, or None."""
        if self.nodes[node].kind == "output":
            return self._norm(node, 0)
        outputs = range(1 if self._is_light else _OUTPUTS)
        parts = [norm for output in outputs if (norm := self._norm(node, -1 - output)) is not None]
        return float(numpy.hypot.reduce(parts)) if parts else None

    def edge_gradient(self, edge: Edge) -> Snapshot | None:
        """Return the gradient that came back along an edge."""
        number = self._snapshots.get((edge.target, edge.slot))
        return None if number is None else self.recording.snapshot(number)

    def upstream(self, node: int, output: int = 0) -> Snapshot | None:
        """Return the gradient that came into one of a node's outputs."""
        number = self._snapshots.get((node, -1 - output))
        return None if number is None else self.recording.snapshot(number)

    def towards_loss(self, node: int, most: int = 5_000) -> Iterator[Edge]:
        """Give the edges from a node towards the loss, the nearest first."""
        waiting, seen = [node], {node}
        for source in waiting:
            if len(seen) > most:
                return
            for edge in self.users.get(source, ()):
                yield edge
                if edge.target not in seen:
                    seen.add(edge.target)
                    waiting.append(edge.target)

    def value(self, node: Node) -> Snapshot | None:
        """Return what an op made in this step."""
        return self.recording.value(node.id, self.step.last)

    def given(self, node: Node, slot: int | None = None) -> list[Snapshot | None]:
        """Return what an op was given, first what came in at a slot."""
        if not node.event:
            return []
        inputs = self.recording.inputs(node.event)
        sources = {edge.slot: edge.source for edge in self.inputs.get(node.id, ())}
        first = [each for each in inputs if slot is not None and each.node == sources.get(slot)]
        return [self.recording.snapshot(each.snapshot) for each in (*first, *(e for e in inputs if e not in first))]


_KNOWN: WeakKeyDictionary[Recording, dict[int, Flow]] = WeakKeyDictionary()
_KEPT = 4


def flow_of(recording: Recording, number: int) -> Flow:
    """Return how the gradient flowed in a step, read once for all finders."""
    known = _KNOWN.setdefault(recording, {})
    if number not in known:
        if len(known) >= _KEPT:
            known.pop(next(iter(known)))
        known[number] = Flow(recording, number)
    return known[number]
