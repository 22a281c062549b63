"""A classifier whose loss has hardly moved after all epochs"""

import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(80, 5)
y = (x[:, 0] - x[:, 1] > 0).long()
net = nn.Sequential(nn.Linear(5, 10), nn.ReLU(), nn.Linear(10, 2))
optimizer = torch.optim.SGD(net.parameters(), lr=1e-6)
criterion = nn.CrossEntropyLoss()

for epoch in range(30):
    optimizer.zero_grad()
    loss = criterion(net(x), y)
    loss.backward()
    optimizer.step()  # <- learning-rate-too-small
