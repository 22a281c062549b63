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


def read_arguments(recording: Recording, node: int) -> Arguments | None:
    """Return what a node keeps for its backward; None where nothing was noted of it (in light, in old recordings)."""
    with recording.reading():
        if not recording.reader.row("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'arguments'"):
            return None
        row = recording.reader.row("SELECT numbers, tensors FROM arguments WHERE node = ?", node)
        if row is None:
            return Arguments({}, ())
        return Arguments(json.loads(row[0]), tuple(_tensor(recording, line) for line in row[1].splitlines()))


def _tensor(recording: Recording, line: str) -> KeptTensor:
    name, number = line.rsplit(" ", 1)
    if int(number) < 0:
        return KeptTensor(name, None, "", recording.snapshot(-int(number)))
    state = recording.tensor(int(number))
    return KeptTensor(name, state.node, state.label, recording.snapshot(state.snapshot))
