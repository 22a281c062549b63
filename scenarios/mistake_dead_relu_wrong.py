"""Dead ReLU: units that never speak and never learn

**The belief:** a bad start costs some steps and no more.

Not with ReLU. Where its input is negative its output is 0, and its slope is 0
too: nothing passes, forward or back. A unit whose input is negative for
**every** sample gets no gradient at all, so nothing will ever make its input
positive again. It is dead. A large negative bias does that, or one step that
was much too large.

Here all biases begin at -10: the whole hidden layer is dead, and only the last
bias learns. `graphlab check` counts the units. `mistake_dead_relu_right`
begins at 0.

Section: 10 Misconceptions
Order: 23
Question: Which parameters still move, and why these?
"""

import torch

SEED = 0
DEVICE = "cpu"
STEPS = 5
LR = 0.05

# The same numbers in every run.
torch.manual_seed(SEED)

# %% Data and weights
# Thirty-two samples of two numbers.
x = torch.randn(32, 2).to(DEVICE)
# The square of their distance from 0.
y = x.pow(2).sum(dim=1)
# Two numbers to six hidden units.
W1 = torch.randn(2, 6).to(DEVICE).requires_grad_()
# Far below anything that x @ W1 can lift.
b1 = torch.full((6,), -10.0, device=DEVICE).requires_grad_()
# Six hidden units to one number.
w2 = torch.randn(6).to(DEVICE).requires_grad_()
# The last bias.
b2 = torch.zeros((), device=DEVICE).requires_grad_()
# Takes care of all four.
optimizer = torch.optim.SGD([W1, b1, w2, b2], lr=LR)

# Five steps.
for step in range(1, STEPS + 1):
    # None at the start of each step.
    optimizer.zero_grad()

    # %% Forward and error
    # 0 for every unit and every sample.
    h = torch.relu(x @ W1 + b1)
    # So this is b2 and nothing else.
    loss = (h @ w2 + b2 - y).pow(2).mean()

    # %% Backward and update
    # 0 for W1, b1 and w2.
    # ? What will the norm of W1.grad be?
    # = W1.grad.norm() == 0.0
    loss.backward()
    # Moves b2 alone.
    optimizer.step()
    # Units that speak for at least one sample.
    alive = (h > 0).any(dim=0).sum().item()
    print(f"step {step} loss {loss.item():.4f} units alive {alive:.0f} of 6")
