"""nn.MSELoss of predictions [n, 1] and targets [n]: torch warns, and the model learns the mean."""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(20, 3)
y = x.sum(dim=1)
model = nn.Linear(3, 1)
criterion = nn.MSELoss()
opt = torch.optim.SGD(model.parameters(), lr=0.1)

for epoch in range(5):
    loss = criterion(model(x), y)  # <- shapes-broadcast-in-loss
    opt.zero_grad()
    loss.backward()
    opt.step()
