"""The error surface, and the path on it

A line has two parameters, w and b. For each pair of them the error is a
number: a height above the plane of (w, b). For linear regression the surface
is a bowl with one lowest point. Training starts somewhere and goes downhill,
against the gradient, which stands at right angles to the lines of equal height.

The bowl here is a long valley: the error depends on the slope w much more than
on b, as x lies between 0 and 4. So the path first drops to the bottom of the
valley, within a few steps, and then creeps along it. `graphlab plot
error_surface -o surface.svg --what surface` draws both; in the explorer `5`,
and `v` until it is there.

**Notice** the two gradients: that of w is large and falls at once, that of b
is small and stays. A rate that is right for one is slow for the other.

Section: 5 Regression and classification
Order: 3
Question: Why does the path bend where it does?
"""

import torch

SEED = 0
DEVICE = "cpu"
STEPS = 40
LR = 0.1

# The same points in every run.
torch.manual_seed(SEED)

# %% The data
# Twenty places from 0 to 4.
x = torch.linspace(0, 4, 20, dtype=torch.float64).to(DEVICE)
# A line with slope 1 and height 2, and noise.
y = x + 2 + 0.2 * torch.randn(20, dtype=torch.float64).to(DEVICE)

# %% The start
# Too steep,
w = torch.tensor(3.0, dtype=torch.float64).to(DEVICE).requires_grad_()
# and too low.
b = torch.tensor(-2.0, dtype=torch.float64).to(DEVICE).requires_grad_()

# Each step is a point of the path.
for step in range(STEPS):
    # %% Forward and error
    # The line as it is now.
    y_hat = w * x + b
    # Its height on the surface.
    loss = 0.5 * ((y_hat - y) ** 2).mean()

    # %% Backward
    # The direction of the steepest ascent: (∂E/∂w, ∂E/∂b).
    # ? The line is too steep. Is the gradient of w positive?
    # = w.grad > 0
    loss.backward()
    # None would mean that the loss does not depend on them.
    assert w.grad is not None and b.grad is not None
    # The first steps, and then every tenth.
    if step < 4 or step % 10 == 9:
        print(f"step {step + 1:2d} w {w.item():.3f} b {b.item():.3f}", end=" ")
        print(f"error {loss.item():.4f}")

    # %% Update
    # No part of the model.
    with torch.no_grad():
        # Downhill along w …
        w -= LR * w.grad
        # … and along b.
        b -= LR * b.grad
        # Starts the next step with none.
        w.grad = b.grad = None
