"""A sigmoid neuron, one gate at a time

The staged example of Stanford's course CS231n (*Backpropagation,
intuitions*): a neuron with two inputs and the sigmoid, taken apart into the
smallest gates.

    σ(z) = 1 / (1 + e^-z)        z = w0 · x0 + w1 · x1 + w2

Its last four gates are a change of sign, exp, + 1 and 1 / v. On the way back
the gradient is 1, then -0.534, -0.534, -0.197 and 0.197: one local derivative
after another. All four together are σ · (1 - σ) = 0.197. What one takes for a
gate is a choice; the gradient at the leaves is not.

**Notice** that the second half of the script, with one sigmoid, has a shorter
graph and the same gradients.

Section: 9 Classics
Order: 4
Question: What do the last four gates come to together?
"""

import torch

DEVICE = "cpu"

# %% Weights and inputs
# Two weights and the bias, in double precision.
w = torch.tensor([2, -3, -3], dtype=torch.float64).to(DEVICE).requires_grad_()
# Two inputs. They want gradients here, to be looked at.
x = torch.tensor([-1, -2], dtype=torch.float64).to(DEVICE).requires_grad_()

# %% Forward, gate by gate
# 4: two products and their sum.
weighted = w[0] * x[0] + w[1] * x[1]
# 1: the bias is -3.
z = weighted + w[2]
# -1.
negative = -z
# 0.367879.
power = torch.exp(negative)
# 1.367879.
above_one = power + 1
# 0.731059: the sigmoid of 1.
sigma = above_one.reciprocal()
# What the course writes below the wires: kept, to be printed.
for inner in (z, negative, power, above_one):
    # Inner nodes forget their gradient unless they are asked to keep it.
    inner.retain_grad()

# %% Backward
# -1 / v², then 1, then e^-z, then -1.
# ? Which gradient has the bias, w[2]? It is σ · (1 - σ), with σ = 0.731.
# = w.grad[2] == 0.19661
sigma.backward()
print(f"sigma {sigma.item():.6f}")
# From the last gate to the first.
for inner in (above_one, power, negative, z):
    # None would mean: not on the way.
    assert inner.grad is not None
    print(f"staged {inner.grad.item():.6f}")
# Both leaves were reached.
assert w.grad is not None and x.grad is not None
# One number a weight.
for place in range(3):
    print(f"w{place} {w.grad[place].item():.6f}")
# One number an input.
for place in range(2):
    print(f"x{place} {x.grad[place].item():.6f}")

# %% With the sigmoid as one gate
# The same numbers, as new leaves.
w, x = w.detach().clone().requires_grad_(), x.detach().clone().requires_grad_()
# Four gates have become one.
short = torch.sigmoid(w[0] * x[0] + w[1] * x[1] + w[2])
# Its local derivative is σ · (1 - σ).
short.backward()
# Filled again.
assert w.grad is not None
print(f"once more: w0 {w.grad[0].item():.6f}")
