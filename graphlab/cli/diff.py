"""Compare two graphs: two models, two runs, or two steps of one run.

A and B are each a recording, a script or scenario (it is recorded first), or a .json file that `graphlab export`
wrote. Without --step the graph at the end counts; with one --step that step of both; with two those of A and of B.

  graphlab diff before.glab after.glab
  graphlab diff run.glab --step 1 --step 20
  graphlab diff golden.json train.py            # in a test: has the model's graph changed?
  graphlab diff a.glab b.glab -o both.svg       # both in one picture

Told first is what differs between the runs: seed, versions, parameters, script. Then the nodes that were added (+),
removed (-), changed in shape, dtype or the size of the gradient (~), or only renamed (=), and the edges that moved.

The exit code is 0 where the graphs are equal, 1 where they are not or a script raised, 2 for bad input.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from graphlab.cli import messages
from graphlab.cli.compared import Sides, open_sides
from graphlab.cli.options import add_json, add_run_options, read_count
from graphlab.cli.output import write_json, write_line
from graphlab.errors import UsageError

if TYPE_CHECKING:
    from graphlab.graph.diff import Comparison


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("a", metavar="A", help="a recording, a script or scenario, or an exported .json")
    parser.add_argument("b", metavar="B", nargs="?", help="the other one; without it: two steps of A")
    parser.add_argument("--step", metavar="K", action="append", default=[],
                        help="at the end of training step K; a second --step is for B")  # fmt: skip
    parser.add_argument("--factor", metavar="X|none", default="10",
                        help="by how much a gradient's size must differ (default 10); none: not compared")  # fmt: skip
    parser.add_argument("-o", "--output", metavar="FILE",
                        help="both graphs as one picture; its ending is the format, as of export")  # fmt: skip
    parser.add_argument("--theme", choices=["light", "dark"], default="light", help="colours of the picture")
    parser.add_argument("--direction", choices=["down", "right"], default="down", help="which way the data flows in it")
    parser.add_argument("--fold", choices=["auto", "none"], default="auto",
                        help="auto: a large picture has in full what differs and what lies beside it")  # fmt: skip
    add_json(parser)
    parser.set_defaults(script_arguments=())
    add_run_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Compare, and say what differs."""
    factor = _read_factor(arguments.factor)
    steps = [read_count("--step", text, 1) for text in arguments.step]
    target = _read_target(arguments.output)
    sides = open_sides(arguments, steps)
    from graphlab.graph.diff import compare

    comparison = compare(*sides.graphs, factor=factor)
    if arguments.json:
        from graphlab.renderers.changes import report

        write_json(report(comparison, sides.names))
    else:
        _write_changes(comparison, sides)
    if target is not None:
        from graphlab.renderers import render

        union = comparison.union()
        render(union, target, theme=arguments.theme, direction=arguments.direction, fold=arguments.fold)
        write_line(messages.EXPORTED.format(path=target), sys.stderr)
    return max(sides.code, int(not comparison.is_equal))


def _read_target(output: str | None) -> Path | None:
    """Check before anything runs that a picture can be written there."""
    if output is None:
        return None
    from graphlab.renderers import check_target, endings

    path = check_target(output)
    if path.suffix[1:].lower() not in endings():
        raise UsageError(messages.NO_PICTURE.format(ending=path.suffix))
    return path


def _read_factor(text: str) -> float | None:
    if text == "none":
        return None
    with contextlib.suppress(ValueError):
        factor = float(text)
        if factor >= 1:
            return factor
    raise UsageError(messages.BAD_FACTOR.format(text=text))


def _write_changes(comparison: Comparison, sides: Sides) -> None:
    from graphlab.renderers.changes import change_lines
    from graphlab.renderers.reading import plain

    for side, name, graph in zip("AB", sides.names, sides.graphs, strict=True):
        step, steps = graph.graph.get("step"), graph.graph.get("steps")
        place = messages.OF_STEPS.format(step=step, steps=steps) if step and steps else ""
        write_line(messages.SIDE.format(side=side, name=name, step=place))
    for fact in comparison.facts:
        write_line(plain(fact.words))
    for note in comparison.notes:
        write_line(messages.NOTE.format(note=note))
    write_line(comparison.summary)
    for line in change_lines(comparison):
        write_line(line)
