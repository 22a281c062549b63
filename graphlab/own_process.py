"""How a process of ours is begun, so that it imports what this one does, whatever lies in the current folder.

`python -m graphlab` and `python -c` look there first: a `copy.py` or `types.py` of the user's would take the place of
Python's own, and nothing of ours could start. A script still finds its own folder first, once it runs
(`capture.main_module`).
"""

from __future__ import annotations

import sys
from pathlib import Path

from graphlab.language import language_words

_ROOT = str(Path(__file__).resolve().parent.parent)
_RUN = "from graphlab.cli import main; sys.exit(main(sys.argv[1:]))"
# Where graphlab was found through the current folder alone, a child must be told of it: last, so that it hides nothing.
# One line without a double quote: on Windows `serve` hands it to a shell, which ends a command at the line's end.
_BEGIN = (
    "import sys; {forget}from importlib.util import find_spec; find_spec('graphlab') or sys.path.append({root!r}); "
)
_FORGET = "sys.path[0] = {folder!r}; "


def python_command(code: str) -> list[str]:
    """Return how a process begins that runs some code of ours; its arguments follow."""
    forget = "" if sys.flags.safe_path else _FORGET.format(folder=str(Path(sys.executable).parent))
    return [sys.executable, "-c", _BEGIN.format(forget=forget, root=_ROOT) + code]


def graphlab_command() -> list[str]:
    """Return how a command of ours begins, in the language of this process."""
    return [*python_command(_RUN), *language_words()]
