"""Plot what training did: curves, heat maps, one parameter's history, the model in the space of its data.

loss: with learning rates and the script's figures; gradients, updates, zeros: every parameter against every step;
histogram, parameter: one parameter (--parameter); data: the line through the points or the regions of the classes;
surface: the error over two parameters. Of two runs, A and B: their losses, gradients and figures on one axis, how far
they are apart, and where they part. The ending of -o is svg, png or html; a page of data or surface moves with the
steps. Drawn by matplotlib.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from graphlab.cli import messages
from graphlab.cli.options import add_run_options, add_source, read_count
from graphlab.cli.output import write_line
from graphlab.cli.sources import opened_source
from graphlab.errors import UsageError
from graphlab.language import _

if TYPE_CHECKING:
    from graphlab.renderers.plots import PlotChoices
    from graphlab.renderers.plots.choices import What

_WHATS = ("loss", "gradients", "updates", "zeros", "histogram", "parameter", "data", "surface")


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_source(parser)
    parser.add_argument("other", nargs="?", metavar="B", help=_("another run: the curves of both on one axis"))
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help=_("where to: .svg, .png or .html"))
    parser.add_argument("--what", choices=_WHATS, help=_("what (default: gradients)"))
    parser.add_argument("--parameter", metavar="NAME", help=_("of histogram, parameter: which (default: the first)"))
    parser.add_argument("--step", metavar="K", help=_("of data and surface: at which step (default: the last)"))
    parser.add_argument("--columns", metavar="I,J",
                        help=_("of data: two columns, counted from 0 (default: those that part it best)"))  # fmt: skip
    parser.add_argument("--theme", choices=["light", "dark"], default="light", help=_("colours"))
    add_run_options(parser)


def _read_choices(arguments: argparse.Namespace) -> PlotChoices:
    from graphlab.renderers.plots import PlotChoices

    what: What = arguments.what or "gradients"
    for option, value, whats in (
        ("--parameter", arguments.parameter, {"histogram", "parameter"}),
        ("--columns", arguments.columns, {"data"}),
    ):
        if value is not None and what not in whats:
            raise UsageError(messages.NOT_OF_PLOT.format(option=option, whats=" or ".join(sorted(whats)), what=what))
    columns: tuple[int, ...] = ()
    if arguments.columns is not None:
        match = re.fullmatch(r"(\d+),(\d+)", arguments.columns.replace(" ", ""))
        if match is None:
            raise UsageError(messages.BAD_COLUMNS.format(text=arguments.columns))
        columns = int(match[1]), int(match[2])
    step = read_count("--step", arguments.step, 1)
    return PlotChoices(what, arguments.parameter, step, columns, arguments.theme)


def run(arguments: argparse.Namespace) -> int:
    """Draw, and say where the file is."""
    from graphlab.renderers import write_whole
    from graphlab.renderers.plots import check_plot_target, render_plot

    target = Path(arguments.output)
    check_plot_target(target)
    if arguments.other is not None:
        return _plot_both(arguments, target)
    choices = _read_choices(arguments)
    with opened_source(arguments) as source:
        from graphlab.recording import open_recording

        recording = open_recording(source.path)
        try:
            write_whole(target, render_plot(recording, target.suffix[1:].lower(), choices))
        finally:
            recording.close()
        write_line(messages.EXPORTED.format(path=target), sys.stderr)
        return source.code


def _plot_both(arguments: argparse.Namespace, target: Path) -> int:
    """Draw two runs on one axis."""
    from graphlab.cli.compared import opened_sides
    from graphlab.comparing import compare_runs
    from graphlab.recording import open_recording
    from graphlab.renderers import write_whole
    from graphlab.renderers.plots import render_runs

    for option in ("what", "parameter", "step", "columns", "module"):
        if getattr(arguments, option) is not None:
            raise UsageError(messages.NOT_OF_TWO_RUNS.format(option="-m" if option == "module" else f"--{option}"))
    arguments.a, arguments.b = arguments.source, arguments.other
    with opened_sides(arguments, []) as sides:
        paths = sides.runs()
        if paths is None:
            raise UsageError(messages.TWO_RUNS)
        with contextlib.ExitStack() as stack:
            first, second = (stack.enter_context(contextlib.closing(open_recording(path))) for path in paths)
            found = compare_runs(first, second)
        write_whole(target, render_runs(found, sides.names, target.suffix[1:].lower(), arguments.theme))
        write_line(messages.EXPORTED.format(path=target), sys.stderr)
        return sides.code
