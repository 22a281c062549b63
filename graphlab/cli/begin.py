"""Settles the language before any text is made: the first thing that happens on the command line.

Separate from `entry`, whose imports bring texts along, and texts are translated when their module is imported.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from graphlab import language

_OPTION = "--lang"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words, codes = take_language(list(sys.argv[1:] if argv is None else argv))
    refused = _choose(codes)
    from graphlab.cli import entry

    if refused is not None:
        from graphlab.cli import messages
        from graphlab.errors import UsageError

        return entry.report_failure(
            UsageError(messages.BAD_LANGUAGE.format(text=refused, known=", ".join(language.LANGUAGES)))
        )
    return entry.main(words)


def take_language(words: list[str]) -> tuple[list[str], list[str]]:
    """Return the words without `--lang CODE`, wherever it stands, and the codes that were given.

    What follows `--` belongs to the script.
    """
    rest: list[str] = []
    codes: list[str] = []
    left = iter(words)
    for word in left:
        if word == "--":
            return [*rest, word, *left], codes
        if word == _OPTION:
            codes.append(next(left, ""))
        elif word.startswith(f"{_OPTION}="):
            codes.append(word.removeprefix(f"{_OPTION}="))
        else:
            rest.append(word)
    return rest, codes


def _choose(codes: list[str]) -> str | None:
    """Settle the language; return the code that means none, then the environment's is settled."""
    try:
        language.choose(codes[-1] if codes else None)
    except ValueError:
        language.choose()
        return codes[-1]
    return None
