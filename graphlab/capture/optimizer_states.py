"""What an optimizer brings to an update beside the gradients: learning rates, and what it keeps for each parameter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from graphlab.capture.registry import Registry


def rates_of(optimizer: torch.optim.Optimizer) -> list[float]:
    """Return the learning rate of each group of parameters, of those that have one that can be read at once."""
    return [
        float(rate)
        for group in optimizer.param_groups
        if isinstance(rate := group.get("lr"), float | int)
        or (isinstance(rate, torch.Tensor) and rate.device.type == "cpu")
    ]


def note_states(
    registry: Registry,
    event: int,
    optimizer: torch.optim.Optimizer,
    take: Callable[[list[torch.Tensor]], Sequence[int | None]],
) -> None:
    """Write what an optimizer keeps for its parameters (momentum, Adam's moments), as of an update.

    Args:
        take: takes snapshots of many tensors.
    """
    states = getattr(optimizer, "state", None)  # a class of the script's own may go without
    if not isinstance(states, dict) or not states:
        return
    found: list[tuple[int, str, torch.Tensor]] = []
    for group in optimizer.param_groups:
        for tensor in group["params"]:
            leaf = registry.leaves.get(tensor)
            kept = states.get(tensor) if leaf is not None else None  # states[tensor] would make it
            if leaf is None or not isinstance(kept, dict):
                continue
            for name, state in kept.items():
                is_like = isinstance(state, torch.Tensor) and isinstance(name, str) and state.shape == tensor.shape
                if is_like and (tensor.dim() or name != "step"):
                    found.append((leaf.node, name, state))
    for (node, name, _), snapshot in zip(found, take([state for _, _, state in found]), strict=True):
        if snapshot is not None:
            registry.sink.add_state(event, node, name, snapshot)
