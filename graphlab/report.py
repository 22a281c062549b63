"""A recording as the object that `run --json` and `show --json` write: facts of the run, and of each step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphlab.recording.threads import thread_of_step

if TYPE_CHECKING:
    from graphlab.model import Snapshot
    from graphlab.recording import Recording


def report_run(recording: Recording) -> dict[str, Any]:
    """Return the whole run as plain values, as documented in docs/commands.md."""
    facts = recording.facts
    error = facts.error
    with recording.reading():
        return {
            "recording": str(recording.path) if recording.path is not None else None,
            "scenario": facts.scenario,
            "device": facts.device,
            "torch": facts.torch,
            "seed": facts.seed,
            "detail": facts.detail,
            "status": facts.status,
            "error": None
            if error is None
            else {"type": error.type, "message": error.message, "file": error.file, "line": error.line},
            "events": recording.event_count,
            "steps": [report_step(recording, step.step) for step in recording.steps],
        }


def report_step(recording: Recording, number: int) -> dict[str, Any]:
    """Return one training step as plain values: loss, gradients, parameters, metrics."""
    step = recording.step(number)
    with recording.reading():
        return {
            "step": step.step,
            "loss": step.loss,
            "losses": list(step.losses),
            "nodes": step.nodes,
            "edges": step.edges,
            "gradients": [
                {"name": leaf.name, "shape": list(leaf.shape), **_figures(leaf.gradient)}
                for leaf in recording.step_gradients(number)
            ],
            "parameters": [
                {
                    "name": parameter.name,
                    "shape": list(parameter.shape),
                    "norm": parameter.value.statistics.norm if parameter.value is not None else None,
                    "update_norm": parameter.update_norm,
                    "values": parameter.value.summary()["values"] if parameter.value is not None else None,
                }
                for parameter in recording.step_parameters(number)
            ],
            "metrics": recording.step_metrics(number),
            "thread": thread_of_step(recording, number),
        }


def _figures(gradient: Snapshot | None) -> dict[str, Any]:
    if gradient is None:
        return dict.fromkeys(("norm", "min", "max", "mean", "values"))
    summary = gradient.summary()
    return {name: summary[name] for name in ("norm", "min", "max", "mean", "values")}
