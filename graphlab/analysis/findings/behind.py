"""What autograd does not see: a saved tensor changed through `.data`, and a backward that raised half way."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from graphlab.analysis.findings import behind_messages as messages
from graphlab.analysis.findings.facts import backwards, short_op
from graphlab.analysis.findings.finding import Finding, make_finding
from graphlab.analysis.findings.saved_tensors import kept_objects, say_tensor, shape_text
from graphlab.analysis.findings.source import trees
from graphlab.recording.remarks import read_remarks

if TYPE_CHECKING:
    from graphlab.model import Event, Node
    from graphlab.recording import Recording


_BACKWARDS = 2_000
"""Backwards that are looked at for one that was caught."""


def find_changed_behind(recording: Recording) -> Iterator[Finding]:
    """Find a tensor that a node had saved, changed through `.data`, before that node's backward used it."""
    changes = _changes_through_data(recording)
    if not changes:
        return
    known = list(backwards(recording))
    seen = set()
    for origin, change in changes:
        later = next((each for each in known if each.event > change.id), None)
        place = change.file, change.line
        if later is None or place in seen:
            continue
        saver = _saver(recording, origin, change.id, later.nodes)
        if saver is None:
            continue
        seen.add(place)
        start = recording.event(later.event)
        yield make_finding(
            recording, "changed-behind-autograd", messages.CHANGED_BEHIND, change.id, node=saver.id,
            lines=(saver.line, start.line),
            evidence={"saved_at": saver.event, "changed_at": change.id, "backward_at": later.event},
            tensor=say_tensor(recording, origin, change.id), saver=short_op(saver), saved=saver.line,
            backward=start.line,
        )  # fmt: skip


def _changes_through_data(recording: Recording) -> list[tuple[int, Event]]:
    """Return the changes in place of what `.data` gave, each with the tensor that it shares its numbers with."""
    owners: dict[int, int] = {}
    for remark in read_remarks(recording, "exit"):
        made = remark.data.get("made")
        if made is not None and remark.tensor is not None:
            owners[recording.tensor(made).object] = recording.tensor(remark.tensor).object
    if not owners:
        return []
    marks = ", ".join("?" * len(owners))
    rows = recording.reader.rows(
        f"SELECT object, event FROM tensors WHERE object IN ({marks}) AND id <> object ORDER BY event",  # noqa: S608 - only ?
        *owners,
    )  # fmt: skip
    found = [(owners[origin], recording.event(event)) for origin, event in rows]
    return [(origin, event) for origin, event in found if event.kind in {"op", "update"}]


def _saver(recording: Recording, origin: int, change: int, nodes: frozenset[int]) -> Node | None:
    """Return a node made before a change that kept a tensor for its backward."""
    shape = shape_text(recording.tensor(origin).shape)
    for number in sorted(nodes):
        if not recording.reader.row("SELECT 1 FROM saved WHERE node = ?", number):
            continue
        node = recording.node(number)
        saved = {sizes for _, sizes, _ in recording.saved(number)}
        if node.event < change and saved & shape and origin in kept_objects(recording, node):
            return node
    return None


# -- a backward that raised --------------------------------------------------------------------------------------------


def find_half_done_gradients(recording: Recording) -> Iterator[Finding]:
    """Find an update with gradients of a backward that raised, was caught, and reached only some leaves."""
    caught = _lines_in_try(recording)
    if not caught:
        return
    for each in islice(backwards(recording), _BACKWARDS):
        start = recording.event(each.event)
        end = recording.next_event(each.event, ("backward_end",))
        if end is None or (start.file, start.line) not in caught or start.details.get("call") != "backward":
            continue
        marks = recording.reader.nodes("WHERE kind IN ('parameter', 'leaf')")
        leaves = {node.id for node in marks if node.id in each.nodes}
        done = {event.node for event in recording.events_between(each.event, end, ("accumulate",))}
        update = recording.next_event(end, ("update",))
        if not leaves - done or update is None:
            continue
        zeroed = recording.next_event(end, ("zero_grad",))
        moved = {change.node for change in recording.changes(update) if change.what == "value"}
        if (zeroed is not None and zeroed < update) or not moved & leaves:
            continue
        yield make_finding(
            recording, "gradients-half-done", messages.HALF_DONE, each.event, lines=(recording.event(update).line,),
            evidence={"leaves": len(leaves), "with_gradient": len(leaves & done), "update_at": update},
            done=len(leaves & done), count=len(leaves), update=recording.event(update).line,
        )  # fmt: skip
        return


def _lines_in_try(recording: Recording) -> set[tuple[int | None, int | None]]:
    """Return the lines whose exceptions the text catches."""
    found: set[tuple[int | None, int | None]] = set()
    for file, tree in trees(recording):
        for node in ast.walk(tree):
            if isinstance(node, ast.Try) and node.handlers:
                first, last = node.body[0].lineno, node.body[-1].end_lineno or node.body[-1].lineno
                found.update((file, line) for line in range(first, last + 1))
    return found


FINDERS = (find_changed_behind, find_half_done_gradients)
