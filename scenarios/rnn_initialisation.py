"""Two cells side by side: saturated, and well scaled

The cell of `rnn_cell` twice, with the same random numbers. The first uses them
as they are, with variance 1. The second divides each matrix by the root of
its number of columns (as Glorot and Bengio taught in 2010): a sum of n
products then has about the variance of one.

    variance of the pre-activation: 10 + 20 = 30    against    1 + 1 = 2

tanh of the first is almost -1 or 1 at half of the units, and its slope 1 -
tanh² almost 0. The second works where tanh is steep.

**Notice** the gradient that arrives at each pre-activation: one number a unit,
the slope of tanh there. In the first cell half of them are less than 0.02.

Section: 2 Computational graphs
Order: 4
Question: How many units of each cell can still learn?
"""

import torch

SEED = 0
DEVICE = "cpu"

# The same numbers for both cells.
torch.manual_seed(SEED)

# %% One set of numbers
# The input and the state before.
x, prev_h = torch.randn(10, 1).to(DEVICE), torch.randn(20, 1).to(DEVICE)
# What both cells make their weights of.
drawn_h, drawn_x = torch.randn(20, 20).to(DEVICE), torch.randn(20, 10).to(DEVICE)


def report(name: str, before: torch.Tensor, after: torch.Tensor) -> None:
    """Print how much of a cell can still learn."""
    # What has come back to the pre-activations: the slope of tanh.
    slope = before.grad
    # None would mean: not on the way.
    assert slope is not None
    # Units whose slope is all but nothing.
    flat = int((slope < 0.02).sum().item())
    print(f"{name:9} variance {before.var().item():5.2f}", end="  ")
    print(f"flat units {flat:2d} of {after.numel()}")


# %% As drawn
# Variance 1.
W_h = drawn_h.clone().requires_grad_()
# Variance 1.
W_x = drawn_x.clone().requires_grad_()
# A sum of 30 products.
before = W_x @ x + W_h @ prev_h
# Kept, to be looked at.
before.retain_grad()
# Squashed to almost ±1.
after = before.tanh()
# The same loss as in rnn_cell.
after.sum().backward()
# Half of the units are flat.
report("as drawn", before, after)

# %% Well scaled
# Variance 1 / 20.
scaled_h = (drawn_h / 20**0.5).requires_grad_()
# Variance 1 / 10.
scaled_x = (drawn_x / 10**0.5).requires_grad_()
# The same sum, with smaller terms.
before = scaled_x @ x + scaled_h @ prev_h
# Kept, to be looked at.
before.retain_grad()
# In the middle of tanh.
after = before.tanh()
# The same loss.
after.sum().backward()
# Nearly all units can learn.
report("scaled", before, after)

# %% What arrives at the weights
# Filled by both passes.
assert W_h.grad is not None and scaled_h.grad is not None
# Rows with hardly any gradient.
silent = int((W_h.grad.abs().amax(dim=1) < 0.02).sum().item())
# The same for the second cell.
silent_too = int((scaled_h.grad.abs().amax(dim=1) < 0.02).sum().item())
print(f"rows of W_h with hardly any gradient: {silent} against {silent_too}")
