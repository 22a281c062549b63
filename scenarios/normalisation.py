"""Batch norm and layer norm: which numbers belong together

Both take a mean off and divide by a spread. They differ in *which* numbers
they do it over:

- **batch norm** (Ioffe and Szegedy, 2015): each column by itself, over the rows
  of the batch. In evaluation it uses running figures instead.
- **layer norm** (Ba, Kiros and Hinton, 2016): each row by itself.

So the gradient of one entry reaches others: with batch norm the other rows of
its column, with layer norm the other columns of its row. Here the loss looks
at *one entry* of the result, and the gradient of the input shows who is tied
to it.

**Notice** that a column (or row) of these gradients adds up to 0: adding the
same number to all of them changes nothing, so there is nothing to gain.

Section: 9 Classics
Order: 14
Question: Why does the loss of one row send a gradient to the other rows?
"""

import torch
from torch import nn

SEED = 0
DEVICE = "cpu"
ROWS = 4
COLUMNS = 3

# The same numbers in every run.
torch.manual_seed(SEED)

# %% The input
# A batch of four rows, as a leaf: its gradient is what we look at.
x = torch.randn(ROWS, COLUMNS, dtype=torch.float64).to(DEVICE).requires_grad_()


def show(title: str) -> None:
    """Print which entries of the input have a gradient, and their sum."""
    # Filled by the backward before.
    assert x.grad is not None
    # Rows and columns with any gradient at all (rounding leaves 1e-17).
    touched = x.grad.abs() > 1e-12
    # How many rows, and how many columns.
    rows, columns = touched.any(1).sum().item(), touched.any(0).sum().item()
    # Zero where a shift of all of them would change nothing.
    total = x.grad.sum().abs().item()
    print(f"{title}: {rows} rows, {columns} columns, sum {total:.6f}")
    # The next part starts with none.
    x.grad = None


# %% Batch norm, training
# A mean and a spread for each column.
batch_norm = nn.BatchNorm1d(COLUMNS, dtype=torch.float64).to(DEVICE)
# The loss sees one entry: row 0, column 0.
loss = batch_norm(x)[0, 0]
# Back through the mean and the spread of that column.
loss.backward()
# One column, all of its rows.
show("batch norm, training")

# %% Batch norm, evaluation
# Uses the running mean and spread, which are constants.
batch_norm.eval()
# The same entry.
loss = batch_norm(x)[0, 0]
# Nothing ties the rows together any more.
loss.backward()
# One entry, and it does not add up to 0.
show("batch norm, evaluation")

# %% Layer norm
# A mean and a spread for each row, the same in training and evaluation.
layer_norm = nn.LayerNorm(COLUMNS, dtype=torch.float64).to(DEVICE)
# The same entry.
loss = layer_norm(x)[0, 0]
# Back through the mean and the spread of that row.
loss.backward()
# One row, all of its columns.
show("layer norm")
