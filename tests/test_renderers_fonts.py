"""Widths of texts, and how numbers, shapes and names are put into words."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphlab.renderers import fonts
from graphlab.renderers.drawing import escape, number, rounded
from graphlab.renderers.fonts import Face, measure, shorten, wrap
from graphlab.renderers.palette import THEMES, readable_on
from graphlab.renderers.reading import (
    call_words,
    number_words,
    plain,
    read_gradient,
    shape_words,
    title_lines,
    value_words,
)
from tests import graphs

FACES: tuple[Face, ...] = ("sans", "bold", "mono")


def test_the_fonts_are_shipped_with_their_licence() -> None:
    assert all((fonts.FOLDER / name).is_file() for name in fonts.FILES.values())
    assert "Bitstream Vera" in (fonts.FOLDER / "LICENSE_DEJAVU").read_text(encoding="utf-8")


@pytest.mark.parametrize("face", FACES)
def test_the_fonts_have_the_signs_that_pictures_use(face: Face) -> None:
    known = fonts._advances(face)._glyph_of
    assert all(ord(sign) in known for sign in "∇‖×·…−∞≤∂σθαΩ↵�─│╭╮╰╯├┤┬┴┼●○◉◌")


@pytest.mark.parametrize(
    ("text", "face", "units"), [("m", "sans", 1995), ("m", "bold", 2134), ("m", "mono", 1233), ("∇", "mono", 1233)]
)
def test_widths_are_those_of_the_font_files(text: str, face: Face, units: int) -> None:
    assert measure(text, 2048, face) == units


@given(st.text(), st.sampled_from(FACES))
def test_any_text_has_a_width(text: str, face: Face) -> None:
    assert measure(text, 10, face) >= 0
    assert measure(text * 2, 10, face) == pytest.approx(2 * measure(text, 10, face))


@given(st.text(), st.floats(20, 200))
def test_a_shortened_text_fits(text: str, width: float) -> None:
    assert measure(shorten(text, width, 10), 10) <= width


@given(st.text(st.characters(codec="ascii")), st.floats(40, 200))
def test_wrapped_lines_fit_and_lose_no_short_word(text: str, width: float) -> None:
    lines = wrap(text, width, 10)
    assert all(measure(line, 10) <= width for line in lines)
    assert all(word in " ".join(lines).split() for word in text.split() if measure(word, 10) <= width)


@given(st.text())
def test_plain_text_is_one_printable_line(text: str) -> None:
    cleaned = plain(text)
    assert len(cleaned) == len(text)
    assert cleaned.encode().decode() == cleaned
    assert len(cleaned.splitlines()) <= 1


def test_escaped_text_ends_no_tag_and_no_attribute() -> None:
    assert escape('<a b="c">&\x00') == "&lt;a b=&quot;c&quot;&gt;&amp;�"


@pytest.mark.parametrize(
    ("value", "digits", "words"),
    [
        (18.2513, 4, "18.25"),
        (3.85e-7, 3, "3.85e-7"),
        (-2.451504, 5, "-2.4515"),
        (0.00066349, 3, "6.63e-4"),
        (0.0015, 3, "0.0015"),
        (1e30, 3, "1e30"),
        (0.0, 3, "0"),
        (math.nan, 3, "NaN"),
        (-math.inf, 3, "-∞"),
    ],
)
def test_numbers_are_as_short_as_they_go(value: float, digits: int, words: str) -> None:
    assert number_words(value, digits) == words


@pytest.mark.parametrize(
    ("call", "op", "words"),
    [
        ("torch.mm", "MmBackward0", "mm"),
        ("Tensor.tanh", "TanhBackward0", "tanh"),
        ("F.linear", "AddmmBackward0", "F.linear"),
        ("torch.nn.functional.relu", "ReluBackward0", "F.relu"),
        (None, "AddmmBackward0", "addmm"),
        ("+", "AddBackward0", "+"),
        (None, "", "op"),
    ],
)
def test_a_call_is_written_as_a_person_writes_it(call: str | None, op: str, words: str) -> None:
    assert call_words(call, op) == words


def test_shapes_name_their_dtype_where_it_is_not_the_usual_one() -> None:
    assert [shape_words(shape) for shape in ((20, 1), (3,), (), None)] == ["20×1", "3", "()", ""]
    assert shape_words((32,), "int64") == "32 int64"


def test_a_small_value_is_shown_and_a_large_one_is_measured() -> None:
    assert value_words(graphs.snapshot(4.5)) == "= 4.5"
    assert value_words(graphs.snapshot([1, 2, 3])) == "= [1, 2, 3]"
    assert value_words(graphs.snapshot([3, 4, 0, 0])) == "norm 5"
    assert value_words(graphs.snapshot([math.nan, 1, 1, 1])) == "NaN inside"
    assert value_words(graphs.sampled((4096, 4096), 12.5)) == "norm 12.5"
    assert value_words(None) == ""


@pytest.mark.parametrize(
    ("values", "text", "tone", "level"),
    [
        (-15.0, "-15", "level", 1),
        ([3.0, 4.0], "5", "level", 1),
        ([1e-9, 0], "1e-9", "level", -5),
        ([1e9, 0], "1e9", "level", 5),
        ([0.0, 0.0], "0", "zero", -5),
        ([math.nan, 0.0], "NaN", "invalid", 5),
    ],
)
def test_a_gradient_has_its_place_on_the_scale(values: object, text: str, tone: str, level: int) -> None:
    magnitude = read_gradient(graphs.snapshot(values), digits=3)
    assert magnitude is not None
    assert (magnitude.text, magnitude.tone, magnitude.level) == (text, tone, level)


def test_a_heading_says_scenario_step_moment_and_what_ran() -> None:
    facts = graphs.mlp().graph | {"scenario": "mlp_low", "title": "A perceptron"}
    assert title_lines(facts) == (
        "A perceptron",
        "mlp_low  ·  step 3 of 20  ·  event 412 of 2960",
        "loss.backward() has ended",
    )
    assert title_lines({}) == ("graph", "", "")


@pytest.mark.parametrize("name", list(THEMES))
def test_texts_are_readable_on_every_colour(name: str) -> None:
    theme = THEMES[name]

    def luminance(color: str) -> float:
        parts = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(one: str, two: str) -> float:
        high, low = sorted((luminance(one), luminance(two)), reverse=True)
        return (high + 0.05) / (low + 0.05)

    assert contrast(theme.text, theme.background) > 7
    assert contrast(theme.muted, theme.background) > 4.5
    for ink in theme.kinds.values():
        assert contrast(ink.text, ink.fill) > 7
        assert contrast(ink.muted, ink.fill) > 4.5
        assert contrast(readable_on(ink.border), ink.border) > 4.5
    for chip in theme.chips:
        assert contrast(readable_on(chip), chip) > 4.5
    for line in theme.lines:
        assert contrast(line, theme.background) > 1.8


def test_coordinates_are_short() -> None:
    assert [number(value) for value in (1.0, -0.001, 2.50, 1 / 3)] == ["1", "0", "2.5", "0.33"]


def test_a_line_along_the_axes_gets_round_corners() -> None:
    assert rounded([(0, 0), (0, 10), (20, 10)], 4) == "M0 0L0 6Q0 10 4 10L20 10"
