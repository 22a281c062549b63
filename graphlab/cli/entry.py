"""Where `graphlab` begins and ends: words in, exit code out.

0 done; 1 the script raised, or a check found something; 2 bad usage or bad input, in one clear line; 130 interrupted.
A script's own `SystemExit` passes through.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import traceback
from collections.abc import Sequence

from graphlab import __version__
from graphlab.cli import messages
from graphlab.cli.output import write_line
from graphlab.cli.parser import format_help, load_command, parse
from graphlab.errors import GraphlabError, UsageError

DONE = 0
BAD = 2
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _dispatch(words)
        # Here, where a closed pipe can still be told from a bug.
        if not sys.stdout.closed:  # a script may have closed it
            sys.stdout.flush()
    except KeyboardInterrupt:
        _say(messages.INTERRUPTED)
        code = INTERRUPTED
    except Exception as error:  # noqa: BLE001 - a user must never meet a traceback of ours unasked
        return report_failure(error)
    if code == INTERRUPTED:
        forget_interrupt()
    return code


def forget_interrupt() -> None:
    """Let Python end with the exit code that it is given.

    It remembers that a Ctrl-C left code that was a text (dataclasses make theirs so, and torch many of these), and
    under `-m` dies of the signal then, whoever has caught it since. Other such code that ends well makes it forget.
    """
    exec("")  # noqa: S102 - nothing runs


def _dispatch(words: list[str]) -> int:
    if not words:
        from graphlab.cli.gallery import open_gallery

        return open_gallery()
    first, *rest = words
    if first == "help":
        # `graphlab help run` is what git's users type.
        first, rest = (rest[0], ["--help"]) if rest else ("--help", [])
    if first in ("-h", "--help"):
        write_line(format_help())
        return DONE
    if first == "--version":
        write_line(f"graphlab {__version__}")
        return DONE
    if first.startswith("-"):
        raise UsageError(messages.UNKNOWN_OPTION.format(program="graphlab", name=first, suggestion=""))
    command = load_command(first)
    try:
        arguments = parse(first, command, rest)
    except SystemExit as ended:
        # argparse has shown the help.
        return int(ended.code or DONE)
    return command.run(arguments)


def report_failure(error: Exception) -> int:
    """Say in one line what went wrong, and return the exit code."""
    if _is_closed_pipe(error):
        # Whoever read our output has seen enough (`graphlab show … | head`). What is still buffered goes nowhere,
        # else Python would complain about it at its exit.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
        return DONE
    if os.environ.get("GRAPHLAB_DEBUG"):
        traceback.print_exception(error)
    if isinstance(error, GraphlabError):
        _say(messages.FAILURE.format(message=_one_line(error)))
    elif isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        _say(messages.FAILURE.format(message=where + error.strerror))
    else:
        _say(messages.UNEXPECTED.format(type=type(error).__name__, message=_one_line(error)))
    return BAD


def _is_closed_pipe(error: Exception) -> bool:
    # Windows says EINVAL where others say EPIPE.
    is_windows_pipe = sys.platform == "win32" and isinstance(error, OSError) and error.errno == errno.EINVAL
    return isinstance(error, BrokenPipeError) or is_windows_pipe


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _say(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        write_line(text, sys.stderr)
