"""CPU and GPU: what a device changes in a graph

A tensor lives in the memory of one device, and an op runs where its inputs
are. So a training is moved by moving its data and its parameters: two calls of
`to`. The graph has the same nodes, the values lie elsewhere.

What does change:

- `to` is an op. If the tensor already wants a gradient, moving it makes a node
  (ToCopyBackward0), and what is moved is no leaf any more. So one moves first
  and asks for the gradient afterwards, or the optimizer holds the wrong tensor.
- Sums are added up in another order, so the last bits differ.
- A GPU works on while Python goes ahead: `.item()` waits for it.

Run it with `--device cuda` where there is a GPU. On the CPU the same is shown
with another type of number in place of another device: `to(torch.float64)`.

**Notice** `wrong`: it has a grad_fn, and after the backward its `.grad` is None.

Section: 8 Around training
Order: 3
Question: Which of the two tensors is a leaf, and which one gets the gradient?
"""

import warnings

import torch

SEED = 0
DEVICE = "cpu"

# The same numbers in every run.
torch.manual_seed(SEED)

# %% What there is
# A GPU, or none.
has_gpu = torch.cuda.is_available()
# Where this run takes place; a CPU is always there.
place = "cuda" if DEVICE == "cuda" and has_gpu else DEVICE
print(f"device asked for: {DEVICE}")

# %% First moved, then asked
# Numbers are drawn on the CPU, so that they are the same everywhere.
right = torch.randn(3).to(place, torch.float64).requires_grad_()
# The graph begins here.
(right**2).sum().backward()
print(f"right: leaf {right.is_leaf}, has a gradient {right.grad is not None}")

# %% First asked, then moved
# This is the leaf.
origin = torch.randn(3).requires_grad_()
# This is a copy, made by an op.
wrong = origin.to(place, torch.float64)
# The graph begins at origin.
(wrong**2).sum().backward()
# Reading .grad of what is no leaf: torch warns, rightly.
with warnings.catch_warnings():
    # The warning is what this line is about.
    warnings.simplefilter("ignore")
    # None.
    found = wrong.grad
print(f"wrong: leaf {wrong.is_leaf}, has a gradient {found is not None}")
print(f"origin: leaf {origin.is_leaf}, has a gradient {origin.grad is not None}")

# %% The gradient goes home
# The node of `to` has a backward: it moves the gradient back.
assert origin.grad is not None and right.grad is not None
print(f"origin.grad is {origin.grad.dtype}, right.grad is {right.grad.dtype}")
