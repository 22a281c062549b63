"""What is read of a whole graph in a few queries is what the recording says of each node by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphlab.graph import build_graph
from graphlab.model import Snapshot
from graphlab.recording import Recording
from graphlab.recording.figures import Figures
from graphlab.store import Reader
from tests import builders
from tests.recorded import record_text
from tests.test_recording_packed import SCRIPT, TWICE

FROZEN = """\
import torch
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
scale = torch.ones((), requires_grad=True)
optimizer = torch.optim.SGD([*model.parameters(), scale], lr=0.1)
for step in range(14):
    model[0].requires_grad_(step % 2 == 0)
    optimizer.zero_grad()
    loss = (model(torch.ones(4, 2)) * (scale if step != 11 else 1)).pow(2).mean()
    loss.backward()
    optimizer.step()
"""


def mixed(folder: Path) -> Recording:
    return record_text(folder, FROZEN, detail="light", windows=[(5, 6)])


def frozen(folder: Path) -> Recording:
    return record_text(folder, FROZEN, detail="light")


def nan(folder: Path) -> Recording:
    return record_text(folder, SCRIPT, detail="light")


def full(folder: Path) -> Recording:
    return record_text(folder, SCRIPT)


def twice(folder: Path) -> Recording:
    return record_text(folder, TWICE)


def without_values(folder: Path) -> Recording:
    return record_text(folder, FROZEN, detail="light", has_values=False)


EVERY = [builders.rnn_cell, builders.training, full, nan, frozen, mixed, twice, without_values]


def facts(snapshot: Snapshot | None) -> Any:
    # By their words, for a NaN is not equal to itself.
    return None if snapshot is None else repr(snapshot)


@pytest.mark.parametrize("make", EVERY)
def test_they_are_what_is_said_of_each_node_by_itself(tmp_path: Path, make: Callable[[Path], Recording]) -> None:
    recording = make(tmp_path)
    said = 0
    for step in recording.steps:
        structure = recording.structure(step.step)
        moments = range(step.first, step.last + 1)
        for moment in moments if len(moments) < 40 else [*moments[::3], moments[-1]]:
            figures = Figures(recording, structure, moment)
            for node in structure.nodes.values():
                assert facts(figures.value(node)) == facts(recording.value(node.id, moment))
                assert facts(figures.gradient(node)) == facts(recording.gradient(node.id, moment))
                said += figures.gradient(node) is not None
            for edge in structure.edges:
                wanted = recording.edge_gradient(edge.target, edge.slot, moment)
                assert facts(figures.edge_gradient(edge.target, edge.slot)) == facts(wanted)
    assert said
    recording.close()


class Asked:
    """Counts the questions that go to a file."""

    def __init__(self, reader: Reader) -> None:
        self.count = 0
        self._rows, self._row = reader.rows, reader.row

    def rows(self, statement: str, *values: Any, **named: Any) -> list[Any]:
        self.count += 1
        return self._rows(statement, *values, **named)

    def row(self, statement: str, *values: Any) -> Any:
        self.count += 1
        return self._row(statement, *values)


@pytest.mark.parametrize("detail", ["full", "light"])
def test_a_graph_of_any_size_is_read_in_as_many_queries(
    tmp_path: Path, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = """\
        import torch
        h = torch.ones(2, requires_grad=True)
        for weight in [torch.ones(2, requires_grad=True) for _ in range({count})]:
            h = h * weight
        h.sum().backward()
        """
    counts = []
    for count in (50, 500):
        recording = record_text(tmp_path, script.format(count=count), name=f"chain{count}", detail=detail)
        asked = Asked(recording.reader)
        monkeypatch.setattr(recording.reader, "rows", asked.rows)
        monkeypatch.setattr(recording.reader, "row", asked.row)
        graph = build_graph(recording, recording.event_count)
        assert sum(data["gradient"] is not None for _, data in graph.nodes(data=True)) > count
        counts.append(asked.count)
        recording.close()
    assert counts[0] == counts[1] > 3
