"""The distance of two equal points: a small number under the root

What `mistake_norm_at_zero_wrong` wants, done right: a small constant is added
**under** the root. The slope at 0 is then large but finite, and times the 0 of
the squares it is 0: two equal points pull in no direction at all.

Behind the root (`sqrt(s) + EPSILON`) it would be of no use: the slope at 0
would still be infinite. `torch.linalg.vector_norm` gives 0 for the gradient at
0 by itself, and where the distance is only compared, its square will do: no
root, no trouble.

Section: 10 Misconceptions
Order: 22
Question: Why must the small number stand under the root?
"""

import torch

DEVICE = "cpu"
EPSILON = 1e-12

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
# The distances: 5, a millionth, 1.
distance = (squares + EPSILON).sqrt()
# Their mean: 2, and a third of a millionth.
loss = distance.mean()
print(f"loss {loss.item():.4f}")

# %% Backward
# The pair of equal points: half a million times 0.
# ? What will a.grad[1, 0] be, of the pair of equal points?
# = a.grad[1, 0] == 0.0
loss.backward()
# Nowhere a NaN.
assert a.grad is not None
print(f"gradient of the second point: {a.grad[1, 0].item()}")
