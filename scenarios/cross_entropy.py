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

# %% By hand
# A leaf of its own for every way.
scores = numbers.clone().requires_grad_()
# All positive, whatever the scores are.
powers = scores.exp()
# Each row adds up to 1.
p = powers / powers.sum(dim=1, keepdim=True)
# What the right classes have got. No other class is in the loss, but all of
# them are in the sum.
picked = p.gather(1, right.unsqueeze(1))
# Minus the mean of the logarithms: 0 only if the right classes have got
# everything.
loss = -picked.log().mean()
# The right class of row 0 has p = 0.659: its score should rise by what is
# missing, over 2 rows.
# ? Which gradient has scores[0, 0]? It is (p - 1) / n.
# = scores.grad[0, 0] == -0.1705
loss.backward()
# None would mean: not on the way.
assert scores.grad is not None
print(f"by hand        loss {loss.item():.6f}", end=" ")
print(f"slope {scores.grad[0, 0].item():+.6f}")
# What the right class gains, the others lose: nothing is left of a row.
row = scores.grad[0].sum()
print(f"sum of a row   {row.abs().item():.6f}")

# %% Two functions
# The same numbers in a new leaf.
scores = numbers.clone().requires_grad_()
# exp, sum and log in one node: it never holds exp of a large number.
log_p = F.log_softmax(scores, dim=1)
# Picks the right classes, and takes minus the mean.
loss = F.nll_loss(log_p, right)
# Two nodes instead of seven, and the same gradient.
loss.backward()
# None would mean: not on the way.
assert scores.grad is not None
print(f"two functions  loss {loss.item():.6f}", end=" ")
print(f"slope {scores.grad[0, 0].item():+.6f}")

# %% One function
# Once more a new leaf.
scores = numbers.clone().requires_grad_()
# Both together. It takes scores, not probabilities.
loss = F.cross_entropy(scores, right)
# In the graph it is the same two nodes.
loss.backward()
# None would mean: not on the way.
assert scores.grad is not None
print(f"one function   loss {loss.item():.6f}", end=" ")
print(f"slope {scores.grad[0, 0].item():+.6f}")

# %% By hand, and safe
# Once more a new leaf.
scores = numbers.clone().requires_grad_()
# At most 0. The largest is a constant here: whatever is taken off cancels out.
lowered = scores - scores.detach().max(dim=1, keepdim=True).values
# exp is at most 1 now.
log_p = lowered - lowered.exp().sum(dim=1, keepdim=True).log()
# As in nll_loss.
loss = -log_p.gather(1, right.unsqueeze(1)).mean()
# The same gradient to the last digit that is shown.
loss.backward()
# None would mean: not on the way.
assert scores.grad is not None
print(f"safe by hand   loss {loss.item():.6f}", end=" ")
print(f"slope {scores.grad[0, 0].item():+.6f}")

# %% A large score
# float32 ends at 3.4e38, which is exp(88.7).
large = torch.tensor([[100.0, 0.0]]).to(DEVICE)
# exp(100) is ∞, and ∞ / ∞ is not a number.
by_hand = large.exp() / large.exp().sum()
# The same probabilities, with the largest score taken off inside.
safe = F.softmax(large, dim=1)
print(f"exp(100)       by hand {by_hand[0, 0].item()}", end=", ")
print(f"softmax {safe[0, 0].item()}")

# %% Softmax twice
# Once more a new leaf.
scores = numbers.clone().requires_grad_()
# One softmax too many: cross_entropy takes these for scores, and all of them
# lie between 0 and 1.
twice = F.cross_entropy(F.softmax(scores, dim=1), right)
# No error is raised. The loss was 0.285 before.
# ? Is the loss smaller than 0.285 now?
# = twice < 0.285
twice.backward()
# A much smaller slope.
assert scores.grad is not None
print(f"softmax twice  loss {twice.item():.6f}", end=" ")
print(f"slope {scores.grad[0, 0].item():+.6f}")
