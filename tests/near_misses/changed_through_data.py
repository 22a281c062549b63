"""The weights are clipped through .data after the step, as in the paper."""

import torch
from torch import nn

torch.manual_seed(0)
critic = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
optimizer = torch.optim.RMSprop(critic.parameters(), lr=1e-3)
real, fake = torch.randn(8, 3) + 1, torch.randn(8, 3)

for step in range(3):
    score = critic(fake).mean() - critic(real).mean()
    optimizer.zero_grad()
    score.backward()
    optimizer.step()
    for p in critic.parameters():
        p.data.clamp_(-0.01, 0.01)
