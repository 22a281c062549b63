"""A small network, every value with its derivative

The network of the course's slides, after figure 1 of Baydin et al.,
*Automatic Differentiation in Machine Learning: a Survey* (Journal of Machine
Learning Research 18:153, 2018): two inputs, two hidden units, one output, six
weights, and an error E(y3, t) against a target.

    y1 = σ(w1 x1 + w2 x2)    y2 = σ(w3 x1 + w4 x2)    y3 = σ(w5 y1 + w6 y2)

(a) Forward, the inputs give the values of the units and in the end the error.
(b) Backward, the adjoint ∂E/∂· of each value is found from those that it went
into, down to ∂E/∂w1 … ∂E/∂w6. With these the weights move, (c).

The figure has names and no numbers. These here are ours.

**Notice** the order: ∂E/∂y3 first, then the output's weights and the hidden
values together, and the first layer's weights last.

Section: 2 Computational graphs
Order: 2
Question: Which derivatives are needed to find the one of w1?
"""

import torch

DEVICE = "cpu"
LR = 1.0


def leaf(number: float) -> torch.Tensor:
    """A weight."""
    # Moved before the gradient is asked for: so the moved tensor is the leaf.
    return torch.tensor(number, dtype=torch.float64).to(DEVICE).requires_grad_()


# %% The inputs and the target
# Data: they want no gradient.
x1, x2 = torch.tensor([0.5, -1.0], dtype=torch.float64).to(DEVICE)
# What the network should answer.
t = torch.tensor(1.0, dtype=torch.float64).to(DEVICE)

# %% Six weights
# Of the first hidden unit,
w1, w2 = leaf(0.1), leaf(0.4)
# of the second,
w3, w4 = leaf(-0.3), leaf(0.6)
# and of the output.
w5, w6 = leaf(0.7), leaf(-0.5)

# %% (a) Forward
# The first hidden unit.
y1 = torch.sigmoid(w1 * x1 + w2 * x2)
# The second.
y2 = torch.sigmoid(w3 * x1 + w4 * x2)
# The output.
y3 = torch.sigmoid(w5 * y1 + w6 * y2)
# Half the square of what is missing.
E = 0.5 * (y3 - t) ** 2
print(f"E      {E.item():.6f}")
# The figure writes a derivative beside every value: these are no leaves.
for value in (y1, y2, y3):
    # So they must be asked to keep it.
    value.retain_grad()

# %% (b) Backward
# From E to all six weights.
E.backward()
# Beside the values, as in the figure.
for name, value in {"y3": y3, "y2": y2, "y1": y1}.items():
    # None would mean: not on the way.
    assert value.grad is not None
    print(f"dE/d{name} {value.grad.item():+.6f}")

# %% (c) The weights move
# No part of the network.
with torch.no_grad():
    # In the order of the figure.
    for place, w in enumerate((w1, w2, w3, w4, w5, w6), start=1):
        # None would mean: not on the way.
        assert w.grad is not None
        print(f"dE/dw{place} {w.grad.item():+.6f}")
        # Downhill.
        w.sub_(LR * w.grad)
    # The same network with the new weights.
    hidden = torch.sigmoid(w1 * x1 + w2 * x2), torch.sigmoid(w3 * x1 + w4 * x2)
    # Its error.
    after = 0.5 * (torch.sigmoid(w5 * hidden[0] + w6 * hidden[1]) - t) ** 2
print(f"E      {after.item():.6f} after one step")
