"""Spanish: every catalog is what its translations say, and what a person reads is translated, what is data is not."""

from __future__ import annotations

import json
import os
import re
import string
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from docs import translations
from graphlab import language
from graphlab.language import LANGUAGES
from graphlab.recorded_words import _patterns, say_recorded
from graphlab.store.format import describe_cut
from tests import builders

ROOT = Path(__file__).resolve().parent.parent
CATALOGS = [(code, domain) for code in LANGUAGES[1:] for domain in translations.DOMAINS]


def speak(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run graphlab in a process of its own, as a user does whose environment says the language."""
    environment = {name: value for name, value in os.environ.items() if name not in {"LANGUAGE", "LANG"}}
    return subprocess.run(
        [sys.executable, "-m", "graphlab", *words], capture_output=True, encoding="utf-8", check=False, timeout=300,
        env=environment | {"PYTHONUTF8": "1"} | variables,
    )  # fmt: skip


def forms(text: str | tuple[str, ...] | list[str] | None) -> list[str]:
    return list(text) if isinstance(text, tuple | list) else [text or ""]


def translated(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id and all(forms(message.string))]


@pytest.mark.parametrize(("code", "domain"), CATALOGS)
def test_what_the_program_reads_is_what_the_translations_say(code: str, domain: str) -> None:
    path = translations.path_of(code, domain)
    with path.open("rb") as file:
        catalog = read_po(file, locale=code, domain=domain)
    assert path.with_suffix(".mo").read_bytes() == translations.compiled(catalog)


@pytest.mark.parametrize(("code", "domain"), CATALOGS)
def test_a_translation_has_the_placeholders_and_the_blanks_of_its_text(code: str, domain: str) -> None:
    wrong = []
    for message in translated(translations.read_catalog(code, domain)):
        ids, strings = forms(message.id), forms(message.string)
        wrong += [one for one, other in zip(ids, strings, strict=True) if _edges(one) != _edges(other)]
        # Narration is never filled in: its braces are Python's or LaTeX's.
        if domain == "graphlab" and not translations.has_same_placeholders(message):
            wrong.append(ids[0])
    assert not wrong


def _edges(text: str) -> tuple[bool, bool]:
    return text[:1].isspace(), text[-1:].isspace()


def test_every_template_can_be_filled() -> None:
    for code in LANGUAGES[1:]:
        for message in translated(translations.read_catalog(code, "graphlab")):
            for text in forms(message.string):
                if "{" in forms(message.id)[0] and "%(" not in text:
                    assert list(string.Formatter().parse(text))


def test_a_template_that_lacks_a_placeholder_is_found() -> None:
    message = Message("no step {step}", "no hay paso")
    assert not translations.has_same_placeholders(message)
    assert translations.has_same_placeholders(Message("no step {step}", "no hay paso {step}"))


@pytest.mark.slow  # it fails whenever a text was changed and nobody has translated it yet
@pytest.mark.parametrize(("code", "domain"), CATALOGS)
def test_every_text_is_translated_and_no_translation_is_of_what_nobody_says(code: str, domain: str) -> None:
    state = translations.updated(code, domain)[1]
    assert (state.missing, state.doubtful, state.stale) == ((), (), ())


def test_the_help_and_an_error_follow_the_option_and_the_environment() -> None:
    for said in (speak("--lang", "es", "--help"), speak("--help", LANG="es_MX.UTF-8")):
        assert said.returncode == 0
        assert said.stdout.startswith("uso: graphlab")
        assert "Lista los escenarios y sus parámetros." in said.stdout
    assert "muestra esta ayuda y termina" in speak("run", "--help", "--lang=es").stdout
    refused = speak("show", "nothing.glab", LANG="es_MX.UTF-8")
    assert (refused.returncode, refused.stderr) == (2, "graphlab: no hay ninguna grabación nothing.glab\n")
    wrong = speak("list", "--lang", "es", "--frobnicate")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert "no tiene la opción" in wrong.stderr


def test_an_english_option_wins_over_a_spanish_environment() -> None:
    assert speak("--lang", "en", "--help", LANG="es_MX.UTF-8").stdout.startswith("usage: graphlab")


def test_a_recording_is_told_in_spanish_and_its_json_is_the_same(tmp_path: Path) -> None:
    builders.training(tmp_path, steps=2).close()
    (path,) = tmp_path.glob("*.glab")
    told = speak("show", str(path), "--plain", "--lang", "es").stdout
    assert "empieza la retropropagación en la pérdida" in told
    assert "backward begins" not in told
    spanish, english = (speak("show", str(path), "--json", "--lang", code).stdout for code in ("es", "en"))
    assert spanish == english
    assert json.loads(english)["steps"]


def test_a_finding_is_told_in_spanish_and_keeps_its_name(tmp_path: Path) -> None:
    builders.rnn_cell(tmp_path).close()
    (path,) = tmp_path.glob("*.glab")
    told = speak("check", str(path), "--lang", "es")
    assert told.returncode == 1
    assert "los valores de TanhBackward0 están saturados desde el principio" in " ".join(told.stdout.split())
    assert "se encontró: 1 advertencia" in told.stdout
    (found,) = json.loads(speak("check", str(path), "--lang", "es", "--json").stdout)["findings"]
    assert (found["finding"], found["severity"]) == ("saturated", "warning")


@pytest.mark.parametrize("failed", ["", "disk is full"])
@pytest.mark.parametrize(("file", "line", "step"), [(None, 0, 0), (None, 0, 2), (None, 7, 2), ("a.py", 7, 2)])
def test_how_a_recording_was_cut_off_is_told_in_the_language_of_who_looks(
    failed: str, file: str | None, line: int, step: int
) -> None:
    recorded = describe_cut(file, line, step, failed)["message"]
    assert say_recorded(recorded) == recorded
    language.choose("es")
    try:
        told = say_recorded(recorded)
    finally:
        language.choose("en")
    assert told.startswith("la grabación termina" if failed else "la ejecución se cortó")
    assert all(str(part) in told for part in (failed, file or "", line or "", step or ""))


def test_every_note_that_a_recording_may_hold_has_its_template() -> None:
    """What capture notes is English in the file; each is known to what translates it when it is shown."""
    known = [pattern for pattern, _ in _patterns()]
    notes = []
    for path in (ROOT / "graphlab" / "capture").rglob("*.py"):
        notes += re.findall(r'add_note\(\s*f?"(.*?)"\)', path.read_text(encoding="utf-8"))
    assert len(notes) >= 5
    assert [note for note in notes if not any(pattern.fullmatch(note) for pattern in known)] == []


def test_the_explorer_speaks_spanish(tmp_path: Path) -> None:
    builders.training(tmp_path, steps=2).close()
    (path,) = tmp_path.glob("*.glab")
    picture = tmp_path / "screen.txt"
    keys = ("explore", str(path), "--press", "End", "--screenshot", str(picture), "--size", "120x40")
    assert speak(*keys, LANG="es_MX.UTF-8").returncode == 0
    screen = picture.read_text(encoding="utf-8")
    for word in ("Código", "Gráfica", "Inspector", "Ayuda", "Salir", "│adelante", "│atrás"):
        assert word in screen
    for word in ("Source", "Graph", "Help", "Quit", "│forward", "│backward"):
        assert word not in screen


def _code_of(page: str) -> list[str]:
    """Return the lines of a page's code blocks without their comments, and the commands of its tables."""
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line.partition("#")[0].rstrip() for block in blocks for line in block.splitlines()]
    return lines + re.findall(r"^\| (`graphlab.*?) \|", text, re.MULTILINE)


def test_the_spanish_readme_shows_the_commands_links_and_options_of_the_english_one() -> None:
    assert _code_of("README.es.md") == _code_of("README.md")
    english, spanish = ((ROOT / page).read_text(encoding="utf-8") for page in ("README.md", "README.es.md"))
    described = english.partition("\n## Changes")[0]
    links = set(re.findall(r"\]\((docs/[^)]+)\)", described))
    assert links == set(re.findall(r"\]\((docs/[^)]+)\)", spanish))
    options = set(re.findall(r"--[a-z][a-z-]+", described))
    assert options <= set(re.findall(r"--[a-z][a-z-]+", spanish))
    assert "(README.es.md)" in english
    assert "(README.md)" in spanish
