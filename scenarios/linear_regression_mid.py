"""Linear regression, with a module

The same line, days and numbers as in `linear_regression_low`:

    y_hat = w * x + b        E = ½ Σ (y - y_hat)²

This is the **middle** level: the model becomes an `nn.Module` of our own. A
module knows its parameters, because an `nn.Parameter` assigned to `self` is
registered under its name. So the update can go over all of them, however
many there are, and `zero_grad()` empties all their gradients in one call.

**Notice** that the graph is node for node that of the low level. A module
only gives the numbers a home: the computation is still the line of code in
`forward`.

Section: 5 Regression and classification
Order: 2
Question: What changes in the graph when the parameters live in a module?
"""

import torch
from torch import nn

SEED = 0
DEVICE = "cpu"
DAYS = 50
STEPS = 30
LR = 0.002

# The same seed draws the same days and the same first line in every run.
torch.manual_seed(SEED)

# %% The data
# Today's temperatures, from -5 to 5 °C: one day a row.
x = torch.empty(DAYS, 1).uniform_(-5, 5).to(DEVICE, torch.float64)
# What no line can know: half a degree of noise.
noise = torch.empty(DAYS, 1).normal_(0, 0.5).to(DEVICE, torch.float64)
# Tomorrow's temperatures. Training must find 0.8 and 3 again.
y = 0.8 * x + 3 + noise


# %% The model
# A class of our own: what it holds, and how it computes.
class Line(nn.Module):
    """A straight line with a slope w and a height b."""

    def __init__(self) -> None:
        # Must come first: it prepares the list of parameters.
        super().__init__()
        # An nn.Parameter is a tensor that requires a gradient by itself.
        self.w = nn.Parameter(torch.empty(1).uniform_(-1, 1))
        # The module registers it under the name "b".
        self.b = nn.Parameter(torch.empty(1).uniform_(-1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # Runs when the model is called: model(x).
        return self.w * x + self.b


# The whole model moves, and changes precision, in one call.
model = Line().to(DEVICE, torch.float64)
# The line before any training.
print(f"start    y_hat = {model.w.item():.4f} x + {model.b.item():.4f}")

# Every step sees all 50 days: full batch.
for step in range(1, STEPS + 1):
    # %% Forward and error
    # One guess a day, computed by the module's forward.
    y_hat = model(x)
    # Half the sum of the squares, still written out.
    loss = 0.5 * ((y - y_hat) ** 2).sum()

    # %% Backward
    # Fills in the .grad of every parameter of the module.
    loss.backward()

    # %% Update
    # The update is no part of the model, so it must not join the graph.
    with torch.no_grad():
        # The module lists its parameters: first w, then b.
        for parameter in model.parameters():
            # None would mean that the loss does not depend on it.
            assert parameter.grad is not None
            # Downhill: against the gradient. sub_ subtracts in place.
            parameter.sub_(LR * parameter.grad)
    # Forgets all gradients, or the next backward() would add to them.
    model.zero_grad()

    # The loss was measured before this update.
    if step == 1 or step % 5 == 0:
        print(f"step {step:3d} loss {loss.item():.6f}")

# %% The line that was found
# The same as in the other two levels.
print(f"end      y_hat = {model.w.item():.4f} x + {model.b.item():.4f}")
