"""The language of what people read, settled once a process, and the catalogs that translate into it.

The lowest layer, and the standard library alone: every other module may ask it. A text of the program is written in
English inside `_()`, with `{names}` where values come in, and is looked up when its module is imported; so the command
line chooses the language before it imports anyone else. What is recorded, JSON's keys, the names of findings and of
events are data: they are the same in every language.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gettext import NullTranslations

LANGUAGES = ("en", "es")
"""The codes that `--lang` takes. The first is the language of the source: it needs no catalog."""

FOLDER = Path(__file__).parent / "locale"
_PROGRAM, _SCENARIOS = "graphlab", "scenarios"
_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
"""Where the environment says the language, in gettext's order: the first that is set decides."""

_chosen: str | None = None


def choose(code: str | None = None) -> None:
    """Settle the language: a code such as `es` or `es_MX.UTF-8`; without one, the environment's.

    Raises:
        ValueError: there is no such language here.
    """
    global _chosen  # noqa: PLW0603 - one process speaks one language
    if code is None:
        _chosen = _of_environment()
        return
    known = _known(code)
    if known is None:
        raise ValueError(code)
    _chosen = known


def current() -> str:
    """Return the code of the language that is spoken; where nobody chose, the environment's."""
    if _chosen is None:
        choose()
    assert _chosen is not None
    return _chosen


def language_words() -> list[str]:
    """Return the words that give a graphlab of ours this language, without a change to its script's environment."""
    return ["--lang", current()]


def gettext(text: str) -> str:
    """Return a text of the program in the current language."""
    return _translate(_PROGRAM, text)


_ = gettext


def ngettext(one: str, many: str, count: int) -> str:
    """Return the form of a text that goes with a count, in the current language."""
    code = current()
    if code == LANGUAGES[0]:
        return one if count == 1 else many
    return _catalog(_PROGRAM, code).ngettext(one, many, count)


def plural(one: str, many: str) -> Callable[[int], str]:
    """Return what gives, for a count, the form that goes with it: a text with a plural, as a constant."""
    return functools.partial(ngettext, one, many)


def narration(text: str) -> str:
    """Return what a scenario's author wrote in the current language; unchanged where nobody translated it."""
    return _translate(_SCENARIOS, text)


def _translate(domain: str, text: str) -> str:
    code = current()
    # To gettext the empty text stands for the catalog's own header.
    return text if code == LANGUAGES[0] or not text else _catalog(domain, code).gettext(text)


@functools.cache
def _catalog(domain: str, code: str) -> NullTranslations:
    from gettext import translation  # here: English never needs it

    return translation(domain, FOLDER, [code], fallback=True)


def _known(code: str) -> str | None:
    if code in ("C", "POSIX"):
        return LANGUAGES[0]
    language = code.replace("-", "_").partition(".")[0].partition("@")[0].partition("_")[0].lower()
    return language if language in LANGUAGES else None


def _of_environment() -> str:
    for variable in _VARIABLES:
        if value := os.environ.get(variable):
            known = (_known(code) for code in value.split(":"))
            return next((code for code in known if code is not None), LANGUAGES[0])
    return LANGUAGES[0]
