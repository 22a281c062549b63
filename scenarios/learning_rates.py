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
largest curvature overshoots by more than it was off. Each step multiplies what
is off along that direction by 1 - rate · curvature, and the error by its
square. The curvature is about Σ x², some thousands, and the limit a few times
1e-4. (With the mean in place of the sum it would be 50 times as large.)

**Notice** that a rate which is too large is seen at once: loss *and* gradient
rise together, by the same factor at every step, and by the one that was
reckoned before. Press `5` for the losses of all four, one after the other.

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

# %% The limit, before any step
# A column for w, a column for b: the error is a bowl over the two.
columns = torch.cat([x, torch.ones_like(x)], dim=1)
# Its second derivatives: Σ x², Σ x and the number of points. They are the same
# everywhere.
hessian = columns.t() @ columns
# The curvature along the steepest direction, nearly that of w.
curvature = torch.linalg.eigvalsh(hessian).max().item()
# Beyond it every step lands higher up on the other side.
# ? In which range does the limit lie?
# = "between 1e-4 and 1e-3"
# - "above 1e-2"
# - "between 1e-3 and 1e-2"
# - "below 1e-5"
limit = 2 / curvature
print(f"curvature {curvature:.0f}, limit {limit:.2e}")


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
# The factor of the error in a step: (1 - rate · curvature)².
expected = (1 - 1e-2 * curvature) ** 2
print(f"1e-2 expected: times {expected:.3g} a step")
# From one slope of the valley far up the other.
# ? What does the rate 1e-2 make of the error?
# = "it grows at every step"
# - "it falls, then stays"
# - "it falls slowly"
before, after = train(1e-2)
print(f"rate 1e-2: {before:.3g} to {after:.3g}")

# %% Too large
# Smaller, and still above 1: the error must grow.
expected = (1 - 1e-3 * curvature) ** 2
print(f"1e-3 expected: times {expected:.3g} a step")
# The same, less fast.
before, after = train(1e-3)
print(f"rate 1e-3: {before:.3g} to {after:.3g}")

# %% Right
# Below 1: the error falls along the steepest direction, here to a ninth a step.
expected = (1 - 1e-4 * curvature) ** 2
print(f"1e-4 expected: times {expected:.3g} a step")
# Down in a few steps. What is left is noise, and b, whose direction is flat.
before, after = train(1e-4)
print(f"rate 1e-4: {before:.3g} to {after:.3g}")

# %% Too small
# Just below 1: every step takes an eighth off, and there are only twelve.
expected = (1 - 1e-5 * curvature) ** 2
print(f"1e-5 expected: times {expected:.3g} a step")
# In the right direction, and no more.
before, after = train(1e-5)
print(f"rate 1e-5: {before:.3g} to {after:.3g}")
