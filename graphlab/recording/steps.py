"""What each training step of a run left of gradients, parameters and the script's own figures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from graphlab.model import Change, LeafGradient, ParameterState, Step
from graphlab.recording.variables import leaf_name
from graphlab.store.light import absent_mask

if TYPE_CHECKING:
    import numpy

    from graphlab.recording.run import Recording

LIVING = "WHERE event <= ? AND id NOT IN (SELECT node FROM gone WHERE event < ?)"
"""The nodes made up to an event whose tensors had not been let go before a moment."""


MANY = 5_000
"""Nodes from which on a step's graph is large: an object a node would take too much time and memory."""


def is_large(recording: Recording, number: int) -> bool:
    """Whether the graph of a step is to be looked at as columns (`recording.packed`), not as objects."""
    step = recording.step(number)
    if step.nodes > MANY or step.detail == "light":
        return step.nodes > MANY
    query = "SELECT COUNT(*) FROM nodes WHERE event BETWEEN ? AND ?"
    return (recording.reader.number(query, step.first, step.last) or 0) > MANY


def last_backward_end(recording: Recording, step: Step) -> int:
    """Return the event at which a step's last backward ended (its gradients unscaled, if they are), or its end."""
    light = recording.light.step(step.step)
    if light is not None:
        return light.events[light.outline.last_end]
    query = "SELECT MAX(id) FROM events WHERE kind IN ('backward_end', 'unscale') AND id BETWEEN ? AND ?"
    return recording.reader.number(query, step.first, step.last) or step.last


def read_step_gradients(recording: Recording, step: Step) -> list[LeafGradient]:
    """Return each leaf's `.grad` when the step's last backward had ended; None where it got none."""
    moment = last_backward_end(recording, step)
    names = recording.names(moment)
    leaves = recording.reader.nodes(f"{LIVING} AND kind IN ('parameter', 'leaf') ORDER BY id", step.last, moment)
    return [
        LeafGradient(leaf.id, leaf_name(recording, leaf, names), leaf.shape or (), recording.gradient(leaf.id, moment))
        for leaf in leaves
        if leaf.kind == "parameter" or leaf.id in names or leaf.id in recording.structure(step.step).counted
    ]


def read_step_parameters(recording: Recording, step: Step) -> list[ParameterState]:
    """Return each parameter at the end of a step, and how far the step moved it."""
    names = recording.names(step.last)
    moment = last_backward_end(recording, step)
    nodes = recording.reader.nodes(f"{LIVING} AND kind = 'parameter' ORDER BY id", step.last, moment)
    is_kept = step.detail == "full" or has_values(recording, step)
    found = []
    for node in nodes:
        changes = recording.changes_of(node.id, "value", step.first, step.last)
        value = recording.value(node.id, step.last)
        moved = _moved(changes) if is_kept else None
        found.append(ParameterState(node.id, leaf_name(recording, node, names), node.shape or (), value, moved))
    return found


def has_values(recording: Recording, step: Step) -> bool:
    """Whether the values of parameters were kept in a light step: it is on the schedule."""
    query = "SELECT 1 FROM changes WHERE what = 'grad' AND event BETWEEN ? AND ? LIMIT 1"
    return recording.reader.row(query, step.first, step.last) is not None


@dataclass(frozen=True)
class Metric:
    """One of the script's own figures: the steps at whose end it was noted, and what it was."""

    steps: numpy.ndarray[Any, Any]
    figures: numpy.ndarray[Any, Any]

    @cached_property
    def changes(self) -> bool:
        """Whether it is not the same at every step."""
        figures = self.figures
        return bool(((figures != figures[0]) & ~(_is_nan(figures) & _is_nan(figures[0]))).any())

    def at(self, step: int) -> float | None:
        """Return what it was at the end of a step, or None before it was first noted."""
        index = int(self.steps.searchsorted(step, "right")) - 1
        return float(self.figures[index]) if index >= 0 else None


def _is_nan(figures: Any) -> Any:
    """Say where there is no number."""
    return figures != figures  # noqa: PLR0124 - NaN alone differs from itself


def read_step_metrics(recording: Recording, step: Step) -> dict[str, float]:
    """Return the script's own figures at the end of a step, by variable: those that change over the steps."""
    noted = {name: metric.at(step.step) for name, metric in recording.metrics().items() if metric.changes}
    return {name: figure for name, figure in noted.items() if figure is not None}


def read_metrics(recording: Recording) -> dict[str, Metric]:
    """Return the script's own figures by variable."""
    import numpy

    parts: dict[str, list[tuple[Any, Any]]] = {}
    for event in recording.find_events("kind = 'metric' ORDER BY id"):
        number = recording.step_of(event.id).step
        for name, value in event.details.items():
            parts.setdefault(name, []).append(([number], [float(value)]))
    for block in recording.light.blocks:
        numbers = numpy.arange(block.first, block.first + block.count)
        for name, column in block.metrics.items():
            parts.setdefault(name, []).append((numbers, column))
    found = {}
    for name, pieces in parts.items():
        steps, figures = (numpy.concatenate([piece[index] for piece in pieces]) for index in (0, 1))
        is_there = ~absent_mask(figures)  # of all at once: a block's own are few
        steps, figures = steps[is_there], figures[is_there]
        order = steps.argsort(kind="stable")
        if order.size:
            found[name] = Metric(steps[order], figures[order])
    return found


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
