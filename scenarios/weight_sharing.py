"""Weight sharing: one leaf, two places

An autoencoder with *tied* weights reads with W and writes with Wᵀ: one matrix
at two places of the network. It is one leaf of the graph with two edges, and
its gradient is the sum of what comes back along them.

The script finds both summands. First with the shared matrix, then with two
matrices that have the same numbers: there each has its own gradient, and
together they are the first.

**Notice** the node of W: both paths arrive there and are accumulated. This is
also how a recurrent network shares its weights over time, and a language
model its table of words between input and output.

Section: 9 Classics
Order: 19
Question: Which of the two places contributes more?
"""

import torch

SEED = 0
DEVICE = "cpu"

# The same numbers in every run.
torch.manual_seed(SEED)

# %% One matrix
# Eight rows of six numbers, to be written again from three.
x = torch.randn(8, 6).to(DEVICE)
# The shared matrix.
W = (0.3 * torch.randn(3, 6)).to(DEVICE).requires_grad_()

# %% Used twice
# From six numbers to three.
# ? Which shape has code?
# = code.shape == (8, 3)
code = torch.tanh(x @ W.t())
# And back again, with the same weights.
again = code @ W
# What is lost.
loss = (again - x).pow(2).mean()
# Two paths lead to W.
loss.backward()
# Their sum.
assert W.grad is not None
print(f"shared {W.grad.norm().item():.6f}")

# %% Two matrices with the same numbers
# For the way in,
reading = W.detach().clone().requires_grad_()
# and for the way out.
writing = W.detach().clone().requires_grad_()
# The same values as before …
again = torch.tanh(x @ reading.t()) @ writing
# … and the same loss.
loss = (again - x).pow(2).mean()
# Now every path ends in a leaf of its own.
loss.backward()
# Both were reached.
assert reading.grad is not None and writing.grad is not None
print(f"reading {reading.grad.norm().item():.6f}")
print(f"writing {writing.grad.norm().item():.6f}")
# The largest difference between the sum and the shared gradient.
largest = (reading.grad + writing.grad - W.grad).abs().max().item()
print(f"they add up to the shared one: {largest < 1e-6}")
