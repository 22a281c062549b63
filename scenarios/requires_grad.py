"""What requires_grad changes

Two tensors with the same numbers, one with `requires_grad=True`. Every value
is the same. But whatever is computed *from* the second has a **grad_fn**: the
node that made it, with edges to where its inputs came from. That is the whole
graph. Nothing is noted for the first.

- A **leaf** was not made by an op (or wants no gradient). Leaves with
  `requires_grad` get their `.grad` filled.
- An inner tensor hands its gradient on and forgets it, unless
  `retain_grad()` was asked.
- `no_grad()` switches the notes off; `detach()` gives the values without the
  history; only floating point and complex numbers can want a gradient.

**Notice** that it spreads: one input that wants a gradient is enough for the
result to have a grad_fn.

Section: 1 Tensors
Order: 3
Question: Which of the tensors is a leaf, and which has a grad_fn?
"""

import torch

DEVICE = "cpu"


def describe(name: str, tensor: torch.Tensor) -> None:
    """Print what autograd knows of a tensor."""
    # The kind of its node, if it has one.
    node = type(tensor.grad_fn).__name__ if tensor.grad_fn is not None else "none"
    print(f"{name:6} requires_grad {tensor.requires_grad!s:5}", end="  ")
    print(f"leaf {tensor.is_leaf!s:5}  grad_fn {node}")


# %% Without
# Plain numbers.
a = torch.tensor([1.0, 2.0, 3.0]).to(DEVICE)
# The result is plain numbers too. No graph.
b = a * 2
describe("a", a)
describe("b", b)

# %% With
# The same numbers, and their gradient is asked for.
x = torch.tensor([1.0, 2.0, 3.0]).to(DEVICE).requires_grad_()
# The same values as b, and a node that remembers x.
y = x * 2
describe("x", x)
describe("y", y)

# %% It spreads
# One input is enough: a is data, y is not.
# ? Will mixed require a gradient?
# = mixed.requires_grad
mixed = a + y
describe("mixed", mixed)

# %% Switched off
# Within the block autograd takes no notes.
with torch.no_grad():
    # Made from x, and yet no grad_fn.
    # ? Will quiet require a gradient?
    # = quiet.requires_grad
    quiet = x * 2
describe("quiet", quiet)
# The same memory as y, without its history.
cut = y.detach()
describe("cut", cut)

# %% Backward
# Asked for, as y is no leaf.
y.retain_grad()
# From one number to all leaves that want a gradient.
mixed.sum().backward()
# x was reached through y. a never wanted one.
assert x.grad is not None and y.grad is not None
# All three entries are equal.
of_x, of_y = x.grad.mean().item(), y.grad.mean().item()
print(f"x.grad {of_x:.0f} each, y.grad {of_y:.0f} each, a.grad {a.grad}")

# %% Whole numbers have none
# A slope needs numbers in between.
try:
    # Counting is not continuous.
    torch.tensor([1, 2, 3]).requires_grad_()
except RuntimeError as error:
    print(f"refused: {error}")
