"""Softmax once: scores go into cross_entropy

What `mistake_softmax_twice_wrong` wants, done right: the model ends in scores
(any numbers), and `cross_entropy` does the rest: log-softmax and the negative
log of the right class. Everything else is the same, and after the same six
steps the loss is far lower.

Where probabilities are wanted, to print them, a softmax is taken beside the
loss and not before it. The order of the scores is the order of the
probabilities, so `argmax` needs none at all.

Section: 10 Misconceptions
Order: 18
Question: What is the gradient of the scores at the first step?
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
    # Scores: any numbers.
    scores = x @ W + b
    # Log-softmax inside, once.
    loss = torch.nn.functional.cross_entropy(scores, y)

    # %% Backward and update
    # Probability minus answer, then the product.
    loss.backward()
    # A step of full size.
    optimizer.step()
    # The largest score is the largest probability.
    right = (scores.argmax(dim=1) == y).float().mean().item()
    print(f"step {step} loss {loss.item():.4f} accuracy {right:.4f}")
