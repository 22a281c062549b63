"""Numbers beside a loss that are meant as numbers: a factor, a stand-in's difference, what is shown."""

import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
x = torch.randn(20, 5)
y = x[:, :1]

for _ in range(3):
    penalty = sum(weight.pow(2).sum() for weight in net.parameters())
    error = nn.functional.mse_loss(net(x), y)
    rate = 0.01 * (error / penalty).item()
    surrogate = error + (2 * error - error).detach()
    loss = surrogate + rate * penalty + 0.5
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    shown = loss + penalty.item()
