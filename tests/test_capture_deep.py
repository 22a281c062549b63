"""Of a deep graph some nodes are held, which end the recursion in which torch lets go of it; and nothing for longer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from graphlab.capture import deep
from graphlab.capture.deep import DeepGraphs, find_cuts
from tests.recorded import record_text

LAYER = 20


@pytest.fixture(autouse=True)
def thin_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deep, "_LAYER", LAYER)


class _Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        return x * 2

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        return gradients[0] * 2


doubled: Callable[[torch.Tensor], torch.Tensor] = _Doubled.apply


def chain(count: int, *, own: int = 0) -> torch.Tensor:
    """Return the end of a chain of ops; every so many of them one of the script's own."""
    x = torch.ones(2, requires_grad=True) * 1.0
    for place in range(count):
        x = doubled(x) if own and place % own else torch.sin(x)
    return x


def walk(root: Any) -> tuple[list[Any], list[Any], dict[int, int]]:
    functions, below, order = [root], [], {id(root): 0}
    for fn in functions:
        below.append(fn.next_functions)
        for each, _ in below[-1]:
            if each is not None and id(each) not in order:
                order[id(each)] = len(functions)
                functions.append(each)
    return functions, below, order


def longest_way(below: list[Any], order: dict[int, int], held: set[int]) -> int:
    """Return how many nodes go one within the other at most, where some are held."""
    depths: dict[int, int] = {}
    for place in range(len(below) - 1, -1, -1):  # of a chain with side ways: a walk from the root tells the order
        under = [order[id(fn)] for fn, _ in below[place] if fn is not None]
        depths[place] = 1 + max((depths.get(each, 0) for each in under if each not in held), default=0)
    return max(depths.values())


@pytest.mark.parametrize("count", [10, LAYER, 10 * LAYER])
def test_no_way_down_is_longer_than_two_layers(count: int) -> None:
    functions, below, order = walk(chain(count).grad_fn)
    cuts = find_cuts(below, order)
    assert longest_way(below, order, set(cuts)) <= 2 * LAYER
    assert len(cuts) <= count // LAYER
    graphs = DeepGraphs()
    for fn, edges in zip(reversed(functions), reversed(below), strict=True):
        if not isinstance(fn, torch._C._functions.AccumulateGrad):  # type: ignore[attr-defined]
            graphs.add(fn, edges)
    assert longest_way(below, order, {order[id(fn)] for fn in graphs._held}) <= 2 * LAYER
    assert len(graphs._held) == len(cuts)


def test_a_wide_graph_has_nothing_to_hold() -> None:
    root = torch.stack([torch.ones(()).requires_grad_().sin() for _ in range(10 * LAYER)]).sum().grad_fn
    _, below, order = walk(root)
    assert find_cuts(below, order) == []


def test_below_a_function_of_the_scripts_own_the_nodes_that_it_leads_to_are_held() -> None:
    functions, below, order = walk(chain(10 * LAYER, own=7).grad_fn)
    graphs = DeepGraphs()
    for place in find_cuts(below, order):
        graphs.hold(functions[place])
    assert len(graphs._held) == 9
    assert {fn.name() for fn in graphs._held} == {"SinBackward0"}


TRAIN = """
import weakref
import torch
class Mark:
    pass
w = torch.ones(2, requires_grad=True)
marks, kept = [], []
def mark(tensor):
    mark = Mark()
    tensor.grad_fn.metadata["mark"] = mark
    marks.append(weakref.ref(mark))
def alive():
    print("".join("x" if mark() is not None else "." for mark in marks))
def chain():
    x = w * 1.0
    mark(x)
    for _ in range(90):
        x = torch.sin(x)
    return x
def fail():
    x = chain()
    raise ValueError
"""
STEPS = """
for step in range(4):
    loss = chain().sum()
    loss.backward()
    w.grad = None
alive()
"""
LONGER = """
for step in range(4):
    x = chain()
    loss = x.sum()
    loss.backward(retain_graph=True)
    if step % 2:
        kept.append(loss)
x = torch.cos(x)
del loss
x.sum().backward(retain_graph=True)
alive()
kept.clear()
x.sum().backward(retain_graph=True)
alive()
del x
w.sum().backward()
alive()
"""
TWICE = """
for step in range(3):
    x = chain()
    (grad,) = torch.autograd.grad(x.sum(), w, create_graph=True)
    grad.sum().backward(retain_graph=True)
    del grad
    torch.autograd.grad(x.sum(), w, create_graph=True)
    w.grad = None
alive()
"""
UNUSED = """
for step in range(3):
    chain().sum().item()
    try:
        fail()
    except ValueError:
        pass
w.sum().backward()
alive()
"""


@pytest.mark.parametrize("detail", ["light", "full"])
@pytest.mark.parametrize(
    ("text", "printed"),
    [(STEPS, "...x"), (LONGER, ".x.x\n...x\n...."), (TWICE, "..x"), (UNUSED, "......")],
    ids=["steps", "graphs that live longer", "create_graph", "no backward"],
)
def test_a_graph_goes_when_it_would_go_without_us(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, printed: str, detail: str
) -> None:
    record_text(tmp_path, TRAIN + text, detail=detail)
    assert capsys.readouterr().out.split() == printed.split()


def test_what_goes_may_run_code_that_lets_go_of_more() -> None:
    graphs, times = DeepGraphs(), []

    class Last:
        def __del__(self) -> None:
            graphs.sweep()
            times.append(len(graphs._held))

    for _ in range(3):
        end = chain(0)
        fn: Any = end.grad_fn
        fn.metadata["last"] = Last()
        graphs.hold(fn)
        del fn
    graphs.sweep()
    assert len(graphs._held) == 1, "the last is still the script's"
    del end
    graphs.release()
    assert graphs._held == []
    assert len(times) == 3
