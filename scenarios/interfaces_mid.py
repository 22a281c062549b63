"""Three interfaces: a Module

The second way to write the network 2-2-1 with ReLU: a **class** derived from
`nn.Module`. The constructor makes the layers, `forward` says how they are put
together. Every layer that is assigned to an attribute is registered: that is
how `model.parameters()` finds all four tensors.

It shall learn the distance of two numbers, |x1 - x2|, as in `interfaces_low`
(primitives) and `interfaces_high` (Sequential): from the same numbers, with
the same losses.

**Notice** the names of the parameters: `hidden.weight` is the attribute
`hidden` of the model and the attribute `weight` of that layer. In Sequential
the layers are called 0, 1 and 2 instead, and the graph is the same.

Section: 4 Three interfaces
Order: 2
Question: How does the optimizer get to know the parameters of the layers?
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
class Network(nn.Module):
    """Two inputs, two hidden units, one output."""

    def __init__(self) -> None:
        # Must come first: it prepares the list of layers.
        super().__init__()
        # Draws its weights, and then its biases.
        self.hidden = nn.Linear(2, 2)
        # Assigned, and therefore registered.
        self.output = nn.Linear(2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # What is negative becomes 0.
        h = F.relu(self.hidden(x))
        # One number a row.
        return self.output(h)


# Calling it runs forward.
model = Network().to(DEVICE)
# All registered parameters: four.
optimizer = torch.optim.SGD(model.parameters(), lr=LR)

# Every step sees all 32 rows.
for step in range(1, STEPS + 1):
    # %% Forward and error
    # Calls forward.
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
