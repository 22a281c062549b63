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

# %% As drawn
# Every weight a standard normal number: variance 1.
W_h = drawn_h.clone().requires_grad_()
# The same for the weights of the input.
W_x = drawn_x.clone().requires_grad_()
# 10 + 20 products a unit: the variances add up.
wide = W_x @ x + W_h @ prev_h
# No leaf: it must be asked to keep what comes back.
wide.retain_grad()
# Numbers like -5 or 7 go in: tanh is flat there.
squashed = wide.tanh()
# The loss of rnn_cell: 1 goes back to each unit, and the slope of tanh is what
# is left of it.
squashed.sum().backward()
# None would mean: not on the way.
assert wide.grad is not None
# Units whose slope is all but nothing.
# ? How many of the 20 units are flat, with a slope below 0.02?
# = flat == 10
flat = int((wide.grad < 0.02).sum().item())
print(f"as drawn  variance {wide.var().item():5.2f}", end="  ")
print(f"flat units {flat:2d} of {wide.numel()}")

# %% Well scaled
# Divided by √20, the number of columns: variance 1 / 20.
scaled_h = (drawn_h / 20**0.5).requires_grad_()
# Divided by √10: variance 1 / 10.
scaled_x = (drawn_x / 10**0.5).requires_grad_()
# As many products as before, each smaller by as much as there are more of them.
narrow = scaled_x @ x + scaled_h @ prev_h
# Kept, to be compared with the first cell's.
narrow.retain_grad()
# Numbers between -2 and 2: the middle of tanh.
bent = narrow.tanh()
# The same loss.
bent.sum().backward()
# None would mean: not on the way.
assert narrow.grad is not None
# The same count for this cell.
# ? How many of its 20 units are flat?
# = few == 0
few = int((narrow.grad < 0.02).sum().item())
print(f"scaled    variance {narrow.var().item():5.2f}", end="  ")
print(f"flat units {few:2d} of {narrow.numel()}")

# %% What arrives at the weights
# Row i of the gradient of W_h is the slope of unit i times prev_h: a flat unit
# has a silent row.
assert W_h.grad is not None and scaled_h.grad is not None
# Rows with hardly any gradient: these units do not learn, whatever the loss.
silent = int((W_h.grad.abs().amax(dim=1) < 0.02).sum().item())
# In the second cell every row hears something.
silent_too = int((scaled_h.grad.abs().amax(dim=1) < 0.02).sum().item())
print(f"rows of W_h with hardly any gradient: {silent} against {silent_too}")
