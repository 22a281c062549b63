"""A small network, every value with its derivative

The network of the course's slides, after figure 1 of Baydin et al.,
*Automatic Differentiation in Machine Learning: a Survey* (Journal of Machine
Learning Research 18:153, 2018): two inputs, two hidden units, one output, six
weights, and an error E(y3, t) against a target.

    y1 = σ(w1 x1 + w2 x2)    y2 = σ(w3 x1 + w4 x2)    y3 = σ(w5 y1 + w6 y2)

(a) Forward, the inputs give the values of the units and in the end the error.
(b) Backward, the adjoint ∂E/∂· of each value is found from those that it went
into, down to ∂E/∂w1 … ∂E/∂w6. With these the weights move, (c).

The figure has names and no numbers. These here are ours.

**Notice** the order: ∂E/∂y3 first, then the output's weights and the hidden
values together, and the first layer's weights last. A chapter of its own goes
the way from E to w1 by hand: a few factors, and every one of them was on the
screen before.

Section: 2 Computational graphs
Order: 2
Question: Which derivatives are needed to find the one of w1?
"""

import torch

DEVICE = "cpu"
LR = 1.0

# %% The inputs and the target
# Data: they want no gradient.
x1, x2 = torch.tensor([0.5, -1.0], dtype=torch.float64).to(DEVICE)
# What the network should answer.
t = torch.tensor(1.0, dtype=torch.float64).to(DEVICE)

# %% Six weights
# w1 and w2 lead into the first hidden unit, w3 and w4 into the second, w5 and
# w6 to the output.
w1, w2, w3, w4, w5, w6 = (
    torch.tensor(number, dtype=torch.float64, device=DEVICE, requires_grad=True)
    for number in (0.1, 0.4, -0.3, 0.6, 0.7, -0.5)
)

# %% (a) Forward
# 0.1 · 0.5 + 0.4 · (-1) = -0.35 goes in. The sigmoid makes 0.413 of it.
y1 = torch.sigmoid(w1 * x1 + w2 * x2)
# -0.3 · 0.5 + 0.6 · (-1) = -0.75: further down, so closer to 0.
y2 = torch.sigmoid(w3 * x1 + w4 * x2)
# The output sees only y1 and y2, not the inputs.
y3 = torch.sigmoid(w5 * y1 + w6 * y2)
# Half the square of what is missing to t = 1.
E = 0.5 * (y3 - t) ** 2
print(f"y3     {y3.item():.6f}")
print(f"E      {E.item():.6f}")
# The figure writes a derivative beside every value: these are no leaves.
for value in (y1, y2, y3):
    # So they must be asked to keep it.
    value.retain_grad()

# %% (b) Backward
# From E to all six weights. ∂E/∂y3 = y3 - t comes first.
E.backward()
# Beside the values, as in the figure.
for name, value in {"y3": y3, "y2": y2, "y1": y1}.items():
    # y1 and y2 went into y3 with w5 and w6: the sign of w6 turns that of ∂E/∂y2.
    assert value.grad is not None
    print(f"dE/d{name} {value.grad.item():+.6f}")

# %% From E to w1, by hand
# Numbers only: of this no graph is needed.
with torch.no_grad():
    # The first factor.
    by_hand = y3 - t
    # Through the sigmoid of y3, whose slope is y3 (1 - y3), and along w5 to y1.
    by_hand = by_hand * y3 * (1 - y3) * w5
    print(f"dE/dy1 {by_hand.item():+.6f} by hand")
    # Through the sigmoid of y1, and along x1 to w1.
    by_hand = by_hand * y1 * (1 - y1) * x1
# Neither y2 nor w2 has had a say: no path from w1 to E leads over them.
assert w1.grad is not None
print(f"dE/dw1 {by_hand.item():+.6f} by hand, {w1.grad.item():+.6f} by autograd")

# %% (c) The weights move
# No part of the network, so none of its graph.
with torch.no_grad():
    # In the order of the figure.
    for place, w in enumerate((w1, w2, w3, w4, w5, w6), start=1):
        # None would mean: not on the way.
        assert w.grad is not None
        print(f"dE/dw{place} {w.grad.item():+.6f}")
        # Against its derivative: downhill.
        w.sub_(LR * w.grad)
    # The same network with the new weights.
    hidden = torch.sigmoid(w1 * x1 + w2 * x2), torch.sigmoid(w3 * x1 + w4 * x2)
    # A step downhill, if the step was not too long.
    # ? E was 0.109. Is it smaller after the step?
    # = after < E
    after = 0.5 * (torch.sigmoid(w5 * hidden[0] + w6 * hidden[1]) - t) ** 2
print(f"E      {after.item():.6f} after one step")
