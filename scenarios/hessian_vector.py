"""Hessian times vector, without a Hessian

The second derivatives of a loss with n weights are an n × n matrix. Its
product with a vector can be had without the matrix, by two backwards
(Pearlmutter, *Fast Exact Multiplication by the Hessian*, 1994):

    H v = ∂/∂w (∂L/∂w · v)

The first backward builds a graph (`create_graph=True`), the gradient is
multiplied by v, and the second backward differentiates that number.

Here the loss is Rosenbrock's banana, (1 - x)² + 100 (y - x²)², whose Hessian
can be written down: 1200 x² - 400 y + 2, -400 x, 200. At (1, 2) and with
v = (1, 0) the product is its first column: (402, -400).

**Notice** that the cost is that of about two gradients, however many weights
there are.

Section: 9 Classics
Order: 23
Question: How many backwards does one product take?
"""

import torch

DEVICE = "cpu"

# %% The point and the direction
# x and y in one tensor.
w = torch.tensor([1.0, 2.0], dtype=torch.float64).to(DEVICE).requires_grad_()
# The column that is asked for.
v = torch.tensor([1.0, 0.0], dtype=torch.float64).to(DEVICE)

# %% The loss
# A valley in the shape of a banana, with its lowest point at (1, 1).
loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
print(f"loss {loss.item():.0f}")

# %% The gradient, with a graph
# (-400, 200).
(gradient,) = torch.autograd.grad(loss, w, create_graph=True)
print(f"gradient {gradient[0].item():.0f} {gradient[1].item():.0f}")

# %% Times the direction
# One number: how fast the loss changes along v.
along = gradient @ v

# %% The second backward
# How fast *that* changes with each weight.
# ? Which is the first entry of the product? H[0, 0] is 1200 x² - 400 y + 2.
# = w.grad[0] == 402
along.backward()
# The product of the Hessian with v.
product = w.grad
# None would mean: not on the way.
assert product is not None
print(f"Hessian times v {product[0].item():.0f} {product[1].item():.0f}")
