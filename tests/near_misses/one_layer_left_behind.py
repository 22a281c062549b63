"""A parameter group whose learning rate is a tenth of the others"""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(64, 8)
y = torch.sin(x).sum(dim=1, keepdim=True)
body = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh())
head = nn.Linear(16, 1)
optimizer = torch.optim.Adam(
    [
        {"params": body[0].parameters(), "lr": 5e-4},
        {"params": body[2].parameters()},
        {"params": head.parameters()},
    ],
    lr=5e-3,
)
for step in range(20):
    loss = nn.functional.mse_loss(head(body(x)), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
