"""Twelve layers with sigmoids: the first ones learn nothing"""

import torch
from torch import nn


class Deep(nn.Module):
    def __init__(self, depth=12, width=16):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.head = nn.Linear(width, 2)

    def forward(self, x):
        for layer in self.layers:
            x = torch.sigmoid(layer(x))  # <- vanishing-gradient
        return self.head(x)


torch.manual_seed(0)
x = torch.randn(32, 16)
y = torch.randint(0, 2, (32,))
model = Deep()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(5):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
