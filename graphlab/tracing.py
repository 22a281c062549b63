"""Runs a script for its static graphs, as it was asked to run or as it was recorded.

Beside `graphlab.replay`, which runs a recorded script again for its steps; separate, because nothing is recorded here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from graphlab.capture.static import trace_script
from graphlab.errors import UsageError
from graphlab.language import _
from graphlab.recording import Recording
from graphlab.replay import plan_replay
from graphlab.request import RunRequest
from graphlab.static_graph import StaticGraph, Tracer


def trace(request: RunRequest, tracers: Sequence[Tracer], name: str | None) -> list[StaticGraph]:
    """Run a script until its model or its step can be traced, and return what each tracer made.

    Args:
        name: the variable that holds the model, or the function, to be traced; None for the first that is called.

    Raises:
        UsageError: the script raised before there was anything to trace.
    """
    graphs, error = trace_script(
        request.script,
        request.text,
        [request.argv0 or str(request.script), *request.arguments],
        tracers=tracers,
        name=name,
        module=request.module,
        seed=request.seed if request.is_seeding else None,
    )
    if isinstance(error, KeyboardInterrupt):
        raise error
    if error is not None:
        first = next(iter(str(error).splitlines()), "")
        said = f"{type(error).__name__}: {first}" if first else type(error).__name__
        raise UsageError(_("the script raised {said} before there was anything to trace").format(said=said)) from error
    return graphs


def plan_trace(recording: Recording) -> RunRequest:
    """Return how the script of a recording is to run for its static graphs.

    Raises:
        UsageError: the recording does not say how it came about.
        ScenarioError: the script is not there any more.
    """
    return replace(plan_replay(recording, (1, 1)), windows=())
