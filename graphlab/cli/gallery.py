"""`graphlab` without a command: the gallery of scenarios and recent recordings."""

from __future__ import annotations

import os
import sys
from importlib import import_module

from graphlab.cli import messages
from graphlab.cli.output import obeys
from graphlab.errors import UsageError


def open_gallery() -> int:
    """Open the gallery.

    Raises:
        UsageError: there is no terminal to open it in.
    """
    if not has_screen():
        raise UsageError(messages.NO_TERMINAL)
    return int(import_module("graphlab.tui").run_gallery() or 0)


def has_screen() -> bool:
    """Whether there is a terminal to draw on, or a page in a browser that textual was told to draw on."""
    return "TEXTUAL_DRIVER" in os.environ or (sys.stdin.isatty() and obeys(sys.stdout))
