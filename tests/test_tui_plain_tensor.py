"""What the inspector shows of a tensor that is no node, and when it does."""

from __future__ import annotations

import pytest

from graphlab.model import Snapshot
from graphlab.recording import Recording
from graphlab.tui.inspector import inspector_rows
from graphlab.tui.plain_tensor import plain_tensor
from graphlab.tui.rows import join_text
from graphlab.tui.state import ExplorerState
from graphlab.tui.values import is_read_at_once
from tests.recorded import record_text

SCRIPT = """import torch
matrix = torch.arange(6.0).view(2, 3)
turned = matrix.t()
first = turned[0]
first.add_(10)
name = "nothing"
is_large = matrix > 3
x = torch.ones(2, requires_grad=True)
loss = (x * x).sum()
loss.backward()
name = "something"
with torch.no_grad():
    share = (x > 0).float().mean()
long = torch.zeros(40)
print((x > 0).sum().item())
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return record_text(tmp_path_factory.mktemp("plain"), SCRIPT, name="plain")


def shown(run: Recording, line: int) -> str:
    """Return the inspector after a line."""
    state = ExplorerState(run)
    state.go(next(event.id for event in run.events if event.kind == "line" and event.line == line))
    return join_text(inspector_rows(state, 60, 20))


def test_a_view_of_data_is_shown_with_its_numbers_and_the_memory_that_it_reads(run: Recording) -> None:
    text = shown(run, 3)
    assert text.startswith("turned  3x2  float32  cpu\nmade by t at e")
    assert "a view, matrix.t(): the memory is that of matrix" in text
    assert "0  0 3\n1  1 4\n2  2 5" in text
    assert "a view, matrix.t()[0]: the memory is that of matrix" in shown(run, 4)


def test_a_change_in_place_is_called_one_and_stays_until_something_else_is_made(run: Recording) -> None:
    assert "changed by add_ at e" in shown(run, 5)
    assert "[0] 10 13" in shown(run, 5)
    assert shown(run, 6) == shown(run, 5)


def test_what_autograd_takes_no_note_of_is_shown_too(run: Recording) -> None:
    assert "is_large  2x3  bool  cpu" in shown(run, 7)
    assert "share  ()  float32  cpu" in shown(run, 13)
    assert "\n1  float32" in shown(run, 13)
    assert shown(run, 15).startswith("sum at line 15  ()  int64  cpu")
    assert "no node of the graph: it wants no gradient" in shown(run, 15)


def test_nodes_and_what_happened_to_them_go_before(run: Recording) -> None:
    assert shown(run, 9).startswith("loss  ()")
    assert shown(run, 11).startswith("x  2")
    state = ExplorerState(run)
    state.go(next(event.id for event in run.events if event.kind == "line" and event.line == 4))
    tensor = plain_tensor(state)
    assert tensor is not None
    assert tensor.label == ".t()[0]"
    state.selected = 1
    assert plain_tensor(state) is None


def test_few_elements_are_numbers_and_many_a_heat_map_until_one_chooses(run: Recording) -> None:
    state = ExplorerState(run)
    state.go(next(event.id for event in run.events if event.kind == "line" and event.line == 3))
    assert "value: numbers" in join_text(inspector_rows(state, 60, 20))
    assert state.next_tensor_view == "histogram"
    state.turn_tensor_view()
    state.turn_tensor_view()
    assert state.tensor_view == "heat"
    assert "value: heat map" in join_text(inspector_rows(state, 60, 20))
    assert "value: heat map" in shown(run, 14)
    for shape, is_read in (
        ((20,), True),
        ((1, 20), True),
        ((20, 1), True),
        ((5, 4), True),
        ((4, 5), False),
        ((21,), False),
    ):
        assert is_read_at_once(Snapshot(shape, "float32", "cpu", "<f4", data=b"")) == is_read
