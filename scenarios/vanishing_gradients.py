"""Vanishing, kept, exploding: twenty layers

Twenty layers of one unit each, h = activation(w · h), all with w = 1, fed
with x = 1. The gradient of layer k has passed through every layer above it,
and each has multiplied it by its local derivative:

| layer | sigmoid | tanh | ReLU |
| --- | --- | --- | --- |
| 20 | .148 | .2495 | 1 |
| 10 | 4.86e-8 | .1281 | 1 |
| 1 | 9.14e-14 | .01611 | 1 |

The derivative of the sigmoid is ¼ at best, so twenty of them leave nothing.
tanh loses slowly. ReLU, where it is open, passes the gradient whole.

Two more runs show the other sides. A **residual** connection, h + sigmoid(w ·
h), adds a path around each layer that multiplies by 1: the first layer now
has a gradient of 0.247 (and the last ones hardly any: what they read has
grown to 20, where a sigmoid is flat). And with w = 1.5 the ReLUs multiply by
1.5 each: the gradient **explodes**, to 2217 in every layer.

**Notice** that a gradient which falls by the same factor at every layer is a
straight line on a logarithmic scale.

Section: 9 Classics
Order: 12
Question: By which factor does the gradient shrink from one layer to the next?
"""

from collections.abc import Callable

import torch
from torch import Tensor

DEVICE = "cpu"
LAYERS = 20

# What a layer does to its sum.
Activation = Callable[[Tensor], Tensor]


def chain(weights: list[Tensor], act: Activation, is_residual: bool) -> Tensor:
    """All layers, one after another."""
    # The input of the first layer.
    h = torch.ones((), dtype=torch.float64, device=weights[0].device)
    # One unit a layer.
    for w in weights:
        # What the layer computes.
        out = act(w * h)
        # A residual layer adds its input to it.
        h = h + out if is_residual else out
    # The output stands for the loss.
    return h


def make_weights(value: float) -> list[Tensor]:
    """One weight a layer, each a leaf of its own."""
    # In double precision: 1e-13 is to be read exactly.
    numbers = torch.full((LAYERS,), value, dtype=torch.float64).to(DEVICE)
    # A leaf for every layer, from the first to the last.
    return [number.clone().requires_grad_() for number in numbers]


def report(name: str, weights: list[Tensor]) -> None:
    """Print the gradient of the last, the middle and the first layer."""
    # Counted from 1, as in the table.
    for layer in (LAYERS, LAYERS // 2, 1):
        # What has come back to this layer.
        gradient = weights[layer - 1].grad
        # None would mean: not on the way.
        assert gradient is not None
        print(f"{name} {layer} {gradient.item():.3e}")


# %% Sigmoid
# Twenty weights of 1.
weights = make_weights(1.0)
# The values settle near 0.66, where the slope is 0.225.
chain(weights, torch.sigmoid, False).backward()
# 0.225 to the power of 19 has passed the first layer.
report("sigmoid", weights)

# %% Tanh
# The same weights again.
weights = make_weights(1.0)
# The values creep towards 0, where the slope is 1.
chain(weights, torch.tanh, False).backward()
# So ever less is lost.
report("tanh", weights)

# %% ReLU
# The same weights again.
weights = make_weights(1.0)
# Open in every layer.
chain(weights, torch.relu, False).backward()
# Nothing is lost.
report("relu", weights)

# %% Sigmoid with residual connections
# The same weights again.
weights = make_weights(1.0)
# A second path around every layer.
chain(weights, torch.sigmoid, True).backward()
# The gradient of the first layer no longer hangs on the product of slopes.
report("residual", weights)

# %% Ten sigmoids of one number
# No weights: only the slopes multiply.
x = torch.zeros((), dtype=torch.float64).to(DEVICE).requires_grad_()
# Each is 0.25 at best, so ten come to 9.54e-7 at most.
h = x
# Ten times the same.
for _ in range(10):
    # Settles near 0.66.
    h = torch.sigmoid(h)
# The product of ten slopes.
h.backward()
# None would mean: not on the way.
assert x.grad is not None
print(f"ten sigmoids: {h.item():.6f}, derivative {x.grad.item():.3e}")

# %% A weight that is too large
# 1.5 to the power of 19 is 2217.
weights = make_weights(1.5)
# Open in every layer, and each multiplies by 1.5.
chain(weights, torch.relu, False).backward()
# From here one step of training would be enormous.
report("explodes", weights)
