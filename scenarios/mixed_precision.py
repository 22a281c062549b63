"""Mixed precision: autocast, and a scaler that skips a step

Half as many bits a number are half the memory and less time. `autocast` runs
the products of matrices in a short format and leaves the rest in float32: the
casts are ops of the graph, with a gradient of their own, so the parameters'
gradients arrive in float32 again.

float16 has little range: gradients below 6e-8 become 0, values above 65504
become ∞. A **GradScaler** multiplies the loss by a large factor before the
backward, divides the gradients afterwards, and *skips the step* where one of
them is not finite; then it halves the factor. (bfloat16, used here for the
forward, has the range of float32 and needs no scaler. It is here to be seen
at work.)

In the third step the loss is made infinite on purpose.

**Notice** that step: the update is skipped, no parameter moves, and the scale
is half of what it was.

Section: 8 Around training
Order: 2
Question: In which step does no parameter move, and what happens to the scale?
"""

import torch
import torch.nn.functional as F
from torch import nn

SEED = 0
DEVICE = "cpu"
STEPS = 5
LR = 0.1
SPOILT = 3

# The same data and weights in every run.
torch.manual_seed(SEED)

# %% Data and model
# Sixteen rows of four numbers.
x = torch.randn(16, 4).to(DEVICE)
# What is to be found: their sum.
y = x.sum(dim=1, keepdim=True)
# Parameters stay in float32.
model = nn.Linear(4, 1).to(DEVICE)
# Plain gradient descent.
optimizer = torch.optim.SGD(model.parameters(), lr=LR)
# Its first factor is 1024; it doubles after 1000 good steps.
scaler = torch.amp.GradScaler(DEVICE, init_scale=1024.0, growth_interval=1000)

# Five steps, of which one goes wrong.
for step in range(1, STEPS + 1):
    # %% Forward in bfloat16
    # Products of matrices are done in the short format.
    with torch.autocast(DEVICE, dtype=torch.bfloat16):
        # The input and the weights are cast on the way.
        y_hat = model(x)
    # Back to float32: a sum of squares wants the digits.
    loss = F.mse_loss(y_hat.float(), y)
    # In one step the loss is beyond all numbers.
    if step == SPOILT:
        # As an overflow would make it.
        loss = loss * float("inf")

    # %% Backward, scaled
    # All gradients are 1024 times as large.
    scaler.scale(loss).backward()

    # %% Update, or none
    # Divides the gradients, and steps if all are finite.
    scaler.step(optimizer)
    # Half the factor if they were not.
    scaler.update()
    # For the next step.
    optimizer.zero_grad()
    print(f"step {step} {y_hat.dtype} loss {loss.item():.3f}", end=" ")
    print(f"scale {scaler.get_scale():.0f}")
