"""Recordings in one line, without torch: a toy autograd over numpy writes them as the recorder would.

`rnn_cell` is the slides' cell in their sizes; `training` fits a line over some steps; `long_run` has at least so many
events; `empty`, `running` and `failed` are what their names say.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy

from graphlab.recording import Recording, open_recording
from graphlab.store import Writer
from graphlab.store.format import encode_shape

Array = numpy.ndarray[Any, Any]
Backward = Callable[[Array], Array]

RNN_CELL = '''"""The cell of a recurrent network

One step of a recurrent network, in the sizes of the slides.
"""

import torch

SEED = 0

torch.manual_seed(SEED)

# %% Four tensors
# The input, as one row.
x = torch.randn(1, 10)
prev_h = torch.randn(1, 20)
W_h = torch.randn(20, 20).requires_grad_()
W_x = torch.randn(20, 10).requires_grad_()

# %% Two products
# Input to hidden: (20 × 10) times (10 × 1).
i2h = torch.mm(W_x, x.t())
# multiply the recurrent weights by the previous hidden state
h2h = torch.mm(W_h, prev_h.t())

# %% Their sum
next_h = i2h + h2h
next_h = next_h.tanh()

# %% A loss, and back
loss = next_h.sum()
# The gradient passes Sum, Tanh and Add, and parts there for both products.
loss.backward()
print(f"loss {loss.item():.6f}")
'''

TRAINING = '''"""A line through some points"""

import torch

STEPS = 5
LR = 0.05

# %% The data
x = torch.linspace(0, 1, 8)
y = 2 * x + 1
w = torch.zeros(1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)

# %% Training
for step in range(STEPS):
    # The prediction of the line as it is now.
    prediction = w * x + b
    # Half the sum of the squares of what is missing.
    error = prediction - y
    loss = (error * error).sum()
    loss.backward()
    with torch.no_grad():
        # Against the gradient, by a small part of it.
        w -= LR * w.grad
        b -= LR * b.grad
    w.grad = None
    b.grad = None
'''


class Value:
    """A tensor of the toy: its array, and what autograd and the recorder know of it."""

    def __init__(self, array: Array, tensor: int, node: int, *, needs_grad: bool, label: str = "") -> None:
        self.array = array
        self.tensor = tensor
        self.node = node
        self.needs_grad = needs_grad
        self.label = label
        self.inputs: list[tuple[Value, Backward]] = []
        self.grad: Array | None = None
        self.grad_snapshot: int | None = None
        self.value_snapshot: int | None = None

    @property
    def is_leaf(self) -> bool:
        return not self.inputs


class Run:
    """Writes the events of a script that the caller plays, line by line."""

    def __init__(self, path: Path, source: str, name: str) -> None:
        self.path = path
        self.writer = Writer(path)
        self.event = 0
        self.counts: dict[str, int] = {}
        self.lines = source.splitlines()
        self.origins: dict[str, int] = {}
        self.operations: dict[int, Value] = {}
        self.losses: list[float] = []
        self.meta(format=2, scenario=name, script=f"{name}.py", argv=[], device="cpu", torch="2.13.0", seed=0)
        self.meta(detail="full", status="running", error=None, parameters={}, notes=[])
        self.writer.insert("files", (1, f"{name}.py", source))
        self.writer.insert("frames", (1, None, "<module>", 1, 1, None))

    def meta(self, **facts: Any) -> None:
        for key, value in facts.items():
            self.writer.set_meta(key, value)

    def number(self, table: str) -> int:
        self.counts[table] = self.counts.get(table, 0) + 1
        return self.counts[table]

    def at(self, text: str, after: int = 0) -> int:
        """Return the number of the line that holds a text."""
        return next(number for number, line in enumerate(self.lines, 1) if number > after and text in line)

    def happen(
        self, kind: str, line: int | None, *, node: int | None = None, text: str = "", data: str | None = None
    ) -> int:
        self.event += 1
        self.writer.insert("events", (self.event, kind, self.event * 1e-4, 1, line, 1, node, text, data))
        return self.event

    def snapshot(self, array: Array) -> int:
        number = self.number("snapshots")
        stored = numpy.ascontiguousarray(array, "<f4")
        row = (number, encode_shape(array.shape), "float32", "cpu", "<f4", 1, stored.tobytes(), None, None, None)
        self.writer.insert("snapshots", row)
        return number

    def tensor(self, array: Array, node: int, *, label: str = "", needs_grad: bool = False, origin: int = 0) -> int:
        number = self.number("tensors")
        shape = encode_shape(array.shape)
        snapshot = self.snapshot(array)
        row = (number, origin or number, self.event, node, 0, label, shape, "float32", "cpu", needs_grad, snapshot)
        self.writer.insert("tensors", row)
        return number

    def outputs(self) -> str:
        """Return the details of an op whose output is the next tensor."""
        return f'{{"outputs": [{self.counts.get("tensors", 0) + 1}]}}'

    def node(
        self, kind: str, line: int | None, shape: tuple[int, ...], op: str | None = None, call: str | None = None
    ) -> int:
        number = self.number("nodes")
        row = (number, kind, self.event, op, call, None, None, 1, line, encode_shape(shape), "float32", "cpu")
        self.writer.insert("nodes", row)
        return number

    def leaf(self, line: int, array: Array, *, kind: str = "leaf", call: str = "randn") -> Value:
        """Make data, or a leaf that needs a gradient."""
        self.happen("op", line, text=call, data=self.outputs())
        node = self.node(kind, line, array.shape)
        return Value(array, self.tensor(array, node, needs_grad=kind != "data"), node, needs_grad=kind != "data")

    def op(self, line: int, name: str, array: Array, *inputs: tuple[Value, Backward]) -> Value:
        """Compute: the event, the node, its edges, and the state of its result."""
        needs_grad = any(value.needs_grad for value, _ in inputs)
        number = self.number("nodes") if needs_grad else 0
        self.happen("op", line, text=name, node=number or None, data=self.outputs())
        for position, (value, _) in enumerate(inputs):
            self.writer.insert("uses", (self.event, position, value.tensor))
        if not needs_grad:
            node = self.node("data", line, array.shape)
            return Value(array, self.tensor(array, node), node, needs_grad=False)
        op = f"{name.capitalize()}Backward0"
        shape = encode_shape(array.shape)
        row = (number, "op", self.event, op, name, None, None, 1, line, shape, "float32", "cpu")
        self.writer.insert("nodes", row)
        for slot, (value, _) in enumerate(inputs):
            self.writer.insert("edges", (number, slot, value.node, 0, self.event, value.label))
        self.writer.insert("saved", (number, "result", encode_shape(array.shape), "float32"))
        made = Value(array, self.tensor(array, number, needs_grad=True), number, needs_grad=True)
        made.inputs = list(inputs)
        self.operations[number] = made
        return made

    def view(self, line: int, value: Value) -> Value:
        """Transpose data: a view is no node, but a label on the edge."""
        self.happen("op", line, text="t", data=self.outputs())
        self.writer.insert("uses", (self.event, 0, value.tensor))
        tensor = self.tensor(value.array.T, value.node, label=".t()")
        return Value(value.array.T, tensor, value.node, needs_grad=False, label=".t()")

    def line(self, line: int, **names: Value | float) -> None:
        """End a line, with the names that it bound."""
        self.happen("line", line)
        for name, value in names.items():
            kind = "tensor" if isinstance(value, Value) else "number"
            origin = value.tensor if isinstance(value, Value) else None
            text = "" if isinstance(value, Value) else repr(value)
            self.writer.insert("bindings", (self.number("bindings"), self.event, 1, name, kind, origin, text, 0))

    def backward(self, line: int, loss: Value) -> None:
        """Run the engine: the op created last first."""
        reached = sorted(self._reached(loss))
        output = self.number("nodes")
        start = self.happen(
            "backward_start", line, text="backward",
            data=f'{{"call": "backward", "roots": [{output}], "losses": [{json.dumps(float(loss.array.sum()))}]}}',
        )  # fmt: skip
        self.losses.append(float(loss.array.sum()))
        shape = encode_shape(loss.array.shape)
        self.writer.insert("nodes", (output, "output", start, None, None, None, None, 1, line, shape, "float32", "cpu"))
        self.writer.insert("edges", (output, 0, loss.node, 0, start, ""))
        packed = numpy.array(reached, "<i4").tobytes()
        edges = sum(value.needs_grad for number in reached for value, _ in self._inputs(number))
        self.writer.insert("backwards", (start, 1, packed, edges))
        pending: dict[int, Array] = {loss.node: numpy.ones_like(loss.array)}
        self.writer.insert("gradients", (output, 0, start, self.snapshot(pending[loss.node])))
        for number in sorted((n for n in reached if n in self.operations), reverse=True):
            made = self.operations[number]
            gradient = pending.pop(number)
            self.happen("gradient", line, node=number, text=f"{made.node}")
            self.writer.insert("gradients", (number, -1, self.event, self.snapshot(gradient)))
            event = self.event
            leaves = []
            for slot, (value, rule) in enumerate(made.inputs):
                if not value.needs_grad:
                    continue
                share = rule(gradient)
                self.writer.insert("gradients", (number, slot, event, self.snapshot(share)))
                if value.is_leaf:
                    leaves.append((value, share))
                else:
                    pending[value.node] = pending.get(value.node, 0) + share
            for value, share in leaves:
                self._accumulate(line, value, share)
        self.happen("backward_end", line)

    def _accumulate(self, line: int, leaf: Value, share: Array) -> None:
        self.happen("accumulate", line, node=leaf.node)
        before = leaf.grad_snapshot
        leaf.grad = share if leaf.grad is None else leaf.grad + share
        leaf.grad_snapshot = self.snapshot(leaf.grad)
        norm = float(numpy.linalg.norm(share))
        row = (self.event, leaf.node, "grad", before, self.snapshot(share), leaf.grad_snapshot, norm)
        self.writer.insert("changes", row)

    def _inputs(self, number: int) -> list[tuple[Value, Backward]]:
        return self.operations[number].inputs if number in self.operations else []

    def _reached(self, loss: Value) -> set[int]:
        found, stack = set(), [loss]
        while stack:
            value = stack.pop()
            if value.needs_grad and value.node not in found:
                found.add(value.node)
                stack += [below for below, _ in value.inputs]
        return found

    def update(self, line: int, leaf: Value, rate: float) -> None:
        """Move a leaf against its gradient, by hand."""
        assert leaf.grad is not None
        self.happen("update", line, text="sub_", data='{"optimizer": null}')
        before = leaf.value_snapshot or self.snapshot(leaf.array)
        moved = (leaf.array - rate * leaf.grad).astype("f4")
        difference = float(numpy.linalg.norm(moved - leaf.array))
        leaf.array = moved
        leaf.value_snapshot = self.snapshot(moved)
        self.tensor(moved, leaf.node, needs_grad=True, origin=leaf.tensor)
        row = (self.event, leaf.node, "value", before, None, leaf.value_snapshot, difference)
        self.writer.insert("changes", row)

    def zero(self, line: int, leaf: Value) -> None:
        self.happen("zero_grad", line)
        self.writer.insert("changes", (self.event, leaf.node, "grad", leaf.grad_snapshot, None, None, None))
        leaf.grad, leaf.grad_snapshot = None, None

    def spans(self, step: int, *parts: tuple[str, int]) -> None:
        """Say of a step which phase lasts until which event."""
        first = begin = self.counts.get("covered", 0) + 1
        words = []
        for phase, last in parts:
            if last >= begin:
                words.append(f"{phase} {last}")
                begin = last + 1
        self.counts["covered"] = begin - 1
        losses, self.losses = numpy.array(self.losses, "<f8").tobytes(), []
        self.writer.insert("steps", (step, first, begin - 1, 5, 4, losses, "", " ".join(words)))

    def end(self, status: str = "ok") -> Recording:
        """Close the recording and open it."""
        if status != "running":
            self.meta(status=status)
        self.writer.close()
        return open_recording(self.path)


def _mm_rules(matrix: Value, column: Value) -> list[tuple[Value, Backward]]:
    return [(matrix, lambda g: g @ column.array.T), (column, lambda g: matrix.array.T @ g)]


def rnn_cell(folder: Path) -> Recording:
    """Return the slides' RNN cell: one step, 7 nodes."""
    run = Run(folder / "rnn_cell.glab", RNN_CELL, "rnn_cell")
    run.meta(parameters={"SEED": 0})
    draw = numpy.random.default_rng(0).standard_normal
    for text in ("import torch", "SEED = 0", "manual_seed"):
        run.line(run.at(text))
    values = {}
    for name, shape, kind in (
        ("x", (1, 10), "data"), ("prev_h", (1, 20), "data"), ("W_h", (20, 20), "leaf"), ("W_x", (20, 10), "leaf"),
    ):  # fmt: skip
        line = run.at(f"{name} = torch.randn")
        values[name] = run.leaf(line, draw(shape).astype("f4"), kind=kind)
        run.line(line, **{name: values[name]})
    setup = run.event
    products = {}
    for name, weight, data in (("i2h", "W_x", "x"), ("h2h", "W_h", "prev_h")):
        line = run.at(f"{name} = ")
        column = run.view(line, values[data])
        matrix = values[weight]
        products[name] = run.op(line, "mm", matrix.array @ column.array, *_mm_rules(matrix, column))
        run.line(line, **{name: products[name]})
    i2h, h2h = products["i2h"], products["h2h"]
    line = run.at("i2h + h2h")
    total = run.op(line, "add", i2h.array + h2h.array, (i2h, lambda g: g), (h2h, lambda g: g))
    run.line(line, next_h=total)
    squashed = numpy.tanh(total.array)
    tanh = run.op(line + 1, "tanh", squashed, (total, lambda g: g * (1 - squashed**2)))
    run.line(line + 1, next_h=tanh)
    line = run.at("next_h.sum")
    loss = run.op(line, "sum", numpy.array(squashed.sum(), "f4"), (tanh, lambda g: g * numpy.ones_like(squashed)))
    run.line(line, loss=loss)
    forward = run.event
    line = run.at("loss.backward")
    run.backward(line, loss)
    backward = run.event
    run.line(line)
    run.happen("output", line + 1, text=f"loss {float(loss.array):.6f}\n", data='{"stream": "stdout"}')
    run.line(line + 1)
    run.spans(1, ("setup", setup), ("forward", forward), ("backward", backward), ("setup", run.event))
    return run.end()


def training(folder: Path, steps: int = 5, status: str = "ok") -> Recording:
    """Return a line fitted by hand-written gradient descent, some 20 events a step."""
    run = Run(folder / "training.glab", TRAINING, "training")
    run.meta(parameters={"STEPS": steps, "LR": 0.05})
    _play_training(run, steps)
    if status == "error":
        line = run.at("loss.backward")
        message = "the matrices do not match"
        data = f'{{"type": "RuntimeError", "message": "{message}", "file": "training.py", "line": {line}}}'
        run.happen("error", line, text=f"RuntimeError: {message}", data=data)
        error = {"type": "RuntimeError", "message": message, "file": "training.py", "line": line, "traceback": ""}
        run.meta(error=error)
    return run.end(status)


def _play_training(run: Run, steps: int) -> None:
    run.line(run.at("import torch"))
    x = run.leaf(run.at("x = "), numpy.linspace(0, 1, 8, dtype="f4"), kind="data", call="linspace")
    run.line(run.at("x = "), x=x)
    y = run.leaf(run.at("y = "), 2 * x.array + 1, kind="data", call="add")
    run.line(run.at("y = "), y=y)
    w = run.leaf(run.at("w = "), numpy.zeros(1, "f4"), kind="parameter", call="zeros")
    run.line(run.at("w = "), w=w)
    b = run.leaf(run.at("b = "), numpy.zeros(1, "f4"), kind="parameter", call="zeros")
    run.line(run.at("b = "), b=b)
    for step in range(1, steps + 1):
        _play_step(run, step, x, y, w, b)


def _total(gradient: Array) -> Array:
    return numpy.array([gradient.sum()], "f4")


def _play_step(run: Run, step: int, x: Value, y: Value, w: Value, b: Value) -> None:
    run.operations.clear()
    run.line(run.at("for step"), step=step - 1)
    setup = run.event
    line = run.at("prediction = ")
    scaled = run.op(line, "mul", w.array * x.array, (w, lambda g: _total(g * x.array)), (x, lambda g: g))
    prediction = run.op(line, "add", scaled.array + b.array, (scaled, lambda g: g), (b, _total))
    run.line(line, prediction=prediction)
    line = run.at("error = ")
    error = run.op(line, "sub", prediction.array - y.array, (prediction, lambda g: g), (y, lambda g: g))
    run.line(line, error=error)
    line = run.at("loss = ")
    missing = error.array
    square = run.op(line, "mul", missing**2, (error, lambda g: g * missing), (error, lambda g: g * missing))
    total = numpy.array(square.array.sum(), "f4")
    loss = run.op(line, "sum", total, (square, lambda g: g * numpy.ones(8, "f4")))
    run.line(line, loss=loss)
    forward = run.event
    run.backward(run.at("loss.backward"), loss)
    backward = run.event
    run.line(run.at("loss.backward"))
    for name, leaf in (("w", w), ("b", b)):
        run.update(run.at(f"{name} -= "), leaf, 0.05)
        run.line(run.at(f"{name} -= "))
    update = run.event
    run.spans(step, ("setup", setup), ("forward", forward), ("backward", backward), ("update", update))
    for name, leaf in (("w", w), ("b", b)):
        run.zero(run.at(f"{name}.grad = None"), leaf)
        run.line(run.at(f"{name}.grad = None"))
    run.writer.commit()


def long_run(folder: Path, events: int = 10_000) -> Recording:
    """Return a training run of at least so many events."""
    return training(folder, steps=events // 27 + 1)


def failed(folder: Path) -> Recording:
    """Return a run that ended in an exception."""
    return training(folder, steps=2, status="error")


def running(folder: Path, steps: int = 2) -> tuple[Run, Recording]:
    """Return a run that has not ended, and its recording as far as it is."""
    run = Run(folder / "running.glab", TRAINING, "training")
    _play_training(run, steps)
    run.writer.commit()
    return run, open_recording(run.path)


def empty(folder: Path) -> Recording:
    """Return the recording of a script that did nothing."""
    return Run(folder / "empty.glab", "", "empty").end()


def many(folder: Path) -> Iterable[Recording]:
    """Return one recording of each kind."""
    for name, make in (("rnn", rnn_cell), ("training", training), ("failed", failed), ("empty", empty)):
        (folder / name).mkdir()
        yield make(folder / name)


def random_program(folder: Path, seed: int, ops: int = 14) -> Recording:
    """Any graph: ops of one to four inputs, some of them the same, and a backward from the sum of what is left."""
    chance = random.Random(seed)
    run = Run(folder / f"random{seed}.glab", "x = make()\ny = mix(x)\nloss.backward()\n", "random")
    values = [run.leaf(1, numpy.ones((2,)), kind=chance.choice(("leaf", "data"))) for _ in range(3)]
    values.append(run.leaf(1, numpy.ones((2,))))
    run.line(1, x=values[0])
    used: set[int] = set()
    for _ in range(ops):
        chosen = [chance.choice(values[-6:]) for _ in range(chance.randint(1, 4))]
        used |= {value.node for value in chosen}
        inputs = [(value, lambda gradient: gradient) for value in chosen]
        values.append(run.op(2, chance.choice(("mm", "add", "convolution")), numpy.ones((2,)), *inputs))
        run.line(2, y=values[-1])
    loose = [value for value in values if value.node not in used and value.needs_grad]
    loss = run.op(2, "sum", numpy.ones(()), *[(value, lambda gradient: gradient) for value in loose])
    run.backward(3, loss)
    run.line(3)
    run.spans(1, ("forward", run.event // 2), ("backward", run.event))
    return run.end()
