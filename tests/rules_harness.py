"""Walks a graph of PyTorch's backwards with our rules alone, to hold them against autograd."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy
import torch

from graphlab.analysis.rules.facts import Facts, sum_to
from graphlab.analysis.rules.table import rule_of
from graphlab.capture.arguments import plain_number
from graphlab.capture.saved import SavedTensors

_saved = SavedTensors()


def facts_of(fn: Any, upstream: Sequence[numpy.ndarray[Any, Any] | None]) -> Facts:
    """Read what a grad_fn keeps, as a recording would hold it."""
    kept: dict[str, Any] = {name: plain(tensor) for name, tensor in _saved.of(fn)}
    for name, value in _saved.numbers_of(fn):
        kept[name] = plain_number(value)
    shapes = {
        slot: tuple(source._input_metadata[output].shape)
        for slot, (source, output) in enumerate(fn.next_functions)
        if source is not None
    }
    for slot, (source, _) in enumerate(fn.next_functions):
        if source is not None and hasattr(source, "variable"):
            shapes[slot] = tuple(source.variable.shape)
    return Facts(upstream, shapes, kept)


def plain(tensor: torch.Tensor) -> numpy.ndarray[Any, Any]:
    """Return the values of a tensor, reals in 64 bits."""
    array = tensor.detach().cpu()
    return (array.double() if array.is_floating_point() else array).numpy()


def walk_back(output: torch.Tensor, seed: torch.Tensor, missing: set[str]) -> dict[int, numpy.ndarray[Any, Any]]:
    """Return the gradient of each leaf, by the address of its AccumulateGrad's tensor, with our rules alone."""
    order: list[Any] = []
    seen: set[Any] = set()

    def visit(fn: Any) -> None:
        if fn is None or fn in seen:
            return
        seen.add(fn)
        for source, _ in fn.next_functions:
            visit(source)
        order.append(fn)

    visit(output.grad_fn)
    came: dict[Any, dict[int, numpy.ndarray[Any, Any]]] = {output.grad_fn: {output.output_nr: plain(seed)}}
    leaves: dict[int, numpy.ndarray[Any, Any]] = {}
    for fn in reversed(order):
        if fn not in came:
            continue
        if hasattr(fn, "variable"):
            leaves[id(fn.variable)] = came[fn][0]
            continue
        rule = rule_of(fn.name())
        if rule is None:
            missing.add(fn.name())
            continue
        upstream = [came[fn].get(place) for place in range(len(fn._input_metadata))]
        facts = facts_of(fn, upstream)
        for slot, (source, place) in enumerate(fn.next_functions):
            if source is not None:
                gradient = sum_to(numpy.asarray(rule(facts, slot)), facts.shapes[slot])
                before = came.setdefault(source, {}).get(place)
                came[source][place] = gradient if before is None else before + gradient
    return leaves


def check_rules(
    function: Callable[..., torch.Tensor], inputs: Sequence[torch.Tensor], *, tolerance: float = 1e-8
) -> None:
    """Hold our rules against autograd's product and against central differences, in 64 bits."""
    leaves = [each.detach().clone().requires_grad_() for each in inputs]
    # What a function draws at random is the same each time.
    torch.manual_seed(0)
    output = function(*leaves)
    seed = torch.randn(output.shape, dtype=torch.float64)
    missing: set[str] = set()
    ours = walk_back(output, seed, missing)
    assert not missing, missing
    torch.manual_seed(0)
    _, truth = torch.autograd.functional.vjp(function, tuple(leaves), seed)
    for leaf, wanted in zip(leaves, truth, strict=True):
        found = ours.get(id(leaf), numpy.zeros(tuple(leaf.shape)))
        assert found.shape == tuple(wanted.shape)
        numpy.testing.assert_allclose(found, plain(wanted), rtol=tolerance, atol=tolerance)
    _check_differences(function, leaves, ours, seed)


def _check_differences(
    function: Callable[..., torch.Tensor],
    leaves: Sequence[torch.Tensor],
    ours: dict[int, numpy.ndarray[Any, Any]],
    seed: torch.Tensor,
) -> None:
    """Move all inputs a little along one direction, forward and back."""
    step = 1e-6
    along = [torch.randn(leaf.shape, dtype=torch.float64) for leaf in leaves]
    ends = []
    with torch.no_grad():
        for sign in (1, -1):
            torch.manual_seed(0)
            moved = [leaf + sign * step * move for leaf, move in zip(leaves, along, strict=True)]
            ends.append(float((function(*moved) * seed).sum()))
    measured = (ends[0] - ends[1]) / (2 * step)
    ruled = sum(float((ours.get(id(leaf), 0.0) * plain(move)).sum()) for leaf, move in zip(leaves, along, strict=True))
    assert abs(measured - ruled) <= 1e-5 * max(1.0, abs(measured), abs(ruled)), (measured, ruled)
