"""Graphs as `graphlab.graph` hands them out, built by hand and without torch: examples for layouts and renderers."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any, TypeAlias

import networkx
import numpy
from hypothesis import strategies as st

from graphlab.model import Snapshot

Graph: TypeAlias = networkx.MultiDiGraph


def snapshot(values: Any, dtype: str = "float32") -> Snapshot:
    """Return the snapshot of a small tensor."""
    array = numpy.asarray(values, dtype="<f4")
    return Snapshot(tuple(array.shape), dtype, "cpu", "<f4", 1, array.tobytes())


def sampled(shape: tuple[int, ...], norm: float) -> Snapshot:
    """Return the snapshot of a tensor too large to keep."""
    data = numpy.linspace(-1, 1, 64, dtype="<f4").tobytes()
    return Snapshot(shape, "float32", "cpu", "<f4", max(1, math.prod(shape) // 64), data, norm, -1.0, 1.0)


def seeded(shape: tuple[int, ...], seed: int, scale: float = 1.0) -> Snapshot:
    """Return the snapshot of a tensor of pseudo-random numbers."""
    return snapshot(numpy.random.default_rng(seed).standard_normal(shape) * scale)


class GraphBuilder:
    """Builds a graph node by node, in order of creation."""

    def __init__(self, title: str = "example", **facts: Any) -> None:
        self.graph = Graph(
            title=title, scenario=title, step=1, steps=1, moment=0, events=0, doing="", detail="full", torchviz=None
        )
        self.graph.graph.update(facts)

    def node(self, kind: str, name: str | None = None, shape: tuple[int, ...] | None = (), **facts: Any) -> int:
        """Add a node and return its id."""
        number = len(self.graph)
        attributes: dict[str, Any] = {
            "id": number,
            "kind": kind,
            "name": name,
            "names": [name] if name else [],
            "op": None,
            "call": None,
            "module": None,
            "file": "example.py",
            "line": number + 1,
            "shape": shape,
            "dtype": "float32",
            "device": "cpu",
            "value": None,
            "gradient": None,
            "state": "done",
            "event": number + 1,
        }
        self.graph.add_node(number, **(attributes | facts))
        return number

    def op(self, op: str, inputs: Iterable[int], name: str | None = None, **facts: Any) -> int:
        """Add an op with an edge from each of its inputs, in the order of slots; return its id."""
        facts.setdefault("call", op.removesuffix("Backward0").lower())
        number = self.node("op", name, op=op, **facts)
        for slot, source in enumerate(inputs):
            self.edge(source, number, slot)
        return number

    def output(self, source: int, name: str = "loss", **facts: Any) -> int:
        """Add an output node below a node; return its id."""
        number = self.node("output", name, **facts)
        self.edge(source, number, 0)
        return number

    def edge(self, source: int, target: int, slot: int, **facts: Any) -> None:
        """Add an edge, with the lowest key that is free."""
        attributes: dict[str, Any] = {"slot": slot, "output": 0, "label": "", "gradient": None, "state": "done"}
        self.graph.add_edge(source, target, **(attributes | facts))


def rnn_cell(moment: int = 4, *, gradients: bool = False, future: bool = False) -> Graph:
    """Return the slides' RNN cell at one of its four moments; with gradients, the loss and the output are there too.

    `future` draws what is not there yet, too.
    """
    doing = (
        "line 6: W_x = torch.randn(20, 10)",
        "line 9: h2h = W_h @ prev_h.t()",
        "line 10: next_h = i2h + h2h",
        "line 11: next_h = next_h.tanh()",
    )[moment - 1]
    if gradients:
        doing = "line 14: loss.backward(), W_x received its gradient"
    events = (4, 8, 9, 10)[moment - 1] if not gradients else 20
    build = GraphBuilder("rnn_cell", moment=events, events=20, doing=doing)
    values = gradients
    x = build.node("data", "x", (1, 10), line=3, value=seeded((1, 10), 1))
    prev_h = build.node("data", "prev_h", (1, 20), line=4, value=seeded((1, 20), 2))
    w_h = build.node("parameter", "W_h", (20, 20), line=5, value=seeded((20, 20), 3))
    w_x = build.node("parameter", "W_x", (20, 10), line=6, value=seeded((20, 10), 4))
    i2h = build.node("op", "i2h", (20, 1), op="MmBackward0", call="torch.mm", line=8, value=seeded((20, 1), 5, 4))
    build.edge(w_x, i2h, 0)
    build.edge(x, i2h, 1, label=".t()")
    h2h = build.node("op", "h2h", (20, 1), op="MmBackward0", call="torch.mm", line=9, value=seeded((20, 1), 6, 4))
    build.edge(w_h, h2h, 0)
    build.edge(prev_h, h2h, 1, label=".t()")
    add = build.op("AddBackward0", (i2h, h2h), shape=(20, 1), call="+", line=10, value=seeded((20, 1), 7, 5))
    tanh = build.op("TanhBackward0", (add,), shape=(20, 1), call="Tensor.tanh", line=11, value=seeded((20, 1), 8))
    total = build.op("SumBackward0", (tanh,), shape=(), call="Tensor.sum", line=13, value=snapshot(-2.451504))
    build.output(total, shape=(), line=14, value=snapshot(-2.451504))
    last = (3, 5, 6, 7)[moment - 1] if not gradients else 9
    graph = build.graph
    for node, tagged in ((add, moment == 3), (tanh, moment > 3 or gradients), (total, gradients)):
        name = ("loss" if node == total else "next_h") if tagged else None
        graph.nodes[node].update(name=name, names=[name] if name else [])
    if values:
        _give_gradients(graph)
    for node in list(graph):
        if node > last and not future:
            graph.remove_node(node)
        elif node > last:
            graph.nodes[node].update(state="future", value=None, name=None, names=[])
    if last in graph:
        graph.nodes[last]["state"] = "now"
    for source, target, key in graph.edges(keys=True):
        graph.edges[source, target, key]["state"] = "future" if max(source, target) > last else "done"
    return graph


def _give_gradients(graph: Graph) -> None:
    for node, data in graph.nodes(data=True):
        if data["kind"] != "data":
            data["gradient"] = seeded(data["shape"], 100 + node, 0.3)
    for source, target, key, data in graph.edges(keys=True, data=True):
        if graph.nodes[source]["kind"] != "data":
            data["gradient"] = seeded(graph.nodes[source]["shape"], 200 + target + key, 0.3)


def square() -> Graph:
    """Return `x * x` at x = 4.5: two edges between the same two nodes, each with a gradient of its own."""
    build = GraphBuilder("square", moment=5, events=5, doing="x received its gradient")
    x = build.node("leaf", "x", (), value=snapshot(4.5), gradient=snapshot(9.0))
    product = build.op("MulBackward0", (), "y", shape=(), call="*", value=snapshot(20.25), gradient=snapshot(1.0))
    build.edge(x, product, 0, gradient=snapshot(4.5))
    build.edge(x, product, 1, gradient=snapshot(4.5))
    build.output(product, "y", value=snapshot(20.25))
    return build.graph


def empty() -> Graph:
    """Return the graph of moment 0: nothing is there."""
    return GraphBuilder("empty").graph


def one_node() -> Graph:
    """Return a single tensor that nothing uses yet."""
    build = GraphBuilder("one_node")
    build.node("leaf", "x", (3,), value=snapshot([1, 2, 3]))
    return build.graph


def chain(length: int = 2_000) -> Graph:
    """Return a chain of ops."""
    build = GraphBuilder("chain")
    last = build.node("leaf", "x", (8,))
    for _ in range(length - 1):
        last = build.op("SinBackward0", (last,), shape=(8,))
    return build.graph


def wide(width: int = 120) -> Graph:
    """Return one tensor that many ops use, whose results are stacked."""
    build = GraphBuilder("wide")
    x = build.node("leaf", "x", (4,))
    build.op("StackBackward0", [build.op("ExpBackward0", (x,), shape=(4,)) for _ in range(width)], shape=(width, 4))
    return build.graph


def random_dag(size: int = 300, seed: int = 0, reach: int = 12) -> Graph:
    """Return ops that each use one or two of the nodes made shortly before."""
    source = random.Random(seed)
    build = GraphBuilder("random_dag")
    build.node("leaf", "x", (4,))
    for number in range(1, size):
        if source.random() < 0.2:
            build.node("parameter", f"w{number}", (4, 4))
        else:
            inputs = [max(0, number - source.randint(1, reach)) for _ in range(source.randint(1, 2))]
            build.op(source.choice(("AddBackward0", "MulBackward0", "AddmmBackward0")), inputs, shape=(4,))
    return build.graph


def awkward_names() -> Graph:
    """Return nodes whose names hold whatever could break a file format."""
    build = GraphBuilder('<script> & "friends"', doing="line 1: x['a\\n'] = \"<b>\" & 'c'")
    names = ('x["a"]', "a<b>&amp;c", "∇θ_日本語", "two\nlines", "back\\slash\\", "nul\x00 bell\x07", "lone\ud800", "  ")
    nodes = [build.node("leaf", name, (2,), module="a<b>.&c") for name in names]
    build.op("CatBackward0", nodes, 'r = "{}|<>"', shape=(16,), call='F.cat<"&">')
    return build.graph


def awkward_numbers() -> Graph:
    """Return gradients that are zero, NaN, infinite, tiny, huge and absent, and tensors with no elements."""
    build = GraphBuilder("awkward_numbers")
    values: tuple[list[float] | None, ...] = (
        [0.0, 0.0],
        [math.nan, 1.0],
        [math.inf, 1.0],
        [1e-30, 0.0],
        [1e30, 0.0],
        None,
        [],
    )
    nodes = [
        build.node(
            "parameter", f"w{index}", (len(value or [1, 2]),), gradient=None if value is None else snapshot(value)
        )
        for index, value in enumerate(values)
    ]
    total = build.op("CatBackward0", (), "all", shape=(14,))
    for slot, (node, value) in enumerate(zip(nodes, values, strict=True)):
        build.edge(node, total, slot, gradient=None if value is None else snapshot(value))
    build.op("IndexBackward0", (total,), shape=(0, 3), value=snapshot(numpy.zeros((0, 3))))
    build.op("MulBackward0", (total,), shape=None, dtype="bfloat16", value=sampled((4096, 4096), 12.5))
    return build.graph


def mlp(layers: int = 2, *, gradients: bool = True) -> Graph:
    """Return a multilayer perceptron with its loss, as `F.linear`, ReLU and `F.cross_entropy` build it."""
    build = GraphBuilder("mlp", step=3, steps=20, moment=412, events=2960, doing="loss.backward() has ended")
    values = build.node("data", "inputs", (32, 4), line=21)
    labels = build.node("data", "labels", (32,), line=21, dtype="int64")
    sizes = [4, *[16] * (layers - 1), 3]
    last = values
    for index, (into, out) in enumerate(pairwise(sizes)):
        module = f"layers.{2 * index}"
        weight = build.node("parameter", f"{module}.weight", (out, into), line=9)
        bias = build.node("parameter", f"{module}.bias", (out,), line=9)
        flipped = build.op("TBackward0", (weight,), shape=(into, out), call="Tensor.t", module=module, line=14)
        last = build.op(
            "AddmmBackward0", (bias, last, flipped), shape=(32, out), call="F.linear", module=module, line=14
        )
        if index < layers - 1:
            last = build.op("ReluBackward0", (last,), shape=(32, out), call="F.relu", module=f"layers.{2 * index + 1}")
    last = build.op("LogSoftmaxBackward0", (last,), shape=(32, 3), call="F.cross_entropy", line=23)
    loss = build.op("NllLossBackward0", (last, labels), "loss", shape=(), call="F.cross_entropy", line=23)
    build.output(loss, shape=(), line=24, value=snapshot(1.0986))
    if gradients:
        _give_gradients(build.graph)
    return build.graph


def residual(blocks: int = 50) -> Graph:
    """Return a chain of residual blocks, each in a module of its own."""
    build = GraphBuilder("residual")
    last = build.node("data", "images", (8, 16, 32, 32))
    for block in range(blocks):
        start = last
        for half in (1, 2):
            module = f"stage{block // 10}.{block % 10}.conv{half}"
            weight = build.node("parameter", f"{module}.weight", (16, 16, 3, 3))
            last = build.op(
                "ConvolutionBackward0", (last, weight), shape=(8, 16, 32, 32), call="F.conv2d", module=module
            )
            if half == 1:
                last = build.op("ReluBackward0", (last,), shape=(8, 16, 32, 32), call="F.relu", module=module[:-6])
        last = build.op("AddBackward0", (last, start), shape=(8, 16, 32, 32), call="+", module=module[:-6])
    build.output(build.op("MeanBackward0", (last,), "loss", shape=()))
    return build.graph


def unrolled_rnn(steps: int = 8) -> Graph:
    """Return a recurrent network over time: three parameters that every step uses."""
    build = GraphBuilder("unrolled_rnn")
    weights = [
        build.node("parameter", name, shape) for name, shape in (("W_x", (20, 10)), ("W_h", (20, 20)), ("b", (20,)))
    ]
    hidden = build.node("data", "h0", (20,))
    for step in range(steps):
        x = build.node("data", f"x[{step}]", (10,))
        i2h = build.op("MvBackward0", (weights[0], x), shape=(20,), call="@")
        h2h = build.op("MvBackward0", (weights[1], hidden), shape=(20,), call="@")
        both = build.op("AddBackward0", (i2h, h2h), shape=(20,), call="+")
        shifted = build.op("AddBackward0", (both, weights[2]), shape=(20,), call="+")
        hidden = build.op("TanhBackward0", (shifted,), f"h[{step}]", shape=(20,), call="torch.tanh")
    build.output(build.op("SumBackward0", (hidden,), "loss", shape=()))
    return build.graph


@st.composite
def dags(draw: st.DrawFn, max_size: int = 24) -> Graph:
    """Return any graph: parallel edges, several outputs, unconnected parts, boxes without edges."""
    size = draw(st.integers(0, max_size))
    build = GraphBuilder("any")
    for number in range(size):
        kind = draw(st.sampled_from(("op", "op", "op", "parameter", "data")))
        name = draw(st.sampled_from(("w", "a_long_name.weight", "")))
        build.node(kind, name or None, draw(st.sampled_from(((), (3,), (128, 64, 3, 3)))), call="mm")
        if kind == "op" and number:
            sources = draw(st.lists(st.integers(0, number - 1), max_size=4))
            for slot, source in enumerate(sources):
                is_one = build.graph.nodes[source]["kind"] != "op"
                output = 0 if is_one else draw(st.integers(0, 1))
                build.edge(source, number, slot, output=output, label=draw(st.sampled_from(("", "", ".t()"))))
    return build.graph


AWKWARD: dict[str, Callable[[], Graph]] = {
    "empty": empty,
    "one_node": one_node,
    "square": square,
    "rnn_cell": lambda: rnn_cell(gradients=True),
    "rnn_cell_1": lambda: rnn_cell(1),
    "rnn_cell_2_future": lambda: rnn_cell(2, future=True),
    "chain": lambda: chain(2_000),
    "wide": wide,
    "random_dag": lambda: random_dag(120),
    "names": awkward_names,
    "numbers": awkward_numbers,
    "mlp": mlp,
    "residual": lambda: residual(9),
    "unrolled_rnn": unrolled_rnn,
}
"""What every renderer must meet."""
