"""A double network learns by the value of the best action; beside it, much is computed without a graph on purpose."""

import torch
from torch import nn

torch.manual_seed(0)


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))


online, target = network(), network()
target.load_state_dict(online.state_dict())
head = nn.Parameter(torch.ones(1))
optimizer = torch.optim.Adam([*online.parameters(), head], lr=0.001)
state = torch.randn(4)

for step in range(4):
    with torch.no_grad():
        action = online(state).argmax().item()
    state = 0.9 * state + 0.1 * torch.randn(4) + 0.01 * action
    states, after = state + torch.randn(16, 4), state + torch.randn(16, 4)
    values = online(states).max(dim=1)[0] * head
    wanted = torch.rand(16) + 0.9 * target(after).max(dim=1)[0].detach()
    loss = nn.functional.smooth_l1_loss(values, wanted)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        for old, new in zip(target.parameters(), online.parameters(), strict=True):
            old.lerp_(new, 0.01)
