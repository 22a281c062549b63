"""where() before the root: the slope stays finite

What `mistake_where_nan_wrong` wants, done right: `torch.where` twice. The inner
one replaces what the root cannot bear by a harmless number, here 1; the outer
one picks the result, as before. The branch that is not picked still gets a
gradient of 0, and now 0 times a finite slope is 0.

The same recipe helps with `log` of 0, a division by 0, `acos` at 1 and norms
of zero vectors: clean the **input**, not the output.

Section: 10 Misconceptions
Order: 20
Question: Why is one where not enough?
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

# Both steps have a good loss.
for step in range(1, STEPS + 1):
    # None at the start of each step.
    optimizer.zero_grad()

    # %% Forward and error
    # 0 for the first sample.
    scaled = w * x
    # A harmless 1 stands where the 0 was.
    safe = torch.where(scaled > 0, scaled, torch.ones_like(scaled))
    # The root of all of them, and every slope is finite.
    root = torch.sqrt(safe)
    # The 1 is not picked.
    curve = torch.where(scaled > 0, root, torch.zeros_like(root))
    # The same good number.
    loss = (curve - y).pow(2).mean()

    # %% Backward and update
    # 0 from where, times a slope of ½.
    loss.backward()
    # Towards 4.
    optimizer.step()
    print(f"step {step} loss {loss.item():.4f} w {w.item():.4f}")
