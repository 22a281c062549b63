"""The same regression with matching shapes, and a kernel matrix that means all pairs."""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.linspace(-1, 1, 20).reshape(-1, 1)
y = 3 * x.squeeze() + 0.1 * torch.randn(20)

model = nn.Linear(1, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.1)

for epoch in range(10):
    pred = model(x)
    kernel = torch.exp(-((pred.squeeze(1)[:, None] - y) ** 2)).mean()
    loss = ((pred.squeeze(1) - y) ** 2).mean() - 0.01 * kernel
    opt.zero_grad()
    loss.backward()
    opt.step()
