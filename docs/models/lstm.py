"""An LSTM, unrolled over 24 steps

Its steps share their parameters, so they are drawn as one step and those that follow.
"""

import torch
from torch import nn

SEED = 0
LENGTH = 24

torch.manual_seed(SEED)
cell = nn.LSTMCell(8, 16)
head = nn.Linear(16, 3)
optimizer = torch.optim.SGD([*cell.parameters(), *head.parameters()], lr=0.1)
sequence = torch.randn(LENGTH, 4, 8)
label = torch.randint(0, 3, (4,))

h, c = torch.zeros(4, 16), torch.zeros(4, 16)
for x in sequence:
    h, c = cell(x, (h, c))
loss = nn.functional.cross_entropy(head(h), label)
loss.backward()
optimizer.step()
