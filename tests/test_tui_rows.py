"""Rows of text: fitting, cutting, wrapping, and plain ASCII."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some
from rich.cells import cell_len
from rich.style import Style

from graphlab.tui.pane import paint
from graphlab.tui.rows import Row, fit, over, row_text, row_width, rule, spread, to_ascii, wrap
from graphlab.tui.theme import DARK, HEAT_LEVELS, LIGHT, SAFE, STYLE_NAMES, TERMINAL, Palette, heat_colours

texts = some.text(max_size=30)
rows = some.lists(some.tuples(texts, some.sampled_from(sorted(STYLE_NAMES))), max_size=5)


@given(rows, some.integers(1, 60), some.integers(0, 20))
def test_a_fitted_row_is_exactly_as_wide_as_asked(row: Row, width: int, start: int) -> None:
    assert row_width(fit(row, width, start=start)) == width


@given(rows, rows, some.integers(1, 60))
def test_two_rows_are_spread_over_the_width(left: Row, right: Row, width: int) -> None:
    assert row_width(spread(fit(left, 20), fit(right, 15), width)) == width


@given(texts, some.integers(1, 60))
def test_a_rule_fills_the_width(label: str, width: int) -> None:
    assert row_width(rule(label, width)) == width


@given(texts, some.integers(2, 30))
def test_wrapped_lines_are_no_wider_than_asked_and_lose_nothing(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(" ".join(lines).split()) == "".join(wrap(text, 10_000)).replace(" ", "")


@given(texts)
def test_ascii_keeps_the_width(text: str) -> None:
    plain = to_ascii(text)
    assert plain.isascii()
    assert cell_len(plain) == cell_len(text)


@pytest.mark.parametrize("text", ["┏━━┓╭╌╮│◉●○✓▷▶◀∇∂‖▁█▓", "─┼┤├┬┴"])
def test_signs_that_differ_stay_apart_from_blanks_in_ascii(text: str) -> None:
    assert " " not in to_ascii(text)
    assert "?" not in to_ascii(text)


def test_what_is_cut_ends_in_an_ellipsis_and_blanks_are_no_loss() -> None:
    assert row_text(fit([("abcdef", "")], 4)) == "abc…"
    assert row_text(fit([("abc", ""), ("def", "")], 3)) == "ab…"
    assert row_text(fit([("abc   ", ""), ("  ", "")], 3)) == "abc"
    assert row_text(fit([("日本語", "")], 4)) == "日…" + " " or row_width(fit([("日本語", "")], 4)) == 4


def test_control_characters_never_reach_the_terminal() -> None:
    assert "\x1b" not in row_text(fit([("a\x1b[31mb\tc\x07", "")], 30))


@pytest.mark.parametrize("theme", [DARK, LIGHT, SAFE, TERMINAL])
@pytest.mark.parametrize("has_colour", [True, False])
@given(rows)
def test_every_segment_has_a_style(theme: str, has_colour: bool, row: Row) -> None:
    strip = paint(over(row, "selected"), 40, Palette(theme, has_colour=has_colour), Style())
    assert all(segment.style is not None for segment in strip)
    assert strip.cell_length == 40


@pytest.mark.parametrize("theme", [DARK, LIGHT, SAFE])
def test_heat_has_eleven_levels_that_differ(theme: str) -> None:
    assert len(set(heat_colours(theme))) == HEAT_LEVELS
    assert {f"heat.{level}" for level in range(HEAT_LEVELS)} <= STYLE_NAMES
