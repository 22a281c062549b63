"""Static graphs: what torch's own tracers make of a script, as plain rows; torch is asked again as the oracle."""

from __future__ import annotations

import copy
import textwrap
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from graphlab.capture.static import trace_script
from graphlab.capture.static.trace import ScriptTrace
from graphlab.static_graph import ASKED, TRACERS, StaticGraph, Tracer, decode, encode

ROOT = Path(__file__).resolve().parent.parent

MLP = """
import torch
from torch import nn

torch.manual_seed(0)
x, y = torch.randn(6, 4), torch.tensor([0, 1, 2, 0, 1, 2])
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
for step in range(3):
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
"""

CONVOLUTION = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.norm = nn.BatchNorm2d(2)
        self.out = nn.Linear(2 * 4 * 4, 3)

    def forward(self, x, scale=1.0):
        h = torch.relu(self.norm(self.conv(x)))
        return self.out(h.flatten(1)) * scale


def train(net, batches):
    for x in batches:
        loss = (net(x, scale=2.0) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            for parameter in net.parameters():
                parameter -= 0.1 * parameter.grad
                parameter.grad = None


torch.manual_seed(0)
net = Net()
train(net, [torch.randn(2, 1, 6, 6) for _ in range(3)])
"""


LEAVES_ITS_LOOP = """
import torch
def go(w):
    for _ in range(3):
        (w * w).backward()
        if w.grad is None:
            return
go(torch.tensor(1.0, requires_grad=True))
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "script.py"
    path.write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")
    return path


def trace(path: Path, *tracers: Tracer, name: str | None = None) -> dict[str, StaticGraph]:
    text = path.read_text(encoding="utf-8")
    graphs, error = trace_script(path, text, [str(path)], tracers=tracers, name=name)
    assert error is None
    return {graph.tracer: graph for graph in graphs}


def ops(graph: StaticGraph, role: str | None = None) -> list[str]:
    return [node.op or "" for node in graph.nodes if node.kind == "op" and role in {None, node.role}]


def model_of(path: Path) -> tuple[Any, torch.Tensor]:
    """Return the model of the small scripts as it was built, and an input for it."""
    head = path.read_text(encoding="utf-8").partition("optimizer =")[0]
    namespace: dict[str, Any] = {"__name__": "script"}
    exec(compile(head, str(path), "exec"), namespace)
    return namespace["model"], namespace["x"]


@pytest.fixture(scope="module")
def mlp(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, StaticGraph]]:
    path = write(tmp_path_factory.mktemp("mlp"), MLP)
    return path, trace(path, *ASKED)


def test_fx_and_export_graphs_are_the_tracers_own_node_by_node(mlp: tuple[Path, dict[str, StaticGraph]]) -> None:
    path, graphs = mlp
    model, x = model_of(path)
    own = torch.fx.symbolic_trace(model).graph
    rows = [node for node in graphs["fx"].nodes if not node.is_implied]
    assert len(rows) == len(own.nodes)
    assert [node.call for node in rows if node.kind == "op"] == ["Linear", "ReLU", "Linear"]
    assert [node.module for node in rows if node.kind == "op"] == [str(n.target) for n in own.nodes][1:-1]
    added = {node.name for node in graphs["fx"].nodes if node.is_implied}
    assert added == {name for name, _ in model.named_parameters()}

    program = torch.export.export(model, (x,), strict=False)
    rows = list(graphs["export"].nodes)
    assert len(rows) == len(program.graph.nodes)
    assert [node.op for node in rows] == [
        str(n.target) if n.op == "call_function" else None for n in program.graph.nodes
    ]
    numbers = {node.name: number for number, node in enumerate(program.graph.nodes, 1)}
    for row, node in zip(rows, program.graph.nodes, strict=True):
        assert row.inputs == tuple(numbers[each.name] for each in node.all_input_nodes)
    assert [node.shape for node in rows if node.kind == "op"] == [(6, 8), (6, 8), (6, 3)]
    assert [node.line for node in rows if node.kind == "op"] == [9, 9, 9]


def test_compile_gives_forward_and_backward_of_one_graph(mlp: tuple[Path, dict[str, StaticGraph]]) -> None:
    graph = mlp[1]["compile"]
    assert graph.failure is None
    assert not graph.notes
    forward, backward = Counter(ops(graph, "forward")), Counter(ops(graph, "backward"))
    assert forward["aten.addmm.default"] == 2
    assert forward["aten.relu.default"] == 1
    assert backward["aten.mm.default"] == 3  # the input needs no gradient, so its layer has one mm, not two
    assert backward["aten.threshold_backward.default"] == 1
    assert {node.name for node in graph.nodes if node.kind == "parameter"} == {
        "0.weight",
        "0.bias",
        "2.weight",
        "2.bias",
    }
    relu = next(node for node in graph.nodes if node.op == "aten.relu.default")
    threshold = next(node for node in graph.nodes if node.op == "aten.threshold_backward.default")
    reached, pending = set(), [threshold.id]
    while pending:
        number = pending.pop()
        reached.add(number)
        pending += graph.nodes[number - 1].inputs
    assert relu.id in reached


def test_jit_graph_has_the_traced_ops_and_says_that_it_is_deprecated(mlp: tuple[Path, dict[str, StaticGraph]]) -> None:
    graph = mlp[1]["jit"]
    assert ops(graph) == ["aten.linear", "aten.relu", "aten.linear"]
    assert [node.module for node in graph.nodes if node.kind == "op"] == ["0", "1", "2"]
    assert [note.text for note in graph.notes] == ["torch.jit.trace is deprecated in torch"]


@pytest.mark.parametrize("momentum", ["0.0", "0.9"])
def test_the_step_s_graph_computes_what_the_eager_step_does(tmp_path: Path, momentum: str) -> None:
    """Traced in the second step, the graph is run for the third: bit for bit what three eager steps give."""
    path = write(tmp_path, MLP.replace("0.9", momentum))
    text = path.read_text(encoding="utf-8")
    run = ScriptTrace(path, text, ["step"], None)
    assert run.run([str(path)], module=None, seed=None) is None
    assert run.step is not None
    inputs = {named.name: named.tensor.detach().clone() for named in run.step.inputs}
    run.step.module(*inputs.values())

    namespace: dict[str, Any] = {"__name__": "script"}
    exec(compile(text, str(path), "exec"), namespace)
    expected = dict(namespace["model"].named_parameters())
    assert set(expected) <= set(inputs)
    for name, parameter in expected.items():
        assert torch.equal(inputs[name], parameter), name


def test_the_step_s_gradients_are_those_of_autograd(tmp_path: Path) -> None:
    path = write(tmp_path, MLP)
    run = ScriptTrace(path, path.read_text(encoding="utf-8"), ["step"], None)
    assert run.run([str(path)], module=None, seed=None) is None
    step, (graph,) = run.step, run.graphs
    assert step is not None
    model, x = model_of(path)
    start = {named.name: named.tensor.detach().clone() for named in step.inputs}
    model.load_state_dict({name: start[name] for name in model.state_dict()})
    nn.functional.cross_entropy(model(x), torch.tensor([0, 1, 2, 0, 1, 2])).backward()
    values: dict[str, torch.Tensor] = {}

    class Keeping(torch.fx.Interpreter):
        def run_node(self, n: torch.fx.Node) -> Any:
            result = super().run_node(n)
            if isinstance(result, torch.Tensor):
                values[n.name] = result.clone()
            return result

    Keeping(step.module).run(*[tensor.clone() for tensor in start.values()])
    names = [node.name for node in step.module.graph.nodes]
    leaves = [name for name, row in zip(names, graph.nodes, strict=False) if row.autograd == "AccumulateGrad"]
    found = [values[name] for name in leaves]
    for parameter in model.parameters():
        assert any(parameter.grad.shape == each.shape and torch.equal(parameter.grad, each) for each in found)


def test_the_step_has_an_update_for_each_parameter_and_says_whose_gradient_each_op_is(
    mlp: tuple[Path, dict[str, StaticGraph]],
) -> None:
    graph = mlp[1]["step"]
    assert graph.target == "lines 9 to 12"
    updates = [node for node in graph.nodes if node.role == "update" and node.op == "aten.add_.Tensor"]
    assert {node.name for node in updates} >= {"0.weight", "0.bias", "2.weight", "2.bias"}
    assert all(node.line == 11 for node in updates)
    by_name = {node.name: node.id for node in graph.nodes if node.kind == "parameter"}
    assert all(by_name[node.name] in node.inputs for node in updates if node.name in by_name)
    backward = [node for node in graph.nodes if node.role == "backward"]
    assert {"AddmmBackward0", "ReluBackward0", "NllLossBackward0", "AccumulateGrad"} <= {n.autograd for n in backward}
    assert {node.line for node in backward if node.autograd == "AddmmBackward0"} == {9}
    assert next(node.op for node in graph.nodes if node.name == "loss") in {
        "operator.getitem",
        "aten.nll_loss_forward.default",
    }


def test_a_convolution_net_is_traced_by_all(tmp_path: Path) -> None:
    """Its loop is in a function, its batches come from a list, its call has a keyword, its norm counts batches."""
    graphs = trace(write(tmp_path, CONVOLUTION), *ASKED)
    for tracer in ("fx", "export", "compile", "step"):
        assert graphs[tracer].failure is None, graphs[tracer].failure
        assert any("conv" in node.op.lower() for node in graphs[tracer].nodes if node.op), tracer
    assert graphs["fx"].target == "net"
    assert graphs["step"].target == "lines 19 to 24"
    updated = {node.name for node in graphs["step"].nodes if node.op == "aten.sub_.Tensor"}
    assert updated == {"conv.weight", "conv.bias", "norm.weight", "norm.bias", "out.weight", "out.bias"}
    assert {node.module for node in graphs["step"].nodes} >= {"conv", "norm", "out", "gradients", "update"}
    reason = graphs["jit"].failure
    assert reason is not None
    assert "takes tensors alone" in reason.text


def test_where_data_decides_fx_and_export_say_the_line_and_the_others_what_they_froze() -> None:
    path = ROOT / "scenarios" / "static_vs_dynamic.py"
    lines = path.read_text(encoding="utf-8").splitlines()
    branch = next(number for number, line in enumerate(lines, 1) if "if h.sum() > 0" in line)
    loop = next(number for number, line in enumerate(lines, 1) if "while h.norm()" in line)
    graphs = trace(path, "fx", "export", "compile", "jit")
    for tracer in ("fx", "export"):
        failure = graphs[tracer].failure
        assert failure is not None
        assert failure.line == branch
        assert "`if h.sum() > 0:` decides by a value which branch runs" in failure.text
        assert not graphs[tracer].nodes
    assert [note.line for note in graphs["compile"].notes] == [branch, loop]
    assert all("another goes on" in note.text for note in graphs["compile"].notes)
    frozen = {note.line: note.text for note in graphs["jit"].notes}
    assert "frozen" in frozen[branch]
    assert "decides by a value how often it runs: it was asked" in frozen[loop]
    used = {node.name for node in graphs["jit"].nodes if node.kind == "parameter"}
    assert used == {"enter.weight", "enter.bias", "left.weight", "left.bias"}, "the branch that was taken"


def test_the_model_without_decisions_has_a_graph_by_its_name() -> None:
    path = ROOT / "scenarios" / "static_vs_dynamic.py"
    graphs = trace(path, "fx", "export", name="straight")
    assert ops(graphs["fx"]) == ["nn.Linear", "nn.Tanh", "nn.Linear"]
    assert ops(graphs["export"]) == ["aten.linear.default", "aten.tanh.default", "aten.linear.default"]
    failure = trace(path, "fx", name="crooked")["fx"].failure
    assert failure is not None
    assert failure.text == "the script never calls 'crooked' with tensors: it calls deciding, straight"


def test_a_script_without_a_loop_is_one_step_and_a_function_of_its_own_is_traced(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        import torch

        def wave(x, w):
            return (x * w).sin().sum()

        w = torch.ones(3, requires_grad=True)
        loss = wave(torch.arange(3.0), w)
        loss.backward()
        """,
    )
    graphs = trace(path, "fx", "step")
    assert graphs["fx"].target == "wave"
    assert [node.call for node in graphs["fx"].nodes if node.kind == "op"] == ["mul", "sin", "sum"]
    assert "aten.cos.default" in ops(graphs["step"], "backward")
    assert not any(node.role == "update" for node in graphs["step"].nodes)


def test_numbers_that_leave_the_step_are_told(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        import torch

        w = torch.tensor(2.0, requires_grad=True)
        for _ in range(2):
            loss = w * w
            if loss > 1:
                loss = loss * 0.5
            loss.backward()
            total = loss.item()
            w.data -= 0.1 * w.grad
            w.grad = None
        """,
    )
    graph = trace(path, "step")["step"]
    assert [(note.line, note.text.partition("` ")[2]) for note in graph.notes] == [
        (6, "decides by a value which branch runs: the graph holds only what True led to"),
        (9, "takes a number out of the graph (1.62): from there on a constant"),
    ]


@pytest.mark.parametrize(
    ("text", "tracer", "line", "said"),
    [
        ("import torch\nprint(torch.ones(2).sum())\n", "fx", None, "the script calls no model"),
        ("import torch\nprint(torch.ones(2).sum())\n", "step", None, "the script runs no backward"),
        (LEAVES_ITS_LOOP, "step", 6, "the step cannot run by itself: it leaves its function there"),
    ],
)
def test_what_cannot_be_traced_is_said_in_a_sentence(
    tmp_path: Path, text: str, tracer: Tracer, line: int | None, said: str
) -> None:
    failure = trace(write(tmp_path, text), tracer)[tracer].failure
    assert failure is not None
    assert failure.text.startswith(said)
    assert failure.line == line


def test_a_script_that_traces_and_compiles_itself_is_followed_all_the_same(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        import torch
        from torch import nn

        inner = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
        static = torch.fx.symbolic_trace(inner)
        program = torch.export.export(inner, (torch.ones(1, 2),))
        outer = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
        outer(torch.ones(1, 2)).sum().backward()
        """,
    )
    graphs = trace(path, "fx", "export")
    assert graphs["fx"].target == graphs["export"].target == "outer"
    assert graphs["export"].failure is None


def test_the_script_runs_as_it_would_until_it_is_traced(tmp_path: Path) -> None:
    """Random numbers and weights at the start of the traced step are those of the bare run."""
    path = write(
        tmp_path, MLP.replace("for step in range(3):", "for step in range(3):\n    x = x + 0.1 * torch.randn(6, 4)")
    )
    text = path.read_text(encoding="utf-8")
    run = ScriptTrace(path, text, ["fx", "step"], None)
    assert run.run([str(path)], module=None, seed=None) is None
    assert run.step is not None
    traced = {named.name: named.tensor.detach().clone() for named in run.step.inputs}
    namespace: dict[str, Any] = {"__name__": "script"}
    exec(compile(text.replace("range(3)", "range(2)"), str(path), "exec"), namespace)
    # The tracing ran the second step on the script's own objects: they are where two bare steps end. fx puts the
    # weights back afterwards, to where the model was first called.
    fresh, _ = model_of(path)
    for name, parameter in fresh.named_parameters():
        assert torch.equal(traced[name], parameter)
    momentum = [name for name in traced if name.startswith("momentum_buffer of ")]
    states = [
        namespace["optimizer"].state[parameter]["momentum_buffer"] for parameter in namespace["model"].parameters()
    ]
    assert len(momentum) == 4
    assert all(torch.equal(traced[name], state) for name, state in zip(momentum, states, strict=True))


def test_a_static_graph_survives_being_written_as_json(mlp: tuple[Path, dict[str, StaticGraph]]) -> None:
    import json

    for graph in mlp[1].values():
        assert decode(json.loads(json.dumps(encode(graph)))) == graph
        assert copy.copy(graph).title.startswith(TRACERS[graph.tracer])
