"""Dropout and batch norm in a mode that does not fit what runs: training in eval mode, evaluating in training mode."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from graphlab.analysis.findings import graph_messages as messages
from graphlab.analysis.findings.dataflow import Flow, root_objects
from graphlab.analysis.findings.finding import Finding, make_finding
from graphlab.analysis.findings.held_parameters import Parameters
from graphlab.analysis.findings.kept import outermost
from graphlab.analysis.findings.source import calls
from graphlab.recording.remarks import Remark, read_remarks

if TYPE_CHECKING:
    from graphlab.recording import Recording


def find_training_in_eval_mode(recording: Recording) -> Iterator[Finding]:
    """Find training steps whose dropout and batch norm work as for evaluation."""
    remarks = read_remarks(recording, "mode")
    trained = [each for each in remarks if each.data["grad"] and _is_forward(recording, each)]
    learning = _learning_prefixes(recording)
    resting = [each for each in trained if not each.data["training"] and _learns(each.data["module"], learning)]
    if trained and resting:
        awake = [each for each in trained if each.data["training"]]
        flipped = [
            each for each in resting if any(_is_same(each, other) and other.event < each.event for other in awake)
        ]
        first = flipped[0] if flipped else resting[0] if not awake else None
        if first is not None:
            yield _training_at_rest(recording, first, len(resting), is_flipped=bool(flipped))
            return
    for remark in read_remarks(recording, "resting"):
        modules = [path for path in remark.data["modules"] if _learns(path, learning)]
        if modules and remark.data["count"] == remark.data["of"]:
            yield _training_at_rest(recording, remark, remark.data["count"], is_flipped=False)
            return


def _is_forward(recording: Recording, remark: Remark) -> bool:
    """Whether it ran in the forward of a training step."""
    event = min(remark.event + 1, recording.event_count)
    return recording.span_of(event).phase == "forward"


def _is_same(one: Remark, other: Remark) -> bool:
    return (one.text, one.data["module"]) == (other.text, other.data["module"])


def _learning_prefixes(recording: Recording) -> dict[str, bool]:
    """Return for the path of each module that holds parameters whether any of them gets gradients."""
    parameters = Parameters(recording)
    found: dict[str, bool] = {}
    for node in parameters.nodes:
        parts = (node.name or "").split(".")
        for end in range(len(parts)):
            path = ".".join(parts[:end])
            found[path] = found.get(path, False) or parameters.has_gradient(node)
    return found


def _learns(module: str | None, learning: dict[str, bool]) -> bool:
    """Whether the innermost module around a path that holds parameters gets gradients for any of them."""
    path = module or ""
    while path not in learning and path:
        path = path.rpartition(".")[0]
    return learning.get(path, False)


def _training_at_rest(recording: Recording, remark: Remark, count: int, *, is_flipped: bool) -> Finding:
    file, line = _line_of_call(recording, remark, "eval")
    why = messages.LEFT_IN_EVAL if is_flipped else messages.NEVER_IN_TRAINING
    event = min(remark.event + 1, recording.event_count)
    return make_finding(
        recording, "training-in-eval-mode", messages.TRAINING_AT_REST, event, file=file or remark.file,
        line=line or remark.line, lines=(remark.line,),
        evidence={"what": remark.text, "module": remark.data.get("module"), "times": count},
        what=messages.WORDS.get(remark.text, remark.text), forward=messages.at_line(remark.line), why=why,
        eval=messages.at_line(line),
    )  # fmt: skip


def _line_of_call(recording: Recording, remark: Remark, name: str) -> tuple[int | None, int | None]:
    """Return the last line with such a call that ran before a remark; in light detail the only one in the text."""
    found = [call for call in calls(recording, name) if "." in call.name]
    ran: list[tuple[int, int, int]] = []
    for call in found:
        event = recording.reader.number(
            "SELECT MAX(id) FROM events WHERE kind = 'line' AND file = ? AND line = ? AND id <= ?",
            call.file, call.line, remark.event,
        )  # fmt: skip
        if event is not None:
            ran.append((event, call.file, call.line))
    if ran:
        return max(ran)[1:]
    return (found[0].file, found[0].line) if len(found) == 1 else (None, None)


def find_evaluation_in_training_mode(recording: Recording) -> Iterator[Finding]:
    """Find forwards under no_grad, feeding no loss, whose dropout or batch norm works as in training."""
    seen = set()
    for remark in read_remarks(recording, "mode"):
        place = remark.file, remark.line, remark.text
        if not remark.data["training"] or remark.data["grad"] or place in seen:
            continue
        seen.add(place)
        if _is_apart(remark) or _feeds_loss(recording, remark) or _is_calibration(recording, remark):
            continue
        event = min(remark.event + 1, recording.event_count)
        yield make_finding(
            recording, "evaluation-in-training-mode", messages.EVALUATION_AWAKE, event, file=remark.file,
            line=remark.line, lines=(outermost(recording, event)[1],),
            evidence={"what": remark.text, "module": remark.data["module"]},
            what=messages.WORDS.get(remark.text, remark.text),
        )  # fmt: skip
        return


def _feeds_loss(recording: Recording, remark: Remark) -> bool:
    """Whether what the dropout or batch norm makes flows into a loss of the same step."""
    step = recording.step_of(min(remark.event + 1, recording.event_count))
    starts = recording.events_between(remark.event, step.last, ("backward_start",))
    if not starts:
        return False
    flow = Flow(recording, remark.event, step.last)
    above = flow.ancestors({each for start in starts for each in root_objects(recording, start.id, flow)})
    op = next((op for event, op in flow.ops.items() if event > remark.event), None)
    return op is not None and any(state.object in above for state in op.made)


def _is_apart(remark: Remark) -> bool:
    """Whether a dropout alone was put into training mode, in a model that evaluates: Monte Carlo dropout."""
    return remark.text != "batch_norm" and bool(remark.data.get("apart"))


def _is_calibration(recording: Recording, remark: Remark) -> bool:
    """Whether the statistics of batch norm are gathered on purpose (`update_bn`)."""
    return bool(calls(recording, "update_bn")) and remark.text == "batch_norm"


FINDERS = (find_training_in_eval_mode, find_evaluation_in_training_mode)
