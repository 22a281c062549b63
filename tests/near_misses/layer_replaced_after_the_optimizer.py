"""Fine-tuning: the new head is added to the optimizer."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 8)
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        return self.head(torch.relu(self.body(x)))


torch.manual_seed(0)
model = Net()
optimizer = torch.optim.SGD(model.body.parameters(), lr=0.1)
model.head = nn.Linear(8, 3)
optimizer.add_param_group({"params": model.head.parameters(), "lr": 0.5})
x, y = torch.randn(12, 4), torch.randint(0, 3, (12,))

for epoch in range(3):
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    model.zero_grad()
    loss.backward()
    optimizer.step()
