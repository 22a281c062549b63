"""The sizes that the course asks a student to predict: how many nodes a graph has, leaves counted, and which ops."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphlab.recording import Recording
from tests.recorded import gradients, record_text

BEGINNING = """
import torch
import torch.nn.functional as F
from torch import nn

x, y = torch.ones(4, 1), torch.zeros(4, 1)
w, b = torch.ones(1, 1, requires_grad=True), torch.zeros(1, requires_grad=True)
s, t = torch.tensor(3.0, requires_grad=True), torch.tensor(-3.0, requires_grad=True)
"""
SIZES = [
    ("nn.MSELoss()(nn.Linear(1, 1)(x), y)", 5, ["AddmmBackward0", "MseLossBackward0", "TBackward0"]),
    (
        "(x @ w + b - y).pow(2).sum() / 2",
        8,
        ["AddBackward0", "DivBackward0", "MmBackward0", "PowBackward0", "SubBackward0", "SumBackward0"],
    ),
    (
        "nn.BCELoss()(nn.Sequential(nn.Linear(1, 1), nn.Sigmoid())(x), y)",
        6,
        ["AddmmBackward0", "BinaryCrossEntropyBackward0", "SigmoidBackward0", "TBackward0"],
    ),
    (
        "F.cross_entropy(nn.Sequential(nn.Linear(1, 3), nn.ReLU(), nn.Linear(3, 2))(x), torch.tensor([0, 1, 0, 1]))",
        11,
        [*["AddmmBackward0"] * 2, "LogSoftmaxBackward0", "NllLossBackward0", "ReluBackward0", *["TBackward0"] * 2],
    ),
    ("s * s", 2, ["MulBackward0"]),
    ("s**2", 2, ["PowBackward0"]),
    ("s**2 if s > 0 else -s", 2, ["PowBackward0"]),
    ("t**2 if t > 0 else -t", 2, ["NegBackward0"]),
]


def record(folder: Path, loss: str) -> Recording:
    return record_text(folder, f"{BEGINNING}\nloss = {loss}\nloss.backward()\n")


@pytest.mark.parametrize(("loss", "nodes", "ops"), SIZES, ids=[loss for loss, _, _ in SIZES])
def test_a_small_graph_has_the_nodes_that_the_course_predicts(
    tmp_path: Path, loss: str, nodes: int, ops: list[str]
) -> None:
    run = record(tmp_path, loss)
    (step,) = run.steps
    assert step.nodes == nodes
    found = [str(data["op"]) for _, data in run.graph().nodes(data=True) if data["kind"] == "op"]
    assert sorted(found) == ops
    leaves = [leaf for leaf in run.step_gradients(1) if leaf.gradient is not None]
    assert len(found) + len(leaves) == nodes


def test_a_number_times_itself_has_two_edges_and_its_square_one(tmp_path: Path) -> None:
    edges = {}
    for name, loss in {"product": "s * s", "power": "s**2"}.items():
        (tmp_path / name).mkdir()
        graph = record(tmp_path / name, loss).graph()
        (leaf,) = [node for node, data in graph.nodes(data=True) if data["name"] == "s"]
        edges[name] = graph.out_degree(leaf)
    assert edges == {"product": 2, "power": 1}


def test_a_polynomial_of_two_leaves_and_a_constant(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        """
        import torch
        x, y = torch.tensor(2.0, requires_grad=True), torch.tensor(3.0, requires_grad=True)
        c = torch.tensor(1.0)
        f = 2 * x**3 + 3 * y**2 + c
        f.backward()
        print(c.grad)
        """,
    )
    assert run.losses == [44]
    # c, which asked for no gradient, is no leaf of the graph: the script reads None from it.
    assert gradients(run, 1) == {"x": 24, "y": 18}
    assert next(event.text for event in run.events if event.kind == "output").strip() == "None"
