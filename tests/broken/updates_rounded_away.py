"""Weights in bfloat16: a small step does not change a number of eight bits"""

import torch
from torch import nn

torch.manual_seed(0)
model = nn.Linear(12, 1).to(torch.bfloat16)
nn.init.constant_(model.bias, 1.0)
nn.init.uniform_(model.weight, 0.5, 1.0)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-5)
x = torch.randn(40, 12).to(torch.bfloat16)
y = torch.randn(40, 1).to(torch.bfloat16)

for step in range(16):
    loss = ((model(x) - y) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()  # <- update-too-small
