"""The distance of two equal points: a root at 0

**The belief:** if the loss is a good number, so is its gradient.

The distance of two points is the square root of a sum of squares. Where the
points are equal it is 0, a perfectly good number. But the root has an infinite
slope at 0: its local rule divides by twice the root, and the squares below it
send back 2 · 0. Infinity times 0 is NaN. One pair of equal points in a batch
is enough, and twins are no rare thing in data.

`graphlab check` names the root, the moment and the line.
`mistake_norm_at_zero_right` keeps the root away from 0.

Section: 10 Misconceptions
Order: 21
Question: What does the local rule of the root divide by?
"""

import torch

DEVICE = "cpu"

# %% Three pairs of points
# One side of each pair: what is learnt.
a = torch.tensor([[0.0, 0.0], [1.0, 2.0], [2.0, 2.0]], device=DEVICE)
# As a leaf.
a.requires_grad_()
# The other side. The second pair is twice the same point.
b = torch.tensor([[3.0, 4.0], [1.0, 2.0], [2.0, 3.0]], device=DEVICE)

# %% Distances
# The sum of the squares of each pair: 25, 0, 1.
squares = (a - b).pow(2).sum(dim=1)
# The distances: 5, 0, 1.
distance = squares.sqrt()
# Their mean: 2.
loss = distance.mean()
print(f"loss {loss.item():.4f}")

# %% Backward
# The pair of equal points: infinity times 0.
loss.backward()
# It is there, and it is no number.
assert a.grad is not None
print(f"gradient of the second point: {a.grad[1, 0].item()}")
