"""Turns SOURCE into a recording: one that is there already, or one made now for this command."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from graphlab.cli import messages
from graphlab.cli.options import find_scenarios, read_run_options
from graphlab.cli.output import write_line
from graphlab.store import Reader
from graphlab.store.paths import ENDING


@dataclass(frozen=True, slots=True)
class Source:
    """A recording to read, and how the run ended that made it."""

    path: Path
    code: int
    """0, or 1 where the script raised."""


def is_recording(name: str | None) -> bool:
    """Whether a SOURCE is a recording, not a script."""
    if name is None:
        return False
    if name.endswith(ENDING):
        return True
    path = Path(name)
    if path.suffix == ".py" or not path.is_file():
        return False
    with contextlib.suppress(OSError), path.open("rb") as file:
        return file.read(6) == b"SQLite"
    return False


@contextlib.contextmanager
def opened_source(arguments: argparse.Namespace) -> Iterator[Source]:
    """Give the recording that SOURCE names; a script is run for it, and its recording dropped afterwards.

    Raises:
        GraphlabError: SOURCE is neither a scenario, nor a script, nor a recording.
    """
    if is_recording(arguments.source):
        path = Path(arguments.source)
        facts = Reader(path).meta()
        if facts.get("status") == "cut_off":
            write_line(messages.CUT_OFF.format(said=facts["error"]["message"]), sys.stderr)
        yield Source(path, 0)
        return
    with tempfile.TemporaryDirectory(prefix="graphlab-") as folder:
        (scenario,) = find_scenarios(arguments)
        path = Path(folder) / f"{scenario.name}{ENDING}"
        yield Source(path, record_source(arguments, path))


def record_source(arguments: argparse.Namespace, path: Path) -> int:
    """Run the script that SOURCE names in this process and record it; return 1 where it raised, else 0.

    Raises:
        GraphlabError: SOURCE is neither a scenario nor a script, or its options do not suit it.
    """
    from graphlab.cli.run import make_request

    options = read_run_options(arguments)
    (scenario,) = find_scenarios(arguments)
    request = make_request(options, scenario, arguments)

    def tell(text: str) -> None:
        write_line(messages.FAILURE.format(message=text), sys.stderr)

    from graphlab.recorder import run_script

    error = run_script(request, path, tell=tell).error
    if isinstance(error, KeyboardInterrupt):
        raise error
    is_failure = error is not None and not (isinstance(error, SystemExit) and error.code in {None, 0})
    if is_failure and not isinstance(error, SystemExit):
        traceback.print_exception(error)
    return int(is_failure)
