"""Cross-entropy for learning, argmax for counting

What `mistake_argmax_wrong` wants, done right: learn from the probability of
the right class, which changes smoothly with each score; count with `argmax`,
outside the graph. The cross-entropy is small where the right class is likely,
so as it falls the share of wrong answers falls too, though no gradient ever
goes through that share.

**Notice** the gradient of the scores: probability minus right answer. It says
for each score in which direction, and how much. A count says neither.

Section: 10 Misconceptions
Order: 14
Question: Why may accuracy be reported but not differentiated?
"""

import torch

SEED = 0
DEVICE = "cpu"
STEPS = 5
LR = 0.5

# The same numbers in every run.
torch.manual_seed(SEED)

# %% Data and weights
# Twelve samples of two numbers.
x = torch.randn(12, 2).to(DEVICE)
# Class 1 where the first number is the larger one.
y = (x[:, 0] > x[:, 1]).long()
# A column of weights for each class.
W = torch.randn(2, 2).to(DEVICE).requires_grad_()
# Takes care of them.
optimizer = torch.optim.SGD([W], lr=LR)

# Five steps.
for step in range(1, STEPS + 1):
    # None at the start of each step.
    optimizer.zero_grad()

    # %% Forward and error
    # Two scores a row.
    scores = x @ W
    # Smooth in every score.
    loss = torch.nn.functional.cross_entropy(scores, y)

    # %% Backward and update
    # Through log-softmax and the product to W.
    loss.backward()
    # Towards the right answers.
    optimizer.step()
    # A count, for people: no gradient is asked of it.
    wrong = (scores.argmax(dim=1) != y).float().mean()
    print(f"step {step} loss {loss.item():.4f} share wrong {wrong.item():.4f}")
