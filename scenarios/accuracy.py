"""Accuracy has no gradient

What one wants of a classifier is to be right often: accuracy. What one trains
is the cross-entropy. Why not accuracy itself?

Because it is a staircase. A tiny change of a weight changes a probability a
little, and the *answer* (above ½ or not) not at all, until it jumps. On every
step of the stairs the slope is 0, at the edges there is none. Torch does not
even try: a comparison returns booleans, and booleans have no grad_fn.

The cross-entropy is a slope everywhere: it falls when a right answer gets
surer, although nothing is counted differently yet.

**Notice** the last chapter: as w grows, accuracy stands still while the loss
moves with every step.

Section: 6 Logistic regression
Order: 3
Question: At which line does the graph end?
"""

import torch
import torch.nn.functional as F

DEVICE = "cpu"

# %% Six points and a weight
# Negative ones are class 0, positive ones class 1, but for two.
x = torch.tensor([-2.0, -1.0, -0.5, 0.5, 1.0, 2.0]).to(DEVICE)
# The two in the middle are the other way round.
y = torch.tensor([0.0, 0.0, 1.0, 0.0, 1.0, 1.0]).to(DEVICE)
# The one weight.
w = torch.tensor(0.5).to(DEVICE).requires_grad_()

# %% Accuracy
# A score a point, and its probability.
p = torch.sigmoid(w * x)
# Booleans: here the graph ends.
is_right = (p > 0.5) == (y > 0.5)
# The share that is right: a number without history.
# ? Will accuracy require a gradient? It was computed from w.
# = accuracy.requires_grad
accuracy = is_right.float().mean()
print(f"accuracy {accuracy.item():.3f}, has a graph: {accuracy.requires_grad}")
# There is nothing to go back along.
try:
    # Torch says so.
    accuracy.backward()
except RuntimeError as error:
    print(f"refused: {str(error).split(' and ')[0]}")

# %% Cross-entropy
# From the same probabilities.
loss = F.binary_cross_entropy(p, y)
# This one has a way back.
loss.backward()
# It says: a little larger, please.
assert w.grad is not None
print(f"loss {loss.item():.4f}, gradient {w.grad.item():+.4f}")

# %% A walk along w
# Plain numbers are enough here.
with torch.no_grad():
    # Ever surer of the same answers.
    for value in (0.5, 0.8, 1.1, 1.4):
        # The probabilities for this weight.
        p = torch.sigmoid(value * x)
        # Does not move.
        share = ((p > 0.5) == (y > 0.5)).float().mean().item()
        # Moves.
        surely = F.binary_cross_entropy(p, y).item()
        print(f"w {value:.1f} accuracy {share:.3f} loss {surely:.4f}")
