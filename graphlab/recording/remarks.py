"""Remarks: what is no event of a run but means much for its gradients (see the table in the schema)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphlab.recording.run import Recording


@dataclass(frozen=True, slots=True)
class Remark:
    """One remark; `kind`, `text` and `data` are those of the schema."""

    event: int
    """The last event before it."""
    kind: str
    file: int | None
    line: int | None
    tensor: int | None
    """The state of the tensor that it is about."""
    text: str
    data: Mapping[str, Any]


def read_remarks(recording: Recording, *kinds: str) -> list[Remark]:
    """Return the remarks of some kinds in order; a recording made before there were any has none."""
    reader = recording.reader
    if reader.row("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'remarks'") is None:
        return []
    marks = ", ".join("?" * len(kinds))
    query = f"SELECT event, kind, file, line, tensor, text, data FROM remarks WHERE kind IN ({marks}) ORDER BY id"
    return [
        Remark(event, kind, file, line, tensor, text, json.loads(data) if data else {})
        for event, kind, file, line, tensor, text, data in reader.rows(query, *kinds)
    ]
