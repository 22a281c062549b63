"""Features with their history: the encoder learns too

What `mistake_detach_wrong` wants, done right: the absolute value is an op of
torch, so it is a node of the graph like any other, with a local rule (the sign
of its input) by which the gradient goes on to the encoder.

Where a function really exists in numpy alone, a `torch.autograd.Function` with
a backward of its own brings it into the graph; `legendre` shows one. And where
features are meant to be fixed, `requires_grad_(False)` on the encoder says so
better than a cut in the middle.

Section: 10 Misconceptions
Order: 12
Question: By which rule does the gradient pass the absolute value?
"""

import torch

SEED = 0
DEVICE = "cpu"
STEPS = 4
LR = 0.1

# The same numbers in every run.
torch.manual_seed(SEED)

# %% Data and model
# Sixteen samples of three numbers, and their answers.
x, y = torch.randn(16, 3).to(DEVICE), torch.randn(16, 1).to(DEVICE)
# From three numbers to four features …
encoder = torch.nn.Linear(3, 4).to(DEVICE)
# … and from these to the answer.
head = torch.nn.Linear(4, 1).to(DEVICE)
# All four tensors are in its care.
optimizer = torch.optim.SGD([*encoder.parameters(), *head.parameters()], lr=LR)
# What the encoder begins with.
before = encoder.weight.detach().clone()

# Four steps.
for step in range(1, STEPS + 1):
    # None at the start of each step.
    optimizer.zero_grad()

    # %% Forward and error
    # A node of the graph, with the encoder behind it.
    features = encoder(x).abs()
    # The graph goes on through the head.
    loss = (head(features) - y).pow(2).mean()

    # %% Backward and update
    # Through the head to the encoder.
    loss.backward()
    # Moves all four tensors.
    optimizer.step()
    print(f"step {step} loss {loss.item():.4f}")

# %% What has been learnt
# How far the encoder has come.
moved = (encoder.weight - before).abs().max().item()
print(f"the encoder has moved by {moved:.4f}")
