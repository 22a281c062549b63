"""`graphlab new` writes a lesson that runs, is told, has nothing to be found in it, and replaces nothing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from graphlab.analysis.findings import check
from graphlab.cli import main
from graphlab.cli.new import LESSONS, write_lesson
from graphlab.quiz import choose_questions, find_problems
from graphlab.scenario import list_scenarios, narration, parse_source, with_parameters
from tests.recorded import record_text


@pytest.mark.parametrize("language", LESSONS)
def test_a_new_lesson_runs_learns_and_has_no_finding(language: str, tmp_path: Path) -> None:
    text = write_lesson("A line", language)
    lesson = parse_source(text, tmp_path / "line.py")
    assert [(parameter.name, parameter.type) for parameter in lesson.parameters] == [
        ("SEED", "int"),
        ("STEPS", "int"),
        ("LR", "float"),
    ]
    assert lesson.title == "A line"
    assert lesson.description and lesson.section and lesson.question
    assert len(lesson.chapters) >= 4
    recording = record_text(tmp_path, with_parameters(text, {"STEPS": 6}))
    losses = [loss for loss in recording.losses if loss is not None]
    assert len(losses) == 6
    assert losses == sorted(losses, reverse=True)
    assert check(recording) == []
    # The author's question, and its answer is what the run shows.
    assert find_problems(recording) == []
    assert [question.said for question in choose_questions(recording) if question.kind == "authored"] == ["5x1"]
    # Every statement of the training is told while it runs.
    loop = next(node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.For))
    assert {statement.lineno for statement in loop.body} - narration(text).keys() <= {loop.body[-1].lineno}


def test_the_lessons_of_all_languages_are_the_same_code() -> None:
    def code_of(language: str) -> list[str]:
        # Without comments and texts for people.
        tree = ast.parse(write_lesson("x", language))
        return [ast.dump(node) for node in tree.body[1:-1]]

    assert len({tuple(code_of(language)) for language in LESSONS}) == 1


def test_it_is_named_after_its_file_and_the_gallery_lists_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "scenarios/my_first-lesson.py"]) == 0
    output = capsys.readouterr()
    assert output.out == ""
    assert (
        output.err
        == "graphlab: wrote scenarios/my_first-lesson.py; try it: graphlab explore scenarios/my_first-lesson.py\n"
    )
    found = {scenario.name: scenario for scenario in list_scenarios()}
    assert found["my_first-lesson"].title == "My first lesson"


@pytest.mark.parametrize("title", ['A "line"', 'ends in """', "back\\slash \\n", "{braces} %s", "ñandú ∇"])
def test_a_title_may_hold_what_a_docstring_must_not(title: str, tmp_path: Path) -> None:
    path = tmp_path / "x.py"
    assert main(["new", str(path), "--title", title]) == 0
    assert parse_source(path.read_text(encoding="utf-8"), path).title == title


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["there.py"], "there.py is there already: choose another name, nothing is overwritten"),
        (["lesson.txt"], "name the script to write, such as my_lesson.py, not 'lesson.txt'"),
        ([".py"], "name the script to write, such as my_lesson.py, not '.py'"),
        (["x.py", "--title", " "], "--title takes one line of text, not ' '"),
        (["x.py", "--title", "a\nb"], "--title takes one line of text, not 'a\\nb'"),
        (["there.py/x.py"], "there.py: File exists"),
    ],
)
def test_bad_words_are_told_in_one_line_and_nothing_is_written(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.py").write_text("mine")
    assert main(["new", *words]) == 2
    assert capsys.readouterr().err == f"graphlab: {said}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["there.py"]
    assert Path("there.py").read_text() == "mine"
