"""A custom Function: fitting a sine with a Legendre polynomial

The last example of PyTorch's *Learning PyTorch with Examples*
(pytorch.org/tutorials, Justin Johnson): sin x between -π and π is fitted with

    y = a + b · P3(c + d · x)        P3(z) = ½ (5z³ - 3z)

P3 is written as an `autograd.Function`: an op whose forward *and* backward are
our own. Its backward is the derivative times the upstream gradient,
1.5 · (5z² - 1) · ∂L/∂y, with z taken from what the forward has saved.

**Notice** that autograd does not check it. A wrong backward gives wrong
gradients and no error: compare with `torch.autograd.gradcheck`, as the last
chapter does.

Section: 9 Classics
Order: 10
Question: What does the node of P3 save for its backward?
"""

import math
from typing import Any

import torch

DEVICE = "cpu"
STEPS = 20
LR = 5e-6
POINTS = 2000


class LegendrePolynomial3(torch.autograd.Function):
    """½ (5z³ - 3z), and its derivative."""

    @staticmethod
    def forward(ctx: Any, z: torch.Tensor) -> torch.Tensor:
        # Kept for the backward, and checked against changes in place.
        ctx.save_for_backward(z)
        # The polynomial itself. No graph is made in here.
        value: torch.Tensor = 0.5 * (5 * z**3 - 3 * z)
        # Its node is made when this returns.
        return value

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor) -> torch.Tensor:
        # What the forward has saved.
        (z,) = ctx.saved_tensors
        # The local derivative …
        slope: torch.Tensor = 1.5 * (5 * z**2 - 1)
        # … times the upstream gradient.
        return upstream * slope


# A Function is called by its apply.
legendre: Any = LegendrePolynomial3.apply

# %% The data
# Two thousand places between -π and π.
x = torch.linspace(-math.pi, math.pi, POINTS).to(DEVICE)
# What is to be found there.
y = torch.sin(x)

# %% The four numbers
# The tutorial starts close to a solution.
a = torch.full((), 0.0).to(DEVICE).requires_grad_()
# Stretches the polynomial.
b = torch.full((), -1.0).to(DEVICE).requires_grad_()
# Moves its input.
c = torch.full((), 0.0).to(DEVICE).requires_grad_()
# Stretches its input.
d = torch.full((), 0.3).to(DEVICE).requires_grad_()

# 2000 steps in the tutorial: --steps 2000.
for step in range(STEPS):
    # %% Forward and error
    # The node of P3 is made in here.
    guess = a + b * legendre(c + d * x)
    # The sum of the squares, not their mean: so the rate is tiny.
    loss = (guess - y).pow(2).sum()
    # The steps that the tutorial prints, and the first.
    if step == 0 or step % 100 == 99:
        print(f"step {step:4d} loss {loss.item():.6f}")

    # %% Backward
    # Runs our backward in the middle of torch's own.
    loss.backward()

    # %% Update
    # No part of the model.
    with torch.no_grad():
        # The four numbers.
        for leaf in (a, b, c, d):
            # None would mean that the loss does not depend on it.
            assert leaf.grad is not None
            # Downhill.
            leaf.sub_(LR * leaf.grad)
            # The next backward adds to what it finds.
            leaf.grad = None

# %% Is the backward right?
# A few places in double precision, where differences are sharp.
places = torch.linspace(-1, 1, 5, dtype=torch.float64)
# gradcheck compares with (f(z + ε) - f(z - ε)) / 2ε at each of them.
places.requires_grad_()
# True, or an error that says where they differ.
is_right = torch.autograd.gradcheck(legendre, places)
print(f"a {a.item():.6f} b {b.item():.6f} c {c.item():.6f} d {d.item():.6f}")
print(f"backward is right: {is_right}")
