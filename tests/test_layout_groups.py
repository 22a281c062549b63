"""What belongs together: each rule finds what it is for, by structure, and can be left out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import networkx
import pytest
from hypothesis import given, settings

from graphlab.errors import RenderError
from graphlab.layout.fold import fold, plan_folding
from graphlab.layout.groups import MOST_ITEMS, RULES, Group, build_groups, gather_repeats, outermost, title_of, walk
from graphlab.layout.sketch import Sketch, execution_order, sketch_graph, sketch_structure
from graphlab.recording.calls import read_calls
from tests import graphs
from tests.graphs import Graph, GraphBuilder
from tests.recorded import record_text


def of_kind(groups: Iterable[Group], kind: str) -> list[Group]:
    """Return all groups of a kind, in whatever group they are."""
    return [group for group in walk(groups) if group.kind == kind]


def blocks(*names: str, shape: tuple[int, ...] = (4, 4), module: str | None = None) -> Graph:
    """Return a chain of blocks of a linear layer and a ReLU, each in a module of that name if `module` is a pattern."""
    build = GraphBuilder("blocks")
    last = build.node("data", "x", (2, 4))
    for name in names:
        path = module.format(name) if module else None
        weight = build.node("parameter", f"{name}.w", shape)
        last = build.op("MmBackward0", (last, weight), shape=(2, 4), module=path)
        last = build.op("ReluBackward0", (last,), shape=(2, 4), module=path)
        last = build.op("MulBackward0", (last, last), shape=(2, 4), module=path)
    return build.graph


def test_modules_are_groups_within_groups() -> None:
    groups = build_groups(graphs.residual(20))
    (outer,) = groups
    assert (outer.kind, outer.count) == ("repeat", 2)
    stages = outer.children
    assert [stage.name for stage in stages] == ["stage0", "stage1"]
    assert {group.name for group in of_kind([stages[0]], "module")} >= {"stage0", "stage0.3", "stage0.3.conv1"}


def test_a_group_holds_the_nodes_of_those_inside_and_siblings_share_none() -> None:
    for name in ("residual", "mlp", "unrolled_rnn", "random_dag"):
        for group in walk(build_groups(graphs.AWKWARD[name]())):
            inside = [node for child in group.children for node in child.members]
            assert len(set(inside)) == len(inside)
            assert set(inside) <= set(group.members)
            assert len(group.members) > 1
            assert not (len(group.children) == 1 and group.children[0].members == group.members)


def test_where_there_are_no_modules_the_functions_of_the_script_are_groups() -> None:
    build = GraphBuilder("functions")
    last = build.node("leaf", "x", (3,))
    for call, function in ((2, "encode"), (3, "decode")):
        calls = ((1, "train"), (call, function))
        last = build.op("SinBackward0", (last,), calls=calls)
        last = build.op("CosBackward0", (last,), calls=calls)
        last = build.op("TanBackward0", (last,), calls=(*calls, (call + 5, "inner")))
        last = build.op("ExpBackward0", (last,), calls=(*calls, (call + 5, "inner")))
    groups = build_groups(build.graph)
    # All ops were made in `train`: that groups nothing.
    assert [(group.kind, group.name) for group in groups] == [("function", "encode"), ("function", "decode")]
    assert [group.name for group in of_kind(groups, "function")] == ["encode", "inner", "decode", "inner"]


def test_a_parameter_is_joined_with_its_transpose_unless_something_else_uses_it() -> None:
    build = GraphBuilder("transposes")
    x = build.node("data", "x", (2, 3))
    own, shared = (build.node("parameter", name, (4, 3)) for name in ("own", "shared"))
    first = build.op("TBackward0", (own,))
    second = build.op("TBackward0", (shared,))
    third = build.op("MmBackward0", (x, first))
    build.op("MmBackward0", (third, second, shared))
    (group,) = of_kind(build_groups(build.graph), "transpose")
    assert group.members == (own, first)


def test_views_that_follow_one_another_are_joined() -> None:
    build = GraphBuilder("views")
    x = build.node("leaf", "x", (2, 3))
    last = build.op("SinBackward0", (x,))
    one = build.op("ViewBackward0", (last,))
    two = build.op("TransposeBackward0", (one,))
    build.op("CosBackward0", (two,))
    build.op("CosBackward0", (build.op("ViewBackward0", (last,)),))
    (group,) = of_kind(build_groups(build.graph), "views")
    assert group.members == (one, two)


@pytest.mark.parametrize("module", [None, "layers.{}", "{}.cell"])
def test_blocks_of_the_same_structure_are_found_whatever_they_are_called(module: str | None) -> None:
    groups = build_groups(blocks("ann", "bob", "eve", "joe", "kim", "zoe", module=module))
    repeat = next(group for group in walk(groups) if group.count == 6 or len(group.children) == 2)
    first, rest = repeat.children
    assert (rest.kind, rest.count, rest.is_rest) == ("repeat", 5, True)
    assert len(first.members) == 4
    assert len(rest.children) == 5


def test_blocks_that_differ_in_a_parameters_shape_or_in_their_wiring_are_no_repeats() -> None:
    build = GraphBuilder("different")
    last = build.node("data", "x", (2, 4))
    for width in (4, 5, 6, 7, 8):
        weight = build.node("parameter", f"w{width}", (4, width))
        last = build.op("TanhBackward0", (build.op("MmBackward0", (last, weight)),))
    assert not of_kind(build_groups(build.graph), "repeat")
    build = GraphBuilder("wired differently")
    x = build.node("data", "x", (2, 4))
    made = [build.op("SinBackward0", (x,))]
    for back in (1, 2, 1, 3, 2, 1, 4):
        made.append(build.op("MulBackward0", (made[-1], made[max(0, len(made) - back)])))
    assert not any(group.count > 4 for group in walk(build_groups(build.graph)))


def test_the_steps_of_a_loop_share_their_parameters_and_go_on_from_one_another() -> None:
    groups = build_groups(graphs.unrolled_rnn(8))
    steps = next(group for group in groups if group.kind == "steps")
    assert (steps.count, [child.count for child in steps.children]) == (8, [1, 7])
    assert not of_kind(groups, "repeat")


def test_the_steps_of_a_loop_are_called_by_the_modules_that_each_goes_through() -> None:
    build = GraphBuilder("tagger")
    weight, head = build.node("parameter", "cell.weight", (4, 4)), build.node("parameter", "out.weight", (2, 4))
    hidden, results = build.node("data", "h", (4,)), []
    for _ in range(5):
        mixed = build.op("MvBackward0", (weight, hidden), shape=(4,), module="cell")
        hidden = build.op("TanhBackward0", (mixed,), shape=(4,), module="cell")
        results.append(build.op("MvBackward0", (head, hidden), shape=(2,), module="out"))
    build.op("StackBackward0", results, shape=(5, 2))
    steps = next(group for group in build_groups(build.graph) if group.kind == "steps")
    assert (steps.name, steps.count) == ("cell, out", 5)


def test_the_first_step_is_one_of_them_though_the_state_before_it_is_zero() -> None:
    build = GraphBuilder("lstm")
    weight, zeros = build.node("parameter", "w", (4, 4)), build.node("data", "zeros", (4,))
    hidden, cell = zeros, None
    for _ in range(5):
        x = build.node("data", "x", (4,))
        # A call that torch takes apart names what it was given at the first of its ops, zeros of both states too.
        given = (weight, hidden, x) if cell else (weight, hidden, zeros, x)
        gates = build.op("AddmmBackward0", given, shape=(4,))
        kept = build.op("MulBackward0", (gates, cell) if cell else (gates,), shape=(4,))
        cell = build.op("AddBackward0", (kept, gates), shape=(4,))
        hidden = build.op("MulBackward0", (cell, gates), shape=(4,))
    build.op("SumBackward0", (hidden,), shape=())
    steps = next(group for group in build_groups(build.graph) if group.kind == "steps")
    assert (steps.count, steps.name) == (5, "addmm … mul")


def test_of_a_long_loop_the_parts_are_opened_and_no_single_step() -> None:
    graph = graphs.unrolled_rnn(200)
    folding = plan_folding(graph)
    assert folding is not None
    assert [group.count for group in folding.groups if group.kind == "block"] == [1]
    assert sum(group.count for group in folding.groups if group.is_rest) == 199
    assert len([group for group in folding.groups if group.is_rest]) > 3


def test_very_many_steps_are_counted_in_runs() -> None:
    (steps,) = (group for group in build_groups(graphs.unrolled_rnn(1_000)) if group.kind == "steps")
    _, rest = steps.children
    assert rest.count == 999
    assert len(rest.children) <= MOST_ITEMS
    assert sum(child.count for child in rest.children) == 999


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", list(graphs.AWKWARD))
def test_every_rule_is_safe_alone_and_can_be_left_out(name: str, rule: object) -> None:
    graph = graphs.AWKWARD[name]()
    alone = build_groups(graph, [one for one in RULES if one is rule])
    rest = build_groups(graph, [one for one in RULES if one is not rule])
    for groups in (alone, rest):
        members = [node for group in groups for node in group.members]
        assert len(set(members)) == len(members)
        assert set(members) <= set(graph)
    assert build_groups(graph, []) == []


def test_without_the_rule_for_repeats_there_are_none() -> None:
    graph = graphs.residual(20)
    assert of_kind(build_groups(graph), "repeat")
    assert not of_kind(build_groups(graph, [rule for rule in RULES if rule is not gather_repeats]), "repeat")


@settings(max_examples=60, deadline=None)
@given(graphs.dags())
def test_names_of_groups_are_unique_and_the_tree_is_the_same_every_time(graph: Graph) -> None:
    groups = build_groups(graph)
    names = [group.id for group in walk(groups)]
    assert len(set(names)) == len(names)
    reordered = networkx.MultiDiGraph()
    reordered.add_nodes_from(sorted(graph.nodes(data=True), reverse=True))
    reordered.add_edges_from(sorted(graph.edges(keys=True, data=True), key=lambda edge: edge[:3], reverse=True))
    assert build_groups(reordered) == groups


@pytest.mark.parametrize("size", [500, 10_000])
def test_no_group_holds_more_than_can_be_seen_at_once(size: int) -> None:
    graph = graphs.random_dag(size, reach=40)
    groups = build_groups(graph)
    assert len(groups) <= MOST_ITEMS + 1
    for group in walk(groups):
        inside = {node for child in group.children for node in child.members}
        if group.kind != "unused":
            assert len(group.children) + len(set(group.members) - inside) <= 2 * MOST_ITEMS


def test_of_closed_groups_inside_one_another_the_outermost_counts() -> None:
    groups = build_groups(graphs.residual(20))
    inner = next(group for group in walk(groups) if group.name == "stage1.3")
    assert outermost(groups, [inner.id]) == [inner]
    assert outermost(groups, [groups[0].id, inner.id]) == [groups[0]]
    assert outermost(groups, ["no such group"]) == []


def test_a_recordings_structure_has_the_groups_of_its_graph_at_every_step(tmp_path: Path) -> None:
    recording = record_text(
        tmp_path,
        """
        import torch
        def cell(x, h, W, U):
            return torch.tanh(x @ W + h @ U.t())
        W, U = (torch.randn(4, 4, requires_grad=True) for _ in range(2))
        for epoch in range(2):
            h = torch.zeros(1, 4)
            for x in torch.randn(5, 1, 4):
                h = cell(x, h, W, U)
            h.sum().backward()
            with torch.no_grad():
                W -= 0.1 * W.grad
            W.grad = None
        """,
    )
    found = []
    for step in recording.steps[:2]:
        structure = recording.structure(step.step)
        names = recording.names(step.last)
        sketch = sketch_structure(structure, read_calls(recording, structure.nodes.values()), names)
        groups = build_groups(sketch)
        assert groups == build_groups(recording.graph(at=step.last))
        found.append([group.id for group in walk(groups)])
    assert found[0] == found[1]
    assert found[0][:2] == ["steps:cell", "function:cell"]


def test_many_inputs_alike_of_one_part_are_one_and_a_few_stay_themselves() -> None:
    def recurrent(steps: int, named: int) -> Graph:
        build = GraphBuilder("inputs")
        weight = build.node("parameter", "W", (4, 4))
        state = build.node("data", "h", (4,))
        for step in range(steps):
            # Of a long list a recording names the first elements only; the loop's variable holds the last.
            name = f"inputs[{step}]" if step < named else "x" if step == steps - 1 else ""
            x = build.node("leaf", name, (4,), gradient=graphs.snapshot([0.0, 10.0**-step, 0.0, 0.0]))
            mixed = build.op("MvBackward0", (weight, state), shape=(4,))
            state = build.op("TanhBackward0", (build.op("AddBackward0", (mixed, x), shape=(4,)),), shape=(4,))
        build.output(build.op("SumBackward0", (state,), "loss", shape=()))
        return build.graph

    graph = recurrent(40, 12)
    (alike,) = of_kind(build_groups(graph), "alike")
    assert (title_of(alike), len(alike.members)) == ("40 × inputs", 40)
    folded = fold(graph)
    (box,) = (data for _, data in folded.nodes(data=True) if data.get("group") == alike.id)
    assert (box["kind"], box["detail"], box["names"]) == ("leaf", "40 leaves, ‖∇‖ 1e-39 … 1", [])
    assert box["gradient"].magnitude == pytest.approx(1.005038)
    assert not of_kind(build_groups(recurrent(8, 8)), "alike")


def test_the_outputs_of_several_backwards_are_no_repeat() -> None:
    build = GraphBuilder("outputs")
    for index in range(6):
        build.output(build.op(f"Other{'x' * index}Backward0", (build.node("leaf", f"x{index}", (3,)),), shape=(3,)))
    assert build_groups(build.graph) == []


def test_leaves_that_several_ops_take_are_one_only_where_these_are_the_same_ops() -> None:
    build = GraphBuilder("stacked")
    leaves = [build.node("leaf", f"w{index}", (3,)) for index in range(12)]
    build.output(build.op("StackBackward0", leaves, shape=(12, 3)))
    for index in range(12):
        build.output(build.op(f"Other{'x' * index}Backward0", (build.node("leaf", f"v{index}", (3,)),), shape=(3,)))
    (alike,) = of_kind(build_groups(build.graph), "alike")
    assert (alike.members, title_of(alike)) == (tuple(leaves), "12 × w0 … w11")


def test_sources_come_before_targets_in_the_order_of_execution() -> None:
    assert execution_order([1, 2, 3], [(3, 1), (1, 2)]) == [3, 1, 2]
    with pytest.raises(RenderError, match="cycle"):
        execution_order([1, 2], [(1, 2), (2, 1)])


def test_a_sketch_needs_no_more_than_numbers_and_edges() -> None:
    sketch = sketch_graph(networkx.MultiDiGraph([(1, 2), (2, 3)]))
    assert isinstance(sketch, Sketch)
    assert list(sketch.numbers) == [1, 2, 3]
    assert build_groups(networkx.MultiDiGraph()) == []


def test_a_group_is_called_by_the_class_of_its_modules(tmp_path: Path) -> None:
    recording = record_text(
        tmp_path,
        """
        import torch
        from torch import nn
        class Block(nn.Module):
            def __init__(self):
                super().__init__()
                self.inner = nn.Linear(4, 4)
            def forward(self, x):
                return x + torch.relu(self.inner(x))
        model = nn.Sequential(*(Block() for _ in range(6)))
        loss = model(torch.randn(2, 4)).sum()
        loss.backward()
        """,
    )
    classes = recording.facts.modules
    assert (classes["0"], classes["5.inner"]) == ("Block", "Linear")
    (repeat,) = (group for group in build_groups(recording.graph()) if group.kind == "repeat")
    assert title_of(repeat, classes) == "6 × Block"
    first, rest = repeat.children
    assert (title_of(first, classes), title_of(rest, classes)) == ("0", "5 more × Block")
    assert title_of(repeat) == "6 × *"
