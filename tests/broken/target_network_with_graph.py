"""Q-learning whose target network keeps its graph: each backward goes through it as well."""

import torch
from torch import nn

torch.manual_seed(0)
online, target = nn.Linear(4, 2), nn.Linear(4, 2)
target.load_state_dict(online.state_dict())
optimizer = torch.optim.Adam(online.parameters(), lr=1e-3)

for step in range(6):
    state, following = torch.randn(8, 4), torch.randn(8, 4)
    action, reward = torch.randint(0, 2, (8, 1)), torch.rand(8, 1)
    wanted = reward + 0.9 * target(following).max(1, keepdim=True).values
    loss = nn.functional.smooth_l1_loss(online(state).gather(1, action), wanted)  # <- target-requires-grad
    optimizer.zero_grad()
    loss.backward()  # <- also
    optimizer.step()
    if step % 2 == 0:
        target.load_state_dict(online.state_dict())
