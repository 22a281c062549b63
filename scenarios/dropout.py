"""Dropout: the same mask, forward and backward

Dropout (Srivastava et al., 2014) sets each number to 0 with probability p and
divides the others by 1 - p, so that the expected value stays. The mask is
drawn in the forward and *saved*: the backward multiplies by the same mask. A
number that was dropped has no say in the loss, so its gradient is 0.

In evaluation dropout does nothing, and its node is not even in the graph.

**Notice** that the gradient here *is* the mask: the loss is a plain sum, so
1 comes in and 0 or 1 / (1 - p) goes out.

Section: 9 Classics
Order: 15
Question: What must dropout remember from its forward?
"""

import torch
from torch import nn

SEED = 0
DEVICE = "cpu"
P = 0.5

# The mask is drawn from this generator.
torch.manual_seed(SEED)

# %% A layer of ones
# Ten numbers, so that the result shows the mask.
x = torch.ones(10).to(DEVICE).requires_grad_()
# A module knows whether it is training.
dropout = nn.Dropout(P)

# %% Training
# Some are 0, the others 1 / (1 - p).
# ? Which numbers can y hold, if half of the ones are dropped?
# = "0 and 2"
# - "0 and 1"
# - "0 and 0.5"
y = dropout(x)
# The loss counts what is left.
y.sum().backward()
# The mask once more.
assert x.grad is not None
# 0 where the number was dropped, and the same factor elsewhere.
is_same = bool((x.grad == y).all())
# How many have survived.
kept = (y > 0).sum().item()
print(f"kept {kept:.0f} of {x.numel()}, each times {1 / (1 - P):.0f}")
print(f"gradient equals the mask: {is_same}")

# %% Evaluation
# The same numbers, as a new leaf.
x = torch.ones(10).to(DEVICE).requires_grad_()
# From now on nothing is dropped.
dropout.eval()
# The very same tensor: no op, no node.
y = dropout(x)
# A gradient of 1 everywhere.
y.sum().backward()
# Filled again.
assert x.grad is not None
# Nothing is dropped.
smallest, largest = x.grad.min().item(), x.grad.max().item()
print(f"evaluation: gradient between {smallest:.0f} and {largest:.0f}")
