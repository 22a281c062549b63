"""The same in torch; numpy gets a copy to look at."""

import numpy as np
import torch
from torch import nn

torch.manual_seed(0)
conv = nn.Linear(5, 5)
head = nn.Linear(5, 1)
optimizer = torch.optim.SGD(list(conv.parameters()) + list(head.parameters()), lr=0.01)
x = torch.randn(8, 5)
y = torch.randn(8, 1)

for _ in range(3):
    z = conv(x)
    shown = np.sort(z.detach().numpy(), axis=1)
    pred = head(torch.sort(z, dim=1).values)
    loss = ((pred - y) ** 2).mean() + 0 * torch.from_numpy(shown).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
