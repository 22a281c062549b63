"""The same with create_graph; and a gradient without a graph that goes on as data: an attack on the model."""

import torch
from torch import nn

torch.manual_seed(0)
critic = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer = torch.optim.Adam(critic.parameters(), lr=1e-3)


def penalty_of(real, fake):
    mix = torch.rand(len(real), 1)
    between = (mix * real + (1 - mix) * fake).requires_grad_(True)
    score = critic(between)
    slope = torch.autograd.grad(score, between, torch.ones_like(score), create_graph=True)[0]
    return ((slope.norm(2, dim=1) - 1) ** 2).mean()


for _ in range(3):
    real, fake = (torch.randn(8, 2) + 2).requires_grad_(True), torch.randn(8, 2)
    slope = torch.autograd.grad(critic(real).sum(), real)[0]
    attacked = real.detach() - 0.1 * slope.sign()
    loss = critic(fake).pow(2).mean() - critic(attacked).mean() + 10 * penalty_of(real.detach(), fake)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
