"""A script that is recorded does what it does under bare python: output, exit code, warnings, tracebacks, bits."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from graphlab.recording import Recording, open_recording

_OURS = re.compile(r"graphlab: |step +\d+ +loss ")


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int
    output: str
    errors: str


def start(words: list[str], folder: Path, **options: Any) -> Ended:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), ""]).rstrip(os.pathsep)}
    child = subprocess.run(
        [sys.executable, *words], cwd=folder, capture_output=True, text=True, timeout=120, check=False,
        env=environment, **options,
    )  # fmt: skip
    return Ended(child.returncode, child.stdout, child.stderr)


def both(
    folder: Path,
    source: list[str],
    *,
    arguments: list[str] | None = None,
    flags: list[str] | None = None,
    stdin: str = "",
) -> tuple[Ended, Recording]:
    """Run a script bare and recorded; they must agree in exit code, stdout and, our own lines apart, stderr."""
    arguments, flags = arguments or [], flags or []
    bare = start([*flags, *source, *arguments], folder, input=stdin)
    words = [*flags, "-m", "graphlab", "run", *source, "-o", "run.glab", "--", *arguments]
    recorded = start(words, folder, input=stdin)
    own = [line for line in recorded.errors.splitlines(keepends=True) if _OURS.match(line)]
    errors = "".join(line for line in recorded.errors.splitlines(keepends=True) if not _OURS.match(line))
    assert recorded.output == bare.output
    assert errors == bare.errors
    assert recorded.code == bare.code
    assert own
    return bare, open_recording(folder / "run.glab")


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")


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


def test_a_script_with_functions_classes_arguments_threads_and_stdin_does_the_same(tmp_path: Path) -> None:
    write(tmp_path, train=TRAINING, beside=BESIDE)
    bare, run = both(tmp_path, ["train.py"], arguments=["--epochs", "3"], stdin="one\ntwo\n")
    assert bare.code == 3
    assert "late thread" in bare.output
    assert len(run.steps) == 3
    assert [file.path for file in run.files] == ["train.py", "beside.py"]
    ran = {(event.file, event.line) for event in run.events if event.kind == "line"}
    assert {(2, 8), (2, 9)} <= ran, "lines of a second file count"
    outputs = [event for event in run.events if event.kind == "output"]
    printed = "".join(event.text for event in outputs if event.details["stream"] == "stdout")
    assert "no line's end" in printed
    assert "late thread" in printed
    assert run.facts.argv == ("--epochs", "3")
    assert run.notes == ["what other threads of the script compute is not recorded"]


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


def test_tracebacks_are_the_scripts_own_word_for_word(tmp_path: Path) -> None:
    write(tmp_path, fails=TRACEBACKS)
    bare, run = both(tmp_path, ["fails.py"])
    assert bare.code == 1
    assert bare.errors.count("Traceback (most recent call last)") >= 25
    error = run.facts.error
    assert run.facts.status == "error"
    assert error is not None
    assert (error.type, error.file, error.line) == ("RuntimeError", "fails.py", 14)
    last = len(TRACEBACKS.splitlines())
    assert error.traceback.splitlines()[1] == f'  File "fails.py", line {last}, in <module>'
    assert run.events[-1].kind == "error"
    assert run.notes == []
    assert len(run.steps) == 1
    assert len(run.steps[0].losses) == 8, "no backward that failed at once is one"


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


@pytest.mark.parametrize("chosen", ["default", "always"])
def test_warnings_come_as_often_and_name_the_same_file_and_line(tmp_path: Path, chosen: str) -> None:
    write(tmp_path, warns=WARNINGS)
    bare, _ = both(tmp_path, ["warns.py"], arguments=["always"] if chosen == "always" else [])
    assert bare.code == 0
    assert bare.errors.count("warns.py:") > (16 if chosen == "always" else 11)


def test_a_warning_made_an_error_is_raised_where_it_was(tmp_path: Path) -> None:
    write(
        tmp_path,
        strict="""\
        import warnings
        import torch
        w = torch.ones(2, requires_grad=True)
        optimizer = torch.optim.SGD([w], lr=0.1)
        (w * 2).sum().backward()
        optimizer.step()
        try:
            torch.tensor(w)
        except UserWarning as error:
            print("raised", error)
        print(w, flush=True)
        torch.nn.functional.softmax(w)
        """,
    )
    bare, run = both(tmp_path, ["strict.py"], flags=["-W", "error"])
    assert bare.code == 1
    assert run.facts.error is not None
    assert run.facts.error.line == 12
    assert len(run.steps) == 1


def test_a_package_runs_with_its_relative_imports(tmp_path: Path) -> None:
    package = tmp_path / "kit" / "inner"
    package.mkdir(parents=True)
    write(tmp_path / "kit", __init__="", base="BASE = 41\n")
    write(package, __init__="", thing="from ..base import BASE\n\n\ndef value():\n    return BASE + 1\n")
    write(
        tmp_path / "kit",
        program="""\
        import sys
        import torch
        from .base import BASE
        from .inner.thing import value
        print(sys.argv, BASE, value(), __name__, __package__, __spec__.name, __file__, sys.path[0])
        w = torch.ones(2, requires_grad=True)
        (w * BASE).sum().backward()
        sys.exit("said at the end")
        """,
    )
    bare, run = both(tmp_path, ["-m", "kit.program"], arguments=["--flag", "a b"])
    assert bare.code == 1
    assert bare.errors == "said at the end\n"
    assert run.steps[0].loss == 82.0
    assert run.facts.error is not None
    assert run.facts.error.message == "exit said at the end"


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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks no processes")
def test_forked_children_run_as_they_are_and_write_nothing(tmp_path: Path) -> None:
    write(tmp_path, loads=CHILDREN)
    bare, run = both(tmp_path, ["loads.py"])
    assert bare.code == 0
    assert len(run.steps[0].losses) == 4
    assert "child" not in "".join(event.text for event in run.events if event.kind == "output")
    assert run.notes == []


def test_a_process_that_ends_at_once_keeps_what_was_written(tmp_path: Path) -> None:
    write(
        tmp_path,
        ends="""\
        import os, time, torch
        w = torch.ones(2, requires_grad=True)
        for step in range(3):
            (w * 2).sum().backward()
            with torch.no_grad():
                w -= 0.1 * w.grad
        print("here", flush=True)
        time.sleep(0.2)
        x = 1
        y = 2
        os._exit(7)
        """,
    )
    bare = start(["ends.py"], tmp_path)
    recorded = start(["-m", "graphlab", "run", "ends.py", "-o", "run.glab"], tmp_path)
    assert (recorded.code, recorded.output) == (bare.code, bare.output) == (7, "here\n")
    run = open_recording(tmp_path / "run.glab")
    assert run.is_running
    assert len(run.steps) == 3
