"""The static graphs that a recorded script made itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from graphlab.static_graph import StaticGraph, decode

if TYPE_CHECKING:
    from graphlab.recording.run import Recording


def read_static_graphs(recording: Recording) -> list[StaticGraph]:
    """Return them in the order in which they were made."""
    rows = recording.reader.rows("SELECT data FROM events WHERE kind = 'static_graph' ORDER BY id")
    return [decode(json.loads(row[0])) for row in rows]
