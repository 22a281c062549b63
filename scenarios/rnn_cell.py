"""The cell of a recurrent network

One step of a recurrent network, in the sizes of the course's slides: an input
of 10 numbers, a hidden state of 20, two weight matrices. The graph grows
line by line, as the lines run:

    next_h = tanh(W_x · x + W_h · prev_h)

Only the weights require gradients. The input and the previous state are data:
they take part, but nothing flows back to them. (The slides write
`torch.randn(20, 20, requires_grad=True)`. Here the same numbers are drawn on
the CPU and then moved, so that they are the same on every device.)

**Notice** that this cell is *saturated*. Every entry of `i2h + h2h` is a sum
of 10 + 20 products of standard normal numbers, so its variance is about 30
(under seed 0 it comes out at 15). tanh squashes such large numbers to almost
-1 or 1: 10 of the 20 units have |tanh| > 0.99. There the slope of tanh,
1 - tanh², is nearly 0, and the rows of `W_x` and `W_h` that belong to these
units receive almost no gradient. `rnn_initialisation` shows it beside a cell
whose weights are scaled. Unrolled over time, with the same weights at every
step: `--set TIME_STEPS=4`.

Section: 2 Computational graphs
Order: 3
Question: In which order does the gradient visit the nodes on its way back?
"""

import torch

SEED = 0
DEVICE = "cpu"
TIME_STEPS = 1

# The same seed draws the same numbers in every run.
torch.manual_seed(SEED)

# %% Four tensors
# The input, as one row. Numbers are drawn on the CPU, then moved.
x = torch.randn(1, 10).to(DEVICE)
# The hidden state that the previous step left.
prev_h = torch.randn(1, 20).to(DEVICE)
# Weights from hidden to hidden: requires_grad_() asks for their gradient.
W_h = torch.randn(20, 20).to(DEVICE).requires_grad_()
# Weights from input to hidden. Still there is no operation in the graph.
W_x = torch.randn(20, 10).to(DEVICE).requires_grad_()

# %% Two products
# Input to hidden: (20 × 10) times (10 × 1). x.t() makes the row a column.
i2h = torch.mm(W_x, x.t())
# Hidden to hidden: (20 × 20) times (20 × 1). Both results are 20 × 1.
h2h = torch.mm(W_h, prev_h.t())

# %% Their sum
# Add joins the two branches of the graph.
next_h = i2h + h2h

# %% The new hidden state
# The name next_h moves on to the result of tanh. Half of it is almost ±1.
next_h = next_h.tanh()

# %% Further steps in time
# None by default; each reads the same input, and the state before it.
for _ in range(1, TIME_STEPS):
    # The same two leaves once more: their gradients will be added up.
    next_h = torch.tanh(torch.mm(W_x, x.t()) + torch.mm(W_h, next_h))

# %% A loss, and back
# backward() starts from one number, so we add up the 20 entries.
loss = next_h.sum()
# The gradient passes Sum, Tanh and Add, and parts there for both products.
loss.backward()

# %% The figures
# One number for the whole cell.
print(f"loss        {loss.item():.6f}")
# Both were None before. Now each has the shape of its weights.
assert W_h.grad is not None and W_x.grad is not None
# One number for a matrix: the square root of the sum of all squares.
print(f"|W_h.grad|  {W_h.grad.norm().item():.5f}")
# Row i of both gradients is scaled by 1 - tanh² of unit i.
print(f"|W_x.grad|  {W_x.grad.norm().item():.5f}")
# The saturated units: tanh is flat there, and they hardly learn.
saturated = (next_h.abs() > 0.99).sum().item()
print(f"saturated   {saturated} of {next_h.numel()} units")
