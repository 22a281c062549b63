"""autograd's graph beside a static one: which nodes are the same, and the differences in words."""

from __future__ import annotations

import pytest

from graphlab.capture.static import trace_script
from graphlab.graph.correspond import Correspondence, correspond
from graphlab.model import Node
from graphlab.recording import Recording
from graphlab.static_graph import StaticGraph, Tracer
from tests.recorded import record_text

SCRIPT = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(3, 4)
        self.two = nn.Linear(4, 2)
        self.spare = nn.Linear(4, 2)

    def forward(self, x):
        h = torch.relu(self.one(x))
        for _ in range(2):
            h = h * 2
        return self.two(h) if h.sum() > -1 else self.spare(h)


torch.manual_seed(0)
net = Net()
x, y = torch.randn(5, 3), torch.tensor([0, 1, 0, 1, 0])
for step in range(2):
    loss = nn.functional.cross_entropy(net(x), y)
    loss.backward()
    with torch.no_grad():
        for parameter in [*net.one.parameters(), *net.two.parameters()]:
            parameter -= 0.1 * parameter.grad
            parameter.grad = None
"""

Beside = tuple[Recording, dict[str, tuple[StaticGraph, Correspondence]]]


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Beside:
    """A recording, and the static graphs of its script laid beside its first step."""
    folder = tmp_path_factory.mktemp("beside")
    recording = record_text(folder, SCRIPT)
    tracers: list[Tracer] = ["fx", "step", "jit"]
    graphs, error = trace_script(folder / "script.py", SCRIPT, ["script.py"], tracers=tracers)
    assert error is None
    nodes = list(recording.structure(1).nodes.values())
    names = recording.names(recording.step(1).last)
    return recording, {graph.tracer: (graph, correspond(nodes, names, graph)) for graph in graphs}


def partners(beside: Beside, tracer: str, op: str) -> list[list[str | None]]:
    """Return for each node of autograd of that name what it is in the static graph."""
    recording, graphs = beside
    graph, found = graphs[tracer]
    nodes: list[Node] = [node for node in recording.structure(1).nodes.values() if op in {node.op, node.name}]
    return [
        [graph.nodes[row - 1].call or graph.nodes[row - 1].name for row in found.to_static.get(n.id, [])] for n in nodes
    ]


def test_ops_of_a_trace_are_those_of_autograd_in_their_order(beside: Beside) -> None:
    assert partners(beside, "jit", "ReluBackward0") == [["relu"]]
    assert partners(beside, "jit", "MulBackward0") == [["mul"], ["mul"]]
    assert partners(beside, "jit", "AddmmBackward0") == [["linear"], ["linear"]]
    assert partners(beside, "jit", "TBackward0") == [["linear"], ["linear"]]
    graph, found = beside[1]["jit"]
    first, second = [row.id for row in graph.nodes if row.call == "mul"]
    assert found.to_dynamic[first] < found.to_dynamic[second], "turn by turn"


def test_in_a_step_an_op_is_paired_with_its_gradient_s_ops_and_a_parameter_with_its_update(beside: Beside) -> None:
    assert partners(beside, "step", "ReluBackward0") == [["relu", "detach", "threshold_backward"]]
    first, _ = partners(beside, "step", "AddmmBackward0")
    assert first[0] == "addmm"
    assert "mm" in first
    assert partners(beside, "step", "one.weight") == [["one.weight", "sub_"]]
    assert partners(beside, "step", "NllLossBackward0")[0][0] == "nll_loss_forward"


def test_pairs_are_the_same_from_both_sides(beside: Beside) -> None:
    for _, found in beside[1].values():
        there = {(dynamic, static) for dynamic, statics in found.to_static.items() for static in statics}
        back = {(dynamic, static) for static, dynamics in found.to_dynamic.items() for dynamic in dynamics}
        assert there == back


def test_differences_are_said_with_their_lines(beside: Beside) -> None:
    words = beside[1]["jit"][1].words
    lines = SCRIPT.splitlines()
    branch = next(number for number, line in enumerate(lines, 1) if "if h.sum()" in line)
    loop = next(number for number, line in enumerate(lines, 1) if "h = h * 2" in line)
    loss = next(number for number, line in enumerate(lines, 1) if "cross_entropy" in line)
    assert any(line == branch and "the answers are frozen" in text for line, text in words)
    assert (loop, "stands 2 times in autograd's graph, once for each time that it ran") in words
    assert (loss, "LogSoftmaxBackward0, NllLossBackward0 only in autograd's graph") in words
    told = [text for line, text in beside[1]["step"][1].words if line is None]
    assert any(text.startswith("the update is 8 ops of the static graph") for text in told)
    assert not any("only in autograd's graph" in text for _, text in beside[1]["step"][1].words)


def test_where_there_is_no_graph_the_reason_is_all_that_is_said(beside: Beside) -> None:
    graph, found = beside[1]["fx"]
    assert not graph.nodes
    assert not found.to_static
    ((line, text),) = found.words
    assert SCRIPT.splitlines()[(line or 0) - 1].strip().startswith("return self.two(h) if h.sum() > -1")
    assert "decides by a value what is computed" in text


def test_empty_graphs_have_nothing_in_common() -> None:
    found = correspond([], {}, StaticGraph("fx", "model", (), (), None))
    assert not found.to_static
    assert not found.words
