"""Scores of several items joined with torch.cat."""

import torch
from torch import nn

torch.manual_seed(0)
scorer = nn.Linear(3, 1)
bias = nn.Parameter(torch.zeros(4))
opt = torch.optim.SGD([*scorer.parameters(), bias], lr=0.1)
items = torch.randn(4, 3)
wanted = torch.tensor([0.0, 1.0, 0.0, 1.0])

for _ in range(3):
    scores = torch.cat([scorer(item) for item in items])
    loss = ((scores + bias - wanted) ** 2).sum()
    opt.zero_grad()
    loss.backward()
    opt.step()
