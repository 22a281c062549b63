"""What argparse itself says, in the language of the process: usage lines, headings, and what is wrong with a word.

argparse asks Python's own catalogs, which few machines have. While our words are read it asks ours; what a script does
with argparse afterwards is its own affair.
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator

from graphlab.language import LANGUAGES, current, gettext, plural

_NAMES = ("_", "ngettext")
"""What argparse has imported of Python's own gettext."""


@contextlib.contextmanager
def translated_argparse() -> Iterator[None]:
    """Let argparse speak the language of the process within the block."""
    if current() == LANGUAGES[0]:
        yield
        return
    kept = {name: getattr(argparse, name) for name in _NAMES}
    try:
        setattr(argparse, "_", _translate)  # noqa: B010 - it is no public name
        setattr(argparse, "ngettext", _translate_counted)  # noqa: B010 - as above
        yield
    finally:
        for name, value in kept.items():
            setattr(argparse, name, value)


def _translate(text: str) -> str:
    return _words().get(text, text)


def _translate_counted(one: str, many: str, count: int) -> str:
    forms = {
        "expected %s argument": plural("expected %s argument", "expected %s arguments"),
        "conflicting option string: %s": plural("conflicting option string: %s", "conflicting option strings: %s"),
    }
    return forms[one](count) if one in forms else one if count == 1 else many


def _words() -> dict[str, str]:
    """Return what argparse may say of our commands; the catalog's tools find it here."""
    _ = gettext
    return {
        "usage: ": _("usage: "),
        "options": _("options"),
        "positional arguments": _("positional arguments"),
        "show this help message and exit": _("show this help message and exit"),
        "argument %(argument_name)s: %(message)s": _("argument %(argument_name)s: %(message)s"),
        "expected one argument": _("expected one argument"),
        "expected at least one argument": _("expected at least one argument"),
        "expected at most one argument": _("expected at most one argument"),
        "ignored explicit argument %r": _("ignored explicit argument %r"),
        "invalid choice: %(value)r (choose from %(choices)s)": _("invalid choice: %(value)r (choose from %(choices)s)"),
        "not allowed with argument %s": _("not allowed with argument %s"),
        "one of the arguments %s is required": _("one of the arguments %s is required"),
        "the following arguments are required: %s": _("the following arguments are required: %s"),
        "unrecognized arguments: %s": _("unrecognized arguments: %s"),
    }
