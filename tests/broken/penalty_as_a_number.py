"""The weight penalty that does nothing: its terms are asked for their numbers."""

import torch
from torch import nn

torch.manual_seed(0)
RATE = 1e-2
net = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
x = torch.randn(20, 5)
y = x[:, :1]

for _ in range(3):
    penalty = 0.0
    for weight in net.parameters():
        penalty += weight.pow(2).sum().item()  # <- loss-term-without-gradient
    loss = nn.functional.mse_loss(net(x), y) + RATE * penalty
    optimizer.zero_grad()
    loss.backward()  # <- also
    optimizer.step()
