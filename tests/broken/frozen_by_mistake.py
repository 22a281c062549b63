"""Fine-tuning: everything is frozen, also the head that was meant to learn."""

import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU())
model.append(nn.Linear(8, 3))
scale = nn.Parameter(torch.ones(1))
for p in model.parameters():
    p.requires_grad = False  # <- gradient-missing
optimizer = torch.optim.SGD([*model.parameters(), scale], lr=0.1)
x, y = torch.randn(16, 4), torch.randint(0, 3, (16,))
for epoch in range(3):
    loss = nn.functional.cross_entropy(scale * model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
