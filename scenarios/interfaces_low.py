"""Three interfaces: primitives

One small network, 2-2-1 with ReLU, written in the three ways that PyTorch
offers. This is the first, from **primitives**: four tensors that require
gradients, and functions of them.

    h = relu(x · W1ᵀ + b1)        y_hat = h · W2ᵀ + b2

It shall learn the distance of two numbers, |x1 - x2|. Two ReLUs are enough
for it: relu(x1 - x2) + relu(x2 - x1).

The other two, `interfaces_mid` (a Module) and `interfaces_high` (Sequential),
start from the same numbers and find the same losses. Compare their graphs:
`graphlab diff interfaces_low interfaces_high`, or `D` in the explorer.

**Notice** that here a transpose and a product stand where a module's graph has
one addmm: other nodes, and the same numbers.

Section: 4 Three interfaces
Order: 1
Question: Which nodes of this graph does the one of the modules not have?
"""

import torch
import torch.nn.functional as F

SEED = 36
DEVICE = "cpu"
STEPS = 40
LR = 0.5

# The same numbers in every run.
torch.manual_seed(SEED)

# %% The data
# 32 pairs of numbers between -1 and 1.
x = torch.empty(32, 2).uniform_(-1, 1).to(DEVICE)
# How far the two are from each other.
y = (x[:, :1] - x[:, 1:]).abs()

# %% The model
# nn.Linear draws from ±1 / √(number of inputs). So do we: two in both layers.
bound = 2**-0.5
# One row a hidden unit, one column an input.
W1 = torch.empty(2, 2).uniform_(-bound, bound).to(DEVICE).requires_grad_()
# One bias a hidden unit.
b1 = torch.empty(2).uniform_(-bound, bound).to(DEVICE).requires_grad_()
# One row for the one output.
W2 = torch.empty(1, 2).uniform_(-bound, bound).to(DEVICE).requires_grad_()
# Its bias.
b2 = torch.empty(1).uniform_(-bound, bound).to(DEVICE).requires_grad_()
# The optimizer has to be told of each.
optimizer = torch.optim.SGD([W1, b1, W2, b2], lr=LR)

# Every step sees all 32 rows.
for step in range(1, STEPS + 1):
    # %% Forward and error
    # What is negative becomes 0.
    h = torch.relu(x @ W1.t() + b1)
    # One number a row.
    y_hat = h @ W2.t() + b2
    # The mean of the squared differences.
    loss = F.mse_loss(y_hat, y)

    # %% Backward
    # Fills the .grad of four tensors.
    loss.backward()

    # %% Update
    # Downhill: against the gradient.
    optimizer.step()
    # backward() adds to what it finds in .grad: it must find nothing.
    optimizer.zero_grad()

    # The loss was measured before this update.
    if step == 1 or step % 10 == 0:
        print(f"step {step:2d} loss {loss.item():.5f}")
