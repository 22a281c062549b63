"""Reads graphs that are there already: those that a script had a tracer make."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import torch
from torch.fx import GraphModule, Node

from graphlab.capture.static.rows import Facts, FindPlace, Place, Rows, attribute
from graphlab.model import NodeKind
from graphlab.static_graph import StaticNode, Tracer

FindPath = Callable[[str], str | None]


def read_graph_module(module: GraphModule, path_of: FindPath) -> tuple[Tracer, list[StaticNode]]:
    """Return who made a graph module, and its nodes: `make_fx` writes ATen's ops, `symbolic_trace` the script's."""
    rows = Rows(_finder(path_of))
    rows.add_graph(module.graph, held_by(module), modules=dict(module.named_modules()))
    is_made = any(isinstance(node.target, torch._ops.OpOverload) for node in module.graph.nodes)
    return "make_fx" if is_made else "fx", rows.nodes


def read_program(program: Any, path_of: FindPath) -> tuple[Tracer, list[StaticNode]]:
    """Return the nodes of an exported program."""
    rows = Rows(_finder(path_of))
    rows.add_graph(program.graph, described_by(program.graph_signature))
    return "export", rows.nodes


def held_by(module: GraphModule) -> Callable[[Node], Facts]:
    """Return what describes the nodes of a graph module."""

    def describe(node: Node) -> Facts:
        if node.op == "get_attr":
            path = str(node.target)
            value = attribute(module, path)
            kind: NodeKind = "parameter" if isinstance(value, torch.nn.Parameter) else "data"
            return Facts(kind, path, module=path.rpartition(".")[0] or None, tensor=value)
        if node.op == "call_module":
            return Facts(module=str(node.target))
        return Facts()

    return describe


def described_by(signature: Any) -> Callable[[Node], Facts]:
    """Return what describes the nodes of an exported program: its signature says which inputs are parameters."""
    parameters = dict(signature.inputs_to_parameters)
    states = {**parameters, **signature.inputs_to_buffers}

    def describe(node: Node) -> Facts:
        if node.op == "placeholder" and node.name in states:
            name = str(states[node.name])
            kind: NodeKind = "parameter" if node.name in parameters else "data"
            return Facts(kind, name, module=name.rpartition(".")[0] or None)
        return Facts()

    return describe


def _finder(path_of: FindPath) -> FindPlace:
    def find(stack: str) -> Place | None:
        found = None
        for name, line in re.findall(r'File "([^"]+)", line (\d+)', stack):
            path = path_of(name)
            if path is not None:
                found = path, int(line)
        return found

    return find
