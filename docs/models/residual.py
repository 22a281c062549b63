"""A residual network of 50 blocks

What goes around each block is drawn straight; of the blocks one is shown and the others are counted.
"""

import torch
from torch import nn

SEED = 0
BLOCKS = 50

torch.manual_seed(SEED)


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.first = nn.Linear(width, width)
        self.second = nn.Linear(width, width)

    def forward(self, x):
        return x + self.second(torch.relu(self.first(x)))


model = nn.Sequential(nn.Linear(10, 16), *(Block(16) for _ in range(BLOCKS)), nn.Linear(16, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
x, y = torch.randn(8, 10), torch.randn(8, 1)

loss = nn.functional.mse_loss(model(x), y)
loss.backward()
optimizer.step()
