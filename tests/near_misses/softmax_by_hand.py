"""The same with the largest score subtracted first"""

import torch
from torch import nn


def softmax(scores):
    weights = torch.exp(scores - scores.max(dim=-1, keepdim=True).values)
    return weights / weights.sum(dim=-1, keepdim=True)


class Attention(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.query = nn.Linear(size, size)
        self.key = nn.Linear(size, size)
        self.value = nn.Linear(size, size)

    def forward(self, x):
        scores = self.query(x) @ self.key(x).transpose(-2, -1)
        return softmax(scores) @ self.value(x)


torch.manual_seed(0)
model = Attention(8)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
x = torch.randn(4, 6, 8)
for _ in range(3):
    loss = model(x).pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
