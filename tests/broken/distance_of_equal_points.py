"""A contrastive loss: the distance of a pair whose two members are the same has no slope"""

import torch
from torch import nn

torch.manual_seed(1)
encoder = nn.Sequential(nn.Linear(6, 12), nn.Tanh(), nn.Linear(12, 3))
optimizer = torch.optim.Adam(encoder.parameters(), lr=1e-3)

left = torch.randn(10, 6)
right = torch.randn(10, 6)
right[4] = left[4]
is_same = torch.zeros(10)
is_same[4] = 1.0


def contrastive_loss(a, b, same, margin=1.0):
    distance = torch.sqrt(((a - b) ** 2).sum(dim=1))  # <- not-finite
    apart = torch.clamp(margin - distance, min=0.0)
    return (same * distance**2 + (1 - same) * apart**2).mean()


for epoch in range(5):
    loss = contrastive_loss(encoder(left), encoder(right), is_same)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
