"""Softmax twice: cross_entropy already has one

**The belief:** a classifier ends in a softmax, and then comes the loss.

`cross_entropy` expects *scores*: it takes their softmax itself, in a form that
cannot overflow. Given probabilities it squeezes them once more. All of them
lie between 0 and 1, so even a perfect answer, (1, 0, 0), comes out of the
second softmax as no more than 0.58. The loss cannot fall below 0.55, and the
gradient has crossed two softmaxes: it is small, and learning is slow.

Nothing looks wrong but that. `graphlab check` finds the two in one graph.
`mistake_softmax_twice_right` hands over the scores.

Section: 10 Misconceptions
Order: 17
Question: What is the smallest loss that this network can reach?
"""

import torch

SEED = 0
DEVICE = "cpu"
STEPS = 6
LR = 1.0

# The same numbers in every run.
torch.manual_seed(SEED)

# %% Data and weights
# Thirty samples of two numbers.
x = torch.randn(30, 2).to(DEVICE)
# Three classes: left, upper right, lower right.
y = torch.where(x[:, 0] < 0, 0, torch.where(x[:, 1] > 0, 1, 2))
# A column a class.
W = torch.zeros(2, 3, device=DEVICE).requires_grad_()
# A bias a class.
b = torch.zeros(3, device=DEVICE).requires_grad_()
# Takes care of both.
optimizer = torch.optim.SGD([W, b], lr=LR)

# Six steps.
for step in range(1, STEPS + 1):
    # None at the start of each step.
    optimizer.zero_grad()

    # %% Forward and error
    # Probabilities: each row adds up to 1.
    p = torch.softmax(x @ W + b, dim=1)
    # Takes them for scores, and squeezes them again.
    loss = torch.nn.functional.cross_entropy(p, y)

    # %% Backward and update
    # Through two softmaxes.
    loss.backward()
    # A small step.
    optimizer.step()
    # The largest probability is still the largest.
    right = (p.argmax(dim=1) == y).float().mean().item()
    print(f"step {step} loss {loss.item():.4f} accuracy {right:.4f}")
