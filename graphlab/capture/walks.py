"""What a backward is about to run through, found by going along `next_functions`; and a quick way to go there again.

Most steps run through the same graph as one before. To go the ways of that graph and compare costs a fraction of what
it costs to write a graph down as numbers, by which any two can be compared.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from operator import attrgetter, call, is_, itemgetter, methodcaller
from typing import Any

import torch

from graphlab.capture.identity import TensorRef
from graphlab.capture.norms import LARGE
from graphlab.capture.snapshots import sizes_of

ACCUMULATE = "torch::autograd::AccumulateGrad"

# Ops whose output has a shape that their inputs settle, as long as all of these are nodes or leaves.
SETTLED = {
    f"{name}Backward0"
    for name in (
        "Abs", "Acos", "Acosh", "Add", "Addcdiv", "Addcmul", "Addmm", "Addmv", "Asin", "Asinh", "Atan", "Atan2",
        "Atanh", "Baddbmm", "Bmm", "Ceil", "Celu", "Clamp", "ClampMax", "ClampMin", "Clone", "Cos", "Cosh", "Div",
        "Dot", "Elu", "Erf", "Erfc", "Exp", "Exp2", "Expm1", "Floor", "Frac", "Gelu", "Hardsigmoid", "Hardswish",
        "Hardtanh", "LeakyRelu", "Lerp", "Log", "Log10", "Log1P", "Log2", "LogSigmoid", "LogSoftmax", "Maximum",
        "Minimum", "Mish", "Mm", "Mul", "Mv", "NativeBatchNorm", "NativeDropout", "NativeGroupNorm",
        "NativeLayerNorm", "Neg", "Pow", "Reciprocal", "Relu", "Round", "Rsqrt", "Rsub", "Sigmoid", "Sign", "Silu",
        "Sin", "Sinh", "Softmax", "Softplus", "Sqrt", "Sub", "T", "Tan", "Tanh", "Threshold", "Trunc",
    )
}  # fmt: skip


_variable = attrgetter("variable")
_number = methodcaller("_sequence_nr")


@dataclass(slots=True)
class Walk:
    """What a backward is about to run through."""

    functions: list[Any]
    numbers: list[int]
    """Autograd's sequence number of each."""
    leaves: list[torch.Tensor] = field(default_factory=list)
    """The leaves, in the order of the walk."""
    leaf_nodes: list[int] = field(default_factory=list)
    """The node of each that was seen before."""
    digest: bytes = b""
    ops: int = 0
    """How many of the functions are ops that no earlier backward of the step reached."""
    edges: int = 0
    """How many edges lead into these."""
    unknown: list[int] = field(default_factory=list)
    """Places in `leaves` of those that were never seen before."""
    has_shared: bool = False
    """Whether earlier backwards of the step reached some of the ops."""
    has_large: bool = False
    """Whether any of the leaves is large."""
    cuts: Sequence[int] = ()
    """Places of the functions that are to be held, for it is a deep graph."""


class Likely:
    """A graph that a backward ran through, and that the next such backward is likely to run through.

    Args:
        below: the edges of each function of the walk.
        order: by `id`: the place of each function.
    """

    def __init__(self, walk: Walk, below: list[Any], order: dict[int, int], roots: Sequence[tuple[Any, int]]) -> None:
        functions = walk.functions
        self.digest = walk.digest
        self.size = len(functions)
        self._about = walk.leaf_nodes, walk.ops, walk.edges, walk.has_large, walk.cuts
        self._types = list(map(type, functions))
        edges = [*roots, *(edge for each in below for edge in each)]
        nowhere = len(functions)
        places = [nowhere if fn is None else order[id(fn)] for fn, _ in edges]
        self._targets = itemgetter(*places, nowhere)
        self._outputs = tuple([output for _, output in edges])
        is_leaf = [fn.name() == ACCUMULATE for fn in functions]
        counts = [len(each) for each, leaf in zip(below, is_leaf, strict=True) if not leaf]
        self._counts = list(accumulate(counts, initial=len(roots)))
        """How many edges there are once each op in turn has added its own to those of the roots."""
        first: dict[int, int] = {}
        for index, place in enumerate(places):
            first.setdefault(place, index)
        first.pop(nowhere, None)
        firsts = list(first.values())  # of each function: which of all edges is the first that leads to it
        self._functions = _getter(firsts)
        self._op_firsts = [index for index, leaf in zip(firsts, is_leaf, strict=True) if not leaf]
        self._leaf_functions = _getter([place for place, leaf in enumerate(is_leaf) if leaf])
        self._leaves = list(map(TensorRef, walk.leaves))
        # One type of Python's may stand for several of autograd's; and shapes must be looked at where they can differ.
        self._looks = [
            (place, look_of(fn, fn.name(), below[place]))
            for place, fn in enumerate(functions)
            if not is_leaf[place]
            and (type(fn).__name__ not in SETTLED or type(fn).__name__ != fn.name() or (None, 0) in below[place])
        ]

    def follow(self, roots: Sequence[tuple[Any, int]]) -> Walk | None:
        """Go the same ways from some roots: return the walk where it leads through this very graph, else None."""
        flat = list(roots)
        counts = [len(flat)]
        try:
            for first in self._op_firsts:  # a leaf leads nowhere
                flat += flat[first][0].next_functions
                counts.append(len(flat))
        except (AttributeError, IndexError):  # there is no such way
            return None
        if counts != self._counts:
            return None
        ends, outputs = zip(*flat, strict=True)
        if outputs != self._outputs:
            return None
        functions = self._functions(ends)
        if list(map(type, functions)) != self._types or not all(map(is_, ends, self._targets([*functions, None]))):
            return None
        leaves = list(map(_variable, self._leaf_functions(functions)))
        if not all(map(is_, map(call, self._leaves), leaves)):
            return None
        for place, look in self._looks:
            fn = functions[place]
            if look_of(fn, fn.name(), fn.next_functions) != look:
                return None
        nodes, ops, count, has_large, cuts = self._about
        numbers = list(map(_number, functions))
        return Walk(
            list(functions), numbers, leaves, nodes, self.digest, ops, count, has_large=has_large, cuts=cuts
        )  # fmt: skip


def _getter(places: Sequence[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """Return what takes some places out of a sequence; `itemgetter` gives one alone without a tuple around it."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda found: [found[place] for place in places]


def look_of(fn: Any, name: str, edges: Sequence[Any]) -> tuple[Any, ...]:
    """Return what a node is called and what comes out of it."""
    return (name, len(edges), *[(sizes_of(each), each.dtype, each.device) for each in fn._input_metadata])


def is_small(walk: Walk, metadata: Sequence[Sequence[Any]]) -> bool:
    """Whether no gradient in a graph is too large to be held until its backward has ended.

    Args:
        metadata: what each function knows of its outputs; nothing of a leaf.
    """
    shapes = {sizes_of(each) for outputs in metadata for each in outputs}
    shapes.update(map(sizes_of, walk.leaves))
    return all(math.prod(shape) <= LARGE and -1 not in shape for shape in shapes)
