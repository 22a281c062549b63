"""A log-variance that begins within its bounds"""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(100, 1)
y = 3 * x + 0.01 * torch.randn(100, 1)
mean = nn.Linear(1, 1)
log_variance = nn.Parameter(torch.tensor(0.0))
optimizer = torch.optim.SGD([*mean.parameters(), log_variance], lr=0.05)

for epoch in range(15):
    optimizer.zero_grad()
    bounded = torch.clamp(log_variance, -3.0, 3.0)
    error = (mean(x) - y) ** 2
    loss = 0.5 * (bounded + error * torch.exp(-bounded)).mean()
    loss.backward()
    optimizer.step()
