"""Records a script in a process of its own, for a command that needs the recordings of several.

Two versions of one project have modules of the same names: in one process the second would get those of the first.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from graphlab.cli import messages
from graphlab.cli.entry import report_failure
from graphlab.cli.options import add_run_options, add_source
from graphlab.cli.parser import Parser
from graphlab.cli.sources import record_source
from graphlab.language import current
from graphlab.own_process import python_command

_CODE = (
    "from graphlab.language import choose; choose(sys.argv[1]); "
    "from graphlab.cli.recorded_apart import main; sys.exit(main(sys.argv[2:]))"
)


def record_apart(path: Path, words: Sequence[str], script_arguments: Sequence[str], *, is_silent: bool = False) -> int:
    """Record the script that `words` begin with, their rest being options of a run; return the exit code.

    What the script prints goes to stderr (stdout is for results), or nowhere.
    """
    sys.stdout.flush()
    command = [*python_command(_CODE), current(), str(path), *words, "--", *script_arguments]
    return subprocess.run(command, stdout=subprocess.DEVNULL if is_silent else 2, check=False).returncode


def main(words: list[str]) -> int:
    """Do the child's part."""
    try:
        split = words.index("--")
        parser = Parser(prog="graphlab", allow_abbrev=False)
        add_source(parser)
        add_run_options(parser)
        arguments = parser.parse_args(words[1:split], argparse.Namespace(script_arguments=tuple(words[split + 1 :])))
        return record_source(arguments, Path(words[0]))
    except KeyboardInterrupt:
        return messages.EXIT_INTERRUPTED
    except Exception as error:  # noqa: BLE001 - as everywhere on the command line: one line
        return report_failure(error)
