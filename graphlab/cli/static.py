"""What `graphlab export --static` does: draws what a tracer made of the script instead of what autograd built."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from graphlab.cli import messages
from graphlab.cli.options import find_scenarios, read_run_options
from graphlab.cli.output import write_line
from graphlab.cli.sources import is_recording
from graphlab.errors import RenderError, UsageError
from graphlab.language import _
from graphlab.recorded_words import say_recorded
from graphlab.static_graph import ASKED, TRACERS, StaticGraph, Tracer, encode

if TYPE_CHECKING:
    from graphlab.renderers.options import Choices
    from graphlab.request import RunRequest

ALL = "all"


def read_static(text: str) -> tuple[list[Tracer], str | None]:
    """Turn `fx`, `fx:model` or `all` into the tracers asked for, and the name of what they are to trace.

    Raises:
        UsageError: there is no such tracer.
    """
    word, _unused, name = text.partition(":")
    if word == ALL:
        return list(ASKED), name or None
    if word not in ASKED:
        raise UsageError(messages.BAD_TRACER.format(text=text, known=", ".join(ASKED)))
    return [word], name or None


def export_static(arguments: argparse.Namespace, target: Path, choices: Choices) -> int:
    """Run the script for the graph that is asked for, and draw it.

    Raises:
        UsageError: the tracer cannot make a graph of the script, for the reason that is told.
    """
    tracers, name = read_static(arguments.static)
    is_json = target.suffix.lower() == ".json"
    if len(tracers) > 1 and not is_json:
        raise UsageError(messages.ALL_IN_JSON)
    ending = target.suffix.lower()
    if ending in {".csv", ".gif"} or arguments.renderer == "torchviz":
        raise UsageError(messages.NOT_OF_STATIC.format(what="torchviz" if arguments.renderer == "torchviz" else ending))
    scenario, graphs = _trace(arguments, tracers, name)
    if len(tracers) > 1:
        from graphlab.renderers import write_whole

        rows = {"scenario": scenario, "graphs": [encode(graph) for graph in graphs]}
        write_whole(target, (json.dumps(rows, indent=None) + "\n").encode())
    else:
        _draw(graphs[0], scenario, target, choices)
    write_line(messages.EXPORTED.format(path=target), sys.stderr)
    return 0


def _draw(static: StaticGraph, scenario: str, target: Path, choices: Choices) -> None:
    if static.failure is not None:
        line = _("line {line}: ").format(line=static.failure.line) if static.failure.line else ""
        raise UsageError(
            messages.NO_STATIC.format(
                tracer=say_recorded(TRACERS[static.tracer]),
                target=say_recorded(static.target),
                line=line,
                reason=say_recorded(static.failure.text),
            )
        )
    from graphlab.graph.static import build_static_graph
    from graphlab.renderers import render

    graph = build_static_graph(static, scenario, has_views=choices.get("fold") == "none")
    render(graph, target, **choices)
    for note in static.notes:
        line = _("line {line}: ").format(line=note.line) if note.line else ""
        write_line(messages.FAILURE.format(message=f"{line}{say_recorded(note.text)}"), sys.stderr)


def _trace(arguments: argparse.Namespace, tracers: list[Tracer], name: str | None) -> tuple[str, list[StaticGraph]]:
    """Run SOURCE's script, or that of a recording as it was recorded."""
    from graphlab.tracing import plan_trace, trace

    where: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
    if is_recording(arguments.source):
        from graphlab.recording import open_recording
        from graphlab.replay import where_it_ran

        recording = open_recording(Path(arguments.source).absolute())
        request: RunRequest = plan_trace(recording)
        where = where_it_ran(recording, request.script)
    else:
        from graphlab.cli.run import make_request

        (scenario,) = find_scenarios(arguments)
        request = make_request(read_run_options(arguments), scenario, arguments)
    with where:
        graphs = trace(request, tracers, name)
    if not graphs:
        raise RenderError(messages.NO_STATIC_GRAPH)
    return request.name, graphs
