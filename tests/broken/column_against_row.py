"""Regression whose predictions are [n, 1] and whose targets are [n]."""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.linspace(-1, 1, 20).reshape(-1, 1)
y = 3 * x.squeeze() + 0.1 * torch.randn(20)

model = nn.Linear(1, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.1)

for epoch in range(10):
    pred = model(x)
    loss = ((pred - y) ** 2).mean()  # <- shapes-broadcast-in-loss
    opt.zero_grad()
    loss.backward()
    opt.step()
