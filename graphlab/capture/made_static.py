"""Notes the static graphs that the script makes itself: what a variable holds that a tracer of torch's returned.

Read from the result alone: nothing of torch's is patched for it, and a script that traces nothing imports nothing.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

from graphlab.capture.sink import Sink
from graphlab.static_graph import StaticGraph, StaticNote, encode

MOST_NODES = 20_000
"""A larger graph is named in the recording, and not kept."""


class MadeStatic:
    """Looks at what statements bind."""

    def __init__(self, sink: Sink, path_of: Callable[[str], str | None]) -> None:
        self._sink = sink
        self._path_of = path_of
        """Returns the path, as the recording has it, of a file of the script's own."""
        self._seen: weakref.WeakSet[Any] = weakref.WeakSet()

    def look(self, frame: FrameType, names: Sequence[str], place: tuple[int | None, int | None, int | None]) -> None:
        """Write an event for each static graph that some names of a frame hold since this statement."""
        kinds = _kinds() if names else ()
        if not kinds:
            return
        for name in names:
            value = frame.f_locals.get(name)
            if isinstance(value, kinds) and value not in self._seen:
                self._seen.add(value)
                graph = self._read(name, value)
                event = self._sink.begin_event()
                text = f"{graph.title}, {len(graph.nodes)} nodes"
                self._sink.end_event(event, "static_graph", place, text=text, details=encode(graph))

    def _read(self, name: str, value: Any) -> StaticGraph:
        from graphlab.capture.static.held import read_graph_module, read_program

        exported = sys.modules.get("torch.export.exported_program")
        is_program = exported is not None and isinstance(value, exported.ExportedProgram)
        tracer, rows = (read_program if is_program else read_graph_module)(value, self._path_of)
        if len(rows) > MOST_NODES:
            return StaticGraph(tracer, name, (), (), StaticNote(None, f"its {len(rows):,} nodes are too many to keep"))
        return StaticGraph(tracer, name, tuple(rows), (), None)


def _kinds() -> tuple[type, ...]:
    """Return the types of what tracers give, of those that the script has loaded."""
    found = (("torch.fx.graph_module", "GraphModule"), ("torch.export.exported_program", "ExportedProgram"))
    modules = [(sys.modules.get(module), name) for module, name in found]
    return tuple(getattr(module, name) for module, name in modules if hasattr(module, name))
