"""Gradient accumulation: four small batches, or one large

When a batch does not fit into memory, one runs several small ones and lets
`backward()` add up their gradients in `.grad`, with one update at the end. As
the loss is a mean, each small loss is divided by their number.

The result is that of the large batch, *but for rounding*: 64 numbers added up
in one order, or in four groups of 16, give sums that differ in the last bits.
Both are as right as the other; they are just not the same bits. In double
precision the difference is a billion times smaller.

**Notice** the accumulate events: four in a row on each parameter, and
`zero_grad` only after the update. Forget to divide and the step is four times
too large. Forget `zero_grad` and every update drags all earlier ones along.

Section: 9 Classics
Order: 20
Question: Why are the two gradients not equal to the bit?
"""

import torch
from torch import nn

SEED = 0
DEVICE = "cpu"
PARTS = 4
LR = 0.1

# The same data and weights in every run.
torch.manual_seed(SEED)

# %% Data and model
# 64 rows of ten numbers.
x = torch.randn(64, 10).to(DEVICE)
# What is to be found.
y = torch.randn(64, 1).to(DEVICE)
# One linear layer.
model = nn.Linear(10, 1).to(DEVICE)
# Plain gradient descent.
optimizer = torch.optim.SGD(model.parameters(), lr=LR)

# %% One large batch
# The mean over 64 rows.
loss = (model(x) - y).pow(2).mean()
# One backward.
loss.backward()
# A copy: .grad is about to be used again.
assert model.weight.grad is not None
# Kept for the comparison.
large = model.weight.grad.clone()
# Emptied, without an update.
# ? Will model.weight.grad be None afterwards?
# = model.weight.grad is None
optimizer.zero_grad()

# %% Four small batches
# 16 rows at a time.
for rows, answers in zip(x.chunk(PARTS), y.chunk(PARTS), strict=True):
    # The mean over 16 rows, and a quarter of it.
    loss = (model(rows) - answers).pow(2).mean() / PARTS
    # Adds to what .grad holds.
    loss.backward()
# Four summands have come together.
assert model.weight.grad is not None
# The largest difference between the two ways.
difference = (model.weight.grad - large).abs().max().item()
# The same bits?
is_same = bool((model.weight.grad == large).all())
print(f"same bits: {is_same}")
print(f"close: {difference < 1e-6}")

# %% The update
# One for all four.
optimizer.step()
# Only now.
optimizer.zero_grad()
