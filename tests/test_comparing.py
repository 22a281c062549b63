"""Two runs compared by their numbers, in the ways that people do: what was changed is what is found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest
import torch

from graphlab.comparing import RunComparison, Tolerance, compare_runs
from graphlab.comparing.words import number_lines
from graphlab.errors import UsageError
from graphlab.recording import Recording
from tests.light_builder import light_run
from tests.recorded import record_text

PERCEPTRON = '''
    """A small perceptron"""
    import torch
    from torch import nn

    SEED = 0
    LR = 0.1
    STEPS = 8
    DTYPE = "float32"
    ORDER = 0

    torch.manual_seed(SEED)
    dtype = getattr(torch, DTYPE)
    data = torch.randn(32, 5)
    target = (data.sum(1, keepdim=True) > 0).float()
    data, target = data.to(dtype), target.to(dtype)
    model = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 1)).to(dtype)
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=0.9)
    generator = torch.Generator().manual_seed(ORDER)
    for step in range(STEPS):
        if step % 4 == 0:
            order = torch.randperm(32, generator=generator)
        rows = order[step % 4 * 8 : step % 4 * 8 + 8]
        loss = nn.functional.mse_loss(model(data[rows]), target[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    '''


class Runs:
    """Records the perceptron with other parameters, each once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, Recording] = {}

    def run(self, name: str = "plain", text: str = PERCEPTRON, **settings: Any) -> Recording:
        """Return the run of this name, with these parameters."""
        if name not in self._made:
            for key, value in settings.items():
                before = next(line for line in text.splitlines() if line.strip().startswith(f"{key} = "))
                text = text.replace(before, f"    {key} = {value!r}")
            parameters = {"SEED": 0, "LR": 0.1, "DTYPE": "float32", "ORDER": 0} | settings
            self._made[name] = record_text(
                self._folder, text, name=name, parameters=parameters, seed=parameters["SEED"]
            )
        return self._made[name]

    def compare(self, other: Recording, **options: Any) -> RunComparison:
        """Compare the plain run with another."""
        return compare_runs(self.run(), other, **options)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return Runs(tmp_path_factory.mktemp("runs"))


def test_a_run_repeated_is_the_same_bit_for_bit(runs: Runs) -> None:
    found = runs.compare(runs.run("again"))
    assert found.is_equal
    assert found.walk.first is None
    assert number_lines(found) == ["numbers: the same, bit for bit, at all 8 steps"]


def test_another_learning_rate_parts_at_the_first_update_and_is_a_jump(runs: Runs) -> None:
    found = runs.compare(runs.run("faster", LR=0.1001))
    place = found.walk.first
    assert place is not None
    assert (place.step, place.a.sort, place.a.name, place.a.line) == (1, "update", "0.weight", 27)
    first = {outcome.sort: outcome.first for outcome in found.outcomes if outcome.first is not None}
    assert first == {"loss": 2, "gradient": 2, "value": 1}
    assert found.causes.initial == ()
    assert found.causes.data is None
    assert [change.words for change in found.causes.facts if not change.is_script] == [
        "scenario: plain -> faster",
        "LR: 0.1 -> 0.1001",
    ]
    assert (found.growth.kind, found.growth.jump) == ("jump", 2)
    assert not found.is_within
    assert runs.compare(runs.run("faster"), tolerance=Tolerance(0.1, 0.1)).is_within


def test_another_seed_is_named_with_the_parameters_and_the_data_that_it_makes(runs: Runs) -> None:
    found = runs.compare(runs.run("seeded", SEED=1))
    place = found.walk.first
    assert place is not None
    assert (place.a.sort, place.a.name, place.a.line, place.apart.index) == ("op", "randn", 14, (0, 0))
    assert found.causes.initial == ("0.weight", "0.bias", "2.weight", "2.bias")
    assert found.causes.data is not None
    assert (found.causes.data.sort, found.causes.data.shared) == ("other", 0)
    assert "seed: 0 -> 1" in number_lines(found, has_facts=True)[2]


def test_the_same_rows_in_another_order_are_told_from_other_rows(runs: Runs) -> None:
    found = runs.compare(runs.run("shuffled", ORDER=1))
    place = found.walk.first
    assert place is not None
    assert (place.a.name, place.is_another_order) == ("randperm", True)
    assert found.causes.initial == ()
    data = found.causes.data
    assert data is not None
    assert (data.step, data.sort, data.rows) == (1, "order", 32)
    assert any("the same 32 rows in both" in line for line in number_lines(found))


def test_bfloat16_parts_where_rounding_first_shows_and_is_measured_by_its_own_tolerance(runs: Runs) -> None:
    found = runs.compare(runs.run("short", DTYPE="bfloat16"))
    place = found.walk.first
    assert place is not None
    assert place.dtypes == ("float32", "bfloat16")
    # What was rounded to the nearest is no further away than that.
    assert (place.a.name, place.apart.ulps) == ("getitem", 0)
    assert found.causes.initial == ()
    assert found.causes.data is None
    assert ("dtype", "float32", "bfloat16") in [(change.name, change.a, change.b) for change in found.causes.facts]
    assert found.tolerance.of(*found.dtypes) == (1.6e-2, 1e-5)
    assert found.growth.kind == "rounding"


PIECES = """
    import torch

    PIECES = 1
    torch.manual_seed(0)
    x = torch.randn(32, 24)
    y = torch.sin(3 * x[:, :1])
    W = (torch.randn(24, 16) / 5).requires_grad_()
    V = (torch.randn(16, 1) / 5).requires_grad_()
    optimizer = torch.optim.SGD([W, V], lr=0.5, momentum=0.9)
    for step in range(40):
        hidden = x @ W if PIECES == 1 else x[:, :12] @ W[:12] + x[:, 12:] @ W[12:]
        loss = ((hidden.tanh() @ V - y) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    """


def test_another_order_of_a_sum_parts_by_ulps_and_grows_without_a_jump(tmp_path: Path) -> None:
    """As between a CPU and a GPU, or one thread and many: the products are the same, their sum is blocked otherwise."""
    one = record_text(tmp_path, PIECES, name="one")
    two = record_text(tmp_path, PIECES.replace("PIECES = 1", "PIECES = 2"), name="two")
    found = compare_runs(one, two)
    place = found.walk.first
    assert place is not None
    assert (place.step, place.a.name, place.a.line) == (1, "tanh", 13)
    assert place.apart.ulps in {1, 2}
    other = found.walk.other
    assert other is not None
    assert (other.a and other.a.name, other.b and other.b.name) == ("matmul", "getitem")
    # Rows of another width are another op, and no other data.
    assert found.causes.data is None
    assert found.growth.kind == "chaos"
    assert found.growth.begins is not None
    assert 1e-8 < found.growth.begins < 1e-6
    assert found.growth.factor is not None
    assert found.growth.factor > 1


ACCUMULATED = """
    import torch
    from torch import nn

    PARTS = 1
    torch.manual_seed(0)
    x = torch.randn(32, 5)
    y = torch.randn(32, 1)
    model = nn.Linear(5, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(3):
        optimizer.zero_grad()
        for part, target in zip(x.chunk(PARTS), y.chunk(PARTS), strict=True):
            loss = nn.functional.mse_loss(model(part), target) / PARTS
            loss.backward()
        optimizer.step()
    """


def test_gradients_that_add_up_agree_with_those_of_one_large_batch(tmp_path: Path) -> None:
    one = record_text(tmp_path, ACCUMULATED, name="one")
    four = record_text(tmp_path, ACCUMULATED.replace("PARTS = 1", "PARTS = 4"), name="four")
    found = compare_runs(one, four)
    assert found.is_within
    assert found.walk.beyond is None
    data = found.causes.data
    assert data is not None
    assert (data.sort, data.rows) == ("batches", 32)
    # Of the four parts of a gradient their sum alone has a counterpart.
    place = found.walk.first
    assert place is not None
    assert place.a.sort == "grad"
    exact = compare_runs(one, four, Tolerance(0.0, 0.0))
    assert not exact.is_within


RESUMED = """
    import torch

    START = 0
    torch.manual_seed(0)
    x = torch.randn(8, 3)
    y = x.sum(1, keepdim=True)
    model = torch.nn.Linear(3, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    if START:
        saved = torch.load("FOLDER/saved.pt")
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
    for step in range(START, 7):
        if step == 4:
            torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, "FOLDER/saved.pt")
        loss = ((model(x) - y) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    """


def test_a_run_that_goes_on_from_a_checkpoint_stands_beside_the_step_it_went_on_at(tmp_path: Path) -> None:
    text = RESUMED.replace("FOLDER", tmp_path.as_posix())
    whole = record_text(tmp_path, text, name="whole")
    resumed = record_text(tmp_path, text.replace("START = 0", "START = 4"), name="resumed")
    found = compare_runs(whole, resumed)
    assert (found.a.skipped, found.b.skipped, found.count) == (4, 0, 3)
    assert found.first_step is None
    assert number_lines(found) == [
        "numbers: the same, bit for bit, at the 3 steps that both have",
        "  step 5 of A stands beside step 1 of B",
    ]
    back = compare_runs(resumed, whole)
    assert (back.a.skipped, back.b.skipped) == (0, 4)
    # Beside the wrong step nothing is the same, and steps are numbered as in A.
    wrong = compare_runs(whole, resumed, begins=(4, 1))
    assert "not the same from step 4 on" in number_lines(wrong)[0]
    with pytest.raises(UsageError, match="no step 9"):
        compare_runs(whole, resumed, begins=(9, 1))


def test_light_runs_part_at_the_norm_of_one_gradient_and_say_how_to_see_the_op(tmp_path: Path) -> None:
    def bump(step: int, norms: numpy.ndarray[tuple[int], numpy.dtype[numpy.float64]]) -> None:
        if step >= 482:
            norms[3] *= 1 + 1e-9 * 1.05 ** (step - 482)

    for name in "ab":
        (tmp_path / name).mkdir()
    found = compare_runs(light_run(tmp_path / "a", 700, 5), light_run(tmp_path / "b", 700, 5, bump))
    first = found.first
    assert first is not None
    assert (first.sort, first.name, first.first, first.is_whole) == ("gradient", "layers.3.weight", 482, False)
    assert found.walk.first is None
    assert found.growth.kind == "chaos"
    assert found.growth.factor == pytest.approx(1.05, rel=0.01)
    assert "--full 482" in number_lines(found)[-1]


def test_light_and_full_detail_of_one_run_are_the_same_also_where_norms_are_all_that_is_kept(tmp_path: Path) -> None:
    text = PERCEPTRON.replace("STEPS = 8", "STEPS = 13")  # of the steps 11 to 13 light detail keeps no values
    found = compare_runs(
        record_text(tmp_path, text, name="full"), record_text(tmp_path, text, name="light", detail="light")
    )
    assert found.first_step is None
    assert "by the norms" in number_lines(found)[0]
    assert (found.growth.kind, found.walk.walked) == ("none", 0)


def test_of_runs_of_two_lengths_the_steps_that_both_have_are_compared(runs: Runs) -> None:
    found = runs.compare(runs.run("shorter", STEPS=5))
    assert found.first_step is None
    assert not found.is_equal
    assert number_lines(found) == [
        "numbers: the same, bit for bit, at the 5 steps that both have",
        "  A has 8 steps, B 5",
    ]


def test_a_nan_is_equal_to_a_nan_and_infinitely_far_from_a_number(tmp_path: Path) -> None:
    text = """
        import torch

        BAD = 9
        w = torch.ones(2, requires_grad=True)
        for step in range(4):
            scale = float("nan") if step >= BAD else 1.0
            loss = (w * w * scale).sum()
            loss.backward()
            with torch.no_grad():
                w -= 0.1 * w.grad
            w.grad = None
        """
    good = record_text(tmp_path, text, name="good")
    bad = record_text(tmp_path, text.replace("BAD = 9", "BAD = 2"), name="bad")
    worse = record_text(tmp_path, text.replace("BAD = 9", "BAD = 2"), name="worse")
    assert compare_runs(bad, worse).first_step is None
    found = compare_runs(good, bad)
    assert found.first is not None
    assert (found.first.sort, found.first.first) == ("loss", 3)
    assert numpy.isposinf(found.distances.losses[2])
    assert (found.growth.kind, found.growth.jump) == ("jump", 3)
    place = found.walk.first
    assert place is not None
    assert (place.a.name, place.apart.ulps, place.apart.index) == ("mul", None, (0,))


def test_settings_that_change_the_last_digits_are_recorded_and_told(tmp_path: Path) -> None:
    text = "import torch\ntorch.set_num_threads(1)\nw = torch.ones(2, requires_grad=True)\nw.sum().backward()\n"
    before = torch.get_num_threads()
    try:
        one = record_text(tmp_path, text, name="one")
        three = record_text(tmp_path, text.replace("threads(1)", "threads(3)"), name="three")
    finally:
        torch.set_num_threads(before)
    facts = [change.words for change in compare_runs(one, three).causes.facts]
    assert "threads: 1 -> 3" in facts
