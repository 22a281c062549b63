"""The quick way through a graph that was met before, and the list of the leaves that live: both must tell a change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from graphlab.capture.identity import TensorMap
from graphlab.capture.walks import ACCUMULATE, Likely, Walk

Program = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def roots_of(loss: torch.Tensor) -> list[tuple[Any, int]]:
    edge = torch.autograd.graph.get_gradient_edge(loss)
    return [(edge.node, edge.output_nr)]


def remember(loss: torch.Tensor) -> Likely:
    """Go through a graph as the recorder does where it is new."""
    roots = roots_of(loss)
    functions = [roots[0][0]]
    order = {id(functions[0]): 0}
    below = []
    for fn in functions:
        below.append(fn.next_functions)
        for each, _ in fn.next_functions:
            if each is not None and id(each) not in order:
                order[id(each)] = len(functions)
                functions.append(each)
    leaves = [fn.variable for fn in functions if fn.name() == ACCUMULATE]
    numbers = [fn._sequence_nr() for fn in functions]
    return Likely(Walk(functions, numbers, leaves, digest=b"known"), below, order, roots)


PROGRAMS: dict[str, Program] = {
    "a leaf alone": lambda w, v: w,
    "one op, one leaf": lambda w, v: w.exp(),
    "one leaf twice": lambda w, v: w * w,
    "two leaves": lambda w, v: w * v,
    "two leaves, the other way": lambda w, v: v * w,
    "a longer way": lambda w, v: (w * v).exp(),
    "an input without a gradient": lambda w, v: w * v.detach(),
    "an op of several outputs": lambda w, v: torch.stack([w, v]).unbind()[1],
    "another of its outputs": lambda w, v: torch.stack([w, v]).unbind()[0],
}


@pytest.mark.parametrize("known", PROGRAMS)
@pytest.mark.parametrize("now", PROGRAMS)
def test_only_the_very_graph_is_followed(known: str, now: str) -> None:
    w, v = torch.tensor(2.0, requires_grad=True), torch.tensor(3.0, requires_grad=True)
    likely = remember(PROGRAMS[known](w, v))
    loss = PROGRAMS[now](w, v)
    walk = likely.follow(roots_of(loss))
    assert (walk is not None) == (known == now)
    if walk is not None:
        assert walk.numbers == [fn._sequence_nr() for fn in walk.functions]
        assert walk.functions[0] is roots_of(loss)[0][0]
        assert [id(leaf) for leaf in walk.leaves] == [
            id(fn.variable) for fn in walk.functions if fn.name() == ACCUMULATE
        ]


def test_another_leaf_in_its_place_is_another_graph() -> None:
    w, v, other = (torch.tensor(2.0, requires_grad=True) for _ in range(3))
    likely = remember(w * v)
    assert likely.follow(roots_of(w * v)) is not None
    assert likely.follow(roots_of(w * other)) is None


def test_a_map_tells_at_once_which_of_its_tensors_live() -> None:
    tensors = TensorMap[str]()
    first, second, third = torch.zeros(1), torch.zeros(2), torch.zeros(3)
    tensors.set(first, "first")
    tensors.set(second, "second")
    values, alive = tensors.alive()
    assert values == ["first", "second"]
    assert alive[0] is first
    assert alive[1] is second
    assert tensors.alive()[0] is values, "nothing has changed: nothing is put together anew"
    tensors.set(third, "third")
    assert tensors.alive()[0] == ["first", "second", "third"]
    tensors.set(second, "second, by another name")
    assert sorted(tensors.alive()[0]) == ["first", "second, by another name", "third"]
    del alive, first
    values, alive = tensors.alive()
    assert sorted(values) == ["second, by another name", "third"]
    assert {id(tensor) for tensor in alive} == {id(second), id(third)}
