"""A recurrent net whose hidden state is carried into the next batch with its graph."""

import torch
from torch import nn

torch.manual_seed(0)
rnn = nn.RNNCell(3, 5)
head = nn.Linear(5, 1)
opt = torch.optim.SGD([*rnn.parameters(), *head.parameters()], lr=0.05)
data = torch.randn(6, 4, 3)
target = torch.randn(6, 4, 1)

h = torch.zeros(4, 5)
for batch, wanted in zip(data, target):
    h = rnn(batch, h)  # <- also
    loss = ((head(h) - wanted) ** 2).mean()
    opt.zero_grad()
    loss.backward()  # <- second-backward
    opt.step()
