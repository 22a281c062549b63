"""A group of parameters whose learning rate is lost to rounding."""

import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 4))
groups = [{"params": net[0].parameters(), "lr": 0.05}, {"params": net[2].parameters(), "lr": 1e-12}]
optimizer = torch.optim.SGD(groups, lr=0.05)
x, y = torch.randn(32, 5), torch.randint(0, 4, (32,))

for step in range(12):
    loss = nn.functional.cross_entropy(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()  # <- update-too-small
