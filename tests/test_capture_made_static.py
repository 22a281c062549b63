"""Static graphs that a script makes itself are events of its recording, and the run is the one that it would be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from graphlab.recording.statics import read_static_graphs
from graphlab.sentences import say_event
from tests.recorded import events, record_text

SCRIPT = """
import torch
from torch import nn
from torch.fx.experimental.proxy_tensor import make_fx

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(3, 2), nn.Tanh())
x = torch.randn(4, 3)
static = torch.fx.symbolic_trace(model)
again = static


def wave(x):
    return (x * 2).sin()


made = make_fx(wave)(x)
loss = static(x).sum()
loss.backward()
"""


def test_each_graph_is_one_event_before_the_line_that_made_it(tmp_path: Path) -> None:
    run = record_text(tmp_path, SCRIPT)
    found = events(run, "static_graph")
    assert [event.line for event in found] == [9, 17]
    assert [say_event(run, event.id) for event in found] == [
        "torch.fx.symbolic_trace: static, 6 nodes",
        "make_fx: made, 4 nodes",
    ]
    assert [run.event(event.id + 1).kind for event in found] == ["line", "line"]


def test_its_nodes_are_those_of_the_object_that_the_script_holds(tmp_path: Path) -> None:
    run = record_text(tmp_path, SCRIPT)
    namespace: dict[str, Any] = {"__name__": "script"}
    exec(SCRIPT, namespace)
    static, made = read_static_graphs(run)
    assert len([node for node in static.nodes if not node.is_implied]) == len(namespace["static"].graph.nodes)
    assert [node.call for node in static.nodes if node.kind == "op"] == ["Linear", "Tanh"]
    assert [node.op for node in made.nodes if node.kind == "op"] == ["aten.mul.Tensor", "aten.sin.default"]
    assert len(made.nodes) == len(namespace["made"].graph.nodes)


def test_the_run_is_bit_for_bit_the_bare_one(tmp_path: Path) -> None:
    run = record_text(tmp_path, SCRIPT)
    namespace: dict[str, Any] = {"__name__": "script"}
    exec(SCRIPT, namespace)
    assert run.losses == [namespace["loss"].item()]
    (step,) = run.steps
    bare = {tuple(parameter.shape): parameter.grad for parameter in namespace["model"].parameters()}
    for leaf in run.step_gradients(step.step):
        assert leaf.gradient is not None
        assert leaf.gradient.array is not None
        assert torch.equal(torch.from_numpy(leaf.gradient.array.copy()), bare[leaf.shape])


def test_a_graph_that_is_too_large_is_named_and_not_kept(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("graphlab.capture.made_static.MOST_NODES", 5)
    static, made = read_static_graphs(record_text(tmp_path, SCRIPT))
    assert static.failure is not None
    assert static.failure.text == "its 6 nodes are too many to keep"
    assert made.nodes
