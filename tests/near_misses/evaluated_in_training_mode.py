"""Batch norm of a generator runs in training mode under no_grad: what it makes is part of the loss."""

import torch
from torch import nn

torch.manual_seed(0)
G = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))
D = nn.Sequential(nn.Linear(2, 4), nn.Dropout(0.2), nn.Linear(4, 1))
opt = torch.optim.Adam(D.parameters(), lr=1e-3)

for step in range(4):
    with torch.no_grad():
        fake = G(torch.randn(8, 2))
    loss = D(fake).mean() - D(torch.randn(8, 2)).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
