"""A leaf changed in place: torch refuses

**The belief:** an update is one subtraction, so `w -= LR * w.grad` will do.

It is, but autograd watches. A leaf that requires a gradient is where the graph
begins: its `.grad` is the derivative with respect to *that* value. If the
subtraction itself were recorded, `w` would be no leaf any more but the result
of an op, and the next backward would walk through all updates there ever were.
So torch raises `RuntimeError` at once, before anything is changed.

`mistake_leaf_in_place_right` tells autograd to look away.

Raises: RuntimeError
Section: 10 Misconceptions
Order: 3
Question: What would w be after a subtraction that autograd has recorded?
"""

import torch

DEVICE = "cpu"
LR = 0.1

# %% A leaf
# The number to be learnt.
w = torch.tensor(1.0, device=DEVICE).requires_grad_()

# %% Forward and backward
# How far w is from 3, squared.
loss = (w - 3.0) ** 2
# 2 (w - 3) = -4.
loss.backward()
# So the loss falls where w grows.
assert w.grad is not None
print(f"gradient {w.grad.item():.1f}")

# %% Update
# In place, while autograd records: this line raises.
w -= LR * w.grad
print("never printed")
