"""One memory, many tensors: strides and views

The numbers of a tensor lie in a row in memory, its **storage**. Shape and
**strides** say how to read it: a stride is how many numbers to go on for the
next entry of an axis. A matrix of shape (2, 3) with strides (3, 1) is read
row by row. Its transpose has the *same storage* and strides (1, 3): nothing
was moved.

Such a tensor is a **view**. `t()`, `view`, slices, `expand` and `detach` make
views; `reshape` does where it can; `clone`, `contiguous` (where needed) and
all arithmetic make new storage.

Views share what is written into them. Changed **in place** (`add_`, `+=` on a
slice), all of them change.

**Notice** the inspector: of a view it says whose memory it reads. And in the
last chapter, that the gradient follows views as any other op: what was sliced
gets zeros around it.

Section: 1 Tensors
Order: 2
Question: Which of these tensors change when the matrix is written into?
"""

import torch

DEVICE = "cpu"

# %% A matrix
# 0 to 5, in two rows of three.
matrix = torch.arange(6.0).to(DEVICE).view(2, 3)
# Three numbers on is one row down, one number on is one column to the right.
print(f"matrix    {tuple(matrix.shape)} strides {matrix.stride()}")

# %% Views
# The same six numbers, read the other way. No number is moved.
# ? Which shape has turned?
# = turned.shape == (3, 2)
turned = matrix.t()
# The two strides have changed places: this is all that t() does.
print(f"turned    {tuple(turned.shape)} strides {turned.stride()}")
# The second column: every third number, from number 1 on.
column = matrix[:, 1]
# One axis is left, and it keeps its stride.
print(f"column    {tuple(column.shape)} strides {column.stride()}")
# One row, seen four times.
stretched = matrix[0].expand(4, 3)
# Stride 0 goes on by nothing: twelve entries, three numbers.
print(f"stretched {tuple(stretched.shape)} strides {stretched.stride()}")

# %% Copies
# A storage of its own, in the same order.
copied = matrix.clone()
# Read in a row, the transpose is 0, 3, 1, 4, 2, 5. No stride does that: this
# copies.
# ? Which number is flat[1]?
# = flat[1] == 3
flat = turned.reshape(6)
# As any new storage: the next number is one on.
print(f"flat      {tuple(flat.shape)} strides {flat.stride()}")

# %% Written in place
# Adds 100 to the second column, in the storage itself. Who else reads it?
column.add_(100)
# A view reads what was written.
# ? Which number is turned[1, 0] now? Before it was 1.
# = seen == 101
seen = turned[1, 0]
# A copy has numbers of its own.
# ? And copied[0, 1]? Before it was 1, too.
# = kept == 1
kept = copied[0, 1]
print(f"matrix {matrix[0, 1].item():.0f}, turned {seen.item():.0f}")
print(f"copied {kept.item():.0f}, flat {flat[2].item():.0f}")

# %% Broadcasting
# A row of three and a column of two …
row, tall = torch.ones(3).to(DEVICE), torch.ones(2, 1).to(DEVICE)
# … are stretched to 2 × 3, with stride 0, and not copied. Only the sum is new.
# ? Which shape has table?
# = table.shape == (2, 3)
table = row + tall
print(f"{tuple(row.shape)} + {tuple(tall.shape)} = {tuple(table.shape)}")

# %% Views and gradients
# A leaf, and a slice of it.
x = torch.ones(2, 3).to(DEVICE).requires_grad_()
# A view has a grad_fn: autograd knows where it came from.
part = x[:, 1:]
# Only four of six numbers are in the loss.
# ? Which gradient has x[0, 0], which is not in the slice?
# = x.grad[0, 0] == 0
part.sum().backward()
# None would mean: not on the way.
assert x.grad is not None
# 1 where the slice was, and 0 around it.
zeros = (x.grad == 0).sum().item()
print(f"gradient adds up to {x.grad.sum().item():.0f}, with {zeros:.0f} zeros")
# In place on a leaf that wants gradients: torch refuses, as its value is needed.
try:
    # Changes what the graph begins with.
    x.add_(1)
except RuntimeError as error:
    print(f"refused: {str(error).splitlines()[0]}")
