"""A gradient where there is none: straight through

Rounding has derivative 0 wherever it has one: nothing gets through, and a
network with a rounding step in it does not learn. The *straight-through
estimator* (Hinton, 2012; Bengio et al., 2013) rounds in the forward and
pretends in the backward that it had not:

    y = x + (round(x) - x).detach()

The value is round(x), for x - x cancels. The detached part is a constant to
autograd, so the derivative is that of x: 1. It is a lie, and a useful one:
quantised networks and discrete codes are trained with it.

**Notice** the two graphs: in the first the way leads through RoundBackward0
and everything behind it is zero. In the second it goes around.

Section: 9 Classics
Order: 25
Question: Which way does the gradient take around the rounding?
"""

import torch

DEVICE = "cpu"
LR = 0.1
STEPS = 10

# %% Rounded, plainly
# A number that shall become 3 when rounded.
x = torch.tensor(0.4).to(DEVICE).requires_grad_()
# 0.
y = torch.round(x)
# Far from what is wanted.
loss = (y - 3) ** 2
# Arrives as -6 at the rounding, and leaves it as 0.
# ? What will x.grad be?
# = x.grad == 0.0
# - None
# - -6
loss.backward()
# Zero, not None: x is part of the graph.
assert x.grad is not None
print(f"plain: gradient {x.grad.item():.0f}")

# %% An optimizer
# Starts anew.
x.grad = None
# The optimizer moves x itself, which is not rounded.
optimizer = torch.optim.SGD([x], lr=LR)
# A few steps are enough.
for _ in range(STEPS):
    # %% Straight through
    # The value of the rounding, with the derivative of x.
    y = x + (torch.round(x) - x).detach()
    # As before.
    loss = (y - 3) ** 2
    # Arrives as 2 · (y - 3), and leaves it as that.
    loss.backward()
    # x moves although its rounded value may stay.
    optimizer.step()
    # For the next step.
    optimizer.zero_grad()
print(f"straight through: x {x.item():.2f}, rounded {torch.round(x).item():.0f}")
