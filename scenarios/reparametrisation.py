"""Through a random draw: the reparametrisation trick

A draw from a normal distribution with mean μ and spread σ is no function of μ
that one could differentiate: `torch.normal` cuts the graph. The trick of the
variational autoencoder (Kingma and Welling, 2014) is to draw from a fixed
distribution and to move the parameters into a formula:

    z = μ + σ · ε,    ε from the standard normal distribution

ε is data: nothing flows back into it. So the gradient reaches μ (unchanged)
and σ (times ε). Here E[z²] = μ² + σ² is to be minimised: its true gradients
are 2μ and 2σ, and the mean over many draws comes close.

**Notice** what `Normal.sample()` gives in the last chapter: no grad_fn, and so
no way back. `rsample()` is the trick, ready-made.

Section: 9 Classics
Order: 26
Question: Where does the randomness enter the graph?
"""

import torch
from torch.distributions import Normal

SEED = 0
DEVICE = "cpu"
DRAWS = 10000

# The same draws in every run.
torch.manual_seed(SEED)

# %% Two parameters
# The mean,
mean = torch.tensor(1.5).to(DEVICE).requires_grad_()
# and the spread.
spread = torch.tensor(0.5).to(DEVICE).requires_grad_()

# %% Draws
# Drawn on the CPU, then moved: a leaf that wants no gradient.
noise = torch.randn(DRAWS).to(DEVICE)
# Each draw is a function of both parameters.
z = mean + spread * noise
# An estimate of μ² + σ².
loss = z.pow(2).mean()

# %% Backward
# Through the formula, past the noise.
loss.backward()
# Both were reached.
assert mean.grad is not None and spread.grad is not None
print(f"mean:   estimate {mean.grad.item():.2f}, exact {2 * mean.item():.2f}")
print(f"spread: estimate {spread.grad.item():.2f}, exact {2 * spread.item():.2f}")

# %% With torch's distributions
# The same two parameters, taken as they are: they need no check.
normal = Normal(mean, spread, validate_args=False)
# Cut off: drawn under no_grad.
print(f"sample()  has a graph: {normal.sample().requires_grad}")
# The trick.
print(f"rsample() has a graph: {normal.rsample().requires_grad}")
