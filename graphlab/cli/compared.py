"""Turns the two words of `graphlab diff` into graphs: recordings, scripts that are run for it, exported files."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graphlab.cli import messages
from graphlab.cli.options import chosen_parameters, read_run_options, run_words
from graphlab.cli.output import write_line
from graphlab.cli.recorded_apart import record_apart
from graphlab.cli.sources import is_recording
from graphlab.errors import UsageError
from graphlab.recorded_words import say_recorded
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
    """What the two words name, readable as long as `opened_sides` holds it."""

    names: tuple[str, str]
    places: tuple[networkx.MultiDiGraph | Path, networkx.MultiDiGraph | Path]
    """An exported graph, or a recording."""
    steps: tuple[int | None, int | None]
    code: int
    """1 where a script raised, else 0."""

    def graphs(self) -> tuple[networkx.MultiDiGraph, networkx.MultiDiGraph]:
        """Read both graphs."""
        is_plain = any(not isinstance(place, Path) for place in self.places)
        first, second = (
            _graph(place, step, is_plain=is_plain) if isinstance(place, Path) else place
            for place, step in zip(self.places, self.steps, strict=True)
        )
        return first, second

    def runs(self) -> tuple[Path, Path] | None:
        """Return both recordings; None where a side is an exported graph, or two steps of one run are meant."""
        first, second = self.places
        if not isinstance(first, Path) or not isinstance(second, Path) or self.steps[0] != self.steps[1]:
            return None
        return first, second


@contextlib.contextmanager
def opened_sides(arguments: argparse.Namespace, steps: list[int | None]) -> Iterator[Sides]:
    """Give both sides; scripts are run for it, and their recordings dropped afterwards.

    Raises:
        GraphlabError: A or B is nothing that has a graph, or has no such step; told before anything runs.
        SystemExit: a script could not be run; the process that tried has said why.
    """
    names = arguments.a, arguments.a if arguments.b is None else arguments.b
    if len(steps) > 2:
        raise UsageError(messages.ONE_OR_TWO_STEPS)
    if arguments.b is None and len(steps) < 2:
        raise UsageError(messages.ONE_SOURCE_TWO_STEPS)
    words = _read_words(list(names), steps, arguments)
    code = 0
    with tempfile.TemporaryDirectory(prefix="graphlab-") as folder:
        places: list[networkx.MultiDiGraph | Path] = []
        for index, word in enumerate(words):
            path = Path(word.name)
            if word.graph is None and not is_recording(word.name):
                path = Path(folder) / str(index) / f"{word.stem}{ENDING}"
                # Without B one run is compared with itself; a script that is named twice runs twice.
                if index and arguments.b is None:
                    path = Path(folder) / "0" / path.name
                else:
                    code = max(code, _record(word.name, path, arguments))
            places.append(word.graph if word.graph is not None else path)
        yield Sides(names, (places[0], places[1]), (words[0].step, words[1].step), code)


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
            write_line(messages.CUT_OFF.format(said=say_recorded(facts.error.message)), sys.stderr)
        return recording.graph(step=step) if is_plain else graph_of_step(recording, step)
