"""Sees parameters and gradients change: by an optimizer, by hand, by zeroing, by clipping."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from types import CodeType, FrameType
from typing import Any

import torch
from torch.optim import optimizer as optimizers

from graphlab.capture.figures import distance
from graphlab.capture.identity import LeafState, TensorState, leaf_below, needs_grad, storage_of, version_of
from graphlab.capture.light import Light
from graphlab.capture.norms import distances
from graphlab.capture.ops import Ops
from graphlab.capture.optimizer_states import note_states, rates_of
from graphlab.capture.registry import Registry
from graphlab.capture.rows import MOST
from graphlab.capture.scratch import Scratch
from graphlab.capture.shared_updates import SharedUpdates
from graphlab.capture.snapshots import PLAIN_TYPES, is_opaque
from graphlab.capture.steps import Steps

_AROUND_STEP = {
    code for code in optimizers.Optimizer.profile_hook_step.__code__.co_consts if isinstance(code, CodeType)
}
"""The code that calls an optimizer's step and its hooks."""


class Updates:
    """Notes each change of a leaf's value or `.grad` that no backward made."""

    def __init__(self, registry: Registry, steps: Steps, ops: Ops, shared: Callable[[], SharedUpdates]) -> None:
        self.registry = registry
        self.sink = registry.sink
        self.steps = steps
        self.ops = ops
        self._shared = shared
        self._handles: list[Any] = []
        self._touched: dict[int, LeafState] = {}
        """By node: the leaves whose `.grad` the script may have changed since it was last looked at."""
        self._before: dict[int, tuple[torch.Tensor, TensorState]] = {}
        """By node: values from before a change, to measure how far it went, and their state."""
        self._scratch = Scratch()
        self._storages: dict[int, LeafState] = {}
        """By the address of its storage: each leaf that a backward has reached (`w.data` shares it)."""
        self.light: Light | None = None
        """Who notes updates in light detail; None in full."""
        self._depth = 0
        self.optimizer_steps = 0
        """How many steps of optimizers have begun."""
        self._backwards = 0
        """How many backwards the optimizer's step that is running has run."""

    def start(self) -> None:
        """Watch every optimizer's step."""
        self._handles = [
            optimizers.register_optimizer_step_pre_hook(self._before_step),
            optimizers.register_optimizer_step_post_hook(self._after_step),
        ]

    def stop(self) -> None:
        """Watch no longer."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._before.clear()
        self._scratch = Scratch()

    # -- optimizers ------------------------------------------------------------------------------------------------

    def _before_step(self, optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> Any:
        guard = self.registry.guard
        if not guard.is_here:
            other = guard.elsewhere()
            if other is not None:
                return other.updates._before_step(optimizer, args, kwargs)
            guard.pass_thread()
            return None
        self.optimizer_steps += 1
        self.settle(sys._getframe(1), 1)
        with guard, torch._C.DisableTorchFunction(), torch.no_grad():
            self.registry.remarks.stepping(optimizer)
            if self.light is not None:
                self.light.before_step(optimizer)
                self._backwards = 0
                self._depth += 1
                return None
            self.flush_gradients()
            if self._depth == 0:
                for leaf, tensor in self._leaves_of(optimizer):
                    self.registry.name_leaf(leaf, "parameter", leaf.name)
                    self._keep(leaf, tensor)
        self._backwards = 0
        self._depth += 1
        self.ops.suspend()
        if len(args) > 1 and callable(args[1]):
            return (args[0], self._watch_closure(args[1]), *args[2:]), kwargs
        if callable(kwargs.get("closure")):
            return args, {**kwargs, "closure": self._watch_closure(kwargs["closure"])}
        return None

    def _watch_closure(self, closure: Callable[[], Any]) -> Callable[[], Any]:
        """The optimizer is none of ours to watch; what the script computes for it is."""

        def run_closure() -> Any:
            kept, self._before = self._before, {}
            self.ops.resume()
            try:
                return closure()
            finally:
                self.ops.suspend()
                self._before = kept

        self.ops.trampolines.codes.add(run_closure.__code__)
        return run_closure

    def _after_step(self, optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
        if not self.registry.guard.is_here:
            other = self.registry.guard.elsewhere()
            if other is not None:
                other.updates._after_step(optimizer, args, kwargs)
            return
        self._depth = max(0, self._depth - 1)
        if self.light is not None:
            self._backwards = 0
            with self.registry.guard, torch._C.DisableTorchFunction(), torch.no_grad():
                if self._depth == 0:
                    self.light.after_step(optimizer)
                    self._shared().note_step(optimizer)
            self.light.watcher.step_seen()
            return
        self.ops.resume()
        if self._depth:
            return
        self._backwards = 0
        with self.registry.guard, torch._C.DisableTorchFunction(), torch.no_grad():
            found_inf = getattr(optimizer, "found_inf", None)  # a GradScaler leaves it to fused optimizers to skip
            if isinstance(found_inf, torch.Tensor) and bool(found_inf):
                self.note_skipped(optimizer)
            else:
                leaves = [leaf for leaf, _ in self._leaves_of(optimizer)]
                event = self._note_update(leaves, type(optimizer).__name__, rates_of(optimizer))
                if event:
                    note_states(
                        self.registry, event, optimizer, lambda states: list(map(self.registry.snapshot, states))
                    )
                else:
                    self.registry.remarks.idle_step(optimizer)
            self._shared().note_step(optimizer)
            self._forget_copies()

    def note_skipped(self, optimizer: torch.optim.Optimizer) -> None:
        """Write that gradients were not finite and an update was left out: the training step ends all the same."""
        if self.light is not None:
            self.light.skip_update(optimizer)
            return
        event, place = self.sink.begin_event(), self.registry.find_place()
        self.sink.end_event(event, "skipped_update", place, details={"optimizer": type(optimizer).__name__})
        self.steps.updated(event, place)

    def settle(self, frame: FrameType | None, begun: int = 0) -> None:
        """Forget the steps of optimizers that an exception has left: their post-hooks never came.

        Args:
            frame: what runs now.
            begun: how many of the steps that it runs in have not been counted yet.
        """
        running = -begun
        while frame is not None and running < self._depth:
            running += frame.f_code in _AROUND_STEP
            frame = frame.f_back
        while self._depth > max(running, 0):
            self._depth -= 1
            if self.light is None:
                self.ops.resume()
                self._forget_copies()

    @property
    def is_stepping(self) -> bool:
        """Whether an optimizer's step is running."""
        return self._depth > 0

    def count_backward(self) -> int:
        """A backward begins: return which one of an optimizer's step it is, 0 where none is running."""
        self._backwards += self._depth > 0
        return self._backwards

    def _leaves_of(self, optimizer: torch.optim.Optimizer) -> list[tuple[LeafState, torch.Tensor]]:
        return [
            (self.registry.leaf(tensor, self.sink.event_count), tensor)
            for group in optimizer.param_groups
            for tensor in group["params"]
            if tensor.is_leaf and needs_grad(tensor)
        ]

    # -- changes by hand -------------------------------------------------------------------------------------------

    def before_change(self, targets: Sequence[torch.Tensor]) -> None:
        """Keep the values of leaves that the script is about to change in place."""
        for target in targets:
            leaf = self._leaf_of(target)
            tensor = leaf.tensor() if leaf is not None else None
            if leaf is not None and tensor is not None:
                self._keep(leaf, tensor)

    def _keep(self, leaf: LeafState, tensor: torch.Tensor) -> None:
        state = self.registry.state(tensor, self.sink.event_count)
        if is_opaque(tensor):
            return
        with torch.no_grad():
            self._before[leaf.node] = self._scratch.copy(tensor), state

    def after_change(self, targets: Sequence[torch.Tensor]) -> None:
        """Note what became of them; a tensor that is a leaf's `.grad` is looked at when the statement has ended."""
        changed = []
        for target in targets:
            holder = self.registry.grads.get(target) or self._holder_by_storage(target)
            if holder is not None:
                self._touched[holder.node] = holder
            leaf = self._leaf_of(target)
            if leaf is not None:
                changed.append(leaf)
        if changed:
            with torch.no_grad():
                self._note_update(changed, None)
            self._shared().note([tensor for leaf in changed if (tensor := leaf.tensor()) is not None])
            for leaf in changed:
                self.reached(leaf)  # `w.data = …` gives it another storage
        self._forget_copies()

    def _holder_by_storage(self, target: torch.Tensor) -> LeafState | None:
        """Return the leaf whose `.grad` is changed through what shares its storage, at the same version."""
        address = storage_of(target)
        leaf = self.registry.grad_storages.get(address) if address is not None else None
        tensor = leaf.tensor() if leaf is not None else None
        grad = tensor.grad if tensor is not None else None
        if leaf is None or grad is None or storage_of(grad) != address:
            return None
        leaf.grad_version = -1
        return leaf

    def _forget_copies(self) -> None:
        if self._before:
            self._scratch.give_back([copy for copy, _ in self._before.values()])
            self._before.clear()

    def _leaf_of(self, target: torch.Tensor) -> LeafState | None:
        """Return the leaf that a change in place would update: it, or what shares its storage, after a backward."""
        known = self.registry.leaves.get(target)
        if known is not None:
            return known if known.was_reached else None
        is_another = needs_grad(target) and leaf_below(target) is None
        if is_another or not self._storages:
            return None
        address = storage_of(target)
        leaf = self._storages.get(address) if address is not None else None
        tensor = leaf.tensor() if leaf is not None else None
        if leaf is None or tensor is None or storage_of(tensor) != address:
            return None
        return leaf

    def reached(self, leaf: LeafState) -> None:
        """A backward has given a leaf a gradient: from now on its changes in place are updates."""
        tensor = leaf.tensor()
        address = storage_of(tensor) if tensor is not None else None
        if address is not None:
            self._storages[address] = leaf

    def _note_update(self, leaves: Sequence[LeafState], optimizer: str | None, rates: Sequence[float] = ()) -> int:
        """Write an update, if any of some leaves has changed; return its event, or 0."""
        kept_pairs = []
        for leaf in {leaf.node: leaf for leaf in leaves}.values():
            tensor, kept = leaf.tensor(), self._before.get(leaf.node)
            if tensor is None or kept is None:
                continue
            kept_pairs.append((leaf, tensor, *kept))
        changes = []
        for pair, moved in zip(kept_pairs, _distances(kept_pairs, self._scratch), strict=True):
            _, tensor, _, state = pair
            # What the script writes by hand is a change even where it moves nothing, as an optimizer's step is.
            if moved != 0.0 or (optimizer is None and state.version != version_of(tensor)):
                changes.append((*pair, moved))
        if not changes and (optimizer is None or not any(leaf.has_grad for leaf in leaves)):
            return 0
        # An optimizer's step is one even if it moves nothing (a rate of 0, gradients of 0): the training step ends.
        event = self.sink.begin_event()
        for leaf, tensor, _, state, moved in changes:
            self.registry.name_leaf(leaf, "parameter", leaf.name)
            known = self.registry.state(tensor, event)
            if known is state:  # changed through what shares its storage: its version does not tell
                known = self.registry.make_state(tensor, event, origin=known.origin)
            self.sink.add_change(event, leaf.node, "value", state.snapshot, None, known.snapshot, moved)
        place = self.registry.find_place()
        node = changes[0][0].node if changes else None
        details = {"optimizer": optimizer, "rates": rates} if rates else {"optimizer": optimizer}
        self.sink.end_event(event, "update", place, node=node, details=details)
        self.steps.updated(event, place)
        return event

    # -- gradients -------------------------------------------------------------------------------------------------

    def gradient_set(self, tensor: torch.Tensor) -> None:
        """The script assigned a `.grad`."""
        leaf = self.registry.leaves.get(tensor)
        if leaf is not None:
            self._touched[leaf.node] = leaf

    def look_at_gradients(self, optimizer: torch.optim.Optimizer, kind: str) -> None:
        """Write what was done to the `.grad`s of an optimizer's parameters as an event of a kind."""
        for leaf, _ in self._leaves_of(optimizer):
            leaf.grad_version = -1  # not every kernel counts a change in place
            self._touched[leaf.node] = leaf
        self.flush_gradients(kind)

    def flush_gradients(self, kind: str | None = None) -> None:
        """Write what a statement has done to `.grad`s: zeroed, or changed (clipped), or what is known of it."""
        if not self._touched:
            return
        touched = [self._touched[node] for node in sorted(self._touched)]
        self._touched = {}
        zeroed: list[tuple[LeafState, int | None, int | None]] = []
        clipped: list[tuple[LeafState, int | None, int | None]] = []
        with torch._C.DisableTorchFunction(), torch.no_grad():
            for leaf in touched:
                tensor = leaf.tensor()
                grad = tensor.grad if tensor is not None else None
                if self._is_as_noted(leaf, grad):
                    continue
                before = leaf.grad_snapshot
                after = self.registry.note_grad(leaf, grad)
                is_zero = kind is None and (grad is None or not bool(grad.any()))
                (zeroed if is_zero else clipped).append((leaf, before, after))
            self._note_gradients("zero_grad", zeroed)
            self._note_gradients(kind or "clip", clipped)

    def look_at_all(self, leaves: Sequence[LeafState]) -> None:
        """Look whether `.grad`s were changed where no mode saw it."""
        for leaf in leaves:
            tensor = leaf.tensor()
            if tensor is not None and not self._is_as_noted(leaf, tensor.grad):
                self._touched[leaf.node] = leaf
        self.flush_gradients()

    def _is_as_noted(self, leaf: LeafState, grad: torch.Tensor | None) -> bool:
        if grad is None:
            return not leaf.has_grad
        return leaf.has_grad and self.registry.grads.get(grad) is leaf and version_of(grad) == leaf.grad_version

    def _note_gradients(self, kind: str, changes: list[tuple[LeafState, int | None, int | None]]) -> None:
        if not changes:
            return
        event = self.sink.begin_event()
        for leaf, before, after in changes:
            self.sink.add_change(event, leaf.node, "grad", before, None, after, None)
        self.sink.end_event(event, kind, self.registry.find_place(), node=changes[0][0].node)


def _distances(
    pairs: Sequence[tuple[LeafState, torch.Tensor, torch.Tensor, TensorState]], scratch: Scratch
) -> list[float | None]:
    """Return how far tensors have moved: 0 exactly where they are the same, None where their shape is another."""
    found: list[float | None] = []
    together: list[int] = []
    for _, after, before, _ in pairs:
        if (
            type(after) in PLAIN_TYPES and before.shape == after.shape and 0 < after.numel() <= MOST
            and after.dtype is torch.float32 is before.dtype and after.is_cpu and after.layout is torch.strided
            and not after.is_neg()
        ):  # fmt: skip
            together.append(len(found))
            found.append(0.0)
        else:
            found.append(distance(before, after, scratch.difference))
    moved = distances([pairs[index][2] for index in together], [pairs[index][1] for index in together])
    for index, size in zip(together, moved, strict=True):
        found[index] = size
    for index, (_, after, before, _) in enumerate(pairs):
        known = found[index]
        # Infinities that stayed are no finite distance away from themselves.
        if known is not None and not math.isfinite(known) and torch.equal(before, after):
            found[index] = 0.0
    return found
