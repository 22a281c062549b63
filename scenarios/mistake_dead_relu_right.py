"""Living ReLU: biases that begin at 0

What `mistake_dead_relu_wrong` wants, done right: the biases begin at 0, so
each unit is positive for about half of the samples, and through these it
learns. All four parameters get a gradient at every step.

Where units die in the middle of training, a smaller learning rate helps, a
normalisation before the ReLU, or a cousin that keeps a slope on the negative
side: LeakyReLU, ELU, GELU.

**Notice** that a ReLU which is 0 for *some* samples is not dead but doing its
work: that is how a network tells them apart.

Section: 10 Misconceptions
Order: 24
Question: For how many samples must a unit be positive to learn?
"""

import torch

SEED = 0
DEVICE = "cpu"
STEPS = 5
LR = 0.05

# The same numbers in every run.
torch.manual_seed(SEED)

# %% Data and weights
# Thirty-two samples of two numbers.
x = torch.randn(32, 2).to(DEVICE)
# The square of their distance from 0.
y = x.pow(2).sum(dim=1)
# Two numbers to six hidden units.
W1 = torch.randn(2, 6).to(DEVICE).requires_grad_()
# On the edge: x @ W1 decides.
b1 = torch.zeros(6, device=DEVICE).requires_grad_()
# Six hidden units to one number.
w2 = torch.randn(6).to(DEVICE).requires_grad_()
# The last bias.
b2 = torch.zeros((), device=DEVICE).requires_grad_()
# Takes care of all four.
optimizer = torch.optim.SGD([W1, b1, w2, b2], lr=LR)

# Five steps.
for step in range(1, STEPS + 1):
    # None at the start of each step.
    optimizer.zero_grad()

    # %% Forward and error
    # Some units for some samples.
    h = torch.relu(x @ W1 + b1)
    # The units that speak have their say.
    loss = (h @ w2 + b2 - y).pow(2).mean()

    # %% Backward and update
    # Through the units that speak.
    loss.backward()
    # Moves all four.
    optimizer.step()
    # Units that speak for at least one sample.
    alive = (h > 0).any(dim=0).sum().item()
    print(f"step {step} loss {loss.item():.4f} units alive {alive:.0f} of 6")
