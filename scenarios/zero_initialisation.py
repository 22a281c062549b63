"""All weights zero: units that stay identical for ever

The network of `xor_by_hand`, with ten hidden units, and every weight begins at
0. Each hidden unit then computes the same, so each receives the same gradient,
so after the update each is the same again: ten units that are one. They can
learn what one unit can, and exclusive or is not part of it.

The sum of the errors in the first three epochs is 4.955975, 4.451676 and
4.254823. It falls, so the training *looks* alive.

It is the symmetry that hurts and not the zero: all weights 0.5 would be the
same. Random weights break it. (Biases may begin at 0.)

**Notice** the gradient of W1: its columns are equal at each step, and in the
very first step they are all zero, for W2 is.

Section: 7 Multilayer perceptron
Order: 4
Question: Why can no step make two hidden units different?
"""

import torch

DEVICE = "cpu"
EPOCHS = 6
HIDDEN = 10
LR = 1.0

# %% The four samples
# All there are.
inputs = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]]).double().to(DEVICE)
# True if exactly one is.
answers = torch.tensor([0, 1, 1, 0]).double().to(DEVICE)

# %% The weights
# Nothing but zeros.
W1 = torch.zeros(2, HIDDEN, dtype=torch.float64).to(DEVICE).requires_grad_()
# One bias a hidden unit.
b1 = torch.zeros(HIDDEN, dtype=torch.float64).to(DEVICE).requires_grad_()
# Zeros again.
W2 = torch.zeros(HIDDEN, dtype=torch.float64).to(DEVICE).requires_grad_()
# The one number that can move freely.
b2 = torch.zeros((), dtype=torch.float64).to(DEVICE).requires_grad_()

# Each epoch shows all four samples.
for epoch in range(EPOCHS):
    # The errors of this epoch, added up.
    total = 0.0
    # One sample, one update.
    for x, y in zip(inputs, answers, strict=True):
        # %% Forward and error
        # Ten times the same number.
        h = torch.sigmoid(x @ W1 + b1)
        # The probability of true.
        p = torch.sigmoid(h @ W2 + b2)
        # -log of what the right answer has got.
        loss = -(y * torch.log(p) + (1 - y) * torch.log(1 - p))
        # As a plain number.
        total += loss.item()

        # %% Backward
        # Ten times the same gradient.
        # ? Which norm has the gradient of W1 at the very first step, where W2
        # is still zero?
        # = W1.grad.norm() == 0
        loss.backward()

        # %% Update
        # No part of the model.
        with torch.no_grad():
            # Ten units make the same step.
            for parameter in (W1, b1, W2, b2):
                # Zero perhaps, but there.
                assert parameter.grad is not None
                # Downhill.
                parameter.sub_(LR * parameter.grad)
                # backward() adds to what it finds.
                parameter.grad = None

    print(f"epoch {epoch} error {total:.6f}")

# %% Ten units, or one?
# The largest difference of any unit from the first.
spread = (W1 - W1[:, :1]).abs().max().item()
print(f"difference between hidden units: {spread:.1f}")
