"""The figures of large tensors: those of every number in them, however they lie in memory and whoever changed them."""

from __future__ import annotations

from typing import Any, cast

import numpy
import pytest
import torch

from graphlab.capture.figures import Figures, distance
from graphlab.capture.sink import Sink
from graphlab.capture.snapshots import take_snapshot

_LAYOUTS = {
    "plain": torch.randn(100, 91),
    "transposed": torch.randn(513, 129).t(),
    "permuted": torch.randn(20, 30, 40).permute(2, 0, 1),
    "with gaps": torch.randn(200, 100)[::2],
    "expanded": torch.ones(1).expand(9000),
    "beyond the squares of float32": torch.randn(5000) * 1e20,
    "below them": torch.randn(5000) * 1e-25,
    "far below, in several pieces": torch.randn(150_000) * 1e-40,
    "near the end of float32": torch.randn(5000).clamp(-3, 3) * 1e38,
    "nothing but zeros": torch.zeros(5000),
    "integers": torch.arange(9999),
    "bytes": torch.randint(256, (30_000,), dtype=torch.uint8),
    "bytes with gaps": torch.randint(-128, 128, (99, 200), dtype=torch.int8)[:, ::2],
    "truths": torch.randn(9999) > 0,
    "double": torch.randn(9999, dtype=torch.float64) * 1e30,
    "complex": torch.randn(99, 99, dtype=torch.complex64),
    "half": torch.randn(99, 99).bfloat16(),
}


@pytest.mark.parametrize("layout", _LAYOUTS)
def test_figures_are_those_of_all_numbers_and_samples_are_read_in_order(layout: str) -> None:
    tensor, figures = _LAYOUTS[layout], Figures()
    wide = (tensor.abs() if tensor.is_complex() else tensor).double()
    for _ in range(2):  # the second time they are remembered
        norm, minimum, maximum = figures.find(tensor)
        assert norm == pytest.approx(float(torch.linalg.vector_norm(wide)), rel=1e-7)
        assert (minimum, maximum) == (float(wide.min()), float(wide.max()))
    assert torch.equal(figures.sample(tensor, 7), tensor.reshape(-1)[::7])


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_a_large_tensor_with_a_number_that_is_not_finite_has_a_norm_that_is_not(value: float) -> None:
    tensor = torch.zeros(100_000)
    tensor[70_000] = value
    assert Figures().find(tensor)[0] == pytest.approx(abs(value), nan_ok=True)
    assert distance(torch.zeros(100_000), tensor) == pytest.approx(abs(value), nan_ok=True)


def test_a_large_tensor_that_did_not_move_or_hardly_has_its_distance() -> None:
    before, moved = torch.full((100_000,), 1e-30), torch.full((100_000,), 1e-30)
    assert distance(before, moved) == 0.0
    moved[99_999] = 3e-30
    assert distance(before, moved) == pytest.approx(2e-30, rel=1e-6)


def test_a_transpose_has_the_figures_of_what_it_was_made_from() -> None:
    tensor, figures = torch.randn(100, 91), Figures()
    assert figures.find(tensor) is figures.find(tensor.t())


def test_parts_of_one_tensor_are_remembered_each_for_itself() -> None:
    """What a layer of attention does: queries, keys and values lie in one tensor, with gaps, and are turned."""
    figures, whole = Figures(), torch.randn(8, 32, 3 * 64)
    parts = [part.view(8, 32, 4, 16).transpose(1, 2) for part in whole.split(64, dim=2)]
    found = [figures.find(part) for part in parts]
    for part, (norm, minimum, maximum) in zip(parts, found, strict=True):
        assert norm == pytest.approx(float(torch.linalg.vector_norm(part.double())), rel=1e-7)
        assert (minimum, maximum) == (float(part.min()), float(part.max()))
        assert figures.find(part.transpose(1, 2)) is figures.find(part)
    whole.data[:, :, :64] = 1.0  # of which no version says anything
    assert figures.find(parts[0])[1:] == (1.0, 1.0)
    assert figures.find(parts[1]) is found[1]
    assert figures.find(parts[2]) is found[2]


def test_a_change_is_seen_in_memory_that_was_looked_at_before() -> None:
    tensor, figures = torch.zeros(100, 100), Figures()
    assert figures.find(tensor) == (0.0, 0.0, 0.0)
    tensor[3, 4] = 2.0
    assert figures.find(tensor) == (2.0, 0.0, 2.0)
    tensor.data.fill_(1.0)  # of which its version says nothing
    assert figures.find(tensor) == (100.0, 1.0, 1.0)
    tensor.data[5, 5] = 3.0
    figures.forget(tensor)
    assert figures.find(tensor)[2] == 3.0


def test_what_is_gone_is_not_remembered() -> None:
    """A weak reference to a storage keeps a few bytes of it, in the middle of the memory of others."""
    figures = Figures()
    held = [torch.full((5000,), float(number)) for number in range(40)]
    for tensor in held:
        figures.find(tensor)
    for number in range(100):
        figures.find(torch.full((5000,), float(number)))
    assert 40 <= len(figures._known) < 70
    assert all(figures.look(tensor).found[2] == number for number, tensor in enumerate(held))


def test_memory_that_is_used_again_has_figures_of_its_own() -> None:
    figures = Figures()
    for value in (1.0, 2.0, 3.0):
        tensor = torch.zeros(100, 100)
        tensor[-1, -1] = value
        assert figures.find(tensor)[2] == value
        del tensor


def test_a_distance_is_that_of_all_numbers() -> None:
    before = torch.randn(100, 100)
    after = before + 1e-6 * torch.randn(100, 100)
    expected = float(torch.linalg.vector_norm(after.double() - before.double()))
    assert distance(before, after) == pytest.approx(expected, rel=1e-6)
    assert distance(before.t(), after.t()) == pytest.approx(expected, rel=1e-6)
    assert distance(before, after[1:]) is None


class Kept:
    """Numbers snapshots, as a recording does, and holds them."""

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []

    def add_snapshot(self, *row: Any) -> int:
        self.rows.append(row)
        return len(self.rows)

    def add_values(self, shape: tuple[int, ...], dtype: str, stored: str, data: bytes) -> int:
        return self.add_snapshot(shape, dtype, "cpu", stored, 1, data, None, None, None)


def test_what_is_large_is_kept_once_for_each_way_to_read_it() -> None:
    tensor, figures, kept = torch.randn(100, 91), Figures(), Kept()

    def take(each: torch.Tensor) -> int | None:
        return take_snapshot(cast("Sink", kept), each, figures, has_values=True)

    first, turned = take(tensor), take(tensor.t())
    assert (take(tensor.detach()), take(tensor.t())) == (first, turned)
    assert first != turned
    assert take(tensor.clone()) not in {first, turned}, "other memory"
    tensor.mul_(2.0)
    assert take(tensor) == take(tensor) == 4, "it has changed"
    for row, values in zip(kept.rows, (tensor / 2, tensor.t() / 2, tensor / 2, tensor), strict=True):
        assert row[0] == tuple(values.shape)
        assert torch.equal(torch.frombuffer(bytearray(row[5]), dtype=torch.float32), values.reshape(-1)[:: row[4]])
    tensor.data.fill_(1.0)
    assert take(tensor) == take(tensor) == 5, "of which its version says nothing"
    tensor.data[5, 5] = 3.0
    figures.forget(tensor)
    assert take(tensor) == take(tensor) == 6, "of which we are told"


@pytest.mark.parametrize(
    "tensor",
    [
        torch.randn(5, 7).t(), torch.randn(3, 4, 5).permute(2, 0, 1), torch.randn(6, 6)[1::2, ::3],
        torch.randn(4, 1).expand(4, 3), torch.arange(24).reshape(4, 6).t(), torch.randn(3, 4).bfloat16().t(),
        torch.randn(4, 4, dtype=torch.complex64).t(), torch.randn(4, 4, dtype=torch.complex64).conj().imag,
    ],
)  # fmt: skip
def test_small_values_are_kept_in_the_order_in_which_they_are_read(tensor: torch.Tensor) -> None:
    kept = Kept()
    take_snapshot(cast("Sink", kept), tensor, Figures(), has_values=True)
    (row,) = kept.rows
    values = torch.from_numpy(numpy.frombuffer(row[5], row[3]).copy()).reshape(row[0])
    assert torch.equal(values, tensor.to(values.dtype))


@pytest.mark.parametrize("tensor", [torch.randn(64, 32), torch.randn(64, 32).t(), torch.randn(100, 91)])
def test_what_lost_its_memory_is_not_read(tensor: torch.Tensor) -> None:
    kept = Kept()
    tensor.untyped_storage().resize_(64)
    assert take_snapshot(cast("Sink", kept), tensor, Figures(), has_values=True) is None
    assert not kept.rows
