"""nn.MSELoss of predictions and targets of one shape; weights of [n, 1] broadcast over columns as they shall."""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(20, 3)
y = torch.stack([x.sum(dim=1), x.prod(dim=1)], dim=1)
weights = torch.rand(20, 1)
model = nn.Linear(3, 2)
criterion = nn.MSELoss()
opt = torch.optim.SGD(model.parameters(), lr=0.1)

for epoch in range(5):
    pred = model(x)
    loss = criterion(pred, y) + (weights * (pred - y) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
