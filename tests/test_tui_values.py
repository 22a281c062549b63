"""What a tensor looks like: every row exactly as wide as asked, whatever the tensor, the size and the mode."""

from __future__ import annotations

import math
from typing import Any

import hypothesis.extra.numpy as numpy_strategies
import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as some
from rich.style import Style

from graphlab.model import Snapshot
from graphlab.tui.heat import levels_of, pool
from graphlab.tui.rows import join_text, row_width
from graphlab.tui.theme import DARK, STYLE_NAMES, TERMINAL, Look, palette_of
from graphlab.tui.values import MODES, Mode, bar_text, format_value, number_format, value_rows

GLYPHS = Look(has_heat=False)
ASCII = Look(has_heat=False, is_ascii=True)

arrays = numpy_strategies.arrays(
    dtype=some.sampled_from(["<f4", "<f8", "<f2", "<i8", "|u1", "|b1", "<c8"]),
    shape=numpy_strategies.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=12),
)


def keep(array: Any, **other: Any) -> Snapshot:
    """Make the snapshot of an array."""
    array = numpy.asarray(array)
    return Snapshot(array.shape, str(array.dtype), "cpu", array.dtype.str, data=array.tobytes(), **other)


def text(array: Any, mode: Mode = "heat", width: int = 46, height: int = 14, look: Look = GLYPHS) -> str:
    return join_text(value_rows(keep(array), width, height, mode, look))


@given(
    array=arrays,
    width=some.integers(1, 90),
    height=some.integers(1, 30),
    mode=some.sampled_from(MODES),
    look=some.sampled_from([Look(), GLYPHS, ASCII]),
    is_sample=some.booleans(),
)
def test_rows_fill_the_width_never_exceed_the_height_and_name_known_styles(
    array: numpy.ndarray[Any, Any], width: int, height: int, mode: Mode, look: Look, is_sample: bool
) -> None:
    snapshot = keep(array)
    if is_sample and array.size > 1:
        flat = array.reshape(-1)[::2]
        snapshot = Snapshot(
            array.shape,
            "float32",
            "cpu",
            flat.dtype.str,
            stride=2,
            data=flat.tobytes(),
            norm=1.0,
            minimum=0.0,
            maximum=1.0,
        )
    rows = value_rows(snapshot, width, height, mode, look)
    assert 1 <= len(rows) <= height
    for row in rows:
        assert row_width(row) == width
        for piece, names in row:
            assert set(names.split()) <= STYLE_NAMES
            assert piece.isprintable()
            # The mark of what is cut is written in ASCII by the filter over the whole screen.
            is_plain = piece.replace("…", "").isascii()
            assert look is not ASCII or mode != "heat" or is_plain or "heat" not in names
            for theme in (DARK, TERMINAL):
                assert isinstance(palette_of(theme).style(names, Style()), Style)


@given(array=numpy_strategies.arrays("<f8", (7, 5)), rows=some.integers(1, 9), columns=some.integers(1, 9))
def test_a_pooled_cell_keeps_the_largest_magnitude_and_never_hides_a_nan(
    array: numpy.ndarray[Any, Any], rows: int, columns: int
) -> None:
    pooled = pool(array, rows, columns)
    assert pooled.shape == (min(rows, 7), min(columns, 5))
    if numpy.isnan(array).any():
        assert numpy.isnan(pooled).any()
    else:
        assert numpy.abs(pooled).max() == numpy.abs(array).max()


def test_levels_keep_the_sign_and_set_apart_what_is_no_number() -> None:
    array = numpy.array([-2.0, 0.0, 2.0, math.nan, math.inf, -math.inf])
    assert levels_of(array, 2.0).tolist() == [-5, 0, 5, 7, 6, 6]


def test_a_scalar_is_one_number() -> None:
    assert text(numpy.float32(-2.451504)) == "-2.451504  float32"
    assert "nan" in text(numpy.float32("nan"))


def test_the_ramp_carries_the_sign_without_any_colour() -> None:
    lines = text([-10.0, 0.0, 10.0], width=80).split("\n")
    assert lines[1:] == ["@@@@····████", "-10 @%=-·░▒▓█ +10"]


def test_half_blocks_put_two_rows_into_one() -> None:
    rows = value_rows(keep(numpy.ones((20, 20))), 20, 14, "heat")
    assert sum("heat.10 onheat.10" in names for row in rows for _, names in row) >= 10


def test_nan_and_infinity_are_letters_in_cells_and_counted_in_words() -> None:
    shown = text([[1.0, 2.0, math.nan], [math.inf, -math.inf, 0.0]])
    assert "NNNN" in shown
    assert "∞∞∞∞" in shown
    assert "nan 1  inf 2" in shown
    assert "min 0  max 2" in shown


def test_figures_name_extremes_mean_norm_and_the_share_of_zeros() -> None:
    assert text([3.0, 4.0, 0.0, 0.0], width=80).startswith("min 0  max 4  mean 1.75  norm 5  zeros 50%  nan 0  inf 0")


def test_a_share_is_never_rounded_to_none_or_all() -> None:
    many = numpy.zeros(1000)
    many[0] = 1
    assert "zeros >99%" in text(many, width=80)
    assert "zeros <1%" in text(1 - many, width=80)


def test_numbers_stand_in_columns_under_their_indices() -> None:
    assert text([[4.05, -10.03], [5.94, 0.0]], "numbers").split("\n")[-3:] == [
        "        0      1",
        "0    4.05 -10.03",
        "1    5.94   0.00",
    ]


@pytest.mark.parametrize(
    ("shape", "words"), [((20, 20), "largest of 2 rows"), ((2, 90), "largest of 3 columns"), ((60, 90), " x 3")]
)
def test_a_crowded_heat_map_says_what_a_cell_stands_for(shape: tuple[int, ...], words: str) -> None:
    assert words in text(numpy.arange(math.prod(shape)).reshape(shape) / 7.0, "heat", width=44, height=14)


def test_a_large_table_ends_in_its_last_row_and_column() -> None:
    shown = text(numpy.arange(400.0).reshape(20, 20), "numbers", width=30, height=10)
    assert "⋯" in shown
    assert "⋮" in shown
    assert shown.endswith("399")


def test_a_small_number_beside_a_large_one_is_not_shown_as_zero() -> None:
    write = number_format(numpy.array([20.0, 3e-4]))
    assert [write(20.0), write(3e-4), write(0.0)] == ["20.00", "3e-4", "0.00"]


def test_a_vector_is_folded_under_the_index_of_its_first_number() -> None:
    lines = text(numpy.arange(30), "numbers", width=24, height=12).split("\n")
    assert any(line.split()[0] == "[6]" for line in lines)


def test_a_column_is_shown_as_a_row() -> None:
    assert text(numpy.ones((20, 1))).endswith("as a row")


def test_three_dimensions_are_slices_and_what_is_missing_is_said() -> None:
    shown = text(numpy.ones((16, 3, 3, 3)))
    assert "[0,0]" in shown
    assert "36 more slices" in shown


def test_a_sample_says_so() -> None:
    flat = numpy.ones(1024, "<f4")
    snapshot = Snapshot((1000, 1000), "float32", "cpu", "<f4", 976, flat.tobytes(), 1000.0, 1.0, 1.0)
    assert "sample of 1,024 of 1,000,000" in join_text(value_rows(snapshot, 60, 12, "heat"))


def test_values_that_were_not_kept_leave_the_figures() -> None:
    snapshot = Snapshot((9, 9), "float32", "cpu", "<f4", norm=3.0, minimum=-1.0, maximum=2.0)
    shown = join_text(value_rows(snapshot, 60, 12, "heat"))
    assert shown.split("\n") == ["values were not kept", "min -1  max 2  norm 3"]
    assert join_text(value_rows(None, 60, 12, "heat")) == "values were not kept"


def test_no_elements_is_said() -> None:
    assert text(numpy.empty((0, 3))) == "no elements"


@pytest.mark.parametrize(("array", "bars"), [([True, False, True], ["0", "1"]), ([1, 1, 3], ["1", "2", "3"])])
def test_few_whole_numbers_get_a_bar_each(array: list[Any], bars: list[str]) -> None:
    lines = text(array, "histogram").split("\n")
    assert [line.split()[0] for line in lines if "│" in line] == bars


def test_a_histogram_counts_every_number_once() -> None:
    array = numpy.random.default_rng(0).normal(size=1000)
    array[:3] = math.nan
    lines = [line for line in text(array, "histogram").split("\n") if "│" in line]
    assert sum(int(line.split()[-1].replace(",", "")) for line in lines) == 1000


def test_a_bar_is_never_nothing_for_something() -> None:
    assert bar_text(1e-9, 20, "half") == "▏"
    assert bar_text(0, 20, "half") == ""
    assert bar_text(1, 4, "ascii") == "####"


def test_numbers_are_brief() -> None:
    assert [format_value(value) for value in (1, True, 2.0, 1.23456, 1e-12, math.inf, 1 - 2j)] == [
        "1", "True", "2", "1.235", "1e-12", "inf", "1-2j",
    ]  # fmt: skip
