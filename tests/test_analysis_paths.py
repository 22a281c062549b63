"""Paths carry a gradient in shares that are exact; Jacobians are torch's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch

from graphlab.analysis.rules.flow import start_before
from graphlab.analysis.rules.jacobian import Jacobian, find_jacobian
from graphlab.analysis.rules.paths import Contributions, find_contributions, say_count, say_path
from graphlab.cli import main
from graphlab.cli.rule import find_node, namer
from graphlab.recording import Recording, open_recording
from graphlab.tui.inspector import inspector_rows
from graphlab.tui.rows import row_text, row_width
from graphlab.tui.state import ExplorerState
from tests.recorded import record_text

RESIDUAL = """\
import torch
torch.manual_seed(0)
x = torch.randn(6, 4)
W1 = torch.randn(4, 5, requires_grad=True)
W2 = torch.randn(5, 5, requires_grad=True)
h = (x @ W1).relu()
branch = (h @ W2).tanh()
y = h + branch
loss = (y ** 2).mean()
loss.backward()
"""
DEEP = """\
import torch
from torch import nn
torch.manual_seed(0)
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 4)
    def forward(self, x):
        return x + torch.tanh(self.inner(x))
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.blocks = nn.Sequential(*[Block() for _ in range({blocks})])
    def forward(self, x):
        return self.blocks(self.first(x)).pow(2).mean()
net = Net()
net(torch.randn(2, 3)).backward()
"""


def contributions(recording: Recording, name: str) -> Contributions:
    end = recording.event_count
    start = start_before(recording, end)
    assert start is not None
    return find_contributions(recording, find_node(recording, name, end), start)


def test_each_path_brings_what_torch_gives_when_the_others_are_cut(tmp_path: Path) -> None:
    found = contributions(record_text(tmp_path, RESIDUAL), "W1")
    assert not found.is_by_module
    assert len(found.shares) == 2
    assert found.error is not None
    assert found.error < 1e-6
    wanted = {}
    for is_direct in (True, False):
        torch.manual_seed(0)
        x, first, second = torch.randn(6, 4), torch.randn(4, 5, requires_grad=True), torch.randn(5, 5)
        h = (x @ first).relu()
        branch = (h @ second).tanh()
        y = h + branch.detach() if is_direct else h.detach() + branch
        ((y**2).mean()).backward()
        assert first.grad is not None
        wanted[is_direct] = first.grad
    total = wanted[True] + wanted[False]
    for share in found.shares:
        grad = wanted[len(share.nodes) == min(len(each.nodes) for each in found.shares)]
        assert share.norm == pytest.approx(float(grad.norm()), rel=1e-5)
        assert share.share == pytest.approx(float((grad * total).sum() / (total * total).sum()), rel=1e-4)
        assert share.count == 1
    assert sum(share.share or 0.0 for share in found.shares) == pytest.approx(1.0)


def test_two_edges_into_one_leaf_are_two_paths(tmp_path: Path) -> None:
    recording = record_text(tmp_path, "import torch\nx = torch.tensor(3.0, requires_grad=True)\n(x * x).backward()\n")
    found = contributions(recording, "x")
    assert sum(share.count for share in found.shares) == 2
    assert sum(share.share or 0.0 for share in found.shares) == pytest.approx(1.0)


def test_the_survey_s_function_splits_as_its_table_says(tmp_path: Path) -> None:
    text = """\
        import torch
        x1 = torch.tensor(2.0, requires_grad=True, dtype=torch.float64)
        x2 = torch.tensor(5.0, requires_grad=True, dtype=torch.float64)
        y = torch.log(x1) + x1 * x2 - torch.sin(x2)
        y.backward()
        """
    recording = record_text(tmp_path, text)
    assert [share.norm for share in contributions(recording, "x1").shares] == pytest.approx([5.0, 0.5])
    second = contributions(recording, "x2").shares
    assert [share.norm for share in second] == pytest.approx([2.0, 0.283662], abs=1e-6)
    assert [share.share for share in second] == pytest.approx([2 / 1.716338, -0.283662 / 1.716338], abs=1e-6)
    name_of = namer(recording, recording.event_count)
    assert say_path(second[0], name_of) == "x2 → mul → add → y"


@pytest.mark.parametrize("blocks", [4, 9])
def test_a_deep_residual_network_is_followed_whole(tmp_path: Path, blocks: int) -> None:
    """Nine blocks make 512 paths: they are told apart by module, and what is too many is put together."""
    found = contributions(record_text(tmp_path, DEEP.replace("{blocks}", str(blocks))), "first.weight")
    assert found.missing == ""
    assert found.is_by_module is (blocks == 9)
    assert sum(share.count for share in found.shares) == 2**blocks
    assert len(found.shares) <= 65
    assert found.error is not None
    assert found.error < 1e-5
    assert sum(share.share or 0.0 for share in found.shares) == pytest.approx(1.0)
    if blocks == 9:
        assert any(share.is_rest for share in found.shares)
        around = [share for share in found.shares if not any("inner" in module for module in share.modules)]
        assert [share.count for share in around if not share.is_rest] == [1]


FUNCTIONS = """\
import torch
torch.manual_seed(0)
def branch(h, w):
    return (h @ w).tanh()
def block(h, w):
    return h + branch(h, w)
W = torch.randn(4, 4, requires_grad=True)
h = torch.randn(2, 4) @ W
for _ in range(8):
    h = block(h, W)
h.pow(2).mean().backward()
"""
LINES = """\
import torch
torch.manual_seed(0)
W = torch.randn(4, 4, requires_grad=True)
h = torch.randn(2, 4) @ W
for _ in range(8):
    branch = (h @ W).tanh()
    h = h + branch
h.pow(2).mean().backward()
"""


@pytest.mark.parametrize(("text", "by", "inside"), [(FUNCTIONS, "function", "branch"), (LINES, "line", "line 6")])
def test_without_modules_paths_are_told_apart_by_function_or_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, by: str, inside: str
) -> None:
    """What is put together is the sum of the exact paths: those with and those without the branch."""
    recording = record_text(tmp_path, text)
    found = contributions(recording, "W")
    assert found.by == by
    monkeypatch.setattr("graphlab.analysis.rules.paths._MOST_PATHS", 10_000)
    exact = contributions(recording, "W")
    assert exact.by == "path"
    tanh = {node.id for node in recording.reader.nodes("WHERE op = 'TanhBackward0'")}
    for is_around in (True, False):
        ours = [share for share in found.shares if (inside not in share.modules) is is_around]
        theirs = [share for share in exact.shares if tanh.isdisjoint(share.nodes) is is_around]
        assert sum(share.count for share in ours) == sum(share.count for share in theirs) > 0
        assert sum(share.share or 0.0 for share in ours) == pytest.approx(sum(s.share or 0.0 for s in theirs))


def test_a_graph_too_large_for_objects_has_the_same_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = record_text(tmp_path, DEEP.replace("{blocks}", "4"))
    wanted = contributions(recording, "first.weight")
    monkeypatch.setattr("graphlab.recording.steps.MANY", 1)
    packed = open_recording(recording.path or tmp_path)
    assert packed.is_large(1)
    assert contributions(packed, "first.weight") == wanted
    packed.close()


def test_very_many_paths_are_counted_without_writing_every_digit() -> None:
    assert say_count(999_999) == "999,999"
    assert say_count(2**20_000) == "10^6021"


def test_an_op_without_a_rule_is_named(tmp_path: Path) -> None:
    text = "import torch\na = torch.eye(2).requires_grad_()\ntorch.matrix_exp(a).sum().backward()\n"
    found = contributions(record_text(tmp_path, text), "a")
    assert found.shares == ()
    assert "LinalgMatrixExpBackward0" in found.missing


def test_what_the_backward_does_not_reach_has_no_path(tmp_path: Path) -> None:
    made = "torch.ones(2, requires_grad=True)"
    text = f"import torch\na = {made}\nb = {made}\nc = b * 2\na.sum().backward()\n"
    recording = record_text(tmp_path, text)
    (leaf,) = [node for node in recording.reader.nodes("WHERE kind = 'leaf'") if node.line == 3]
    start = start_before(recording, recording.event_count)
    assert start is not None
    assert find_contributions(recording, leaf, start).missing


JACOBIANS: dict[str, tuple[str, Any]] = {
    "tanh": ("a.tanh()", torch.tanh),
    "softmax": ("a.softmax(0)", lambda a: a.softmax(0)),
    "sum": ("a.sum()", lambda a: a.sum()),
    "cumsum": ("a.cumsum(0)", lambda a: a.cumsum(0)),
    "flip": ("a.flip(0)", lambda a: a.flip(0)),
    "relu": ("a.relu()", torch.relu),
}


@pytest.mark.parametrize("name", JACOBIANS)
def test_a_jacobian_is_torchs_own(tmp_path: Path, name: str) -> None:
    text, function = JACOBIANS[name]
    values = torch.tensor([0.5, -1.0, 2.0, 0.1], dtype=torch.float64)
    recording = record_text(
        tmp_path,
        f"import torch\na = torch.tensor({values.tolist()}, dtype=torch.float64, requires_grad=True)\n"
        f"y = {text}\n(y * 2).sum().backward()\n",
    )
    end = recording.event_count
    found = find_jacobian(recording, find_node(recording, "y", end), 0, end)
    assert isinstance(found, Jacobian)
    wanted = torch.autograd.functional.jacobian(function, values).reshape(-1, 4).numpy()
    numpy.testing.assert_allclose(found.matrix, wanted, atol=1e-12)
    assert found.rank == numpy.linalg.matrix_rank(wanted)
    numpy.testing.assert_allclose(found.singular, numpy.linalg.svd(wanted, compute_uv=False), atol=1e-12)


def test_a_jacobian_that_is_too_large_or_not_there_yet_says_so(tmp_path: Path) -> None:
    text = "import torch\na = torch.ones(9, 9, requires_grad=True)\nb = a.exp()\nb.sum().backward()\n"
    recording = record_text(tmp_path, text)
    end = recording.event_count
    node = find_node(recording, "b", end)
    assert "81 × 81" in str(find_jacobian(recording, node, 0, end))
    assert "not run" in str(find_jacobian(recording, node, 0, node.event))


def test_the_command_line_and_the_inspector_show_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording = record_text(tmp_path, RESIDUAL)
    path = str(recording.path)
    assert main(["show", path, "--paths", "W1"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("2 paths lead from the loss to W1")
    assert "W1 → mm → h → y → pow → loss" in said
    assert main(["show", path, "--paths", "W1", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["paths"]) == 2
    assert main(["show", path, "--jacobian", "loss"]) == 0
    assert "rank 1" in capsys.readouterr().out
    assert main(["show", path, "--jacobian", "loss", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["jacobians"][0]["rank"] == 1
    for words in (["--paths", "h"], ["--paths", "nobody"], ["--paths", "W1", "--at", "e2"], ["--jacobian", "nobody"]):
        assert main(["show", path, *words]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
    state = ExplorerState(recording, at=recording.event_count)
    state.choose(find_node(recording, "W1", state.moment).id)
    state.gradients.view = "paths"
    shown = "\n".join(row_text(row) for row in inspector_rows(state, 44, 40))
    assert "2 paths from the loss" in shown
    assert "their sum is the gradient" in shown
    state.choose(find_node(recording, "loss", state.moment).id)
    state.gradients.view = "jacobian"
    assert "1 × 30, rank 1" in "\n".join(row_text(row) for row in inspector_rows(state, 44, 40))


@pytest.mark.parametrize("view", ["paths", "jacobian"])
def test_every_row_is_as_wide_as_asked(tmp_path: Path, view: Any) -> None:
    recording = record_text(tmp_path, RESIDUAL)
    for moment in range(0, recording.event_count + 1, 3):
        state = ExplorerState(recording, at=moment)
        state.gradients.view = view
        for node in recording.structure(1).nodes:
            state.choose(node)
            for row in inspector_rows(state, 31, 24):
                assert row_width(row) == 31
