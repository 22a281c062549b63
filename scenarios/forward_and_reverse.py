"""Forward mode beside reverse mode

The graph of Christopher Olah's *Calculus on Computational Graphs:
Backpropagation* (colah.github.io, 2015): e = (a + b) · (b + 1) at a = 2,
b = 1.

A derivative is a sum over all paths from an input to the output. Two orders
of work avoid walking each path by itself:

- **forward mode** starts at one *input* and asks of every node: how does it
  change with this input? One pass for each input.
- **reverse mode** starts at the *output* and asks of every node: how does the
  output change with it? One pass for all inputs at once.

Both find ∂e/∂a = 2 and ∂e/∂b = 5. Here two passes stand against one. With a
million weights and one loss it is a million against one, and that is why
training goes backward.

**Notice** that reverse mode can begin only when all values are there, and so
has to remember them: that is what the graph is for. The derivatives of forward
mode travel beside the values, and nothing is kept.

Section: 9 Classics
Order: 6
Question: How many passes does each mode need for all the inputs?
"""

import torch

DEVICE = "cpu"

# %% The point
# Two numbers, which reverse mode will want the gradients of.
a = torch.tensor(2.0).to(DEVICE).requires_grad_()
# b is used twice: there are two paths from it to e.
b = torch.tensor(1.0).to(DEVICE).requires_grad_()

# %% Forward mode: one pass for each input
# How many nodes were worked on.
work = 0
# By hand, as plain numbers: this needs no graph.
with torch.no_grad():
    # 1 for the input that is asked about, and 0 for the other.
    for name, of_a, of_b in (("a", 1.0, 0.0), ("b", 0.0, 1.0)):
        # A sum of values has the sum of derivatives.
        c, of_c = a + b, of_a + of_b
        # A constant does not change.
        d, of_d = b + 1, of_b
        # The product rule, with the values at hand.
        e, of_e = c * d, of_c * d + c * of_d
        # Three nodes in every pass.
        work += 3
        print(f"forward de/d{name} {of_e.item():.0f}")
print(f"forward work {work} nodes")

# %% Reverse mode: the values
# 3.
c = a + b
# 2.
d = b + 1
# 6.
e = c * d
# Inner nodes forget their gradient unless they are asked to keep it.
c.retain_grad()
# The same for the other factor.
d.retain_grad()

# %% Reverse mode: one pass for all inputs
# 1 at e, then 2 and 3 at the factors, then 2 and 3 + 2 at the inputs.
e.backward()
# The factors are swapped: c receives d, and d receives c.
assert c.grad is not None and d.grad is not None
print(f"reverse de/dc {c.grad.item():.0f}")
print(f"reverse de/dd {d.grad.item():.0f}")
# Both were found in the same pass.
assert a.grad is not None and b.grad is not None
print(f"reverse de/da {a.grad.item():.0f}")
print(f"reverse de/db {b.grad.item():.0f}")
print("reverse work 3 nodes")
