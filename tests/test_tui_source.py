"""Whose variables the source pane lists and what it says of them, how it scrolls, and how one comes back to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphlab.recording import Recording
from graphlab.tui.app import GraphlabApp
from graphlab.tui.gallery import GalleryScreen
from graphlab.tui.rows import join_text, row_text
from graphlab.tui.source import SourcePane, is_edited, printed_lines, source_rows, variable_rows
from graphlab.tui.state import ExplorerState
from graphlab.tui.theme import DARK
from tests import builders
from tests.recorded import record_text
from tests.test_tui_explore import explorer, press, state_of, text_of

CALLS = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 2)
        self.unused = nn.Linear(2, 2)

    def forward(self, a):
        h = self.fc(a)
        g = torch.tanh(h)
        return g

def main():
    torch.manual_seed(0)
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loader = [(torch.randn(4, 3), torch.randn(4, 2)) for _ in range(2)]
    for xb, yb in loader:
        optimizer.zero_grad()
        out = model(xb)
        loss = ((out - yb) ** 2).mean()
        loss.backward()
        optimizer.step()

main()
"""


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return record_text(tmp_path_factory.mktemp("calls"), CALLS, name="calls")


def test_a_script_that_was_edited_since_is_shown_as_it_ran_and_says_so(tmp_path: Path) -> None:
    run = record_text(tmp_path, "a = 1\nb = 2\n", name="early")
    script = tmp_path / "early.py"
    assert SourcePane(ExplorerState(run)).title() == "Source early.py"
    script.write_text("a = 1\r\nb = 2\r\n", newline="")
    assert not is_edited(run, run.files[0])  # the same lines in the way of another system
    script.write_text("a = 1\nb = 3\n")
    pane = SourcePane(ExplorerState(run))
    assert pane.title() == "Source early.py (as it ran: edited since)"
    assert "b = 2" in join_text(source_rows(pane.state, 60, 10)[2])
    script.unlink()
    assert SourcePane(ExplorerState(run)).title() == "Source early.py"


def words_of(state: ExplorerState, name: str) -> str:
    """Return what the variables say of a name."""
    lines = join_text(variable_rows(state, 44, 20)).splitlines()
    return next((" ".join(line.split()) for line in lines if line[2:].split()[:1] == [name]), "")


def test_in_a_function_its_callers_keep_their_values_and_only_what_comes_is_not_made(calls: Recording) -> None:
    tanh = next(event.id for event in calls.events if event.kind == "op" and event.text.endswith("tanh"))
    state = ExplorerState(calls, at=tanh)
    assert words_of(state, "xb") == "xb 4x3 no ∇"
    assert words_of(state, "yb") == "yb 4x2 no ∇"
    assert words_of(state, "h").startswith("h 4x2 via")
    assert words_of(state, "g") == "g 4x2 not made yet"
    assert words_of(state, "loss") == "loss () not made yet"
    functions = {variable.name: variable.function for variable in calls.variables(tanh)}
    assert functions["h"] == "Net.forward"
    assert functions["xb"] == "main"


def test_a_long_shape_of_what_comes_is_parted_from_the_words(tmp_path: Path) -> None:
    recording = record_text(tmp_path, "import torch\na = 1\nx = torch.zeros(1000, 2000, 3, 1)\n")
    state = ExplorerState(recording, at=1)
    assert "… not made yet" in join_text(source_rows(state, 40, 30)[2])


async def test_enter_in_training_opens_the_step_in_the_other_panes(tmp_path: Path) -> None:
    async with GraphlabApp(builders.training(tmp_path).path, theme=DARK).run_test(size=(80, 24)) as pilot:
        await press(pilot, ": s 3 enter 5 right enter")
        state = state_of(pilot)
        assert state.moment == state.recording.step(3).first
        assert "┏━ 1 Source" in text_of(pilot)
        assert "5 Training" not in text_of(pilot)


async def test_the_zoomed_source_scrolls_to_every_variable(tmp_path: Path) -> None:
    async with GraphlabApp(builders.rnn_cell(tmp_path).path, theme=DARK).run_test(size=(80, 24)) as pilot:
        await press(pilot, ": L 3 2 enter z")
        seen = text_of(pilot)
        assert "▷ 32" in seen
        assert "more (z)" not in seen
        await press(pilot, "pagedown")
        assert "loss " in text_of(pilot).splitlines()[-3]
        seen += text_of(pilot)
        assert all(f"  {name} " in seen for name in ("prev_h", "W_h", "W_x", "i2h", "h2h", "next_h"))
        await press(pilot, "z")
        assert explorer(pilot).query_one("#source").scroll_offset.y == 0


async def test_the_gallery_keeps_the_scenario_that_was_open(tmp_path: Path) -> None:
    async with GraphlabApp(builders.rnn_cell(tmp_path).path, theme=DARK).run_test(size=(120, 40)) as pilot:
        await press(pilot, "o")
        await pilot.pause(0.3)
        gallery = pilot.app.screen
        assert isinstance(gallery, GalleryScreen)
        assert gallery.scenarios.entry is not None
        assert gallery.scenarios.entry.name == "rnn_cell"


def test_what_is_told_may_take_a_third_of_a_low_pane(tmp_path: Path) -> None:
    words = "Nine words that are told while the line below runs"
    state = ExplorerState(record_text(tmp_path, f"import torch\n# {words}.\nx = torch.ones(2)\n"))
    state.go(next(event.id for event in state.recording.events if event.kind == "line" and event.line == 3))
    assert words in " ".join(shown_rows(state, 10))
    assert words not in " ".join(shown_rows(state, 7))
    assert any(row.startswith("Nine") and row.endswith("…") for row in shown_rows(state, 7))


def shown_rows(state: ExplorerState, height: int) -> list[str]:
    return [row_text(row).strip() for row in source_rows(state, 24, height)[2]]


def test_what_a_line_printed_stands_below_it(tmp_path: Path) -> None:
    text = """import sys
# Two figures.
print("loss    0.25\\nw       -1")
sys.stdout.write("1 of 2\\r2 of 2\\n")
x = 1
"""
    state = ExplorerState(record_text(tmp_path, text))
    ends = {event.line: event.id for event in state.recording.events if event.kind == "line"}
    state.go(ends[3])
    below = "\n".join(shown_rows(state, 12))
    assert f"Two figures.\n─ printed {'─' * 14}\nloss    0.25\nw       -1" in below
    assert "loss    0.25" not in shown_rows(state, 7)  # the code goes first where there is no room
    state.go(ends[5])
    assert printed_lines(state) == []
    state.go(ends[4])
    assert printed_lines(state) == ["2 of 2"]


def test_a_long_line_that_was_printed_is_wrapped_not_cut(tmp_path: Path) -> None:
    state = ExplorerState(record_text(tmp_path, 'print("rank 0  shape ()  torch.float32 on the processor")\n'))
    state.go(state.last)
    below = [row for row in shown_rows(state, 20) if row]
    assert [" ".join(below[2:]), len(below)] == ["rank 0 shape () torch.float32 on the processor", 5]
