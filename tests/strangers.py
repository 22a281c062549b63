"""Whole scripts as somebody else would write them, run bare and recorded by the tests of the recorder."""

from __future__ import annotations

TRAINING = '''\
"""A script of somebody's own

Nothing of ours in it.
"""
from __future__ import annotations

import argparse
import atexit
import os
import random
import sys
import threading

import numpy
import torch

from beside import Scaled

atexit.register(lambda: print("at exit", sys.argv[1:], sys.modules["__main__"].__doc__.split()[0]))


class Model(torch.nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = torch.nn.Sequential(torch.nn.Linear(4, width), Scaled(), torch.nn.Dropout(0.3))
        self.head = torch.nn.Linear(width, 1)
        self.norm = torch.nn.BatchNorm1d(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.norm(self.inner(x)))


def train(model: Model, arguments: argparse.Namespace) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=arguments.lr)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2, gamma=0.5)
    for epoch in range(arguments.epochs):
        x = torch.randn(6, 4)
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), x[:, :1])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        print(epoch, repr(loss.item()), loss, f"{loss:.3f}", scheduler.get_last_lr())


def beside_it(found: list) -> None:
    w = torch.ones(3, requires_grad=True)
    for _ in range(3):
        w.exp().sum().backward()
    found.append(w.grad)
    print("thread done")


def encoder() -> None:
    torch.manual_seed(1)
    layer = torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    with torch.no_grad():
        print("encoder", layer(torch.randn(1, 3, 8)).double().sum().item())


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=2)
    arguments = parser.parse_args()
    print(sys.argv, __file__, __name__, __package__, __spec__, __doc__)
    print(sys.path[0] == os.path.dirname(os.path.abspath(__file__)), sorted(globals()), sys.getrecursionlimit())
    print("stdin:", sys.stdin.readline(), list(sys.stdin))
    torch.manual_seed(0)
    random.seed(0)
    numpy.random.seed(0)
    model = Model(5)
    train(model, arguments)
    found: list = []
    thread = threading.Thread(target=beside_it, args=(found,))
    thread.start()
    thread.join()
    print(found)
    encoder()
    for name, parameter in model.named_parameters():
        print(name, parameter.tolist(), parameter.grad.tolist(), parameter.is_leaf, parameter._version)
    graph = model(torch.randn(2, 4)).sum()
    stack, names = [graph.grad_fn], []
    while stack:
        node = stack.pop(0)
        if node is not None:
            names.append((node.name(), dict(node.metadata) == {} or "known"))
            stack += [below for below, _ in node.next_functions]
    print([name for name, _ in names])
    print(torch.get_rng_state().sum(), random.random(), numpy.random.rand(), torch.rand(1))
    try:
        import matplotlib
    except ImportError:
        print("no matplotlib")
    print("err", file=sys.stderr)
    print(sys.stdout.fileno(), sys.stdout.encoding, sys.stdout.isatty(), sys.stdout.name, flush=True)
    os.write(1, b"by the system\\n")
    os.system("echo by a child")
    sys.stdout.buffer.write(b"bytes\\n")
    sys.stdout.flush()
    print("no line's end", end="")
    threading.Timer(0.2, lambda: print("late thread")).start()
    return arguments.epochs


if __name__ == "__main__":
    sys.exit(main())
'''

BESIDE = '''\
import torch


class Scaled(torch.nn.Module):
    """Of another file."""

    def forward(self, x):
        y = x * 2
        return torch.tanh(y)
'''

TRACEBACKS = """\
import sys
import traceback

import torch
import torch.nn.functional as F


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = torch.nn.Linear(3, 4)

    def forward(self, x):
        return self.inner(x)


class Failing(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, gradient):
        raise ValueError("in backward")


def leaf():
    return torch.ones(3, requires_grad=True)


def op():
    return torch.mm(torch.ones(2, 3), torch.ones(2, 3))


def operator():
    return torch.ones(2) + torch.ones(3)


def linear():
    return Model()(torch.ones(2, 2))


def twice():
    y = leaf().exp().sum()
    y.backward()
    y.backward()


def without_graph():
    torch.ones(3).sum().backward()


def not_a_scalar():
    (leaf() * 2).backward()


def changed_in_place():
    w = leaf()
    y = w.exp()
    y.add_(1)
    y.sum().backward()


def leaf_in_place():
    w = leaf()
    w += 1


def in_a_hook():
    y = leaf() * 2
    y.register_hook(lambda gradient: 1 / 0)
    y.sum().backward()


def in_backward():
    Failing.apply(leaf()).sum().backward()


def cross():
    F.cross_entropy(torch.ones(2, 3), torch.tensor([0, 5]))


def chained():
    try:
        op()
    except RuntimeError as error:
        raise ValueError("outer") from error


def in_context():
    try:
        op()
    except RuntimeError:
        operator()


def item():
    torch.ones(3).item()


def index():
    torch.ones(3)[5]


def set_item():
    w = torch.ones(3)
    w[5] = 2


def truth():
    if torch.ones(3):
        pass


def in_a_closure():
    torch.optim.SGD([leaf()], lr=0.1).step(lambda: 1 / 0)


def unused():
    torch.autograd.grad(leaf().sum(), torch.ones(2, requires_grad=True))


def set_grad():
    w = leaf()
    w.grad = torch.ones(2)


def set_data():
    w = leaf()
    w.data = 3


def in_a_module_hook():
    model = Model()
    model.register_forward_hook(lambda *a: 1 / 0)
    model(torch.ones(2, 3))


def to_numpy():
    leaf().numpy()


def after_accumulation():
    w = leaf()
    w.register_post_accumulate_grad_hook(lambda parameter: 1 / 0)
    w.sum().backward()


def view():
    torch.ones(3).view(2, 2)


def attribute():
    torch.ones(3).nothing


def keyword():
    torch.sum(torch.ones(3), nothing=1)


for case in [value for value in list(globals().values()) if getattr(value, "__module__", None) == "__main__"]:
    if isinstance(case, type) or case is leaf:
        continue
    try:
        print(case.__name__, case())
    except Exception as error:
        print(case.__name__, type(error), str(error).splitlines()[0], flush=True)
        traceback.print_exc()
w = leaf()
optimizer = torch.optim.SGD([w], lr=0.1)
w.sum().backward()
optimizer.step()
print(w)


def deep(n):
    if n == 0:
        linear()
    deep(n - 1)


deep(5)
"""

WARNINGS = """\
import sys
import warnings

import numpy as np
import torch
import torch.nn.functional as F

if sys.argv[1:]:
    warnings.simplefilter(sys.argv[1])
x = torch.ones(3)
torch.tensor(x)
torch.tensor(x)


def again():
    z = torch.tensor(x)
    return z


again()
again()
array = np.ones(3)
array.setflags(write=False)
torch.from_numpy(array)
w = torch.randn(3, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
scheduler.step()
optimizer.step()
(w * 2).grad
F.softmax(x)
F.mse_loss(torch.randn(3, 1), torch.randn(3))
warnings.warn("mine")


def caller():
    warnings.warn("the caller's", stacklevel=2)


for i in range(3):
    caller()
F.dropout2d(torch.randn(2, 2, 2))
torch.randn(3, 2, 2).T
torch.nn.LSTM(2, 2, dropout=0.5)
torch.meshgrid(x, x)
for row in torch.ones(2):
    row.storage()
(w * 2).sum().backward(create_graph=True)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    torch.tensor(x)
    F.softmax(x)
print([(str(each.message), each.filename == __file__, each.lineno) for each in caught])
print(sys.argv[1:], __import__("os").path.basename(__file__))
if x is 1:
    pass
"""

CHILDREN = """\
import multiprocessing
import os
import sys

import torch
from torch.utils.data import DataLoader, Dataset


class Numbers(Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        drawn = torch.full((2,), float(index)) + torch.rand(2)
        return drawn


def train(queue):
    w = torch.ones(2, requires_grad=True)
    (w * 3).sum().backward()
    queue.put(w.grad.tolist())


if __name__ == "__main__":
    torch.manual_seed(0)
    w = torch.zeros(2, requires_grad=True)
    for epoch in range(2):
        for batch in DataLoader(Numbers(), batch_size=4, num_workers=2, shuffle=True):
            loss = (batch * w).sum() + (w**2).sum()
            loss.backward()
            print(batch.tolist(), w.grad)
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        (w * 2).sum().backward()
        print("child", w.grad)
        sys.exit(4)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    queue = multiprocessing.get_context("fork").Queue()
    process = multiprocessing.get_context("fork").Process(target=train, args=(queue,))
    process.start()
    print(queue.get())
    process.join()
    print(process.exitcode, torch.rand(1))
"""

ODD = """\
import torch
from torch import nn
torch.manual_seed(0)
net = nn.Sequential(nn.LazyLinear(4), nn.ReLU(), nn.LazyLinear(1))
y = net(torch.ones(2, 3))
y.sum().backward()
lstm = nn.LSTM(3, 4, batch_first=True)
out, (h, c) = lstm(torch.ones(1, 2, 3))
out.sum().backward()
emb = nn.Embedding(5, 3, sparse=True)
emb(torch.tensor([1, 2])).sum().backward()
opt = torch.optim.SparseAdam(emb.parameters())
opt.step()
opt.zero_grad()
mha = nn.MultiheadAttention(4, 2)
a, _ = mha(torch.ones(2, 1, 4), torch.ones(2, 1, 4), torch.ones(2, 1, 4))
a.sum().backward()
conv = nn.Conv2d(1, 2, 3)
conv(torch.ones(1, 1, 5, 5)).sum().backward()
from torch.func import grad, vmap
f = lambda x: (x ** 2).sum()
print(grad(f)(torch.ones(3)), vmap(f)(torch.ones(2, 3)))
with torch.autograd.detect_anomaly(check_nan=False):
    (torch.ones(2, requires_grad=True) * 2).sum().backward()
with torch.autocast("cpu", dtype=torch.bfloat16):
    z = nn.Linear(3, 2)(torch.ones(1, 3))
z.sum().backward()
import copy
import io
import pickle

copied = copy.deepcopy(net)
buffer = io.BytesIO()
torch.save(net.state_dict(), buffer)
buffer.seek(0)
net.load_state_dict(torch.load(buffer))
pickle.loads(pickle.dumps(torch.ones(2)))
print(net, sum(p.numel() for p in net.parameters()))
class T(torch.Tensor): pass
t = torch.ones(2).as_subclass(T) * 2
print(type(t), t)
p = nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)); p(torch.ones(1, 2)).sum().backward()
nt = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged)
print(nt.sum())
torch.set_default_dtype(torch.float64); print(torch.ones(1)); torch.set_default_dtype(torch.float32)
s = torch.jit.trace(lambda x: x * 2, torch.ones(2)); print(s(torch.ones(2)))
w = torch.ones(2, requires_grad=True)
h = w.register_hook(print); (w*2).sum().backward(); h.remove()
torch.autograd.gradcheck(lambda x: x ** 2, torch.ones(2, dtype=torch.double, requires_grad=True))
print(torch.autograd.functional.jacobian(lambda x: x ** 2, torch.ones(2)))
print(torch.autograd.functional.hessian(lambda x: (x ** 3).sum(), torch.ones(2)))
gg = torch.Generator().manual_seed(1); print(torch.rand(2, generator=gg))
import warnings; warnings.simplefilter("ignore")
x = torch.tensor([[1.0, 2.0]]); print(x.mT, x.real, x.T.shape, x.data, x.grad, x.is_leaf)
with torch.device("meta"): mm = nn.Linear(2, 2)
print(mm.weight.device)
deep = torch.ones(1, requires_grad=True); d = deep
for i in range(300): d = d * 1.0
d.backward(); print(deep.grad)
"""
