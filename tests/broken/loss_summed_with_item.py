"""Two losses, of which the second is added as a plain number."""

import torch
from torch import nn

torch.manual_seed(0)
a, b = nn.Linear(3, 1), nn.Linear(3, 1)
opt = torch.optim.SGD([*a.parameters(), *b.parameters()], lr=0.1)
x, y = torch.randn(10, 3), torch.randn(10, 1)

for step in range(4):
    opt.zero_grad()
    first = ((a(x) - y) ** 2).mean()
    second = ((b(x) + y) ** 2).mean()
    loss = first + 0.5 * second.item()  # <- gradient-missing
    loss.backward()
    opt.step()
