"""Turns the two words of `graphlab diff` into graphs: recordings, scripts that are run for it, exported files."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graphlab.cli import messages
from graphlab.cli.options import chosen_parameters, read_run_options, run_words
from graphlab.cli.output import write_line
from graphlab.cli.recorded_apart import record_apart
from graphlab.cli.sources import is_recording
from graphlab.errors import UsageError
from graphlab.store.paths import ENDING

if TYPE_CHECKING:
    import networkx

    from graphlab.recording import Recording


@dataclass(frozen=True)
class _Word:
    """A or B, as far as one can tell before anything runs."""

    name: str
    stem: str
    """What a recording of it is called."""
    graph: networkx.MultiDiGraph | None
    """Of an exported file."""
    step: int | None


@dataclass(frozen=True)
class Sides:
    """The two graphs."""

    graphs: tuple[networkx.MultiDiGraph, networkx.MultiDiGraph]
    names: tuple[str, str]
    code: int
    """1 where a script raised, else 0."""


def open_sides(arguments: argparse.Namespace, steps: list[int | None]) -> Sides:
    """Read both graphs; scripts are run for them, and their recordings dropped afterwards.

    Raises:
        GraphlabError: A or B is nothing that has a graph, or has no such step; told before anything runs.
        SystemExit: a script could not be run; the process that tried has said why.
    """
    names = [arguments.a, arguments.a if arguments.b is None else arguments.b]
    if len(steps) > 2:
        raise UsageError(messages.ONE_OR_TWO_STEPS)
    if arguments.b is None and len(steps) < 2:
        raise UsageError(messages.ONE_SOURCE_TWO_STEPS)
    words = _read_words(names, steps, arguments)
    is_beside_file = any(word.graph is not None for word in words)
    graphs, code = [], 0
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="graphlab-")))
        paths: list[Path] = []
        for index, word in enumerate(words):
            path = Path(word.name)
            if word.graph is None and not is_recording(word.name):
                # Without B one run is compared with itself; a script that is named twice runs twice.
                path = paths[0] if index and arguments.b is None else folder / str(index) / f"{word.stem}{ENDING}"
                if path not in paths:
                    code = max(code, _record(word.name, path, arguments))
            paths.append(path)
        for word, path in zip(words, paths, strict=True):
            graphs.append(word.graph if word.graph is not None else _graph(path, word.step, is_plain=is_beside_file))
    return Sides((graphs[0], graphs[1]), (names[0], names[1]), code)


def _read_words(names: list[str], steps: list[int | None], arguments: argparse.Namespace) -> list[_Word]:
    """Find out what A and B are, and check everything that can be checked before a script runs."""
    from graphlab.graph.stored import is_graph_file, read_graph

    chosen = list(steps) if len(steps) == 2 else [*steps, *steps] or [None, None]
    words = []
    for name, step in zip(names, chosen, strict=True):
        if is_graph_file(name):
            if len(steps) == 2:
                raise UsageError(messages.NO_STEP_OF_GRAPH.format(name=name))
            words.append(_Word(name, "", read_graph(Path(name)), None))
        elif is_recording(name):
            with contextlib.closing(_open(Path(name))) as recording:
                if step is not None:
                    recording.step(step)
            words.append(_Word(name, "", None, step))
        else:
            from graphlab.scenario import find_scenario

            scenario = find_scenario(name)
            chosen_parameters(read_run_options(arguments), scenario)
            words.append(_Word(name, scenario.name, None, step))
    if steps and all(word.graph is not None for word in words):
        raise UsageError(messages.NO_STEP_OF_GRAPH.format(name=names[0]))
    return words


def _open(path: Path) -> Recording:
    from graphlab.recording import open_recording

    return open_recording(path)


def _record(name: str, path: Path, arguments: argparse.Namespace) -> int:
    """Record a script; return 1 where it raised. Where it could not be run, this ends as the attempt did."""
    path.parent.mkdir()
    code = record_apart(path, [name, *run_words(arguments)], arguments.script_arguments)
    if code > 1:
        raise SystemExit(code)
    if not path.exists():
        raise UsageError(messages.NO_RECORDING.format(name=name))
    return int(code != 0)


def _graph(path: Path, step: int | None, *, is_plain: bool) -> networkx.MultiDiGraph:
    """Return the graph of a recording's step.

    Args:
        is_plain: as `export` writes it, to be compared with such a file: gradients are those at the step's end.
    """
    from graphlab.graph.diff.steps import graph_of_step

    with contextlib.closing(_open(path)) as recording:
        facts = recording.facts
        if facts.status == "cut_off" and facts.error is not None:
            write_line(messages.CUT_OFF.format(said=facts.error.message), sys.stderr)
        return recording.graph(step=step) if is_plain else graph_of_step(recording, step)
