"""Turns a graph of torch.fx into plain rows."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch.fx import Graph, Node
from torch.fx.node import _get_qualified_name

from graphlab.model import NodeKind
from graphlab.static_graph import Role, StaticNode

Place = tuple[str, int]
"""A file of the script's own, as the recording names it, and a line of it."""
FindPlace = Callable[[str], Place | None]
"""Finds in a stack trace's text the innermost line of the script."""

_PARTS = re.compile(r"\['([^']*)'\]|\.(\w+)")
_HIDDEN_PARTS = {"_modules", "_parameters", "_buffers", "self", "L", "_export_root", "_orig_mod"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a node beside what fx itself says."""

    kind: NodeKind = "op"
    name: str | None = None
    role: Role = "forward"
    module: str | None = None
    place: Place | None = None
    autograd: str | None = None
    tensor: Any = None
    """An example of what it gives, where fx has none."""


class Rows:
    """The nodes of one static graph, as they are added."""

    def __init__(self, find_place: FindPlace) -> None:
        self.nodes: list[StaticNode] = []
        self.find_place = find_place

    def add(
        self,
        facts: Facts,
        *,
        op: str | None = None,
        call: str | None = None,
        inputs: tuple[int, ...] = (),
        is_implied: bool = False,
    ) -> int:
        """Add a node and return its number."""
        shape, dtype = _describe(facts.tensor)
        file, line = facts.place or (None, None)
        number = len(self.nodes) + 1
        self.nodes.append(
            StaticNode(
                number, facts.kind, facts.role, op, call, facts.name, facts.module, file, line, facts.autograd, shape,
                dtype, inputs, is_implied,
            )
        )  # fmt: skip
        return number

    def add_graph(
        self,
        graph: Graph,
        describe: Callable[[Node], Facts],
        *,
        known: Mapping[str, int] | None = None,
        modules: Mapping[str, torch.nn.Module] | None = None,
    ) -> dict[str, int]:
        """Add the nodes of an fx graph, and return their numbers by fx's own names.

        Args:
            describe: what is known of a node.
            known: placeholders that stand for nodes which are here already.
            modules: of a graph whose nodes may be modules, these by their paths: their parameters are added.
        """
        numbers: dict[str, int] = {}
        for node in graph.nodes:
            if node.op == "placeholder" and known is not None and node.name in known:
                numbers[node.name] = known[node.name]
                continue
            facts = self._complete(node, describe(node))
            inputs = tuple(numbers[each.name] for each in _arguments(node))
            op, call = (None, None)
            if node.op.startswith("call_"):
                module = (modules or {}).get(str(node.target)) if node.op == "call_module" else None
                op, call = names_of(node, module)
                if module is not None:
                    inputs += self._add_parameters(str(node.target), module, facts)
            elif node.op == "output" and not inputs:
                continue
            numbers[node.name] = self.add(facts, op=op, call=call, inputs=inputs)
        return numbers

    def _add_parameters(self, path: str, module: torch.nn.Module, facts: Facts) -> tuple[int, ...]:
        numbers = []
        for name, parameter in module.named_parameters():
            added = Facts("parameter", f"{path}.{name}", module=facts.module, place=None, tensor=parameter)
            numbers.append(self.add(added, is_implied=True))
        return tuple(numbers)

    def _complete(self, node: Node, facts: Facts) -> Facts:
        kind = facts.kind
        if node.op == "output":
            kind = "output"
        elif kind == "op" and not node.op.startswith("call_"):
            kind = "data"
        tensor = facts.tensor if facts.tensor is not None else example_of(node)
        place = facts.place or (self.find_place(node.meta.get("stack_trace") or "") if kind == "op" else None)
        name = facts.name or (node.name if kind == "data" else None)
        module = facts.module or module_path(node)
        return Facts(kind, name, facts.role, module, place, facts.autograd, tensor)


def example_of(node: Node) -> Any:
    """Return an example of what a node gives, or None."""
    for key in ("val", "example_value", "tensor_meta"):
        value = node.meta.get(key)
        if value is not None:
            return value
    return None


def names_of(node: Node, module: torch.nn.Module | None) -> tuple[str, str]:
    """Return what a node calls, as the tracer names it and in one word."""
    target: Any = node.target
    if node.op == "call_method":
        return f"Tensor.{target}", str(target)
    if node.op == "call_module":
        name = type(module).__name__ if module is not None else str(target)
        return f"nn.{name}", name
    if isinstance(target, torch._ops.OpOverload):
        return str(target), target._schema.name.rpartition("::")[2]
    if isinstance(target, torch._ops.HigherOrderOperator):
        return f"higher_order.{target.name()}", str(target.name())
    if target is operator.getitem:
        return "operator.getitem", "getitem"
    name = str(getattr(target, "__name__", target))
    try:
        full = _get_qualified_name(target)
    except RuntimeError:
        full = name
    return full.replace("_operator.", "operator."), name


def module_path(node: Node) -> str | None:
    """Return the path of the module whose forward made a node: the innermost of its stack."""
    stack = node.meta.get("nn_module_stack")
    if not stack:
        return None
    last = list(stack.values())[-1]
    return path_of(str(last[0] if isinstance(last, tuple) else last))


def path_of(source: str) -> str | None:
    r"""Return the dotted path in what a tracer calls a module or parameter: `L['self']._modules['fc1']` is `fc1`."""
    if "[" not in source:
        parts = source.split(".")
    else:
        parts = [quoted or plain for quoted, plain in _PARTS.findall(source)]
        if source.startswith("L['fn']"):  # dynamo's own wrapper around a module of torch's
            parts = parts[1:]
    return ".".join(part for part in parts if part not in _HIDDEN_PARTS and part) or None


def attribute(module: torch.nn.Module, path: str) -> Any:
    """Return what a module holds under a dotted path, or None."""
    value: Any = module
    for part in path.split("."):
        value = getattr(value, part, None)
    return value


def _arguments(node: Node) -> list[Node]:
    """Return the nodes that a node reads, each as often as it does."""
    found: list[Node] = []

    def take(argument: Node) -> Node:
        found.append(argument)
        return argument

    torch.fx.node.map_arg((node.args, node.kwargs), take)
    return found


def _describe(value: Any) -> tuple[tuple[int, ...] | None, str | None]:
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is None or not isinstance(dtype, torch.dtype):
        return None, None
    try:
        sizes = tuple(int(size) for size in shape)
    except (TypeError, ValueError, RuntimeError):  # a size that depends on the data
        return None, str(dtype).removeprefix("torch.")
    return sizes, str(dtype).removeprefix("torch.")
