"""Where keys lead: stops of a stride, phases, the same place in another step, where a value was made and is used.

Functions of the state, separate from it so that both stay short.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from graphlab.model import LEAF_KINDS
from graphlab.tui import messages
from graphlab.tui.bulk import same_packed_node, uses_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphlab.model import Edge, Event, Node, Step
    from graphlab.recording import Recording
    from graphlab.tui.state import EdgeChoice, ExplorerState

LINE_STOPS = ("line", "backward_start", "gradient", "accumulate", "skipped_update", "error")
OP_STOPS = (
    "op", "backward_start", "gradient", "accumulate", "backward_end", "zero_grad", "unscale", "clip", "update",
    "skipped_update", "static_graph", "error",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """The lines of the source that the cursor stands at, each with the number of its file; None where there is none."""

    ran: tuple[int, int] | None
    """The line that just ran (or, in the middle of one, runs)."""
    coming: tuple[int, int] | None
    differentiated: tuple[int, int] | None
    """During a backward the forward line whose op is being differentiated."""
    is_running: bool = False
    """Whether the line `ran` has not ended yet: an op of it, or the backward that it called, is under way."""

    @property
    def shown(self) -> tuple[int, int] | None:
        """The line that must be visible."""
        return self.differentiated or self.ran or self.coming


def _kinds(state: ExplorerState) -> tuple[str, ...]:
    if state.stride == "event":
        return ()
    kinds = LINE_STOPS if state.stride == "line" else OP_STOPS
    # A recording without lines (a light one) has only its other events to stop at.
    if state.stride == "line" and state.recording.next_event(0, ("line",)) is None:
        return ()
    return kinds


def next_stop(state: ExplorerState, moment: int) -> int:
    """Return the next moment that the stride stops at; after the last one the end."""
    found = state.recording.next_event(moment, _kinds(state))
    return state.last if found is None else found


def previous_stop(state: ExplorerState, moment: int) -> int:
    """Return the moment before that the stride stops at; before the first one the start."""
    if moment <= 0:
        return 0
    return state.recording.next_event(moment, _kinds(state), back=True) or 0


def stops_between(state: ExplorerState, first: int, last: int) -> list[Event]:
    """Return the events between two that the stride stops at."""
    return state.recording.events_between(first, last, _kinds(state))


# --- lines of the source


def find_place_in_source(state: ExplorerState, moment: int) -> Place:
    """Find which lines just ran, come next, and are being differentiated at a moment."""
    recording = state.recording
    coming = _line_after(state, moment)
    if moment == 0:
        return Place(None, coming, None)
    event = recording.event(moment)
    differentiated = None
    # A leaf accumulates what the op before it handed over: that op's line is still the one being differentiated.
    source = moment if event.kind == "gradient" else None
    if event.kind == "accumulate":
        source = recording.next_event(moment, ("gradient",), back=True)
    if source is not None and (number := recording.event(source).node) is not None:
        node = recording.node(number)
        if node.line is not None:
            differentiated = (node.file or 1, node.line)
    ran = (event.file or 1, event.line) if event.line is not None else None
    if ran is None:
        line = recording.next_event(moment, ("line",), back=True)
        if line is not None:
            before = recording.event(line)
            ran = (before.file or 1, before.line) if before.line is not None else None
    return Place(ran, coming, differentiated, is_running=event.kind != "line")


def _line_after(state: ExplorerState, moment: int) -> tuple[int, int] | None:
    """Return the line that runs at the next stop, or None at the end."""
    recording = state.recording
    stop = next_stop(state, moment)
    if stop <= moment:
        return None
    event = recording.event(stop)
    if event.line is None:
        line = recording.next_event(moment, ("line",))
        event = recording.event(line) if line is not None else event
    return (event.file or 1, event.line) if event.line is not None else None


# --- phases and chapters


def phase_stop(state: ExplorerState, direction: int) -> int:
    """Return the first event of the next phase or chapter, or of this one or the one before."""
    recording = state.recording
    span = recording.next_span(state.moment, back=direction < 0)
    stops = ([] if span is None else [span]) + chapter_starts(state, state.moment, direction)
    if direction > 0:
        return min((stop for stop in stops if stop > state.moment), default=state.last)
    return max((stop for stop in stops if stop < state.moment), default=0)


def chapter_starts(state: ExplorerState, moment: int, direction: int) -> list[int]:
    """Return the nearest event in a direction that ends the first line of a chapter, as a list of none or one."""
    chapters = state.recording.scenario.chapters
    if not chapters or not state.recording.files:
        return []
    lines = _first_lines(state.recording.files[0].text, tuple(chapter.line for chapter in chapters))
    if not lines:
        return []
    marks = ", ".join("?" * len(lines))
    sign, order = (">", "ASC") if direction > 0 else ("<", "DESC")
    found = state.recording.find_events(
        f"kind = 'line' AND file = 1 AND line IN ({marks}) AND id {sign} ? ORDER BY id {order} LIMIT 1", *lines, moment
    )
    return [event.id for event in found]


def _first_lines(text: str, chapters: tuple[int, ...]) -> list[int]:
    """Return the first line of code of each chapter."""
    from graphlab.scenario import statements

    begun = sorted(set(statements(text).values()))
    found = []
    for line in chapters:
        index = bisect_right(begun, line)
        if index < len(begun):
            found.append(begun[index])
    return found


def chapter_at(state: ExplorerState) -> str:
    """Return the title of the chapter that the cursor's line of the script lies in, or nothing."""
    ran = state.here.ran or state.here.coming
    if ran is None or ran[0] != 1:
        return ""
    titles = [chapter.title for chapter in state.recording.scenario.chapters if chapter.line <= ran[1]]
    return titles[-1] if titles else ""


# --- the same place in another training step


def same_place(state: ExplorerState, target: Step) -> int:
    """Return the moment of another step at the same line, node and kind of event, as far as it has one."""
    step = state.step
    event = state.event
    if step is None or event is None:
        return target.first
    if "light" in {step.detail, target.detail}:
        rank = len(state.recording.events_between(step.first, event.id, (event.kind,)))
        alike = state.recording.events_between(target.first, target.last, (event.kind,))
        return alike[rank - 1].id if 0 < rank <= len(alike) else target.last
    like, values = _alike(state.recording, event)
    before = state.recording.find_events(f"{like} AND id BETWEEN ? AND ? ORDER BY id", *values, step.first, event.id)
    found = state.recording.find_events(
        f"{like} AND id BETWEEN ? AND ? ORDER BY id LIMIT 1 OFFSET ?",
        *values, target.first, target.last, max(len(before) - 1, 0),
    )  # fmt: skip
    if found:
        return found[0].id
    return min(target.first + max(event.id - step.first, 0), target.last)


def _alike(recording: Recording, event: Event) -> tuple[str, list[Any]]:
    where, values = "kind = ? AND line IS ? AND file IS ?", [event.kind, event.line, event.file]
    if event.node is not None and event.kind in {"gradient", "accumulate"}:
        node = recording.node(event.node)
        if node.kind in LEAF_KINDS:
            return f"{where} AND node = ?", [*values, event.node]
        # Every step has nodes of its own: the same op made by the same line is the same place.
        where += " AND node IN (SELECT id FROM nodes WHERE op IS ? AND line IS ?)"
        return where, [*values, node.op, node.line]
    if event.kind == "op":
        return f"{where} AND text = ?", [*values, event.text]
    return where, values


def same_node(recording: Recording, node: int, step: int, other: int) -> int | None:
    """Return the node of another step that stands where a node of this one does, or None."""
    if recording.is_large(step) or recording.is_large(other):
        return same_packed_node(recording.packed(step), recording.packed(other), node)
    here, there = recording.structure(step).nodes, recording.structure(other).nodes
    if node in there:
        return node
    if node not in here:
        return None

    def key(number: int, nodes: Any) -> tuple[Any, ...]:
        found = nodes[number]
        return (found.kind, found.op, found.line, found.module, found.shape)

    wanted = key(node, here)
    rank = sum(1 for number in here if number < node and key(number, here) == wanted)
    alike = [number for number in there if key(number, there) == wanted]
    return alike[rank] if rank < len(alike) else None


def same_choice(
    recording: Recording, choice: int | EdgeChoice | None, step: int, other: int
) -> int | EdgeChoice | None:
    """Return what stands for a selected node or edge in another step: each has nodes of its own."""
    if choice is None or isinstance(choice, int):
        return None if choice is None else same_node(recording, choice, step, other)
    target = same_node(recording, choice.target, step, other)
    return None if target is None else replace(choice, target=target)


# --- nodes


def current_node(state: ExplorerState, moment: int) -> int | None:
    """Return the node that the cursor's event made or reached, else the last one that was made in this step."""
    if moment <= 0:
        return None
    recording = state.recording
    event: Event = recording.event(moment)
    if event.node is not None:
        return event.node
    changes = recording.changes(moment) if event.kind in {"update", "zero_grad", "unscale", "clip"} else []
    if changes:
        return changes[0].node
    step = recording.step_of(moment)
    recent = state.recent if state.moment == moment else range(moment, moment + 1)
    for first in (recent.start, step.first):
        found = recording.find_events("node IS NOT NULL AND id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1", first, moment)
        made = recording.reader.number("SELECT MAX(id) FROM nodes WHERE event BETWEEN ? AND ?", first, moment)
        # The op that makes data has no node of its own: what it made is what there is to see, if it came last.
        if made is not None and (not found or recording.node(made).event > found[0].id):
            return made
        if found and found[0].node is not None:
            return found[0].node
    return None


def made_at(state: ExplorerState, node: int) -> int | None:
    """Return the event that made the value that a node has at the cursor."""
    recording = state.recording
    facts: Node = state.node(node)
    changes = recording.changes_of(node, "value", 1, state.moment) if facts.kind in LEAF_KINDS else []
    if changes:
        return changes[-1].event
    return facts.event or None


def next_use(state: ExplorerState, node: int) -> int | None:
    """Return the next event after the cursor that reads a node's value or brings its gradient."""
    recording = state.recording
    events = []
    tensor = recording.value_tensor(node, state.moment)
    if tensor is not None:
        events.append(recording.next_use(tensor.object, state.moment))
    found = recording.find_events("node = ? AND id > ? ORDER BY id LIMIT 1", node, state.moment)
    events.extend(event.id for event in found)
    users = uses_of(state, node) if state.is_large else [e.event for e in _edges_of(state) if e.source == node]
    users = [event for event in users if event > state.moment]
    known: list[int] = [event for event in [*events, *users] if event is not None]
    return min(known, default=None)


def gradient_arrives(state: ExplorerState, node: int) -> int | None:
    """Return the event after the cursor that brings a node's gradient, within the cursor's step, or None."""
    step = state.step
    if step is None:
        return None
    found = state.recording.find_events(
        "node = ? AND kind IN ('gradient', 'accumulate') AND id > ? AND id <= ? ORDER BY id LIMIT 1",
        node, state.moment, step.last,
    )  # fmt: skip
    return found[0].id if found else None


def missing_gradient(state: ExplorerState, number: int) -> str:
    """Say of a node without a gradient when one comes, or why none does in the rest of the cursor's step."""
    recording = state.recording
    node: Node = recording.node(number)
    tensor = recording.value_tensor(number, state.moment) if node.kind in LEAF_KINDS else None
    if node.kind == "data" or (tensor is not None and not tensor.requires_grad):
        return messages.NO_GRADIENT_NEEDED
    arrives = gradient_arrives(state, number)
    if arrives is not None:
        return messages.NONE_YET_ARRIVES.format(event=arrives)
    step = state.step
    if recording.is_running and step is not None and step.step == len(recording.steps):
        return messages.NONE_YET
    cleared = recording.reader.row(
        "SELECT event, before, after FROM changes WHERE node = ? AND what = 'grad' AND event <= ? "
        "ORDER BY event DESC LIMIT 1",
        number, state.moment,
    )  # fmt: skip
    if cleared and cleared[1] is not None and cleared[2] is None:
        return messages.CLEARED.format(event=cleared[0])
    is_reached = step is not None and step.detail == "light" and state.moment >= recording.last_backward_end(step)
    return messages.NOT_IN_LIGHT if is_reached and node.kind not in LEAF_KINDS else messages.NONE_IN_STEP


def call_name(state: ExplorerState, node: Node) -> str:
    """Return what a node is called that no variable holds: its call and line, the output after what led there."""
    if node.kind == "output":
        before = next((edge.source for edge in state.edges_into(node.id)), None)
        name = state.tag_of(state.recording.node(before)) if before is not None else ""
        return messages.OUTPUT_OF.format(name=name) if name else messages.LANE_KINDS["output"]
    what = (node.call or node.op or node.kind).removeprefix("torch.").removeprefix("Tensor.")
    line = state.line_of(node)
    return messages.CALL_AT.format(call=what, line=line) if line else what


def _edges_of(state: ExplorerState) -> Sequence[Edge]:
    step = state.step
    return state.recording.structure(step.step).edges if step is not None else ()


def find_path(edges: Sequence[Edge], first: int, last: int) -> list[int]:
    """Return the nodes on a shortest path between two nodes, along the edges in either direction."""
    neighbours: dict[int, list[int]] = {}
    for edge in edges:
        neighbours.setdefault(edge.source, []).append(edge.target)
        neighbours.setdefault(edge.target, []).append(edge.source)
    before: dict[int, int | None] = {first: None}
    waiting = deque([first])
    while waiting and last not in before:
        node = waiting.popleft()
        for other in neighbours.get(node, ()):
            if other not in before:
                before[other] = node
                waiting.append(other)
    if last not in before:
        return []
    path: list[int] = []
    step: int | None = last
    while step is not None:
        path.append(step)
        step = before[step]
    return path[::-1]
