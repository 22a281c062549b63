"""Scenarios are found by name, path or module, and their text says what the conventions promise."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphlab.errors import ScenarioError
from graphlab.scenario import (
    Chapter,
    Parameter,
    chapters,
    find_module,
    find_scenario,
    list_scenarios,
    narration,
    parse_source,
    read_scenario,
    statements,
    with_parameters,
)

EXAMPLE = '''\
"""A line through points

Fits **one line**.

It has two paragraphs.

Section: 3 Regression
Question: How far does
  each step move it?
"""

import torch

LR = 0.1  # the rate
STEPS = 20
SIZES: tuple[int, ...] = (
    4,
    2,
)

# %% Data
# Seeded, so that every run
# sees the same points.
x = torch.arange(3)

for step in range(STEPS):
    # %% [markdown] Forward

    # - first
    # - second
    #
    # Then the rest.
    y = x * 2  # no narration

    # %%
    y += 1
'''


def script(text: str) -> str:
    return textwrap.dedent(text).lstrip("\n")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- what a text says


def test_the_docstring_holds_title_description_and_fields() -> None:
    scenario = parse_source(EXAMPLE, "folder/line.py")
    assert scenario.name == "line"
    assert scenario.title == "A line through points"
    assert scenario.description == "Fits **one line**.\n\nIt has two paragraphs."
    assert scenario.section == "3 Regression"
    assert scenario.question == "How far does each step move it?"


def test_fields_may_follow_the_text_without_an_empty_line() -> None:
    scenario = parse_source('"""Title\n\nText.\nQuestion: Why?\nSection: 1 A\n"""', "x.py")
    assert (scenario.description, scenario.question, scenario.section) == ("Text.", "Why?", "1 A")


def test_a_field_inside_the_description_stays_there() -> None:
    scenario = parse_source('"""Title\n\nSection: of a cone\n\nMore text.\n"""', "x.py")
    assert scenario.section == ""
    assert scenario.description == "Section: of a cone\n\nMore text."


@pytest.mark.parametrize("text", ["", "\n", "# only a comment", "x = 1", 'f"""no docstring {1}"""'])
def test_a_script_without_docstring_has_its_name_as_title(text: str) -> None:
    scenario = parse_source(text, "my_training.py")
    assert (scenario.title, scenario.section, scenario.description, scenario.question) == ("my_training", "", "", "")


def test_parameters_are_capital_names_with_a_literal() -> None:
    assert parse_source(EXAMPLE, "x.py").parameters == (
        Parameter("LR", "float", 0.1, 14),
        Parameter("STEPS", "int", 20, 15),
        Parameter("SIZES", "tuple", (4, 2), 16),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A = -1.5", [("A", -1.5)]),
        (
            "A = True\nB = None\nC = 'x'\nD = [1, (2, 'y')]",
            [("A", True), ("B", None), ("C", "x"), ("D", [1, (2, "y")])],
        ),
        ("N, HIDDEN, d = 64, 100, 1", [("N", 64), ("HIDDEN", 100)]),
        ("A = 1\nA = 2", [("A", 1)]),
        ("A = f()\nA = 2", []),
        ("A = B = 1\nC: int\nD = {1: 2}\nE = {1}\nF = b'x'\nG = 1j\nH = 2**3\nlower = 1\n_X = 1\nI += 1", []),
        ("if True:\n    A = 1\ndef f():\n    B = 1", []),
    ],
)
def test_what_counts_as_a_parameter(text: str, expected: list[tuple[str, Any]]) -> None:
    assert [(found.name, found.default) for found in parse_source(text, "x.py").parameters] == expected


def test_chapters_are_cell_markers_indented_or_not() -> None:
    expected = [Chapter(21, "Data"), Chapter(27, "Forward"), Chapter(35, "Cell 3")]
    assert list(parse_source(EXAMPLE, "x.py").chapters) == expected
    assert chapters(EXAMPLE) == expected


def test_narration_is_the_comment_directly_above_a_line() -> None:
    assert narration(EXAMPLE) == {
        24: "Seeded, so that every run sees the same points.",
        33: "- first\n- second\n\nThen the rest.",
    }


@pytest.mark.parametrize(
    "text",
    [
        "#!/usr/bin/env python\nx = 1",
        "# -*- coding: utf-8 -*-\nx = 1",
        "# type: ignore\nx = 1",
        "# noqa: E501\nx = 1",
        "# fmt: off\nx = 1",
        "# pragma: no cover\nx = 1",
        "# said too early\n\nx = 1",
        "# said to a chapter\n# %% Title\nx = 1",
        "x = '''\n# inside a string\n'''",
        "#####\nx = 1",
        "x = 1\n# after the end",
    ],
)
def test_what_is_no_narration(text: str) -> None:
    assert narration(text) == {}


def test_a_directive_does_not_silence_the_comment_it_stands_in() -> None:
    assert narration("# Two\n# noqa: E501\n# words\nx = 1") == {4: "Two words"}


def test_a_text_that_is_no_python_still_has_chapters_and_narration() -> None:
    text = "# %% One\n# why\nx = 1\ny = )\n'''"
    assert chapters(text) == [Chapter(1, "One")]
    assert narration(text) == {3: "why"}
    assert statements(text) == {}
    lenient = parse_source(text, "new.py", is_lenient=True)
    assert (lenient.title, lenient.chapters, lenient.text) == ("new", (Chapter(1, "One"),), text)


STATEMENTS = script('''
    """Docstring."""
    import functools
    total = sum(
        [1,

         # inside
         2],
    )
    @functools.cache
    @functools.wraps(
        print)
    def double(
        number,
        factor=2,
    ):
        """Docstring."""

        # comment
        return (
            number
            * factor
        )
    if (total
            and total):
        # comment
        a = 1; b = (
            2)
    elif total:
        pass
    else:
        a = 2
    try:
        raise ValueError(
            "x")
    except (TypeError,
            ValueError) as error:
        caught = error
    finally:
        last = 1
    match [1, 2]:
        # comment
        case [first,
              second] if first:
            double(first)
        case _:
            pass
    while a < 2: a += (
        1)
    """A string alone."""
    class Thing(
            object):
        field = 1
''')


def test_every_line_knows_the_first_line_of_its_statement() -> None:
    found = statements(STATEMENTS)
    groups: dict[int, list[int]] = {}
    for line, first in found.items():
        groups.setdefault(first, []).append(line)
    assert {first: sorted(lines) for first, lines in groups.items() if len(lines) > 1} == {
        3: [3, 4, 5, 6, 7, 8],
        9: [9, 10, 11, 12, 13, 14, 15],
        19: [19, 20, 21, 22],
        23: [23, 24],
        26: [26, 27],
        33: [33, 34],
        35: [35, 36],
        42: [42, 43],
        47: [47, 48],
        50: [50, 51],
    }
    lines = STATEMENTS.split("\n")
    left_out = {lines[number - 1].strip() for number in range(1, len(lines) + 1) if number not in found}
    assert left_out == {"", "# comment", '"""Docstring."""', '"""A string alone."""', "else:", "finally:"}


def test_every_line_that_python_runs_belongs_to_a_statement() -> None:
    """The interpreter's own line events are the oracle."""
    ran: set[int] = set()

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_code.co_filename != "<oracle>":
            return None
        if event == "line":
            ran.add(frame.f_lineno)
        return trace

    code = compile(STATEMENTS, "<oracle>", "exec")
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        exec(code, {"__name__": "oracle"})
    finally:
        sys.settrace(before)
    found = statements(STATEMENTS)
    strings = {1, 49}
    assert ran - strings <= found.keys()
    assert {found[line] for line in ran - strings} <= ran


# --- reading files


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"x = )\n", "bad.py, line 1: unmatched ')'"),
        (b"ok = 1\n\tx = 1\n", "bad.py, line 2: unexpected indent"),
        (b"x = 1\0\n", "NUL bytes"),
        (b"x = '\xff'\n", "neither UTF-8 text nor"),
        (b"# coding: klingon\nx = 1\n", "klingon"),
        (b"\x80\x02}q\x00.", "bad.py"),
        (b"x = " + b"(" * 5000 + b")" * 5000, "bad.py"),
    ],
)
def test_what_is_no_python_is_told_in_one_line(folder: Path, content: bytes, words: str) -> None:
    (folder / "bad.py").write_bytes(content)
    with pytest.raises(ScenarioError) as caught:
        read_scenario("bad.py")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing.py", "cannot read missing.py: No such file"),
        ("folder.py", "is a folder"),
        ("lesson.ipynb", "nbconvert"),
        ("run.glab", "is a recording"),
    ],
)
def test_what_cannot_be_a_script_is_told_in_one_line(folder: Path, name: str, words: str) -> None:
    (folder / "folder.py").mkdir()
    with pytest.raises(ScenarioError, match=words):
        read_scenario(name)


@pytest.mark.parametrize(
    "content",
    [
        "# ∇ é\nA = 'ñ'\n".encode(),
        b"\xef\xbb\xbf" + "# ∇ é\nA = 'ñ'\n".encode(),
        "# ∇ é\r\nA = 'ñ'\r\n".encode(),
        "# ∇ é\rA = 'ñ'\r".encode(),
    ],
    ids=["plain", "byte order mark", "CRLF", "CR"],
)
def test_line_ends_and_byte_order_marks_make_no_difference(folder: Path, content: bytes) -> None:
    (folder / "a.py").write_bytes(content)
    scenario = read_scenario("a.py")
    assert scenario.text == "# ∇ é\nA = 'ñ'\n"
    assert scenario.parameters == (Parameter("A", "str", "ñ", 2),)
    assert narration(scenario.text) == {2: "∇ é"}


def test_a_coding_line_is_honoured(folder: Path) -> None:
    (folder / "a.py").write_bytes("# coding: latin-1\nA = 'ñ'\n".encode("latin-1"))
    assert read_scenario("a.py").parameters[0].default == "ñ"


def test_an_empty_file_is_a_scenario(folder: Path) -> None:
    (folder / "a.py").touch()
    assert read_scenario("a.py").text == ""


def test_a_form_feed_and_a_line_separator_end_no_line() -> None:
    text = "A = 'x'\x0c\nB = '\u2028'\nC = 1\n"
    assert [found.line for found in parse_source(text, "x.py").parameters] == [1, 2, 3]
    assert with_parameters(text, {"C": 2}) == "A = 'x'\x0c\nB = '\u2028'\nC = 2\n"


def test_the_scripts_own_warnings_stay_silent_until_it_runs() -> None:
    parse_source(r"A = '\d' is 1", "x.py")


# --- finding


def test_our_scenarios_are_listed_in_the_order_of_the_gallery() -> None:
    problems: list[ScenarioError] = []
    found = list_scenarios(problems)
    assert problems == []
    names = [scenario.name for scenario in found]
    assert "rnn_cell" in names
    assert len(set(names)) == len(names)
    sections = [scenario.section for scenario in found]
    assert sections == sorted(sections, key=lambda section: int(section.split()[0]))
    for scenario in found:
        assert scenario.path.is_absolute()
        assert scenario.title
        assert scenario.question.endswith("?")


def test_a_family_is_listed_from_low_to_high(folder: Path) -> None:
    (folder / "scenarios").mkdir()
    for name in ("line_high", "line_low", "line_mid", "apple"):
        (folder / "scenarios" / f"{name}.py").write_text('"""Title\n\nSection: 0 Mine\n"""')
    names = [scenario.name for scenario in list_scenarios()]
    assert names[:4] == ["apple", "line_low", "line_mid", "line_high"]


def test_sections_are_ordered_by_their_number_and_none_comes_last(folder: Path) -> None:
    (folder / "scenarios").mkdir()
    for name, section in [("a", ""), ("b", "0.10 Ten"), ("c", "0.9 Nine"), ("d", "Words")]:
        (folder / "scenarios" / f"{name}.py").write_text(f'"""Title\n\nSection: {section}\n"""')
    mine = [scenario.name for scenario in list_scenarios() if scenario.path.is_relative_to(folder)]
    assert mine == ["c", "b", "d", "a"]


def test_within_a_section_they_stand_in_the_order_that_they_say_and_the_others_follow(folder: Path) -> None:
    (folder / "scenarios").mkdir()
    for name, order in [("a", ""), ("b", "Order: 10\n"), ("c", "Order: 9\n"), ("d", "Order: last\n")]:
        (folder / "scenarios" / f"{name}.py").write_text(f'"""Title\n\nSection: 0 Mine\n{order}"""')
    mine = [scenario.name for scenario in list_scenarios() if scenario.path.is_relative_to(folder)]
    assert mine == ["c", "b", "a", "d"]


def test_the_users_own_scenario_wins_over_ours(folder: Path) -> None:
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "rnn_cell.py").write_text('"""Mine"""')
    assert find_scenario("rnn_cell").title == "Mine"
    assert [scenario.title for scenario in list_scenarios() if scenario.name == "rnn_cell"] == ["Mine"]


def test_a_broken_script_leaves_the_others_listed(folder: Path) -> None:
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "broken.py").write_text("x = )")
    (folder / "scenarios" / "_helper.py").write_text("x = )")
    problems: list[ScenarioError] = []
    assert "rnn_cell" in [scenario.name for scenario in list_scenarios(problems)]
    assert len(problems) == 1
    assert "broken.py, line 1" in str(problems[0])


def test_a_scenario_is_found_by_name_and_a_script_by_path(folder: Path) -> None:
    (folder / "train.py").write_text("LR = 0.1")
    assert find_scenario("rnn_cell").title
    for path in ("train.py", "./train.py", str(folder / "train.py")):
        assert find_scenario(path).path == folder / "train.py"


def test_a_near_miss_is_suggested(folder: Path) -> None:
    with pytest.raises(ScenarioError, match="did you mean 'rnn_cell'"):
        find_scenario("rnn_cel")
    with pytest.raises(ScenarioError, match="there is no scenario ''"):
        find_scenario("")
    (folder / "train.py").touch()
    with pytest.raises(ScenarioError, match=r"write train\.py"):
        find_scenario("train")


def test_a_module_is_found_without_running_its_packages(folder: Path) -> None:
    package = folder / "course" / "unit"
    package.mkdir(parents=True)
    (folder / "course" / "__init__.py").write_text("raise RuntimeError('this ran')")
    (package / "__init__.py").write_text("raise RuntimeError('this ran')")
    (package / "__main__.py").write_text('"""Unit"""')
    (package / "lesson.py").write_text('"""Lesson"""')
    assert find_module("course.unit.lesson").title == "Lesson"
    assert find_module("course.unit.lesson").name == "course.unit.lesson"
    assert find_module("course.unit").path == package / "__main__.py"


@pytest.mark.parametrize("name", ["course.absent", "absent", "course", "course.lesson.deeper", "sys", "", ".course"])
def test_a_module_that_cannot_be_run_is_told_in_one_line(folder: Path, name: str) -> None:
    (folder / "course").mkdir()
    (folder / "course" / "lesson.py").touch()
    with pytest.raises(ScenarioError, match="the module"):
        find_module(name)


@given(st.text())
def test_no_text_breaks_the_readers(text: str) -> None:
    chapters(text)
    narration(text)
    statements(text)
    parse_source(text, "x.py", is_lenient=True)


def test_listing_takes_no_torch() -> None:
    program = "import sys; import graphlab.scenario as s; assert s.list_scenarios(); print('torch' in sys.modules)"
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert output == "False\n"
