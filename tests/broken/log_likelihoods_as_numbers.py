"""A policy that samples its actions, on purpose, and keeps their log likelihoods as numbers."""

import torch
from torch import nn

torch.manual_seed(0)
policy = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 2), nn.Softmax(dim=-1))
strength = nn.Parameter(torch.ones(1))
optimizer = torch.optim.Adam([*policy.parameters(), strength], lr=0.01)

for episode in range(4):
    likelihoods, rewards = [], []
    state = torch.randn(4)
    for _ in range(6):
        shares = policy(state)
        likelihoods.append(torch.log(shares.max()).item())  # <- gradient-missing
        action = torch.multinomial(shares, 1).item()
        state = torch.randn(4) + action
        rewards.append(float(state.sum() > 0))
    returns = torch.tensor(rewards).flip(0).cumsum(0).flip(0)
    loss = -(torch.tensor(likelihoods) * (returns - returns.mean())).sum() * strength
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
