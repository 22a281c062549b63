"""A script's parameters take other values, of the right type, and no line moves."""

from __future__ import annotations

import ast
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphlab.errors import UsageError
from graphlab.scenario import Parameter, convert_setting, parse_source, read_settings, with_parameters

EXAMPLE = """\
LR = 0.1  # the rate
STEPS = 20
SIZES: tuple[int, ...] = (
    4,
    2,
)

# %% Data
x = LR * STEPS
"""


@pytest.mark.parametrize(
    ("default", "text", "value"),
    [
        (0.1, "0.5", 0.5),
        (0.1, "1", 1.0),
        (0.1, "1e-3", 0.001),
        (0.1, "inf", math.inf),
        (20, "5", 5),
        (20, "-5", -5),
        (20, "1_000", 1000),
        (20, "0x10", 16),
        (True, "False", False),
        (False, "yes", True),
        (False, "1", True),
        ("cpu", "cuda", "cuda"),
        ("cpu", "", ""),
        ("cpu", "a=b", "a=b"),
        (None, "3", 3),
        (None, "word", "word"),
        (None, "None", None),
        ((1, 2), "3,4,5", (3, 4, 5)),
        ((1, 2), "(3,)", (3,)),
        ((1, 2), "3", (3,)),
        ([1, 2], "[]", []),
        ([0.1], "1,2.5", [1.0, 2.5]),
        (("a", "b"), "c, d", ("c", "d")),
        (("a", "b"), "('c',)", ("c",)),
        ((1, "a"), "2,'b'", (2, "b")),
    ],
)
def test_a_text_becomes_a_value_of_the_defaults_type(default: object, text: str, value: object) -> None:
    found = convert_setting(Parameter("A", type(default).__name__, default, 1), text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("default", "text", "words"),
    [
        (20, "abc", "A takes a whole number, not 'abc'"),
        (20, "0.5", "a whole number"),
        (20, "", "a whole number"),
        (0.1, "abc", "A takes a number, not 'abc'"),
        (True, "maybe", "true or false"),
        ((1, 2), "1,x", "a list of values"),
        ((1, 2), "1,2.5", "a list of values"),
        ((1, 2), "{1: 2}", "a list of values"),
        (None, "{1: 2}", "such as None"),
    ],
)
def test_a_text_of_another_type_is_refused_in_one_line(default: object, text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        convert_setting(Parameter("A", type(default).__name__, default, 1), text)
    assert words in str(caught.value)


def test_settings_are_read_by_name() -> None:
    scenario = parse_source(EXAMPLE, "line.py")
    assert read_settings(scenario, ["LR=1", "STEPS=3", "LR=2"]) == {"LR": 2.0, "STEPS": 3}
    with pytest.raises(UsageError, match=r"'STEP'; did you mean 'STEPS'\? \(it has LR, STEPS, SIZES"):
        read_settings(scenario, ["STEP=3"])
    with pytest.raises(UsageError, match="did you mean 'LR'"):
        read_settings(scenario, ["lr=3"])
    with pytest.raises(UsageError, match="takes NAME=VALUE, not 'LR'"):
        read_settings(scenario, ["LR"])
    with pytest.raises(UsageError, match="none at all"):
        read_settings(parse_source("", "x.py"), ["LR=1"])


def test_a_changed_parameter_moves_no_line() -> None:
    changed = with_parameters(EXAMPLE, {"SIZES": (8,), "LR": -1.5})
    before, after = EXAMPLE.split("\n"), changed.split("\n")
    assert len(before) == len(after)
    assert after[0] == "LR = -1.5  # the rate"
    assert after[2:6] == ["SIZES: tuple[int, ...] = ((8,)", "", "", ")"]
    assert [number for number, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]] == [
        *(0, 2, 3, 4),
    ]
    assert parse_source(changed, "x.py").chapters == parse_source(EXAMPLE, "x.py").chapters


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("A='é';B = -1;C=3", {"B": 2, "C": 4}, "A='é';B = 2;C=4"),
        ("A, B = 1, 2", {"B": -1}, "A, B = 1, -1"),
        ("A = 1, 2", {"A": (3, 4)}, "A = (3, 4)"),
        ("A = (\n    1\n)", {"A": 2}, "A = (\n    2\n)"),
        ("A = \\\n  1", {"A": 2}, "A = \\\n  2"),
        ("A = '''x\ny'''; B = 1", {"A": "z"}, "A = ('z'\n); B = 1"),
        ("A = ('x'\n 'y')", {"A": "z"}, "A = (('z'\n))"),
        ("A = 1\nA = 2", {"A": 3}, "A = 3\nA = 2"),
        ("A = 1.0", {"A": -math.inf}, "A = -1e999"),
        ("A = [1]", {"A": [[], (1,), (), "inf"]}, "A = [[], (1,), (), 'inf']"),
    ],
)
def test_a_literal_is_rewritten_where_it_stands(text: str, values: dict[str, Any], expected: str) -> None:
    assert with_parameters(text, values) == expected
    for name, value in values.items():
        assert {found.name: found.default for found in parse_source(expected, "x.py").parameters}[name] == value


def test_what_has_no_literal_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot be NaN"):
        with_parameters("A = 1.0", {"A": math.nan})
    with pytest.raises(UsageError, match="cannot be a dict"):
        with_parameters("A = 1.0", {"A": {}})
    with pytest.raises(UsageError, match="no parameter 'B'"):
        with_parameters("A = 1.0", {"B": 1})


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
values = st.recursive(scalars, lambda items: st.lists(items, max_size=3) | st.tuples(items, items), max_leaves=6)
literals = st.sampled_from(
    ["1", "-2.5", "'é∇'", "(1,\n 2)", "'''a\nb'''", "[\n\n]", "(\n 7\n)", "'a' \\\n 'b'", "None"]
)
gaps = st.sampled_from(["\n", "  # why\n", "; x = 'ü'\n", "\n\n# %% Chapter\n"])


@given(st.lists(st.tuples(literals, gaps), min_size=1, max_size=5), st.data())
def test_a_rewritten_text_has_the_new_values_and_the_old_lines(
    pieces: list[tuple[str, str]], data: st.DataObject
) -> None:
    text = "".join(f"P{number} = {literal}{gap}" for number, (literal, gap) in enumerate(pieces)) + "end = 1\n"
    names = [f"P{number}" for number in range(len(pieces))]
    chosen = data.draw(st.dictionaries(st.sampled_from(names), values))
    changed = with_parameters(text, chosen)
    before, after = parse_source(text, "x.py"), parse_source(changed, "x.py")
    expected = {found.name: found.default for found in before.parameters} | chosen
    assert {found.name: found.default for found in after.parameters} == expected
    assert [found.line for found in after.parameters] == [found.line for found in before.parameters]
    assert after.chapters == before.chapters
    assert [node.lineno for node in ast.parse(changed).body] == [node.lineno for node in ast.parse(text).body]
    assert with_parameters(text, {}) == text
