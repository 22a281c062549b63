"""Gradients as functions: torch.func

`backward()` fills `.grad` of leaves. `torch.func.grad` (as JAX's `grad`) takes a
*function* and returns the function that computes its gradient: nothing is
filled, nothing is accumulated, and the result can be transformed again.

- `grad(grad(f))` is the second derivative;
- `vmap(grad(f))` is the gradient of each sample of a batch by itself, where
  `backward()` gives only their sum.

Inside a transformation tensors are wrapped, and their graph belongs to the
transformation: there is no node of it in the script's own graph. What can be
seen here is the first chapter, by autograd, and the results.

**Notice** that the gradients of the single samples add up to that of the
batch.

Section: 9 Classics
Order: 24
Question: What does vmap give that backward cannot?
"""

import torch
from torch import Tensor
from torch.func import grad, vmap

DEVICE = "cpu"


def squared_error(w: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """The error of a line through 0 at one point."""
    # One number for one point.
    return (w * x - y) ** 2


# %% By autograd
# The slope of the line.
w = torch.tensor(2.0).to(DEVICE).requires_grad_()
# Three points.
x = torch.tensor([1.0, 2.0, 3.0]).to(DEVICE)
# What belongs to them.
y = torch.tensor([3.0, 3.0, 3.0]).to(DEVICE)
# The sum over the points.
# ? Which number will w.grad be?
# = w.grad == 20
squared_error(w, x, y).sum().backward()
# 2 · x · (w x - y), added up.
assert w.grad is not None
print(f"autograd: {w.grad.item():.0f}")

# %% As a function
# Differentiates by the first argument.
slope = grad(squared_error)
# A plain number goes in: no leaf is needed.
number = w.detach()
print(f"grad at the first point: {slope(number, x[0], y[0]).item():.0f}")

# %% Twice
# The second derivative: 2 x².
curvature = grad(slope)(number, x[2], y[2])
print(f"second derivative at the third point: {curvature.item():.0f}")

# %% One gradient a sample
# w for all, x and y one by one.
each = vmap(slope, in_dims=(None, 0, 0))(number, x, y)
# What backward() would have added up.
first, second, third = (gradient.item() for gradient in each)
print(f"a sample each: {first:.0f} {second:.0f} {third:.0f}")
print(f"their sum: {each.sum().item():.0f}")
