"""A description in a narrow pane: prose, lists, tables and formulas, each as a reader expects it."""

from __future__ import annotations

import pytest

from graphlab.scenario import list_scenarios
from graphlab.tui.prose import plain, prose_rows, sentence
from graphlab.tui.rows import row_text, row_width


def shown(text: str, width: int = 24) -> list[str]:
    return [row_text(row).rstrip() for row in prose_rows(text, width)]


def test_paragraphs_are_broken_between_words_and_parted_by_an_empty_row() -> None:
    assert shown("One **two** `three` four five six.\n\nSeven.") == [
        "One two three four five", "six.", "", "Seven.", "",
    ]  # fmt: skip


def test_a_product_keeps_its_sign_where_emphasis_loses_it() -> None:
    assert plain("*never* w * x + `b`, 2*x") == "never w * x + b, 2*x"


def test_what_is_told_beside_the_code_keeps_all_signs_but_those_around_code() -> None:
    assert sentence("The node of `to` is (a + b)*c.") == "The node of to is (a + b)*c."


def test_the_items_of_a_list_hang_below_their_first_word() -> None:
    assert shown("- one item that is\n  rather long\n- two\n\n1. first\n2. second") == [
        "· one item that is", "  rather long", "· two", "", "1. first", "2. second", "",
    ]  # fmt: skip


def test_a_table_has_columns_and_its_widest_gives_way() -> None:
    table = "| rank | for instance |\n| --- | --- |\n| 0 | one number |\n| 12 | a matrix: four weeks, one a row |"
    assert shown(table) == [
        "rank  for instance", "0     one number", "12    a matrix: four", "      weeks, one a row", "",
    ]  # fmt: skip
    assert shown(table, 60)[2] == "12    a matrix: four weeks, one a row"


def test_a_formula_keeps_its_line_or_parts_where_its_author_left_a_gap() -> None:
    assert shown("    h = relu(x)        y = h · W2") == ["  h = relu(x)", "  y = h · W2", ""]
    assert shown("    h = relu(x)        y = h · W2", 40) == ["    h = relu(x)        y = h · W2", ""]


@pytest.mark.parametrize("width", [10, 36])
def test_no_description_of_ours_is_wider_than_its_pane_or_shows_a_sign_of_markdown(width: int) -> None:
    for scenario in list_scenarios():
        rows = prose_rows(scenario.description, width)
        assert max(map(row_width, rows)) <= width
        text = "\n".join(map(row_text, rows))
        assert "**" not in text
        assert "| ---" not in text
