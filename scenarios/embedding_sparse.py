"""An embedding, and a gradient that is mostly nothing

An embedding is a table: word number i is row i. A batch of words touches a few
rows, so the gradient of the table is 0 in all others. With `sparse=True` torch
does not write these zeros down: the gradient is a list of rows and what
belongs in them.

A word that occurs twice in the batch has two entries in the list, which are
added up when the list is *coalesced* (or when it is applied).

**Notice** the difference between the optimizers' view of the two: momentum and
Adam move rows whose gradient is 0 (they still have a velocity), and so a
sparse gradient needs an optimizer that says it can do it, as SGD does.

Section: 9 Classics
Order: 17
Question: Which rows of the table does this batch move?
"""

import torch
from torch import nn

SEED = 0
DEVICE = "cpu"
WORDS = 1000
WIDTH = 4
LR = 0.1

# The same table in every run.
torch.manual_seed(SEED)

# %% A sentence
# Four words; number 7 occurs twice.
words = torch.tensor([7, 3, 7, 42]).to(DEVICE)

# %% The usual table
# 1000 rows of four numbers.
dense = nn.Embedding(WORDS, WIDTH).to(DEVICE)
# Four rows are looked up.
loss = dense(words).pow(2).sum()
# The gradient has the shape of the whole table.
loss.backward()
# 1000 × 4 numbers, of which 12 are not 0.
gradient = dense.weight.grad
# None would mean: not on the way.
assert gradient is not None
# Three rows of four.
filled = (gradient != 0).sum().item()
print(f"dense:  {gradient.numel()} numbers, {filled:.0f} not zero")

# %% The same table, sparse
# The same module, and another kind of gradient.
sparse = nn.Embedding(WORDS, WIDTH, sparse=True).to(DEVICE)
# With the same numbers, for the comparison.
sparse.load_state_dict(dense.state_dict())
# The same look-up.
loss = sparse(words).pow(2).sum()
# No zeros are written.
loss.backward()
# A list: one entry a word of the batch.
listed = sparse.weight.grad
# None would mean: not on the way.
assert listed is not None
# Coalesced, the two entries of word 7 become one.
different = listed.coalesce()._nnz()
print(f"sparse: {listed._nnz()} rows listed, {different} different ones")

# %% One step with each
# SGD knows both kinds.
for table in (dense, sparse):
    # One update: three rows move, 997 stay.
    torch.optim.SGD(table.parameters(), lr=LR).step()
# Both tables hold the same numbers again.
is_same = bool(torch.allclose(dense.weight, sparse.weight))
print(f"same table after the step: {is_same}")
