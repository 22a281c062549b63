"""Elements, ulps and tolerances: PyTorch says what is close, and which number comes next."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from graphlab.comparing import Tolerance, read_tolerance
from graphlab.comparing.beginning import find_beginning
from graphlab.comparing.elements import apart, is_another_order, ulps
from graphlab.comparing.growth import tell_growth
from graphlab.comparing.tolerance import BY_DTYPE
from graphlab.errors import UsageError
from graphlab.model import Snapshot

DTYPES = ("float16", "bfloat16", "float32", "float64")
NUMBERS = some.one_of(
    some.floats(-8, 8, width=16), some.sampled_from([0.0, -0.0, float("nan"), float("inf"), -float("inf"), 1e-6])
)


def kept(tensor: torch.Tensor) -> Snapshot:
    """Return what a recording keeps of a small tensor."""
    dtype = str(tensor.dtype).removeprefix("torch.")
    array = (tensor.float() if dtype == "bfloat16" else tensor).numpy()
    return Snapshot(tuple(tensor.shape), dtype, "cpu", array.dtype.str, data=array.tobytes())


@pytest.mark.parametrize("dtype", [*BY_DTYPE, "int64", "bool"])
def test_the_tolerances_are_those_of_torch(dtype: str) -> None:
    expected = torch.testing._comparison.default_tolerances(getattr(torch, dtype))
    assert Tolerance().of(dtype) == expected


@given(some.sampled_from(DTYPES), some.lists(some.tuples(NUMBERS, NUMBERS), min_size=1, max_size=6))
def test_what_is_close_is_what_assert_close_lets_pass(dtype: str, pairs: list[tuple[float, float]]) -> None:
    expected, actual = (torch.tensor([pair[side] for pair in pairs], dtype=getattr(torch, dtype)) for side in (0, 1))
    is_close = True
    try:
        torch.testing.assert_close(actual, expected, equal_nan=True)
    except AssertionError:
        is_close = False
    assert (apart(kept(expected), kept(actual), Tolerance()) is None) == is_close


@given(some.sampled_from(DTYPES), some.floats(-100, 100, width=16), some.integers(0, 5))
def test_ulps_count_the_numbers_that_lie_between(dtype: str, start: float, count: int) -> None:
    first = torch.tensor(start, dtype=getattr(torch, dtype))
    last = first.clone()
    for _ in range(count):
        last = torch.nextafter(last, torch.tensor(float("inf"), dtype=last.dtype))
    assert ulps(first.item(), last.item(), dtype, dtype) == count
    assert ulps(last.item(), first.item(), dtype, dtype) == count


def test_ulps_of_two_dtypes_are_those_of_the_coarser_and_nan_has_none() -> None:
    value = torch.tensor(0.1)
    assert ulps(value.item(), value.bfloat16().item(), "float32", "bfloat16") == 0
    assert ulps(float("nan"), 1.0, "float32", "float32") is None
    assert ulps(3, 4, "int64", "int64") is None


def test_bit_for_bit_minus_zero_is_not_zero_and_nan_is_nan() -> None:
    one = kept(torch.tensor([1.0, 0.0, float("nan")]))
    two = kept(torch.tensor([1.0, -0.0, float("nan")]))
    found = apart(one, two)
    assert found is not None
    assert (found.index, found.elements, found.of, found.ulps) == ((1,), 1, 3, 0)
    assert apart(one, two, Tolerance(0.0, 0.0)) is None
    assert apart(one, one) is None


def test_the_first_element_is_told_by_its_place_in_the_tensor_also_of_a_sample() -> None:
    whole = torch.zeros(4, 5)
    other = whole.clone()
    other[2, 3] = 1.0
    other[3, 0] = 2.0
    found = apart(kept(whole), kept(other))
    assert found is not None
    assert (found.index, found.elements) == ((2, 3), 2)
    samples = [
        Snapshot((4, 5), "float32", "cpu", "<f4", 3, each.flatten()[::3].numpy().tobytes(), each.norm().item())
        for each in (whole, other)
    ]
    found = apart(samples[0], samples[1])
    assert found is not None
    assert (found.index, found.what) == ((3, 0), "element")
    # What lies between the elements of a sample shows in the norm.
    other[3, 0] = 0.0
    missed = Snapshot((4, 5), "float32", "cpu", "<f4", 3, other.flatten()[::3].numpy().tobytes(), other.norm().item())
    found = apart(samples[0], missed)
    assert found is not None
    assert found.what == "norm"


def test_the_same_rows_in_another_order_are_known() -> None:
    rows = torch.arange(12.0).reshape(4, 3)
    assert is_another_order(kept(rows), kept(rows[torch.tensor([2, 0, 3, 1])]))
    assert not is_another_order(kept(rows), kept(rows))
    assert not is_another_order(kept(rows), kept(rows + 1))


@pytest.mark.parametrize("text", ["", "x", "-1", "1e-3,", "1,2,3", "nan", "inf"])
def test_a_tolerance_that_is_none_is_refused_in_a_line(text: str) -> None:
    with pytest.raises(UsageError, match="--tolerance takes"):
        read_tolerance(text)


def test_a_tolerance_is_read_as_it_is_meant() -> None:
    assert read_tolerance("1e-3") == Tolerance(1e-3, 0.0)
    assert read_tolerance("1e-3, 1e-6") == Tolerance(1e-3, 1e-6)
    assert read_tolerance("dtype") == read_tolerance(None) == Tolerance()


GROWN = {
    "none": numpy.zeros(50),
    "rounding": 1e-7 * (1 + numpy.arange(50) % 5),
    "chaos": 1e-7 * 1.4 ** numpy.arange(50),
    "jump": numpy.where(numpy.arange(50) < 30, 1e-7, 0.3),
}


@pytest.mark.parametrize("kind", GROWN)
def test_rounding_that_stays_or_grows_is_told_from_a_jump(kind: str) -> None:
    growth = tell_growth(GROWN[kind], "float32", 1.3e-6)
    assert growth.kind == kind
    if kind == "chaos":
        assert growth.factor == pytest.approx(1.4, rel=0.01)
    if kind == "jump":
        assert growth.jump == 31


def test_a_mistake_from_the_first_step_on_is_a_jump() -> None:
    growth = tell_growth(numpy.array([numpy.nan, 0.2, 0.3]), "float32", 1.3e-6)
    assert (growth.kind, growth.start, growth.jump) == ("jump", 2, 2)


LOSSES = numpy.array([5.0, 4.0, 3.5, 3.1, 3.0])


@pytest.mark.parametrize(
    ("one", "two", "found"),
    [
        (LOSSES, LOSSES, (1, 1)),
        (LOSSES, LOSSES[2:], (3, 1)),
        (LOSSES[2:], LOSSES, (1, 3)),
        (LOSSES, LOSSES + 1, (1, 1)),
        (LOSSES, LOSSES[4:], (1, 1)),  # one loss alone may be the same by chance
        (numpy.array([1.0, 0.0, 0.0, 0.0]), numpy.zeros(3), (1, 1)),
        (LOSSES, numpy.zeros(0), (1, 1)),
    ],
)
def test_a_run_that_went_on_is_known_by_its_losses(one: Any, two: Any, found: tuple[int, int]) -> None:
    assert find_beginning(one, two) == found
