"""The rows of the lanes: columns that fit, modules that fold, rows that are sorted, and graphs of any size."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from graphlab.recording import Recording, steps
from graphlab.tui.lane_columns import DEFAULT_COLUMNS, NAMES, byte_words, columns_that_fit, size_of, time_words
from graphlab.tui.lane_table import LaneTable, PackedTable, SmallTable
from graphlab.tui.lanes import LaneRows, count_signs
from graphlab.tui.rows import join_text, row_text, row_width
from graphlab.tui.state import ExplorerState
from tests import builders
from tests.recorded import record_text

MODULES = """\
import torch
torch.manual_seed(0)
class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(4, 4)
        self.second = torch.nn.Linear(4, 4)
    def forward(self, x):
        return self.second(self.first(x).relu()) + x
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = torch.nn.ModuleList([Block(), Block()])
        self.head = torch.nn.Linear(4, 1)
    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.head(x)
net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for step in range(2):
    x = torch.randn(8, 4)
    loss = net(x).pow(2).mean() * (float("inf") if step else 1.0)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""


@cache
def modules() -> Recording:
    return record_text(Path(mkdtemp()), MODULES)


@cache
def light() -> Recording:
    return record_text(Path(mkdtemp()), MODULES, detail="light")


@cache
def cell() -> Recording:
    return builders.rnn_cell(Path(mkdtemp()))


@pytest.fixture
def state() -> ExplorerState:
    return ExplorerState(modules(), at=modules().steps[0].last)


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take every graph for a large one."""
    monkeypatch.setattr(steps, "MANY", -1)
    for recording in (modules(), light(), cell()):
        recording.is_large.cache_clear()  # type: ignore[attr-defined]  # a cache
    yield
    for recording in (modules(), light(), cell()):
        recording.is_large.cache_clear()  # type: ignore[attr-defined]  # a cache


def table_of(state: ExplorerState) -> LaneTable:
    table = state.lane_book.table()
    assert table is not None
    return table


def text_of(state: ExplorerState, width: int = 100) -> str:
    return join_text(LaneRows(state, table_of(state), width))


def fold(state: ExplorerState, words: str) -> None:
    """Press `f` on the first row that says something."""
    rows = LaneRows(state, table_of(state), 120)
    row = next(index for index, row in enumerate(rows) if words in row_text(row))
    state.selected = table_of(state).node_at(row)
    state.lane_book.fold()


# --- columns


def test_the_columns_that_do_not_fit_are_left_out_as_a_whole(state: ExplorerState) -> None:
    for width in range(8, 160):
        rows = LaneRows(state, table_of(state), width)
        shown = {column.name for column in columns_that_fit(state, DEFAULT_COLUMNS, width - 1 - rows._cells)}
        for number, row in zip(state.lane_book.order(), rows, strict=True):
            node, line = state.node(number), row_text(row)
            assert ("event" in shown) == (line.split()[-1] == f"e{node.event}")
            name = state.tag_of(node)
            beside = line.replace(name, "") if name else line
            assert not re.search(r"\d…", beside.partition("…")[0] if name else beside), "no number is cut"


def test_a_column_that_was_chosen_away_makes_room(state: ExplorerState) -> None:
    assert text_of(state, 44).splitlines()[1].split()[-2:] == ["∇", "1"]
    for name in DEFAULT_COLUMNS - {"op", "value"}:
        state.lane_book.toggle_column(name)
    assert text_of(state, 44).splitlines()[1].split()[-2] == "="
    state.lane_book.toggle_column("value")
    assert text_of(state, 44).splitlines()[1].split()[-1] == "mul"


def test_what_is_still_to_come_has_no_figures(state: ExplorerState) -> None:
    state.go(modules().steps[0].first)
    text = text_of(state, 120)
    assert "∇ " not in text.replace("∇\n", "").replace("∇  ", "")
    assert "‖·‖" not in text.splitlines()[0]
    assert "○" in text


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (123_456, "123 kB"), (4_200_000, "4.2 MB"), (10**12, "1.0 TB")],
)
def test_bytes_in_few_signs(count: int, words: str) -> None:
    assert byte_words(count) == words


@pytest.mark.parametrize(("seconds", "words"), [(0, "0 µs"), (1.5e-5, "15 µs"), (0.0123, "12.3 ms"), (250, "250 s")])
def test_times_in_few_signs(seconds: float, words: str) -> None:
    assert time_words(seconds) == words


@pytest.mark.parametrize(("count", "words"), [(7, "7"), (999, "999"), (1234, "1.2k"), (99_988, "100k"), (2e6, "2.0M")])
def test_counts_in_four_signs(count: int, words: str) -> None:
    assert count_signs(int(count)) == words


@pytest.mark.parametrize(
    ("dtype", "size"),
    [("float32", 4), ("bfloat16", 2), ("int64", 8), ("bool", 1), ("complex64", 8), ("float8_e4m3fn", 1), (None, 1)],
)
def test_the_bytes_of_an_element(dtype: str | None, size: int) -> None:
    assert size_of(dtype) == size


# --- folding


def test_a_folded_module_is_one_row_and_opens_again(state: ExplorerState) -> None:
    before = text_of(state)
    fold(state, "blocks.0.first")
    text = text_of(state, 120)
    assert "▸ blocks.0.first  4 nodes  2 params of 20" in text
    assert state.lane_book.title() == "folded"
    assert len(text.splitlines()) == len(before.splitlines()) - 3
    fold(state, "▸ blocks.0.first")
    assert text_of(state) == before


def test_all_fold_to_the_first_level_and_open_level_by_level(state: ExplorerState) -> None:
    before = text_of(state)
    state.lane_book.fold_all()
    text = text_of(state, 120)
    assert re.findall(r"▸ (\S+)", text) == ["head", "blocks"]
    assert "8 params of 80" in text
    fold(state, "▸ blocks")
    assert re.findall(r"▸ (\S+)", text_of(state)) == ["head", "blocks.1", "blocks.0"]
    fold(state, "▸ blocks.1")
    assert re.findall(r"▸ (\S+)", text_of(state)) == ["head", "blocks.1.second", "blocks.1.first", "blocks.0"]
    state.lane_book.fold_all()
    assert text_of(state) == before


def test_a_folded_module_says_its_worst_gradient(state: ExplorerState) -> None:
    state.lane_book.fold_all()
    inside = [node for node in state.recording.structure(1).nodes.values() if (node.module or "").startswith("blocks")]
    names = [node for node in state.recording.structure(1).nodes.values() if (node.name or "").startswith("blocks")]
    norms = [state.gradient(node.id) for node in (*inside, *names)]
    worst = max(norm.statistics.norm or 0 for norm in norms if norm is not None)
    line = next(line for line in text_of(state, 120).splitlines() if "▸ blocks" in line)
    assert f"∇ {worst:.3g}" in line
    state.go(modules().steps[1].last)
    assert re.search(r"▸ blocks .*∇ (inf|nan)", text_of(state, 120))
    state.go(modules().steps[1].first)
    assert "∇ inf" not in text_of(state, 120)


def test_stepping_marks_the_folded_module_that_ran(state: ExplorerState) -> None:
    state.lane_book.fold_all()
    rows = [line[:2] for line in text_of(state).splitlines()]
    node = next(node for node in state.recording.structure(1).nodes.values() if node.module == "blocks.1.first")
    state.stride = "event"
    state.go(node.event)
    text = text_of(state).splitlines()
    assert len(text) == len(rows)
    assert next(line for line in text if "▸ blocks" in line).lstrip().startswith("▣")
    assert next(line for line in text if "▸ head" in line).lstrip().startswith("□")


def test_what_belongs_to_no_module_does_not_fold(state: ExplorerState) -> None:
    fold(state, "output")
    assert state.notice == "what is selected belongs to no module"
    other = ExplorerState(cell())
    other.lane_book.fold_all()
    assert other.notice.startswith("nothing here was made by a module")
    state.selected = None
    state.go(0)
    state.lane_book.fold()
    assert "nothing is selected" in state.notice


@settings(max_examples=40, deadline=None)
@given(folded=some.frozensets(some.sampled_from(["head", "blocks", "blocks.0", "blocks.1.first", "blocks.1", "none"])))
def test_folding_loses_no_node_and_makes_no_cycle(folded: frozenset[str]) -> None:
    state = ExplorerState(modules(), at=modules().event_count)
    state.lane_book.choices.folded = folded
    table, structure = table_of(state), state.recording.structure(2)
    row_of = {number: table.row_of(number) for number in structure.nodes}
    assert set(row_of.values()) == set(range(len(table)))
    graph = networkx.DiGraph()
    for edge in structure.edges:
        source, target = row_of[edge.source], row_of[edge.target]
        assert source is not None
        assert target is not None
        assert source >= target, "inputs stand below"
        if source != target:
            graph.add_edge(source, target)
    assert networkx.is_directed_acyclic_graph(graph)
    for row in range(len(table)):
        inside = [number for number, other in row_of.items() if other == row]
        group = table.group_at(row)
        assert (group.nodes if group is not None else 1) == len(inside)


# --- sorting


def test_rows_sorted_by_gradient_begin_with_the_worst(state: ExplorerState) -> None:
    state.lane_book.toggle_sort()
    assert state.lane_book.title() == "sorted by gradient (no lanes)"
    norms = [float(found[1]) for line in text_of(state).splitlines() if (found := re.search(r"∇ (\S+)", line))]
    assert norms == sorted(norms, reverse=True)
    assert len(norms) > 10
    assert "│" not in text_of(state)
    state.lane_book.toggle_sort()
    assert state.lane_book.title() == ""
    assert "│" in text_of(state)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("make", [modules, light, cell])
def test_sorting_by_any_column_keeps_every_row(make: Callable[[], Recording], name: str) -> None:
    state = ExplorerState(make(), at=make().event_count)
    before = sorted(state.lane_book.order())
    state.lane_book.sort_by(name)
    table = table_of(state)
    assert sorted(state.lane_book.order()) == before
    assert [table.row_of(table.node_at(row)) for row in range(len(table))] == list(range(len(table)))
    rows = LaneRows(state, table, 90)
    assert all(row_width(row) == 90 for row in rows)
    nodes = [state.node(node) for node in state.lane_book.order()]
    if name == "event":
        assert [node.event for node in nodes] == sorted(node.event for node in nodes)
    if name == "line":
        lines = [node.line or 10**6 for node in nodes]
        assert lines == sorted(lines)
    if name == "op":
        ops = [node.op or "~" for node in nodes]
        assert ops == sorted(ops)


# --- graphs of any size


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("make", [modules, light, cell])
@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_a_large_graph_looks_as_a_small_one(make: Callable[[], Recording], share: float) -> None:
    recording = make()
    state = ExplorerState(recording, at=round(share * recording.event_count))
    assert isinstance(table_of(state), PackedTable)
    found = text_of(state, 110)
    number = table_of(state).node_at(2)
    facts = (state.edges_into(number), state.leaf_lines(1), state.node(number))
    step = state.step
    assert step is not None
    assert found == join_text(LaneRows(state, SmallTable(state, step.step), 110))
    assert facts[0] == [edge for edge in recording.structure(step.step).edges if edge.target == number]
    assert facts[2] == recording.structure(step.step).nodes[number]


@pytest.mark.usefixtures("large")
def test_a_large_graph_finds_names_uses_paths_and_the_same_node(state: ExplorerState) -> None:
    assert state.go_to("head.weight")
    weight = state.selected_node
    assert weight is not None
    assert state.node(weight).name == "head.weight"
    assert state.go_to("mse") is False
    assert state.go_to("meanback")
    assert state.selected_node is not None
    assert state.node(state.selected_node).op == "MeanBackward0"
    mean = state.selected_node
    state.marks = [weight, mean]
    path = state.lighting.path()
    assert (path[0], path[-1]) == (weight, mean)
    assert len(path) == 5
    state.training_step(1)
    assert isinstance(state.selected, int)
    assert state.selected != mean
    assert state.node(state.selected).op == "MeanBackward0"
    state.go(0)
    state.choose(weight)
    state.next_use()
    assert state.moment > 0


def test_lanes_that_find_no_room_are_one_lane_with_their_number(tmp_path: Path) -> None:
    text = "import torch\nleaves = [torch.ones(2, requires_grad=True) for _ in range(60)]\n"
    text += "total = torch.stack([leaf * 2 for leaf in leaves]).sum()\ntotal.backward()\n"
    recording = record_text(tmp_path, text)
    state = ExplorerState(recording, at=recording.event_count)
    lines = text_of(state, 80).splitlines()
    stack = next(index for index, line in enumerate(lines) if "stack" in line)
    assert lines[stack].startswith(" ✓─┬─┬─┬─┬─┬─┬─┬─┬─┬─┬─┬─┤")
    assert lines[stack + 1].startswith(" │ │ │ │ │ │ │ │ │ │ │ │ ✓+47")
    assert "+" not in lines[-1]
    assert max(line.find("mul") for line in lines) < 40
