"""A weight that is normalised by a new Parameter in each forward: the optimizer holds the first for ever."""

import torch
from torch import nn


class Normed(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, 5))

    def forward(self, x):
        self.weight = nn.Parameter(self.weight / self.weight.norm(dim=1, keepdim=True))  # <- parameter-not-in-optimizer
        return x @ self.weight.t()


torch.manual_seed(0)
model = nn.Sequential(Normed(), nn.ReLU(), nn.Linear(3, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)  # <- also
x, y = torch.randn(10, 5), torch.randint(0, 2, (10,))

for _ in range(4):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
