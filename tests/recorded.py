"""Small scripts, recorded in this process, and what their recordings say, in words short enough for tests."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import numpy

from graphlab.model import Event, Snapshot
from graphlab.recorder import run_script
from graphlab.recording import Recording, open_recording
from graphlab.request import RunOutcome, RunRequest


def record_text(folder: Path, text: str, *, name: str = "script", notes: int = 0, **options: Any) -> Recording:
    """Record a script of the test's own; it must end well, and nothing may be left unrecorded."""
    recording, outcome = try_text(folder, text, name=name, **options)
    assert outcome.error is None, repr(outcome.error)
    assert len(recording.notes) == notes, recording.notes
    return recording


def try_text(folder: Path, text: str, *, name: str = "script", **options: Any) -> tuple[Recording, RunOutcome]:
    """Record a script that may raise."""
    script = folder / f"{name}.py"
    text = textwrap.dedent(text)
    script.write_text(text, encoding="utf-8")
    path = folder / f"{name}.glab"
    outcome = run_script(RunRequest(script, text, name, **options), path, tell=lambda _: None)
    recording = open_recording(path)
    assert [event.id for event in recording.events] == list(range(1, recording.event_count + 1))
    return recording, outcome


def lines(recording: Recording) -> list[int | None]:
    """Return the lines that ended, in order."""
    return [event.line for event in recording.events if event.kind == "line"]


def kinds(recording: Recording, *wanted: str) -> list[str]:
    """Return the kinds of all events, or of those wanted, in order."""
    return [event.kind for event in recording.events if not wanted or event.kind in wanted]


def events(recording: Recording, kind: str) -> list[Event]:
    """Return the events of a kind."""
    return [event for event in recording.events if event.kind == kind]


def bound(recording: Recording, line: int) -> dict[str, str]:
    """Return what a line bound when it last ended: by name the kind of what it holds, or a number as it is written."""
    moment = recording.moment(line=line)
    rows = recording.reader.rows("SELECT name, kind, text FROM bindings WHERE event = ? ORDER BY id", moment)
    return {name: text if kind == "number" else kind for name, kind, text in rows}


def tags(recording: Recording, **moment: Any) -> dict[str, list[str]]:
    """Return the nodes of a graph by what they are: op, or name; with the names that sit on each."""
    graph = recording.graph(**moment)
    return {data["op"] or data["name"] or data["kind"]: data["names"] for _, data in graph.nodes(data=True)}


def edge_words(recording: Recording, **moment: Any) -> set[tuple[str, str, int, str]]:
    """Return the edges of a graph: source, target, slot and label."""
    graph = recording.graph(**moment)
    said = {node: data["op"] or data["name"] or data["kind"] for node, data in graph.nodes(data=True)}
    return {(said[a], said[b], data["slot"], data["label"]) for a, b, data in graph.edges(data=True)}


def phases(recording: Recording) -> list[tuple[int, str]]:
    """Return step and phase of the spans, in order; together they hold every event once."""
    spans = recording.spans
    assert [span.first for span in spans] == [1, *(span.last + 1 for span in spans[:-1])]
    assert spans[-1].last == recording.event_count
    return [(span.step, span.phase) for span in spans]


def values(snapshot: Snapshot | None) -> Any:
    """Return the numbers that were kept, as plain lists."""
    return None if snapshot is None or snapshot.array is None else numpy.asarray(snapshot.array).tolist()


def gradients(recording: Recording, step: int) -> dict[str, Any]:
    """Return the gradient of each leaf in a step, by name."""
    return {leaf.name: values(leaf.gradient) for leaf in recording.step_gradients(step)}


def update_norms(recording: Recording, step: int) -> dict[str, float | None]:
    """Return how far a step moved each parameter, by name."""
    return {parameter.name: parameter.update_norm for parameter in recording.step_parameters(step)}
