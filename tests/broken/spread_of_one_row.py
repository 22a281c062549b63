"""Batches are standardised, and the last one has a single row"""

import torch
from torch import nn

torch.manual_seed(0)
data = torch.randn(33, 4)
goal = data.sum(dim=1, keepdim=True)
net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)


def standardise(batch):
    spread = batch.std(dim=0)  # <- not-finite
    return (batch - batch.mean(dim=0)) / (spread + 1e-6)


for inputs, wanted in zip(data.split(8), goal.split(8)):
    optimizer.zero_grad()
    loss = ((net(standardise(inputs)) - wanted) ** 2).mean()
    loss.backward()
    optimizer.step()
