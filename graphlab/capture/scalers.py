"""Sees what a `GradScaler` does to gradients and updates: it undoes its scale, and skips what is not finite."""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch.amp.grad_scaler import GradScaler

from graphlab.capture.updates import Updates


class Scalers:
    """Stands in for two methods of `GradScaler` while a run is recorded."""

    def __init__(self, updates: Updates) -> None:
        self._updates = updates
        self._originals: dict[str, Any] = {}

    def start(self) -> None:
        """Put ourselves where scripts call."""
        unscale, step = GradScaler.unscale_, GradScaler.step
        self._originals = {"unscale_": unscale, "step": step}

        @functools.wraps(unscale)
        def unscale_(scaler: GradScaler, optimizer: torch.optim.Optimizer) -> None:
            updates = self._here()
            guard, ops = updates.registry.guard, updates.ops
            light = updates.light
            if not guard.is_here or not scaler.is_enabled() or light is not None:
                unscale(scaler, optimizer)
                if guard.is_here and scaler.is_enabled() and light is not None:
                    with guard, torch._C.DisableTorchFunction():
                        light.unscaled()
                return
            with guard, torch._C.DisableTorchFunction():
                updates.flush_gradients()
            ops.suspend()
            try:
                unscale(scaler, optimizer)
            finally:
                ops.resume()
            with guard, torch._C.DisableTorchFunction():
                updates.look_at_gradients(optimizer, "unscale")

        @functools.wraps(step)
        def stepped(scaler: GradScaler, optimizer: torch.optim.Optimizer, *args: Any, **kwargs: Any) -> Any:
            updates = self._here()
            guard, count = updates.registry.guard, updates.optimizer_steps
            result = step(scaler, optimizer, *args, **kwargs)
            if guard.is_here and updates.optimizer_steps == count:
                with guard, torch._C.DisableTorchFunction():
                    updates.note_skipped(optimizer)
            return result

        ours: dict[str, Any] = {"unscale_": unscale_, "step": stepped}
        for name, function in ours.items():
            self._updates.ops.trampolines.codes.add(function.__code__)
            setattr(GradScaler, name, function)

    def _here(self) -> Updates:
        """Return who sees the updates of the thread that calls."""
        guard = self._updates.registry.guard
        other = None if guard.is_here else guard.elsewhere()
        return self._updates if other is None else other.updates

    def stop(self) -> None:
        """Put torch's own back."""
        for name, original in self._originals.items():
            setattr(GradScaler, name, original)
        self._originals = {}
