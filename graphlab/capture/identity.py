"""Numbers for tensors and grad_fns that last as long as these do and are never reused.

An address is reused as soon as its object dies. A tensor is therefore known by a weak reference; a grad_fn, which
takes none, by a number in its own `metadata` dict. A leaf's number belongs to the tensor, not to its AccumulateGrad
node, which comes and goes.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import call, is_
from typing import Any, Generic, TypeVar

import torch

T = TypeVar("T")
_NONE = type(None)


ACCUMULATE = torch._C._functions.AccumulateGrad  # type: ignore[attr-defined]  # held but not declared
"""The class of the nodes that add to a leaf's `.grad`."""
_EDGES = "/edges"
_MOST_DEAD = 256


class TensorRef(weakref.ref[torch.Tensor]):
    """A weak reference of ours: `swaps` tells it from the script's own."""

    __slots__ = ()


@dataclass(slots=True)
class TensorState:
    """What is known of a live tensor."""

    number: int
    """Its present state; `origin` is its first."""
    origin: int
    version: int
    node: int | None
    output: int
    label: str
    event: int
    """The event that made this state."""
    snapshot: int | None
    base: torch.Tensor | None = None
    """For a view of data: the data, as long as the view lives (a view keeps its data alive anyway)."""
    requires_grad: bool = False
    """Whether it did when it was last looked at."""
    is_bound: bool = False
    """Whether a variable has held the tensor."""
    is_stale: bool = False
    """Whether its `grad_fn` is out of date (see `is_lazy_view`): the node is that of before."""


@dataclass(slots=True)
class LeafState:
    """What is known of a leaf that requires grad."""

    node: int
    tensor: TensorRef
    kind: str
    name: str | None
    grad_snapshot: int | None = None
    """The `.grad` that was last recorded; None: it was None."""
    grad_version: int = -1
    grad_storage: int | None = None
    """The address of the storage of that `.grad`."""
    has_grad: bool = False
    """Whether the last recorded `.grad` was a tensor."""
    was_reached: bool = False
    """Whether any backward has ever given it a gradient."""


class _Entry(TensorRef):
    """What a map keeps for a tensor: one object, where thousands of tensors live at a time."""

    __slots__ = ("key", "value")
    key: int
    value: Any


class TensorMap(Generic[T]):
    """A dict with tensors as keys, by identity, that keeps no tensor alive.

    Args:
        gone: where to put what was kept for a tensor that was let go, if it is still wanted.
    """

    def __init__(self, gone: list[T] | None = None) -> None:
        entries: dict[int, _Entry] = {}
        self.entries = entries
        """By address; only an entry that leads to the tensor itself is its own. For who cannot wait for `get`."""

        listed: list[tuple[list[_Entry], list[T]]] = []
        self._listed = listed
        """The entries and their values, as long as these are the same: whoever asks each step copies nothing."""

        def forget(reference: Any) -> None:
            listed.clear()
            key, value = reference.key, reference.value
            if entries.get(key) is reference:  # else another tensor has its address by now
                del entries[key]
                if gone is not None:
                    gone.append(value)

        self._forget: Callable[[Any], None] = forget
        self._dead: list[Any] = []
        """Entries of tensors that were let go, as they come: of a function of Python's the trace function is told."""
        self._bury: Callable[[Any], None] = self._dead.append if gone is None else forget

    def get(self, tensor: torch.Tensor) -> T | None:
        """Return what is kept for a tensor, or None."""
        entry = self.entries.get(id(tensor))
        return entry.value if entry is not None and entry() is tensor else None

    def get_all(self, tensors: Sequence[torch.Tensor]) -> list[T] | None:
        """Return what is kept for many tensors, or None where there is nothing for one of them."""
        try:
            entries = list(map(self.entries.__getitem__, map(id, tensors)))
        except KeyError:
            return None
        if not all(map(is_, map(call, entries), tensors)):
            return None
        return [entry.value for entry in entries]

    def set(self, tensor: torch.Tensor, value: T, *, is_prompt: bool = False) -> None:
        """Keep something for a tensor for as long as it lives.

        Args:
            is_prompt: whether to let go of it at once: it holds another tensor.
        """
        entry = _Entry(tensor, self._forget if is_prompt else self._bury)
        if len(self._dead) > _MOST_DEAD:
            self._sweep()
        entry.key, entry.value = id(tensor), value
        self._listed.clear()
        self.entries[id(tensor)] = entry

    def _sweep(self) -> None:
        """Let go of what was kept for tensors that are gone."""
        while self._dead:
            self._forget(self._dead.pop())

    def items(self) -> list[tuple[T, torch.Tensor]]:
        """Return what is kept for the tensors that live, with these."""
        # Only to look at: copying the dict first keeps a collection in between from changing its size.
        entries = self.entries.copy().values()
        return [(entry.value, tensor) for entry in entries if (tensor := entry()) is not None]

    def alive(self) -> tuple[list[T], list[torch.Tensor]]:
        """Return what is kept for the tensors that live, and these; the first is ours, and not to be changed."""
        self._sweep()
        try:
            entries, values = self._listed[0]
        except IndexError:
            entries = list(self.entries.copy().values())  # as in `items`
            values = [entry.value for entry in entries]
            self._listed[:] = [(entries, values)]
        tensors = list(map(call, entries))
        if _NONE in set(map(type, tensors)):
            self._listed.clear()
            values = [value for value, tensor in zip(values, tensors, strict=True) if tensor is not None]
            tensors = [tensor for tensor in tensors if tensor is not None]
        return values, tensors  # type: ignore[return-value]  # no None is among them

    def values(self) -> list[T]:
        """Return what is kept for the tensors that live."""
        self._sweep()
        return [entry.value for entry in list(self.entries.values())]


# What is known of a grad_fn lies in its own `metadata`, as plain numbers: the garbage collector need not look at those.


def node_number(grad_fn: Any, run: str) -> int | None:
    """Return the number that a run gave a grad_fn, or None if it has not seen it."""
    known: int | None = grad_fn.metadata.get(run)
    return known


def keep_node(grad_fn: Any, run: str, number: int, edges: int) -> None:
    """Remember a grad_fn, and how many edges autograd counts into it, for as long as it lives."""
    metadata = grad_fn.metadata
    metadata[run], metadata[run + _EDGES] = number, edges


def edges_of_node(grad_fn: Any, run: str) -> int:
    """Return how many edges autograd counts into a grad_fn; 0 for one that the run has not seen."""
    edges: int = grad_fn.metadata.get(run + _EDGES, 0)
    return edges


def keep_output(grad_fn: Any, run: str, output: int, state: int) -> None:
    """Remember the state of the tensor that came out of a grad_fn."""
    metadata = grad_fn.metadata
    if run in metadata:
        metadata[f"{run}/{output}"] = state


def state_of_output(grad_fn: Any, run: str, output: int) -> int | None:
    """Return the state of the tensor that came out of a grad_fn, where that is known."""
    known: int | None = grad_fn.metadata.get(f"{run}/{output}")
    return known


def is_accumulate(grad_fn: Any) -> bool:
    """Whether a node of autograd is a leaf's AccumulateGrad."""
    return type(grad_fn) is ACCUMULATE


def version_of(tensor: torch.Tensor) -> int:
    """Return how often a tensor was changed in place; inference tensors do not count that."""
    try:
        return tensor._version
    except RuntimeError:
        return 0


def versions_of(tensors: Sequence[torch.Tensor]) -> list[int]:
    """Return of many tensors how often each was changed in place."""
    try:
        return [tensor._version for tensor in tensors]
    except RuntimeError:
        return [version_of(tensor) for tensor in tensors]


def storage_of(tensor: torch.Tensor) -> int | None:
    """Return the address of a tensor's storage; None where it has none (sparse, nested, wrapped by vmap)."""
    try:
        return tensor.untyped_storage()._cdata if tensor.layout is torch.strided else None
    except RuntimeError:
        return None


def grad_fn_of(tensor: torch.Tensor) -> Any:
    """Return a tensor's grad_fn, or None; also where torch refuses to say.

    It does for a view made under `no_grad` whose base was changed in place with gradients on (`w[i] -= …`).
    """
    try:
        return tensor.grad_fn
    except RuntimeError:
        return None


def needs_grad(tensor: torch.Tensor) -> bool:
    """Return whether a tensor requires grad, as far as torch says so (see `grad_fn_of`)."""
    try:
        return tensor.requires_grad
    except RuntimeError:
        return False


def is_lazy_view(tensor: torch.Tensor) -> bool:
    """Whether torch makes a view's `grad_fn` anew when it is next asked for, once the base was changed in place.

    It gets its sequence number then, and numbers are the order of a backward: it is the script that is to ask.
    """
    base = tensor._base if tensor._is_view() else None
    return base is not None and base.requires_grad


def leaf_below(tensor: torch.Tensor) -> torch.Tensor | None:
    """For a view of a leaf that was made under `no_grad` (`w[i]`), the leaf: the view is none, though it says so."""
    base = tensor._base if tensor._is_view() else None
    return base if base is not None and base.grad_fn is None and base.requires_grad else None
