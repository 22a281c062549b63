"""Gradients zeroed at each step: the four steps of training

What `mistake_zero_grad_wrong` forgets: `optimizer.zero_grad()` before each
backward. It sets every `.grad` to `None` (that is quicker than writing zeros,
and says more clearly that there is no gradient), so the backward's sum begins
anew. Now the same learning rate walks straight to the minimum: each step
leaves 1 - 2 · 0.3 = 0.4 of the distance.

Anywhere between two steps will do: before the forward, as here, or after the
update. Between backward and update it would throw the new gradient away.

Section: 10 Misconceptions
Order: 8
Question: What does backward find in .grad at each step?
"""

import torch

DEVICE = "cpu"
STEPS = 6
LR = 0.3

# %% One parameter
# It should become 3.
w = torch.tensor(0.0, device=DEVICE).requires_grad_()
# It will do w -= LR * w.grad, and nothing else.
optimizer = torch.optim.SGD([w], lr=LR)

# Six steps.
for step in range(1, STEPS + 1):
    # %% Forward and error
    # None, where a gradient of the step before was.
    optimizer.zero_grad()
    # The distance, squared.
    loss = (w - 3.0) ** 2

    # %% Backward
    # None plus the gradient is the gradient.
    loss.backward()

    # %% Update
    # Goes by this step alone.
    optimizer.step()
    print(f"step {step} loss {loss.item():.4f} w {w.item():.4f}")
