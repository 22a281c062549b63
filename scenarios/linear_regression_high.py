"""Linear regression, ready-made

The same line, days and numbers as in `linear_regression_low`:

    y_hat = w * x + b        E = ½ Σ (y - y_hat)²

This is the **high** level, as such a program is written in practice. Each
piece that was written by hand before has a name in PyTorch:

| by hand | ready-made |
| --- | --- |
| w * x + b | `nn.Linear(1, 1)`, in an `nn.Sequential` |
| Σ (y - y_hat)² | `nn.MSELoss(reduction="sum")` |
| `w -= LR * w.grad`, `w.grad = None` | `torch.optim.SGD` |

**Notice** that the losses are those of the other two levels, but the graph
has 6 nodes instead of 8: a ready-made part is fewer, larger nodes.

Section: 5 Regression and classification
Order: 2
Question: Which nodes of the low level does each ready-made part replace?
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
# One input, one output: a weight and a bias, each drawn from -1 to 1.
model = nn.Sequential(nn.Linear(1, 1)).to(DEVICE, torch.float64)
# reduction="sum": without it, MSELoss takes the mean over the days.
criterion = nn.MSELoss(reduction="sum")
# Plain gradient descent on all parameters of the model.
optimizer = torch.optim.SGD(model.parameters(), lr=LR)
# The line before any training: its weight is w, its bias is b.
w, b = [parameter.item() for parameter in model.parameters()]
print(f"start    y_hat = {w:.4f} x + {b:.4f}")

# Every step sees all 50 days: full batch.
for step in range(1, STEPS + 1):
    # %% Forward and error
    # One guess a day. Addmm multiplies and adds; T turns the weight for it.
    y_hat = model(x)
    # The ½ is not in MSELoss, so it stays ours.
    loss = 0.5 * criterion(y_hat, y)

    # %% Backward
    # The same call at every level.
    loss.backward()

    # %% Update
    # For each parameter: minus LR times its gradient.
    optimizer.step()
    # Forgets all gradients, or the next backward() would add to them.
    optimizer.zero_grad()

    # The loss was measured before this update.
    if step == 1 or step % 5 == 0:
        print(f"step {step:3d} loss {loss.item():.6f}")

# %% The line that was found
# The same as in the other two levels.
w, b = [parameter.item() for parameter in model.parameters()]
print(f"end      y_hat = {w:.4f} x + {b:.4f}")
