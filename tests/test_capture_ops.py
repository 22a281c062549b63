"""What a graph holds: nodes, edges with slots and labels, names, modules, values; the slides' four pictures."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy
import pytest

from graphlab.recording import Recording
from graphlab.scenario import find_scenario
from tests.recorded import edge_words, events, gradients, record_text, tags, update_norms, values


@pytest.fixture(scope="module")
def cell(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return record_text(tmp_path_factory.mktemp("cell"), find_scenario("rnn_cell").text, name="rnn_cell")


def line_of(run: Recording, start: str) -> int:
    lines = run.files[0].text.splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.startswith(start))


def test_the_first_picture_is_four_boxes_without_an_op(cell: Recording) -> None:
    line = line_of(cell, "W_x =")
    assert tags(cell, line=line) == {name: [name] for name in ("x", "prev_h", "W_h", "W_x")}
    assert edge_words(cell, line=line) == set()
    kinds = {data["name"]: data["kind"] for _, data in cell.graph(line=line).nodes(data=True)}
    assert (kinds["x"], kinds["prev_h"]) == ("data", "data")
    assert kinds["W_h"] in {"leaf", "parameter"}


def test_the_second_picture_is_two_products_under_their_own_names(cell: Recording) -> None:
    graph = cell.graph(line=line_of(cell, "h2h ="))
    above = {
        tuple(data["names"]): {
            (graph.nodes[source]["name"], edge["slot"], edge["label"])
            for source, _, edge in graph.in_edges(node, data=True)
        }
        for node, data in graph.nodes(data=True)
        if data["kind"] == "op"
    }
    assert above == {
        ("i2h",): {("W_x", 0, ""), ("x", 1, ".t()")},
        ("h2h",): {("W_h", 0, ""), ("prev_h", 1, ".t()")},
    }


def test_in_the_third_picture_add_joins_them_and_is_next_h(cell: Recording) -> None:
    line = line_of(cell, "next_h = i2h")
    assert tags(cell, line=line)["AddBackward0"] == ["next_h"]
    graph = cell.graph(line=line)
    (add,) = [node for node, data in graph.nodes(data=True) if data["op"] == "AddBackward0"]
    slots = {edge["slot"]: graph.nodes[source]["names"] for source, _, edge in graph.in_edges(add, data=True)}
    assert slots == {0: ["i2h"], 1: ["h2h"]}


def test_in_the_fourth_picture_the_tag_next_h_has_moved_down_to_tanh(cell: Recording) -> None:
    line = line_of(cell, "next_h = next_h.tanh")
    names = tags(cell, line=line)
    assert (names["AddBackward0"], names["TanhBackward0"]) == ([], ["next_h"])
    assert len(cell.graph(line=line)) == 8


def test_the_cell_agrees_with_the_published_figures(cell: Recording) -> None:
    (step,) = cell.steps
    assert step.loss == pytest.approx(-2.451504, abs=1e-6)
    norms = {leaf.name: leaf.gradient.statistics.norm for leaf in cell.step_gradients(1) if leaf.gradient is not None}
    assert norms == {"W_h": pytest.approx(3.849550, abs=2e-6), "W_x": pytest.approx(3.207100, abs=2e-6)}
    assert (step.nodes, step.edges) == (7, 6)
    order = [
        cell.node(event.node).op or cell.node(event.node).name or cell.names(event.id)[event.node][0]
        for event in cell.events
        if event.kind in {"gradient", "accumulate"} and event.node is not None
    ]
    assert order == ["SumBackward0", "TanhBackward0", "AddBackward0", "MmBackward0", "W_h", "MmBackward0", "W_x"]


def test_the_survey_function_agrees_with_the_published_figures(tmp_path: Path) -> None:
    run = record_text(tmp_path, find_scenario("survey_function").text)
    assert run.losses[0] == pytest.approx(11.652071, abs=1e-6)
    assert list(gradients(run, 1).values()) == pytest.approx([5.5, 1.716338], abs=1e-6)


@pytest.mark.parametrize("family", ["linear_regression", "logistic_regression", "mlp"])
def test_the_levels_of_a_family_have_the_same_steps_losses_and_updates(tmp_path: Path, family: str) -> None:
    runs = []
    for level in ("low", "mid", "high"):
        scenario = find_scenario(f"{family}_{level}")
        (tmp_path / "data").mkdir(exist_ok=True)
        for file in (scenario.path.parent / "data").iterdir():
            (tmp_path / "data" / file.name).write_bytes(file.read_bytes())
        runs.append(record_text(tmp_path, scenario.text, name=scenario.name))
    low, *others = runs
    assert len(low.steps) >= 20
    for other in others:
        assert other.losses == pytest.approx(low.losses, abs=1e-6)
        for number in (1, 2, len(low.steps) // 2, len(low.steps)):
            norms = [sorted(norm or 0.0 for norm in update_norms(run, number).values()) for run in (low, other)]
            total = [sum(norm**2 for norm in each) ** 0.5 for each in norms]
            assert total[0] > 0
            assert total[1] == pytest.approx(total[0], abs=1e-6)


LEAF = "import torch\nimport torch.nn.functional as F\nw = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)\n"


def test_one_leaf_used_twice_by_one_op_has_two_edges(tmp_path: Path) -> None:
    run = record_text(tmp_path, LEAF + "y = w * w\nz = w ** 2\n(y + z).sum().backward()\n")
    assert {edge[:3] for edge in edge_words(run) if edge[0] == "w"} == {
        ("w", "MulBackward0", 0), ("w", "MulBackward0", 1), ("w", "PowBackward0", 0),
    }  # fmt: skip
    assert gradients(run, 1) == {"w": [4.0, 8.0, 12.0]}


def test_the_outputs_of_one_node_are_told_apart(tmp_path: Path) -> None:
    run = record_text(
        tmp_path, LEAF + "a, b, c = w.unbind(0)\nd, e = torch.split(w, [1, 2])\n(a * c + e.sum()).backward()\n"
    )
    outputs = {edge.output for edge in run.structure(1).edges if run.node(edge.source).op == "UnbindBackward0"}
    assert outputs == {0, 2}
    assert tags(run)["UnbindBackward0"] == ["a", "b", "c"]
    assert gradients(run, 1) == {"w": [3.0, 1.0, 2.0]}


def test_an_in_place_change_of_a_view_rebuilds_its_base(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        LEAF + "y = w * 1\nv = y[0:2]\nv *= 10\nz = y[1]\nv2 = y.t() if y.dim() > 1 else y\n(y.sum() + z).backward()\n",
    )
    found = tags(run)
    assert "y" in found["torch::autograd::CopySlices"]
    assert gradients(run, 1) == {"w": [10.0, 20.0, 1.0]}
    held = {variable.name: variable.tensor for variable in run.variables(run.event_count)}
    assert values(run.snapshot(held["y"].snapshot if held["y"] else None)) == [10.0, 20.0, 3.0]


def test_data_is_joined_to_the_ops_that_use_it_with_the_views_on_the_way(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        LEAF
        + """\
x = torch.arange(12.0).reshape(3, 4)
rows = x[0:torch.tensor(2), :3]  # a place that was drawn is written as the number that it is
y = rows @ w
index = torch.tensor([0, 1])
z = w[index] + x.t()[1, 1:3] + x.T[0, :2].reshape(2)
loss = F.mse_loss(y, torch.tensor([1.0, 2.0])) + z.sum()
loss.backward()
""",
    )
    words = edge_words(run)
    joined = {(target, slot, label) for source, target, slot, label in words if source == "x"}
    assert ("MvBackward0", 0, "[0:2, :3]") in joined
    assert ("AddBackward0", 1, ".t()[1, 1:3]") in joined
    assert ("AddBackward0", 1, ".T[0, :2].reshape(2)") in joined
    assert any(source == "index" and target == "IndexBackward0" for source, target, _, _ in words)
    assert any(target == "MseLossBackward0" and slot == 1 and label == "" for _, target, slot, label in words)


def test_a_custom_function_is_one_node_with_its_own_name(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        LEAF
        + """\
class Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, b, scale):
        ctx.save_for_backward(a)
        return a * scale, b.clone()
    @staticmethod
    def backward(ctx, one, other):
        (a,) = ctx.saved_tensors
        return one * 2, None, None
v = torch.ones(3, requires_grad=True)
first, second = Twice.apply(w, v, 2.0)
(first.sum() + second.sum()).backward()
""",
    )
    assert tags(run)["TwiceBackward"] == ["first", "second"]
    assert gradients(run, 1) == {"w": [2.0, 2.0, 2.0], "v": None}
    assert w_grad_rows(run) == 1


def w_grad_rows(run: Recording) -> int:
    return sum(event.kind == "accumulate" and bool(run.changes(event.id)[0].after) for event in run.events)


def test_users_hooks_run_in_their_order_and_change_what_they_change(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        LEAF
        + """\
order = []
def say(word, factor=None):
    def hook(*args):
        order.append(word)
        if factor is not None:
            return args[0] * factor
    return hook
y = w * 2
y.register_hook(say("tensor one", 10))
y.grad_fn.register_hook(say("node"))
y.grad_fn.register_prehook(say("node before"))
y.register_hook(say("tensor two"))
y.retain_grad()
w.register_hook(say("leaf", 0.5))
w.register_post_accumulate_grad_hook(say("accumulated"))
y.sum().backward()
words = ", ".join(order)
kept = y.grad.tolist()
""",
    )
    assert gradients(run, 1) == {"w": [10.0, 10.0, 10.0]}
    words = next(v for v in run.variables(run.event_count) if v.name == "words").text
    assert words == repr("tensor one, tensor two, node before, node, leaf, accumulated")[:60]
    (product,) = [event.node for event in events(run, "gradient") if run.node(event.node or 0).op == "MulBackward0"]
    assert values(run.gradient(product or 0, run.event_count)) == [10.0, 10.0, 10.0]


def test_what_no_grad_inference_mode_and_detach_make_is_data(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        LEAF
        + """\
with torch.no_grad():
    a = w * 2
with torch.inference_mode():
    b = w * 3
    b2 = b.t()
    b.add_(1)
c = w.detach()
d = (w * 4).detach().requires_grad_()
loss = (a * w).sum() + (c * w).sum() + d.sum()
loss.backward()
""",
    )
    nodes = {data["name"]: data["kind"] for _, data in run.graph().nodes(data=True) if data["name"]}
    assert (nodes["a"], nodes["d"]) == ("data", "leaf")
    assert gradients(run, 1) == {"w": [3.0, 6.0, 9.0], "d": [1.0, 1.0, 1.0]}
    held = {variable.name: variable.tensor for variable in run.variables(run.event_count)}
    assert values(run.snapshot(held["b"].snapshot if held["b"] else None)) == [4.0, 7.0, 10.0]


DTYPES: dict[str, tuple[str, str, list[float]]] = {
    "float64": ("torch.tensor([1.5, -2.0], dtype=torch.float64)", "<f8", [1.5, -2.0]),
    "float16": ("torch.tensor([1.5, -2.0], dtype=torch.float16)", "<f2", [1.5, -2.0]),
    "bfloat16": ("torch.tensor([1.5, -2.0], dtype=torch.bfloat16)", "<f4", [1.5, -2.0]),
    "int64": ("torch.tensor([3, -2])", "<i8", [3, -2]),
    "uint8": ("torch.tensor([3, 2], dtype=torch.uint8)", "|u1", [3, 2]),
    "bool": ("torch.tensor([True, False])", "|b1", [True, False]),
}


@pytest.mark.parametrize("dtype", DTYPES)
def test_values_of_every_dtype_are_kept(tmp_path: Path, dtype: str) -> None:
    made, stored, expected = DTYPES[dtype]
    run = record_text(tmp_path, f"import torch\nt = {made}\nempty = t[:0]\nscalar = t[0].clone()\n")
    held = {variable.name: variable.tensor for variable in run.variables(run.event_count)}
    kept = {name: run.snapshot(tensor.snapshot) for name, tensor in held.items() if tensor is not None}
    assert kept["t"] is not None
    assert (kept["t"].dtype, kept["t"].stored) == (dtype, stored)
    assert values(kept["t"]) == expected
    assert values(kept["empty"]) == []
    assert values(kept["scalar"]) == expected[0]


def test_complex_sparse_meta_and_not_finite_values_are_told_as_they_are(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        """\
        import torch
        c = torch.tensor([1 + 2j, 3 - 1j], requires_grad=True)
        (c.abs() ** 2).sum().backward()
        s = torch.eye(3).to_sparse()
        m = torch.ones(3, device="meta") * 2
        n = torch.tensor([float("nan"), float("inf"), -float("inf"), 0.0])
        w = torch.zeros(2, requires_grad=True)
        (w / 0).sum().backward()
        """,
    )
    held = {variable.name: variable.tensor for variable in run.variables(run.event_count)}
    assert held["m"] is not None
    assert held["m"].snapshot is None
    assert held["s"] is not None
    nan = run.snapshot(held["n"].snapshot if held["n"] else None)
    assert nan is not None
    assert (nan.statistics.nans, nan.statistics.infinities) == (1, 2)
    assert math.isnan(nan.statistics.norm or 0.0)
    assert math.isnan(run.losses[0] or 0.0)
    found = {leaf.name: leaf.gradient for leaf in run.step_gradients(1)}
    assert values(found["c"]) == [2 + 4j, 6 - 2j]
    assert found["w"] is not None
    assert found["w"].statistics.infinities == 2


@pytest.mark.parametrize("size", [4096, 4097, 100_000])
def test_beyond_the_budget_norm_and_extremes_are_exact_and_values_a_sample(tmp_path: Path, size: int) -> None:
    run = record_text(tmp_path, f"import torch\nt = torch.arange({size}.0) - 7\ni = torch.arange({size})\n")
    held = {variable.name: variable.tensor for variable in run.variables(run.event_count)}
    kept = run.snapshot(held["t"].snapshot if held["t"] else None)
    assert kept is not None
    whole = numpy.arange(size, dtype="f8") - 7
    assert kept.is_complete is (size <= 4096)
    statistics = kept.statistics
    # To more digits than a float32 has.
    assert statistics.norm == pytest.approx(float(numpy.linalg.norm(whole)), rel=1e-8)
    assert (statistics.minimum, statistics.maximum) == (-7.0, float(size - 8))
    assert statistics.is_sampled is (size > 4096)
    assert kept.array is not None
    assert kept.array.tolist() == whole[:: kept.stride].tolist()
    assert len(kept.array) <= 4096
    assert (kept.summary()["values"] is None) is (size > 4096)


MODELS: dict[str, tuple[str, list[str]]] = {
    "one": (
        "net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))",
        ["0.weight", "0.bias", "1.weight", "1.bias"],
    ),
    "two": (
        "a = torch.nn.Linear(2, 2)\nb = torch.nn.Linear(2, 1)\nnet = lambda x: b(a(x))",
        ["a.weight", "a.bias", "b.weight", "b.bias"],
    ),
    "shared": ("inner = torch.nn.Linear(2, 2)\nnet = torch.nn.Sequential(inner, inner)", ["0.weight", "0.bias"]),
}  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_parameters_have_their_dotted_names(tmp_path: Path, model: str) -> None:
    text, expected = MODELS[model]
    run = record_text(tmp_path, f"import torch\n{text}\nnet(torch.ones(1, 2)).sum().backward()\n")
    assert list(gradients(run, 1)) == expected


def test_a_node_knows_the_module_call_and_line_that_made_it(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        """\
        import torch
        class Block(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = torch.nn.Linear(2, 2)
            def forward(self, x):
                h = self.fc(x)
                return torch.relu(h) + x
        class Net(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.blocks = torch.nn.ModuleList([Block(), Block()])
            def forward(self, x):
                for block in self.blocks:
                    x = block(x)
                return x.sum()
        net = Net()
        loss = net(torch.ones(1, 2))
        loss.backward()
        """,
    )
    found: set[tuple[Any, ...]] = {
        (data["module"], data["op"], data["call"], data["line"])
        for _, data in run.graph().nodes(data=True)
        if data["kind"] == "op"
    }
    for path in ("blocks.0", "blocks.1"):
        assert (f"{path}.fc", "AddmmBackward0", "F.linear", 7) in found
        assert (path, "ReluBackward0", "torch.relu", 8) in found
    assert (None, "SumBackward0", "Tensor.sum", 16) in found
    assert run.notes == []


def test_double_backward_and_gradients_of_gradients_are_recorded(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        LEAF
        + """\
y = (w ** 3).sum()
(g,) = torch.autograd.grad(y, w, create_graph=True)
penalty = (g ** 2).sum()
penalty.backward()
""",
    )
    starts = events(run, "backward_start")
    assert [event.details["call"] for event in starts] == ["grad", "backward"]
    assert gradients(run, 1) == {"w": [36.0, 288.0, 972.0]}
    assert "PowBackward0" in tags(run)


def test_a_backward_for_some_inputs_alone_reaches_those_alone(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        LEAF
        + "v = torch.ones(3, requires_grad=True)\nloss = (w * v).sum()\nloss.backward(inputs=[v], retain_graph=True)\n",
    )
    assert gradients(run, 1) == {"w": None, "v": [1.0, 2.0, 3.0]}
    assert len(events(run, "accumulate")) == 1


def test_checkpoints_and_saved_tensor_hooks_leave_the_run_as_it_is(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        LEAF
        + """\
from torch.utils.checkpoint import checkpoint
packed = []
def pack(t):
    packed.append(1)
    return t
def block(x):
    return torch.tanh(x * w)
y = checkpoint(block, w, use_reentrant=False).sum() + checkpoint(block, w, use_reentrant=True).sum()
y.backward()
with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
    z = (w.exp() * w).sum()
z.backward()
count = len(packed)
expected = w.grad.clone()
""",
    )
    held = {variable.name: variable for variable in run.variables(run.event_count)}
    assert held["count"].text == "3"
    assert gradients(run, 1)["w"] == values(
        run.snapshot(held["expected"].tensor.snapshot if held["expected"].tensor else None)
    )


def test_a_model_held_by_a_plain_object_names_its_parameters(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        """\
        import torch
        class Trainer:
            def __init__(self):
                self.model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
            def fit(self):
                self.model(torch.ones(3, 2)).sum().backward()
        Trainer().fit()
        """,
    )
    assert [leaf.name for leaf in run.step_gradients(1)] == ["0.weight", "0.bias", "1.weight", "1.bias"]


def test_the_callers_name_of_a_tensor_goes_before_the_callees(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        """\
        import torch
        def square(pred):
            return (pred * pred).sum()
        w = torch.ones(2, requires_grad=True)
        out = w * 3
        loss = square(out)
        loss.backward()
        """,
    )
    first = min(node for node, data in run.graph().nodes(data=True) if data["op"] == "MulBackward0")
    assert run.graph().nodes[first]["names"] == ["out", "pred"]


def test_a_leaf_keeps_one_name_when_the_function_that_made_it_has_returned(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        """\
        import torch
        def make():
            w = torch.ones(2, requires_grad=True)
            return w
        weights = [make() for _ in range(2)]
        opt = torch.optim.SGD(weights, lr=0.1)
        for _ in range(2):
            opt.zero_grad()
            sum((w * w).sum() for w in weights).backward()
            opt.step()
        """,
    )
    for number in (1, 2):
        assert [leaf.name for leaf in run.step_gradients(number)] == ["weights[0]", "weights[1]"]


def test_a_backward_on_the_meta_device_is_recorded_without_numbers(tmp_path: Path) -> None:
    run = record_text(
        tmp_path,
        """\
        import torch
        w = torch.ones(2, 2, device="meta", requires_grad=True)
        (w @ w).sum().backward()
        """,
    )
    assert run.losses == [None]
    assert run.steps[0].nodes == 3
    assert len([event for event in run.events if event.kind == "accumulate"]) == 1
