"""The same weight, normalised under another name."""

import torch
from torch import nn


class Normed(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, 5))

    def forward(self, x):
        normed = self.weight / self.weight.norm(dim=1, keepdim=True)
        return x @ normed.t()


torch.manual_seed(0)
model = nn.Sequential(Normed(), nn.ReLU(), nn.Linear(3, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
x, y = torch.randn(10, 5), torch.randint(0, 2, (10,))

for _ in range(4):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
