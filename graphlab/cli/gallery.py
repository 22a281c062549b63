"""`graphlab` without a command: the gallery of scenarios and recent recordings."""

from __future__ import annotations

import sys
from importlib import import_module

from graphlab.cli import messages
from graphlab.errors import UsageError


def open_gallery() -> int:
    """Open the gallery.

    Raises:
        UsageError: there is no terminal to open it in.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(messages.NO_TERMINAL)
    return int(import_module("graphlab.tui").run_gallery() or 0)
