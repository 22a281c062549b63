"""The gradient of a result: .grad is None

**The belief:** every tensor of the graph has its gradient in `.grad`.

Only leaves have: tensors that you made, not ones that an op made. Gradients of
results are handed from node to node during the backward and then dropped, as
there may be thousands of them and nobody wants most of them.

A trap: `w` below looks like a leaf. But the scaling is an op, so the name `w`
holds its result, and the leaf has no name at all. After the backward `w.grad`
is `None` (torch warns), an optimizer would refuse `w`, and a script that
checks nothing trains nothing. `mistake_non_leaf_grad_right` shows two ways.

Section: 10 Misconceptions
Order: 5
Question: Where did the gradient of the unnamed leaf go?
"""

import warnings

import torch

SEED = 0
DEVICE = "cpu"

# The same numbers in every run.
torch.manual_seed(SEED)

# %% Weights, scaled
# The leaf is what randn made; w is the product.
w = torch.randn(3, 1).to(DEVICE).requires_grad_() * 0.1
# Four samples.
x = torch.randn(4, 3).to(DEVICE)

# %% Forward and backward
# One number.
loss = (x @ w).pow(2).mean()
# The gradient passes w and ends in the leaf behind it.
# ? Will w.grad be None afterwards?
# = w.grad is None
loss.backward()

# %% Where is it?
# torch warns here, rightly.
with warnings.catch_warnings():
    # The warning is what this script is about.
    warnings.simplefilter("ignore")
    print(f"w is a leaf: {w.is_leaf}, w.grad: {w.grad}")
