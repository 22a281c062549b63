"""Two optimizers one after the other: Adam first, then SGD for the rest."""

import torch
from torch import nn

torch.manual_seed(0)
net = nn.Linear(4, 1)
x, y = torch.randn(8, 4), torch.randn(8, 1)
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)

for step in range(6):
    if step == 3:
        optimizer = torch.optim.SGD(net.parameters(), lr=1e-2)
    loss = (net(x) - y).pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
