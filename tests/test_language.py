"""The language of a process: what chooses it, and that every catalog is what its translations say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from graphlab import language
from graphlab.cli import main
from graphlab.cli.begin import take_language


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    yield
    language.choose("en")


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "en"),
        ({"LANG": "es_MX.UTF-8"}, "es"),
        ({"LANG": "es_ES@euro"}, "es"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "POSIX"}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "es"}, "es"),
        ({"LANG": "es", "LC_ALL": "C"}, "en"),
        ({"LANG": "en", "LANGUAGE": "fr:es:en"}, "es"),
        ({"LANG": "es", "LC_ALL": ""}, "es"),
    ],
)
def test_the_environment_says_the_language_in_gettexts_order(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    language.choose()
    assert language.current() == expected


def test_a_code_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "es")
    language.choose("en_US")
    assert language.current() == "en"
    with pytest.raises(ValueError, match="xx"):
        language.choose("xx")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("run a --lang es", (["run", "a"], ["es"])),
        ("--lang=es run a", (["run", "a"], ["es"])),
        ("run a -- --lang es", (["run", "a", "--", "--lang", "es"], [])),
        ("run a --lang", (["run", "a"], [""])),
    ],
)
def test_the_option_stands_before_or_after_the_command(words: str, expected: tuple[list[str], list[str]]) -> None:
    assert take_language(words.split()) == expected


def test_a_language_that_there_is_not_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--lang", "xx", "list"], ["list", "--lang"]):
        assert main(words) == 2
        said = capsys.readouterr()
        assert said.out == ""
        given = words[1] if words[1:] and words[0] == "--lang" else ""
        assert said.err == f"graphlab: --lang takes one of en, es, not {given!r}\n"


def test_a_child_of_ours_is_given_the_language() -> None:
    language.choose("es")
    assert language.language_words() == ["--lang", "es"]


def test_what_nobody_translated_stays_as_it_is() -> None:
    language.choose("es")
    for text in ("no such text", ""):
        assert language.gettext(text) == text
        assert language.narration(text) == text


def test_words_that_two_places_might_share_mean_one_thing() -> None:
    """A text that two places share is translated for one: "no colours" had made every "no" a "without"."""
    language.choose("es")
    assert (language.gettext("yes"), language.gettext("no")) == ("sí", "no")
    assert (language.gettext("light"), language.gettext("light theme")) == ("ligera", "tema claro")


def test_catalogs_lie_in_the_package() -> None:
    assert Path(language.__file__).parent in language.FOLDER.parents
    for code in language.LANGUAGES[1:]:
        for domain in ("graphlab", "scenarios"):
            assert (language.FOLDER / code / "LC_MESSAGES" / f"{domain}.mo").is_file()
