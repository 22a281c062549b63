"""Open the explorer on a scenario, a script or a recording.

A script is recorded in a process of its own, and can be explored while it still runs. With --press and --screenshot
no terminal is needed: the keys are pressed once the recording has ended, and the screen is written to a file.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from graphlab.cli import messages
from graphlab.cli.export import read_event
from graphlab.cli.gallery import has_screen
from graphlab.cli.options import add_run_options, add_source, chosen_parameters, find_scenarios, read_run_options
from graphlab.cli.sources import is_recording, opened_source
from graphlab.errors import UsageError
from graphlab.language import _
from graphlab.store.paths import FOLDER, free_path

if TYPE_CHECKING:
    from graphlab.tui.child import Child

_SIZE = re.compile(r"(\d+)x(\d+)")


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_source(parser)
    parser.add_argument("--at", metavar="EVENT", help=_("open at an event, such as e12"))
    parser.add_argument("--ascii", action="store_true", help=_("for terminals and fonts without box drawing"))
    parser.add_argument("--no-mouse", action="store_true", help=_("leave the mouse to the terminal"))
    parser.add_argument("--press", metavar="KEYS", default="", help=_('keys to press, such as "right right ]"'))
    parser.add_argument("--screenshot", metavar="FILE", help=_("write the screen to FILE.svg or FILE.txt, and end"))
    parser.add_argument("--size", metavar="COLUMNSxROWS", default="120x40", help=_("size of the screenshot"))
    add_run_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Open the explorer, or press keys without a screen."""
    at = read_event(arguments.at)
    if arguments.screenshot is not None:
        return _take_screenshot(arguments, at)
    if arguments.press:
        raise UsageError(messages.PRESS_NEEDS_SCREENSHOT)
    if not has_screen():
        raise UsageError(messages.EXPLORER_NEEDS_TERMINAL)
    child: Child | None = None
    if is_recording(arguments.source):
        path = Path(arguments.source)
        _check_moment(path, at)
    else:
        child = start_child(arguments)
        path = child.path
    from graphlab.tui import run_explorer

    return run_explorer(path, at=at, ascii_only=arguments.ascii, mouse=not arguments.no_mouse, child=child)


def _check_moment(path: Path, at: int | None) -> None:
    """Tell in one line, before the screen changes, that there is no such recording or event."""
    if at is not None:
        from graphlab.recording import open_recording

        recording = open_recording(path)
        if not recording.is_running:
            recording.moment(at=at)
        recording.close()


def start_child(arguments: argparse.Namespace) -> Child:
    """Record a script in a process of its own; bad words are told before it starts."""
    options = read_run_options(arguments)
    (scenario,) = find_scenarios(arguments)
    chosen_parameters(options, scenario)
    from graphlab.cli.run import check_folder
    from graphlab.tui.child import start_recording

    words = []
    for name in ("steps", "seed", "device", "detail", "max_size", "every"):
        value = getattr(arguments, name)
        if value is not None:
            words += [f"--{name.replace('_', '-')}", str(value)]
    words += [word for setting in options.settings for word in ("--set", setting)]
    words += [word for window in arguments.windows for word in ("--full", window)]
    words += ["--no-values"] if arguments.no_values else []
    source = ["-m", arguments.module] if arguments.module else [arguments.source]
    check_folder(FOLDER)
    target = free_path(FOLDER, scenario.name.rpartition(".")[2])
    return start_recording(source, target, options=words, arguments=options.script_arguments)


def _take_screenshot(arguments: argparse.Namespace, at: int | None) -> int:
    target = Path(arguments.screenshot)
    if target.suffix not in {".svg", ".txt"}:
        raise UsageError(messages.SCREENSHOT_ENDING.format(name=target))
    match = _SIZE.fullmatch(arguments.size)
    if match is None or not (20 <= int(match[1]) <= 1000 and 4 <= int(match[2]) <= 500):
        raise UsageError(messages.BAD_SIZE_OF_SCREEN.format(text=arguments.size))
    with opened_source(arguments) as source:
        _check_moment(source.path, at)
        from graphlab.tui import press_keys

        code = press_keys(
            source.path, arguments.press, at=at, size=(int(match[1]), int(match[2])), screenshot=target,
            ascii_only=arguments.ascii,
        )  # fmt: skip
        return code or source.code
