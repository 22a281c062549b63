"""Sees every backward: the graph it runs through, the order of its nodes, the gradient on every edge.

A node's post-hook has the gradients of its inputs, edge by edge, as the engine is about to hand them
on; hooks are removed as soon as the backward has ended.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import torch
import torch.autograd.graph

from graphlab.capture.deep import deep_graphs
from graphlab.capture.engine import Engine
from graphlab.capture.guard import uncollected
from graphlab.capture.handles import quick_handles, remove_handles
from graphlab.capture.identity import (
    ACCUMULATE,
    LeafState,
    edges_of_node,
    is_accumulate,
    needs_grad,
    node_number,
    version_of,
)
from graphlab.capture.light import Light, Passing
from graphlab.capture.registry import Registry, Sources
from graphlab.capture.snapshots import dtype_name, sizes_of
from graphlab.capture.steps import Steps
from graphlab.capture.torchviz_text import draw_with_torchviz

_TORCHVIZ_NODES = 400
"""torchviz recurses: near 1,000 chained ops it dies, and long before that its picture is of no use."""


Reached = tuple[Any, Sources]
"""A node, and what it leads to."""
_SLOTS: dict[tuple[int, ...], list[int]] = {}
"""The inputs that nodes have gradients for: few are different."""
_gettrace, _settrace = sys.gettrace, sys.settrace
_len_torch_dispatch_stack = torch._C._len_torch_dispatch_stack
_KEYS = torch._C._TorchDispatchModeKey
_TRACERS = (_KEYS.FAKE, _KEYS.PROXY, _KEYS.FUNCTIONAL)


class BackwardWatcher(Protocol):
    """Who is told around a backward."""

    def before_backward(self) -> None:
        """A backward is about to begin: what happened to gradients before it is to be noted."""

    is_full: bool
    """Whether the step under way is recorded in full detail."""

    def settle_detail(self) -> None:
        """A backward is about to begin: where it is the first of its step, decide in which detail that is recorded."""

    def graph_found(self) -> None:
        """A backward is about to run, and its graph is known."""

    def is_again(self) -> bool:
        """Whether an optimizer's step runs this backward, and not as its first (a closure of LBFGS)."""

    def leaf_reached(self, leaf: LeafState) -> None:
        """A backward gave a leaf its first gradient."""

    def leaf_names(self) -> dict[int, str]:
        """Return what the leaves are called now, by node."""


class Backwards:
    """Stands in for the engine's entry while a run is recorded."""

    def __init__(self, registry: Registry, steps: Steps, watcher: BackwardWatcher, light: Light) -> None:
        self.registry = registry
        self.sink = registry.sink
        self.steps = steps
        self.watcher = watcher
        self.light = light
        self.engine = Engine(self._before)
        self.depth = 0
        self._graphs: dict[str, int] = {}

    def start(self) -> None:
        """Begin to see backwards."""
        self.engine.start()

    def stop(self) -> None:
        """See no more of them."""
        self.engine.stop()
        deep_graphs.sweep()  # what the script still holds must outlive its own variables

    def look_up(self) -> None:
        """Between two statements: let go of graphs that are gone, and raise what could not be raised before."""
        deep_graphs.release()
        self.engine.raise_late()

    def _before(
        self, t_outputs: Sequence[Any], args: Sequence[Any], kwargs: dict[str, Any]
    ) -> Callable[[], None] | None:
        """A backward begins: note it, and return what is to be done when it has ended."""
        guard = self.registry.guard
        if not guard.is_here:
            other = guard.elsewhere()
            if other is not None:
                return other.backwards._before(t_outputs, args, kwargs)
            guard.pass_thread()
            return None
        if _is_traced() or guard.is_transformed or not all(_has_graph(root) for root in t_outputs):
            return None  # where something is wrong torch says so in its own words
        kind = "backward" if kwargs.get("accumulate_grad") else "grad"
        handles: list[Any] = []
        after = partial(self._after_light, None)  # should what follows fail
        with guard, torch._C.DisableTorchFunction():
            roots = [_edge_of(root) for root in t_outputs]
            if self.depth == 0:
                self.watcher.before_backward()
                self.steps.end_updated()
                self.watcher.settle_detail()
                if not self.steps.is_under_way:
                    self.registry.remarks.held.step_begins(sys._getframe(1))
            elif self.watcher.is_full:
                self.watcher.before_backward()
            if self.watcher.is_full:
                after = partial(self._after, kind, handles)
                self._begin_full(t_outputs, roots, args, kwargs, handles)
            elif self.depth == 0:
                with uncollected():
                    passing = self.light.begin(t_outputs, roots, kind)
                after = partial(self._after_light, passing)
            else:
                return None
            self.registry.remarks.backward(args, kwargs)
        self.depth += 1
        return after

    def _begin_full(
        self, t_outputs: Sequence[Any], roots: list[tuple[Any, int]], args: Sequence[Any], kwargs: dict[str, Any],
        handles: list[Any],
    ) -> None:  # fmt: skip
        with uncollected():
            functions = _reach([fn for fn, _ in roots])
            deep_graphs.sweep()
            seeds = args[0] if args else kwargs.get("grad_tensors", ())
            kind = "backward" if kwargs.get("accumulate_grad") else "grad"
            numbers = self._begin(t_outputs, roots, functions, seeds, kind)
            self.watcher.graph_found()
            with quick_handles():
                self._hook(functions, numbers, handles)
        for tensor in (args[3] if len(args) > 3 else kwargs.get("inputs")) or ():
            if isinstance(tensor, torch.Tensor) and tensor.is_leaf and tensor.requires_grad:
                self._reach_leaf(self.registry.leaf(tensor, self.sink.event_count))

    def _after(self, kind: str, handles: list[Any]) -> None:
        self.depth -= 1
        remove_handles(handles)
        with self.registry.guard, torch._C.DisableTorchFunction():
            self.registry.remarks.held.backward_ended()
            event = self.sink.begin_event()
            place = self.registry.find_place()
            self.sink.end_event(event, "backward_end", place, text=kind)
            if self.depth == 0:
                self.steps.backward_ends(event, place)

    def _after_light(self, passing: Passing | None) -> None:
        self.depth -= 1
        self.light.is_running = False
        if passing is None:
            return
        with self.registry.guard, torch._C.DisableTorchFunction(), uncollected():
            self.light.end(passing)
            self.registry.remarks.held.backward_ended()

    def _begin(
        self, t_outputs: Sequence[Any], roots: list[tuple[Any, int]], functions: list[Reached], seeds: Any, kind: str
    ) -> list[int]:
        """Write the start of a backward, its output nodes and its graph; return the number of each node."""
        registry = self.registry
        last = self.sink.event_count
        for fn, _ in roots:
            if not is_accumulate(fn):
                registry.discover(fn, last)
        numbers = [self._number(fn, last) for fn, _ in functions]
        places = {id(fn): position for position, (fn, _) in enumerate(functions)}
        event = self.sink.begin_event()
        outputs = []
        losses = []
        for index, (root, (fn, output)) in enumerate(zip(t_outputs, roots, strict=True)):
            seed = seeds[index] if seeds is not None and index < len(seeds) else None
            outputs.append(self._add_output(event, root, numbers[places[id(fn)]], output, seed))
            if isinstance(root, torch.Tensor) and root.numel() == 1 and not root.is_complex():
                with contextlib.suppress(RuntimeError):  # a meta tensor has no number, nor has what vmap wraps
                    losses.append(float(root.detach().item()))
        run = self.registry.run
        reached = {
            number: 0 if type(fn) is ACCUMULATE else edges_of_node(fn, run)
            for number, (fn, _) in zip(numbers, functions, strict=True)
        }
        graph = self._graph(t_outputs, functions, places)
        self.sink.add_backward(event, graph, sorted(reached), sum(reached.values()))
        is_again = self.depth == 0 and self.watcher.is_again()
        if self.depth == 0:
            self.steps.backward_starts(event, reached, losses, is_again=is_again)
        place = registry.find_place()
        details: dict[str, Any] = {"call": kind, "roots": outputs, "losses": losses}
        if is_again:
            details["again"] = True
        self.sink.end_event(event, "backward_start", place, node=outputs[0] if outputs else None, details=details)
        return numbers

    def _number(self, fn: Any, event: int) -> int:
        if is_accumulate(fn):
            return self.registry.leaf(fn.variable, event).node
        number = node_number(fn, self.registry.run)
        assert number is not None
        return number

    def _add_output(self, event: int, root: Any, source: int, output: int, seed: torch.Tensor | None) -> int:
        file, line, _ = self.registry.find_place()
        is_tensor = isinstance(root, torch.Tensor)
        node = self.sink.add_node(
            "output", event, file=file, line=line, shape=sizes_of(root) if is_tensor else None,
            dtype=dtype_name(root) if is_tensor else None, device=str(root.device) if is_tensor else None,
        )  # fmt: skip
        if is_tensor:
            state = self.registry.state(root, event)
            self.sink.add_tensor(
                None, event, node, 0, "", sizes_of(root), dtype_name(root), str(root.device), True, state.snapshot
            )
        self.sink.add_edge(source, node, 0, output, event)
        if seed is not None:
            self.sink.add_gradient(node, 0, event, self.registry.snapshot(seed))
        return node

    def _graph(self, t_outputs: Sequence[Any], functions: list[Reached], index: dict[int, int]) -> int:
        """Return the number of the structure that a backward runs through; a new one is drawn with torchviz."""
        words: list[Any] = []
        for fn, below in functions:
            is_leaf = type(fn) is ACCUMULATE
            words += (fn.name(), sizes_of(fn.variable) if is_leaf else None)
            for source, output in below:
                words += (None,) if source is None else (index[id(source)], output)
        key = hashlib.blake2b(repr(words).encode(), digest_size=12).hexdigest()
        number = self._graphs.get(key)
        if number is None:
            text = None
            if len(functions) <= _TORCHVIZ_NODES and t_outputs and isinstance(t_outputs[0], torch.Tensor):
                nodes = [fn for fn, _ in functions]
                text = draw_with_torchviz(t_outputs[0], nodes, self._leaf_tensors(nodes))
            number = self._graphs[key] = self.sink.add_graph(key, text)
        return number

    def _leaf_tensors(self, functions: list[Any]) -> dict[str, torch.Tensor]:
        names = self.watcher.leaf_names()
        found = {}
        for fn in functions:
            if is_accumulate(fn):
                leaf = self.registry.leaf(fn.variable, self.sink.event_count)
                found[leaf.name or names.get(leaf.node, f"leaf {leaf.node}")] = fn.variable
        return found

    # -- while the engine runs -------------------------------------------------------------------------------------

    def _hook(self, functions: list[Reached], numbers: list[int], handles: list[Any]) -> None:
        node_ran = self._node_ran  # one object for thousands of nodes
        for (fn, below), number in zip(functions, numbers, strict=True):
            if type(fn) is ACCUMULATE:
                self._hook_leaf(fn, self.registry.leaf(fn.variable, self.sink.event_count), handles)
            else:
                slots = [slot for slot, (source, _) in enumerate(below) if source is not None]
                handles.append(fn.register_hook(partial(node_ran, number, _SLOTS.setdefault(tuple(slots), slots))))

    def _hook_leaf(self, fn: Any, leaf: LeafState, handles: list[Any]) -> None:
        """Watch a leaf's `.grad` after the engine adds to it, and before where there is something to add to."""
        tensor = leaf.tensor()
        if tensor is not None:
            self.registry.state(tensor, self.sink.event_count)
            if tensor.grad is not None:
                handles.append(fn.register_prehook(partial(self._leaf_runs, leaf)))
        handles.append(fn.register_hook(partial(self._leaf_ran, leaf)))

    def _node_ran(self, node: int, slots: Sequence[int], grad_inputs: Any, grad_outputs: Any) -> None:
        """A node of the backward has run."""
        guard = self.registry.guard
        if guard.is_shared or _len_torch_dispatch_stack():
            with guard:
                self._note_node(node, slots, grad_inputs, grad_outputs)
            return
        trace = guard.trace_function  # set aside without a call, of which it would be told
        if trace is not None:
            if _gettrace() is trace:
                _settrace(None)
            else:
                trace = None
        try:
            self._note_node(node, slots, grad_inputs, grad_outputs)
        except Exception as error:  # noqa: BLE001 - as the guard does
            guard.failed(error)
        finally:
            if trace is not None:
                _settrace(trace)

    def _note_node(self, node: int, slots: Sequence[int], grad_inputs: Any, grad_outputs: Any) -> None:
        take, found = self.registry.snapshot, []
        with torch._C.DisableTorchFunction():
            event = self.sink.begin_event()
            slot = -1
            for grad in grad_outputs:
                found.append((slot, None if grad is None else take(grad)))
                slot -= 1
            for slot in slots:
                if slot < len(grad_inputs):
                    grad = grad_inputs[slot]
                    found.append((slot, None if grad is None else take(grad)))
            self.sink.add_gradients(event, node, self.registry.find_place(), found)
            if torch.is_grad_enabled():  # with create_graph, what the backward does is a graph again
                self.registry.arguments.mark_made(node, grad_inputs)

    def _leaf_runs(self, leaf: LeafState, grad_outputs: Any) -> None:
        """A gradient is about to be added to a leaf's: what is there may have been changed unseen."""
        registry = self.registry
        with registry.guard, torch._C.DisableTorchFunction():
            tensor = leaf.tensor()
            grad = None if tensor is None else tensor.grad
            is_known = (
                grad is not None
                and leaf.has_grad
                and version_of(grad) == leaf.grad_version
                and registry.grads.get(grad) is leaf
            )
            if grad is not None and not is_known:
                registry.note_grad(leaf, grad)

    def _leaf_ran(self, leaf: LeafState, grad_inputs: Any, grad_outputs: Any) -> None:
        """A gradient has been added to a leaf's."""
        registry, sink = self.registry, self.sink
        with registry.guard, torch._C.DisableTorchFunction():
            event = sink.begin_event()
            came = grad_outputs[0]
            added = None if came is None else registry.snapshot(came)
            tensor = leaf.tensor()
            grad = None if tensor is None else tensor.grad
            before = leaf.grad_snapshot if leaf.has_grad else None
            # Into an empty .grad the gradient goes as it is: one snapshot serves both.
            after = registry.note_grad(leaf, grad, added if before is None and grad is not None else None)
            self._reach_leaf(leaf)
            sink.add_change(event, leaf.node, "grad", before, added, after, None)
            sink.end_event(event, "accumulate", registry.find_place(), node=leaf.node)

    def _reach_leaf(self, leaf: LeafState) -> None:
        """A backward gives a leaf a gradient, into `.grad` or into the script's own hands."""
        if not leaf.was_reached:
            leaf.was_reached = True
            self.watcher.leaf_reached(leaf)


def _is_traced() -> bool:
    """Whether it is torch's compiler (or exporter) that runs a backward, on tensors without values, to see its ops."""
    return any(torch._C._get_dispatch_mode(key) is not None for key in _TRACERS)


def _has_graph(root: Any) -> bool:
    return not isinstance(root, torch.Tensor) or needs_grad(root)


def _edge_of(root: Any) -> tuple[Any, int]:
    """Return the node, and which of its outputs, that a backward begins at."""
    if isinstance(root, torch.Tensor):
        edge = torch.autograd.graph.get_gradient_edge(root)
        return edge.node, edge.output_nr
    return root.node, root.output_nr


def _reach(roots: Sequence[Any]) -> list[Reached]:
    """Return all nodes that lie below some roots, each once, in the order of a walk that is the same in every run."""
    found: dict[int, Reached] = {}
    stack = list(reversed(roots))
    while stack:
        fn = stack.pop()
        if id(fn) not in found:
            below = fn.next_functions
            found[id(fn)] = fn, below
            for source, _ in reversed(below):
                if source is not None and id(source) not in found:
                    stack.append(source)
    return list(found.values())
