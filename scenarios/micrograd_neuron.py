"""One neuron, and a product of sums

Two small graphs of Andrej Karpathy's lecture *The spelled-out intro to
neural networks and backpropagation* (2022).

The first is (a · b + c) · f at 2, -3, 10, -2. Every node is worth working out
on paper: a sum copies its gradient, a product swaps its inputs.

The second is a **neuron**: two inputs, two weights, a bias chosen so that the
numbers come out round, and tanh. The local derivative of tanh is 1 - tanh²,
which is exactly 0.5 here.

    o = tanh(x1 · w1 + x2 · w2 + b)

**Notice** ∂o/∂w2: it is 0, because x2 is 0. A weight learns nothing from an
input that is silent.

Section: 9 Classics
Order: 2
Question: Which weight of the neuron cannot learn, and why?
"""

import torch

DEVICE = "cpu"


def leaf(number: float) -> torch.Tensor:
    """A number of double precision that wants its gradient."""
    # Moved first, so that what is moved is the leaf.
    return torch.tensor(number, dtype=torch.float64).to(DEVICE).requires_grad_()


# %% A product of sums
# Four leaves, with the lecture's numbers.
a, b, c, f = leaf(2.0), leaf(-3.0), leaf(10.0), leaf(-2.0)
# -6: the product of the first two.
e = a * b
# 4: a sum hands the same gradient to both.
d = e + c
# -8: a product hands to each the other's value.
L = d * f
# Inner nodes forget their gradient unless they are asked to keep it.
e.retain_grad()
# The same for the sum.
d.retain_grad()
# From -8 back to the four leaves.
# ? Which number will a.grad be?
# = a.grad == 6
L.backward()
# The six gradients, in the lecture's order.
for name, tensor in {"a": a, "b": b, "c": c, "f": f, "e": e, "d": d}.items():
    # None would mean: not on the way.
    assert tensor.grad is not None
    print(f"dL/d{name} {tensor.grad.item():.6f}")

# %% The neuron's inputs
# The second input is 0.
x1, x2 = leaf(2.0), leaf(0.0)
# One weight an input.
w1, w2 = leaf(-3.0), leaf(1.0)
# Chosen by the lecture so that 1 - tanh² is one half.
bias = leaf(6.8813735870195432)

# %% The neuron
# The weighted sum, and the bias.
n = x1 * w1 + x2 * w2 + bias
# Squashed between -1 and 1.
o = torch.tanh(n)
print(f"o     {o.item():.6f}")

# %% Backward
# The local derivative of tanh multiplies everything that comes after it.
o.backward()
# Five leaves, five derivatives.
for name, tensor in {"x1": x1, "x2": x2, "w1": w1, "w2": w2, "b": bias}.items():
    # None would mean: not on the way.
    assert tensor.grad is not None
    print(f"do/d{name} {tensor.grad.item():.6f}")
