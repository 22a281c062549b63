"""Two networks that are compared and both learn; and a target network under no_grad."""

import torch
from torch import nn

torch.manual_seed(0)
online, target, other = nn.Linear(4, 2), nn.Linear(4, 2), nn.Linear(4, 2)
target.load_state_dict(online.state_dict())
optimizer = torch.optim.Adam([*online.parameters(), *other.parameters()], lr=1e-3)

for step in range(6):
    state, following = torch.randn(8, 4), torch.randn(8, 4)
    action, reward = torch.randint(0, 2, (8, 1)), torch.rand(8, 1)
    with torch.no_grad():
        wanted = reward + 0.9 * target(following).max(1, keepdim=True).values
    values = online(state)
    loss = nn.functional.smooth_l1_loss(values.gather(1, action), wanted) + (values - other(state)).pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 2 == 0:
        target.load_state_dict(online.state_dict())
