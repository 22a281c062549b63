"""The packed graph of a step is the graph of that step, and its columns are what is asked of each node by itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy
import pytest

from graphlab.model import Snapshot
from graphlab.recording import Recording
from graphlab.recording import packed as packed_module
from graphlab.recording.packed import History, PackedGraph
from tests import builders
from tests.recorded import record_text

SCRIPT = """\
import torch
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Sequential(torch.nn.Linear(8, 1)))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
unused = torch.ones(3, requires_grad=True) * 2
for step in range(3):
    x = torch.randn(16, 4)
    optimizer.zero_grad()
    a, b = model(x).split(8)
    loss = (a * b).pow(2).mean() * (float("nan") if step == 2 else 1)
    loss.backward()
    b.sum().backward() if step == 3 else None
    optimizer.step()
"""

TWICE = """\
import torch
w = torch.ones(2, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
for _ in range(2):
    y = w * 3
    y.sum().backward(retain_graph=True)
    w.grad = None
    (y * y).sum().backward()
    optimizer.step()
"""


def rnn(folder: Path) -> Recording:
    return builders.rnn_cell(folder)


def training(folder: Path) -> Recording:
    return builders.training(folder)


def full(folder: Path) -> Recording:
    return record_text(folder, SCRIPT)


def light(folder: Path) -> Recording:
    return record_text(folder, SCRIPT, detail="light")


def no_graph(folder: Path) -> Recording:
    return record_text(folder, "import torch\nx = torch.ones(3)\ny = x + 1\n")


def twice(folder: Path) -> Recording:
    return record_text(folder, TWICE)


EVERY = [twice, rnn, training, full, light, no_graph]


@pytest.mark.parametrize("make", EVERY)
@pytest.mark.parametrize("chunk", [3, 100_000])
def test_it_is_the_graph_of_the_step(
    tmp_path: Path, make: Callable[[Path], Recording], chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed_module, "_CHUNK", chunk)
    recording = make(tmp_path)
    for step in recording.steps:
        whole, packed = recording.structure(step.step), PackedGraph(recording, step.step)
        assert packed.nodes.tolist() == list(whole.nodes)
        ends = zip(packed.nodes[packed.sources].tolist(), packed.nodes[packed.targets].tolist(), strict=True)
        assert list(ends) == [(edge.source, edge.target) for edge in whole.edges if edge.source in whole.nodes]
        assert [packed.node(number) for number in whole.nodes] == list(whole.nodes.values())
        assert packed.numbers("event").tolist() == [node.event for node in whole.nodes.values()]
        assert packed.numbers("line").tolist() == [node.line or 0 for node in whole.nodes.values()]
        for name in ("kind", "op", "name", "module", "dtype"):
            codes, words = packed.words(name)
            assert [words[code] for code in codes] == [getattr(node, name) for node in whole.nodes.values()]
        assert [packed.place_of(number) for number in whole.nodes] == list(range(len(packed)))
        assert packed.place_of(10**6) is None


def norm_of(snapshot: Snapshot | None) -> float | None:
    return snapshot.statistics.norm if snapshot is not None else None


def shown(history: History, packed: PackedGraph, moment: int) -> dict[int, float]:
    places, norms = history.at(moment)
    return dict(zip(packed.nodes[places].tolist(), norms.tolist(), strict=True))


@pytest.mark.parametrize("make", EVERY)
def test_its_norms_are_those_of_the_snapshots_at_any_moment(tmp_path: Path, make: Callable[[Path], Recording]) -> None:
    recording = make(tmp_path)
    for step in recording.steps:
        packed = PackedGraph(recording, step.step)
        for moment in range(step.first, step.last + 1):
            gradients, values = (shown(history, packed, moment) for history in (packed.gradients, packed.values))
            for number in packed.nodes.tolist():
                if number in gradients:
                    wanted = norm_of(recording.gradient(number, moment))
                    assert wanted is not None
                    assert same(gradients[number], wanted)
                elif recording.gradient(number, moment) is not None:
                    # A leaf's gradient of a step before, which nothing has changed yet.
                    assert recording.node(number).kind in {"parameter", "leaf"}
                if step.detail == "full" and (wanted := norm_of(recording.value(number, moment))) is not None:
                    assert same(values[number], wanted)


def same(norm: float, other: float) -> bool:
    return math.isclose(norm, other, rel_tol=1e-9) or (math.isnan(norm) and math.isnan(other))


def test_a_gradient_that_is_not_a_number_stays_one(tmp_path: Path) -> None:
    recording = full(tmp_path)
    packed = recording.packed(3)
    assert numpy.isnan(packed.gradients.norms).any()
    assert recording.packed(3) is packed
