"""Write the skeleton of a lesson: a scenario that runs, with chapters, narration and parameters to change.

It is a plain PyTorch script. In a folder ./scenarios the gallery lists it; nothing is ever overwritten.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from graphlab.cli import messages
from graphlab.cli.output import write_line
from graphlab.errors import UsageError
from graphlab.language import _, current

_FOLDER = Path(__file__).parent / "lessons"
LESSONS = tuple(sorted(path.name.partition(".")[0] for path in _FOLDER.glob("*.py.txt")))
"""The languages in which there is a skeleton."""


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("file", metavar="FILE", help=_("the script to write, such as scenarios/my_lesson.py"))
    parser.add_argument("--title", metavar="TEXT", help=_("the title of the lesson (default: the name of the file)"))


def run(arguments: argparse.Namespace) -> int:
    """Write the skeleton, and say what to do with it."""
    path = Path(arguments.file)
    if path.suffix != ".py" or not path.stem.strip("._ "):
        raise UsageError(messages.NEW_NEEDS_SCRIPT.format(name=arguments.file))
    title = " ".join(re.split(r"[_\W]+", path.stem)).strip() if arguments.title is None else arguments.title.strip()
    if not title or not title.isprintable():
        raise UsageError(messages.BAD_TITLE.format(text=arguments.title))
    text = write_lesson(title[:1].upper() + title[1:] if arguments.title is None else title, current())
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(messages.NEW_EXISTS.format(name=arguments.file)) from None
    write_line(messages.NEW_WRITTEN.format(path=path), sys.stderr)
    return 0


def write_lesson(title: str, language: str = "en") -> str:
    """Return the text of a skeleton with a title, which may hold what a docstring must not."""
    skeleton = (_FOLDER / f"{language}.py.txt").read_text(encoding="utf-8")
    return skeleton.format(title=title.replace("\\", "\\\\").replace('"', '\\"'))
