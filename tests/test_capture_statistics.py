"""The running statistics of norms have the values of each moment, though torch counts no version for them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.recorded import record_text

LEAF = "import torch\nimport torch.nn.functional as F\nw = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)\n"


@pytest.mark.parametrize(
    "norm",
    [
        "F.batch_norm(x * w, mean, variance, training=moves)",
        "F.instance_norm((x * w)[None], mean, variance, use_input_stats=moves)",
        "torch.batch_norm(x * w, None, None, mean, variance, moves, 0.1, 1e-5, False)",
    ],
)
def test_running_statistics_are_kept_as_a_norm_has_moved_them(tmp_path: Path, norm: str) -> None:
    """No version counts that: nothing but the call tells that they move."""
    run = record_text(
        tmp_path,
        LEAF
        + f"""\
import json
mean, variance = torch.zeros(3), torch.ones(3)
x = torch.arange(12.0).reshape(4, 3){".T" if "instance" in norm else ""}
{"w = w[:, None]" if "instance" in norm else ""}
for moves in (True, False, True):
    {norm}.pow(3).sum().backward(retain_graph=True)
    print(json.dumps([mean.tolist(), variance.tolist()]))
""",
    )
    printed = [(event.id, json.loads(event.text)) for event in run.events if event.kind == "output"]
    assert printed[0][1] == printed[1][1] != printed[2][1]
    for moment, statistics in printed:
        held = {each.name: each.tensor for each in run.variables(moment) if each.tensor is not None}
        for name, numbers in zip(("mean", "variance"), statistics, strict=True):
            kept = run.snapshot(held[name].snapshot)
            assert kept is not None and kept.array is not None
            assert kept.array.tolist() == numbers
