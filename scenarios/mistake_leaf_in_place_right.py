"""The update outside the graph: no_grad

What `mistake_leaf_in_place_wrong` wants, done right. The update is no part of
the model, so it stands under `torch.no_grad()`: no op of it is recorded, `w`
stays the same leaf, and the next forward builds a new graph on the new value.
This is what every optimizer of `torch.optim` does inside `step()`.

`w = w - LR * w.grad` under `no_grad` would be another mistake: it makes a *new*
tensor that requires no gradient, and the leaf is forgotten. It is changing
**in place** that keeps the leaf.

Section: 10 Misconceptions
Order: 4
Question: Is w still the same leaf after the update?
"""

import torch

DEVICE = "cpu"
STEPS = 3
LR = 0.1

# %% A leaf
# The number to be learnt.
w = torch.tensor(1.0, device=DEVICE).requires_grad_()

# Three steps downhill.
for step in range(1, STEPS + 1):
    # %% Forward and backward
    # How far w is from 3, squared.
    loss = (w - 3.0) ** 2
    # 2 (w - 3).
    loss.backward()

    # %% Update
    # Nothing in this block is recorded.
    with torch.no_grad():
        # There is one, for the loss depends on w.
        assert w.grad is not None
        # In place: the leaf stays, its value moves.
        w -= LR * w.grad
        # Backward adds to what it finds.
        w.grad = None
    print(f"step {step} loss {loss.item():.4f} w {w.item():.4f}")
