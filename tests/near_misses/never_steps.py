"""Gradients are looked at, and nothing is to learn: there is no optimizer."""

import torch
from torch import nn

torch.manual_seed(0)
model = nn.Linear(3, 1)
x, y = torch.randn(8, 3), torch.randn(8, 1)

for epoch in range(4):
    model.zero_grad()
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    print(epoch, model.weight.grad.norm())
