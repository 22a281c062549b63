"""Biases far below 0 leave only two units alive"""

import torch
from torch import nn

torch.manual_seed(3)
x = torch.rand(96, 4)
y = (x.sum(dim=1, keepdim=True) - 2) * 3
hidden = nn.Linear(4, 40)
with torch.no_grad():
    hidden.bias[:38] -= 4.0
out = nn.Linear(40, 1)
optimizer = torch.optim.Adam([*hidden.parameters(), *out.parameters()], lr=1e-2)
for epoch in range(30):
    activations = torch.relu(hidden(x))  # <- dead-relu
    loss = nn.functional.mse_loss(out(activations), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
