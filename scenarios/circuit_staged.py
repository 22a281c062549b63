"""A function that nobody would differentiate by hand

Stanford's course CS231n (*Backpropagation, intuitions*) takes a function of
no use at all, so that nobody is tempted to write down its derivative as a
formula:

    f(x, y) = (x + σ(y)) / (σ(x) + (x + y)²)        at (3, -4)

One does not have to. Cut into stages whose derivatives are easy, it is
differentiated stage by stage, the last one first: f = 1.545645, with
∂f/∂x = 2.059570 and ∂f/∂y = 1.592233.

**Notice** that x is used three times: in the numerator, in σ(x), and in the
square. Its gradient is the sum of what comes back on three paths, as the
multivariable chain rule has it.

Section: 9 Classics
Order: 5
Question: What does each of the three paths contribute to the gradient of x?
"""

import torch

DEVICE = "cpu"

# %% The point
# Double precision, for six digits.
x = torch.tensor(3.0, dtype=torch.float64).to(DEVICE).requires_grad_()
# The second coordinate.
y = torch.tensor(-4.0, dtype=torch.float64).to(DEVICE).requires_grad_()

# %% The numerator
# Close to 0, for y is well below it.
sigma_y = torch.sigmoid(y)
# First use of x.
numerator = x + sigma_y

# %% The denominator
# Second use of x.
sigma_x = torch.sigmoid(x)
# Third use of x, second of y.
x_plus_y = x + y
# Its local derivative is 2 · (x + y) = -2.
square = x_plus_y**2
# What the numerator is divided by.
denominator = sigma_x + square

# %% The quotient
# A quotient has two local derivatives: 1 / v, and -u / v².
f = numerator / denominator

# %% Backward
# Nine nodes, each with a derivative that one knows by heart.
f.backward()

# %% The figures
print(f"f     {f.item():.6f}")
# Filled by the pass above.
assert x.grad is not None and y.grad is not None
print(f"df/dx {x.grad.item():.6f}")
print(f"df/dy {y.grad.item():.6f}")
