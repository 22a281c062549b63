"""Write the graph at a moment as a picture or as data; the ending of -o chooses the format.

svg, png, pdf, html, dot, json, graphml, mmd (Mermaid) and txt show the graph; gif shows how a step's graph grew and its
gradients flowed back; csv is the table of every step's gradients. No moment given: the end of the run.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from graphlab.cli import messages
from graphlab.cli.options import add_run_options, add_source
from graphlab.cli.output import write_line
from graphlab.cli.sources import opened_source
from graphlab.errors import RenderError, UsageError
from graphlab.language import _

if TYPE_CHECKING:
    import networkx

    from graphlab.model import Step
    from graphlab.recording import Recording
    from graphlab.renderers.options import Choices
    from graphlab.renderers.selection import Shown

_LOOKED_AT = 100
"""Steps before the last that are looked at for a graph that is not like it."""
_EVENT = re.compile(r"e?(\d+)")


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_source(parser)
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help=_("where to; its ending is the format"))
    parser.add_argument(
        "--renderer",
        choices=["graphlab", "graphviz", "torchviz", "networkx", "tensorboard"],
        default="graphlab",
        help=_(
            "who lays out and draws (default: graphlab); tensorboard: scalars and histograms of the "
            "whole run, into a folder for it"
        ),
    )
    parser.add_argument("--static", metavar="fx|export|compile|step|jit|all",
                        help=_("instead of what autograd built, what a tracer makes of the script's first model, or of "
                        "a whole training step; fx:NAME traces that model or function"))  # fmt: skip
    look = parser.add_argument_group(_("the picture"))
    look.add_argument("--theme", choices=["light", "dark"], default="light", help=_("colours of svg, png and html"))
    look.add_argument("--direction", choices=["down", "right"], default="down", help=_("which way the data flows"))
    look.add_argument("--scale", metavar="X", default="2", help=_("pixels of a png to a point (default 2)"))
    look.add_argument("--fold", metavar="DEPTH|auto|none", default="auto",
                      help=_("draw modules of this depth, or where there are none functions, as one box (auto: what "
                      "belongs together, where there is too much to be read)"))  # fmt: skip
    look.add_argument("--open", metavar="GROUP", action="append",
                      help=_("of what is folded, show the inside of a module or other group (repeatable)"))  # fmt: skip
    look.add_argument(
        "--focus",
        metavar="NODE",
        help=_("only a node and what is near: its name, number, or a query as in show --find"),
    )
    look.add_argument("--hops", metavar="N", help=_("how many edges away from --focus is near (default 2)"))
    look.add_argument(
        "--show", metavar="WHAT", help=_("what stands in boxes: any of value,gradient,shape (default: all)")
    )
    look.add_argument("--keep-places", action="store_true",
                      help=_("leave room for the whole step: pictures of its moments match"))  # fmt: skip
    moment = parser.add_argument_group(_("the moment (default: the end)"))
    moment.add_argument("--at", metavar="EVENT", help=_("after an event, such as e12"))
    moment.add_argument("--step", metavar="K", help=_("at the end of a training step"))
    moment.add_argument("--phase", choices=["forward", "backward"], help=_("at the end of a phase"))
    moment.add_argument("--line", metavar="N", help=_("when a line of the script last ended"))
    moment.add_argument("--future", action="store_true", help=_("draw what does not exist yet, dimly"))
    add_run_options(parser)


def read_event(text: str | None) -> int | None:
    """Turn `e12` or `12` into 12.

    Raises:
        UsageError: it is neither.
    """
    if text is None:
        return None
    match = _EVENT.fullmatch(text.strip())
    if match is None:
        raise UsageError(messages.BAD_EVENT.format(text=text))
    return int(match[1])


def _read_number(option: str, text: str | None, least: int = 1) -> int | None:
    if text is None:
        return None
    if not text.strip().isdecimal() or int(text) < least:
        raise UsageError(messages.BAD_COUNT.format(option=option, least=least, most="", text=text))
    return int(text)


def _read_choices(arguments: argparse.Namespace) -> Choices:
    """Check what was chosen about the picture before anything runs."""
    try:
        scale = float(arguments.scale)
    except ValueError:
        raise UsageError(messages.BAD_SCALE.format(text=arguments.scale)) from None
    fold = arguments.fold
    if fold not in {"auto", "none"}:
        fold = _read_number("--fold", fold)
    choices: Choices = {
        "renderer": arguments.renderer,
        "theme": arguments.theme,
        "direction": arguments.direction,
        "scale": scale,
        "fold": fold,
        "opened": arguments.open or (),
    }
    if arguments.hops is not None:
        if arguments.focus is None:
            raise UsageError(messages.HOPS_ALONE)
        choices["hops"] = _read_number("--hops", arguments.hops, least=0) or 0
    if arguments.show is not None:
        choices["show"] = _read_shown(arguments.show)
    return choices


def _read_shown(text: str) -> list[Shown]:
    """Turn `value,shape` into what to show."""
    from graphlab.renderers.selection import SHOWN

    words = [word.strip() for word in text.split(",") if word.strip()]
    if any(word not in SHOWN for word in words):
        raise UsageError(messages.BAD_SHOWN.format(text=text))
    return [shown for shown in SHOWN if shown in words]


def run(arguments: argparse.Namespace) -> int:
    """Draw, and say where the file is."""
    from graphlab.renderers import check_target

    target = Path(arguments.output)
    at, step, line = (
        read_event(arguments.at),
        _read_number("--step", arguments.step),
        _read_number("--line", arguments.line),
    )
    if at is not None and (step or line or arguments.phase):
        raise UsageError(messages.ONE_MOMENT)
    if arguments.renderer == "tensorboard":
        from graphlab.cli.logdir import export_logdir

        return export_logdir(arguments)
    is_table = target.suffix.lower() == ".csv"
    check_target(target, renderer=arguments.renderer, others=("gif", "csv"))
    choices = _read_choices(arguments)
    if arguments.static is not None:
        from graphlab.cli.static import export_static

        return export_static(arguments, target.absolute(), choices)
    with opened_source(arguments) as source:
        from graphlab.recording import open_recording

        recording = open_recording(source.path)
        try:
            if is_table:
                from graphlab.renderers import write_whole
                from graphlab.renderers.table import gradient_table

                write_whole(target, gradient_table(recording).encode())
            else:
                moment = recording.moment(at=at, step=step, phase=arguments.phase, line=line)
                _draw(recording, moment, target, arguments, choices)
            is_chosen = at is not None or step or line or arguments.phase
            other = None if is_table or is_chosen or target.suffix.lower() == ".html" else _other_graph(recording)
        finally:
            recording.close()
        write_line(messages.EXPORTED.format(path=target), sys.stderr)
        if other is not None:
            write_line(messages.OTHER_GRAPH.format(step=other.step, nodes=other.nodes), sys.stderr)
        return source.code


def _other_graph(recording: Recording) -> Step | None:
    """Return the latest step whose graph is not as large as the last one's, as where two optimizers take turns."""
    steps = recording.steps
    last = steps[-1].nodes if len(steps) else 0
    recent = (steps[place] for place in range(len(steps) - 2, max(len(steps) - 2 - _LOOKED_AT, -1), -1))
    return next((step for step in recent if last > 1 and step.nodes > 1 and step.nodes != last), None)


def _draw(recording: Recording, moment: int, target: Path, arguments: argparse.Namespace, choices: Choices) -> None:
    """Write a moment of a recording; the page holds every moment, and opens at this one."""
    from graphlab.renderers import render, render_animated, render_run

    if target.suffix.lower() == ".gif":
        if arguments.focus is not None:
            stage = recording.graph(at=recording.step_of(moment).last) if recording.steps else recording.graph()
            choices["focus"] = _find_focus(recording, stage, arguments.focus)
        render_animated(recording, target, moment, future=arguments.future, **choices)
        return
    if target.suffix.lower() == ".html" and arguments.focus is None:
        render_run(recording, target, moment, **choices)
        return
    graph = recording.graph(at=moment, future=arguments.future)
    if arguments.keep_places and recording.steps:
        choices["stage"] = recording.graph(at=recording.step_of(moment).last)
    if arguments.focus is not None:
        choices["focus"] = _find_focus(recording, graph, arguments.focus)
    render(graph, target, **choices)


def _find_focus(recording: Recording, graph: networkx.MultiDiGraph, text: str) -> list[int]:
    """Return the nodes that are meant: by name or number, else what a query finds among those of the graph."""
    from graphlab.finding import Index, find_matches, parse_query
    from graphlab.renderers.selection import find_focus

    with contextlib.suppress(RenderError):
        return find_focus(graph, text)
    query = parse_query(text)
    if isinstance(query, str):
        raise UsageError(query)
    index = Index(recording)
    index.feed(has_figures=query.asks_figures)
    found = sorted({node for node in find_matches(index, query).rows.nodes.tolist() if node in graph})
    if not found:
        raise UsageError(messages.NO_FOCUS.format(text=text))
    return found
