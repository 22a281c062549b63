"""Keeps the catalogs of translations: `make translations` extracts, updates, compiles, and says what lacks.

Two domains: `graphlab`, the texts of the program (what stands in `_()`, `ngettext()` and `plural()`, and the help of
each command, its module's docstring); `scenarios`, what the scenarios' own reader hands out of them. With `--check`
nothing is written, and the exit code is 1 where a text lacks its translation, is doubtful or is there no more.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from graphlab.cli.parser import COMMANDS
from graphlab.language import FOLDER, LANGUAGES
from graphlab.scenario import list_scenarios, texts

REPO = Path(__file__).resolve().parents[1]
DOMAINS = ("graphlab", "scenarios")
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "plural": (1, 2), "_recorded": None}
_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
"""Of every catalog: it changes with its texts, not with the day."""
_PLACEHOLDER = re.compile(r"\{(\w*)[^{}]*\}")


@dataclass(frozen=True, slots=True)
class State:
    """What is to be done in one catalog: the texts, by what is wrong with them."""

    language: str
    domain: str
    count: int
    missing: tuple[str, ...]
    doubtful: tuple[str, ...]
    """Texts that changed: Babel has kept the translation of one that was like them, to be looked at."""
    stale: tuple[str, ...]
    """Translations of what nobody says any more."""

    @property
    def is_complete(self) -> bool:
        return not (self.missing or self.doubtful or self.stale)


def extract_program() -> Catalog:
    """Return the texts of the program, in the order of its modules."""
    catalog = _empty()
    for path in sorted((REPO / "graphlab").rglob("*.py")):
        place = path.relative_to(REPO).as_posix()
        source = path.read_bytes()
        for _line, text, _comments, _context in extract("python", io.BytesIO(source), _KEYWORDS):
            if place != "graphlab/language.py":
                catalog.add(text, locations=[(place, 1)])
        if path.parent.name == "cli" and path.stem in COMMANDS:
            catalog.add(ast.get_docstring(ast.parse(source)) or "", locations=[(place, 1)])
    return catalog


def extract_scenarios() -> Catalog:
    """Return what the scenarios say, in the order in which they are walked through."""
    catalog = _empty()
    for scenario in list_scenarios():
        for _line, text in texts(scenario.text):
            catalog.add(text, locations=[(f"scenarios/{scenario.path.name}", 1)])
    return catalog


def path_of(language: str, domain: str) -> Path:
    """Return where a catalog lies."""
    return FOLDER / language / "LC_MESSAGES" / f"{domain}.po"


def read_catalog(language: str, domain: str) -> Catalog:
    """Return a catalog as it is; an empty one where there is none yet."""
    path = path_of(language, domain)
    if not path.is_file():
        return _empty(language)
    with path.open("rb") as file:
        return read_po(file, locale=language, domain=domain)


def updated(language: str, domain: str) -> tuple[Catalog, State]:
    """Return a catalog with the texts as they are today, and what is to be done in it."""
    catalog = read_catalog(language, domain)
    template = extract_program() if domain == "graphlab" else extract_scenarios()
    known = {message.id for message in catalog if message.id}
    catalog.update(template, no_fuzzy_matching=False)
    texts = [message for message in catalog if message.id]
    return catalog, State(
        language,
        domain,
        len(texts),
        missing=tuple(_name(each) for each in texts if not _is_translated(each)),
        doubtful=tuple(_name(each) for each in texts if each.fuzzy or not has_same_placeholders(each)),
        stale=tuple(_name(each) for each in catalog.obsolete.values() if each.id in known),
    )


def _is_translated(message: Message) -> bool:
    return all(_forms(message.string))


def _forms(text: str | tuple[str, ...] | list[str] | None) -> list[str]:
    """Return the forms of a text: singular and plural, or the one that it has."""
    return list(text) if isinstance(text, tuple | list) else [text or ""]


def _name(message: Message) -> str:
    return _forms(message.id)[0]


def has_same_placeholders(message: Message) -> bool:
    """Whether a translation has the `{names}` of its text, in any order; one that is missing has none to compare."""
    wanted = {name for each in _forms(message.id) for name in _PLACEHOLDER.findall(each)}
    found = {name for each in _forms(message.string) for name in _PLACEHOLDER.findall(each)}
    return found == wanted or not _is_translated(message)


def compiled(catalog: Catalog) -> bytes:
    """Return a catalog as the program reads it; what is doubtful stays English."""
    target = io.BytesIO()
    write_mo(target, catalog)
    return target.getvalue()


def write_catalog(catalog: Catalog, path: Path) -> None:
    """Write a catalog and, beside it, what the program reads; what nobody says any more is dropped."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=110, include_lineno=False, ignore_obsolete=True)
    path.with_suffix(".mo").write_bytes(compiled(catalog))


def _empty(language: str | None = None) -> Catalog:
    catalog = Catalog(
        locale=language, project="graphlab", version="all", charset="utf-8", fuzzy=False,
        msgid_bugs_address="graphlab authors", last_translator="graphlab authors", language_team=language or "",
        creation_date=_BEGINNING, revision_date=_BEGINNING,
        header_comment="# Translations of graphlab. Written by `make translations`; the lines msgstr are people's.",
    )  # fmt: skip
    # Unicode's rules give Spanish a third form, for whole millions ("un millón de nodos"): we write no such numbers.
    catalog.mime_headers = [("Plural-Forms", "nplurals=2; plural=(n != 1);")]
    return catalog


def main(words: list[str]) -> int:
    """Do it for every language and domain."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where something is to be done")
    is_checking = parser.parse_args(words).check
    is_complete = True
    for language in LANGUAGES[1:]:
        for domain in DOMAINS:
            catalog, state = updated(language, domain)
            if not is_checking:
                write_catalog(catalog, path_of(language, domain))
            is_complete = is_complete and state.is_complete
            counts = f"{len(state.missing)} missing, {len(state.doubtful)} doubtful, {len(state.stale)} stale"
            print(f"{language} {domain}: {state.count} texts, {counts}")
            for name in ("missing", "doubtful", "stale"):
                for text in getattr(state, name):
                    print(f"  {name:<9} {' '.join(text.split())[:100]}")
    return 1 if is_checking and not is_complete else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
