"""Three interfaces: Sequential

The third way to write the network 2-2-1 with ReLU: a list of layers that run
one after another, `nn.Sequential`. Nothing has to be said of `forward`, and
nothing can be: a network with a branch or a loop needs a Module.

It shall learn the distance of two numbers, |x1 - x2|, as in `interfaces_low`
(primitives) and `interfaces_mid` (a Module): from the same numbers, with the
same losses.

**Notice** that all three print the same. An interface is a way to write a
graph down; the graph itself, and its gradients, are what counts.

Section: 4 Three interfaces
Order: 3
Question: What can a Module do that Sequential cannot?
"""

import torch
import torch.nn.functional as F
from torch import nn

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
# Three layers; the one in the middle has no parameters.
model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1)).to(DEVICE)
# All parameters of all layers: four.
optimizer = torch.optim.SGD(model.parameters(), lr=LR)

# Every step sees all 32 rows.
for step in range(1, STEPS + 1):
    # %% Forward and error
    # Runs the three layers, one after another.
    y_hat = model(x)
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
