"""Watches a run in light detail: backwards and updates only, at a fraction of the step's own cost.

Of every step: its losses, the learning rates, the script's figures, and the norm of each leaf's gradient when its last
backward had ended. Of steps on the schedule also each parameter's value and update, and the norms of the gradients
inside the graph. Nothing is done for a line or an op: nodes are found when a backward begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import torch

from graphlab.capture.deep import deep_graphs
from graphlab.capture.handles import quick_handles, remove_handles
from graphlab.capture.identity import LeafState, needs_grad
from graphlab.capture.leaf_values import LeafValues, Leaves, Tensors
from graphlab.capture.norms import LARGE, Figure, Measured, arrive, figures_of
from graphlab.capture.optimizer_states import note_states, rates_of
from graphlab.capture.registry import Place, Registry
from graphlab.capture.rows import Row
from graphlab.capture.schedule import Schedule, is_looked_into_again
from graphlab.capture.sink import LightEvent, LightStep
from graphlab.capture.snapshots import BUDGET
from graphlab.capture.steps import Steps
from graphlab.capture.structures import Structure, Structures
from graphlab.capture.walks import Walk


class LightWatcher(Protocol):
    """Who knows the script's variables."""

    def name_leaves(self) -> None:
        """A graph is new: give its leaves and modules their names."""

    def read_figures(self) -> dict[str, float]:
        """Return the numbers that the script's variables hold."""

    def optimizer_steps(self) -> None:
        """An optimizer is about to step."""

    def step_seen(self) -> None:
        """An optimizer has stepped."""

    def count_backward(self) -> int:
        """Return which backward of an optimizer's step begins, 0 where none is running."""


@dataclass(slots=True)
class Passing:
    """A backward that is running."""

    structure: Structure
    measured: Measured
    handles: list[Any]
    is_close: bool
    place: Place
    """Where the script began it."""
    figures: dict[int, Figure] = field(default_factory=dict)
    """By node: of large leaves, what was measured while the gradient was warm."""
    inside: dict[int, tuple[Sequence[Any], Sequence[Any]]] = field(default_factory=dict)
    """By node: the gradients that it handed on and that came in, which are measured together at the end.

    In place of a large one its figure.
    """


@dataclass(slots=True)
class _Pending:
    """The step that is under way."""

    first: int = 0
    events: list[LightEvent] = field(default_factory=list)
    losses: dict[int, list[Figure]] = field(default_factory=dict)
    """Of each backward, by the number of its first event."""
    leaves: list[int] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    """Of each leaf."""
    rates: list[tuple[str, float]] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    edge_norms: list[tuple[int, int, list[Figure]]] = field(default_factory=list)
    """Those that are on another device until the step ends."""


class Light:
    """What is watched of steps in light detail."""

    def __init__(
        self, registry: Registry, steps: Steps, structures: Structures, watcher: LightWatcher, schedule: Schedule,
        *, has_values: bool,
    ) -> None:  # fmt: skip
        self.registry = registry
        self.sink = registry.sink
        self.steps = steps
        self.structures = structures
        self.watcher = watcher
        self.schedule = schedule
        self.has_values = has_values
        steps.light_step_ended = self._step_ended
        self._pending = _Pending()
        self.values = LeafValues(registry)
        self._has_optimizer = False
        self._known_groups: dict[int, int] = {}
        self._alive: tuple[Leaves, list[int]] = [], []
        """The leaves that lived when they were last measured, and their nodes."""
        self._is_close = False
        self.is_running = False
        """Whether a backward runs."""

    def start(self) -> None:
        """Begin to watch: the first graph is new."""
        self.structures.ranges.start()
        self._note_values()

    def stop(self) -> None:
        """Watch no longer."""
        self._end_lost(is_running=False)
        self.structures.ranges.stop()
        self.values.forget()

    # -- backwards -------------------------------------------------------------------------------------------------

    def begin(self, t_outputs: Sequence[Any], roots: list[tuple[Any, int]], kind: str) -> Passing:
        """Note a backward that is about to run."""
        is_new = not self.steps.is_under_way
        again = self.watcher.count_backward() > 1
        if is_new:
            self._pending = _Pending(first=self.steps.first)
            self.structures.begin_step()
        self._end_lost(is_running=False)
        self.registry.remarks.light_backward()
        deep_graphs.sweep()
        walk = self.structures.walk(roots)
        for index in walk.cuts:
            deep_graphs.hold(walk.functions[index])
        is_known = self.structures.is_known(walk)
        place = self.registry.find_place()
        self.steps.light_backward_starts()
        noted = self._note_event("backward_start", place, call=kind, again=again)
        event = noted.number
        if is_new:
            self._is_close = self.schedule.is_on(self.steps.step, self._cost)
        is_looked_into = self._is_close and is_looked_into_again(1 + len(self._pending.losses))
        found = self.structures.find(walk, roots, t_outputs, event, place=place, is_kept=is_looked_into)
        if not is_known:
            self.watcher.name_leaves()
        if self._is_close:
            self.registry.remarks.modes_of(list(self.structures.paths.items()))
        noted.graph = found.number
        self._pending.losses[noted.number] = [loss for root in t_outputs if (loss := _loss_of(root)) is not None]
        if not is_known:
            for tensor in walk.leaves:
                leaf = self.registry.leaves.get(tensor)
                if leaf is not None:
                    leaf.was_reached = True
        passing = Passing(found, Measured(), [], is_looked_into and bool(found.number), place)
        if passing.is_close or walk.has_large:
            with quick_handles():
                self._hook(walk, passing)
        self.is_running = True
        return passing

    def _note_event(self, kind: str, place: Place, **facts: Any) -> LightEvent:
        event = LightEvent(self.sink.number_event(), kind, *place[:2], **facts)
        self._pending.events.append(event)
        return event

    def _end_lost(self, *, is_running: bool) -> None:
        """Note the end of a backward that Ctrl-C, or a failure of ours, took from us after its start was noted."""
        self.is_running = is_running
        if not is_running:
            kinds = [event.kind for event in self._pending.events]
            if kinds.count("backward_start") > kinds.count("backward_end"):
                self._note_event("backward_end", self.registry.find_place())

    def _cost(self) -> int:
        """Return about how many bytes a close look at a step takes."""
        sizes = [min(tensor.numel(), BUDGET) for tensor in self.registry.leaves.alive()[1]]
        return 8 * sum(sizes) + 200 * len(sizes)

    def _hook(self, walk: Walk, passing: Passing) -> None:
        """Watch large gradients arrive; on a close look every gradient inside the graph."""
        leaves = iter(walk.leaves)
        if not passing.is_close:
            for fn in walk.functions:
                if fn.name() == "torch::autograd::AccumulateGrad":
                    self._hook_leaf(fn, next(leaves), passing)
            return
        structure = passing.structure
        keep = partial(_keep, passing.inside) if structure.is_small else partial(self._inside, passing)
        add = passing.handles.append
        for fn, node, outputs in zip(walk.functions, structure.nodes, structure.outputs, strict=True):
            if outputs:
                add(fn.register_hook(partial(keep, node)))
            elif walk.has_large:
                self._hook_leaf(fn, next(leaves), passing)

    def _hook_leaf(self, fn: Any, tensor: torch.Tensor, passing: Passing) -> None:
        leaf = self.registry.leaves.get(tensor)
        if leaf is not None and tensor.numel() > LARGE:
            passing.handles.append(fn.register_hook(partial(self._arrived, passing, leaf)))

    def _arrived(self, passing: Passing, leaf: LeafState, grad_inputs: Any, grad_outputs: Any) -> None:
        """Measure a large leaf's gradient while it is warm."""
        with self.registry.guard, torch._C.DisableTorchFunction(), torch.no_grad():
            tensor = leaf.tensor()
            if tensor is not None and tensor.grad is not None:
                passing.figures[leaf.node] = passing.measured.figure_of(tensor.grad)

    def _inside(self, passing: Passing, node: int, grad_inputs: Any, grad_outputs: Any) -> None:
        """Keep the gradients that a node hands on and that came in; measure a large one while it is warm."""
        with self.registry.guard, torch._C.DisableTorchFunction(), torch.no_grad():

            def look_at(grad: torch.Tensor | None) -> torch.Tensor | Figure:
                return grad if grad is None or grad.numel() <= LARGE else passing.measured.figure_of(grad)

            passing.inside[node] = [look_at(grad) for grad in grad_inputs], [look_at(grad) for grad in grad_outputs]

    def end(self, passing: Passing) -> None:
        """Note a backward that has ended: what every leaf holds now."""
        remove_handles(passing.handles)
        event = self._note_event("backward_end", passing.place).number
        with torch.no_grad():
            leaves = self._measure_leaves(event, passing.figures)
            if passing.is_close:
                self._note_inside(passing, event)
                # At once: the collector, which waits for us to end, need not go through what hangs on these.
                passing.inside.clear()
        passing.handles.clear()
        if self.has_values and not self._has_optimizer:
            # A change by hand is seen when the next backward begins: variables hold the next step's figures by then.
            self._pending.metrics.update(self.watcher.read_figures())
        self.structures.rest(passing.structure)
        if not self._has_optimizer or not self.values.is_noted(leaves):
            self._note_values()

    def unscaled(self) -> None:
        """A `GradScaler` has divided the gradients by its scale: these are the step's."""
        event = self._note_event("unscale", self.registry.find_place()).number
        with torch.no_grad():
            self._measure_leaves(event, {})

    def _measure_leaves(self, event: int, large: dict[int, Figure]) -> list[int]:
        """Measure what every leaf's `.grad` holds; large: what has been measured while it was warm."""
        alive, tensors = self.registry.leaves.alive()
        grads = [tensor.grad for tensor in tensors]
        if alive is not self._alive[0]:
            self._alive = alive, [leaf.node for leaf in alive]
        leaves = self._alive[1]
        row = None if large else Row.of(grads)
        figures: list[Figure]
        if row is not None:
            figures = [*row.figures()]
        else:
            small = [None if leaf in large else grad for leaf, grad in zip(leaves, grads, strict=True)]
            figures = figures_of(small)
            figures = [large.get(leaf, each) for leaf, each in zip(leaves, figures, strict=True)]
        self._pending.leaves, self._pending.figures = leaves, figures  # both or none, should Ctrl-C come
        if self._is_close:
            self.values.write_gradients(event, alive, grads, figures, row)
            if not self._has_optimizer:
                self.values.keep(alive, tensors)
        return leaves

    def _note_inside(self, passing: Passing, event: int) -> None:
        """Measure the small gradients inside the graph, each tensor once."""
        structure, inside = passing.structure, passing.inside
        grads: list[Any] = []
        nothing: tuple[Sequence[Any], Sequence[Any]] = (), ()
        for node, slots, outputs in zip(structure.nodes, structure.slots, structure.outputs, strict=True):
            if outputs:
                handed, came = inside.get(node, nothing)
                grads += came if len(came) == outputs else [None] * outputs
                if len(slots) == len(handed):  # all of them: slots are in order
                    grads += handed
                else:
                    grads += [handed[slot] if slot < len(handed) else None for slot in slots]
        places = list(map(id, grads))
        different = dict(zip(places, grads, strict=True))
        if not structure.is_small:
            different = {key: grad for key, grad in different.items() if isinstance(grad, torch.Tensor)}
        different.pop(id(None), None)
        sizes: dict[int, Figure] = dict(zip(different, map(_size, figures_of(list(different.values()))), strict=True))
        if structure.is_small:
            norms = list(map(sizes.get, places))
        else:
            norms = [sizes.get(place, grad) for place, grad in zip(places, grads, strict=True)]
        here = [norm for norm in norms if not isinstance(norm, torch.Tensor)]
        if len(here) == len(norms):
            self.sink.add_edge_norms(event, structure.number, here)
        else:  # they are on another device
            self._pending.edge_norms.append((event, structure.number, norms))

    # -- updates ---------------------------------------------------------------------------------------------------

    def before_step(self, optimizer: torch.optim.Optimizer) -> None:
        """An optimizer is about to step."""
        self.watcher.optimizer_steps()
        self._has_optimizer = True
        self._meet(optimizer)
        if self._is_close and self.steps.is_under_way:
            self.values.keep(*self._leaves_of(optimizer))

    def after_step(self, optimizer: torch.optim.Optimizer) -> None:
        """It has."""
        if not self._has_stepped(optimizer):
            self.registry.remarks.idle_step(optimizer)
            return
        if self.registry.remarks.follows_zeroing:
            self.registry.remarks.light_update([leaf.node for leaf in self._leaves_of(optimizer)[0]])
        if not self.steps.is_under_way:
            return
        name = type(optimizer).__name__
        self._pending.rates += [(name, rate) for rate in rates_of(optimizer)]
        self._updated(self._leaves_of(optimizer) if self._is_close else ([], []), name, stepped=optimizer)

    def _has_stepped(self, optimizer: torch.optim.Optimizer) -> bool:
        """Whether any of an optimizer's parameters has a gradient, or was moved: else it had nothing to do."""
        if any(tensor.grad is not None for group in optimizer.param_groups for tensor in group["params"]):
            return True
        moved = {leaf.node for leaf in self.values.moved()[0]}
        return any(leaf.node in moved for leaf in self._leaves_of(optimizer)[0])

    def skip_update(self, optimizer: torch.optim.Optimizer) -> None:
        """A GradScaler has left an update out: a step that moves nothing, but a step."""
        if self.steps.is_under_way:
            self._updated(([], []), type(optimizer).__name__, kind="skipped_update")

    def look_at_values(self) -> None:
        """Look whether the script has changed parameters by hand since the last backward or update."""
        if not self.steps.is_under_way:
            return
        moved = self.values.moved()
        if moved[0]:
            for leaf in moved[0]:
                self.registry.name_leaf(leaf, "parameter", leaf.name)
            self.registry.remarks.light_update([leaf.node for leaf in moved[0]])
            with torch.no_grad():
                self._updated(moved, None)

    def _updated(
        self,
        changed: tuple[Leaves, Tensors],
        optimizer: str | None,
        *,
        kind: str = "update",
        stepped: torch.optim.Optimizer | None = None,
    ) -> None:
        self._end_lost(is_running=self.is_running)
        place = self.registry.find_place()
        event = self._note_event(kind, place, optimizer=optimizer).number
        if self.has_values and (optimizer is not None or not self._pending.metrics):
            self._pending.metrics.update(self.watcher.read_figures())
        if self._is_close:
            self.values.write(event, *changed)
            if stepped is not None:
                note_states(self.registry, event, stepped, self.values.take)
        self._note_values()
        self.steps.updated(event, place)

    def _meet(self, optimizer: torch.optim.Optimizer) -> None:
        """What an optimizer holds is a parameter."""
        size = sum(len(group["params"]) for group in optimizer.param_groups)
        if self._known_groups.get(id(optimizer)) == size:
            return
        self._known_groups[id(optimizer)] = size
        for leaf in self._leaves_of(optimizer)[0]:
            self.registry.name_leaf(leaf, "parameter", leaf.name)

    def _leaves_of(self, optimizer: torch.optim.Optimizer) -> tuple[Leaves, Tensors]:
        tensors = [
            tensor
            for group in optimizer.param_groups
            for tensor in group["params"]
            if tensor.is_leaf and needs_grad(tensor)
        ]
        known = self.registry.leaves.get_all(tensors)
        if known is not None:
            return known, tensors
        return [self.registry.leaf(tensor, self.sink.event_count) for tensor in tensors], tensors

    def _note_values(self) -> None:
        """Remember what the leaves hold by now."""
        self.values.note(is_probing=not self._has_optimizer)

    # -- steps -----------------------------------------------------------------------------------------------------

    def _step_ended(self, step: int) -> None:
        """Write the step that has ended; what waits on another device comes over now."""
        pending = self._pending
        if not pending.events:
            return  # left (Ctrl-C) before its first backward was noted
        leaves = pending.leaves
        waiting: list[Figure] = [loss for losses in pending.losses.values() for loss in losses]
        waiting += pending.figures
        for _, _, norms in pending.edge_norms:
            waiting += norms
        numbers = arrive(waiting)
        all_losses: list[float] = []
        for event in pending.events:
            count = len(pending.losses.get(event.number, ()))
            event.losses = [0.0 if loss is None else loss for loss in numbers[:count]]
            del numbers[:count]
            all_losses += event.losses
        figures = numbers[: len(leaves)]
        del numbers[: len(leaves)]
        self.schedule.step_ended(all_losses, figures)
        for event_number, graph, norms in pending.edge_norms:
            self.sink.add_edge_norms(event_number, graph, numbers[: len(norms)])
            del numbers[: len(norms)]
        pending.edge_norms = []  # should Ctrl-C come, all this is done once more
        if not self.has_values:
            figures = [None if figure is None else abs(figure) for figure in figures]
        self.sink.add_light_step(
            LightStep(
                step, pending.first, pending.events, self.structures.nodes, self.structures.edges, leaves, figures,
                pending.rates, pending.metrics,
            )
        )  # fmt: skip
        self.values.forget()


def _loss_of(root: Any) -> Figure:
    if not isinstance(root, torch.Tensor) or root.numel() != 1 or root.is_complex() or root.is_meta:
        return None
    try:
        return float(root.detach().item()) if root.device.type == "cpu" else root.detach().reshape(())
    except RuntimeError:  # what vmap wraps has no number
        return None


def _keep(inside: dict[int, Any], node: int, grad_inputs: Any, grad_outputs: Any) -> None:
    inside[node] = grad_inputs, grad_outputs


def _size(figure: Figure) -> Figure:
    if isinstance(figure, torch.Tensor):
        return figure.abs()
    return None if figure is None else abs(figure)
