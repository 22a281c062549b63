"""Says every event as one sentence: for headers, `show --plain`, screen readers and the titles of pictures.

All words that describe events stand here, so that they can be translated in one place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphlab.counted import KIND_NAMES
from graphlab.language import _
from graphlab.recording import made_name

if TYPE_CHECKING:
    from graphlab.model import Event, Node, Snapshot, Span, Tensor
    from graphlab.recording import Recording

_NAMED = 4
"""How many of the tensors that an event changed a sentence names."""

PHASE_NAMES = {
    "setup": _("setup"),
    "forward": _("forward"),
    "backward": _("backward"),
    "update": _("update"),
    "between": _("between"),
    "after": _("after"),
}
"""What people read as the phase of an event. Data know no `between` and no `after`: to them all three are `setup`."""


def phase_of(recording: Recording, moment: int) -> str:
    """Return the phase that a moment lies in, a key of `PHASE_NAMES`."""
    return phase_of_span(recording, recording.span_of(moment)) if moment else "setup"


def phase_of_span(recording: Recording, span: Span) -> str:
    """Return what a span is to people: what is no part of training is `setup` only until training begins."""
    if span.phase != "setup" or not recording.steps:
        return span.phase
    worked = [each for each in recording.spans_of(span.step) if each.phase != "setup"]
    if worked and span.first > worked[-1].first and span.step == len(recording.steps):
        return "after"
    return "setup" if span.step == 1 and not (worked and worked[0].first < span.first) else "between"


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
        return _("nothing has run yet")
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
    where = _("line {line}").format(line=event.line)
    if event.file not in {None, 1}:
        where += next((_(" of {file}").format(file=file.path) for file in recording.files if file.id == event.file), "")
    return f"{where}: {_source_line(recording, event)}"


def _tensor_words(recording: Recording, tensor: Tensor) -> str:
    return format_shape(tensor.shape)


def _say_op(recording: Recording, event: Event) -> str:
    inputs = ", ".join(format_shape(tensor.shape) for tensor in recording.inputs(event.id))
    outputs = ", ".join(format_shape(tensor.shape) for tensor in recording.outputs(event.id))
    node = recording.node(event.node) if event.node else None
    made = _(", makes {op}").format(op=node.op) if node is not None and node.op else ""
    return f"{event.text}: {inputs} -> {outputs}{made}" if inputs else f"{event.text} -> {outputs}{made}"


def _say_backward_start(recording: Recording, event: Event) -> str:
    losses = event.details.get("losses", [])
    if not losses:
        return _("backward begins")
    return _("backward begins at loss {loss}").format(loss=", ".join(format_number(float(loss)) for loss in losses))


def node_words(recording: Recording, node: Node, moment: int) -> str:
    """Return what a node is called: its op and the variable that holds it, or a leaf's name."""
    name = node.name or next(iter(recording.names(moment).get(node.id, ())), None)
    if node.kind == "op":
        return f"{node.op} ({name})" if name else str(node.op)
    return name or made_name(recording, node) or f"{KIND_NAMES.get(node.kind, node.kind)} {node.id}"


def _norm(snapshot: Snapshot | None) -> str:
    return "None" if snapshot is None else format_number(snapshot.statistics.norm)


def _say_gradient(recording: Recording, event: Event) -> str:
    assert event.node is not None
    node = recording.node(event.node)
    norm = _norm(recording.gradient(node.id, event.id))
    name = node_words(recording, node, event.id)
    return _("{name} runs, upstream gradient norm {norm}").format(name=name, norm=norm)


def _say_changes(recording: Recording, event: Event, sentence: str) -> str:
    """Fill a sentence about changes: `{changes}` is what changed, and by how much."""
    words = []
    count = recording.reader.number("SELECT COUNT(*) FROM changes WHERE event = ?", event.id) or 0
    for change in recording.changes(event.id, _NAMED):
        name = node_words(recording, recording.node(change.node), event.id)
        if change.what == "value":
            words.append(_("{name} by {size}").format(name=name, size=format_number(change.difference)))
        else:
            words.append(
                _("{name} from {before} to {after}").format(
                    name=name, before=_norm(change.before), after=_norm(change.after)
                )
            )
    shown = ", ".join(words) + (_(" and {count} more").format(count=count - _NAMED) if count > _NAMED else "")
    return sentence.format(changes=shown, optimizer=event.details.get("optimizer"))


def _say_accumulate(recording: Recording, event: Event) -> str:
    (change,) = recording.changes(event.id)
    name = node_words(recording, recording.node(change.node), event.id)
    if change.added is None:
        return _("{name}.grad gets none: the backward that leads here returned None").format(name=name)
    return _("{name}.grad accumulates a gradient of norm {norm}").format(name=name, norm=_norm(change.added))


def _say_update(recording: Recording, event: Event) -> str:
    is_by_hand = not event.details.get("optimizer")
    return _say_changes(
        recording, event, _("update of {changes}") if is_by_hand else _("{optimizer} updates {changes}")
    )


def _say_skipped(recording: Recording, event: Event) -> str:
    return _("skips the update by {optimizer}: not finite").format(optimizer=event.details["optimizer"])


def _say_metric(recording: Recording, event: Event) -> str:
    return ", ".join(f"{name} = {format_number(float(value))}" for name, value in event.details.items())


def _say_output(recording: Recording, event: Event) -> str:
    return _("prints {text!r}").format(text=event.text.rstrip())


def _say_error(recording: Recording, event: Event) -> str:
    return _("raises {error}").format(error=event.text)


def _say_other(recording: Recording, event: Event) -> str:
    return event.text or event.kind.replace("_", " ")


_SAY = {
    "line": _say_line,
    "op": _say_op,
    "backward_start": _say_backward_start,
    "backward_end": lambda recording, event: _("backward ends"),
    "gradient": _say_gradient,
    "accumulate": _say_accumulate,
    "zero_grad": lambda recording, event: _say_changes(recording, event, _("resets the gradient of {changes}")),
    "unscale": lambda recording, event: _say_changes(
        recording, event, _("undoes its scale in the gradient of {changes}")
    ),
    "clip": lambda recording, event: _say_changes(recording, event, _("changes the gradient of {changes}")),
    "update": _say_update,
    "skipped_update": _say_skipped,
    "metric": _say_metric,
    "output": _say_output,
    "error": _say_error,
}
