"""argmax in the loss: an answer without a slope

**The belief:** train on what one wants, so on the predicted class itself.

`argmax` answers with a whole number. Moved a little, the scores give the same
number; moved more, it jumps. Its derivative is 0 almost everywhere and does
not exist where it jumps, so torch gives the result no history at all: the
graph ends there. `backward()` would raise: the loss requires no gradient. So
people write `loss.requires_grad_()`, and the error is gone. Now the loss is a
leaf itself, with a graph of one node. The weights get nothing.

`graphlab check` names the line of the cut. The same holds for `round`, `>`,
`==` and the accuracy. `mistake_argmax_right` uses a loss with a slope.

Section: 10 Misconceptions
Order: 13
Question: By how much does the predicted class change when a score moves a bit?
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
    # Whole numbers, with no way back to the scores.
    predicted = scores.argmax(dim=1)
    # Looks like an error of the model, and is a constant …
    loss = (predicted - y).float().pow(2).mean()
    # … of which a leaf is made, to please backward.
    # ? Will loss be a leaf, that is, have no grad_fn?
    # = loss.is_leaf
    loss.requires_grad_()

    # %% Backward and update
    # From the loss to the loss.
    loss.backward()
    # W.grad is None: nothing moves.
    optimizer.step()
    print(f"step {step} share wrong {loss.item():.4f}")

# %% What has been learnt
# Nothing, at any learning rate.
print(f"W has a gradient: {W.grad is not None}")
