"""What is said of a gradient that is not there, what nodes without a variable are called, and what names are known."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphlab.recording import Recording
from graphlab.tui.inspector import inspector_rows
from graphlab.tui.places import missing_gradient
from graphlab.tui.rows import join_text
from graphlab.tui.source import variable_rows
from graphlab.tui.state import ExplorerState
from tests import builders
from tests.recorded import record_text
from tests.test_tui_source import CALLS


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return record_text(tmp_path_factory.mktemp("calls"), CALLS, name="calls")


def node_named(recording: Recording, name: str) -> int:
    return next(node.id for node in recording.reader.nodes("WHERE name = ?", name))


def test_a_gradient_that_does_not_come_in_the_step_is_not_said_to_come(calls: Recording) -> None:
    start = next(event.id for event in calls.events if event.kind == "backward_start")
    state = ExplorerState(calls, at=start)
    assert missing_gradient(state, node_named(calls, "fc.weight")).startswith("none yet: arrives at e")
    assert missing_gradient(state, node_named(calls, "unused.weight")) == "none in this step"


def test_a_gradient_that_was_cleared_says_where(tmp_path: Path) -> None:
    recording = builders.training(tmp_path, steps=2)
    cleared = [event.id for event in recording.events if event.kind == "zero_grad"][-2]
    state = ExplorerState(recording, at=recording.event_count)
    leaf = next(node.id for node in recording.structure(2).nodes.values() if state.name_of(node.id) == "w")
    assert missing_gradient(state, leaf) == f"cleared at e{cleared}"
    state.choose(leaf)
    assert f"cleared at e{cleared}" in join_text(inspector_rows(state, 40, 30))
    assert f"∇ cleared at e{cleared}" in join_text(variable_rows(state, 60, 20))
    state.go(recording.step(2).first)
    assert "none yet: arrives at e" in missing_gradient(state, leaf)


def test_a_leaf_that_asks_for_no_gradient_needs_none(tmp_path: Path) -> None:
    text = """
        import torch
        from torch import nn
        torch.manual_seed(0)
        scale = nn.Parameter(torch.ones(2), requires_grad=False)
        weight = nn.Parameter(torch.ones(2))
        (scale * weight).sum().backward()
    """
    recording = record_text(tmp_path, text)
    state = ExplorerState(recording, at=recording.event_count)
    names = recording.names(recording.event_count)
    node = next(number for number, tags in names.items() if "scale" in tags)
    assert missing_gradient(state, node) == "needs no gradient"
    lines = join_text(variable_rows(state, 44, 20)).splitlines()
    assert ["scale", "2", "no", "∇"] in [line.split() for line in lines]


def test_what_no_variable_holds_is_called_by_its_call_and_the_output_after_its_variable(tmp_path: Path) -> None:
    state = ExplorerState(builders.rnn_cell(tmp_path), at=0)
    state.go_last()
    nodes = state.recording.structure(1).nodes.values()
    output = next(node for node in nodes if node.kind == "output")
    assert state.name_of(output.id) == "output (loss)"
    state.choose(output.id)
    assert "output (loss)" in join_text(inspector_rows(state, 40, 30))
    add = next(node for node in nodes if node.op == "AddBackward0")
    assert state.name_of(add.id) == f"add at line {add.line}"


@pytest.mark.parametrize("name", ["unused.weight", "fc.bias"])
def test_every_parameter_is_found_by_its_dotted_name(calls: Recording, name: str) -> None:
    node = node_named(calls, name)
    made = calls.node(node).event
    state = ExplorerState(calls, at=calls.event_count)
    assert state.go_to(name)
    assert (state.moment, state.selected) == (made, node)
    state = ExplorerState(calls, at=0)
    state.find(name)
    assert (state.moment, state.selected) == (made, node)
