"""With what a node's backward reckons: numbers that autograd kept, and tensors, each with its place in the run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphlab.model import Snapshot
    from graphlab.recording.run import Recording


@dataclass(frozen=True, slots=True)
class KeptTensor:
    """A tensor that a grad_fn keeps for its backward."""

    name: str
    """As autograd calls it: `self`, `mat2`, `result`."""
    node: int | None
    """The node whose output, or whose data, it is; None for what nothing else holds (a mask, a scalar)."""
    label: str
    """The views of data between that node and it."""
    snapshot: Snapshot | None
    """Its values as they were then."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a grad_fn keeps."""

    numbers: Mapping[str, Any]
    tensors: tuple[KeptTensor, ...]
    made_by: int | None = None
    """The node whose backward made this one (`create_graph=True`)."""


def read_arguments(recording: Recording, node: int) -> Arguments | None:
    """Return what a node keeps for its backward; None where nothing was noted of it (in light, in old recordings)."""
    with recording.reading():
        if not _has_table(recording):
            return None
        row = recording.reader.row("SELECT numbers, tensors FROM arguments WHERE node = ?", node)
        if row is None:
            return Arguments({}, ())
        numbers = json.loads(row[0])
        made_by = numbers.pop("made_by", None)
        return Arguments(numbers, tuple(_tensor(recording, line) for line in row[1].splitlines()), made_by)


def read_made(recording: Recording, node: int, moment: int) -> list[int]:
    """Return the nodes that a node's backward made by a moment, where it kept its graph (`create_graph=True`)."""
    with recording.reading():
        if not _has_table(recording):
            return []
        last = recording.reader.number("SELECT MAX(id) FROM nodes WHERE event <= ?", moment) or node
        rows = recording.reader.rows(
            "SELECT node FROM arguments WHERE node > ? AND node <= ? AND numbers LIKE ? ORDER BY node",
            node, last, f'%"made_by": {node}}}',
        )  # fmt: skip
        return [row[0] for row in rows]


def _has_table(recording: Recording) -> bool:
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'arguments'"
    return recording.reader.row(query) is not None


def _tensor(recording: Recording, line: str) -> KeptTensor:
    name, number = line.rsplit(" ", 1)
    if int(number) < 0:
        return KeptTensor(name, None, "", recording.snapshot(-int(number)))
    state = recording.tensor(int(number))
    return KeptTensor(name, state.node, state.label, recording.snapshot(state.snapshot))
