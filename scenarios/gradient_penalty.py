"""The gradient of a gradient: a penalty

Some losses contain a gradient. The critic of a WGAN-GP (Gulrajani et al.,
2017) shall have a slope of length 1 with respect to its input, so its loss
has the term (|∂critic/∂x| - 1)². To train with it one must differentiate a
gradient: `create_graph=True` tells autograd to build a graph *of the backward
itself*.

The second backward then goes through both graphs: through the nodes that the
first backward made, and from these into the forward.

**Notice** the ops between the two backwards, such as the derivative of tanh:
no line of the script has written them. The first backward did.

Section: 9 Classics
Order: 22
Question: Which node of the first backward made which of the second?
"""

import torch
from torch import nn

SEED = 0
DEVICE = "cpu"

# The same critic in every run.
torch.manual_seed(SEED)

# %% A critic
# Two layers, and tanh between them: its second derivative is not 0.
first, last = nn.Linear(2, 8), nn.Linear(8, 1)
# One score a row.
critic = nn.Sequential(first, nn.Tanh(), last).to(DEVICE)
# Inputs, of which we want the slope.
x = torch.randn(4, 2).to(DEVICE).requires_grad_()

# %% The slope: a first backward
# One score a row.
scores = critic(x)
# Returned, not added to .grad; and with a graph of its own.
(slope,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
# It has a grad_fn: it can be differentiated again.
print(f"slope has a graph: {slope.grad_fn is not None}")

# %% The penalty
# How far the length of each slope is from 1.
penalty = (slope.norm(dim=1) - 1).pow(2).mean()
print(f"penalty {penalty.item():.6f}")

# %% The second backward
# Through the slope into the weights.
penalty.backward()
# The first layer's weights are in it twice: as weights, and inside tanh.
gradient = first.weight.grad
# None would mean: not on the way.
assert gradient is not None
print(f"gradient of the first layer {gradient.norm().item():.6f}")

# %% What has none
# The last bias moves all scores, and no slope.
print(f"last bias: {last.bias.grad}")
