"""Checkpointing: compute it twice rather than keep it

The forward keeps what its backward will need: with many layers that is most
of the memory of a training. `torch.utils.checkpoint` (after Chen et al.,
*Training Deep Nets with Sublinear Memory Cost*, 2016) keeps only the inputs
of a block. When the backward arrives there, the block is computed once more.

The gradients are the same to the bit. What changes is what is alive between
forward and backward: the script counts the saved numbers with a hook on saved
tensors.

**Notice** the forward ops in the middle of the backward: that is the block,
running for the second time.

Section: 9 Classics
Order: 21
Question: When does the block run for the second time?
"""

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

SEED = 0
DEVICE = "cpu"
LAYERS = 4

# The same weights and rows in every run.
torch.manual_seed(SEED)

# %% A block of layers
# Each saves what its backward needs.
layers = [part for _ in range(LAYERS) for part in (nn.Linear(16, 16), nn.Tanh())]
# As one model.
block = nn.Sequential(*layers).to(DEVICE)
# A weight and a bias for each Linear.
leaves = list(block.parameters())
# 32 rows.
x = torch.randn(32, 16).to(DEVICE)
# How many numbers the graph holds, by storage.
saved: dict[int, int] = {}


def count(tensor: torch.Tensor) -> torch.Tensor:
    """Note how large a tensor is that the graph keeps."""
    # A memory is counted once, whoever keeps it.
    saved[tensor.untyped_storage().data_ptr()] = tensor.numel()
    # Kept as it is.
    return tensor


# %% The usual way
# The hook sees each tensor that is saved.
with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
    # All inner values stay alive.
    loss = block(x).pow(2).sum()
# Counted before the backward lets go of them.
usual = sum(saved.values())
# Uses what was saved.
loss.backward()
# Copies of all gradients.
gradients = [leaf.grad.clone() for leaf in leaves if leaf.grad is not None]
print(f"usual:        {usual} numbers saved")

# %% With a checkpoint
# Counted anew.
saved.clear()
# The gradients too.
block.zero_grad()
# The checkpoint's own hooks lie inside ours, and hand us its input alone.
with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
    # Inner values are let go of as soon as they have been used.
    loss = checkpoint(block, x, use_reentrant=False).pow(2).sum()
# What is alive between forward and backward.
less = sum(saved.values())
# The block runs once more in here.
loss.backward()
print(f"checkpointed: {less} numbers saved")

# %% The same gradients?
# Those of the second way.
again = [leaf.grad for leaf in leaves if leaf.grad is not None]
# To the bit.
is_same = all(torch.equal(a, b) for a, b in zip(gradients, again, strict=True))
print(f"same bits: {is_same}")
