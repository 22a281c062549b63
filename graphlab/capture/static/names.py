"""Finds the tensors that a piece of the script's code reads, and what the script calls them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

import torch

from graphlab.model import NodeKind

_ELEMENTS = 64
"""How many elements of a container are looked at."""
_DEPTH = 3
"""How deep containers and plain objects are looked into."""


@dataclass(frozen=True, slots=True)
class Named:
    """A tensor that is there before the code runs."""

    name: str
    kind: NodeKind
    tensor: torch.Tensor
    module: str | None = None


class Names:
    """The tensors that some code can reach from a namespace, each once, in the order in which they are found."""

    def __init__(self, code: CodeType, namespace: Mapping[str, Any]) -> None:
        self._found: dict[int, Named] = {}
        self._modules: dict[int, torch.nn.Module] = {}
        self.paths: dict[int, str] = {}
        """The dotted path of each module, by `id`."""
        self._codes: set[CodeType] = set()
        self._optimizers: list[torch.optim.Optimizer] = []
        values = list(self._values(code, namespace))
        modules = [(name, value) for name, value in values if isinstance(value, torch.nn.Module)]
        held = [name for _, module in modules for name, _ in module.named_parameters()]
        self._is_shared = len(set(held)) < len(held)
        for name, value in [*modules, *values]:
            self._take(name, value, _DEPTH)
        for optimizer in self._optimizers:
            self._take_optimizer(optimizer)
        self.named = [*self._found.values()]
        for each in self.named[:]:
            if each.tensor.is_leaf and each.tensor.grad is not None:
                self.named.append(Named(f"{each.name}.grad", "data", each.tensor.grad))

    def _values(self, code: CodeType, namespace: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """Return what the names in some code hold, and those in the functions of the script that it calls."""
        if code in self._codes:
            return
        self._codes.add(code)
        for name in (*code.co_names, *code.co_varnames, *code.co_freevars):
            if name not in namespace:
                continue
            value = namespace[name]
            yield name, value
            if isinstance(value, FunctionType) and value.__globals__.get("__name__") == "__main__":
                yield from self._values(value.__code__, {**value.__globals__, **_closure(value)})
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                yield from self._values(constant, namespace)

    def _take(self, name: str, value: Any, depth: int) -> None:
        if isinstance(value, torch.Tensor):
            self._add(name, value)
        elif isinstance(value, torch.nn.Module):
            self._take_module(name, value)
        elif isinstance(value, torch.optim.Optimizer):
            if not any(each is value for each in self._optimizers):
                self._optimizers.append(value)
        elif depth and type(value) in {list, tuple}:
            for index, part in enumerate(value[:_ELEMENTS]):
                self._take(f"{name}[{index}]", part, depth - 1)
        elif depth and type(value) is dict:
            for key in list(value)[:_ELEMENTS]:
                self._take(f"{name}[{key!r}]", value[key], depth - 1)
        elif depth and type(value).__module__ == "__main__" and not callable(value):
            for key, part in list(getattr(value, "__dict__", {}).items())[:_ELEMENTS]:
                self._take(f"{name}.{key}", part, depth - 1)

    def _take_module(self, name: str, root: torch.nn.Module) -> None:
        prefix = f"{name}." if self._is_shared else ""
        for path, module in root.named_modules():
            self.paths.setdefault(id(module), f"{prefix}{path}".removesuffix("."))
        states = [*root.named_parameters(), *root.named_buffers()]
        for path, tensor in states:
            if not isinstance(tensor, torch.nn.UninitializedParameter):
                self._add(f"{prefix}{path}", tensor, module=f"{prefix}{path}".rpartition(".")[0] or None)

    def _take_optimizer(self, optimizer: torch.optim.Optimizer) -> None:
        for group in optimizer.param_groups:
            for index, parameter in enumerate(group["params"]):
                self._add(f"parameter {index}", parameter, kind="parameter")
                owner = self._found[id(parameter)].name
                for key, part in optimizer.state.get(parameter, {}).items():
                    if isinstance(part, torch.Tensor) and part.dim():
                        self._add(f"{key} of {owner}", part)

    def _add(self, name: str, tensor: torch.Tensor, *, kind: NodeKind | None = None, module: str | None = None) -> None:
        known = self._found.get(id(tensor))
        if known is not None and (kind is None or known.kind == kind):
            return
        if known is not None:
            name, module = known.name, known.module
        if kind is None:
            is_parameter = isinstance(tensor, torch.nn.Parameter) or (tensor.is_leaf and tensor.requires_grad)
            kind = "parameter" if is_parameter else "data"
        self._found[id(tensor)] = Named(name, kind, tensor, module)


def _closure(function: FunctionType) -> dict[str, Any]:
    """Return what a function holds of the function around it."""
    held: dict[str, Any] = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            held[name] = cell.cell_contents
        except ValueError:  # not bound yet
            continue
    return held
