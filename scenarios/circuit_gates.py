"""Circuits: gates that add, multiply, and choose

Two circuits of Stanford's course CS231n (*Backpropagation, intuitions*).
Each op is seen as a gate with a habit of its own:

| gate | what it does to the gradient |
| --- | --- |
| add | hands it on, the same to all |
| multiply | hands to each input the other's value times it |
| max | hands it to the larger input, and 0 to the other |

The first circuit is (x + y) · z at -2, 5, -4, with the gradients -4, -4, 3.
The second, 2 · (x · y + max(z, w)) at 3, -4, 2, -1, has all three gates: its
gradients are -8, 6, 2 and 0.

**Notice** w in the second circuit: max did not choose it, so its gradient is
0. It is *zero*, not *None*: w is part of the graph, but has no say.

Section: 9 Classics
Order: 3
Question: Which gate lets an input have a gradient of zero?
"""

import torch

DEVICE = "cpu"


def leaf(number: float) -> torch.Tensor:
    """A number that wants its gradient."""
    # Moved first, so that what is moved is the leaf.
    return torch.tensor(number).to(DEVICE).requires_grad_()


# %% Add, then multiply
# The course's three numbers.
x, y, z = leaf(-2.0), leaf(5.0), leaf(-4.0)
# 3: the add gate.
q = x + y
# -12: the multiply gate.
f = q * z
# z receives q, and q receives z, which the add gate copies.
# ? What will z.grad be?
# = z.grad == 3.0
f.backward()
print(f"f {f.item():.0f}")
# Three leaves.
for name, tensor in {"x": x, "y": y, "z": z}.items():
    # None would mean: not on the way.
    assert tensor.grad is not None
    print(f"df/d{name} {tensor.grad.item():.0f}")

# %% All three gates: inputs
# Four numbers now.
x, y, z, w = leaf(3.0), leaf(-4.0), leaf(2.0), leaf(-1.0)

# %% All three gates: forward
# -12.
product = x * y
# 2: the larger of 2 and -1.
larger = torch.maximum(z, w)
# -20: multiplied by a constant, which wants no gradient.
f = 2 * (product + larger)

# %% All three gates: backward
# 2 for the sum, and on to both branches.
# ? And w.grad, at the smaller input of the max gate?
# = w.grad == 0.0
f.backward()
print(f"f {f.item():.0f}")
# Four leaves.
for name, tensor in {"x": x, "y": y, "z": z, "w": w}.items():
    # None would mean: not on the way. Zero is another thing.
    assert tensor.grad is not None
    print(f"df/d{name} {tensor.grad.item():.0f}")
