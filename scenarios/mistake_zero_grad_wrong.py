"""Gradients never zeroed: every step takes all steps before with it

**The belief:** `backward()` puts the gradient into `.grad`.

It *adds* it. That is a feature: a leaf that is used twice gets the sum, and
several small batches can act as a large one. But between two steps somebody
has to clear `.grad`, else step 3 goes by the sum of the gradients of steps 1,
2 and 3. The parameter then overshoots and swings like a pendulum, with no
friction: it looks like a learning rate that is too large, and is none.

`graphlab check` names the backward that found an old gradient. The line that
is missing stands in `mistake_zero_grad_right`.

Section: 10 Misconceptions
Order: 7
Question: Which earlier gradients are in the .grad of step 3?
"""

import torch

DEVICE = "cpu"
STEPS = 6
LR = 0.3

# %% One parameter
# It should become 3.
w = torch.tensor(0.0, device=DEVICE).requires_grad_()
# It will do w -= LR * w.grad, and nothing else.
optimizer = torch.optim.SGD([w], lr=LR)

# Six steps.
for step in range(1, STEPS + 1):
    # %% Forward and error
    # The distance, squared.
    loss = (w - 3.0) ** 2

    # %% Backward
    # Adds 2 (w - 3) to what is in w.grad, from the second step on.
    loss.backward()

    # %% Update
    # Goes by the whole sum.
    # ? What is w after the first of these steps?
    # = w == 1.8
    optimizer.step()
    print(f"step {step} loss {loss.item():.4f} w {w.item():.4f}")
