"""Two runs compared by their numbers, in the ways that people do: what was changed is what is found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graphlab.comparing import RunComparison, Tolerance, compare_runs
from graphlab.comparing.words import number_lines
from graphlab.recording import Recording
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
