"""The training steps of a run: where they begin and end, and what each left of gradients and parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphlab.model import Change, LeafGradient, ParameterState, Phase, Span, Step
from graphlab.recording.variables import leaf_name

if TYPE_CHECKING:
    from graphlab.recording.run import Recording
    from graphlab.store import Reader


class StepReader:
    """Reads spans and steps as they come, each once.

    Args:
        reader: the recording's file.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._spans: list[Span] = []
        self._steps: list[Step] = []

    def read(self, last: int) -> tuple[list[Span], list[Step]]:
        """Return all spans and steps up to the last event; those of a run under way are told from its events."""
        self._spans += self._reader.spans(self._spans[-1].first if self._spans else 0)
        query = "SELECT id, first, last, nodes, edges FROM steps WHERE id > ? ORDER BY id"
        rows = self._reader.rows(query, len(self._steps))
        losses = self._losses(self._steps[-1].last + 1 if self._steps else 1, last)
        for number, first, end, nodes, edges in rows:
            self._steps.append(Step(number, first, end, *losses.take(end, nodes, edges)))
        spans = self._spans + self._spans_under_way(last)
        first = self._steps[-1].last + 1 if self._steps else 1
        counts = "SELECT TOTAL(LENGTH(nodes) / 4), TOTAL(edges) FROM backwards WHERE event >= ?"
        nodes, edges = map(int, self._reader.row(counts, first))
        rest = losses.take(last, nodes, edges)
        if first > last or (self._steps and not rest[0]):
            return spans, list(self._steps)
        return spans, [*self._steps, Step(len(self._steps) + 1, first, last, *rest)]

    def _losses(self, first: int, last: int) -> _Losses:
        query = "WHERE kind = 'backward_start' AND id BETWEEN ? AND ? ORDER BY id"
        rows = self._reader.events(query, first, last)
        return _Losses(
            [(row[0], float(loss), bool(row[8].get("again"))) for row in rows for loss in row[8].get("losses", ())]
        )

    def _spans_under_way(self, end: int) -> list[Span]:
        """Tell step and phase of the events after the last span: the run goes on, or was cut off."""
        last = self._spans[-1] if self._spans else Span(0, 0, 1, "setup")
        first, step = last.last + 1, last.step
        if first > end:
            return []
        spans = []
        if last.phase in {"backward", "update"}:
            update = self._reader.number("SELECT MAX(id) FROM events WHERE kind = 'update' AND id >= ?", first)
            if update is not None:
                spans.append(Span(first, update, step, "update"))
                first = update + 1
            if update is not None or last.phase == "update":
                step += 1
        forward = "SELECT MIN(id) FROM events WHERE kind = 'op' AND node > 0 AND id >= ?"
        backward = "SELECT MAX(id) FROM events WHERE kind = 'backward_start' AND id >= ?"
        marks: list[tuple[int | None, Phase]] = [
            (first, "setup"),
            (self._reader.number(forward, first), "forward"),
            (self._reader.number(backward, first), "backward"),
        ]
        starts = [(event, phase) for event, phase in marks if event is not None and event <= end]
        for index, (event, phase) in enumerate(starts):
            until = starts[index + 1][0] - 1 if index + 1 < len(starts) else end
            if event <= until:
                spans.append(Span(event, until, step, phase))
        return spans


class _Losses:
    """The losses of backwards by event, dealt out to steps in order."""

    def __init__(self, losses: list[tuple[int, float, bool]]) -> None:
        self._losses = losses
        self._next = 0

    def take(self, last: int, nodes: int, edges: int) -> tuple[tuple[float, ...], int, int, frozenset[int]]:
        """Return what a step holds after its events: its losses up to an event, its counts, which losses came again."""
        first = self._next
        while self._next < len(self._losses) and self._losses[self._next][0] <= last:
            self._next += 1
        taken = self._losses[first : self._next]
        again = frozenset(index for index, (_, _, is_again) in enumerate(taken) if is_again)
        return tuple(loss for _, loss, _ in taken), nodes, edges, again


def last_backward_end(recording: Recording, step: Step) -> int:
    """Return the event at which a step's last backward ended, or the step's end."""
    query = "SELECT MAX(id) FROM events WHERE kind = 'backward_end' AND id BETWEEN ? AND ?"
    return recording.reader.number(query, step.first, step.last) or step.last


def read_step_gradients(recording: Recording, step: Step) -> list[LeafGradient]:
    """Return each leaf's `.grad` when the step's last backward had ended; None where it got none."""
    moment = last_backward_end(recording, step)
    names = recording.names(moment)
    reached = recording.structure(step.step).counted
    leaves = recording.reader.nodes("WHERE kind IN ('parameter', 'leaf') AND event <= ? ORDER BY id", step.last)
    return [
        LeafGradient(leaf.id, leaf_name(leaf, names), leaf.shape or (), recording.gradient(leaf.id, moment))
        for leaf in leaves
        if leaf.kind == "parameter" or leaf.id in reached or leaf.id in names
    ]


def read_step_parameters(recording: Recording, step: Step) -> list[ParameterState]:
    """Return each parameter at the end of a step, and how far the step moved it."""
    names = recording.names(step.last)
    nodes = recording.reader.nodes("WHERE kind = 'parameter' AND event <= ? ORDER BY id", step.last)
    found = []
    for node in nodes:
        moved = _moved(recording.changes_of(node.id, "value", step.first, step.last))
        value = recording.value(node.id, step.last)
        found.append(ParameterState(node.id, leaf_name(node, names), node.shape or (), value, moved))
    return found


def read_step_metrics(recording: Recording, step: Step) -> dict[str, float]:
    """Return the script's own figures at the end of a step, by variable: those that change over the steps."""
    values: dict[str, set[str]] = {}
    latest: dict[str, float] = {}
    for event in recording.metric_events():
        for name, value in event.details.items():
            values.setdefault(name, set()).add(repr(value))
            if event.id <= step.last:
                latest[name] = float(value)
    return {name: value for name, value in latest.items() if len(values[name]) > 1}


def _moved(changes: list[Change]) -> float:
    """Return the 2-norm of a step's whole change of a parameter."""
    if not changes:
        return 0.0
    if len(changes) == 1 and changes[0].difference is not None:
        return changes[0].difference
    before, after = changes[0].before, changes[-1].after
    if before is not None and after is not None and before.is_complete and after.is_complete:
        import numpy

        first, last = before.array, after.array
        assert first is not None and last is not None
        with numpy.errstate(all="ignore"):
            return float(numpy.linalg.norm((last.astype("f8") - first.astype("f8")).ravel()))
    return sum(change.difference or 0.0 for change in changes)
