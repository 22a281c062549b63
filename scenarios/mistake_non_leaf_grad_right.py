"""The gradient of a result: keep it, or name the leaf

What `mistake_non_leaf_grad_wrong` wants, done right, in two ways:

- make the values first and ask for the gradient **last**: `requires_grad_()`
  on the scaled numbers makes them a leaf, for no op of autograd stands behind
  them. This is what one wants for weights;
- where it is really a result whose gradient is wanted (a hidden layer, say),
  `retain_grad()` asks torch to keep it in `.grad`.

Both have their gradient after the same backward.

Section: 10 Misconceptions
Order: 6
Question: Which of the two tensors with a .grad is a leaf?
"""

import torch

SEED = 0
DEVICE = "cpu"

# The same numbers in every run.
torch.manual_seed(SEED)

# %% A leaf with a name
# Scaled first, then asked for its gradient: nothing stands behind it.
w = (torch.randn(3, 1) * 0.1).to(DEVICE).requires_grad_()
# Four samples.
x = torch.randn(4, 3).to(DEVICE)

# %% A result to be kept
# The result of an op.
h = x @ w
# Without this line h.grad would be None.
h.retain_grad()

# %% Forward and backward
# One number.
loss = h.pow(2).mean()
# On its way to w it leaves a copy in h.grad.
loss.backward()
# Both are there.
assert w.grad is not None and h.grad is not None
print(f"w is a leaf: {w.is_leaf}, |w.grad| = {w.grad.norm().item():.4f}")
print(f"h is a leaf: {h.is_leaf}, |h.grad| = {h.grad.norm().item():.4f}")
