"""Turns a graph of `torch.jit.trace` into plain rows: attributes become parameters, lists and constants go."""

from __future__ import annotations

import re
from typing import Any

import torch

from graphlab.capture.static.rows import Facts, Rows
from graphlab.model import NodeKind

_SCOPE = re.compile(r"__module\.([\w.]+)")
_PASSES_ON = {"prim::ListConstruct", "prim::TupleConstruct", "prim::ListUnpack", "prim::TupleUnpack"}


def add_jit_graph(rows: Rows, traced: Any, original: Any) -> None:
    """Add the nodes of a traced module or function."""
    graph = traced.inlined_graph if hasattr(traced, "inlined_graph") else traced.graph
    numbers: dict[str, tuple[int, ...]] = {}
    """The rows that each value comes from; none for constants and modules."""
    paths: dict[str, str] = {}
    """The dotted path of each value that is a module."""
    states = dict(_states(original))
    held: dict[str, int] = {}
    for value in graph.inputs():
        if value.type().kind() == "ClassType":
            paths[value.debugName()] = ""
        else:
            facts = Facts("data", value.debugName().partition(".")[0], tensor=_example(value))
            numbers[value.debugName()] = (rows.add(facts),)
    for node in graph.nodes():
        outputs = [value.debugName() for value in node.outputs()]
        inputs = [value.debugName() for value in node.inputs()]
        if node.kind() == "prim::GetAttr":
            _take_attribute(node, outputs[0], inputs[0], paths, numbers, held, states, rows)
        elif node.kind() in _PASSES_ON:
            for output in outputs:
                numbers[output] = tuple(number for name in inputs for number in numbers.get(name, ()))
        elif node.kind() == "prim::Constant":
            continue
        else:
            sources = tuple(number for name in inputs for number in numbers.get(name, ()))
            match = _SCOPE.findall(node.scopeName())
            first = next(node.outputs(), None)
            facts = Facts(
                module=match[-1] if match else None,
                place=rows.find_place(_stack(node)),
                tensor=_example(first) if first is not None else None,
            )
            word = node.kind().rpartition("::")[2]
            number = rows.add(facts, op=node.kind().replace("::", "."), call=word, inputs=sources)
            for output in outputs:
                numbers[output] = (number,)
    returned = tuple(number for value in graph.outputs() for number in numbers.get(value.debugName(), ()))
    if returned:
        rows.add(Facts("output", "output"), inputs=returned)


def _take_attribute(
    node: Any,
    output: str,
    owner: str,
    paths: dict[str, str],
    numbers: dict[str, tuple[int, ...]],
    held: dict[str, int],
    states: dict[str, torch.Tensor],
    rows: Rows,
) -> None:
    path = f"{paths.get(owner, '')}.{node.s('name')}".removeprefix(".")
    if node.output().type().kind() == "ClassType":
        paths[output] = path
        return
    if path not in held:
        tensor = states.get(path)
        kind: NodeKind = "parameter" if isinstance(tensor, torch.nn.Parameter) else "data"
        held[path] = rows.add(Facts(kind, path, module=path.rpartition(".")[0] or None, tensor=tensor))
    numbers[output] = (held[path],)


def _states(original: Any) -> list[tuple[str, torch.Tensor]]:
    if not isinstance(original, torch.nn.Module):
        return []
    return [*original.named_parameters(remove_duplicate=False), *original.named_buffers(remove_duplicate=False)]


def _example(value: Any) -> torch.Tensor | None:
    """Return a tensor without data of the shape and type that a value has in the trace."""
    kind = value.type()
    if kind.kind() != "TensorType" or kind.sizes() is None or kind.dtype() is None:
        return None
    return torch.empty(kind.sizes(), dtype=kind.dtype(), device="meta")


def _stack(node: Any) -> str:
    """Return where a node comes from as Python writes a traceback, the innermost last."""
    steps = re.findall(r"^(.+)\((\d+)\): ", str(node.sourceRange()), re.MULTILINE)
    return "\n".join(f'File "{file}", line {line}' for file, line in reversed(steps))
