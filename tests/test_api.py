"""The Python API as README shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import graphlab
from graphlab.errors import RecordingError, UsageError
from graphlab.store import Reader


def train(model: nn.Module, data: torch.Tensor, steps: int = 3) -> None:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = model(data).pow(2).mean()
        loss.backward()
        optimizer.step()


def make_model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))


def test_a_block_is_recorded_into_a_file_that_opens_again(tmp_path: Path) -> None:
    model, data = make_model(), torch.ones(4, 2)
    with graphlab.record(tmp_path / "run.glab") as run:
        train(model, data)
    again = graphlab.open(tmp_path / "run.glab")
    assert again.losses == run.losses
    assert len(again.losses) == 3
    graphlab.render(again.graph(step=2), tmp_path / "step2.svg")
    assert "AddmmBackward0" in (tmp_path / "step2.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("detail", ["full", "light"])
def test_a_model_that_was_there_before_the_block_has_its_names(detail: str) -> None:
    model, data = make_model(), torch.ones(4, 2)
    with graphlab.record(None, detail=detail) as run:
        train(model, data)
    assert [leaf.name for leaf in run.step_gradients(2)] == ["0.weight", "0.bias", "2.weight", "2.bias"]


def test_the_recording_can_be_read_inside_the_block() -> None:
    model, data = make_model(), torch.ones(4, 2)
    with graphlab.record(None) as run:
        train(model, data, steps=2)
        run.refresh()
        assert run.is_running
        assert len(run.losses) == 2
        train(model, data, steps=1)
    assert run.facts.status == "ok"
    assert len(run.losses) == 3


def test_one_recording_inside_another_disturbs_neither() -> None:
    model, data = make_model(), torch.ones(4, 2)
    with graphlab.record(None) as outer:
        train(model, data, steps=1)
        with graphlab.record(None, detail="light") as inner:
            train(model, data, steps=2)
        train(model, data, steps=1)
    assert len(inner.losses) == 2
    assert [(step.nodes, step.edges) for step in outer.steps] == [(11, 10)] * 4
    assert outer.losses[1:3] == inner.losses


def test_a_graph_shows_itself_in_a_notebook_and_says_what_it_is() -> None:
    model, data = make_model(), torch.ones(4, 2)
    with graphlab.record(None) as run:
        train(model, data, steps=1)
    graph: Any = run.graph()
    assert graph._repr_svg_().startswith("<svg")
    assert "nodes" in repr(graph)
    assert "1 steps" in repr(run)


def test_the_package_names_what_it_offers() -> None:
    assert {"open", "record", "render"} <= set(dir(graphlab))


def test_an_unknown_detail_is_told() -> None:
    with pytest.raises(UsageError, match="detail"), graphlab.record(None, detail="half"):
        pass


def test_a_recording_that_is_deleted_while_it_is_read_is_said_to_be_gone(tmp_path: Path) -> None:
    model, data = make_model(), torch.ones(4, 2)
    with graphlab.record(tmp_path / "run.glab"):
        train(model, data, steps=1)
    reader = Reader(tmp_path / "run.glab")
    (tmp_path / "run.glab").unlink()
    with pytest.raises(RecordingError, match="is gone"):
        reader.meta()
