"""Every weight begins at the same number, so every unit stays the same"""

import torch
from torch import nn


class Perceptron(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(3, 8)
        self.out = nn.Linear(8, 1)
        for layer in (self.hidden, self.out):
            nn.init.constant_(layer.weight, 0.5)  # <- identical-units
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        return self.out(torch.sigmoid(self.hidden(x)))


torch.manual_seed(0)
x = torch.randn(60, 3)
y = (x[:, :1] * x[:, 1:2] > 0).float()
model = Perceptron()
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
for epoch in range(12):
    loss = nn.functional.binary_cross_entropy_with_logits(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
