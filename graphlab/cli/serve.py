"""Show the explorer, or without SOURCE the gallery, in a browser on this machine.

A script is recorded once, and can be explored while it still runs; every page that is opened is an explorer of its own.
Needs textual-serve (`pip install 'graphlab[serve]'`), and no network.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import socket
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from graphlab.cli import messages
from graphlab.cli.explore import start_child
from graphlab.cli.options import add_run_options, add_source, read_count
from graphlab.cli.output import write_line
from graphlab.cli.sources import is_recording
from graphlab.errors import GraphlabError, RecordingError, UsageError
from graphlab.language import _, current
from graphlab.own_process import graphlab_command

if TYPE_CHECKING:
    from graphlab.tui.child import Child

_LAST_PORT = 65535
_PAUSE_SECONDS = 0.05


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_source(parser)
    parser.add_argument("--port", metavar="N", default="8000", help=_("the port (default 8000; 0: one that is free)"))
    parser.add_argument("--host", metavar="ADDRESS", default="127.0.0.1",
                        help=_("the address to listen at (default 127.0.0.1: only this machine)"))  # fmt: skip
    add_run_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl+C."""
    port = read_count("--port", arguments.port, 0, _LAST_PORT)
    if find_spec("textual_serve") is None:
        raise UsageError(messages.SERVE_NEEDS)
    words = graphlab_command()
    child: Child | None = None
    with contextlib.ExitStack() as stack:
        bound = stack.enter_context(_listen(arguments.host, port or 0))
        if arguments.source or arguments.module:
            path = Path(arguments.source or "")
            if is_recording(arguments.source):
                _check(path)
            else:
                child = start_child(arguments)
                stack.callback(child.cancel)
                path = child.path
                _wait_for(child)
            words += ["explore", str(path)]
        _serve(words, bound, arguments)
    return 0


def _serve(words: list[str], bound: socket.socket, arguments: argparse.Namespace) -> None:
    from graphlab.tui.browser.server import ExplorerServer

    host, port = bound.getsockname()[:2]
    if not host.startswith("127.") and host != "::1":
        write_line(messages.SERVES_OTHERS, sys.stderr)
    address = f"[{host}]" if ":" in host else host
    name = arguments.module or (Path(arguments.source).stem if arguments.source else messages.THE_GALLERY)
    write_line(messages.SERVING.format(name=name, address=f"http://{address}:{port}/"))
    sys.stdout.flush()
    page_words = {
        "language": current(),
        "opening": messages.PAGE_OPENING,
        "ended": messages.PAGE_ENDED,
        "again": messages.PAGE_AGAIN,
        "no_script": messages.PAGE_NO_SCRIPT,
    }
    ExplorerServer(words, bound, messages.PAGE_TITLE.format(name=name), page_words).run(_tell)


def _tell(text: str) -> None:
    write_line(messages.FAILURE.format(message=text), sys.stderr)


def _listen(host: str, port: int) -> socket.socket:
    """Take the port.

    Raises:
        UsageError: somebody has it, or there is no such address on this machine.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except socket.gaierror as error:
        raise UsageError(messages.NO_SUCH_HOST.format(host=host, why=error.strerror)) from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UsageError(messages.PORT_TAKEN.format(port=port)) from error
        raise UsageError(
            messages.CANNOT_LISTEN.format(host=host, port=port, why=os.strerror(error.errno or 0))
        ) from error


def _check(path: Path) -> None:
    from graphlab.recording import open_recording

    open_recording(path).close()


def _wait_for(child: Child) -> None:
    """Wait until a run has written the beginning of its recording.

    Raises:
        RecordingError: it ended without one.
    """
    while True:
        is_running = child.is_running
        try:
            _check(child.path)
        except GraphlabError:
            if not is_running:
                raise RecordingError(messages.NOTHING_RECORDED.format(said=child.last_words())) from None
            time.sleep(_PAUSE_SECONDS)
        else:
            return
