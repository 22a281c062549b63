"""WGAN-GP as it is posted again and again: the penalty's gradient was asked for without create_graph."""

import torch
from torch import nn

torch.manual_seed(0)
critic = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer = torch.optim.Adam(critic.parameters(), lr=1e-3)


def penalty_of(real, fake):
    mix = torch.rand(len(real), 1)
    between = (mix * real + (1 - mix) * fake).requires_grad_(True)
    score = critic(between)
    slope = torch.autograd.grad(score, between, torch.ones_like(score))[0]  # <- loss-term-without-gradient
    return ((slope.norm(2, dim=1) - 1) ** 2).mean()


for _ in range(3):
    real, fake = torch.randn(8, 2) + 2, torch.randn(8, 2)
    loss = critic(fake).pow(2).mean() - critic(real).mean() + 10 * penalty_of(real, fake)
    optimizer.zero_grad()
    loss.backward()  # <- also
    optimizer.step()
