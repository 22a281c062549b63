"""Compare two graphs, and the numbers of two runs: two models, two runs, or two steps of one run.

A and B are each a recording, a script or scenario (it is recorded first), or a .json file that `graphlab export`
wrote. Without --step the graph at the end counts; with one --step that step of both; with two those of A and of B.

  graphlab diff before.glab after.glab
  graphlab diff run.glab --step 1 --step 20
  graphlab diff golden.json train.py            # in a test: has the model's graph changed?
  graphlab diff a.glab b.glab -o both.svg       # both graphs in one picture
  graphlab diff cpu.glab gpu.glab --numbers     # since when, and where, are the numbers not the same?

Told first is what differs between the runs: seed, versions, parameters, script. Then the nodes that were added (+),
removed (-), changed in shape, dtype or the size of the gradient (~), or only renamed (=), and the edges that moved.
Of two runs then the numbers: the first step, op and element that are not the same, bit for bit and beyond a tolerance.

The exit code is 0 where the graphs are equal, 1 where they are not or a script raised, 2 for bad input. Numbers count
for it with --tolerance, or with --numbers, which leaves the graphs out: 1 where they are beyond the tolerance.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphlab.cli import messages
from graphlab.cli.compared import Sides, opened_sides
from graphlab.cli.options import add_json, add_run_options, read_count
from graphlab.cli.output import write_json, write_line
from graphlab.counted import count_kinds, count_words
from graphlab.errors import UsageError
from graphlab.language import _

if TYPE_CHECKING:
    import networkx

    from graphlab.comparing import RunComparison, Tolerance
    from graphlab.graph.diff import Comparison


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("a", metavar="A", help=_("a recording, a script or scenario, or an exported .json"))
    parser.add_argument("b", metavar="B", nargs="?", help=_("the other one; without it: two steps of A"))
    parser.add_argument("--step", metavar="K", action="append", default=[],
                        help=_("at the end of training step K; a second --step is for B"))  # fmt: skip
    parser.add_argument(
        "--factor",
        metavar="X|none",
        default="10",
        help=_("by how much a gradient's size must differ (default 10); none: not compared"),
    )
    parser.add_argument("-o", "--output", metavar="FILE",
                        help=_("both graphs as one picture; its ending is the format, as of export"))  # fmt: skip
    parser.add_argument("--theme", choices=["light", "dark"], default="light", help=_("colours of the picture"))
    parser.add_argument(
        "--direction", choices=["down", "right"], default="down", help=_("which way the data flows in it")
    )
    parser.add_argument("--fold", choices=["auto", "none"], default="auto",
                        help=_("auto: a large picture has in full what differs and what lies beside it"))  # fmt: skip
    group = parser.add_argument_group(_("the numbers"))
    group.add_argument(
        "--numbers", action="store_true", help=_("compare the numbers alone; -o then draws their curves")
    )
    group.add_argument("--tolerance", metavar="REL[,ABS]",
                       help=_("how far numbers may lie apart, as of torch.testing.assert_close; 0: not at all "
                       "(default: dtype, by the dtype as there)"))  # fmt: skip
    group.add_argument(
        "--beside",
        metavar="K:J",
        help=_(
            "put step K of A beside step J of B (default: the first ones; of a run that went on from a "
            "checkpoint the step that it went on at)"
        ),
    )
    add_json(parser)
    parser.set_defaults(script_arguments=())
    add_run_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Compare, and say what differs."""
    from graphlab.comparing.tolerance import read_tolerance

    factor = _read_factor(arguments.factor)
    steps = [read_count("--step", text, 1) for text in arguments.step]
    if arguments.numbers and (steps or arguments.b is None):
        raise UsageError(messages.NUMBERS_OF_RUNS)
    tolerance, begins = read_tolerance(arguments.tolerance), _read_beside(arguments.beside)
    target = _read_curves_target(arguments.output) if arguments.numbers else _read_target(arguments.output)
    with opened_sides(arguments, steps) as sides:
        if arguments.numbers:
            return max(sides.code, _compare_numbers(arguments, sides, tolerance, begins, target))
        from graphlab.graph.diff import compare

        graphs = sides.graphs()
        comparison = compare(*graphs, factor=factor)
        numbers = _numbers_of(sides, tolerance, begins)
    if target is not None:
        # Before the words, so that it is there too where these go to a `head` that has read enough.
        _write_picture(comparison, target, arguments)
    if arguments.json:
        from graphlab.renderers.changes import report

        write_json({**report(comparison, sides.names), "numbers": _report(numbers)})
    else:
        _write_changes(comparison, sides.names, graphs)
        _write_numbers(numbers, has_facts=False)
    is_counting = numbers is not None and arguments.tolerance is not None and not numbers.is_within
    return max(sides.code, int(not comparison.is_equal or is_counting))


def _write_picture(comparison: Comparison, target: Path, arguments: argparse.Namespace) -> None:
    from graphlab.renderers import render

    union = comparison.union()
    render(union, target, theme=arguments.theme, direction=arguments.direction, fold=arguments.fold)
    write_line(messages.EXPORTED.format(path=target), sys.stderr)


# -- the numbers -------------------------------------------------------------------------------------------------------


def _numbers_of(sides: Sides, tolerance: Tolerance, begins: tuple[int, int] | None) -> RunComparison | None:
    """Compare the numbers of two runs; None where these are not two runs."""
    paths = sides.runs()
    if paths is None:
        return None
    from graphlab.comparing import compare_runs
    from graphlab.recording import open_recording

    with contextlib.ExitStack() as stack:
        first, second = (stack.enter_context(contextlib.closing(open_recording(path))) for path in paths)
        return compare_runs(first, second, tolerance, begins=begins)


def _compare_numbers(
    arguments: argparse.Namespace, sides: Sides, tolerance: Tolerance, begins: tuple[int, int] | None,
    target: Path | None,
) -> int:  # fmt: skip
    """Compare the numbers alone; return 1 where they are beyond the tolerance."""
    numbers = _numbers_of(sides, tolerance, begins)
    if numbers is None:
        raise UsageError(messages.NUMBERS_OF_RUNS)
    if target is not None:
        from graphlab.renderers import write_whole
        from graphlab.renderers.plots import render_runs

        write_whole(target, render_runs(numbers, sides.names, target.suffix[1:].lower(), arguments.theme))
        write_line(messages.EXPORTED.format(path=target), sys.stderr)
    if arguments.json:
        write_json(_report(numbers))
    else:
        _write_sides(sides.names)
        _write_numbers(numbers, has_facts=True)
    return int(not numbers.is_within)


def _report(numbers: RunComparison | None) -> dict[str, Any] | None:
    from graphlab.comparing.report import report_numbers

    return None if numbers is None else report_numbers(numbers)


def _write_numbers(numbers: RunComparison | None, *, has_facts: bool) -> None:
    if numbers is None:
        return
    from graphlab.comparing.words import number_lines
    from graphlab.renderers.reading import plain

    for line in number_lines(numbers, has_facts=has_facts):
        write_line(plain(line))


def _read_beside(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d+):(\d+)", text.strip())
    if match is None or not (int(match[1]) and int(match[2])):
        raise UsageError(messages.BAD_BESIDE.format(text=text))
    return int(match[1]), int(match[2])


def _read_curves_target(output: str | None) -> Path | None:
    if output is None:
        return None
    from graphlab.renderers.plots import check_plot_target

    path = Path(output)
    check_plot_target(path)
    return path


# -- the graphs --------------------------------------------------------------------------------------------------------


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


def _write_sides(names: tuple[str, str], graphs: tuple[networkx.MultiDiGraph, ...] = ()) -> None:
    for place, (side, name) in enumerate(zip("AB", names, strict=True)):
        facts = graphs[place].graph if graphs else {}
        step, steps = facts.get("step"), facts.get("steps")
        said = messages.OF_STEPS.format(step=step, steps=steps) if step and steps else ""
        if graphs and len(graphs[place]):
            said += _say_nodes(graphs[place])
        write_line(messages.SIDE.format(side=side, name=name, step=said))


def _say_nodes(graph: networkx.MultiDiGraph) -> str:
    """Say how many nodes are compared, kind by kind: more than autograd's own, which `graphlab show` counts."""
    kinds = Counter(str(kind) for _unused, kind in graph.nodes(data="kind"))
    return messages.HOLDS.format(nodes=count_words(len(graph), "node"), kinds=count_kinds(kinds))


def _write_changes(
    comparison: Comparison, names: tuple[str, str], graphs: tuple[networkx.MultiDiGraph, networkx.MultiDiGraph]
) -> None:
    from graphlab.renderers.changes import change_lines
    from graphlab.renderers.reading import plain

    _write_sides(names, graphs)
    for fact in comparison.facts:
        write_line(plain(fact.words))
    for note in comparison.notes:
        write_line(messages.NOTE.format(note=note))
    write_line(comparison.summary)
    for line in change_lines(comparison):
        write_line(line)
