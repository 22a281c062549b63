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


PLAIN_LIST = """
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [torch.nn.Linear(2, 2) for _ in range(3)]

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x

net = Net()
net(torch.ones(1, 2)).sum().backward()
"""


def test_models_that_go_by_one_name_in_a_loop_are_told_apart(tmp_path: Path) -> None:
    run = record_text(tmp_path, PLAIN_LIST)
    names = {f"layer{number}.{name}" for number in ("", "#2", "#3") for name in ("bias", "weight")}
    assert set(parameters(run)) == names
    run.close()
