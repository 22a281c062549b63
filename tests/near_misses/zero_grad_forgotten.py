"""Gradients of four small batches are added up on purpose, and zeroed after each step."""

import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x, y = torch.randn(16, 4), torch.randn(16, 1)

for index in range(12):
    batch = slice(4 * (index % 4), 4 * (index % 4) + 4)
    loss = nn.functional.mse_loss(model(x[batch]), y[batch]) / 4
    loss.backward()
    if index % 4 == 3:
        optimizer.step()
        optimizer.zero_grad(set_to_none=False)
