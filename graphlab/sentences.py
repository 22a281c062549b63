"""Says every event as one sentence: for headers, `show --plain`, screen readers and the titles of pictures.

All words that describe events stand here, so that they can be translated in one place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphlab.model import Event, Node, Snapshot, Tensor
    from graphlab.recording import Recording

_NAMED = 4
"""How many of the tensors that an event changed a sentence names."""


def format_shape(shape: tuple[int, ...] | None) -> str:
    """Write a shape as people say it: `20x10`, `()` for a scalar."""
    if shape is None:
        return "?"
    return "x".join(map(str, shape)) if shape else "()"


def format_number(number: float | None) -> str:
    """Write a number in at most eight or so characters: `-2.4515`, `1.2e-07`, `nan`."""
    if number is None:
        return "?"
    return f"{number:.5g}"


def say_event(recording: Recording, moment: int) -> str:
    """Return what happened at a moment, as one sentence without a full stop."""
    if moment <= 0:
        return "nothing has run yet"
    event = recording.event(moment)
    return _SAY.get(event.kind, _say_other)(recording, event)


def _source_line(recording: Recording, event: Event) -> str:
    for file in recording.files:
        if file.id == event.file and event.line:
            lines = file.text.splitlines()
            if event.line <= len(lines):
                return lines[event.line - 1].strip()
    return ""


def _say_line(recording: Recording, event: Event) -> str:
    where = f"line {event.line}"
    if event.file not in {None, 1}:
        where += next((f" of {file.path}" for file in recording.files if file.id == event.file), "")
    return f"{where}: {_source_line(recording, event)}"


def _tensor_words(recording: Recording, tensor: Tensor) -> str:
    return format_shape(tensor.shape)


def _say_op(recording: Recording, event: Event) -> str:
    inputs = ", ".join(format_shape(tensor.shape) for tensor in recording.inputs(event.id))
    outputs = ", ".join(format_shape(tensor.shape) for tensor in recording.outputs(event.id))
    node = recording.node(event.node) if event.node else None
    made = f", makes {node.op}" if node is not None and node.op else ""
    return f"{event.text}: {inputs} -> {outputs}{made}" if inputs else f"{event.text} -> {outputs}{made}"


def _say_backward_start(recording: Recording, event: Event) -> str:
    losses = event.details.get("losses", [])
    at = f" at loss {', '.join(format_number(float(loss)) for loss in losses)}" if losses else ""
    return f"backward begins{at}"


def node_words(recording: Recording, node: Node, moment: int) -> str:
    """Return what a node is called: its op and the variable that holds it, or a leaf's name."""
    name = node.name or next(iter(recording.names(moment).get(node.id, ())), None)
    if node.kind == "op":
        return f"{node.op} ({name})" if name else str(node.op)
    return name or f"{node.kind} {node.id}"


def _norm(snapshot: Snapshot | None) -> str:
    return "None" if snapshot is None else format_number(snapshot.statistics.norm)


def _say_gradient(recording: Recording, event: Event) -> str:
    assert event.node is not None
    node = recording.node(event.node)
    norm = _norm(recording.gradient(node.id, event.id))
    return f"{node_words(recording, node, event.id)} runs, upstream gradient norm {norm}"


def _say_changes(recording: Recording, event: Event, verb: str) -> str:
    words = []
    count = recording.reader.number("SELECT COUNT(*) FROM changes WHERE event = ?", event.id) or 0
    for change in recording.changes(event.id, _NAMED):
        name = node_words(recording, recording.node(change.node), event.id)
        if change.what == "value":
            words.append(f"{name} by {format_number(change.difference)}")
        else:
            words.append(f"{name} from {_norm(change.before)} to {_norm(change.after)}")
    shown = ", ".join(words) + (f" and {count - _NAMED} more" if count > _NAMED else "")
    return f"{verb} {shown}"


def _say_accumulate(recording: Recording, event: Event) -> str:
    (change,) = recording.changes(event.id)
    name = node_words(recording, recording.node(change.node), event.id)
    return f"{name}.grad accumulates a gradient of norm {_norm(change.added)}"


def _say_update(recording: Recording, event: Event) -> str:
    by = event.details.get("optimizer")
    return _say_changes(recording, event, f"{by} updates" if by else "update of")


def _say_metric(recording: Recording, event: Event) -> str:
    return ", ".join(f"{name} = {format_number(float(value))}" for name, value in event.details.items())


def _say_output(recording: Recording, event: Event) -> str:
    return f"prints {event.text.rstrip()!r}"


def _say_error(recording: Recording, event: Event) -> str:
    return f"raises {event.text}"


def _say_other(recording: Recording, event: Event) -> str:
    return event.text or event.kind.replace("_", " ")


_SAY = {
    "line": _say_line,
    "op": _say_op,
    "backward_start": _say_backward_start,
    "backward_end": lambda recording, event: "backward ends",
    "gradient": _say_gradient,
    "accumulate": _say_accumulate,
    "zero_grad": lambda recording, event: _say_changes(recording, event, "resets the gradient of"),
    "unscale": lambda recording, event: _say_changes(recording, event, "undoes its scale in the gradient of"),
    "clip": lambda recording, event: _say_changes(recording, event, "changes the gradient of"),
    "update": _say_update,
    "skipped_update": lambda recording, event: f"skips the update by {event.details['optimizer']}: not finite",
    "metric": _say_metric,
    "output": _say_output,
    "error": _say_error,
}
