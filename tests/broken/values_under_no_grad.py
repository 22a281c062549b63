"""The learning network is asked in the block that was meant for the target network."""

import torch
from torch import nn

torch.manual_seed(0)


class Values(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.network(x)


online, target = Values(), Values()
scale = nn.Parameter(torch.ones(1))
optimizer = torch.optim.Adam([*online.parameters(), scale], lr=0.001)
for _ in range(3):
    states, after, actions = torch.randn(16, 4), torch.randn(16, 4), torch.randint(0, 2, (16, 1))
    with torch.no_grad():
        wanted = 0.9 * target(after).max(dim=1)[0]
        values = online(states).gather(1, actions).squeeze()  # <- gradient-missing
    loss = nn.functional.mse_loss(scale * values, wanted)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
