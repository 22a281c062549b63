"""Linear regression whose loss has lost its sign."""

import torch
from torch import nn

torch.manual_seed(0)
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
x = torch.randn(64, 4)
y = x.sum(1, keepdim=True)
for _ in range(20):
    loss = -nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()  # <- loss-without-bound
