"""Binary cross-entropy: how wrong costs how much

The error of a yes-or-no answer: y is the truth (0 or 1), ŷ the probability
that was given to 1.

    loss = -(y log ŷ + (1 - y) log(1 - ŷ))

| y | ŷ | loss | ∂loss/∂ŷ |
| --- | --- | --- | --- |
| 0 | .9 | 2.302585 | +10 |
| 0 | .1 | .105361 | +1.111111 |
| 1 | .9 | .105361 | -1.111111 |
| 1 | .1 | 2.302585 | -10 |

Who is sure and wrong pays most, and gets the steepest gradient: 1 / (1 - ŷ),
which has no limit. Behind a sigmoid all this becomes tame: its derivative ŷ ·
(1 - ŷ) cancels the fraction, and the gradient of the *score* is ŷ - y, never
more than 1.

**Notice** the two spellings at the end. `binary_cross_entropy_with_logits`
takes the score and has the sigmoid inside; a sigmoid before it would be one
too many. It is also the safe one: log(1 - ŷ) of a ŷ rounded to 1 is -∞.

Section: 6 Logistic regression
Order: 1
Question: Why is the gradient of the score never larger than 1?
"""

import torch
import torch.nn.functional as F

DEVICE = "cpu"

# %% The table
# The truth of each row.
y = torch.tensor([0.0, 0.0, 1.0, 1.0], dtype=torch.float64).to(DEVICE)
# What was answered: a leaf here, to see its gradient.
y_hat = torch.tensor([0.9, 0.1, 0.9, 0.1], dtype=torch.float64).to(DEVICE)
# It is an answer, and shall get better.
y_hat.requires_grad_()
# One loss a row: of the two terms only one counts.
losses = -(y * torch.log(y_hat) + (1 - y) * torch.log(1 - y_hat))
# Their sum, so that each row keeps its own gradient.
# ? Which slope has the last row, where y is 1 and ŷ = .1?
# = y_hat.grad[3] == -10
losses.sum().backward()
# None would mean: not on the way.
assert y_hat.grad is not None
# Row by row.
for row in range(4):
    # What it costs, and where it leads.
    loss, slope = losses[row].item(), y_hat.grad[row].item()
    print(f"y {y[row].item():.0f} loss {loss:.6f} slope {slope:+.6f}")

# %% Behind a sigmoid
# Scores whose sigmoid is .9, .1, .9 and .1.
scores = torch.logit(y_hat.detach()).requires_grad_()
# Back to probabilities, by a node of its own.
p = torch.sigmoid(scores)
# Torch's own, for probabilities.
# ? And the score of that row, behind the sigmoid?
# = scores.grad[3] == -0.9
F.binary_cross_entropy(p, y, reduction="sum").backward()
# ŷ - y.
assert scores.grad is not None
# Row by row.
for row in range(4):
    print(f"score: slope {scores.grad[row].item():+.6f}")

# %% With the sigmoid inside
# The same scores, as a new leaf.
scores = scores.detach().clone().requires_grad_()
# Takes the scores as they are.
F.binary_cross_entropy_with_logits(scores, y, reduction="sum").backward()
# The same, without a division.
assert scores.grad is not None
print(f"inside: slope of the first {scores.grad[0].item():+.6f}")
