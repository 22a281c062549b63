"""Categorical cross-entropy: softmax inside, and by hand

A classifier gives a score to each class. Softmax makes probabilities of them,
and the error is -log of the one that the right class has got:

    p = exp(score) / Σ exp(scores)        loss = -log p[right]

Four ways to write it, one gradient: (p - onehot) / n.

1. by hand: exp, sum, quotient, log, pick;
2. `log_softmax` and `nll_loss`;
3. `cross_entropy`, which is both, with the softmax *inside*;
4. by hand in a shape that does not overflow: the largest score is taken off.

The first is fine until a score is large: exp(100) is too much for float32,
∞ / ∞ is not a number, and so is the gradient.

**Notice** the wrong way at the end: a softmax before `cross_entropy`. No error,
the loss merely never gets low, and the gradient is too small.

Section: 7 Multilayer perceptron
Order: 1
Question: Which of the graphs has a node that can overflow?
"""

import torch
import torch.nn.functional as F

DEVICE = "cpu"

# %% Scores and answers
# Two rows, three classes.
numbers = torch.tensor([[2.0, 1.0, 0.1], [0.5, 2.5, -1.0]]).double().to(DEVICE)
# The right class of each row.
right = torch.tensor([0, 1]).to(DEVICE)


def report(name: str, loss: torch.Tensor, scores: torch.Tensor) -> None:
    """Go back from a loss, and print what arrives at the first score."""
    # From the loss to the scores.
    loss.backward()
    # None would mean: not on the way.
    assert scores.grad is not None
    # Of the first row and its right class.
    slope = scores.grad[0, 0].item()
    print(f"{name:14} loss {loss.item():.6f} slope {slope:+.6f}")


# %% By hand
# A leaf of its own for every way.
scores = numbers.clone().requires_grad_()
# All positive.
powers = scores.exp()
# Each row adds up to 1.
p = powers / powers.sum(dim=1, keepdim=True)
# What the right classes have got.
picked = p.gather(1, right.unsqueeze(1))
# Minus the mean of the logarithms.
report("by hand", -picked.log().mean(), scores)

# %% Two functions
# The same numbers.
scores = numbers.clone().requires_grad_()
# Logarithms of probabilities, computed in one go.
log_p = F.log_softmax(scores, dim=1)
# Picks, and takes minus the mean.
report("two functions", F.nll_loss(log_p, right), scores)

# %% One function
# The same numbers.
scores = numbers.clone().requires_grad_()
# Both together. It takes scores, not probabilities.
report("one function", F.cross_entropy(scores, right), scores)

# %% By hand, and safe
# The same numbers.
scores = numbers.clone().requires_grad_()
# At most 0. The largest is a constant here: whatever is taken off cancels out.
lowered = scores - scores.detach().max(dim=1, keepdim=True).values
# exp is at most 1 now.
log_p = lowered - lowered.exp().sum(dim=1, keepdim=True).log()
# The same gradient to the last digit that is shown.
report("safe by hand", -log_p.gather(1, right.unsqueeze(1)).mean(), scores)

# %% Softmax twice
# The same numbers.
scores = numbers.clone().requires_grad_()
# One softmax too many: cross_entropy takes these for scores.
twice = F.cross_entropy(F.softmax(scores, dim=1), right)
# A much smaller slope.
report("softmax twice", twice, scores)
