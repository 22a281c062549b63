"""Gradients through time: RNN against LSTM

A recurrent network of 16 units reads 40 numbers. How strongly does its last
state depend on the number that it read first? The gradient of the last state
with respect to each *input* tells.

In a plain RNN the gradient passes tanh and the recurrent matrix once a step
of time, and fades by about the same factor each time. The LSTM (Hochreiter
and Schmidhuber, 1997) carries a cell state from step to step: it is
multiplied by a forget gate and added to, so where the gate is near 1 the
gradient passes almost whole. Here its bias is set to 3, as one does when a
network shall remember (sigmoid of 3 is 0.95).

**Notice** that both start alike. What differs is the graph: the LSTM has a
path from the last step to the first that crosses no tanh and no matrix.

Section: 9 Classics
Order: 13
Question: Which path of the LSTM keeps the gradient alive?
"""

from typing import Any

import torch
from torch import nn

SEED = 0
DEVICE = "cpu"
TIME_STEPS = 40
UNITS = 16
FORGET_BIAS = 3.0

# The same weights and inputs in every run.
torch.manual_seed(SEED)


def gradient_by_time(cell: nn.Module, inputs: list[torch.Tensor]) -> list[float]:
    """Return the norm of the last state's gradient for each input."""
    # Nothing has been read yet. (Torch takes None for zeros.)
    state: Any = None
    # One cell, used once for each step of time.
    for x in inputs:
        # The LSTM's state is a pair: what it shows, and what it remembers.
        state = cell(x, state)
    # The shown part.
    shown = state[0] if isinstance(state, tuple) else state
    # One number, to go back from.
    shown.sum().backward()
    # Inputs are leaves here, so each has its own gradient.
    return [x.grad.norm().item() for x in inputs if x.grad is not None]


def make_inputs() -> list[torch.Tensor]:
    """One row a step of time, each a leaf that wants its gradient."""
    # The same numbers each time.
    generator = torch.Generator().manual_seed(SEED)
    # Drawn on the CPU, then moved.
    rows = torch.randn(TIME_STEPS, 1, 4, generator=generator).to(DEVICE)
    # A leaf for every step.
    return [row.clone().requires_grad_() for row in rows]


# %% The plain RNN
# tanh(W x + U h + b), with torch's own initial weights.
rnn = nn.RNNCell(4, UNITS).to(DEVICE)
# From the first input to the last.
plain = gradient_by_time(rnn, make_inputs())
print(f"rnn  last input {plain[-1]:.1e}  first input {plain[0]:.1e}")

# %% The LSTM
# Four gates instead of one layer.
lstm = nn.LSTMCell(4, UNITS).to(DEVICE)
# Weights are changed by hand, outside of any graph.
with torch.no_grad():
    # The second quarter of the biases is the forget gate's.
    lstm.bias_ih[UNITS : 2 * UNITS].fill_(FORGET_BIAS)
# From the first input to the last.
gated = gradient_by_time(lstm, make_inputs())
print(f"lstm last input {gated[-1]:.1e}  first input {gated[0]:.1e}")

# %% A factor for each step of time
# The share that is left after one step, on average.
kept_plain = (plain[0] / plain[-1]) ** (1 / (TIME_STEPS - 1))
# The same for the LSTM.
kept_gated = (gated[0] / gated[-1]) ** (1 / (TIME_STEPS - 1))
print(f"kept a step: rnn {kept_plain:.2f}, lstm {kept_gated:.2f}")
