"""Scenarios in another language: which texts there are, where they are shown translated, and that none is lost."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from graphlab import language
from graphlab.cli import main
from graphlab.renderers.options import Options
from graphlab.renderers.page.document import render_recording
from graphlab.scenario import in_language, list_scenarios, narration_told, paragraphs, parse_source, texts
from graphlab.tui import source
from graphlab.tui.state import ExplorerState
from tests import builders

ROOT = Path(__file__).parents[1]
OURS = [scenario for scenario in list_scenarios() if scenario.path.parent == ROOT / "scenarios"]
SCRIPT = '''"""Two numbers

Prose that goes
over two lines.

    x = 1

- one
  item

Section: 1 Tensors
Question: Which?
"""

# %% Without
# Said over
# two lines.
#
# And a second paragraph.
x = 1
# - a list
# - of two
y = 2
# ? Which way?
# = "up"
# - "to the left"
# - in no way
# - 3
# - y.grad == 3
z = 3
'''


@pytest.fixture
def spanish() -> Iterator[None]:
    source._narration.cache_clear()
    language.choose("es")
    yield
    language.choose("en")
    source._narration.cache_clear()


def test_the_texts_of_a_script_are_what_its_reader_shows_a_paragraph_each() -> None:
    assert list(texts(SCRIPT)) == [
        (1, "Two numbers"), (1, "Prose that goes over two lines."), (1, "    x = 1"), (1, "- one\n  item"),
        (1, "1 Tensors"), (1, "Which?"), (15, "Without"), (20, "Said over two lines."),
        (20, "And a second paragraph."), (23, "- a list\n- of two"),
        (30, "Which way?"), (30, "up"), (30, "to the left"), (30, "in no way"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("one\ntwo\n\n\nthree", ["one two", "three"]),
        ("| a |\n| - |", ["| a |\n| - |"]),
        ("begins at\n0. And so on", ["begins at 0. And so on"]),
        ("2. second\n3. third", ["2. second\n3. third"]),
        ("three ways:\n1. one\n2. two", ["three ways:\n1. one\n2. two"]),
    ],
)
def test_prose_is_one_line_and_what_has_lines_keeps_them(text: str, expected: list[str]) -> None:
    assert paragraphs(text) == expected


def test_translations_keep_the_code_and_the_figures_of_their_texts(spanish: None) -> None:
    code, figure = re.compile(r"`[^`]+`"), re.compile(r"\d+(?:[.,]\d+)*")
    pairs = {text: language.narration(text) for scenario in OURS for _, text in texts(scenario.text)}
    # Which single ones lack is for the check of the catalogs to say; that nearly all are there, for this one.
    assert sum(said != text for text, said in pairs.items()) > 0.9 * len(pairs)
    assert {
        text: said
        for text, said in pairs.items()
        if any(sorted(kind.findall(said)) != sorted(kind.findall(text)) for kind in (code, figure))
    } == {}


def test_a_scenario_is_told_in_the_language_and_its_text_stays(spanish: None) -> None:
    told = in_language(next(scenario for scenario in OURS if scenario.name == "rnn_cell"))
    plain = parse_source(told.text, told.path)
    assert (told.title, told.language) == ("La celda de una red recurrente", "es")
    assert told.section == "2 Gráficas de cómputo"
    assert told.question.startswith("¿En qué orden")
    assert "    next_h = tanh(W_x · x + W_h · prev_h)" in told.description.split("\n\n")
    assert [chapter.line for chapter in told.chapters] == [chapter.line for chapter in plain.chapters]
    assert told.chapters[0].title == "Cuatro tensores"
    assert (told.parameters, told.name, told.order) == (plain.parameters, plain.name, plain.order)
    assert narration_told(told.text).keys() == {line for line, _ in texts(told.text)} - {1} - {
        chapter.line for chapter in plain.chapters
    }


def test_one_changed_paragraph_leaves_the_others_translated(spanish: None) -> None:
    told = in_language(parse_source('"""Four tensors\n\nNobody knows this.\n\nA weight and\na bias.\n"""', "own.py"))
    assert (told.title, told.description) == ("Cuatro tensores", "Nobody knows this.\n\nA weight and a bias.")
    assert narration_told("# Their sum\n#\n# Nobody knows this.\nx = 1") == {4: "Su suma\n\nNobody knows this."}


def test_what_is_written_in_the_language_already_is_left_alone(spanish: None) -> None:
    own = parse_source('"""Four tensors\n\nPárrafo\nde dos líneas.\n\nLanguage: es\n"""', "own.py")
    assert own.language == "es"
    assert in_language(own) is own


def test_in_english_nothing_changes() -> None:
    assert all(in_language(scenario) is scenario for scenario in OURS)


def test_the_explorer_and_the_page_tell_a_recording_in_spanish(tmp_path: Path, spanish: None) -> None:
    recording = builders.rnn_cell(tmp_path)
    assert [chapter.title for chapter in recording.scenario.chapters][:2] == ["Cuatro tensores", "Dos productos"]
    line = recording.files[0].text.splitlines().index("loss.backward()") + 1
    state = ExplorerState(recording, at=recording.moment(line=line))
    assert source.narration_of(state).startswith("El gradiente pasa por Sum, Tanh y Add")
    page = render_recording(recording, Options()).decode()
    assert '<html lang="es"' in page
    assert "Cuatro tensores" in page
    assert "El gradiente pasa por Sum" in page
    assert "# The gradient passes Sum" in recording.files[0].text


def test_the_list_says_its_language_and_keeps_the_order_of_the_course(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], spanish: None
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "own.py").write_text('"""My own words\n\nSection: 1 Tensors\nOrder: 0\n"""\nx = 1\n')
    assert main(["--lang", "es", "list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in found][:3] == ["own", "tensor_ranks", "tensor_views"]
    assert [each["language"] for each in found][:3] == ["en", "es", "es"]
    assert found[1]["section"] == found[0]["section"] == "1 Tensores"
    assert {each["name"] for each in found} == {"own", *(scenario.name for scenario in OURS)}
    assert [each["name"] for each in found if each["name"] != "own"] == [scenario.name for scenario in OURS]
