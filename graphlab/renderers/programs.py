"""Finds and runs the programs that draw DOT: Graphviz's `dot`, or `graphviz-pure`, which pip installs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from graphlab.errors import RenderError
from graphlab.language import _

PATIENCE = 120
"""Seconds after which a layout is given up."""


def find_dot() -> str | None:
    """Return the system's `dot`, where it has one."""
    return shutil.which("dot")


def find_graphviz_pure() -> str | None:
    """Return `graphviz-pure`: on PATH, or beside this Python, which a virtual environment not activated needs."""
    beside = [sysconfig.get_path("scripts"), str(Path(sys.executable).parent)]
    return shutil.which("graphviz-pure") or next(
        (found for folder in beside if (found := shutil.which("graphviz-pure", path=folder))), None
    )


def run_dot(program: str, ending: str, dot: str) -> bytes:
    """Return what a program makes of DOT text."""
    # Graphviz writes the date into a pdf unless this variable says which.
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "0"}
    name = Path(program).stem
    try:
        done = subprocess.run(
            [program, f"-T{ending}"],
            input=dot.encode(),
            capture_output=True,
            timeout=PATIENCE,
            check=False,
            env=environment,
        )
    except subprocess.TimeoutExpired as error:
        raise RenderError(
            _("{name} took longer than {patience} seconds: fold the graph, or write .dot").format(
                name=name, patience=PATIENCE
            )
        ) from error
    except OSError as error:
        raise RenderError(
            _("{name} cannot be started ({reason}): install Graphviz again").format(name=name, reason=error.strerror)
        ) from error
    if done.returncode or not done.stdout:
        words = done.stderr.decode(errors="replace").strip().splitlines() or [
            _("exit code {code}").format(code=done.returncode)
        ]
        raise RenderError(
            _("{name} could not draw the graph: {words}; write .dot to look at its input").format(
                name=name, words=words[0][:200]
            )
        )
    return done.stdout


def pdf_from(dot: str) -> bytes:
    """Return DOT text as a PDF file."""
    program = find_dot()
    if program is None:
        raise RenderError(
            _(
                "pdf by this renderer needs Graphviz's dot program, which is not on PATH: install it "
                "(apt install graphviz, brew install graphviz, winget install graphviz), or take the renderer graphlab"
            )
        )
    return run_dot(program, "pdf", dot)
