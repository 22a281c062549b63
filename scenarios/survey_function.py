"""A function of two numbers, and its two derivatives

The worked example of Baydin et al., *Automatic Differentiation in Machine
Learning: a Survey* (Journal of Machine Learning Research 18:153, 2018,
tables 2 and 3):

    f(x1, x2) = ln(x1) + x1 * x2 - sin(x2)    at (2, 5)

Every line below makes one variable of the survey's trace. **Forward**, each
line computes a value from earlier ones: f(2, 5) = 11.652. **Backward**, each
node hands its gradient to the variables that it was made from. Where a
variable was used twice, its two gradients are added:

| derivative | by one path | by the other | sum |
| --- | --- | --- | --- |
| ∂f/∂x1 | 1 / x1 = 0.5, by ln | x2 = 5, by the product | 5.5 |
| ∂f/∂x2 | x1 = 2, by the product | -cos(x2) = -0.284, by sin | 1.716 |

Section: 2 Computational graphs
Order: 1
Question: Along which paths does each input receive its gradient?
"""

import torch

DEVICE = "cpu"

# %% The inputs
# A leaf of the graph (v₋₁ in the survey's trace), in double precision.
x1 = torch.tensor(2.0, dtype=torch.float64).to(DEVICE).requires_grad_()
# The other leaf (v₀). From here on, each operation on them adds a node.
x2 = torch.tensor(5.0, dtype=torch.float64).to(DEVICE).requires_grad_()

# %% Forward: one line for each variable
# ln 2 = 0.693. Its derivative will be 1 / x1.
v1 = torch.log(x1)
# x1 is used for the second time: two edges now leave it.
v2 = x1 * x2
# sin 5 is negative: -0.959, with the angle in radians.
v3 = torch.sin(x2)
# A sum passes its gradient on, unchanged, to both of its terms.
v4 = v1 + v2
# A difference passes it on too, with the opposite sign to the second term.
v5 = v4 - v3

# %% Backward: all derivatives in one pass
# Starts with ∂v5/∂v5 = 1 and visits every node once, the last one first.
v5.backward()

# %% The figures
# The value of the function at (2, 5).
print(f"f(2, 5) = {v5.item():.6f}")
# Both were None before backward().
assert x1.grad is not None and x2.grad is not None
# 0.5 came through ln and 5 through the product.
print(f"df/dx1  = {x1.grad.item():.6f}")
# 2 came through the product and -0.284 through sin.
print(f"df/dx2  = {x2.grad.item():.6f}")
