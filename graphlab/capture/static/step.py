"""Traces a whole training step of the script as one graph: forward, gradients and update.

The statements of the step run once more under `make_fx`, with the script's own objects: what its optimizer and its
hand-written updates do is in the graph because they do it. torch's autograd tells on the way in whose backward each
op of a gradient runs.
"""

from __future__ import annotations

import ast
import contextlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import CodeType, FrameType
from typing import Any

import torch
from torch.autograd import _get_sequence_nr as _next_number  # type: ignore[attr-defined]  # held but not exported
from torch.fx import Graph, GraphModule, Node
from torch.fx.experimental.proxy_tensor import disable_proxy_modes_tracing, get_proxy_mode, make_fx
from torch.utils._python_dispatch import TorchDispatchMode

from graphlab.capture.static.names import Named, Names
from graphlab.capture.static.rows import Facts, Place
from graphlab.static_graph import Role

_LEAVES = ast.Return | ast.Yield | ast.YieldFrom | ast.Await
_READS_VALUE = {torch.ops.aten._local_scalar_dense.default, torch.ops.aten.is_nonzero.default}
_ACCUMULATE = "torch::autograd::AccumulateGrad"


class CannotTraceError(Exception):
    """There is nothing that could be traced, for a reason that is a sentence for people."""

    def __init__(self, text: str, line: int | None = None) -> None:
        super().__init__(text)
        self.line = line


@dataclass(frozen=True, slots=True)
class Read:
    """A number that left the graph while it was traced."""

    line: int | None
    value: Any


@dataclass
class StepTrace:
    """A traced step."""

    module: GraphModule
    """What runs the graph: its arguments are the tensors of `inputs` that the graph reads, in their order."""
    inputs: list[Named]
    facts: dict[str, Facts]
    reads: list[Read]
    roots: list[str]
    """The nodes of the graph at which backwards begin."""


@dataclass
class _Seen:
    """What is known of each node, while it is made."""

    facts: dict[str, Facts] = field(default_factory=dict)
    reads: list[Read] = field(default_factory=list)
    roots: list[torch.Tensor] = field(default_factory=list)
    forward: dict[int, Facts] = field(default_factory=dict)
    """By autograd's sequence number: the forward op whose node has it."""
    has_backward: bool = False


FindFrame = Callable[[], tuple[Place | None, str | None]]
"""Returns the line of the script that runs, and the path of the module whose forward does."""


class _Notes(TorchDispatchMode):
    """Sees each op before `make_fx` does, and notes where it comes from."""

    def __init__(self, seen: _Seen, find_frame: FindFrame, names: Mapping[int, Named]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch leaves it so
        self._seen = seen
        self._find_frame = find_frame
        self._names = names

    def __torch_dispatch__(
        self, func: Any, types: Sequence[Any], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func.namespace == "profiler":
            with disable_proxy_modes_tracing():
                return func(*args, **kwargs)
        place, module = self._find_frame()
        if func in _READS_VALUE:
            with disable_proxy_modes_tracing():
                value = func(*args, **kwargs)
            self._seen.reads.append(Read(place[1] if place else None, value))
            return value
        graph = _graph_being_made()
        last = graph._root._prev
        result = func(*args, **kwargs)
        facts = self._facts(func, args, result, place, module)
        node = graph._root._prev
        while node is not last:
            self._seen.facts[node.name] = facts
            node = node._prev
        return result

    def _facts(self, func: Any, args: tuple[Any, ...], result: Any, place: Place | None, module: str | None) -> Facts:
        tensor = next((each for each in _flat(result) if isinstance(each, torch.Tensor)), None)
        seen = self._seen
        fn: Any = torch._C._current_autograd_node()
        if fn is not None:
            seen.has_backward = True
            name = fn.name()
            if name == _ACCUMULATE:
                return Facts(role="backward", autograd="AccumulateGrad", tensor=tensor, module="gradients")
            forward = seen.forward.get(fn._sequence_nr())
            origin = forward.place if forward is not None else None
            return Facts(role="backward", autograd=name, tensor=tensor, place=origin, module="gradients")
        is_update = seen.has_backward and not torch.is_grad_enabled()
        role: Role = "update" if is_update else "forward"
        changed = None
        if is_update and func._schema.is_mutable and args and isinstance(args[0], torch.Tensor):
            named = self._names.get(id(args[0]))
            changed = named.name if named is not None else None
        facts = Facts(name=changed, role=role, place=place, module="update" if is_update else module, tensor=tensor)
        if role == "forward" and torch.is_grad_enabled():
            # autograd has made its node before the op runs, and given it the number before the next.
            seen.forward.setdefault(_next_number() - 1, facts)
        return facts


def trace_body(body: list[ast.stmt], frame: FrameType, find_frame: Callable[[dict[int, str]], FindFrame]) -> StepTrace:
    """Run some statements of a frame once more, and return the graph of what they computed.

    Raises:
        CannotTraceError: they cannot run by themselves.
    """
    code = _compile(body, frame.f_code)
    # A function's variables join its module's for this once: what the statements bind is of no use to anybody.
    namespace = frame.f_globals if frame.f_locals is frame.f_globals else {**frame.f_globals, **frame.f_locals}
    return trace_code(code, namespace, find_frame)


def trace_code(
    code: CodeType, namespace: dict[str, Any], find_frame: Callable[[dict[int, str]], FindFrame]
) -> StepTrace:
    """Run some code in a namespace, and return the graph of what it computed."""
    names = Names(code, namespace)
    seen = _Seen()
    by_tensor = {id(named.tensor): named for named in names.named}

    def run(*tensors: torch.Tensor) -> list[torch.Tensor]:
        with _Notes(seen, find_frame(names.paths), by_tensor), _roots_seen(seen.roots), _silence():
            exec(code, namespace)  # noqa: S102 - the user's script, as in `main_module`
        return seen.roots

    module = make_fx(run)(*[named.tensor for named in names.named])
    graph: Graph = module.graph
    placeholders = [node for node in graph.nodes if node.op == "placeholder"]
    for node, named in zip(placeholders, names.named, strict=True):
        seen.facts[node.name] = Facts(named.kind, named.name, module=named.module, tensor=named.tensor)
    used = [named for node, named in zip(placeholders, names.named, strict=True) if node.users]
    for node in placeholders:
        if not node.users:
            graph.erase_node(node)
    module.recompile()
    _name_what_was_made(module, seen.facts, Names(code, namespace))
    roots = [each.name for node in graph.nodes if node.op == "output" for each in node.all_input_nodes]
    return StepTrace(module, used, seen.facts, seen.reads, roots)


def _name_what_was_made(module: GraphModule, facts: dict[str, Facts], names: Names) -> None:
    """Name the leaves that the code itself made: a script traced as a whole builds its model on the way."""
    known = {id(named.tensor): named for named in names.named}
    for node in module.graph.nodes:
        if node.op == "get_attr":
            named = known.get(id(getattr(module, str(node.target), None)))
            if named is not None:
                facts[node.name] = Facts(named.kind, named.name, module=named.module, tensor=named.tensor)
        elif (found := facts.get(node.name)) is not None and found.name is None and found.role == "forward":
            named = known.get(id(found.tensor))
            if named is not None and named.tensor.is_leaf:
                facts[node.name] = replace(found, name=named.name)


def _compile(body: list[ast.stmt], code: CodeType) -> CodeType:
    """Compile statements by themselves, in a loop of one turn: they may `break` and `continue`."""
    for statement in body:
        for node in _own_nodes(statement):
            if isinstance(node, _LEAVES):
                raise CannotTraceError("the step cannot run by itself: it leaves its function there", node.lineno)
    once = ast.For(
        target=ast.Name("_", ast.Store()), iter=ast.Tuple([ast.Constant(0)], ast.Load()), body=body, orelse=[]
    )
    ast.copy_location(once, body[0])
    module = ast.fix_missing_locations(ast.Module([once], []))
    return compile(module, code.co_filename, "exec", dont_inherit=True)


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Return a node and what is in it, but for the insides of functions and classes."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            yield from _own_nodes(child)


def _graph_being_made() -> Graph:
    mode = get_proxy_mode()
    assert mode is not None
    graph: Graph = mode.tracer.graph
    return graph


def _flat(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


@contextlib.contextmanager
def _roots_seen(roots: list[torch.Tensor]) -> Iterator[None]:
    """Note the tensors at which backwards begin."""
    run = torch.autograd.graph._engine_run_backward

    def noting(t_outputs: Sequence[Any], *args: Any, **kwargs: Any) -> Any:
        roots.extend(each for each in t_outputs if isinstance(each, torch.Tensor))
        return run(t_outputs, *args, **kwargs)

    holders: list[Any] = [torch.autograd.graph, torch.autograd]
    for holder in holders:
        holder._engine_run_backward = noting
    try:
        yield
    finally:
        for holder in holders:
            holder._engine_run_backward = run


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep to itself what the script prints: it has done so, or will not come to it."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


def describe_by(facts: Mapping[str, Facts]) -> Callable[[Node], Facts]:
    """Return what describes the nodes of a graph by what was noted."""
    return lambda node: facts.get(node.name, Facts())
