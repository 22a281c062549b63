"""The language of the search: every text is understood, or said to be wrong in one line; what is written reads back."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from graphlab.finding.query import (
    ANY,
    GRADIENT_STATES,
    KINDS,
    NORMS,
    TEXT_KEYS,
    UNDERSTOOD,
    VALUE_STATES,
    WORD,
    Query,
    Term,
    format_query,
    parse_query,
)
from graphlab.finding.texts import contains, has_shape, is_under, text_test

PIECES = (
    "op:", "name:", "shape:", "line:", "grad:", "value:", "kind:", "|grad|", "|value", ">", "<=", "=", "-", '"', "\\",
    "[", "]", "*", "...", ",", "x", "nan", "inf", "none", " ", "1e-6", "20", "relu", "W_h", "foo:", "\u0660", "\x00",
)  # fmt: skip
words = some.text(min_size=1, max_size=12)
sizes = some.one_of(some.integers(0, 99).map(str), some.sampled_from(["*", "..."]))
terms = some.one_of(
    some.builds(Term, some.just(WORD), words, is_excluded=some.booleans()),
    some.builds(Term, some.sampled_from(sorted({*TEXT_KEYS} - {"dtype"})), words, is_excluded=some.booleans()),
    some.builds(Term, some.just("dtype"), some.sampled_from(["int", "float16"]), is_excluded=some.booleans()),
    some.builds(
        Term, some.just("shape"), some.lists(sizes, max_size=4).map(lambda found: f"[{','.join(found)}]"),
        is_excluded=some.booleans(),
    ),
    some.builds(
        Term, some.just("line"), some.just(""), some.integers(0, 10**6).map(float), is_excluded=some.booleans()
    ),
    some.builds(Term, some.just("kind"), some.sampled_from(KINDS), is_excluded=some.booleans()),
    some.builds(Term, some.just("grad"), some.sampled_from(GRADIENT_STATES), is_excluded=some.booleans()),
    some.builds(Term, some.just("value"), some.sampled_from(VALUE_STATES), is_excluded=some.booleans()),
    some.builds(Term, some.just(ANY), some.sampled_from(["nan", "inf"]), is_excluded=some.booleans()),
    some.builds(
        Term, some.sampled_from(NORMS), some.sampled_from([">", "<", ">=", "<=", "="]), some.floats(allow_nan=False),
        some.booleans(),
    ),
)  # fmt: skip


@given(some.one_of(some.text(), some.lists(some.sampled_from(PIECES)).map("".join)))
@example("line:" + "9" * 5000)
@example('-"')
@example("|grad|>" + "9" * 5000)
def test_every_text_is_a_query_or_one_line_that_says_why_not(text: str) -> None:
    found = parse_query(text)
    if isinstance(found, str):
        assert found and "\n" not in found
    else:
        assert parse_query(format_query(found)) == found


@given(some.lists(terms, max_size=4).map(tuple))
def test_what_is_written_reads_back(asked: tuple[Term, ...]) -> None:
    assert parse_query(format_query(Query(asked))) == Query(asked)


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("relu", Term(WORD, "relu")),
        ("-relu", Term(WORD, "relu", is_excluded=True)),
        ('"two words"', Term(WORD, "two words")),
        ('"op:relu"', Term(WORD, "op:relu")),
        ('"unfinished', Term(WORD, "unfinished")),
        ('name:"my weight"', Term("name", "my weight")),
        ("OP:relu", Term("op", "relu")),
        ("shape:20x10", Term("shape", "[20,10]")),
        ('shape:"[*, 768]"', Term("shape", "[*,768]")),
        ("shape:[...,3]", Term("shape", "[...,3]")),
        ("shape:[]", Term("shape", "[]")),
        ("kind:param", Term("kind", "parameter")),
        ("dtype:torch.int64", Term("dtype", "int64")),
        ("grad:NaN", Term("grad", "nan")),
        ("nan", Term(ANY, "nan")),
        ("-inf", Term(ANY, "inf", is_excluded=True)),
        ("|grad|>100", Term("|grad|", ">", 100.0)),
        ("grad>=1e3", Term("|grad|", ">=", 1000.0)),
        ("|value|==-inf", Term("|value|", "=", -math.inf)),
        ("-|value|<1e-6", Term("|value|", "<", 1e-6, is_excluded=True)),
        ("x.grad", Term(WORD, "x.grad")),
        ("-", Term(WORD, "-")),
    ],
)
def test_a_term(text: str, term: Term) -> None:
    assert parse_query(text) == Query((term,))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("foo:bar", f"there is no foo: here; understood are {UNDERSTOOD} (in quotes it is a plain word)"),
        ("op:", "op: needs a word after it, such as op:relu"),
        ("shape:[a]", "shape: takes sizes such as [20,10], with * for any one and ... for any more, not '[a]'"),
        ("line:x", "line: takes the number of a line, not 'x'"),
        ("kind:tensor", f"kind: takes one of {', '.join(KINDS)}, not 'tensor'"),
        ("grad:big", "grad: takes one of 0, none, nan, inf, not 'big'"),
        ("value:none", "value: takes one of 0, nan, inf, not 'none'"),
        ("|grad|>x", "|grad| is compared with a number, such as |grad|>100 or |grad|<1e-6, not with 'x'"),
        ("|grad|>nan", "|grad| is compared with a number, such as |grad|>100 or |grad|<1e-6, not with 'nan'"),
        ("|value", "|value| is compared with a number, such as |value|>100 or |value|<1e-6, not with ''"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(text: str, said: str) -> None:
    assert parse_query(f"relu {text}") == said


def test_terms_are_told_apart() -> None:
    asked = parse_query('  op:mm -"a b"\tW_h |grad|>1 ')
    assert isinstance(asked, Query)
    assert [term.text for term in asked.wanted] == ["mm", "W_h", ">"]
    assert [term.text for term in asked.excluded] == ["a b"]
    assert asked.asks_figures
    assert not parse_query("  ")


def test_capitals_count_where_there_is_one() -> None:
    assert contains("w_h")("W_h")
    assert not contains("W_H")("W_h")
    assert not contains("x")(None)


@pytest.mark.parametrize(
    ("text", "is_so"), [("log_softmax", True), ("logsoftmaxb", True), ("LogS", True), ("log-softmax", False)]
)
def test_an_op_is_found_by_autograds_name_and_by_what_the_explorer_calls_it(text: str, is_so: bool) -> None:
    assert text_test(Term("op", text), "op")("LogSoftmaxBackward0") is is_so


@pytest.mark.parametrize(
    ("pattern", "shape", "is_so"),
    [
        ("[20,10]", "20x10", True),
        ("[20,10]", "10x20", False),
        ("[*,768]", "4x768", True),
        ("[*,768]", "2x4x768", False),
        ("[...,768]", "2x4x768", True),
        ("[...,768]", "768", True),
        ("[2,...]", "2", True),
        ("[2,...]", "20", False),
        ("[]", "", True),
        ("[]", "1", False),
        ("[...]", "", True),
        ("[*]", "", False),
        ("[1]", None, False),
    ],
)
def test_shapes(pattern: str, shape: str | None, is_so: bool) -> None:
    assert has_shape(pattern)(shape) is is_so


def test_a_module_is_a_path_and_what_lies_below_it() -> None:
    test = is_under("encoder.3")
    assert [test(path) for path in ("encoder.3", "encoder.3.norm", "encoder.30", "encoder", None)] == [
        True, True, False, False, False,
    ]  # fmt: skip
