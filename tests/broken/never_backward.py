"""The loss is computed and the optimizer steps; the backward was forgotten."""

import torch
from torch import nn

torch.manual_seed(0)
net = nn.Linear(4, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
x = torch.randn(10, 4)

for _ in range(4):
    optimizer.zero_grad()
    loss = net(x).pow(2).mean()
    optimizer.step()  # <- step-without-gradient
