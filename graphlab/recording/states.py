"""What optimizers kept for a parameter beside its gradient: momentum, Adam's moments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy

    from graphlab.model import Snapshot
    from graphlab.recording.run import Recording

_HAS_TABLE = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'optimizer_states'"
"""Recordings of an early version 2 lack it."""


def read_states(recording: Recording, node: int) -> dict[str, tuple[numpy.ndarray[Any, Any], numpy.ndarray[Any, Any]]]:
    """Return by name (`exp_avg`) the steps, counted from 0, after whose update a state is known, and its 2-norms."""
    import numpy

    if not recording.reader.number(_HAS_TABLE):
        return {}
    rows = recording.reader.rows(
        "SELECT o.event, o.name, s.norm, s.stored, s.data FROM optimizer_states o "
        "JOIN snapshots s ON s.id = o.snapshot WHERE o.node = ? ORDER BY o.event, o.name",
        node,
    )  # fmt: skip
    found: dict[str, tuple[list[int], list[float]]] = {}
    for event, name, norm, stored, data in rows:
        steps, norms = found.setdefault(name, ([], []))
        steps.append(recording.number_at(event) - 1)
        values = numpy.frombuffer(data or b"", stored)
        with numpy.errstate(all="ignore"):
            norms.append(float(numpy.linalg.norm(values.astype("f8"))) if norm is None else float(norm))
    return {name: (numpy.array(steps, "i8"), numpy.array(norms)) for name, (steps, norms) in found.items()}


def states_at(recording: Recording, node: int, event: int) -> dict[str, Snapshot]:
    """Return by name what an optimizer kept for a parameter after an update."""
    if not recording.reader.number(_HAS_TABLE):
        return {}
    rows = recording.reader.rows(
        "SELECT name, snapshot FROM optimizer_states WHERE node = ? AND event = ?", node, event
    )
    found = {name: recording.snapshot(number) for name, number in rows}
    return {name: snapshot for name, snapshot in found.items() if snapshot is not None}
