"""Finds places by what a person types: `e120`, `s45`, `L12`, `bwd`, a name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphlab.tui import messages
from graphlab.tui.bulk import find_named

if TYPE_CHECKING:
    from graphlab.model import Phase
    from graphlab.tui.state import ExplorerState

_PHASES: dict[str, Phase] = {
    "setup": "setup", "fwd": "forward", "forward": "forward", "bwd": "backward", "backward": "backward",
    "upd": "update", "update": "update",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """A place: a moment, and the node that was named."""

    moment: int
    node: int | None = None


def find_place(state: ExplorerState, text: str) -> Found | str:
    """Return the place that a text names, or the sentence that says why there is none."""
    text = text.strip()
    recording = state.recording
    numbered = re.fullmatch(r"([eEsSlL]?)\s*(\d+)", text)
    if numbered:
        kind, number = numbered[1].lower() or "e", int(numbered[2])
        if kind == "e":
            if number > state.last:
                return messages.NO_SUCH_EVENT.format(event=number, last=state.last)
            return Found(number)
        if kind == "s":
            if not 1 <= number <= len(recording.steps):
                return messages.NO_SUCH_STEP.format(step=number, last=len(recording.steps))
            return Found(recording.step(number).first)
        found = nearest(state, "kind = 'line' AND line = ? AND file = 1", [number], 1)
        return Found(found) if found is not None else messages.NO_SUCH_LINE.format(line=number)
    phase = _PHASES.get(text.lower())
    if phase is not None:
        later = recording.next_span(state.moment, phase=phase)
        start = recording.next_span(0, phase=phase) if later is None else later
        return Found(start) if start is not None else messages.NO_SUCH_PHASE.format(phase=phase)
    return _find_name(state, text) or messages.NO_SUCH_PLACE.format(text=text)


def _find_name(state: ExplorerState, text: str) -> Found | None:
    """Find a variable, a parameter or an op by its name: first as it is written, then as part of one."""
    step = state.step
    if not text or step is None:
        return None
    recording = state.recording
    if state.is_large:
        found = find_named(state, text)
        return Found(found.event or state.moment, found.id) if found is not None else find_parameter(state, text)
    nodes = recording.structure(step.step).nodes
    names = recording.names(step.last)
    for is_exact in (True, False):
        for number, node in nodes.items():
            words = [*names.get(number, ()), node.name, node.op, node.call]
            if any(_is_match(word, text, is_exact=is_exact) for word in words if word):
                return Found(node.event or state.moment, number)
    return find_parameter(state, text)


def find_parameter(state: ExplorerState, text: str, *, is_exact: bool = False) -> Found | None:
    """Find a parameter by its dotted name, also one that takes no part in the step's graph."""
    parameters = state.recording.reader.nodes("WHERE kind = 'parameter' ORDER BY id")
    for exactly in (True,) if is_exact else (True, False):
        for node in parameters:
            if node.name and _is_match(node.name, text, is_exact=exactly):
                return Found(node.event or state.moment, node.id)
    return None


def _is_match(word: str, text: str, *, is_exact: bool) -> bool:
    return word == text if is_exact else text.lower() in word.lower()


def nearest(state: ExplorerState, where: str, values: list[Any], direction: int) -> int | None:
    """Return the nearest event in a direction for which a condition holds; over the end it starts again."""
    sign, order = (">", "ASC") if direction > 0 else ("<", "DESC")
    for condition, arguments in ((f"{where} AND id {sign} ?", [*values, state.moment]), (where, values)):
        found = state.recording.find_events(f"{condition} ORDER BY id {order} LIMIT 1", *arguments)
        if found:
            return found[0].id
    return None
