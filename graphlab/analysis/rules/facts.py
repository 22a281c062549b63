"""What a local rule reckons with, as numpy arrays, and how an op's name leads to its rule.

Apart from the recording, so that a test can ask a rule about a grad_fn of PyTorch's directly.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy

from graphlab.language import _

Array = numpy.ndarray[Any, Any]
Compute = Callable[["Facts"], Array]
ComputeSlot = Callable[["Facts", int], Array]
Shape = tuple[int, ...]


class MissingFactError(LookupError):
    """A value that a rule needs was not kept."""


@dataclass(frozen=True)
class Facts:
    """One node of a backward at one moment: what came in from above, and what its forward had kept."""

    upstream: Sequence[Array | None]
    """The gradient of each of its outputs; None where none came."""
    shapes: Mapping[int, Shape]
    """By slot: the shape of what stands at an input, where it is known."""
    saved: Mapping[str, Any] = field(default_factory=dict)
    """Tensors, numbers and texts by the names that autograd gives them."""
    produced: Shape | None = None
    """The shape of its first output."""

    def __getitem__(self, name: str) -> Any:
        """Return what was kept under a name.

        Raises:
            MissingFactError: nothing was.
        """
        if name not in self.saved:
            raise MissingFactError(name)
        value = self.saved[name]
        if value is None:
            raise MissingFactError(name)
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """Return what was kept under a name, or something else."""
        value = self.saved.get(name)
        return default if value is None else value

    @property
    def g(self) -> Array:
        """The gradient of its first output."""
        if not self.upstream or self.upstream[0] is None:
            raise MissingFactError("∂L/∂y")
        return self.upstream[0]

    @property
    def size(self) -> Shape:
        """The shape of its only tensor input."""
        if "self_sym_sizes" in self.saved:
            return tuple(self.saved["self_sym_sizes"])
        if 0 in self.shapes:
            return self.shapes[0]
        return tuple(numpy.shape(self["self"]))


@dataclass(frozen=True, slots=True)
class Rule:
    """How an op's gradient goes on to its inputs."""

    computes: tuple[Compute, ...] = ()
    """A function for each input, in order."""
    every: ComputeSlot | None = None
    """For ops with any number of inputs: one function for all."""

    def __call__(self, facts: Facts, slot: int) -> Array:
        """Return the gradient of an input.

        Raises:
            MissingFactError: a value that this needs was not kept.
        """
        if self.every is not None:
            return self.every(facts, slot)
        if slot >= len(self.computes):
            raise MissingFactError(_("input {slot}").format(slot=slot))
        return self.computes[slot](facts)


def rule(*computes: Compute) -> Rule:
    """Make a rule of a function for each input."""
    return Rule(computes)


def each(function: ComputeSlot) -> Rule:
    """Make a rule of one function for all inputs."""
    return Rule(every=function)


_NAME = re.compile(r"^(?P<base>.+?)Backward(?:AutogradNestedTensor)?(?P<number>\d*)$")


def rule_keys(op: str) -> list[str]:
    """Return the keys under which the rule of a grad_fn's name may stand: the overload's own, then the op's.

    `PowBackward1` is `Pow1`, then `Pow`; `TanhBackwardBackward0` is `TanhBackward0`, then `TanhBackward`.
    """
    found = _NAME.match(op)
    if found is None:
        return [op]
    base, number = found["base"], found["number"]
    if base.endswith("Backward"):
        base = base.removesuffix("Backward") + "Backward"
    return [base + number, base]


def sum_to(array: Array, shape: Shape) -> Array:
    """Add up what was broadcast: the gradient of an input has the input's own shape."""
    if array.shape == shape:
        return array
    extra = array.ndim - len(shape)
    if extra < 0:
        return numpy.broadcast_to(array, shape)
    axes = tuple(range(extra)) + tuple(
        axis + extra for axis, size in enumerate(shape) if size == 1 and array.shape[axis + extra] != 1
    )
    return array.sum(axis=axes).reshape(shape) if axes else array.reshape(shape)


def axes_of(facts: Facts, rank: int) -> tuple[int, ...]:
    """Return the axes that a reduction ran over: all where it names none."""
    dim = facts.get("dim")
    if dim is None or (isinstance(dim, list | tuple) and not dim):
        return tuple(range(rank))
    axes = [dim] if isinstance(dim, int) else list(dim)
    return tuple(axis % rank if rank else 0 for axis in axes) if rank else ()


def spread(facts: Facts, array: Array, shape: Shape) -> Array:
    """Put back the axes that a reduction took away, each with one element, so that the array broadcasts."""
    if facts.get("keepdim", False) or not shape:
        return array
    for axis in sorted(axes_of(facts, len(shape))):
        array = numpy.expand_dims(array, axis)
    return array
