"""What an optimizer brings to an update beside the gradients: learning rates."""

from __future__ import annotations

import torch


def rates_of(optimizer: torch.optim.Optimizer) -> list[float]:
    """Return the learning rate of each group of parameters, of those that have one that can be read at once."""
    return [
        float(rate)
        for group in optimizer.param_groups
        if isinstance(rate := group.get("lr"), float | int)
        or (isinstance(rate, torch.Tensor) and rate.device.type == "cpu")
    ]
