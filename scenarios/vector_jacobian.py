"""A result that is no number: the gradient argument

The example of PyTorch's *60 Minute Blitz* (pytorch.org/tutorials, *A Gentle
Introduction to torch.autograd*): Q = 3a³ - b² for a = (2, 3), b = (6, 4).
Q has two entries, so there is no *the* gradient: there is a Jacobian matrix J
of 2 × 2 derivatives.

`backward(gradient=v)` computes vᵀ · J, and never J itself. With v = (1, 1)
that is the gradient of Q[0] + Q[1]:

    ∂/∂a = 9a² = (36, 81)        ∂/∂b = -2b = (-12, -8)

Other v give other mixtures: (1, 0) picks the first row of J. A loss that is
one number is the case where v has one entry, and it is 1.

**Notice** the first gradient of the backward: it is v, given from outside,
where a loss starts with 1.

Section: 9 Classics
Order: 9
Question: With which v would only the first entry of Q count?
"""

import torch

DEVICE = "cpu"

# %% Two vectors
# Two entries, two derivatives.
a = torch.tensor([2.0, 3.0]).to(DEVICE).requires_grad_()
# The same for b.
b = torch.tensor([6.0, 4.0]).to(DEVICE).requires_grad_()

# %% A result with two entries
# (-12, 65). Entry i depends on a[i] and b[i] alone, so J is diagonal.
Q = 3 * a**3 - b**2

# %% Backward, with a direction
# How much each entry of the result counts.
v = torch.tensor([1.0, 1.0]).to(DEVICE)
# Without the argument, torch refuses: Q is not a scalar.
# ? What will a.grad[0] be?
# = a.grad[0] == 36.0
Q.backward(gradient=v)

# %% The figures
# Filled by the pass above.
assert a.grad is not None and b.grad is not None
# Two places, four derivatives.
for place in range(2):
    print(f"Q[{place}] {Q[place].item():.0f}")
    print(f"dQ/da[{place}] {a.grad[place].item():.0f}")
    print(f"dQ/db[{place}] {b.grad[place].item():.0f}")
