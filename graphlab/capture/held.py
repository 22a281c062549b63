"""Looks now and then which variables of the script keep the graphs of earlier steps alive.

A graph lives as long as anything leads to it: a sum of losses, a list of them, a hidden state that was not detached.
Autograd numbers the nodes as they are made, so of each node that a variable leads to one can tell which step made it.
"""

from __future__ import annotations

import itertools
import sys
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Any

import torch

from graphlab.capture.deep import deep_graphs, find_cuts, may_be_deep
from graphlab.capture.identity import grad_fn_of, is_accumulate, is_lazy_view

if TYPE_CHECKING:
    from graphlab.capture.remarks import Remarks

_ELEMENTS = 64
"""How many parts of a container are looked at."""
_MODULES = 200
_OBJECTS = 2
"""How deep objects of the script's own are looked into: a trainer's meter."""
_NODES = 20_000
"""How many nodes of a graph are looked at."""
_STEPS = 20_000
"""How many steps are told apart at least, the last ones: a run without end must not take memory without end."""
_EMPTY = frozenset({bool, int, float, complex, str, bytes, type(None)})
"""Types of values that lead nowhere: most of what a module holds."""
_LIBRARIES = frozenset({*sys.stdlib_module_names, "torch", "graphlab"}) - {"__main__"}
Models = dict[tuple[int, int], tuple[torch.nn.Module, list[tuple[str, list[torch.Tensor]]]]]
"""By address and depth: the models that one look has met, which have names in several frames, and what they lead to."""


class Held:
    """Knows at which of autograd's numbers each step ended."""

    def __init__(self, remarks: Remarks) -> None:
        self._remarks = remarks
        self.own_frames: Callable[[FrameType | None], list[FrameType]] = lambda frame: []
        """Returns the frames of the script's own that run, from a frame outwards."""
        self._ends: list[int] = []
        """Of each of the last steps; all nodes that are older count as of one step."""
        self._count = 0

    def backward_ended(self) -> None:
        """A backward has ended: what was made by now belongs to its step."""
        sequence = torch.autograd._get_sequence_nr()  # type: ignore[attr-defined]  # held, not exported
        if self._ends:
            self._ends[-1] = max(self._ends[-1], sequence)

    def step_begins(self, frame: FrameType | None) -> None:
        """The first backward of a step begins: look at what is older, in steps that come ever more rarely."""
        count = self._count
        if count >= 2 and (count < 5 or not count & (count - 1) or not count % 1000):
            for name, steps, nodes in self._find(frame):
                self._remarks.write("held", name, data={"steps": steps, "nodes": nodes, "of": count})
        self._count += 1
        self._ends.append(self._ends[-1] if self._ends else 0)
        if len(self._ends) >= 2 * _STEPS:
            del self._ends[:_STEPS]

    def _find(self, frame: FrameType | None) -> Iterator[tuple[str, int, int]]:
        """Name what leads to graphs of several earlier steps, with the number of these steps and of their nodes."""
        models: Models = {}
        for own in self.own_frames(frame):
            for name, value in list(own.f_locals.items()):
                if name.startswith("__") or type(value) in _EMPTY:
                    continue
                for path, tensors in _tensors(name, value, 0, models):
                    steps, nodes = self._reach(tensors)
                    if steps > 1:
                        yield path, steps, nodes

    def _reach(self, tensors: list[torch.Tensor]) -> tuple[int, int]:
        """Return how many earlier steps some tensors lead back to, and how many nodes these made."""
        stack = [fn for tensor in tensors if (fn := _maker(tensor)) is not None]
        seen: dict[int, Any] = {}
        edges: list[Any] = []
        steps: set[int] = set()
        nodes = 0
        while stack and len(seen) < _NODES:
            fn = stack.pop()
            if id(fn) in seen or is_accumulate(fn):
                continue
            seen[id(fn)] = fn
            step = bisect_right(self._ends, fn._sequence_nr())
            if step < len(self._ends):
                nodes += 1
                steps.add(step)
            edges.append(fn.next_functions)
            stack += [below for below, _ in edges[-1] if below is not None]
        if may_be_deep(len(seen)):
            functions = list(seen.values())
            for place in find_cuts(edges, {key: place for place, key in enumerate(seen)}):
                deep_graphs.hold(functions[place])
        return len(steps), nodes


def _maker(tensor: torch.Tensor) -> Any:
    """Return the node that made a tensor; of a view, which torch may have to ask anew, that of its base."""
    return grad_fn_of(tensor._base if is_lazy_view(tensor) and tensor._base is not None else tensor)


def _tensors(path: str, value: Any, depth: int, models: Models) -> Iterator[tuple[str, list[torch.Tensor]]]:
    """Give the tensors with a graph that a variable leads to, by what they are called."""
    if isinstance(value, torch.Tensor):
        if value.requires_grad and not value.is_leaf:
            yield path, [value]
    elif isinstance(value, list | tuple | deque | dict):
        parts = list(value.values() if isinstance(value, dict) else value)
        parts = parts if len(parts) <= _ELEMENTS else [*parts[: _ELEMENTS // 2], *parts[-_ELEMENTS // 2 :]]
        parts = [part for part in parts if type(part) not in _EMPTY]
        inner = [each for part in parts for _, found in _tensors(path, part, depth + 1, models) for each in found]
        if inner and depth < 3:
            yield path, inner
    elif isinstance(value, torch.nn.Module):
        key = id(value), depth
        if key not in models:
            models[key] = value, list(_tensors_of_model(value, depth, models))
        for inner_path, tensors in models[key][1]:
            yield f"{path}.{inner_path}" if path else inner_path, tensors
    elif depth < _OBJECTS and _is_plain_object(value):
        for attribute, part in list(vars(value).items())[:_ELEMENTS]:
            if type(part) not in _EMPTY:
                yield from _tensors(f"{path}.{attribute}", part, depth + 1, models)


def _tensors_of_model(model: torch.nn.Module, depth: int, models: Models) -> Iterator[tuple[str, list[torch.Tensor]]]:
    """Give the tensors with a graph that a model leads to, by their paths in it."""
    for name, module in list(itertools.islice(model.named_modules(), _MODULES)):
        for attribute, part in list(vars(module).items()):
            if type(part) in _EMPTY or attribute.startswith("_") or isinstance(part, torch.nn.Module):
                continue
            yield from _tensors(f"{name}.{attribute}" if name else attribute, part, depth + 1, models)


def _is_plain_object(value: Any) -> bool:
    """Whether a value is one of the script's own (a trainer, a meter), and no function, class or part of torch."""
    if isinstance(value, type) or callable(value) or not hasattr(value, "__dict__"):
        return False
    if isinstance(value, ModuleType):
        return not _is_installed(value)
    return not type(value).__module__.startswith("torch")


def _is_installed(module: ModuleType) -> bool:
    """Whether an imported module is a library: it holds thousands of objects, and no graph of the script's."""
    name = module.__name__.partition(".")[0]
    return name in _LIBRARIES or "site-packages" in (getattr(module, "__file__", None) or "")
