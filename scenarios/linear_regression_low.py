"""Linear regression, by hand

Guess tomorrow's temperature from today's with a straight line,

    y_hat = w * x + b

learnt from 50 cold days in a mountain village. (The data is made up, from a
seed: the line behind it is 0.8 x + 3, plus noise.) The error is half the sum
of the squared differences:

    E = ½ Σ (y - y_hat)²

This is the **low** level: only tensors and `backward()`. The model, the
error and the update are all written out. The levels *mid* and *high* replace
them, one after another, by what PyTorch has ready, and find the same losses.

**Notice** that E is a sum, with no 1/n. So its gradient is 50 times that of
the mean, and the rate must be 50 times smaller. Try `LR = 0.1`, which would
suit the mean: the loss explodes.

Section: 5 Regression and classification
Order: 2
Question: How do the gradients of w and b move the line at each step?
"""

import torch

SEED = 0
DEVICE = "cpu"
DAYS = 50
STEPS = 30
LR = 0.002

# The same seed draws the same days and the same first line in every run.
torch.manual_seed(SEED)

# %% The data
# Today's temperatures, from -5 to 5 °C: one day a row.
x = torch.empty(DAYS, 1).uniform_(-5, 5).to(DEVICE, torch.float64)
# What no line can know: half a degree of noise.
noise = torch.empty(DAYS, 1).normal_(0, 0.5).to(DEVICE, torch.float64)
# Tomorrow's temperatures. Training must find 0.8 and 3 again.
y = 0.8 * x + 3 + noise

# %% The model
# The slope starts anywhere from -1 to 1, as it would in nn.Linear(1, 1).
w = torch.empty(1).uniform_(-1, 1).to(DEVICE, torch.float64).requires_grad_()
# So does the height of the line at 0 °C.
b = torch.empty(1).uniform_(-1, 1).to(DEVICE, torch.float64).requires_grad_()
# The line before any training.
print(f"start    y_hat = {w.item():.4f} x + {b.item():.4f}")

# Every step sees all 50 days: full batch.
for step in range(1, STEPS + 1):
    # %% Forward and error
    # One guess a day. w and b are stretched over the 50 rows.
    y_hat = w * x + b
    # Half the sum of the squares: the ½ cancels the 2 of the derivative.
    loss = 0.5 * ((y - y_hat) ** 2).sum()

    # %% Backward
    # w.grad = -Σ (y - y_hat) x, and b.grad = -Σ (y - y_hat).
    loss.backward()
    # None would mean that the loss does not depend on them.
    assert w.grad is not None and b.grad is not None

    # %% Update
    # The update is no part of the model, so it must not join the graph.
    with torch.no_grad():
        # Downhill: against the gradient. The slope settles in a few steps.
        w -= LR * w.grad
        # The height is slower: its gradient is not multiplied by x.
        b -= LR * b.grad
        # backward() adds to what it finds in .grad: it must find nothing.
        w.grad = None
        # The same for b.
        b.grad = None

    # The loss was measured before this update.
    if step == 1 or step % 5 == 0:
        print(f"step {step:3d} loss {loss.item():.6f}")

# %% The line that was found
# Close to 0.8 x + 3. The noise keeps it, and the loss, from being exact.
print(f"end      y_hat = {w.item():.4f} x + {b.item():.4f}")
