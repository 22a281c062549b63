"""Opening one group of what is folded: that one is seen closely, and everything else is as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphlab.cli import main
from graphlab.errors import RenderError
from graphlab.layout.fold import fold, plan_folding
from graphlab.layout.groups import build_groups, outermost, walk
from graphlab.layout.opening import open_groups
from graphlab.renderers import render_bytes
from tests import graphs
from tests.graphs import Graph
from tests.recorded import record_text

GRAPH = graphs.residual(100)
DEEP = """\
import torch
block = lambda: torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh(), torch.nn.Linear(2, 2))
model = torch.nn.Sequential(*[block() for _ in range(30)])
model(torch.ones(1, 2)).sum().backward()
"""


def names(graph: Graph) -> list[str]:
    return sorted(data["name"] for _, data in graph.nodes(data=True) if data["kind"] == "group")


def test_a_module_among_those_that_are_counted_is_opened_and_its_neighbours_are_drawn_closed() -> None:
    before, after = fold(GRAPH), fold(GRAPH, opened=["stage1.7"])
    assert names(before) == ["9 more × *", "9 more × stage0.*"]
    beside = [f"stage1.{block}" for block in (0, 1, 2, 3, 4, 5, 6, 8, 9)]
    inside = ["stage1.7.conv1", "stage1.7.conv2"]
    others = [f"stage{stage}" for stage in range(2, 10)]
    assert names(after) == sorted(["9 more × stage0.*", *inside, *beside, *others])
    assert after.graph["folded"] == "603 nodes in 31 boxes, folded by repeated blocks, with stage1.7 open"
    own = {node for node, data in GRAPH.nodes(data=True) if data.get("module") == "stage1.7"}
    assert own <= set(after)
    assert not own & set(before)


def test_with_a_depth_too() -> None:
    stages = [f"stage{stage}" for stage in range(10)]
    assert names(fold(GRAPH, 1)) == stages
    opened = names(fold(GRAPH, 1, opened=["stage3"]))
    assert opened == sorted(["9 more × stage3.*", "stage3.0", *(set(stages) - {"stage3"})])


def test_a_name_that_no_group_has_is_refused_in_one_line_that_names_some() -> None:
    with pytest.raises(RenderError, match=r"no group 'stage1.77'.*such as stage1.7"):
        fold(GRAPH, opened=["stage1.77"])
    # Also where nothing is folded, and where nothing belongs together.
    with pytest.raises(RenderError, match="no group 'x'"):
        fold(graphs.residual(2), opened=["x"])
    with pytest.raises(RenderError, match="nothing in it belongs together"):
        fold(graphs.square(), opened=["x"])
    with pytest.raises(RenderError, match="give a list"):
        render_bytes(GRAPH, "svg", opened="stage1.7")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=3), st.sampled_from([1, 2, "auto"]))
def test_whatever_is_opened_is_seen_and_every_node_is_in_one_box(chosen: list[int], how: int | str) -> None:
    groups = build_groups(GRAPH)
    all_groups = list(walk(groups))
    wanted = [all_groups[number % len(all_groups)] for number in chosen]
    folding = plan_folding(GRAPH, how)  # type: ignore[arg-type]  # a depth, or auto
    assert folding is not None
    closed = open_groups(groups, {group.id for group in folding.groups}, [group.id for group in wanted])
    found = outermost(groups, closed)
    members = [node for group in found for node in group.members]
    assert len(members) == len(set(members))
    for group in wanted:
        # It is not closed, nor in a closed one; but what was drawn open before stays so.
        assert group.id not in closed
        assert not any(set(group.members) <= set(other.members) and other.id != group.id for other in found if
                       len(other.members) > len(group.members))  # fmt: skip


def test_export_opens_groups(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording = record_text(tmp_path, DEEP, detail="light")
    recording.close()
    source = str(recording.path)
    for ending in ("svg", "mmd", "html"):
        target = tmp_path / f"deep.{ending}"
        assert main(["export", source, "--open", "13", "-o", str(target)]) == 0
        if ending != "html":
            text = target.read_text(encoding="utf-8")
            assert "with 13 open" in text
            assert "13.0" in text
    capsys.readouterr()
    for ending in ("svg", "html"):
        assert main(["export", source, "--open", "nowhere", "-o", str(tmp_path / f"x.{ending}")]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert "no group 'nowhere'" in error


TWO_OPTIMIZERS = """\
import torch
torch.manual_seed(0)
one, two = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)
first, second = (torch.optim.SGD(part.parameters(), lr=0.1) for part in (one, two))
for turn in range(2):
    first.zero_grad()
    one(torch.ones(3, 2)).pow(2).mean().backward()
    first.step()
    second.zero_grad()
    two(torch.ones(3, 2)).mean().backward()
    second.step()
"""


def test_export_says_where_another_step_has_another_graph(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording = record_text(tmp_path, TWO_OPTIMIZERS, detail="light")
    nodes = [step.nodes for step in recording.steps]
    assert nodes[:2] == nodes[2:]
    assert nodes[0] != nodes[1]
    recording.close()
    source, target = str(recording.path), str(tmp_path / "x.svg")
    assert main(["export", source, "-o", target]) == 0
    assert f"step 3 has another graph, of {nodes[2]} nodes: --step 3\n" in capsys.readouterr().err
    assert main(["export", source, "--step", "4", "-o", target]) == 0
    assert "another graph" not in capsys.readouterr().err
