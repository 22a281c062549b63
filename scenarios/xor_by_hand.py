"""Exclusive or: backpropagation by hand, and by autograd

The smallest problem that no single layer can solve: true if exactly one of
two inputs is. Two layers with sigmoids learn it, one sample at a time:

    h = σ(W1ᵀ x + b1)        p = σ(W2ᵀ h + b2)

The error is the binary cross-entropy. Its gradients are written out by hand,
as in the course, and autograd finds them too. For every sample the script
notes the largest difference: it is 0 to 15 digits.

The weights are those that NumPy draws with seed 0, times √(1/inputs); the
biases begin at 0. So the sum of the errors in the first epoch is
4.759342701710854, and 0.155648516901574 in the 200th (`--set EPOCHS=200`).

**Notice** p - y: that is the whole gradient of sigmoid and cross-entropy
together. All other gradients begin with it.

Section: 7 Multilayer perceptron
Order: 3
Question: Which factor does the gradient meet between the two layers?
"""

import torch

DEVICE = "cpu"
EPOCHS = 8
LR = 1.0

# %% The four samples
# All there are.
inputs = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]]).double().to(DEVICE)
# True if exactly one is.
answers = torch.tensor([0, 1, 1, 0]).double().to(DEVICE)

# %% The weights
# numpy.random.seed(0); numpy.random.randn(2, 5)
drawn = torch.tensor(
    [
        1.764052345967664, 0.4001572083672233, 0.9787379841057392,
        2.240893199201458, 1.8675579901499675, -0.977277879876411,
        0.9500884175255894, -0.1513572082976979, -0.10321885179355784,
        0.41059850193837233,
    ],
    dtype=torch.float64,
).view(2, 5)  # fmt: skip
# Two inputs, five hidden units.
W1 = (drawn * 0.5**0.5).to(DEVICE).requires_grad_()
# One bias a hidden unit.
b1 = torch.zeros(5, dtype=torch.float64).to(DEVICE).requires_grad_()
# The next five numbers.
drawn = torch.tensor(
    [
        0.144043571160878, 1.454273506962975, 0.7610377251469934,
        0.12167501649282841, 0.44386323274542566,
    ],
    dtype=torch.float64,
)  # fmt: skip
# Five hidden units, one output.
W2 = (drawn * 0.2**0.5).to(DEVICE).requires_grad_()
# Its bias.
b2 = torch.zeros((), dtype=torch.float64).to(DEVICE).requires_grad_()
# The largest difference between the two ways so far.
largest = 0.0

# Each epoch shows all four samples.
for epoch in range(EPOCHS):
    # The errors of this epoch, added up.
    total = 0.0
    # One sample, one update.
    for x, y in zip(inputs, answers, strict=True):
        # %% Forward and error
        # Five hidden units.
        h = torch.sigmoid(x @ W1 + b1)
        # The probability of true.
        p = torch.sigmoid(h @ W2 + b2)
        # -log of what the right answer has got.
        loss = -(y * torch.log(p) + (1 - y) * torch.log(1 - p))
        # As a plain number.
        total += loss.item()

        # %% Backward, by autograd
        # Fills four gradients.
        loss.backward()

        # %% Backward, by hand
        # Plain numbers: no graph of this is needed.
        with torch.no_grad():
            # All factors behind the score cancel out to this.
            # ? The first sample is (0, 0), false. Is p - y positive?
            # = at_output > 0
            at_output = p - y
            # Back through W2 and the sigmoid of the hidden layer.
            at_hidden = at_output * W2 * h * (1 - h)
            # Each weight: what comes back, times what went in.
            of_W1, of_W2 = torch.outer(x, at_hidden), at_output * h
            # Each bias: what comes back.
            for leaf, gradient in (
                (W1, of_W1), (b1, at_hidden), (W2, of_W2), (b2, at_output),
            ):  # fmt: skip
                # Filled by autograd.
                assert leaf.grad is not None
                # How far the two are apart.
                apart = (gradient - leaf.grad).abs().max().item()
                # Kept if it is more than ever before.
                largest = max(largest, apart)
                # Downhill, at once.
                leaf.sub_(LR * leaf.grad)
                # backward() adds to what it finds.
                leaf.grad = None

    # The first two, and every 50th.
    if epoch < 2 or epoch % 50 == 0 or epoch == EPOCHS - 1:
        print(f"epoch {epoch:3d} error {total:.15f}")

# %% Do they agree?
# Rounding is all that is left.
print(f"largest difference below 1e-15: {largest < 1e-15}")
