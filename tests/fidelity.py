"""Runs a program bare, watched by autograd's own hooks, and recorded; and says where the three differ.

What a recording says of a backward is held against what the engine itself did: `watch_engine` hangs a hook on every
node, and knows nothing of the recorder.
"""

from __future__ import annotations

import contextlib
import io
import random
import runpy
import textwrap
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch

from graphlab import recorder
from graphlab.capture.main_module import remove_frames, run_main
from graphlab.model import Snapshot
from graphlab.recorder import run_script
from graphlab.recording import Recording, open_recording
from graphlab.request import RunRequest
from graphlab.store.format import encode_shape

HEAD = """
import copy
import warnings
import torch
import torch.nn.functional as F
from torch import nn
torch.manual_seed(0)
w = torch.randn(3, requires_grad=True)
v = torch.randn(3, 3, requires_grad=True)
"""
"""What every program begins with."""

_HOLDERS = (torch.autograd.graph, torch.autograd)
_NAME = "_engine_run_backward"


@dataclass
class Ran:
    """What a program did, as far as anybody can see from outside."""

    output: str
    warned: list[tuple[str, str, str, int]]
    error: str
    drawn: tuple[Any, ...]
    """What the random generators draw next."""
    tensors: dict[str, Any] = field(default_factory=dict)
    names: dict[str, Any] = field(default_factory=dict)


@dataclass
class Engine:
    """One backward, as autograd's own hooks tell it."""

    nodes: list[tuple[str, list[tuple[int | None, int]], tuple[int, ...] | None]]
    """Name, edges (index of the node below, its output), and of a leaf its shape."""
    roots: list[tuple[int, int]]
    ran: list[tuple[int, dict[int, Any]]] = field(default_factory=list)
    """The nodes that ran, in order, with the gradient of each edge; of a leaf slot 0 is its `.grad` afterwards."""


def run_bare(script: Path) -> Ran:
    """Run a program as python does."""
    return _observe(script, lambda: runpy.run_path(str(script), run_name="__main__"))


def run_recorded(script: Path, *, detail: str = "full", **options: Any) -> tuple[Ran, Recording]:
    """Run a program under the recorder."""
    path = script.with_suffix(".glab")
    path.unlink(missing_ok=True)
    held: dict[str, Any] = {}

    def run() -> dict[str, Any]:
        request = RunRequest(script, script.read_text(encoding="utf-8"), script.stem, detail=detail, **options)
        outcome = run_script(request, path, tell=lambda _: None)
        if outcome.error is not None:
            raise outcome.error
        return held

    def keep_names(code: Any, main: Any) -> None:
        try:
            run_main(code, main)
        finally:
            held.update(vars(main))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorder, "run_main", keep_names)
        ran = _observe(script, run)
    return ran, open_recording(path)


def _observe(script: Path, run: Callable[[], dict[str, Any]]) -> Ran:
    torch.manual_seed(5)
    random.seed(5)
    numpy.random.seed(5)  # noqa: NPY002 - the global generator is what scripts use
    output, error, names = io.StringIO(), "", {}
    was_always = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    try:
        with (
            warnings.catch_warnings(record=True) as caught,
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(output),
        ):
            warnings.simplefilter("always")
            try:
                names = run()
            except BaseException as raised:  # noqa: BLE001 - whatever ends a program is compared
                remove_frames(raised, script)
                error = "".join(traceback.format_exception(raised))
    finally:
        torch.set_warn_always(was_always)
    warned = [(each.category.__name__, str(each.message), each.filename, each.lineno) for each in caught]
    drawn = torch.rand(3).tolist(), random.random(), numpy.random.rand()  # noqa: NPY002 - as above
    ran = Ran(output.getvalue(), warned, error, drawn, names=names)
    with torch._C.DisableTorchFunctionSubclass(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ran.tensors = {name: describe(value) for name, value in names.items() if isinstance(value, torch.Tensor)}
    return ran


def describe(tensor: torch.Tensor) -> tuple[Any, ...]:
    """Return all that can be told of a tensor: bits, gradient, graph, version."""
    try:
        grad = tensor.grad if tensor.is_leaf else None
    except RuntimeError as error:  # a view whose base was changed: torch says no more of it
        return (str(error),)
    version = None if tensor.is_inference() else tensor._version
    return (
        type(tensor).__name__, str(tensor.dtype), tensor.requires_grad, tensor.is_leaf, version, bits(tensor),
        None if grad is None else bits(grad), names_of_graph(tensor),
    )  # fmt: skip


def bits(tensor: torch.Tensor) -> Any:
    """Return what a tensor holds, as it is."""
    if tensor.is_meta or torch._C._functorch.is_functorch_wrapped_tensor(tensor):
        return str(tensor.shape)
    tensor = tensor.detach()
    if tensor.is_nested:
        return [bits(each) for each in tensor.unbind()]
    if tensor.layout is not torch.strided:
        tensor = tensor.to_dense()
    if tensor.is_quantized:
        tensor = tensor.int_repr()
    return tuple(tensor.shape), tensor.contiguous().resolve_conj().resolve_neg().flatten().view(torch.uint8).tolist()


def names_of_graph(root: torch.Tensor) -> list[Any]:
    """Return names and edges of a graph in the order of a walk."""
    order = _walk([root.grad_fn] if root.grad_fn is not None else [])
    index = {fn: position for position, fn in enumerate(order)}
    return [(fn.name(), [(index.get(below), slot) for below, slot in fn.next_functions]) for fn in order]


def _walk(roots: list[Any]) -> list[Any]:
    found: dict[Any, None] = {}
    stack = list(reversed(roots))
    while stack:
        fn = stack.pop()
        if fn is not None and fn not in found:
            found[fn] = None
            stack += [below for below, _ in reversed(fn.next_functions)]
    return list(found)


@contextlib.contextmanager
def watch_engine() -> Iterator[list[Engine]]:
    """Note what the engine does in each backward."""
    seen: list[Engine] = []
    engine = getattr(torch.autograd.graph, _NAME)

    def observed(t_outputs: Any, *args: Any, **kwargs: Any) -> Any:
        is_inner = torch._C._are_functorch_transforms_active()  # `torch.func` at work on tensors of its own
        if is_inner or any(isinstance(each, torch.Tensor) and not each.requires_grad for each in t_outputs):
            return engine(t_outputs, *args, **kwargs)
        roots = [torch.autograd.graph.get_gradient_edge(t) if isinstance(t, torch.Tensor) else t for t in t_outputs]
        order = _walk([root.node for root in roots])
        index = {fn: position for position, fn in enumerate(order)}
        nodes = []
        for fn in order:
            leaf = getattr(fn, "variable", None)
            edges = [(index.get(below), slot) for below, slot in fn.next_functions]
            nodes.append((fn.name(), edges, None if leaf is None else _shape_of(leaf)))
        backward = Engine(nodes, [(index[root.node], root.output_nr) for root in roots])
        seen.append(backward)
        handles = [fn.register_hook(_note_node(backward, position, fn)) for position, fn in enumerate(order)]
        try:
            return engine(t_outputs, *args, **kwargs)
        finally:
            for handle in handles:
                handle.remove()

    with pytest.MonkeyPatch.context() as patch:
        for holder in _HOLDERS:
            patch.setattr(holder, _NAME, observed)
        yield seen


def _shape_of(leaf: torch.Tensor) -> tuple[int, ...]:
    return tuple(size if type(size) is int else -1 for size in leaf.shape)  # a ragged size is no number


def _note_node(backward: Engine, position: int, fn: Any) -> Callable[[Any, Any], None]:
    leaf = getattr(fn, "variable", None)
    slots = [slot for slot, (below, _) in enumerate(fn.next_functions) if below is not None]

    def hook(grad_inputs: Any, grad_outputs: Any) -> None:
        with torch._C.DisableTorchFunction():
            if leaf is not None:
                noted = {0: None if leaf.grad is None else leaf.grad.detach().clone()}
            else:
                noted = {slot: _copy(grad_inputs[slot]) for slot in slots if slot < len(grad_inputs)}
            backward.ran.append((position, noted))

    return hook


def _copy(tensor: torch.Tensor | None) -> torch.Tensor | None:
    if tensor is None or torch._C._functorch.is_legacy_batchedtensor(tensor):
        return None
    return tensor.detach().clone()


# -- what a recording says, held against both ----------------------------------------------------------------------


def compare(folder: Path, text: str, *, detail: str = "full", notes: list[str] | None = None) -> Recording:
    """Run a program bare, watched and recorded: nothing differs, and the recording says what the engine did."""
    script = folder / "program.py"
    script.write_text(HEAD + textwrap.dedent(text), encoding="utf-8")
    bare = run_bare(script)
    recorded, run = run_recorded(script, detail=detail)
    same(bare, recorded)
    with watch_engine() as seen:
        run_bare(script)
    assert run.notes == (notes or [])
    if detail == "full":
        hold_against(run, seen)
    return run


def same(bare: Ran, recorded: Ran) -> None:
    """Assert that nothing that a program did differs."""
    assert recorded.error == bare.error
    assert recorded.output == bare.output
    assert recorded.warned == bare.warned
    assert recorded.drawn == bare.drawn
    assert recorded.tensors.keys() == bare.tensors.keys()
    for name, described in bare.tensors.items():
        assert recorded.tensors[name] == described, name


def hold_against(run: Recording, seen: list[Engine]) -> None:
    """Assert that a recording's backwards are those that the engine ran: nodes, edges, order, gradients."""
    edges = {
        (target, slot): (source, output)
        for target, slot, source, output in run.reader.rows("SELECT target, slot, source, output FROM edges")
    }
    backwards = _backwards(run)
    assert len(backwards) == len(seen)
    for (start, inside), engine in zip(backwards, seen, strict=True):
        numbers = _match(run, edges, start.details["roots"], engine)
        (row,) = run.reader.rows("SELECT nodes, edges FROM backwards WHERE event = ?", start.id)
        assert sorted(numbers.values()) == numpy.frombuffer(row[0], "<u4").tolist()
        assert row[1] == sum(below is not None for _, each, _ in engine.nodes for below, _ in each)
        assert [event.node for event in inside] == [numbers[position] for position, _ in engine.ran]
        for event, (position, noted) in zip(inside, engine.ran, strict=True):
            if engine.nodes[position][2] is not None:
                assert event.kind == "accumulate"
                (change,) = run.changes(event.id)
                _same_values(change.after, noted[0])
                continue
            rows = run.reader.rows("SELECT slot, snapshot FROM gradients WHERE event = ? AND slot >= 0", event.id)
            assert {slot for slot, _ in rows} == set(noted)
            for slot, snapshot in rows:
                _same_values(run.snapshot(snapshot), noted[slot])


def _match(run: Recording, edges: Any, roots: list[int], engine: Engine) -> dict[int, int]:
    """Return the recording's number of each node of a backward; names and edges must agree."""
    numbers: dict[int, int] = {}
    stack = []
    for root, (position, output) in zip(roots, engine.roots, strict=True):
        source, found = edges[root, 0]
        assert found == output
        stack.append((position, source))
    while stack:
        position, number = stack.pop()
        if position in numbers:
            assert numbers[position] == number
            continue
        numbers[position] = number
        name, below, shape = engine.nodes[position]
        node = run.node(number)
        if shape is not None:
            assert node.kind in {"leaf", "parameter"}
            shapes = run.reader.rows("SELECT shape FROM tensors WHERE node = ?", number)  # `w.data = …` may change it
            assert (encode_shape(shape),) in shapes
            continue
        assert node.op == name
        for slot, (next_position, output) in enumerate(below):
            edge = edges.get((number, slot))
            if next_position is None:
                assert edge is None or run.node(edge[0]).kind != "op"  # data, or a leaf that is frozen
            else:
                assert edge is not None
                assert edge[1] == output
                stack.append((next_position, edge[0]))
    assert len(set(numbers.values())) == len(numbers)
    return numbers


def _backwards(run: Recording) -> list[tuple[Any, list[Any]]]:
    """Return each backward's first event, in order, with the events of the nodes that ran in it and in no inner one."""
    found: list[tuple[Any, list[Any]]] = []
    running: list[list[Any]] = []
    kinds = "('backward_start', 'backward_end', 'gradient', 'accumulate')"
    for event in run.find_events(f"kind IN {kinds} ORDER BY id"):
        if event.kind == "backward_start":
            running.append([])
            found.append((event, running[-1]))
        elif event.kind == "backward_end":
            running.pop()
        else:
            running[-1].append(event)
    assert running == []
    return found


def _same_values(snapshot: Snapshot | None, tensor: torch.Tensor | None) -> None:
    if tensor is None or snapshot is None:
        assert (tensor is None) == (snapshot is None) or _is_unreadable(tensor)
        return
    assert snapshot.dtype == str(tensor.dtype).removeprefix("torch.")
    assert snapshot.shape == tuple(tensor.shape)
    if snapshot.array is None:
        return
    plain = tensor.float() if tensor.dtype is torch.bfloat16 else tensor
    wanted = plain.resolve_conj().resolve_neg().numpy()
    held = wanted if snapshot.stride == 1 else wanted.reshape(-1)[:: snapshot.stride]
    assert numpy.ascontiguousarray(held).tobytes() == numpy.ascontiguousarray(snapshot.array).tobytes()


def _is_unreadable(tensor: torch.Tensor | None) -> bool:
    return tensor is not None and (tensor.is_meta or tensor.is_nested or tensor.layout is not torch.strided)


def nodes_without_op(run: Recording) -> list[str]:
    """Return the grad_fns of the forward that have no `op` event."""
    rows = run.reader.rows(
        "SELECT op FROM nodes WHERE kind = 'op' AND id NOT IN (SELECT node FROM events WHERE kind = 'op' AND node > 0)"
    )
    return [op for (op,) in rows]
