"""Scripts that compile, look for anomalies, start threads and processes do under the recorder what they do bare."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from graphlab.recording.threads import thread_of_step
from tests.recorded import events
from tests.test_recorder import both, write

ANOMALY = """\
import torch
import torch.nn.functional as F
from torch import nn


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(3, 3)

    def forward(self, x):
        return torch.log(self.inner(x) * 0 - 1)


class Broken(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 1

    @staticmethod
    def backward(ctx, g):
        return g * float("nan")


def twice():
    y = torch.sqrt(w * 0)
    (g,) = torch.autograd.grad((y * 0).sum(), w, create_graph=True)
    return g


w = torch.ones(3, requires_grad=True)
model = Model()
torch.autograd.set_detect_anomaly(True)
for case in (
    lambda: torch.sqrt(w * 0 - 1),
    lambda: F.relu(model(w)),
    lambda: F.softplus(F.dropout(Broken.apply(F.relu(w)), 0.1)),
    twice,
):
    try:
        case().sum().backward()
    except RuntimeError as error:
        print(error)
y = w * 2
y.register_hook(lambda g: 1 / 0)
y.sum().backward()
"""

COMPILED = """\
import logging

import torch
from torch import nn

torch._logging.set_logs(all=logging.ERROR)  # its warnings carry the time of day
torch.manual_seed(0)


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 2 * g * x


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 8)
        self.encoder = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.last = nn.Linear(8, 2)

    def forward(self, x):
        hidden = self.encoder(torch.relu(self.first(x)))
        print("a graph break", hidden.shape)
        return self.last(hidden)


def plain(x):
    return (x * 2).tanh().sum()


w = torch.randn(3, requires_grad=True)
for backend in ("eager", "aot_eager"):
    for fullgraph in (False, True):
        torch._dynamo.reset()
        y = torch.compile(plain, backend=backend, fullgraph=fullgraph)(w)
        y.backward()
        print(backend, fullgraph, y.grad_fn.name(), w.grad)

net = Net()
compiled = torch.compile(net, backend="aot_eager")
optimizer = torch.optim.Adam(net.parameters())
for step in range(2):
    optimizer.zero_grad()
    loss = compiled(torch.randn(2, 4, 3)).pow(2).mean()
    loss.backward()
    optimizer.step()
    print(loss.item())


@torch.compile(backend="aot_eager", fullgraph=True)
def squared(x):
    return Square.apply(x).sum()


squared(w).backward()
print(w.grad)


@torch.compile(backend="eager")
def train(x):
    optimizer.zero_grad()
    loss = net.last(torch.relu(net.first(x))).sum()
    loss.backward()
    optimizer.step()
    return loss


print(train(torch.randn(1, 4, 3)).item())


@torch.compile(backend="eager")
def fail(x):
    raise ValueError("mine")


try:
    fail(w)
except ValueError as error:
    print(error)
last = (w * 3).sum()
last.backward()
print(torch.export.export(nn.Linear(3, 2), (torch.ones(1, 3),)).graph)
"""

CHILDREN = """\
import sys
import torch
import torch.multiprocessing as processes
from torch.utils.data import DataLoader, Dataset


class Numbers(Dataset):
    def __len__(self):
        return 6

    def __getitem__(self, index):
        return torch.full((2,), float(index)) * 2


def work(rank, queue):
    w = torch.ones(2, requires_grad=True)
    (w * rank).sum().backward()
    queue.put((rank, w.grad.tolist()))


if __name__ == "__main__":
    method = sys.argv[1]
    context = processes.get_context(method)
    queue = context.Queue()
    children = [context.Process(target=work, args=(rank, queue)) for rank in range(int(sys.argv[2]))]
    for child in children:
        child.start()
    print(sorted(queue.get() for _ in children))
    for child in children:
        child.join()
    w = torch.ones(2, requires_grad=True)
    for batch in DataLoader(Numbers(), batch_size=3, num_workers=1, multiprocessing_context=method):
        (batch * w).sum().backward()
    print(w.grad, [child.exitcode for child in children])
"""

THREADS = """\
import threading
from concurrent.futures import ThreadPoolExecutor

import torch

torch.manual_seed(0)


def train(number, results):
    w = torch.randn(3, generator=torch.Generator().manual_seed(number)).requires_grad_()
    optimizer = torch.optim.Adam([w], lr=0.1)
    for _ in range(20):
        optimizer.zero_grad()
        (w**2).sum().backward()
        optimizer.step()
    results[number] = w.detach().clone()


results = {}
threads = [threading.Thread(target=train, args=(number, results)) for number in range(4)]
for thread in threads:
    thread.start()
train(9, results)
for thread in threads:
    thread.join()
print({number: result.tolist() for number, result in sorted(results.items())})
shared = torch.nn.Linear(3, 1)
with ThreadPoolExecutor(2) as pool:
    made = list(pool.map(lambda index: shared(torch.full((3,), float(index))), range(4)))
sum(made).sum().backward()
print(shared.weight.grad)
"""

PLOTS = """\
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import torch

w = torch.linspace(-1, 1, 20, requires_grad=True)
y = torch.tanh(w)
y.sum().backward()
plt.plot(w.detach(), y.detach().numpy(), label="tanh")
plt.plot(w.detach().numpy(), w.grad)
plt.savefig("curve.png")
plt.show()
"""


def test_anomaly_mode_tells_the_scripts_own_stack(tmp_path: Path) -> None:
    write(tmp_path, hunts=ANOMALY)
    bare, run = both(tmp_path, ["hunts.py"])
    assert bare.errors.count("Traceback of forward call that caused the error") >= 4
    assert run.notes == []


def test_compiled_code_is_compiled_alike_and_its_nodes_are_ops(tmp_path: Path) -> None:
    write(tmp_path, compiles=COMPILED)
    bare, run = both(tmp_path, ["compiles.py"])
    assert bare.code == 0
    assert run.notes == []
    named = {run.node(event.node).op: event for event in events(run, "op") if event.node is not None}
    assert named["CompiledFunctionBackward"].text == "compiled_function"
    assert "TanhBackward0" in named
    printed = [float(each) for each in re.findall(r"^[-\d.e]+$", bare.output, re.MULTILINE)]
    losses = [event.details["losses"][0] for event in events(run, "backward_start")]
    assert losses[4:6] == printed[:2]
    assert losses[7] == printed[2], "a backward inside of compiled code"
    line = COMPILED.splitlines().index("last = (w * 3).sum()") + 1
    assert [event.text for event in events(run, "op") if event.line == line] == ["mul", "sum"], "watched again"


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_and_their_loaders_run_as_they_are(tmp_path: Path, method: str) -> None:
    if method not in __import__("multiprocessing").get_all_start_methods():
        pytest.skip(f"this system starts no processes by {method}")
    write(tmp_path, starts=CHILDREN)
    count = "2" if method == "fork" else "1"  # one that is spawned imports torch first
    bare, run = both(tmp_path, ["starts.py"], arguments=[method, count])
    assert bare.code == 0
    assert len(events(run, "backward_start")) == 2
    assert run.notes == []


def test_threads_that_train_side_by_side_reach_the_same_bits(tmp_path: Path) -> None:
    write(tmp_path, trains=THREADS)
    bare, run = both(tmp_path, ["trains.py"])
    assert bare.code == 0
    assert run.notes == []
    assert len(events(run, "update")) == 100
    steps: dict[str | None, list[float]] = {}
    for step in run.steps[:100]:
        steps.setdefault(thread_of_step(run, step.step), []).append(step.loss or 0.0)
    assert [len(losses) for losses in steps.values()] == [20] * 5
    assert steps[None] == sorted(steps[None], reverse=True)
    assert len(run.steps) == 101


def test_plots_are_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    write(tmp_path, plots=PLOTS)
    bare, run = both(tmp_path, ["plots.py"])
    assert bare.code == 0
    assert (tmp_path / "curve.png").exists()
    assert run.notes == []
