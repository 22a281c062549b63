"""micrograd's expression, and its two gradients

The example in the README of Andrej Karpathy's *micrograd*
(github.com/karpathy/micrograd, 2020): a handful of sums, products, powers
and ReLUs of two numbers, written down to show that any mix of them has a
graph and therefore a gradient.

    a = -4, b = 2   gives   g = 24.7041, ∂g/∂a = 138.8338, ∂g/∂b = 645.5773

The names `c` and `d` are bound again and again. Each time the name moves on
to a new node, and the node that it had before stays in the graph: later
nodes still need it.

**Notice** the two ReLUs. The input of the first is b + a = -2: it is closed
and passes nothing. The input of the second is b - a = 6: it is open. With
`--set A=4.0` they change places.

Section: 9 Classics
Order: 1
Question: How many edges leave the node of b?
"""

import torch

DEVICE = "cpu"
A = -4.0
B = 2.0

# %% Two numbers
# Double precision: the published digits need it.
a = torch.tensor(A, dtype=torch.float64).to(DEVICE).requires_grad_()
# The second leaf. It will be used five times.
b = torch.tensor(B, dtype=torch.float64).to(DEVICE).requires_grad_()

# %% The expression
# A plain sum.
c = a + b
# A product and a power: two branches that meet in a sum.
d = a * b + b**3
# c moves on: its old node is used twice here.
c = c + (c + 1)
# And once more; -a is a node of its own.
c = c + (1 + c + (-a))
# The first ReLU, of b + a = -2 here: closed, it passes nothing.
d = d + (d * 2 + (b + a).relu())
# The second, of b - a = 6: open.
d = d + (3 * d + (b - a).relu())
# What was built so far meets.
e = c - d
# A square: its local derivative is 2 · e.
f = e**2
# Half of it …
g = f / 2.0
# … and a term that falls as f grows.
g = g + 10.0 / f

# %% Backward
# One pass finds both derivatives, however often a name was bound.
g.backward()

# %% The figures
print(f"g     {g.item():.6f}")
# Filled by the pass above.
assert a.grad is not None and b.grad is not None
print(f"dg/da {a.grad.item():.6f}")
print(f"dg/db {b.grad.item():.6f}")
