"""The head is given features without their graph; beside it a weight of the loss is detached on purpose, and later."""

import torch
from torch import nn

torch.manual_seed(0)
encoder, head = nn.Sequential(nn.Linear(6, 8), nn.Tanh()), nn.Linear(8, 3)
optimizer = torch.optim.Adam([*encoder.parameters(), *head.parameters()], lr=0.001)
for _ in range(3):
    x, y = torch.randn(16, 6), torch.randint(0, 3, (16,))
    features = encoder(x)
    logits = head(features.detach())  # <- gradient-missing
    weight = features.norm(dim=1).detach()
    loss = (weight * nn.functional.cross_entropy(logits, y, reduction="none")).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
