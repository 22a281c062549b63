"""What parameters are called, whatever a script calls the object that a method works on."""

from __future__ import annotations

from pathlib import Path

from graphlab.recording import Recording
from tests.recorded import record_text

TWO_LAYERS = """
import torch

class Block(torch.nn.Module):
    def __init__({self}, width):
        half = width // 2
        super().__init__()
        {self}.narrow = torch.nn.Linear(width, half)
        {self}.wide = torch.nn.Linear(half, width)

    def forward({self}, x):
        return {self}.wide({self}.narrow(x))

model = torch.nn.Sequential(Block(4), Block(4))
model(torch.ones(1, 4)).sum().backward()
"""
HALF_BUILT = """
import torch

late = torch.nn.Linear.__new__(torch.nn.Linear)
late.__init__(2, 1)
model = late
late(torch.ones(1, 2)).sum().backward()
"""


def parameters(run: Recording) -> list[str]:
    graph = run.graph(step=1)
    return sorted(data["name"] for _, data in graph.nodes(data=True) if data["kind"] == "parameter")


def test_a_module_may_call_itself_anything(tmp_path: Path) -> None:
    found = {}
    for name in ("self", "s", "this"):
        run = record_text(tmp_path, TWO_LAYERS.format(self=name), name=f"as_{name}")
        assert run.notes == []
        modules = {data["module"] for _, data in run.graph(step=1).nodes(data=True) if data["module"]}
        found[name] = parameters(run), modules
        run.close()
    assert found["s"] == found["this"] == found["self"]
    assert "1.wide.bias" in found["s"][0]
    assert "1.narrow" in found["s"][1]


def test_a_module_that_is_not_built_yet_waits_for_its_name(tmp_path: Path) -> None:
    run = record_text(tmp_path, HALF_BUILT)
    assert run.notes == []
    assert parameters(run) == ["bias", "weight"]
    run.close()
