"""Attention, with its scores

Scaled dot-product attention (Vaswani et al., *Attention Is All You Need*,
2017), written out for one sentence of five words and one head:

    scores = Q Kᵀ / √d        weights = softmax(scores)        out = weights V

Each row of `weights` adds up to 1: how much a word looks at each of the words
up to itself (the later ones are masked with -∞, whose softmax is exactly 0).

The last chapter computes the same with torch's own
`scaled_dot_product_attention`: one op, one node, no scores to look at, and the
same gradients.

**Notice** the gradient of the scores. Each row adds up to 0, for a softmax
does not change when a number is added to the whole row; and it is 0 above the
diagonal, where the mask was.

Section: 9 Classics
Order: 18
Question: Why is the gradient of a masked score zero, and not None?
"""

import math

import torch
import torch.nn.functional as F

SEED = 0
DEVICE = "cpu"
WORDS = 5
WIDTH = 8

# The same sentence in every run.
torch.manual_seed(SEED)

# %% Queries, keys and values
# One row a word: what it asks for,
Q = torch.randn(WORDS, WIDTH, dtype=torch.float64).to(DEVICE).requires_grad_()
# what it offers,
K = torch.randn(WORDS, WIDTH, dtype=torch.float64).to(DEVICE).requires_grad_()
# and what it has to tell.
V = torch.randn(WORDS, WIDTH, dtype=torch.float64).to(DEVICE).requires_grad_()

# %% Scores
# Each query against each key. Without the root, softmax would saturate.
scores = Q @ K.t() / math.sqrt(WIDTH)
# A word must not look at those that follow it.
mask = torch.ones(WORDS, WORDS, dtype=torch.bool, device=DEVICE).triu(1)
# exp(-∞) is 0: what is masked has no weight.
masked = scores.masked_fill(mask, -math.inf)

# %% Weights
# Each row adds up to 1.
weights = masked.softmax(dim=1)
# A mixture of the values for each word.
out = weights @ V

# %% Backward
# Kept, to be looked at.
scores.retain_grad()
# The sum of squares: a loss that is not the same for all.
out.pow(2).sum().backward()
# Kept as asked.
assert scores.grad is not None
# The largest sum of a row.
row_sum = scores.grad.sum(1).abs().max().item()
# The largest entry above the diagonal.
# ? Which number is it, for scores whose weight is 0?
# = above == 0
above = scores.grad[mask].abs().max().item()
print(f"rows of the scores' gradient add up to {row_sum:.6f}")
print(f"largest gradient of a masked score {above:.6f}")

# %% In one op
# Copies of the gradients found by steps.
by_steps = [leaf.grad.clone() for leaf in (Q, K, V) if leaf.grad is not None]
# The second way starts with none.
for leaf in (Q, K, V):
    # Or the second would be added to the first.
    leaf.grad = None
# One call, with the same mask.
short = F.scaled_dot_product_attention(Q[None], K[None], V[None], is_causal=True)
# The same loss.
short.pow(2).sum().backward()
# The gradients of the second way.
at_once = [leaf.grad for leaf in (Q, K, V) if leaf.grad is not None]
# The two gradients of each.
pairs = zip(by_steps, at_once, strict=True)
# One number for each of Q, K and V.
differences = [(a - b).abs().max().item() for a, b in pairs]
print(f"same gradients in one op: {max(differences) < 1e-12}")
