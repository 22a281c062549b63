"""Runs the tracers of torch on one call of a model or function, and returns what they made as plain rows."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch.fx import GraphModule, Node
from torch.jit._trace import TracerWarning
from torch.utils import _pytree

from graphlab.capture.static.held import described_by, held_by
from graphlab.capture.static.reasons import Lines
from graphlab.capture.static.rows import Facts, FindPlace, Rows, path_of
from graphlab.capture.static.watch import Call, copy_tensor
from graphlab.model import NodeKind
from graphlab.static_graph import StaticNote

Traced = tuple[Rows, list[StaticNote]]


class AsModule(torch.nn.Module):
    """A function as a module: some tracers take nothing else."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self._function = [function]  # in a list: it is not to be bound

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self._function[0](*args, **kwargs)


def inputs_of(call: Call) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return fresh copies of what a call got."""
    args, kwargs = _pytree.tree_map(copy_tensor, (call.args, call.kwargs))
    return args, kwargs


def trace_fx(call: Call, find_place: FindPlace, lines: Lines) -> Traced:
    """Trace symbolically: no value is looked at, modules of torch's own stay single nodes."""
    tracer = torch.fx.Tracer()
    tracer.record_stack_traces = True
    concrete = {name: value for name, value in call.kwargs.items() if not isinstance(value, torch.Tensor)}
    root: Any = call.function
    graph = tracer.trace(root, concrete_args=concrete or None)
    module = GraphModule(tracer.root, graph)
    notes = []
    try:
        args, kwargs = inputs_of(call)
        names = [node.target for node in graph.nodes if node.op == "placeholder"]
        given = [*args, *(kwargs[str(name)] for name in names[len(args) :] if str(name) in kwargs)]
        from torch.fx.passes.shape_prop import ShapeProp

        with torch.no_grad():
            ShapeProp(module).propagate(*given)
    except Exception as error:  # noqa: BLE001 - shapes are a help: without them the graph is still what fx made
        notes.append(StaticNote(None, f"the shapes are not known: {str(error).splitlines()[0]}"))

    modules = dict(module.named_modules())

    rows = Rows(find_place)
    rows.add_graph(graph, held_by(module), modules=modules)
    return rows, notes


def trace_export(call: Call, find_place: FindPlace, lines: Lines) -> Traced:
    """Trace for a run outside Python: with the shapes of the inputs, without their values."""
    import torch.export

    args, kwargs = inputs_of(call)
    function = call.function
    module = function if isinstance(function, torch.nn.Module) else AsModule(function)
    program = torch.export.export(module, args, kwargs, strict=False)
    rows = Rows(find_place)
    rows.add_graph(program.graph, described_by(program.graph_signature))
    return rows, []


def trace_compile(call: Call, find_place: FindPlace, lines: Lines) -> Traced:
    """Compile without a compiler (as the backend `aot_eager` does), and keep forward and backward."""
    import torch._dynamo
    from torch._dynamo.backends.common import aot_autograd
    from torch._functorch._aot_autograd.utils import make_boxed_func

    rows = Rows(find_place)
    numbers: list[dict[str, int]] = []
    names: list[list[Facts]] = []
    forwards: list[dict[str, int]] = []

    def forward(module: GraphModule, inputs: list[Any]) -> Any:
        held = iter(names[-1])

        def describe(node: Node) -> Facts:
            return next(held, Facts()) if node.op == "placeholder" else Facts()

        numbers.append(rows.add_graph(module.graph, describe))
        forwards.append(numbers[-1])
        return make_boxed_func(module.forward)

    def backward(module: GraphModule, inputs: list[Any]) -> Any:
        known = {name: number for each in forwards for name, number in each.items()}

        def describe(node: Node) -> Facts:
            if node.op == "placeholder":
                return Facts("data", "the gradient that comes in", role="backward", module="gradients")
            return Facts(role="backward", module="gradients", autograd=_autograd_name(node))

        rows.add_graph(module.graph, describe, known=known)
        return make_boxed_func(module.forward)

    inner = aot_autograd(fw_compiler=forward, bw_compiler=backward, inference_compiler=forward)

    def backend(module: GraphModule, inputs: list[Any]) -> Any:
        placeholders = [node for node in module.graph.nodes if node.op == "placeholder"]
        names.append([_dynamo_facts(node) for node in placeholders])
        return inner(module, inputs)

    torch._dynamo.reset()
    args, kwargs = inputs_of(call)
    result = torch.compile(call.function, backend=backend)(*args, **kwargs)
    roots = [each.sum() for each in _pytree.tree_leaves(result) if _can_go_back(each)]
    if roots:
        sum(roots[1:], roots[0]).backward()
    return rows, _breaks(call, lines)


def _breaks(call: Call, lines: Lines) -> list[StaticNote]:
    """Return where `torch.compile` had to leave the graph to Python, in words."""
    import torch._dynamo

    torch._dynamo.reset()
    args, kwargs = inputs_of(call)
    found = torch._dynamo.explain(call.function)(*args, **kwargs)
    notes: dict[int | None, StaticNote] = {}
    for reason in found.break_reasons:
        places = [(frame.filename, frame.lineno or 0) for frame in reason.user_stack]
        own = [place for place in places if lines.code(place)]
        place = own[-1] if own else None
        line = place[1] if place is not None else None
        decides = lines.decides(place)
        code = f"`{lines.code(place)}` " if place is not None else ""
        first = str(reason.reason).strip().splitlines()[0]
        text = f"{code}{decides}" if decides is not None else f"{code}{first}"
        notes.setdefault(line, StaticNote(line, f"{text}: the graph ends there, Python decides, another goes on"))
    torch._dynamo.reset()
    return list(notes.values())


def trace_jit(call: Call, find_place: FindPlace, lines: Lines) -> Traced:
    """Trace by running once (deprecated in torch): whatever the values decide is frozen as it was."""
    from graphlab.capture.static.jit import add_jit_graph

    args, kwargs = inputs_of(call)
    if any(not isinstance(value, torch.Tensor) for value in (*args, *kwargs.values())):
        from graphlab.capture.static.step import CannotTraceError

        raise CannotTraceError("torch.jit.trace takes tensors alone, and this call was given something else too")
    with warnings.catch_warnings(record=True) as caught, torch.random.fork_rng(devices=[]):
        warnings.simplefilter("always")
        function: Any = call.function
        if kwargs:
            traced = torch.jit.trace(function, example_kwarg_inputs=_by_name(call, args, kwargs), check_trace=False)
        else:
            traced = torch.jit.trace(function, args, check_trace=False)
    rows = Rows(find_place)
    add_jit_graph(rows, traced, call.function)
    return rows, [*_frozen_by_jit(caught, lines), StaticNote(None, "torch.jit.trace is deprecated in torch")]


def _by_name(call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    import inspect

    function: Any = call.function.forward if isinstance(call.function, torch.nn.Module) else call.function
    return dict(inspect.signature(function).bind(*args, **kwargs).arguments)


def _frozen_by_jit(caught: list[warnings.WarningMessage], lines: Lines) -> list[StaticNote]:
    counts: dict[tuple[str, int], int] = {}
    for warning in caught:
        if issubclass(warning.category, TracerWarning):
            place = warning.filename, warning.lineno
            counts[place] = counts.get(place, 0) + 1
    notes = []
    for place, count in counts.items():
        code = f"`{lines.code(place)}` " if lines.code(place) else ""
        line = place[1] if code else None
        decides = lines.decides(place)
        times = "once" if count == 1 else f"{count} times"
        if decides is not None:
            notes.append(StaticNote(line, f"{code}{decides}: it was asked {times}, and the answers are frozen"))
        else:
            notes.append(StaticNote(line, f"{code}takes a value out of the graph: from there on a constant"))
    return notes


# -- what tracers call things ------------------------------------------------------------------------------------------


def _dynamo_facts(node: Node) -> Facts:
    """Return what an input of a captured graph is, from what dynamo notes of its source."""
    argument = node.meta.get("grapharg")
    name = str(getattr(getattr(argument, "source", None), "name", ""))
    path = path_of(name) or str(node.target)
    is_parameter = "_parameters" in name or isinstance(getattr(argument, "example", None), torch.nn.Parameter)
    kind: NodeKind = "parameter" if is_parameter else "data"
    return Facts(kind, path, module=path.rpartition(".")[0] or None if is_parameter else None)


def _autograd_name(node: Node) -> str | None:
    """Return the call whose backward an op of a captured backward is a part of."""
    source = node.meta.get("fwd_source_fn_stack") or ()
    return f"backward of {getattr(source[-1][1], '__name__', source[-1][0])}" if source else None


def _can_go_back(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.requires_grad and value.grad_fn is not None
