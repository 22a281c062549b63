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

**Notice** which storage each tensor lies in, and that the gradient follows
views as any other op: what was sliced gets zeros around it.

Section: 1 Tensors
Order: 2
Question: Which of these tensors change when the matrix is written into?
"""

import torch

DEVICE = "cpu"


# %% A matrix
# 0 to 5, in two rows of three.
matrix = torch.arange(6.0).to(DEVICE).view(2, 3)


def describe(name: str, tensor: torch.Tensor) -> None:
    """Print how a tensor is read, and whether its storage is the matrix's."""
    # Two tensors in the same storage begin with the same address.
    start, other = matrix.untyped_storage(), tensor.untyped_storage()
    # A view, or a copy.
    kind = "shared" if start.data_ptr() == other.data_ptr() else "copied"
    print(f"{name:9} {tuple(tensor.shape)} strides {tensor.stride()} {kind}")


# The matrix shares with itself.
describe("matrix", matrix)

# %% Views
# The same six numbers, read the other way.
turned = matrix.t()
# No number was moved.
describe("turned", turned)
# The second column: every third number, from number 1 on.
column = matrix[:, 1]
# It begins within the storage.
describe("column", column)
# One row, seen four times: stride 0 goes on by nothing.
stretched = matrix[0].expand(4, 3)
# Twelve entries, three numbers.
describe("stretched", stretched)

# %% Copies
# A storage of its own.
copied = matrix.clone()
# The transpose cannot be read as a row of six: this copies.
flat = turned.reshape(6)
# Both stand for themselves.
describe("copied", copied)
# In the order of the transpose: 0, 3, 1, 4, 2, 5.
describe("flat", flat)

# %% Written in place
# Adds 100 to the second column, in the storage itself.
column.add_(100)
print(f"matrix {matrix[0, 1].item():.0f}, turned {turned[1, 0].item():.0f}")
print(f"copied {copied[0, 1].item():.0f}, flat {flat[2].item():.0f}")

# %% Broadcasting
# A row of three and a column of two …
row, tall = torch.ones(3).to(DEVICE), torch.ones(2, 1).to(DEVICE)
# … are stretched to 2 × 3, without being copied.
table = row + tall
print(f"{tuple(row.shape)} + {tuple(tall.shape)} = {tuple(table.shape)}")

# %% Views and gradients
# A leaf, and a slice of it.
x = torch.ones(2, 3).to(DEVICE).requires_grad_()
# A view has a grad_fn: autograd knows where it came from.
part = x[:, 1:]
# Only four of six numbers are in the loss.
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
