"""What autograd itself says is what a recording says: nodes, edges, slots, gradients, on random programs."""

from __future__ import annotations

import linecache
from typing import Any

import numpy
import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings

import graphlab
from graphlab.model import Snapshot
from graphlab.recording import Recording
from tests.programs import programs

# Without the phase that explains failures: it traces, and then lines are not ours to trace.
SETTINGS = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
_CELL = "<ipython-input-1-program>"


def run_bare(program: str) -> tuple[dict[str, Any], BaseException | None]:
    """Run a program, and return its variables and what it raised."""
    names: dict[str, Any] = {}
    try:
        exec(compile(program, "program.py", "exec"), names)
    except RuntimeError as error:
        return names, error
    return names, None


def run_recorded(program: str, detail: str = "full") -> tuple[dict[str, Any], BaseException | None, Recording]:
    """The same, recorded in memory; it runs as a notebook's cell does."""
    names: dict[str, Any] = {}
    linecache.cache[_CELL] = len(program), None, program.splitlines(keepends=True), _CELL
    raised = None
    with graphlab.record(None, detail=detail) as run:
        try:
            exec(compile(program, _CELL, "exec"), names)
        except RuntimeError as error:
            raised = error
    return names, raised, run


def same_bits(one: torch.Tensor | None, other: torch.Tensor | None) -> bool:
    """Whether two tensors agree bit for bit, or are both None."""
    if one is None or other is None:
        return one is other
    return one.shape == other.shape and one.detach().numpy().tobytes() == other.detach().numpy().tobytes()


@SETTINGS
@given(programs())
def test_a_recorded_program_computes_the_same_bits_as_a_bare_one(program: str) -> None:
    bare, bare_error = run_bare(program)
    state = torch.get_rng_state()
    recorded, error, _ = run_recorded(program)
    assert (type(error), str(error)) == (type(bare_error), str(bare_error))
    assert torch.equal(state, torch.get_rng_state())
    for name, value in bare.items():
        if isinstance(value, torch.Tensor):
            other = recorded[name]
            assert same_bits(value, other), name
            assert value.is_leaf is other.is_leaf
            if value.is_leaf:
                assert same_bits(value.grad, other.grad), name
    if bare_error is None:
        assert names_of_graph(bare["loss"]) == names_of_graph(recorded["loss"])


def array_of(snapshot: Snapshot) -> numpy.ndarray[Any, Any]:
    """Return the values of a small tensor, all of which are kept."""
    assert snapshot.is_complete
    assert snapshot.array is not None
    return snapshot.array


def names_of_graph(root: torch.Tensor) -> list[Any]:
    """Return names and edges of a graph in the order of a walk."""
    order: dict[Any, int] = {}
    stack = [root.grad_fn]
    while stack:
        fn = stack.pop()
        if fn is not None and fn not in order:
            order[fn] = len(order)
            stack += [below for below, _ in fn.next_functions]
    return [(fn.name(), [(order.get(below), slot) for below, slot in fn.next_functions]) for fn in order]


@SETTINGS
@given(programs())
def test_a_recording_says_what_autograd_says(program: str) -> None:
    names, error, run = run_recorded(program)
    if error is not None:
        return
    check_nodes_edges_and_slots(names, run)
    check_accumulation(names, run)
    if "inputs=" not in program:
        check_gradients(names, run)


def check_nodes_edges_and_slots(names: dict[str, Any], run: Recording) -> None:
    """Walk both graphs side by side."""
    structure = run.structure(1)
    edges = {(edge.target, edge.slot): edge for edge in structure.edges}
    start = next(event for event in run.events if event.kind == "backward_start")
    output = start.details["roots"][0]
    same: dict[Any, int] = {}
    stack = [(names["loss"].grad_fn, edges[output, 0].source)]
    while stack:
        fn, number = stack.pop()
        if fn in same:
            assert same[fn] == number
            continue
        same[fn] = number
        node = structure.nodes[number]
        if hasattr(fn, "variable"):
            assert node.kind in {"leaf", "parameter"}
            assert node.shape == tuple(fn.variable.shape)
            continue
        assert node.op == fn.name()
        for slot, (below, output_of_below) in enumerate(fn.next_functions):
            edge = edges.get((number, slot))
            if below is None:
                assert edge is None or structure.nodes[edge.source].kind == "data"
            else:
                assert edge is not None
                assert edge.output == output_of_below
                stack.append((below, edge.source))
    assert set(same.values()) == structure.counted
    step = run.steps[0]
    assert step.nodes == len(same)
    ops = [fn for fn in same if not hasattr(fn, "variable")]
    assert step.edges == sum(below is not None for fn in ops for below, _ in fn.next_functions)


def check_gradients(names: dict[str, Any], run: Recording) -> None:
    """Compare what was recorded at each tensor with what `torch.autograd.grad` returns for it."""
    starts = [event for event in run.events if event.kind == "backward_start"]
    seed = run.edge_gradient(starts[-1].details["roots"][0], 0, run.event_count)
    assert seed is not None
    scale = torch.from_numpy(numpy.array(seed.array))
    last = [event for event in run.events if event.kind == "line" and event.frame == 2][-1]
    held = {variable.name: variable for variable in run.variables(last.id)}
    for name, value in names.items():
        if not isinstance(value, torch.Tensor) or value.grad_fn is None or name == "loss":
            continue
        (wanted,) = torch.autograd.grad(names["loss"], value, scale, retain_graph=True, allow_unused=True)
        tensor = held[name].tensor
        assert tensor is not None
        assert tensor.node is not None
        found = run.edge_gradient(tensor.node, -1 - tensor.output, run.event_count)
        assert (wanted is None) == (found is None), name
        if found is not None:
            numpy.testing.assert_allclose(array_of(found), wanted.numpy(), rtol=1e-12, atol=1e-12)


def check_accumulation(names: dict[str, Any], run: Recording) -> None:
    """Follow what each leaf held before, what came to it, and what it holds after."""
    last: dict[int, Any] = {}
    for event in run.events:
        if event.kind != "accumulate":
            continue
        (change,) = run.changes(event.id)
        assert change.added is not None
        assert change.after is not None
        known = last.get(change.node)
        assert (change.before is None) == (known is None)
        if change.before is not None and known is not None:
            numpy.testing.assert_array_equal(change.before.array, known.array)
            total = array_of(change.before) + array_of(change.added)
            numpy.testing.assert_array_equal(total, array_of(change.after))
        last[change.node] = change.after
    leaves = {leaf.name: leaf.gradient for leaf in run.step_gradients(1)}
    for name in [name for name in names if name.startswith("w") and isinstance(names[name], torch.Tensor)]:
        grad = names[name].grad
        found = leaves.get(name)
        assert (grad is None) == (found is None), name
        if grad is not None and found is not None:
            numpy.testing.assert_array_equal(found.array, grad.numpy())


@pytest.mark.slow
@settings(SETTINGS, max_examples=2000)
@given(programs())
def test_thousands_of_programs_keep_to_autograd(program: str) -> None:
    """All of the above, at length."""
    for check in (
        test_a_recorded_program_computes_the_same_bits_as_a_bare_one,
        test_a_recording_says_what_autograd_says,
    ):
        check.hypothesis.inner_test(program)  # type: ignore[attr-defined]  # what hypothesis wraps
