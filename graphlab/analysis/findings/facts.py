"""What several finders ask of a recording: backwards with their nodes, source lines, and names of nodes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphlab.recording import made_name
from graphlab.structure import unpack_numbers

if TYPE_CHECKING:
    from graphlab.model import Event, EventKind, Node
    from graphlab.recording import Recording

_VIEWS = frozenset({
    "TBackward0", "TransposeBackward0", "PermuteBackward0", "ViewBackward0", "UnsafeViewBackward0", "ExpandBackward0",
    "ReshapeAliasBackward0", "SqueezeBackward0", "SqueezeBackward1", "SqueezeBackward2", "UnsqueezeBackward0",
    "SelectBackward0", "SliceBackward0", "AliasBackward0", "AsStridedBackward0", "DetachBackward0",
    "CloneBackward0", "ToCopyBackward0", "UnbindBackward0", "SplitBackward0", "ChunkBackward0",
})  # fmt: skip
"""Ops that hand the same numbers on, in another shape or place."""


def is_view(op: str | None) -> bool:
    """Whether an op hands the same numbers on."""
    return op in _VIEWS


@dataclass(frozen=True)
class Backward:
    """A backward in full detail."""

    event: int
    nodes: frozenset[int]
    """What autograd reaches from its roots."""


def backwards(recording: Recording, last: int | None = None) -> Iterator[Backward]:
    """Go through the backwards in full detail, up to an event."""
    rows = recording.reader.rows(
        "SELECT event, nodes FROM backwards WHERE event <= ? ORDER BY event", last or recording.event_count
    )
    for event, packed in rows:
        yield Backward(event, frozenset(unpack_numbers(packed)))


def backwards_to(recording: Recording, wanted: Collection[int]) -> tuple[int | None, int]:
    """Return the first backward that leads to some leaves, and how many do."""
    leaves = frozenset(wanted)
    query = "SELECT MIN(event), COUNT(*), nodes FROM backwards GROUP BY graph"
    rows = recording.reader.rows(query)
    found = [(first, count) for first, count, packed in rows if not leaves.isdisjoint(unpack_numbers(packed))]
    light = recording.light
    for block in light.blocks:  # all steps of a block went alike
        step = block.step(block.first)
        for start in step.outline.starts:
            graph = light.graph(step.graph_of(start))
            if graph is not None and not leaves.isdisjoint(graph.nodes):
                found.append((step.events[start], block.count))
    return min((first for first, _ in found), default=None), sum(count for _, count in found)


def count_events(recording: Recording, kind: str) -> int:
    """Return how many events of a kind there are; of light steps without making each."""
    count = recording.reader.number("SELECT COUNT(*) FROM events WHERE kind = ?", kind) or 0
    for block in recording.light.blocks:
        count += block.count * sum(event.kind == kind for event in block.outline.events)
    return count


def events_of(recording: Recording, kind: EventKind) -> Iterator[Event]:
    """Go through the events of a kind in order, each made when it is asked for."""
    number = recording.next_event(0, (kind,)) if recording.steps else None
    while number is not None:
        yield recording.event(number)
        number = recording.next_event(number, (kind,))


def ask_for_full(recording: Recording, event: Event) -> dict[str, int]:
    """Return the step of an event as evidence asks for it to be recorded in full; nothing where it is."""
    if recording.facts.detail != "light" or not recording.steps:
        return {}
    # What ends before its first backward begins was not yet settled to be light, and has no ops all the same.
    step = recording.step_of(event.id)
    seen = recording.reader.row("SELECT 1 FROM events WHERE kind = 'op' AND id BETWEEN ? AND ?", step.first, step.last)
    return {} if seen is not None else {"record_in_full": recording.number_at(event.id)}


def last_event(recording: Recording, kind: str, before: int) -> Event | None:
    """Return the last event of a kind before another, or None."""
    number = recording.next_event(before, (kind,), back=True)
    return recording.event(number) if number is not None else None


def places_of_calls(recording: Recording, number: int) -> Iterator[tuple[int | None, int | None, str]]:
    """Give the lines in which an event came to run, the innermost first, each with the function that it stands in."""
    event = recording.event(number)
    frame, file, line = event.frame, event.file, event.line
    while True:
        query = "SELECT parent, last, function FROM frames WHERE id = ?"
        row = recording.reader.row(query, frame) if frame is not None else None
        yield file, line, row[2].rpartition(".")[2] if row is not None else ""
        if row is None or row[0] is None or row[1] is None:
            return
        # A callee's lines come before its caller's: what ends next in the caller is the statement of the call.
        query = "SELECT file, line FROM events WHERE kind = 'line' AND frame = ? AND id > ? ORDER BY id LIMIT 1"
        caller = recording.reader.row(query, row[0], row[1])
        if caller is None:
            return
        (file, line), frame = caller, row[0]


def source_line(recording: Recording, file: int | None, line: int | None) -> str:
    """Return a line of the script's own files, without what stands around it."""
    for each in recording.files:
        if each.id == (file or 1) and line:
            lines = each.text.splitlines()
            return lines[line - 1].strip() if line <= len(lines) else ""
    return ""


def name_of(recording: Recording, node: Node, moment: int) -> str:
    """Return what a person calls a node: a name, else the op, else its kind and number."""
    names = [name for name in recording.names(moment).get(node.id, ()) if name.isidentifier() or "." in name]
    name = node.name or next(iter(names), None) or short_op(node) or made_name(recording, node)
    return name or f"{node.kind} {node.id}"


def short_op(node: Node) -> str | None:
    """Return the call that made a node as people write it, else its op's own name."""
    if node.call:
        return node.call.removeprefix("torch.").removeprefix("Tensor.")
    return node.op
