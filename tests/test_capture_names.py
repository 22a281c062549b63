"""What parameters are called, whatever a script calls the object that a method works on."""

from __future__ import annotations

from pathlib import Path

import pytest

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


@pytest.mark.parametrize("detail", ["full", "light"])
def test_layers_in_a_plain_list_go_by_their_place_in_it(tmp_path: Path, detail: str) -> None:
    run = record_text(tmp_path, PLAIN_LIST, detail=detail)
    assert set(parameters(run)) == {f"net.layers[{place}].{name}" for place in range(3) for name in ("bias", "weight")}
    assert {data["module"] for _, data in run.graph(step=1).nodes(data=True)} - {None} == {
        f"net.layers[{place}]" for place in range(3)
    }
    run.close()


APPENDED = """
import torch

class Trainer:
    def __init__(self):
        layers = []
        for _ in range(2):
            layer = torch.nn.Linear(2, 2)
            layers.append(layer)
        self.model = torch.nn.Module()
        self.model.scale = torch.nn.Parameter(torch.ones(2))
        self.model.blocks = layers

    def run(self, x):
        for block in self.model.blocks:
            x = block(x) * self.model.scale
        x.sum().backward()

Trainer().run(torch.ones(1, 2))
"""


@pytest.mark.parametrize("detail", ["full", "light"])
def test_an_attribute_that_holds_layers_names_them_rather_than_a_loop(tmp_path: Path, detail: str) -> None:
    run = record_text(tmp_path, APPENDED, detail=detail)
    names = {f"model.blocks[{place}].{name}" for place in range(2) for name in ("bias", "weight")}
    assert set(parameters(run)) == {"scale", *names}
    run.close()


@pytest.mark.parametrize("holder", ["list", "set"])
def test_models_that_go_by_one_name_in_a_loop_are_told_apart(tmp_path: Path, holder: str) -> None:
    text = f"""
    import torch
    x, made = torch.ones(1, 2), {holder}()
    for _ in range(2):
        layer = torch.nn.Linear(2, 2)
        x = layer(x)
        made.{"append" if holder == "list" else "add"}(layer)
    x.sum().backward()
    """
    run = record_text(tmp_path, text)
    places = ("made[0]", "made[1]") if holder == "list" else ("layer", "layer#2")
    assert set(parameters(run)) == {f"{place}.{name}" for place in places for name in ("bias", "weight")}
    run.close()


HELD = """
from collections import OrderedDict, namedtuple
from dataclasses import dataclass

import torch

@dataclass(slots=True)
class Params:
    scale: torch.Tensor

Pair = namedtuple("Pair", "left right")

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.loose = torch.ones(2, requires_grad=True)

def leaf():
    return torch.ones(2, requires_grad=True)

GLOBAL, net = leaf(), Net()

def train():
    params, pair, nested = Params(leaf()), Pair(leaf(), leaf()), {"a": [leaf()], "b": OrderedDict(w=leaf())}
    def inner():
        loss = params.scale * pair.left * pair.right * nested["a"][0] * nested["b"]["w"] * GLOBAL * net.loose
        loss.sum().backward()
    inner()

train()
"""


def test_light_names_leaves_wherever_the_script_holds_them(tmp_path: Path) -> None:
    run = record_text(tmp_path, HELD, detail="light")
    leaves = {data["name"] for _, data in run.graph(step=1).nodes(data=True) if data["kind"] in {"leaf", "parameter"}}
    assert leaves == {
        "params.scale", "pair.left", "pair.right", "nested['a'][0]", "nested['b']['w']", "GLOBAL", "net.loose"
    }  # fmt: skip
    run.close()


def test_a_leaf_has_its_name_in_a_backward_of_the_line_that_makes_it(tmp_path: Path) -> None:
    run = record_text(tmp_path, "import torch\nw = torch.ones(2, requires_grad=True); (w * 2).sum().backward()\n")
    assert [leaf.name for leaf in run.step_gradients(1)] == ["w"]
    run.close()


def test_buffers_have_the_dotted_names_of_their_model(tmp_path: Path) -> None:
    text = """
    import torch

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.bn, self.fc = torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 1)
            self.register_buffer("mask", torch.ones(2, 4))

        def forward(self, x):
            return self.fc(self.bn(x) * self.mask[0])

    net = Net()
    net(torch.randn(8, 4)).sum().backward()
    """
    run = record_text(tmp_path, text)
    data = {each["name"] for _, each in run.graph(step=1).nodes(data=True) if each["kind"] == "data"}
    assert {"bn.running_mean", "bn.running_var", "mask"} <= data
    run.close()
