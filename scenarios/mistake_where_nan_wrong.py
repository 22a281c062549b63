"""where() picks the good branch, and its gradient is NaN

**The belief:** what `torch.where` does not pick has no effect.

On the values it has none. But both branches were computed, and the gradient
goes back through both: to the branch that was not picked goes a gradient of 0.
The square root of 0 has an infinite slope, and 0 · infinity is NaN. So one
sample in which nothing at all went wrong in the forward turns the parameter
into NaN, and with it everything after.

`graphlab check` names the op in which the first NaN came up, and the line.
`mistake_where_nan_right` makes the branch harmless *before* the root.

Section: 10 Misconceptions
Order: 19
Question: Which gradient reaches the root of the sample that was not picked?
"""

import torch

DEVICE = "cpu"
STEPS = 2
LR = 0.1

# %% Data and a parameter
# For the first sample the root would be taken of 0.
x = torch.tensor([0.0, 1.0, 4.0], device=DEVICE)
# What shall come out.
y = torch.tensor([0.0, 2.0, 4.0], device=DEVICE)
# A scale within the root; 4 would be right.
w = torch.tensor(1.0, device=DEVICE).requires_grad_()
# Takes care of it.
optimizer = torch.optim.SGD([w], lr=LR)

# The first step still has a good loss.
for step in range(1, STEPS + 1):
    # None at the start of each step.
    optimizer.zero_grad()

    # %% Forward and error
    # 0 for the first sample.
    scaled = w * x
    # The root of all of them, also of that 0.
    root = torch.sqrt(scaled)
    # Its root is not picked …
    curve = torch.where(scaled > 0, root, torch.zeros_like(root))
    # … and the loss is a good number.
    loss = (curve - y).pow(2).mean()

    # %% Backward and update
    # 0 from where, times the infinite slope of the root.
    # ? What will w.grad be?
    # = w.grad
    # - 0
    # - the gradient of the two good samples
    loss.backward()
    # The parameter becomes NaN.
    optimizer.step()
    print(f"step {step} loss {loss.item():.4f} w {w.item():.4f}")
