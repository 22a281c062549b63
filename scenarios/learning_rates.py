"""Four learning rates: two explode, one learns, one crawls

Linear regression with the error of the course's slides, half the *sum* of the
squares, with 50 points whose inputs go up to 20. Its gradient is large: the
sum of 50 terms, each multiplied by x. What the rate makes of it:

| rate | after 12 steps |
| --- | --- |
| 1e-2 | explodes: the error grows by a factor of 4,000 a step |
| 1e-3 | explodes, by a factor of 30 |
| 1e-4 | learns: near the noise after five steps |
| 1e-5 | crawls: still at a quarter of where it started |

For a bowl-shaped error the limit can be told: a rate above 2 divided by the
largest curvature overshoots by more than it was off. Here the curvature is
about Σ x², some thousands, and the limit a few times 1e-4. (With the mean in
place of the sum it would be 50 times as large.)

**Notice** that a rate which is too large is seen at once: loss *and* gradient
rise together, by the same factor at every step.

Section: 5 Regression and classification
Order: 4
Question: From which rate on does the loss rise?
"""

import torch

SEED = 0
DEVICE = "cpu"
STEPS = 12
POINTS = 50

# The same points in every run.
torch.manual_seed(SEED)

# %% The data
# Inputs up to 20: this is what makes the gradient large.
x = torch.empty(POINTS, 1, dtype=torch.float64).uniform_(0, 20).to(DEVICE)
# A line with slope 0.8 and height 3, and noise.
y = 0.8 * x + 3 + 0.5 * torch.randn(POINTS, 1, dtype=torch.float64).to(DEVICE)


def train(rate: float) -> tuple[float, float]:
    """Return the first and the last error of a training from zero."""
    # Both parameters start at 0, for every rate.
    w = torch.zeros(1, dtype=torch.float64, device=DEVICE, requires_grad=True)
    # A line along the axis.
    b = torch.zeros(1, dtype=torch.float64, device=DEVICE, requires_grad=True)
    # What each step finds.
    errors = []
    # The same number of steps for every rate.
    for _ in range(STEPS):
        # Half the sum of the squares, as on the slides.
        loss = 0.5 * ((w * x + b - y) ** 2).sum()
        # Σ (y_hat - y) x, and Σ (y_hat - y).
        loss.backward()
        # Kept as a plain number.
        errors.append(loss.item())
        # No part of the model.
        with torch.no_grad():
            # One step for each of the two.
            for parameter in (w, b):
                # None would mean that the loss does not depend on it.
                assert parameter.grad is not None
                # Downhill, by the rate.
                parameter.sub_(rate * parameter.grad)
                # The next backward must find nothing.
                parameter.grad = None
    # Where it began and where it ended.
    return errors[0], errors[-1]


# %% Far too large
# From one slope of the valley far up the other.
before, after = train(1e-2)
print(f"rate 1e-2: {before:.3g} to {after:.3g}")

# %% Too large
# The same, less fast.
before, after = train(1e-3)
print(f"rate 1e-3: {before:.3g} to {after:.3g}")

# %% Right
# Down in a few steps.
before, after = train(1e-4)
print(f"rate 1e-4: {before:.3g} to {after:.3g}")

# %% Too small
# In the right direction, and no more.
before, after = train(1e-5)
print(f"rate 1e-5: {before:.3g} to {after:.3g}")
